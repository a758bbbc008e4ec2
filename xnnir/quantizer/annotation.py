"""Reading the nodes of a graph, and writing down how their inputs and results are to be coded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e.quantizer import (
    QuantizationAnnotation,
    QuantizationConfig,
    QuantizationSpec,
    QuantizationSpecBase,
)
from torchao.quantization.pt2e.quantizer.quantizer import Q_ANNOTATION_KEY

from xnnir.quantizer.operators import ACTIVATIONS


class Refusal(Exception):
    """An operator stays in float, for this reason."""


@dataclass(frozen=True)
class Request:
    """One wish of the user: what to code, and how."""

    graph_module: GraphModule
    config: QuantizationConfig
    accepts: Callable[[Node], bool]
    """Whether the wish is about a node, by where it is."""
    is_operator: Callable[[Node], bool]
    """Whether it is about a node, by what it computes; its activation comes with it."""
    is_explicit: bool = False
    """The operator was named by the user, and not only as one of all."""

    @property
    def input(self) -> QuantizationSpec:
        """How activations are coded that go in."""
        if self.config.input_activation is None:
            raise Refusal("the configuration does not say how activations are coded")
        return self.config.input_activation

    @property
    def output(self) -> QuantizationSpec | None:
        """How results are coded; None for float ones."""
        return self.config.output_activation


def annotation_of(node: Node) -> QuantizationAnnotation | None:
    """What was decided of `node`; None when nothing was."""
    annotation: QuantizationAnnotation | None = node.meta.get(Q_ANNOTATION_KEY)
    return annotation if annotation is not None and annotation._annotated else None  # pyright: ignore[reportPrivateUsage]


def output_spec(node: Node) -> QuantizationSpecBase | None:
    """How the result of `node` is coded; None when it is not."""
    annotation = annotation_of(node)
    return None if annotation is None else annotation.output_qspec


def annotate(
    node: Node,
    inputs: Mapping[Node, QuantizationSpecBase | None],
    output: QuantizationSpecBase | None,
) -> None:
    """Decide how inputs and result of `node` are coded."""
    node.meta[Q_ANNOTATION_KEY] = QuantizationAnnotation(
        input_qspec_map=dict(inputs), output_qspec=output, _annotated=True
    )


def annotate_chain(
    chain: list[Node], inputs: Mapping[Node, QuantizationSpecBase | None], output: QuantizationSpecBase | None
) -> None:
    """Decide of nodes that become one node of XNNPACK: inputs are those of the first, the result the last's."""
    first, *others = chain
    annotate(first, inputs, None if others else output)
    for node in others:
        annotate(node, {}, output if node is others[-1] else None)


def only_user(node: Node) -> Node | None:
    """What takes the result of `node`, if that is a single node."""
    return next(iter(node.users)) if len(node.users) == 1 else None


def with_activation(node: Node, accepts: Callable[[Node], bool]) -> list[Node]:
    """`node`, and its activation if it has one that nothing else stands in the way of."""
    user = only_user(node)
    if user is None or user.target not in ACTIVATIONS or annotation_of(user) or not accepts(user):
        return [node]
    return [node, user]


def tensor_of(node: Any) -> Tensor | None:
    """An example of the value of `node`, without numbers; None for what is no tensor."""
    value = node.meta.get("val") if isinstance(node, Node) else None
    return value if isinstance(value, Tensor) else None


def has_float_result(node: Node) -> bool:
    """Whether an operator gives floats, as one tensor or several; picking one of several is no operator."""
    value = node.meta.get("val")
    results: list[Any] = list(value) if isinstance(value, list | tuple) else [value]
    return isinstance(node.target, OpOverload) and any(
        isinstance(result, Tensor) and result.dtype.is_floating_point for result in results
    )


def require_float32(node: Node) -> None:
    """Raise `Refusal` unless `node` is a tensor that observers can take statistics of."""
    value = tensor_of(node)
    if value is None or value.dtype != torch.float32:
        got = "no tensor" if value is None else str(value.dtype).removeprefix("torch.")
        raise Refusal(f"only float32 is coded in int8; {node.name} is {got}")


def argument(node: Node, position: int, name: str, default: Any = None) -> Any:
    """An argument of a call by its place or name."""
    return node.args[position] if len(node.args) > position else node.kwargs.get(name, default)


def is_constant(node: Node) -> bool:
    """Whether `node` is computed of parameters and buffers only, so that it is known before the model runs."""
    seen: set[Node] = set()
    pending = [node]
    while pending:
        current = pending.pop()
        if current in seen or current.op == "get_attr":
            continue
        seen.add(current)
        if current.op != "call_function" or not current.all_input_nodes:
            return False
        pending.extend(current.all_input_nodes)
    return True
