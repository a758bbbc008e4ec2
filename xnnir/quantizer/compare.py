"""
Which layer hurts: a model and its quantised form side by side, operator by operator.

    comparison = compare(model, quantized, inputs)
    comparison.print()
    comparison.save_html("layers.html")

Both run in PyTorch on the same inputs. Operators are matched by module, name and order; batch norms that were folded
into weights are folded in the float model too.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.export import ExportedProgram
from torch.fx import GraphModule, Interpreter, Node
from torch.utils._pytree import tree_leaves
from torchao.quantization.pt2e.utils import (
    _fuse_conv_bn_,  # pyright: ignore[reportPrivateUsage]
    _fuse_linear_bn_,  # pyright: ignore[reportPrivateUsage]
)

from xnnir.errors import XnnirError, format_location
from xnnir.frontend.locations import node_location
from xnnir.quantizer.comparison import Comparison, OpError
from xnnir.quantizer.operators import BATCH_NORM, functional

Model: TypeAlias = nn.Module | ExportedProgram
"""A module in eval mode, what `convert_pt2e` gave, or an exported program."""

_CODING = ("quantized_decomposed", "torchao")
_SAME = {"aten.relu6": "aten.clamp", "aten.hardtanh": "aten.clamp", "aten.rsub": "aten.sub"}
"""Operators that the quantizer writes differently."""


def compare(float_model: Model, quantized_program: Model, inputs: Sequence[Any]) -> Comparison:
    """
    The signal-to-noise ratio of each operator of `quantized_program`, in dB, with `float_model` as the signal.

    inputs:
        The arguments of one call, or a list of such tuples.

    The ratio is 10 log10(sum(f^2) / sum((f - q)^2)) over all numbers of all calls, with q as others see it: after it is
    coded. An operator's own is taken with inputs as the float model has them, so that only its own codings count.
    Raises `XnnirError` for models that have no operator in common.
    """
    calls = [tuple(call) for call in inputs] if _is_list_of_calls(inputs) else [tuple(inputs)]
    reference, coded = _graph(float_model, calls[0]), _graph(quantized_program, calls[0])
    if not any(node.target in BATCH_NORM for node in coded.graph.nodes):
        _fuse_conv_bn_(reference)
        _fuse_linear_bn_(reference)
    pairs = _match(reference, coded)
    if not pairs:
        raise XnnirError(
            "the float model and the quantised one have no operator in common",
            hint="compare a model with what was made of it, exported from the same source",
        )
    errors: dict[Node, _Errors] = defaultdict(_Errors)
    result = _Noise()
    with torch.no_grad():
        for call in calls:
            signals = _Recorder(reference, set(pairs.values()))
            wanted = signals.run(*call)
            values = {node: signals.values[partner] for node, partner in pairs.items()}
            whole, own = (_Follower(coded, values, is_led=is_led) for is_led in (False, True))
            got = whole.run(*call)
            own.run(*call)
            for node, value in values.items():
                errors[node].whole.add(value, whole.coded[node])
                errors[node].own.add(value, own.coded[node])
            for a, b in zip(_tensors(wanted), _tensors(got), strict=True):
                result.add(a, b)
    ops = tuple(_row(node, errors[node]) for node in coded.graph.nodes if node in errors)
    unmatched = sum(_is_operator(node) for node in coded.graph.nodes) - len(pairs)
    return Comparison(ops, result.decibel, unmatched)


@dataclass
class _Noise:
    signal: float = 0.0
    noise: float = 0.0

    def add(self, wanted: Tensor, got: Tensor) -> None:
        wanted, got = wanted.double(), got.double()
        self.signal += float(wanted.square().sum())
        self.noise += float((wanted - got).square().sum())

    @property
    def decibel(self) -> float:
        if not self.noise:
            return float("inf")
        return 10 * float(torch.log10(torch.tensor(self.signal / self.noise, dtype=torch.float64)))


@dataclass
class _Errors:
    whole: _Noise = field(default_factory=_Noise)
    own: _Noise = field(default_factory=_Noise)


class _Recorder(Interpreter):
    """Runs a graph and keeps the results of some nodes."""

    def __init__(self, module: GraphModule, wanted: set[Node]) -> None:
        super().__init__(module)
        self.wanted = wanted
        self.values: dict[Node, Tensor] = {}

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        if n in self.wanted:
            # What is done in place afterwards is another operator's.
            self.values[n] = result.clone()
        return result


class _Follower(Interpreter):
    """
    Runs a quantised graph, and keeps what each operator gives once it is coded.

    One that is led goes on with the float model's result in place of that.
    """

    def __init__(self, module: GraphModule, values: dict[Node, Tensor], *, is_led: bool) -> None:
        super().__init__(module)
        self.values = values
        self.is_led = is_led
        self.coded: dict[Node, Tensor] = {}

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        if n not in self.values:
            return result
        self.coded[n] = self._coded(n, result).clone()
        return self.values[n].clone() if self.is_led else result

    def _coded(self, node: Node, value: Tensor) -> Tensor:
        """`value` after the quantise and dequantise calls that follow `node`, if they do."""
        for quantize in node.users:
            dequantize = next(iter(quantize.users), None)
            if _is_coding(quantize) and dequantize is not None and _is_coding(dequantize):
                coded = self._call(quantize, {node: value})
                return self._call(dequantize, {quantize: coded}) if isinstance(coded, Tensor) else value
        return value

    def _call(self, node: Node, values: dict[Node, Tensor]) -> Any:
        arguments = torch.fx.map_arg(
            (node.args, node.kwargs), lambda x: values[x] if x in values else self.env.get(x)
        )
        args, kwargs = cast("tuple[tuple[Any, ...], dict[str, Any]]", arguments)
        # Dynamic parameters are computed between the operator and its coding.
        if any(x not in values and x not in self.env for x in node.all_input_nodes):
            return None
        return cast("Callable[..., Any]", node.target)(*args, **kwargs)


def _is_list_of_calls(inputs: Sequence[Any]) -> bool:
    return isinstance(inputs, list) and all(isinstance(call, tuple) for call in inputs)


def _graph(model: Model, call: tuple[Any, ...]) -> GraphModule:
    """A graph of the model's own, that may be rewritten."""
    if isinstance(model, GraphModule):
        return copy.deepcopy(model)
    program = model if isinstance(model, ExportedProgram) else torch.export.export(model, call)
    return program.module()


