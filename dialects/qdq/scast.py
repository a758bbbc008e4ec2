"""Integers, and the numbers that they stand for."""

from __future__ import annotations

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, base, irdl_op_definition, operand_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from xnnir.dialects.weights import numpy_dtype
from xnnir.dialects.xnn.types import PerTensorType

_Tensor = base(TensorType[Attribute])


@irdl_op_definition
class ScastOp(IRDLOperation):
    """
    The same bytes, as integers on one side and as numbers in a coding on the other ("storage cast", as in MLIR's
    `quant` dialect). It costs nothing: both are one tensor of the program.

    Example:
        %i = qdq.scast %q : tensor<4x!xnn.qint8<0.1:3>> -> tensor<4xi8>
    """

    name = "qdq.scast"

    input = operand_def(_Tensor)
    output = result_def(_Tensor)

    traits = traits_def(Pure())
    assembly_format = "$input attr-dict `:` type($input) `->` type($output)"

    def __init__(self, input: SSAValue, result_type: Attribute):
        super().__init__(operands=[input], result_types=[result_type])

    def verify_(self) -> None:
        source, result = self.input.type, self.output.type
        assert isa(source, TensorType[Attribute]) and isa(result, TensorType[Attribute])
        types = (source.get_element_type(), result.get_element_type())
        if (
            sum(isinstance(type, PerTensorType) for type in types) != 1
            or source.get_shape() != result.get_shape()
        ):
            raise VerifyException(f"expected integers and a coding of one shape, got {source} and {result}")
        if numpy_dtype(types[0]) != numpy_dtype(types[1]):
            raise VerifyException(
                f"expected integers as the coding is stored in, got {types[0]} and {types[1]}"
            )
