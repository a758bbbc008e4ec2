# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""
Which tensors of a graph share memory, so that in-place operators become functional ones.

A view stays a value of its own. When a tensor is written to, the views of it that are used later are taken again from
the new value, and a tensor that was written to through a view is put together again:

    v = x[:, 0]; v.relu_()        %v1 = aten.relu(%v)
    return x                      %x1 = aten.select_scatter(%x, %v1, dim = 1, index = 0)
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.fx import Node

from xnnir.frontend.flatten import FlatGraph

_OpOverload = torch._ops.OpOverload  # pyright: ignore[reportPrivateUsage]

_RETURNS_INPUT_IN_EVAL = frozenset(
    f"aten::{name}" for name in ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
)
"""Operators that give back their input where they have nothing to do, which their schemas do not say."""


def is_mutable(node: Node) -> bool:
    """Whether the node's operator writes to an argument."""
    return isinstance(node.target, _OpOverload) and node.target._schema.is_mutable  # pyright: ignore


class AliasAnalysis:
    """Views and their bases in a graph, and when each tensor is used for the last time."""

    def __init__(self, graph: FlatGraph, outputs: Sequence[Any], persistent: set[Node]):
        self._graph = graph
        self._persistent = persistent
        self._bases: dict[Node, Node] = {}
        self._views: dict[Node, list[Node]] = {}
        self._last_use: dict[Node, int] = {}
        for index, node in enumerate(graph.nodes):
            for used in node.all_input_nodes:
                self._note_use(graph.of(used), index)
            if (base := self._base(node)) is not None:
                self._bases[node] = base
                self._views.setdefault(base, []).append(node)
            if is_mutable(node) and node.args and isinstance(node.args[0], Node):
                # What an in-place operator returns is the tensor it wrote to.
                graph.rename(node, graph.of(node.args[0]))
        for output in outputs:
            if isinstance(output, Node):
                self._note_use(graph.of(output), len(graph.nodes))

    def is_used_after(self, node: Node, index: int) -> bool:
        """Whether something reads the tensor `node`, or memory that outlives the program, after node number `index`."""
        return node in self._persistent or self._last_use.get(node, -1) > index

    def base_of(self, node: Node) -> Node | None:
        """The tensor that `node` is a view of."""
        return self._bases.get(node)

    def views_of(self, node: Node) -> Iterator[Node]:
        """All views of `node` and views of those, a base before its views."""
        for view in self._views.get(node, ()):
            yield view
            yield from self.views_of(view)

    def has_relevant_aliases(self, node: Node, index: int) -> bool:
        """Whether another tensor in the memory of `node` is used after node number `index`."""
        root = node
        while (base := self._bases.get(root)) is not None:
            root = base
        return any(
            other is not node and self.is_used_after(other, index) for other in [root, *self.views_of(root)]
        )

    def _note_use(self, node: Any, index: int) -> None:
        if isinstance(node, Node):
            self._last_use[node] = index

    def _base(self, node: Node) -> Node | None:
        if node.target is operator.getitem:
            position = 0
        elif isinstance(node.target, _OpOverload):
            found = _aliased_position(node)
            if found is None:
                return None
            position = found
        else:
            return None
        base = self._graph.of(node.args[position]) if position < len(node.args) else None  # pyright: ignore
        if not isinstance(base, Node) or _is_copy(node, base):
            return None
        return base


def _aliased_position(node: Node) -> int | None:
    schema: Any = node.target._schema  # pyright: ignore
    if schema.name in _RETURNS_INPUT_IN_EVAL:
        return 0 if node.args[-1] is False else None
    if schema.is_mutable or not schema.returns or schema.returns[0].alias_info is None:
        return None
    sets = schema.returns[0].alias_info.before_set
    return next(
        (
            i
            for i, argument in enumerate(schema.arguments)
            if argument.alias_info and argument.alias_info.before_set & sets
        ),
        0,
    )


def _is_copy(node: Node, base: Node) -> bool:
    """Whether an operator that gives a view where it can gave a copy here."""
    value, source = node.meta.get("val"), base.meta.get("val")
    if not isinstance(value, torch.Tensor) or not isinstance(source, torch.Tensor):
        return False
    name = str(node.target).split(".")[1] if isinstance(node.target, _OpOverload) else ""
    if name == "to":
        return value.dtype != source.dtype or True in node.args[2:] or node.kwargs.get("copy") is True
    if name == "contiguous":
        return value.stride() != source.stride()
    if name in ("reshape", "reshape_as", "flatten"):
        try:
            source.view(value.shape)
        except (RuntimeError, ValueError):
            return True
    return False