def _is_coding(node: Node) -> bool:
    return isinstance(node.target, OpOverload) and node.target.namespace in _CODING


def _is_operator(node: Node) -> bool:
    value = node.meta.get("val")
    return (
        isinstance(node.target, OpOverload)
        and not _is_coding(node)
        and isinstance(value, Tensor)
        and value.dtype.is_floating_point
    )


def _name(node: Node) -> str:
    name = functional(cast(OpOverload, node.target)).rpartition(".")[0]
    return _SAME.get(name, name)


def _module(node: Node) -> str:
    stack = node.meta.get("nn_module_stack")
    return next(reversed(stack.values()))[0] if stack else ""


def _match(reference: GraphModule, coded: GraphModule) -> dict[Node, Node]:
    """
    The operators of the float model by those of the quantised one.

    A model that was exported once more has lost its modules; then name and order have to do.
    """
    by_module = _match_by(reference, coded, lambda node: (_module(node), _name(node)))
    return by_module or _match_by(reference, coded, _name)


def _match_by(reference: GraphModule, coded: GraphModule, key: Callable[[Node], Any]) -> dict[Node, Node]:
    pairs: dict[Node, Node] = {}
    theirs, ours = _by_key(reference.graph.nodes, key), _by_key(coded.graph.nodes, key)
    for name, nodes in ours.items():
        partners = theirs.get(name, [])
        if len(partners) == len(nodes):
            pairs.update(zip(nodes, partners, strict=True))
    return {node: other for node, other in pairs.items() if node.meta["val"].shape == other.meta["val"].shape}


def _by_key(nodes: Iterable[Node], key: Callable[[Node], Any]) -> dict[Any, list[Node]]:
    found: dict[Any, list[Node]] = defaultdict(list)
    for node in nodes:
        if _is_operator(node):
            found[key(node)].append(node)
    return found


def _tensors(result: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor) and leaf.dtype.is_floating_point]


def _row(node: Node, errors: _Errors) -> OpError:
    is_coded = any(map(_is_coding, (*node.users, *node.all_input_nodes)))
    return OpError(
        str(node.target),
        node.name,
        format_location(node_location(node)),
        tuple(node.meta["val"].shape),
        is_coded,
        errors.whole.decibel,
        errors.own.decibel,
    )
