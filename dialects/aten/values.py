"""
The values that arguments of ATen operators have, and the attribute that holds them.

    (%, %, None, [2, 2], [1, 1], 1)

An argument is a Python value: None, a bool, an int, a float, a str, a `Dtype`, a `MemoryFormat`, a `Layout`, a
`Device`, a tuple of those, or `OPERAND`, which holds the place of an SSA operand: a tensor, or a number known at run
time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from xdsl.dialects.builtin import (
    BFloat16Type,
    ComplexType,
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    Signedness,
)
from xdsl.ir import Attribute, Data, SSAValue
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer


class _Operand:
    """The type of `OPERAND`."""

    def __repr__(self) -> str:
        return "%"

    def __reduce__(self) -> str:
        return "OPERAND"


OPERAND = _Operand()
"""Stands for the next operand of the op."""


class _TorchName(str):
    """A name that torch gives to a value: equal to the plain string, printed as Python spells it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.{self}"


class Dtype(_TorchName):
    """An element type by torch's name: `op.arg("dtype") == "float32"`, printed `torch.float32`."""

    __slots__ = ()


class MemoryFormat(_TorchName):
    """`contiguous_format`, `preserve_format`, `channels_last` or `channels_last_3d`."""

    __slots__ = ()


class Layout(_TorchName):
    """`strided`, or one of torch's sparse layouts."""

    __slots__ = ()


class Device(_TorchName):
    """A device: `cpu`, `cuda:0`; printed `torch.device("cpu")`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f'torch.device("{self}")'


_MEMORY_FORMATS = frozenset(("contiguous_format", "preserve_format", "channels_last", "channels_last_3d"))
_LAYOUTS = frozenset(
    ("strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged", "_mkldnn")
)

if TYPE_CHECKING:
    Value: TypeAlias = bool | int | float | str | _Operand | tuple["Value", ...] | None
    """An argument as an op stores it."""
    Resolved: TypeAlias = bool | int | float | str | SSAValue | tuple["Resolved", ...] | None
    """An argument with its operands in their places."""
else:
    Value = Any
    Resolved = Any

ELEMENT_TYPES: dict[str, Attribute] = {
    "float32": Float32Type(),
    "float64": Float64Type(),
    "float16": Float16Type(),
    "bfloat16": BFloat16Type(),
    "bool": IntegerType(1),
    "int8": IntegerType(8),
    "int16": IntegerType(16),
    "int32": IntegerType(32),
    "int64": IntegerType(64),
    "uint8": IntegerType(8, Signedness.UNSIGNED),
    "uint16": IntegerType(16, Signedness.UNSIGNED),
    "uint32": IntegerType(32, Signedness.UNSIGNED),
    "uint64": IntegerType(64, Signedness.UNSIGNED),
    "complex64": ComplexType(Float32Type()),
    "complex128": ComplexType(Float64Type()),
}
"""Element types of tensors by the names of torch's dtypes."""

DTYPES: dict[Attribute, Dtype] = {type_: Dtype(name) for name, type_ in ELEMENT_TYPES.items()}
"""torch's dtypes by the element types that stand for them."""


@irdl_attr_definition
class Arguments(Data[Any]):
    """
    All arguments of a call in the order of the schema, defaults filled in: `#aten.arguments<(%, %, None, [2, 2], 1)>`.

    Equality tells 1, 1.0 and true apart, as PyTorch's type promotion does.
    """

    name = "aten.arguments"

    data: tuple[Value, ...]

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Arguments) and repr(self.data) == repr(other.data))

    def __hash__(self) -> int:
        return hash(repr(self.data))

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[Value, ...]:
        with parser.in_angle_brackets():
            items = parser.parse_comma_separated_list(
                parser.Delimiter.PAREN, lambda: parse_value(parser, lambda: _parse_placeholder(parser))
            )
        return tuple(items)

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets(), printer.in_parens():
            printer.print_list(
                self.data, lambda value: print_value(printer, value, lambda: printer.print_string("_"))
            )


