"""Activation functions, as one node or made of a few."""

from __future__ import annotations

import math

from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of
from xnnir.passes._aten_to_xnn.arguments import (
    Refusal,
    axis_arg,
    float_arg,
    int_arg,
    optional_tensor_arg,
    require_same_dtype,
    tensor_arg,
)
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter
from xnnir.passes._aten_to_xnn.elementwise import input_of, unary


def bounded(to: Conversion, x: SSAValue, low: float | None, high: float | None) -> SSAValue:
    """`x` clamped; itself when no side is bounded."""
    if (low is None or low == -math.inf) and (high is None or high == math.inf):
        return x
    if low is not None and high is not None and not low < high:
        # PyTorch gives the upper bound where they cross.
        above = to.emit(xnn.MaximumOp(x, to.number(low, x), x.type))
        return to.emit(xnn.MinimumOp(above, to.number(high, x), x.type))
    return to.emit(xnn.ClampOp(x, x.type, low, high))


def relu(op: AtenOp, to: Conversion) -> SSAValue:
    return bounded(to, input_of(op, to), 0.0, None)


def relu6(op: AtenOp, to: Conversion) -> SSAValue:
    return bounded(to, input_of(op, to), 0.0, 6.0)


def hardtanh(op: AtenOp, to: Conversion) -> SSAValue:
    return bounded(to, input_of(op, to), float_arg(op, "min_val"), float_arg(op, "max_val"))


def clamp(op: AtenOp, to: Conversion) -> SSAValue:
    """`clamp`, `clamp_min` and `clamp_max` with numbers."""
    bounds = [
        float_arg(op, name) if name in op.schema.positions and op.arg(name) is not None else None
        for name in ("min", "max")
    ]
    return bounded(to, input_of(op, to), bounds[0], bounds[1])


def clamp_tensor(op: AtenOp, to: Conversion) -> SSAValue:
    """`clamp.Tensor`: bounds that differ from element to element."""
    x = input_of(op, to)
    for name, node in (("min", xnn.MaximumOp), ("max", xnn.MinimumOp)):
        if (bound := optional_tensor_arg(op, name)) is not None:
            x = to.emit(node(x, to.operand(bound), op.results[0].type))
    return x


def threshold(op: AtenOp, to: Conversion) -> SSAValue:
    """Another number where x is not above a threshold: a clamp when that is the threshold."""
    bound, value = float_arg(op, "threshold"), float_arg(op, "value")
    if bound != value:
        raise Refusal(f"XNNPACK has no selection, here of {value:g} where x is not above {bound:g}")
    return bounded(to, input_of(op, to), bound, None)


def softshrink(op: AtenOp, to: Conversion) -> SSAValue:
    """X - clamp(x, -lambd, lambd)"""
    x = input_of(op, to)
    bound = float_arg(op, "lambd")
    if bound == 0.0:
        return x
    return to.emit(xnn.SubtractOp(x, bounded(to, x, -bound, bound), x.type))


def rrelu(op: AtenOp, to: Conversion) -> SSAValue:
    """A leaky ReLU with the mean slope, unless it is training."""
    if op.arg("training"):
        raise Refusal("a randomised ReLU in training mode draws random numbers")
    x = input_of(op, to)
    return to.emit(xnn.LeakyReluOp(x, x.type, (float_arg(op, "lower") + float_arg(op, "upper")) / 2.0))


def hardsigmoid(op: AtenOp, to: Conversion) -> SSAValue:
    """clamp(x + 3, 0, 6) / 6"""
    x = input_of(op, to)
    shifted = to.emit(xnn.AddOp(x, to.number(3.0, x), x.type, 0.0, 6.0))
    return to.emit(xnn.MultiplyOp(shifted, to.number(1.0 / 6.0, x), x.type))


def silu(op: AtenOp, to: Conversion) -> SSAValue:
    """x * sigmoid(x)"""
    x = input_of(op, to)
    return to.emit(xnn.MultiplyOp(x, to.emit(xnn.SigmoidOp(x, x.type)), x.type))


def gelu(op: AtenOp, to: Conversion) -> SSAValue:
    """
    The exact one as a node; the one by tanh as what it is defined to be.

    x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
    """
    x = input_of(op, to)
    if op.arg("approximate") == "none":
        return to.emit(xnn.GeluOp(x, x.type))
    square = to.emit(xnn.SquareOp(x, x.type))
    scale = math.sqrt(2.0 / math.pi)
    factor = to.emit(xnn.MultiplyOp(square, to.number(scale * 0.044715, x), x.type))
    factor = to.emit(xnn.AddOp(factor, to.number(scale, x), x.type))
    tanh = to.emit(xnn.TanhOp(to.emit(xnn.MultiplyOp(x, factor, x.type)), x.type))
    half = to.emit(xnn.MultiplyOp(x, to.number(0.5, x), x.type))
    return to.emit(xnn.MultiplyOp(half, to.emit(xnn.AddOp(tanh, to.number(1.0, x), x.type)), x.type))


