"""Sums, differences and products, and functions that have a range of their own."""

from __future__ import annotations

from torch import Tensor
from torch.fx import Node
from torchao.quantization.pt2e.quantizer import (
    FixedQParamsQuantizationSpec,
    QuantizationSpecBase,
)

from xnnir.dialects import xnn
from xnnir.quantizer.annotation import (
    Refusal,
    Request,
    annotate,
    annotate_chain,
    argument,
    require_float32,
    with_activation,
)
from xnnir.quantizer.operators import (
    LEAKY_RELU,
    MOVEMENTS,
    NODES,
    NORM_PARTS,
    NORMS,
    PRELU,
    functional,
    why_not_int8,
    why_only_by_name,
)

LARGEST_OBSERVABLE = 3.4028235e15
"""`torch.histc`, with which observers count, fails for larger numbers."""

SMALLEST_SLOPE = 2.0**-8
"""That XNNPACK has in int8 where result and input are coded alike (`xnn_init_qs8_lrelu_scalar_params`)."""


def binary(node: Node, request: Request) -> None:
    """`add`, `sub` and `mul`, with their activation: both operands, and the result."""
    if argument(node, 2, "alpha", 1) != 1:
        raise Refusal(f"XNNPACK has no factor for an operand, got alpha = {argument(node, 2, 'alpha')}")
    operands = [operand for operand in node.args[:2] if isinstance(operand, Node)]
    for operand in operands:
        require_float32(operand)
        _require_observable(operand, request)
    if not request.is_explicit and (norm := _norm_beside(node)) is not None:
        raise Refusal(
            f"it belongs to {norm}, which XNNPACK computes in float: coding what goes in between costs accuracy "
            "and saves nothing"
        )
    inputs: dict[Node, QuantizationSpecBase | None] = dict.fromkeys(operands, request.input)
    annotate_chain(with_activation(node, request.accepts), inputs, request.output)


def computed(node: Node, request: Request) -> None:
    """Functions that the table may have in int8; the reason is the table's where it has not."""
    target, operands = NODES[node.target], node.all_input_nodes  # pyright: ignore[reportArgumentType]
    if (slope := _slope(node, request)) is not None:
        target, operands = xnn.LeakyReluOp, operands[:1]
        if 0 < abs(slope) < SMALLEST_SLOPE:
            raise Refusal(f"XNNPACK has slopes from {SMALLEST_SLOPE:g} on in int8, got {slope:g}")
    if (reason := why_not_int8(target)) is not None:
        raise Refusal(reason)
    if node.kwargs.get("approximate", "none") != "none":
        raise Refusal(
            f"XNNPACK has the exact function in int8, got approximate={node.kwargs['approximate']!r}"
        )
    if not request.is_explicit and (reason := why_only_by_name(node.target)) is not None:  # pyright: ignore[reportArgumentType]
        raise Refusal(reason)
    for operand in operands:
        require_float32(operand)
    if not request.is_explicit and (norm := _norm_beside(node)) is not None:
        raise Refusal(f"it belongs to {norm}, which XNNPACK computes in float")
    annotate(node, dict.fromkeys(operands, request.input), _result_spec(node, request))


def _slope(node: Node, request: Request) -> float | None:
    """The slope of a leaky ReLU; a PReLU with one slope for all channels is one."""
    if node.target in LEAKY_RELU:
        return float(argument(node, 1, "negative_slope", 0.01))
    if node.target in PRELU and (slopes := _buffer(argument(node, 1, "weight"), request)) is not None:
        return slopes.item() if slopes.numel() == 1 else None
    return None


def _buffer(node: Node, request: Request) -> Tensor | None:
    """The numbers of a parameter or buffer; None for what is computed."""
    if node.op != "get_attr":
        return None
    owner, _, name = str(node.target).rpartition(".")
    return getattr(request.graph_module.get_submodule(owner), name)


def _result_spec(node: Node, request: Request) -> QuantizationSpecBase | None:
    """
    All of int8 for the range that a function is known to have, without looking at data.

    A sigmoid's is [0, 1), hyperbolic tangent's [-1, 1).
    """
    spec = request.output
    name = functional(node.target).split(".")[1]  # pyright: ignore[reportArgumentType]
    if spec is None or (spec.quant_min, spec.quant_max) != (-128, 127) or name not in ("sigmoid", "tanh"):
        return spec
    scale, zero_point = (1 / 256, -128) if name == "sigmoid" else (1 / 128, 0)
    return FixedQParamsQuantizationSpec(
        dtype=spec.dtype,
        scale=scale,
        zero_point=zero_point,
        quant_min=spec.quant_min,
        quant_max=spec.quant_max,
        qscheme=spec.qscheme,
    )


def _require_observable(operand: Node, request: Request) -> None:
    value = _buffer(operand, request)
    if value is not None and value.numel() == 1 and abs(value.item()) > LARGEST_OBSERVABLE:
        raise Refusal(f"observers cannot count numbers above {LARGEST_OBSERVABLE:g}, got {value.item():g}")


def _norm_beside(node: Node) -> str | None:
    """
    The normalisation whose input, or a step of which, `node` computes; None when it is part of none.

    A sum that goes to a normalisation stays in float beside it: the residual of a transformer is one such sum after the
    other, and each coding would lose what the last one left.
    """
    if (name := node.meta.get(_BESIDE)) is not None:
        return name
    name = _norm_after(node) or next(
        (found for operand in node.all_input_nodes if (found := _norm_before(operand))), None
    )
    if name is not None:
        node.meta[_BESIDE] = name
    return name


_BESIDE = "xnnir_norm_beside"
_PARTS = NORMS | NORM_PARTS


def _norm_after(node: Node) -> str | None:
    for user in node.users:
        if user.target in _PARTS:
            return _name(user)
        if user.target in MOVEMENTS and (name := _norm_after(user)) is not None:
            return name
    return None


def _norm_before(operand: Node) -> str | None:
    while operand.target in MOVEMENTS:
        operand = operand.all_input_nodes[0]
    if operand.target in NORM_PARTS:
        return _name(operand)
    return operand.meta.get(_BESIDE)


def _name(node: Node) -> str:
    return functional(node.target).rsplit(".", 1)[0]  # pyright: ignore[reportArgumentType]
