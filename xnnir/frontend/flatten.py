# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""
The nodes of an exported graph as one list: regions such as `with torch.no_grad():` are graphs of their own in what
`torch.export` gives, and are put in the place of their call.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import GraphModule, Node

from xnnir.frontend.errors import MAKE_FUNCTIONAL, FrontendError
from xnnir.frontend.locations import node_location

_HigherOrderOperator = torch._ops.HigherOrderOperator  # pyright: ignore[reportPrivateUsage]


CONTROL_FLOW = frozenset(("cond", "map_impl", "scan", "while_loop"))
"""Higher-order operators that stay calls; the subgraphs they run are in `FlatGraph.modules`."""


@dataclass
class FlatGraph:
    """
    `nodes` in order, without the insides of inlined regions being hidden. A node that only renames another, such as an
    input of a region, is not among them: `of` gives the node that it stands for.
    """

    nodes: list[Node] = field(default_factory=list[Node])
    outputs: Sequence[Any] = ()
    tensors: dict[Node, tuple[str, Any]] = field(default_factory=dict[Node, tuple[str, Any]])
    """Qualified names and values of `get_attr` nodes."""
    modules: dict[Node, tuple[str, GraphModule]] = field(default_factory=dict[Node, tuple[str, GraphModule]])
    """Qualified names and graphs of `get_attr` nodes that stand for a subgraph."""
    _names: dict[Node, Any] = field(default_factory=dict[Node, Any])

    def of(self, node: Node) -> Any:
        """The node, or the constant, that `node` stands for."""
        found: Any = node
        while isinstance(found, Node) and found in self._names:
            found = self._names[found]
        return found

    def rename(self, node: Node, target: Any) -> None:
        """`node` stands for `target` from now on."""
        self._names[node] = target


def flatten_graph(module: GraphModule, prefix: str = "") -> FlatGraph:
    """
    All nodes of `module`'s graph, regions inlined; `prefix` stands before the names of its tensors.

    Raises `FrontendError` for a higher-order operator that is neither a region nor control flow.
    """
    flat = FlatGraph()
    flat.outputs = _append(flat, module, {}, prefix, set())
    return flat


def _append(
    flat: FlatGraph, module: GraphModule, regions: Mapping[Node, Any], prefix: str, seen: set[GraphModule]
) -> Sequence[Any]:
    results: dict[Node, Sequence[Any]] = {}
    modules: dict[Node, tuple[str, GraphModule]] = {}
    for node in module.graph.nodes:
        target = node.target
        if node.op == "placeholder" and node in regions:
            flat.rename(node, regions[node])
        elif node.op == "get_attr":
            value: Any = operator.attrgetter(target)(module)
            if isinstance(value, GraphModule):
                modules[node] = (target, value)
                flat.modules[node] = (f"{prefix}{target}", value)
            else:
                flat.tensors[node] = (f"{prefix}{target}", value)
                flat.nodes.append(node)
        elif isinstance(target, _HigherOrderOperator) and str(target) in CONTROL_FLOW:
            flat.nodes.append(node)
        elif isinstance(target, _HigherOrderOperator):
            results[node] = _inline(flat, node, modules, prefix, seen)
        elif target is operator.getitem and node.args[0] in results:
            flat.rename(node, results[node.args[0]][node.args[1]])
        elif node.op == "output":
            return node.args[0]
        elif node.op in ("call_module", "call_method"):
            raise FrontendError(
                f"expected a graph of operators, got a {node.op} of {target}",
                node_location(node),
                "give the program that torch.export.export returns",
            )
        else:
            flat.nodes.append(node)
    return ()


def _inline(
    flat: FlatGraph,
    node: Node,
    modules: Mapping[Node, tuple[str, GraphModule]],
    prefix: str,
    seen: set[GraphModule],
) -> Sequence[Any]:
    name = str(node.target)
    position = next((i for i, arg in enumerate(node.args) if isinstance(arg, Node) and arg in modules), None)
    is_region = name == "wrap_with_set_grad_enabled" or (
        name == "wrap_with_autocast" and not node.args[2]  # (device type, dtype, enabled, cache, region, ...)
    )
    if position is None or not is_region:
        what = "an autocast region" if name == "wrap_with_autocast" else f"the higher-order operator {name}"
        known = "known are torch.cond, and while_loop, map and scan of torch._higher_order_ops"
        hint = MAKE_FUNCTIONAL if name == "wrap_with_autocast" else known
        raise FrontendError(f"expected operators on tensors, got {what}", node_location(node), hint)
    region = node.args[position]
    assert isinstance(region, Node)
    path, inner = modules[region]
    if inner in seen:  # a region that is called again needs nodes of its own
        inner = copy.copy(inner)
        inner.graph = copy.deepcopy(inner.graph)
    seen.add(inner)
    inputs = [inner_node for inner_node in inner.graph.nodes if inner_node.op == "placeholder"]
    given = dict(zip(inputs, node.args[position + 1 :], strict=True))
    outputs = _append(flat, inner, given, f"{prefix}{path}.", seen)
    return outputs if isinstance(outputs, (tuple, list)) else (outputs,)
