"""Functions of one element, and of two with broadcasting."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from xdsl.ir import Attribute, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import XnnOp, broadcast_shapes, element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, tensor_type
from xnnir.passes._aten_to_xnn.arguments import Refusal, float_arg, require_same_dtype, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, is_float
from xnnir.passes._aten_to_xnn.sizes import broadcast_dims


def input_of(op: AtenOp, to: Conversion) -> SSAValue:
    """The operand `self` of a function of one element that keeps its type."""
    x = to.operand(tensor_arg(op, "self"))
    require_same_dtype(op, x)
    return x


def unary(node: Callable[[SSAValue, Attribute], XnnOp]) -> Converter:
    """A converter to a node of one operand without attributes."""

    def convert(op: AtenOp, to: Conversion) -> SSAValue:
        x = input_of(op, to)
        return to.emit(node(x, x.type))

    return convert


def term(op: AtenOp, to: Conversion, name: str, like: SSAValue) -> SSAValue:
    """An argument that is a tensor or a number, as a tensor."""
    value = op.arg(name)
    if isinstance(value, SSAValue):
        return to.operand(tensor_arg(op, name))
    return to.number(float_arg(op, name), like)


def _operands(
    op: AtenOp, to: Conversion, names: tuple[str, str] = ("self", "other")
) -> tuple[SSAValue, SSAValue]:
    result = op.results[0]
    if not is_float(element_type_of(result)):
        raise Refusal(f"XNNPACK computes in float32 and float16, got {element_type_of(result)}")
    values: list[SSAValue] = []
    for name in names:
        value = term(op, to, name, result)
        if element_type_of(value) != element_type_of(result):
            # A number that the exporter wrapped in a tensor has a type of its own.
            array = to.array(value)
            if array is None or array.size != 1:
                raise Refusal(f"expected operands of one element type, got {value.type} for {result.type}")
            value = to.number(float(array.reshape(())), result)
        values.append(value)
    for index, value in enumerate(values):
        # Nodes broadcast by themselves: copies that only serve that are not made.
        narrow = to.unexpanded.get(value)
        if narrow is not None and _broadcasts(narrow, values[1 - index], result):
            values[index] = narrow
    return values[0], values[1]


def _broadcasts(a: SSAValue, b: SSAValue, result: SSAValue) -> bool:
    return broadcast_shapes(shape_of(a), shape_of(b)) == shape_of(result)


def _scaled(to: Conversion, value: SSAValue, factor: float) -> SSAValue:
    if factor == 1.0:
        return value
    return to.emit(xnn.MultiplyOp(value, to.number(factor, value), value.type))


def binary(
    node: Callable[[SSAValue, SSAValue, Attribute], XnnOp], names: tuple[str, str] = ("self", "other")
) -> Converter:
    """A converter to a node of two operands, the arguments `names`."""

    def convert(op: AtenOp, to: Conversion) -> SSAValue:
        a, b = _operands(op, to, names)
        return to.emit(node(a, b, op.results[0].type))

    return convert


def linear_combination(
    node: Callable[[SSAValue, SSAValue, Attribute], XnnOp], reverse: bool = False
) -> Converter:
    """A converter for self + alpha * other and its like; other and self change places with `reverse`."""

    def convert(op: AtenOp, to: Conversion) -> SSAValue:
        a, b = _operands(op, to)
        alpha = float_arg(op, "alpha")
        a, b = (b, _scaled(to, a, alpha)) if reverse else (a, _scaled(to, b, alpha))
        return to.emit(node(a, b, op.results[0].type))

    return convert


def divide(op: AtenOp, to: Conversion) -> SSAValue:
    """`div`, with rounding where the mode says so."""
    a, b = _operands(op, to)
    mode = op.arg("rounding_mode") if "rounding_mode" in op.schema.positions else None
    quotient = to.emit(xnn.DivideOp(a, b, op.results[0].type))
    if mode is None:
        return quotient
    if mode == "trunc":
        return _truncated(to, quotient)
    return _floored(to, quotient, b)


def _floored(to: Conversion, quotient: SSAValue, divisor: SSAValue) -> SSAValue:
    array = to.array(divisor)
    # PyTorch goes by the remainder, which is the same where the quotient is exact.
    if array is None or not np.all(np.abs(np.frexp(array)[0]) == 0.5):
        raise Refusal(
            "XNNPACK has no remainder, which a quotient rounded down needs except for powers of two"
        )
    return to.emit(xnn.FloorOp(quotient, quotient.type))


def floor_divide(op: AtenOp, to: Conversion) -> SSAValue:
    a, b = _operands(op, to)
    return _floored(to, to.emit(xnn.DivideOp(a, b, op.results[0].type)), b)


def _truncated(to: Conversion, x: SSAValue) -> SSAValue:
    """Floor(max(x, 0)) + ceil(min(x, 0))"""
    down = to.emit(xnn.FloorOp(to.emit(xnn.ClampOp(x, x.type, 0.0, None)), x.type))
    up = to.emit(xnn.CeilingOp(to.emit(xnn.ClampOp(x, x.type, None, 0.0)), x.type))
    return to.emit(xnn.AddOp(down, up, x.type))


def trunc(op: AtenOp, to: Conversion) -> SSAValue:
    """`trunc` and `fix`"""
    return _truncated(to, input_of(op, to))


def frac(op: AtenOp, to: Conversion) -> SSAValue:
    x = input_of(op, to)
    return to.emit(xnn.SubtractOp(x, _truncated(to, x), x.type))


def tangent(op: AtenOp, to: Conversion) -> SSAValue:
    x = input_of(op, to)
    return to.emit(xnn.DivideOp(to.emit(xnn.SineOp(x, x.type)), to.emit(xnn.CosineOp(x, x.type)), x.type))


def times(factor: float) -> Converter:
    """A converter to a product with a number."""

    def convert(op: AtenOp, to: Conversion) -> SSAValue:
        return _scaled(to, input_of(op, to), factor)

    return convert


MAX_EXPONENT = 8
"""The largest power that is made of products; rounding grows with each."""


def power(op: AtenOp, to: Conversion) -> SSAValue:
    """`pow` with a whole exponent, or a square root."""
    x = input_of(op, to)
    exponent = float_arg(op, "exponent")
    if exponent == 0.5:
        return to.emit(xnn.SquareRootOp(x, x.type))
    if exponent == -0.5:
        return to.emit(xnn.ReciprocalSquareRootOp(x, x.type))
    if not exponent.is_integer() or not 1 <= abs(exponent) <= MAX_EXPONENT:
        if to.target == "xnnir":
            return to.emit(xnn.PowOp(x, to.number(exponent, x), x.type))
        raise Refusal(
            f"expected an exponent of 1 to {MAX_EXPONENT} or -1 to -{MAX_EXPONENT}, 0.5 or -0.5, got {exponent:g}"
        )
    result = _product_of(to, x, abs(int(exponent)))
    return result if exponent > 0 else to.emit(xnn.DivideOp(to.number(1.0, x), result, x.type))


def _product_of(to: Conversion, x: SSAValue, exponent: int) -> SSAValue:
    """X to a whole power, by squaring."""
    if exponent == 1:
        return x
    half = _product_of(to, x, exponent // 2)
    square = to.emit(xnn.SquareOp(half, x.type))
    return square if exponent % 2 == 0 else to.emit(xnn.MultiplyOp(square, x, x.type))


def reciprocal(op: AtenOp, to: Conversion) -> SSAValue:
    x = input_of(op, to)
    return to.emit(xnn.DivideOp(to.number(1.0, x), x, x.type))


def _combination(node: Callable[[SSAValue, SSAValue, Attribute], XnnOp]) -> Converter:
    """A converter for self + value * node(tensor1, tensor2)."""

    def convert(op: AtenOp, to: Conversion) -> SSAValue:
        require_same_dtype(op, tensor_arg(op, "self"))
        a, b, summand = (to.operand(tensor_arg(op, name)) for name in ("tensor1", "tensor2", "self"))
        type = op.results[0].type
        dims = broadcast_dims(dims_of(tensor_type_of(a)), dims_of(tensor_type_of(b)))
        combined = to.emit(node(a, b, tensor_type(element_type_of(a), dims)))
        return to.emit(xnn.AddOp(summand, _scaled(to, combined, float_arg(op, "value")), type))

    return convert


def interpolate(op: AtenOp, to: Conversion) -> SSAValue:
    """`lerp` with a number: self + weight * (end - self), from the nearer end as PyTorch computes it."""
    start, end = (to.operand(tensor_arg(op, name)) for name in ("self", "end"))
    require_same_dtype(op, start)
    weight, type = float_arg(op, "weight"), op.results[0].type
    if weight >= 0.5:
        start, end, weight = end, start, 1.0 - weight
    difference = to.emit(xnn.SubtractOp(end, start, type))
    return to.emit(xnn.AddOp(start, _scaled(to, difference, weight), type))


def remainder_of_sign(op: AtenOp, to: Conversion) -> SSAValue:
    """`fmod`: where the divisor is 0 PyTorch's is no number, XNNPACK's is 0."""
    a, b = _operands(op, to)
    array = to.array(b)
    if array is None or not np.all(array):
        raise Refusal("XNNPACK's remainder is 0 where the divisor is, which is not known here to be another")
    return to.emit(xnn.ModulusOp(a, b, op.results[0].type))


CONVERTERS: dict[str, Converter] = {
    "abs": unary(xnn.AbsOp),
    "add.Scalar": linear_combination(xnn.AddOp),
    "add.Tensor": linear_combination(xnn.AddOp),
    "addcdiv": _combination(xnn.DivideOp),
    "addcmul": _combination(xnn.MultiplyOp),
    "atan2": binary(xnn.Atan2Op),
    "ceil": unary(xnn.CeilingOp),
    "copysign.Scalar": binary(xnn.CopysignOp),
    "copysign.Tensor": binary(xnn.CopysignOp),
    "cos": unary(xnn.CosineOp),
    "deg2rad": times(math.pi / 180.0),
    "div.Scalar": divide,
    "div.Tensor": divide,
    "div.Tensor_mode": divide,
    "div.Scalar_mode": divide,
    "exp": unary(xnn.ExpOp),
    "fix": trunc,
    "floor": unary(xnn.FloorOp),
    "floor_divide": floor_divide,
    "floor_divide.Scalar": floor_divide,
    "fmod.Scalar": remainder_of_sign,
    "fmod.Tensor": remainder_of_sign,
    "frac": frac,
    "lerp.Scalar": interpolate,
    "log": unary(xnn.LogOp),
    "max.other": binary(xnn.MaximumOp),
    "maximum": binary(xnn.MaximumOp),
    "min.other": binary(xnn.MinimumOp),
    "minimum": binary(xnn.MinimumOp),
    "mul.Scalar": binary(xnn.MultiplyOp),
    "mul.Tensor": binary(xnn.MultiplyOp),
    "neg": unary(xnn.NegateOp),
    "pow.Scalar": binary(xnn.PowOp, ("self", "exponent")),
    "pow.Tensor_Scalar": power,
    "pow.Tensor_Tensor": binary(xnn.PowOp, ("self", "exponent")),
    "rad2deg": times(180.0 / math.pi),
    "reciprocal": reciprocal,
    "round": unary(xnn.BankersRoundingOp),
    "rsqrt": unary(xnn.ReciprocalSquareRootOp),
    "rsub.Scalar": linear_combination(xnn.SubtractOp, reverse=True),
    "rsub.Tensor": linear_combination(xnn.SubtractOp, reverse=True),
    "sgn": unary(xnn.SignOp),
    "sign": unary(xnn.SignOp),
    "sin": unary(xnn.SineOp),
    "sqrt": unary(xnn.SquareRootOp),
    "square": unary(xnn.SquareOp),
    "sub.Scalar": linear_combination(xnn.SubtractOp),
    "sub.Tensor": linear_combination(xnn.SubtractOp),
    "tan": tangent,
    "true_divide.Tensor": divide,
    "trunc": trunc,
}
"""By the name of the op, without `aten.`"""
