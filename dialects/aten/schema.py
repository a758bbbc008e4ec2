"""
Operator schemas, read from the text that torch prints them as:

    aten::cat(Tensor[] tensors, int dim=0) -> Tensor

The grammar is that of `aten/src/ATen/native/README.md` in PyTorch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from xnnir.dialects.aten.values import Dtype, MemoryFormat, Value

_TOKEN = re.compile(
    r"""\s*(->|"(?:[^"\\]|\\.)*"|-?[0-9.]+(?:e[-+]?[0-9]+)?|-inf|[A-Za-z_][\w.:]*|[()\[\]*?=,!|])"""
)


class SchemaError(ValueError):
    """A schema string that does not follow the grammar."""


@dataclass(frozen=True)
class SchemaType:
    """
    The type of an argument or result.

    base:
        `Tensor`, `Scalar`, `int`, `SymInt`, `float`, `bool`, `str`, `ScalarType`, `Layout`, `Device`, `MemoryFormat`,
        `Generator`, ...
    is_list, size:
        `SymInt[2]` is a list of size 2: one number stands for two equal ones. The size is None for any length.
    is_optional, is_element_optional:
        `Tensor[]?` and `Tensor?[]`.
    alias, is_written:
        The alias set `a` of `Tensor(a!)`, and that `!` was in it; empty where nothing is aliased.
    """

    base: str
    is_list: bool = False
    size: int | None = None
    is_optional: bool = False
    is_element_optional: bool = False
    alias: str = ""
    is_written: bool = False

    @property
    def element(self) -> SchemaType:
        """The type of the elements of a list."""
        return SchemaType(self.base, is_optional=self.is_element_optional)

    def __str__(self) -> str:
        text = self.base + "?" * self.is_element_optional
        if self.is_list:
            text += f"[{'' if self.size is None else self.size}]"
        return text + "?" * self.is_optional


@dataclass(frozen=True)
class Argument:
    """One argument. `default` means something only where `has_default`."""

    name: str
    type: SchemaType
    has_default: bool = False
    default: Value = None
    is_keyword_only: bool = False


@dataclass(frozen=True)
class Schema:
    """An operator overload: `aten::cat` with the empty overload name, its arguments and its results."""

    name: str
    overload: str
    arguments: tuple[Argument, ...]
    returns: tuple[SchemaType, ...]
    positions: dict[str, int] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        positions = {argument.name: index for index, argument in enumerate(self.arguments)}
        object.__setattr__(self, "positions", positions)

    @cached_property
    def is_mutable(self) -> bool:
        """Whether a call writes to one of its arguments."""
        return any(argument.type.is_written for argument in self.arguments)

    @cached_property
    def aliased_argument(self) -> int | None:
        """The position of the argument that the first result may share memory with."""
        if not self.returns or not self.returns[0].alias:
            return None
        sets = set(self.returns[0].alias.split("|"))
        return next(
            (i for i, argument in enumerate(self.arguments) if sets & set(argument.type.alias.split("|"))),
            None,
        )


class _Reader:
    def __init__(self, text: str):
        self.text = text
        self.tokens = list(_tokens(text))
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def accept(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.position += 1
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise SchemaError(f"expected '{token}', got '{self.peek()}' in schema '{self.text}'")

    def name(self) -> str:
        token = self.take()
        if not re.fullmatch(r"[A-Za-z_][\w.:]*", token):
            raise SchemaError(f"expected a name, got '{token}' in schema '{self.text}'")
        return token

    def type(self) -> SchemaType:
        base, alias, is_written = self.name(), "", False
        if base == "number":
            base = "Scalar"
        if self.accept("("):
            while not self.accept(")"):
                token = self.take()
                if token in ("", "->"):  # `a -> *`: the list's elements alias, which is as good as the list
                    if not self.accept("*"):
                        raise SchemaError(
                            f"expected an alias set, got '{self.peek()}' in schema '{self.text}'"
                        )
                elif token == "!":
                    is_written = True
                else:
                    alias += token
        is_element_optional = self.accept("?")
        if self.accept("["):
            size = None if self.peek() == "]" else int(self.take())
            self.expect("]")
            if self.accept("("):  # the alias set of what is in a list may follow it
                while not self.accept(")"):
                    self.take()
            return SchemaType(base, True, size, self.accept("?"), is_element_optional, alias, is_written)
        return SchemaType(base, False, None, is_element_optional, False, alias, is_written)

    def argument(self, is_keyword_only: bool) -> Argument:
        type_, name = self.type(), self.name()
        if not self.accept("="):
            return Argument(name, type_, is_keyword_only=is_keyword_only)
        return Argument(name, type_, True, typed_value(type_, self.value()), is_keyword_only)

    def value(self) -> Value:
        if self.accept("["):
            items: list[Value] = []
            while not self.accept("]"):
                items.append(self.value())
                self.accept(",")
            return tuple(items)
        token = self.take()
        match token:
            case "None":
                return None
            case "True" | "False":
                return token == "True"
            case _:
                pass
        if token.startswith('"'):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        try:
            return float(token) if re.search(r"[.e]|inf|nan", token) else int(token)
        except ValueError:
            raise SchemaError(f"expected a default value, got '{token}' in schema '{self.text}'") from None


def parse_schema(text: str) -> Schema:
    """Read one schema as torch prints it. Raises `SchemaError`."""
    reader = _Reader(text)
    qualified = reader.name()
    name, _, overload = qualified.partition(".")
    reader.expect("(")
    arguments: list[Argument] = []
    is_keyword_only = False
    while not reader.accept(")"):
        if reader.accept("*"):
            is_keyword_only = True
        else:
            arguments.append(reader.argument(is_keyword_only))
        if reader.peek() != ")":
            reader.expect(",")
    reader.expect("->")
    returns: list[SchemaType] = []
    if reader.accept("("):
        while not reader.accept(")"):
            returns.append(reader.type())
            if reader.peek() not in (",", ")"):
                reader.name()
            reader.accept(",")
    else:
        returns.append(reader.type())
        if reader.peek():
            reader.name()
    if reader.peek():
        raise SchemaError(f"expected the end, got '{reader.peek()}' in schema '{text}'")
    return Schema(name, overload, tuple(arguments), tuple(returns))


# torch prints the defaults of its enumerations as numbers (c10/core/ScalarType.h, MemoryFormat.h).
_SCALAR_TYPES = ("uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
_MEMORY_FORMATS = ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")


def typed_value(type_: SchemaType, value: Value) -> Value:
    """`value` as an argument of `type_`: enumerators by name, lists filled, whole numbers for floats as floats."""
    if type_.is_list:
        return fill_list(type_, value)
    if isinstance(value, int) and not isinstance(value, bool):
        match type_.base:
            case "ScalarType":
                return Dtype(_SCALAR_TYPES[value])
            case "MemoryFormat":
                return MemoryFormat(_MEMORY_FORMATS[value])
            case "float":
                return float(value)
            case _:
                pass
    return value


def fill_list(type_: SchemaType, value: Value) -> Value:
    """
    `value` as an argument of the list type `type_`: a number given for a list of known size stands for that many, and
    so does a list of one.
    """
    if value is None:
        return value
    if not isinstance(value, tuple):
        return (value,) * (type_.size or 1)
    return value * type_.size if len(value) == 1 and type_.size is not None else value


def _tokens(text: str) -> Iterator[str]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise SchemaError(f"unexpected '{text[position:].strip()[:1]}' in schema '{text}'")
        position = match.end()
        yield match.group(1)
