"""Types of a method's values that are not tensors, and what is stored for the elements of those that are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from xdsl.dialects.builtin import (
    BFloat16Type,
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    Signedness,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

Tensor: TypeAlias = TensorType[Attribute]


@irdl_attr_definition
class NullType(ParametrizedAttribute, TypeAttribute):
    """Type of an argument that is None."""

    name = "rt.null"


@irdl_attr_definition
class IntType(ParametrizedAttribute, TypeAttribute):
    """A 64-bit integer that instructions can change."""

    name = "rt.int"


@irdl_attr_definition
class BoolType(ParametrizedAttribute, TypeAttribute):
    """A bool that instructions can change."""

    name = "rt.bool"


@irdl_attr_definition
class DoubleType(ParametrizedAttribute, TypeAttribute):
    """A 64-bit float that instructions can change."""

    name = "rt.double"


@irdl_attr_definition
class StringType(ParametrizedAttribute, TypeAttribute):
    """UTF-8 text."""

    name = "rt.string"


@irdl_attr_definition
class IntListType(ParametrizedAttribute, TypeAttribute):
    """A list of `!rt.int` values, read anew at each use."""

    name = "rt.int_list"


@irdl_attr_definition
class DoubleListType(ParametrizedAttribute, TypeAttribute):
    """A fixed list of 64-bit floats."""

    name = "rt.double_list"


@irdl_attr_definition
class BoolListType(ParametrizedAttribute, TypeAttribute):
    """A fixed list of bools."""

    name = "rt.bool_list"


@irdl_attr_definition
class TensorListType(ParametrizedAttribute, TypeAttribute):
    """A list of tensor values."""

    name = "rt.tensor_list"


@irdl_attr_definition
class OptionalTensorListType(ParametrizedAttribute, TypeAttribute):
    """A list of tensor values, some of which are missing."""

    name = "rt.optional_tensor_list"


OTHER_SCALARS = {
    "QINT8": 1,
    "QUINT8": 1,
    "QINT32": 4,
    "QUINT4X2": 1,
    "QUINT2X4": 1,
    "BITS16": 2,
    "FLOAT8E5M2": 1,
    "FLOAT8E4M3FN": 1,
    "FLOAT8E5M2FNUZ": 1,
    "FLOAT8E4M3FNUZ": 1,
}
"""PyTorch's scalar types that no builtin type stands for, and their bytes."""


@irdl_attr_definition
class ScalarType(ParametrizedAttribute, TypeAttribute):
    """An element type of PyTorch that no builtin type stands for: `tensor<8x!rt.scalar<FLOAT8E5M2>>`."""

    name = "rt.scalar"

    scalar: StringAttr

    def __init__(self, scalar: str):
        super().__init__(StringAttr(scalar))

    def verify(self) -> None:
        if self.scalar.data not in OTHER_SCALARS:
            raise VerifyException(f"expected one of {', '.join(OTHER_SCALARS)}, got {self.scalar.data}")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [StringAttr(parser.parse_identifier())]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(self.scalar.data)


def element_size(element_type: Attribute) -> int | None:
    """Bytes of one element; None when a tensor of a method cannot have that element type."""
    match element_type:
        case Float32Type():
            return 4
        case Float64Type():
            return 8
        case Float16Type() | BFloat16Type():
            return 2
        case ScalarType():
            return OTHER_SCALARS[element_type.scalar.data]
        case IntegerType():
            width, signedness = element_type.width.data, element_type.signedness.data
            if signedness == Signedness.SIGNLESS and width == 1:
                return 1
            known = (8, 16, 32, 64)
            return width // 8 if width in known and signedness != Signedness.SIGNED else None
        case _:
            return None


def tensor_bytes(type: Tensor) -> int:
    """Bytes of a tensor of `type` (of the largest one, where sizes are bounds)."""
    size = element_size(type.get_element_type()) or 0
    for dim in type.get_shape():
        size *= dim
    return size
