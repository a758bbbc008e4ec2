"""
The `aten` dialect: a model as `torch.export` gives it, one op for each call of a PyTorch operator.

    %w = aten.parameter "conv.weight" #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<16x3x3x3xf32>
    %1 = aten.conv2d(%x, %w, stride = [2, 2]) : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x3x3xf32>
    %2 = aten.hardtanh(%1, min_val = 0.0, max_val = 6.0) : (tensor<1x16x3x3xf32>) -> tensor<1x16x3x3xf32>

The ops are made from torch's schemas (`schemas.txt`), so that every operator is here, with all arguments, and nothing
needs torch.
"""

from xdsl.ir import Dialect, Operation

from xnnir.dialects.aten.call_operator import CallOperatorOp
from xnnir.dialects.aten.operator import AtenOp
from xnnir.dialects.aten.program_ops import (
    AssignBufferOp,
    AssignInputOp,
    BufferOp,
    ConstantOp,
    NoneOp,
    ParameterOp,
    StaticValueOp,
)
from xnnir.dialects.aten.registry import find_op_class, op_class, op_classes
from xnnir.dialects.aten.schema import Argument, Schema, SchemaError, SchemaType, parse_schema
from xnnir.dialects.aten.values import (
    DTYPES,
    ELEMENT_TYPES,
    OPERAND,
    Arguments,
    Device,
    Dtype,
    Layout,
    MemoryFormat,
)

__all__ = [
    "DTYPES",
    "ELEMENT_TYPES",
    "OPERAND",
    "Argument",
    "Arguments",
    "AssignBufferOp",
    "AssignInputOp",
    "AtenOp",
    "BufferOp",
    "CallOperatorOp",
    "ConstantOp",
    "Device",
    "Dtype",
    "Layout",
    "MemoryFormat",
    "NoneOp",
    "ParameterOp",
    "Schema",
    "SchemaError",
    "SchemaType",
    "StaticValueOp",
    "find_op_class",
    "make_aten_dialect",
    "op_class",
    "op_classes",
    "parse_schema",
]


def make_aten_dialect() -> Dialect:
    """The dialect, with an op for each operator of `schemas.txt`."""
    operations: list[type[Operation]] = [
        *op_classes().values(),
        AssignBufferOp,
        AssignInputOp,
        BufferOp,
        CallOperatorOp,
        ConstantOp,
        NoneOp,
        ParameterOp,
    ]
    return Dialect("aten", operations, [Arguments])
