"""Element types of a program's tensors and PyTorch's numbers for them."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType, Signedness, bf16, f16, f32, f64, i1, i8, i16, i32, i64
from xdsl.ir import Attribute

from xnnir.dialects.rt import ScalarType
from xnnir.dialects.rt.types import OTHER_SCALARS
from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import load_schema

_NUMBERS = load_schema("program").enums["ScalarType"]


def _unsigned(width: int) -> IntegerType:
    return IntegerType(width, Signedness.UNSIGNED)


_TYPES: dict[str, Attribute] = {
    "BYTE": _unsigned(8),
    "CHAR": i8,
    "SHORT": i16,
    "INT": i32,
    "LONG": i64,
    "HALF": f16,
    "FLOAT": f32,
    "DOUBLE": f64,
    "BOOL": i1,
    "BFLOAT16": bf16,
    "UINT16": _unsigned(16),
    "UINT32": _unsigned(32),
    "UINT64": _unsigned(64),
    **{name: ScalarType(name) for name in OTHER_SCALARS},
}
_TYPE_OF_NUMBER = {number: _TYPES[name] for name, number in _NUMBERS.items()}
_NUMBER_OF_TYPE = {type: number for number, type in _TYPE_OF_NUMBER.items()}


def scalar_number(element_type: Attribute, where: str) -> int:
    """PyTorch's number of `element_type`. Raises `FormatError` when it has none."""
    number = _NUMBER_OF_TYPE.get(element_type)
    if number is None:
        raise FormatError(where, f"expected an element type that PyTorch has, got {element_type}")
    return number


def element_type(number: int, where: str) -> Attribute:
    """The element type with PyTorch's `number`. Raises `FormatError` when there is none."""
    type = _TYPE_OF_NUMBER.get(number)
    if type is None:
        raise FormatError(where, f"expected a scalar type of PyTorch, got number {number}")
    return type
