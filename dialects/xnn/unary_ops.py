"""Elementwise nodes of one operand: `xnn_define_unary`, one op per `xnn_unary_operator`."""

from __future__ import annotations

from abc import ABC

from xdsl.dialects.builtin import Float32Type, FloatAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def

from xnnir.dialects.xnn.base import AnyTensor, Shape, XnnOp, f32_attr, shape_of, verify_output_bounds


class UnaryOp(XnnOp, ABC):
    """A function of each element."""

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)

    def __init__(self, input: SSAValue, result_type: Attribute):
        super().__init__(operands=[input], result_types=[result_type])

    def infer_shape(self) -> Shape:
        return shape_of(self.input)


@irdl_op_definition
class AbsOp(UnaryOp):
    """|x|"""

    name = "xnn.abs"


@irdl_op_definition
class BankersRoundingOp(UnaryOp):
    """x rounded to the nearest integer, ties to even"""

    name = "xnn.bankers_rounding"


@irdl_op_definition
class CeilingOp(UnaryOp):
    """The smallest integer that is not below x"""

    name = "xnn.ceiling"


@irdl_op_definition
class ClampOp(UnaryOp):
    """
    min(max(x, output_min), output_max); a bound that is absent does not bind.

    Example:
        %y = xnn.clamp %x {output_min = 0.0 : f32, output_max = 6.0 : f32} : (tensor<8xf32>) -> tensor<8xf32>
    """

    name = "xnn.clamp"

    output_min = opt_prop_def(FloatAttr[Float32Type])
    output_max = opt_prop_def(FloatAttr[Float32Type])

    def __init__(
        self,
        input: SSAValue,
        result_type: Attribute,
        output_min: float | None = None,
        output_max: float | None = None,
    ):
        super().__init__(input, result_type)
        set_output_bounds(self, output_min, output_max)

    def verify_(self) -> None:
        super().verify_()
        verify_output_bounds(self)


@irdl_op_definition
class ConvertOp(UnaryOp):
    """
    The same numbers in another coding: quantise, dequantise, or change the float type.

    Example:
        %q = xnn.convert %x : (tensor<1x8xf32>) -> tensor<1x8x!xnn.qint8<0.05:-3>>
    """

    name = "xnn.convert"


@irdl_op_definition
class CopyOp(UnaryOp):
    """The same tensor in other memory (`xnn_define_copy`)"""

    name = "xnn.copy"


@irdl_op_definition
class CosineOp(UnaryOp):
    """cos(x)"""

    name = "xnn.cosine"


@irdl_op_definition
class EluOp(UnaryOp):
    """x where x > 0, else alpha * (exp(x) - 1)"""

    name = "xnn.elu"

    alpha = prop_def(FloatAttr[Float32Type])

    def __init__(self, input: SSAValue, result_type: Attribute, alpha: float = 1.0):
        super().__init__(input, result_type)
        self.properties["alpha"] = f32_attr(alpha)


@irdl_op_definition
class ExpOp(UnaryOp):
    """exp(x)"""

    name = "xnn.exp"


@irdl_op_definition
class FloorOp(UnaryOp):
    """The largest integer that is not above x"""

    name = "xnn.floor"


@irdl_op_definition
class GeluOp(UnaryOp):
    """x * (1 + erf(x / sqrt(2))) / 2"""

    name = "xnn.gelu"


@irdl_op_definition
class HardswishOp(UnaryOp):
    """x * clamp(x + 3, 0, 6) / 6"""

    name = "xnn.hardswish"


@irdl_op_definition
class LeakyReluOp(UnaryOp):
    """x where x >= 0, else negative_slope * x"""

    name = "xnn.leaky_relu"

    negative_slope = prop_def(FloatAttr[Float32Type])

    def __init__(self, input: SSAValue, result_type: Attribute, negative_slope: float = 0.01):
        super().__init__(input, result_type)
        self.properties["negative_slope"] = f32_attr(negative_slope)


@irdl_op_definition
class LogOp(UnaryOp):
    """The natural logarithm of x"""

    name = "xnn.log"


@irdl_op_definition
class NegateOp(UnaryOp):
    """-x"""

    name = "xnn.negate"


@irdl_op_definition
class ReciprocalSquareRootOp(UnaryOp):
    """1 / sqrt(x)"""

    name = "xnn.reciprocal_square_root"


@irdl_op_definition
class SigmoidOp(UnaryOp):
    """1 / (1 + exp(-x))"""

    name = "xnn.sigmoid"


@irdl_op_definition
class SignOp(UnaryOp):
    """-1, 0 or 1, as x is below, at or above 0"""

    name = "xnn.sign"


@irdl_op_definition
class SineOp(UnaryOp):
    """sin(x)"""

    name = "xnn.sine"


@irdl_op_definition
class SquareOp(UnaryOp):
    """x * x"""

    name = "xnn.square"


@irdl_op_definition
class SquareRootOp(UnaryOp):
    """sqrt(x)"""

    name = "xnn.square_root"


@irdl_op_definition
class TanhOp(UnaryOp):
    """tanh(x)"""

    name = "xnn.tanh"


def set_output_bounds(op: XnnOp, output_min: float | None, output_max: float | None) -> None:
    """Set the bounds on a node's results; infinities and None leave a side unbounded."""
    for name, value in (("output_min", output_min), ("output_max", output_max)):
        op.properties.pop(name, None)
        if value is not None and abs(value) != float("inf"):
            op.properties[name] = f32_attr(value)
