"""
Flatbuffers from and to Python dicts, checked, by the schemas in `runtime/schema`.

A table is a dict of its fields by their names in the schema; a union is a pair (member, table). What is absent is read
as an empty string or vector, and as None for a table or a union. Vectors of bytes are read as views of the buffer,
without a copy.

The `flatbuffers` package is not used here: it reads untrusted bytes unchecked, and it takes several times as long to
write (a table's field is a handful of Python calls there, a table is one `struct.pack` here).

Format: https://flatbuffers.dev/internals/. A table starts with the signed distance back to its vtable, which holds
the place of each field inside the table (0: absent). Offsets are unsigned distances forward.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any, TypeAlias

from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import Field, Schema

Table: TypeAlias = dict[str, Any]
Buffer: TypeAlias = bytes | bytearray | memoryview

_U32 = struct.Struct("<I")
_MAX_DEPTH = 32


def decode(schema: Schema, buffer: Buffer) -> Table:
    """
    The root table of `buffer`, with everything below it.

    Raises `FormatError` when an offset or a count leads outside the buffer, or a union's tag is unknown. The file
    identifier is the caller's to check.
    """
    return _Decoder(schema, memoryview(buffer)).decode()


class _Decoder:
    def __init__(self, schema: Schema, buffer: memoryview):
        self.schema = schema
        self.buffer = buffer.cast("B")
        # Shared pieces are legal, but a file that refers to the same bytes over and over could grow without end.
        self.budget = 16 * len(buffer) + 4096

    def decode(self) -> Table:
        return self.table(self.schema.root, self.follow(0, "root"), self.schema.root, 0)

    def take(self, position: int, size: int, where: str) -> None:
        if position < 0 or position + size > len(self.buffer):
            raise FormatError(
                where,
                f"expected {size} bytes at offset {position}, but the buffer ends at {len(self.buffer)}",
            )
        self.budget -= size
        if self.budget < 0:
            raise FormatError(where, f"the {len(self.buffer)} bytes are referred to too many times")

    def follow(self, position: int, where: str) -> int:
        self.take(position, 4, where)
        return position + _U32.unpack_from(self.buffer, position)[0]

    def table(self, name: str, position: int, where: str, depth: int) -> Table:
        if depth > _MAX_DEPTH:
            raise FormatError(where, f"tables are nested deeper than {_MAX_DEPTH}")
        self.take(position, 4, where)
        vtable = position - struct.unpack_from("<i", self.buffer, position)[0]
        self.take(vtable, 4, f"{where} (vtable)")
        vtable_size, table_size = struct.unpack_from("<HH", self.buffer, vtable)
        if vtable_size < 4 or vtable_size % 2:
            raise FormatError(where, f"expected an even vtable size of 4 or more, got {vtable_size}")
        self.take(vtable, vtable_size, f"{where} (vtable)")
        self.take(position, table_size, where)
        slots = struct.unpack_from(f"<{vtable_size // 2 - 2}H", self.buffer, vtable + 4)
        result: Table = {}
        for field in self.schema.tables[name]:
            place = slots[field.slot] if field.slot < len(slots) else 0
            if not place:
                result[field.name] = _absent(field)
                continue
            size = struct.calcsize(field.type) if field.kind == "scalar" else 4
            if place < 4 or place + size > table_size:
                raise FormatError(f"{where}.{field.name}", f"expected a place inside the table, got {place}")
            tag_place = slots[field.slot - 1] if field.kind == "union" else 0
            tag = self.buffer[position + tag_place] if 4 <= tag_place < table_size else 0
            result[field.name] = self.field(field, tag, position + place, f"{where}.{field.name}", depth)
        return result

    def field(self, field: Field, tag: int, position: int, where: str, depth: int) -> Any:
        match field.kind:
            case "scalar":
                return struct.unpack_from("<" + field.type, self.buffer, position)[0]
            case "string":
                return self.string(self.follow(position, where), where)
            case "table":
                return self.table(field.type, self.follow(position, where), where, depth + 1)
            case "union":
                return self.union(field.type, tag, position, where, depth)
            case _:
                return self.vector(field, self.follow(position, where), where, depth)

    def union(self, name: str, tag: int, position: int, where: str, depth: int) -> tuple[str, Table] | None:
        members = self.schema.unions[name]
        if tag == 0:
            return None
        if tag > len(members):
            raise FormatError(
                where, f"expected one of the {len(members)} members of {name}, got number {tag}"
            )
        member, table = members[tag - 1]
        return member, self.table(table, self.follow(position, where), f"{where}<{member}>", depth + 1)

    def string(self, position: int, where: str) -> str:
        self.take(position, 4, where)
        length: int = _U32.unpack_from(self.buffer, position)[0]
        self.take(position + 4, length, where)
        try:
            return str(self.buffer[position + 4 : position + 4 + length], "utf-8")
        except UnicodeDecodeError:
            raise FormatError(where, "expected UTF-8 text") from None

    def vector(self, field: Field, position: int, where: str, depth: int) -> Any:
        self.take(position, 4, where)
        count: int = _U32.unpack_from(self.buffer, position)[0]
        start = position + 4
        if field.kind == "vector of scalar":
            size = struct.calcsize(field.type)
            self.take(start, count * size, where)
            if field.type == "B":
                return self.buffer[start : start + count]
            return list(struct.unpack_from(f"<{count}{field.type}", self.buffer, start))
        self.take(start, count * 4, where)
        targets = (start + 4 * i + _U32.unpack_from(self.buffer, start + 4 * i)[0] for i in range(count))
        if field.kind == "vector of string":
            return [self.string(target, f"{where}[{i}]") for i, target in enumerate(targets)]
        return [
            self.table(field.type, target, f"{where}[{i}]", depth + 1) for i, target in enumerate(targets)
        ]


def _absent(field: Field) -> Any:
    match field.kind:
        case "scalar":
            return field.default
        case "string":
            return ""
        case "table" | "union":
            return None
        case _:
            return memoryview(b"") if field.type == "B" else []


def encode(schema: Schema, root: Table, head: int = 0) -> bytearray:
    """
    `root` as a flatbuffer with the schema's identifier, padded to a multiple of 16 bytes.

    `head` bytes (a multiple of 16) are left free after the identifier, for an extended header. Fields that are left
    out, None, or at their default are not written. Equal strings, and equal vectors of numbers, are written once.

    Raises `FormatError` when a number does not fit its field, and `KeyError` for a field that the schema lacks.
    """
    encoder = _Encoder(schema)
    position = encoder.table(schema.root, root, schema.root)
    return encoder.finish(position, head)


@dataclass(frozen=True)
class _Layout:
    """How a table with a given set of fields lies in memory."""

    vtable: bytes
    packer: struct.Struct
    """The distance to the vtable, then the fields in `order`."""
    order: tuple[int, ...]
    offsets: dict[int, int]
    """Places, inside the table, of the fields that are offsets, by index among the present fields."""
    align: int


class _Encoder:
    """
    Writes from the back to the front, as all offsets point forward: children first, then the table that has them.

    A position is the distance from the end of the buffer, which does not change while the front grows. The finished
    buffer is a multiple of 16 bytes long, so positions are aligned like addresses.
    """

    def __init__(self, schema: Schema):
        self.schema = schema
        self.chunks: list[bytes] = []
        self.size = 0
        self.vtables: dict[bytes, int] = {}
        self.strings: dict[str, int] = {}
        self.vectors: dict[tuple[bytes, int], int] = {}
        self.layouts: dict[tuple[str, tuple[int, ...]], _Layout] = {}
        self.fields = {
            name: {field.name: field for field in fields} for name, fields in schema.tables.items()
        }
        self.tags = {
            name: {member: (tag, table) for tag, (member, table) in enumerate(members, 1)}
            for name, members in schema.unions.items()
        }

    def push(self, chunk: bytes, align: int, lead: int = 0) -> int:
        """Put `chunk` in front, so that its byte `lead` is aligned; return its position."""
        padding = -(self.size + len(chunk) - lead) % align
        if padding:
            self.chunks.append(bytes(padding))
        self.chunks.append(chunk)
        self.size += padding + len(chunk)
        return self.size

    def finish(self, root: int, head: int) -> bytearray:
        total = self.size + 8
        padding = -total % 16
        front = 8 + head + padding
        result = bytearray()
        result += _U32.pack(self.size + front - root)
        result += self.schema.identifier.encode()
        result += bytes(head + padding)
        for chunk in reversed(self.chunks):
            result += chunk
        return result

    def table(self, name: str, table: Table, where: str) -> int:
        fields = self.fields[name]
        slots: list[int] = []
        values: list[Any] = []
        for key, value in table.items():
            field = fields[key]
            if value is None:
                continue
            kind = field.kind
            if kind == "scalar":
                # -0.0 equals 0.0, and is another number.
                if value == field.default and (value != 0 or math.copysign(1.0, value) > 0):
                    continue
            elif kind == "string":
                value = self.string(value)
            elif kind == "table":
                value = self.table(field.type, value, f"{where}.{key}")
            elif kind == "union":
                member, child = value
                tag, child_name = self.tags[field.type][member]
                slots.append(field.slot - 1)
                values.append(tag)
                value = self.table(child_name, child, f"{where}.{key}")
            else:
                value = self.vector(field, value, f"{where}.{key}")
            slots.append(field.slot)
            values.append(value)
        slots_key = (name, tuple(slots))
        layout = self.layouts.get(slots_key)
        if layout is None:
            layout = self.layouts[slots_key] = self.layout(name, slots)

        size = layout.packer.size
        # The table's own start is aligned for its offset to the vtable; wide fields come right behind those 4 bytes.
        position = self.size + size
        position += -(position - 4) % layout.align if layout.align > 4 else -position % 4
        vtable_position = self.vtables.get(layout.vtable)
        distance = (vtable_position or position + len(layout.vtable)) - position
        for index, place in layout.offsets.items():
            values[index] = position - place - values[index]
        try:
            chunk = layout.packer.pack(distance, *[values[index] for index in layout.order])
        except struct.error as error:
            raise FormatError(where, f"a number does not fit its field ({error})") from None
        padding = position - self.size - size
        if padding:
            self.chunks.append(bytes(padding))
        self.chunks.append(chunk)
        self.size = position
        if vtable_position is None:
            self.chunks.append(layout.vtable)
            self.size += len(layout.vtable)
            self.vtables[layout.vtable] = self.size
        return position

    def layout(self, name: str, slots: list[int]) -> _Layout:
        by_slot = {field.slot: field for field in self.schema.tables[name]}
        formats: list[str] = []
        for slot in slots:
            field = by_slot.get(slot)
            # A slot without a field of its own is a union's tag.
            formats.append("B" if field is None else field.type if field.kind == "scalar" else "I")
        # Widest first: no gaps between the fields.
        order = tuple(sorted(range(len(slots)), key=lambda index: -struct.calcsize(formats[index])))
        places: dict[int, int] = {}
        place = 4
        for index in order:
            places[index] = place
            place += struct.calcsize(formats[index])
        vtable = [0] * (max(slots) + 1 if slots else 0)
        for index, slot in enumerate(slots):
            vtable[slot] = places[index]
        padding = -place % 4
        offsets = {
            index: places[index]
            for index, slot in enumerate(slots)
            if (field := by_slot.get(slot)) is not None and field.kind != "scalar"
        }
        return _Layout(
            struct.pack(f"<{len(vtable) + 2}H", 4 + 2 * len(vtable), place, *vtable),
            struct.Struct("<i" + "".join(formats[index] for index in order) + f"{padding}x"),
            order,
            offsets,
            8 if any(struct.calcsize(format) == 8 for format in formats) else 4,
        )

    def string(self, text: str) -> int:
        position = self.strings.get(text)
        if position is None:
            data = text.encode()
            position = self.push(_U32.pack(len(data)) + data + bytes(1 + -(len(data) + 1) % 4), 4)
            self.strings[text] = position
        return position

    def vector(self, field: Field, items: Any, where: str) -> int:
        count = len(items)
        if field.kind == "vector of scalar":
            try:
                data = bytes(items) if field.type == "B" else struct.pack(f"<{count}{field.type}", *items)
            except (struct.error, ValueError) as error:
                raise FormatError(where, f"a number does not fit its field ({error})") from None
            align = max(struct.calcsize(field.type), field.align, 4)
            chunk = _U32.pack(count) + data + bytes(-len(data) % 4)
            position = self.vectors.get((chunk, align))
            if position is None:
                position = self.vectors[chunk, align] = self.push(chunk, align, lead=4)
            return position
        if field.kind == "vector of string":
            children = [self.string(item) for item in items]
        else:
            children = [self.table(field.type, item, f"{where}[{index}]") for index, item in enumerate(items)]
        position = self.size + 4 + 4 * count
        position += -position % 4
        distances = [position - 4 - 4 * index - child for index, child in enumerate(children)]
        return self.push(struct.pack(f"<{count + 1}I", count, *distances), 4)