def elu(op: AtenOp, to: Conversion) -> SSAValue:
    """`elu`, with its scale as a factor."""
    x = input_of(op, to)
    if float_arg(op, "input_scale") != 1.0:
        raise Refusal(f"expected input_scale to be 1, got {float_arg(op, 'input_scale'):g}")
    result = to.emit(xnn.EluOp(x, x.type, float_arg(op, "alpha")))
    scale = float_arg(op, "scale")
    return result if scale == 1.0 else to.emit(xnn.MultiplyOp(result, to.number(scale, x), x.type))


def selu(op: AtenOp, to: Conversion) -> SSAValue:
    """Scale * elu(x, alpha), with the constants of Klambauer et al. 2017"""
    x = input_of(op, to)
    result = to.emit(xnn.EluOp(x, x.type, 1.6732632423543772848170429916717))
    return to.emit(xnn.MultiplyOp(result, to.number(1.0507009873554804934193349852946, x), x.type))


def leaky_relu(op: AtenOp, to: Conversion) -> SSAValue:
    """One with slope 0 is a ReLU, which XNNPACK has in int8 as well."""
    x, slope = input_of(op, to), float_arg(op, "negative_slope")
    return to.emit(xnn.LeakyReluOp(x, x.type, slope)) if slope else bounded(to, x, 0.0, None)


def prelu(op: AtenOp, to: Conversion) -> SSAValue:
    """One slope for all channels is a leaky ReLU; a slope per channel has the channels innermost."""
    x = input_of(op, to)
    slopes = to.static(tensor_arg(op, "weight"), "slope").reshape(-1)
    if slopes.size == 1:
        return to.emit(xnn.LeakyReluOp(x, x.type, float(slopes[0])))
    rank = len(shape_of(x))
    perm = [0, *range(2, rank), 1]
    channels_last = to.transpose(x, perm)
    slope = to.constant(slopes, element_type_of(x))
    result = to.emit(xnn.PreluOp(channels_last, slope, channels_last.type))
    return to.transpose(result, [perm.index(axis) for axis in range(rank)])


def softmax(op: AtenOp, to: Conversion) -> SSAValue:
    """Over the innermost dimension as a node; over another by moving that inside and back."""
    x = to.operand(tensor_arg(op, "self"))
    require_same_dtype(op, x)
    rank = len(shape_of(x))
    axis = axis_arg(op, "dim", rank)
    perm = [*(other for other in range(rank) if other != axis), axis]
    inside = to.transpose(x, perm)
    return to.transpose(to.emit(xnn.SoftmaxOp(inside, inside.type)), [perm.index(a) for a in range(rank)])


def glu(op: AtenOp, to: Conversion) -> SSAValue:
    """The first half times the sigmoid of the second"""
    x = input_of(op, to)
    axis = axis_arg(op, "dim", len(shape_of(x)))
    half = shape_of(x)[axis] // 2
    if half < 1:
        raise Refusal(f"expected a size that is known while compiling in dimension {int_arg(op, 'dim')}")
    a, b = to.slice(x, axis, 0, half), to.slice(x, axis, half, half)
    return to.emit(xnn.MultiplyOp(a, to.emit(xnn.SigmoidOp(b, b.type)), op.results[0].type))


CONVERTERS: dict[str, Converter] = {
    "_prelu_kernel": prelu,
    "_safe_softmax": softmax,
    "_softmax": softmax,
    "clamp": clamp,
    "clamp.Tensor": clamp_tensor,
    "clamp_max": clamp,
    "clamp_min": clamp,
    "elu": elu,
    "gelu": gelu,
    "glu": glu,
    "hardsigmoid": hardsigmoid,
    "hardswish": unary(xnn.HardswishOp),
    "hardtanh": hardtanh,
    "leaky_relu": leaky_relu,
    "prelu": prelu,
    "relu": relu,
    "relu6": relu6,
    "rrelu": rrelu,
    "selu": selu,
    "sigmoid": unary(xnn.SigmoidOp),
    "silu": silu,
    "softmax.int": softmax,
    "softshrink": softshrink,
    "tanh": unary(xnn.TanhOp),
    "threshold": threshold,
}
"""By the name of the op, without `aten.`"""
