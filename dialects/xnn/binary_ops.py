"""Elementwise nodes of two operands, with broadcasting: `xnn_define_binary`, one op per `xnn_binary_operator`."""

from __future__ import annotations

from abc import ABC

from xdsl.dialects.builtin import Float32Type, FloatAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, result_def

from xnnir.dialects.xnn.base import AnyTensor, Shape, XnnOp, broadcast_shapes, shape_of, verify_output_bounds
from xnnir.dialects.xnn.unary_ops import set_output_bounds


class BinaryOp(XnnOp, ABC):
    """A function of two elements."""

    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    output = result_def(AnyTensor)

    def __init__(self, lhs: SSAValue, rhs: SSAValue, result_type: Attribute):
        super().__init__(operands=[lhs, rhs], result_types=[result_type])

    def infer_shape(self) -> Shape:
        return broadcast_shapes(shape_of(self.lhs), shape_of(self.rhs))


class BoundedBinaryOp(BinaryOp, ABC):
    """A function of two elements whose result is then clamped to [output_min, output_max]."""

    output_min = opt_prop_def(FloatAttr[Float32Type])
    output_max = opt_prop_def(FloatAttr[Float32Type])

    def __init__(
        self,
        lhs: SSAValue,
        rhs: SSAValue,
        result_type: Attribute,
        output_min: float | None = None,
        output_max: float | None = None,
    ):
        super().__init__(lhs, rhs, result_type)
        set_output_bounds(self, output_min, output_max)

    def verify_(self) -> None:
        super().verify_()
        verify_output_bounds(self)


@irdl_op_definition
class AddOp(BoundedBinaryOp):
    """
    a + b

    Example:
        %y = xnn.add %a, %b {output_min = 0.0 : f32} : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
    """

    name = "xnn.add"


@irdl_op_definition
class Atan2Op(BinaryOp):
    """The angle of the point (b, a)"""

    name = "xnn.atan2"


@irdl_op_definition
class CopysignOp(BinaryOp):
    """|a| with the sign of b"""

    name = "xnn.copysign"


@irdl_op_definition
class DivideOp(BoundedBinaryOp):
    """a / b"""

    name = "xnn.divide"


@irdl_op_definition
class MaximumOp(BinaryOp):
    """The larger of a and b"""

    name = "xnn.maximum"


@irdl_op_definition
class MinimumOp(BinaryOp):
    """The smaller of a and b"""

    name = "xnn.minimum"


@irdl_op_definition
class ModulusOp(BinaryOp):
    """The remainder of a / b with the sign of a; 0 where b is 0"""

    name = "xnn.modulus"


@irdl_op_definition
class MultiplyOp(BoundedBinaryOp):
    """a * b"""

    name = "xnn.multiply"


@irdl_op_definition
class PowOp(BinaryOp):
    """a to the power of b"""

    name = "xnn.pow"


@irdl_op_definition
class PreluOp(BinaryOp):
    """a where a >= 0, else a * b; b is a static slope per channel, the innermost dimension"""

    name = "xnn.prelu"


@irdl_op_definition
class SquaredDifferenceOp(BinaryOp):
    """(a - b) * (a - b)"""

    name = "xnn.squared_difference"


@irdl_op_definition
class SubtractOp(BoundedBinaryOp):
    """a - b"""

    name = "xnn.subtract"