def _parse_placeholder(parser: AttrParser) -> Value | None:
    return OPERAND if parser.parse_optional_keyword("_") is not None else None


def parse_value(parser: AttrParser, parse_operand: Callable[[], Any]) -> Any:
    """Parse an argument. `parse_operand` is asked first, and returns None where no operand begins."""
    if (operand := parse_operand()) is not None:
        return operand
    elements = parser.parse_optional_comma_separated_list(
        parser.Delimiter.SQUARE, lambda: parse_value(parser, parse_operand)
    )
    if elements is not None:
        return tuple(elements)
    if (text := parser.parse_optional_str_literal()) is not None:
        return text
    if (data := parser.parse_optional_bytes_literal()) is not None:  # a string with characters beyond ASCII
        try:
            return data.decode()
        except UnicodeDecodeError:
            parser.raise_error("expected a string in UTF-8")
    if (word := parser.parse_optional_identifier()) is not None:
        return named_value(parser, word)
    if parser.parse_optional_punctuation("-") is not None:
        if (word := parser.parse_optional_identifier()) == "inf":
            return -math.inf
        return -parser.parse_number()
    if (number := parser.parse_optional_number()) is not None:
        return number
    parser.raise_error("expected an operand, a number, a string, a list, None, true, false or a torch name")


def named_value(parser: AttrParser, word: str) -> Value:
    """The value that an identifier stands for; raises a parse error for an unknown one."""
    match word:
        case "None":
            return None
        case "true" | "false":
            return word == "true"
        case "inf" | "nan":
            return float(word)
        case "torch.device":
            with parser.in_parens():
                return Device(parser.parse_str_literal())
        case _:
            pass
    if not word.startswith("torch."):
        parser.raise_error(
            f"expected None, true, false, inf, nan or a torch name such as torch.float32, got {word}"
        )
    name = word.removeprefix("torch.")
    if name in _MEMORY_FORMATS:
        return MemoryFormat(name)
    return Layout(name) if name in _LAYOUTS else Dtype(name)


def print_value(printer: Printer, value: Any, print_operand: Callable[[], None]) -> None:
    """Print an argument so that `parse_value` reads it back exactly; `print_operand` prints the next operand."""
    match value:
        case _Operand():
            print_operand()
        case tuple():
            items = cast(tuple[Any, ...], value)
            with printer.in_square_brackets():
                printer.print_list(items, lambda item: print_value(printer, item, print_operand))
        case bool():
            printer.print_string("true" if value else "false")
        case float():
            printer.print_string(_float_text(value))
        case _TorchName():
            printer.print_string(repr(value))
        case str():
            printer.print_string_literal(value)
        case _:
            printer.print_string(str(value))


def _float_text(value: float) -> str:
    text = repr(value)
    if "e" in text and "." not in text:  # a float token needs a dot
        mantissa, _, exponent = text.partition("e")
        return f"{mantissa}.0e{exponent}"
    return text


def operand_count(value: Value) -> int:
    """How many operands `value` has places for."""
    if isinstance(value, tuple):
        return sum(operand_count(item) for item in value)
    return 1 if value is OPERAND else 0


def resolve(value: Value, operands: Iterator[SSAValue]) -> Resolved:
    """`value` with its places taken by `operands` in order."""
    if isinstance(value, tuple):
        return tuple(resolve(item, operands) for item in value)
    return next(operands) if isinstance(value, _Operand) else value


def store(value: Any, operands: list[SSAValue]) -> Value:
    """The reverse of `resolve`: move the SSA values in `value` to `operands`."""
    if isinstance(value, SSAValue):
        operands.append(cast(SSAValue, value))
        return OPERAND
    if isinstance(value, (tuple, list)):
        return tuple(store(item, operands) for item in value)  # pyright: ignore[reportUnknownVariableType]
    return value
