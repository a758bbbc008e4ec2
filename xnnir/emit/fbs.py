"""
Reads flatbuffer schemas (`.fbs` files) into the tables that `xnnir.emit.flatbuffer` works by.

The C++ runtime's readers are generated from the same files, so there is one description of each format. Only what
those files use is understood: enums, unions with aliases, tables with scalars, strings, tables, unions and vectors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

SCALAR_FORMATS = {
    "bool": "?",
    "byte": "b",
    "ubyte": "B",
    "short": "h",
    "ushort": "H",
    "int": "i",
    "uint": "I",
    "float": "f",
    "long": "q",
    "ulong": "Q",
    "double": "d",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
}
"""`struct` formats of the scalar types."""

SCHEMA_FOLDER = Path(__file__).parent / "schema"

_TOKEN = re.compile(r'//[^\n]*|\s+|(?P<token>"[^"]*"|[A-Za-z_][\w.]*|-?\d+|[{}\[\]():;,=])')


@dataclass(frozen=True)
class Field:
    """A field of a table; `slot` is its place in the vtable."""

    name: str
    slot: int
    kind: str
    """`scalar`, `string`, `table`, `union`, or the same after `vector of `."""
    type: str
    """The `struct` format of a scalar, else the name of the table or union."""
    default: int | float | bool = 0
    align: int = 1
    """`force_align` of a vector's first element."""


@dataclass
class Schema:
    """One `.fbs` file."""

    identifier: str = ""
    root: str = ""
    tables: dict[str, tuple[Field, ...]] = field(default_factory=dict[str, tuple[Field, ...]])
    unions: dict[str, tuple[tuple[str, str], ...]] = field(
        default_factory=dict[str, tuple[tuple[str, str], ...]]
    )
    """Members (name, table) in order of their tags, which start at 1."""
    enums: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    enum_formats: dict[str, str] = field(default_factory=dict[str, str])


@cache
def load_schema(name: str) -> Schema:
    """The schema `name` ("program", "xnnpack" or "flat_tensor")."""
    return parse_schema((SCHEMA_FOLDER / f"{name}.fbs").read_text())


def parse_schema(text: str) -> Schema:
    """Read the text of a schema. Raises `ValueError` for what is not understood."""
    return _SchemaParser(text).parse()


class _SchemaParser:
    def __init__(self, text: str):
        self.tokens: list[str] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ValueError(f"cannot read the schema at '{text[position : position + 20]}'")
            if match["token"]:
                self.tokens.append(match["token"])
            position = match.end()
        self.tokens.reverse()
        self.schema = Schema()
        # Fields may name enums and tables that come later, so their types are settled at the end.
        self.raw_tables: dict[str, list[tuple[str, str, bool, str, dict[str, str]]]] = {}

    def take(self, expected: str | None = None) -> str:
        token = self.tokens.pop() if self.tokens else "end of text"
        if expected is not None and token != expected:
            raise ValueError(f"expected '{expected}' in the schema, got '{token}'")
        return token

    def accept(self, token: str) -> bool:
        if self.tokens and self.tokens[-1] == token:
            self.tokens.pop()
            return True
        return False

    def parse(self) -> Schema:
        while self.tokens:
            match keyword := self.take():
                case "namespace" | "file_extension":
                    self.take()
                    self.take(";")
                case "file_identifier":
                    self.schema.identifier = self.take().strip('"')
                    self.take(";")
                case "root_type":
                    self.schema.root = self.take()
                    self.take(";")
                case "enum":
                    self.parse_enum()
                case "union":
                    self.parse_union()
                case "table":
                    self.parse_table()
                case _:
                    raise ValueError(f"expected a declaration in the schema, got '{keyword}'")
        for name, fields in self.raw_tables.items():
            self.schema.tables[name] = self.resolve(fields)
        return self.schema

    def parse_enum(self) -> None:
        name = self.take()
        self.take(":")
        self.schema.enum_formats[name] = SCALAR_FORMATS[self.take()]
        self.take("{")
        values: dict[str, int] = {}
        while not self.accept("}"):
            member = self.take()
            self.take("=")
            values[member] = int(self.take())
            self.accept(",")
        self.schema.enums[name] = values

    def parse_union(self) -> None:
        name = self.take()
        self.take("{")
        members: list[tuple[str, str]] = []
        while not self.accept("}"):
            member = self.take()
            members.append((member, self.take() if self.accept(":") else member))
            self.accept(",")
        self.schema.unions[name] = tuple(members)

    def parse_table(self) -> None:
        name = self.take()
        self.take("{")
        fields: list[tuple[str, str, bool, str, dict[str, str]]] = []
        while not self.accept("}"):
            field_name = self.take()
            self.take(":")
            is_vector = self.accept("[")
            type_name = self.take()
            if is_vector:
                self.take("]")
            default = self.take() if self.accept("=") else ""
            attributes: dict[str, str] = {}
            if self.accept("("):
                while not self.accept(")"):
                    attribute = self.take()
                    attributes[attribute] = self.take() if self.accept(":") else ""
                    self.accept(",")
            self.take(";")
            fields.append((field_name, type_name, is_vector, default, attributes))
        self.raw_tables[name] = fields

    def resolve(self, raw: list[tuple[str, str, bool, str, dict[str, str]]]) -> tuple[Field, ...]:
        fields: list[Field] = []
        slot = 0
        for name, type_name, is_vector, default_text, attributes in raw:
            if (
                scalar := SCALAR_FORMATS.get(type_name) or self.schema.enum_formats.get(type_name)
            ) is not None:
                kind, type = "scalar", scalar
            elif type_name == "string":
                kind, type = "string", ""
            elif type_name in self.schema.unions:
                kind, type = "union", type_name
                slot += 1  # a union takes two slots: its tag, then its offset
            elif type_name in self.raw_tables:
                kind, type = "table", type_name
            else:
                raise ValueError(f"unknown type '{type_name}' of field '{name}' in the schema")
            default: int | float | bool = False if type == "?" else 0.0 if type in ("f", "d") else 0
            if default_text:
                named = self.schema.enums.get(type_name, {}).get(default_text)
                default = int(default_text) if named is None else named
            if "deprecated" not in attributes:
                align = int(attributes.get("force_align", "1"))
                fields.append(
                    Field(name, slot, f"vector of {kind}" if is_vector else kind, type, default, align)
                )
            slot += 1
        return tuple(fields)
