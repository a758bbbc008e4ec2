"""Functions of one element, and of two with broadcasting."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Attribute, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import XnnOp, element_type_of, shape_of
from xnnir.passes._aten_to_xnn.arguments import Refusal, float_arg, require_same_dtype, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, is_float


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


def _operands(op: AtenOp, to: Conversion) -> tuple[SSAValue, SSAValue]:
    result = op.results[0]
    if not is_float(element_type_of(result)):
        raise Refusal(f"XNNPACK computes in float32 and float16, got {element_type_of(result)}")
    values: list[SSAValue] = []
    for name in ("self", "other"):
        value = term(op, to, name, result)
        if element_type_of(value) != element_type_of(result):
            # A number that the exporter wrapped in a tensor has a type of its own.
            array = to.array(value)
            if array is None or array.size != 1:
                raise Refusal(f"expected operands of one element type, got {value.type} for {result.type}")
            value = to.number(float(array.reshape(())), result)
        values.append(value)
    return values[0], values[1]


def _scaled(to: Conversion, value: SSAValue, factor: float) -> SSAValue:
    if factor == 1.0:
        return value
    return to.emit(xnn.MultiplyOp(value, to.number(factor, value), value.type))


def binary(node: Callable[[SSAValue, SSAValue, Attribute], XnnOp]) -> Converter:
    """A converter to a node of two operands."""

    def convert(op: AtenOp, to: Conversion) -> SSAValue:
        a, b = _operands(op, to)
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
    """`div`, with rounding down where the mode says so."""
    a, b = _operands(op, to)
    mode = op.arg("rounding_mode") if "rounding_mode" in op.schema.positions else None
    if mode not in (None, "floor"):
        raise Refusal(f"XNNPACK rounds quotients down only, got rounding_mode '{mode}'")
    quotient = to.emit(xnn.DivideOp(a, b, op.results[0].type))
    return quotient if mode is None else to.emit(xnn.FloorOp(quotient, quotient.type))


def power(op: AtenOp, to: Conversion) -> SSAValue:
    """`pow` with an exponent for which XNNPACK has a node or two."""
    x = input_of(op, to)
    exponent = float_arg(op, "exponent")
    if exponent == 1.0:
        return x
    if exponent == 2.0:
        return to.emit(xnn.SquareOp(x, x.type))
    if exponent == 3.0:
        return to.emit(xnn.MultiplyOp(x, to.emit(xnn.SquareOp(x, x.type)), x.type))
    if exponent == 0.5:
        return to.emit(xnn.SquareRootOp(x, x.type))
    if exponent == -0.5:
        return to.emit(xnn.ReciprocalSquareRootOp(x, x.type))
    if exponent == -1.0:
        return to.emit(xnn.DivideOp(to.number(1.0, x), x, x.type))
    raise Refusal(f"expected an exponent of -1, -0.5, 0.5, 1, 2 or 3, got {exponent:g}")


def reciprocal(op: AtenOp, to: Conversion) -> SSAValue:
    x = input_of(op, to)
    return to.emit(xnn.DivideOp(to.number(1.0, x), x, x.type))


def multiply_add(op: AtenOp, to: Conversion) -> SSAValue:
    """`addcmul`: self + value * tensor1 * tensor2."""
    a, b, summand = (to.operand(tensor_arg(op, name)) for name in ("tensor1", "tensor2", "self"))
    shape = xnn.MultiplyOp(a, b, a.type).infer_shape()
    if shape not in (shape_of(a), shape_of(b)):
        raise Refusal(
            f"expected factors of which one has the shape of the product, got {a.type} and {b.type}"
        )
    product = to.emit(xnn.MultiplyOp(a, b, a.type if shape == shape_of(a) else b.type))
    return to.emit(xnn.AddOp(summand, _scaled(to, product, float_arg(op, "value")), op.results[0].type))


CONVERTERS: dict[str, Converter] = {
    "abs": unary(xnn.AbsOp),
    "add.Scalar": linear_combination(xnn.AddOp),
    "add.Tensor": linear_combination(xnn.AddOp),
    "addcmul": multiply_add,
    "ceil": unary(xnn.CeilingOp),
    "cos": unary(xnn.CosineOp),
    "div.Scalar": divide,
    "div.Tensor": divide,
    "div.Tensor_mode": divide,
    "div.Scalar_mode": divide,
    "exp": unary(xnn.ExpOp),
    "floor": unary(xnn.FloorOp),
    "log": unary(xnn.LogOp),
    "max.other": binary(xnn.MaximumOp),
    "maximum": binary(xnn.MaximumOp),
    "min.other": binary(xnn.MinimumOp),
    "minimum": binary(xnn.MinimumOp),
    "mul.Scalar": binary(xnn.MultiplyOp),
    "mul.Tensor": binary(xnn.MultiplyOp),
    "neg": unary(xnn.NegateOp),
    "pow.Tensor_Scalar": power,
    "reciprocal": reciprocal,
    "round": unary(xnn.BankersRoundingOp),
    "rsqrt": unary(xnn.ReciprocalSquareRootOp),
    "rsub.Scalar": linear_combination(xnn.SubtractOp, reverse=True),
    "rsub.Tensor": linear_combination(xnn.SubtractOp, reverse=True),
    "sin": unary(xnn.SineOp),
    "sqrt": unary(xnn.SquareRootOp),
    "square": unary(xnn.SquareOp),
    "sub.Scalar": linear_combination(xnn.SubtractOp),
    "sub.Tensor": linear_combination(xnn.SubtractOp),
    "true_divide.Tensor": divide,
}
"""By the name of the op, without `aten.`"""
