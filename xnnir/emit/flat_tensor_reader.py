"""Reads .ptd files: tensors and other bytes by name, which programs share."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute

from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import load_schema
from xnnir.emit.flatbuffer import decode
from xnnir.emit.headers import FlatTensorHeader
from xnnir.emit.scalar_types import element_type


@dataclass(frozen=True)
class NamedBytes:
    """An entry of a .ptd file."""

    data: memoryview
    """The bytes, without a copy."""
    type: TensorType[Attribute] | None
    """Logical sizes and element type; None for bytes that are no tensor."""
    dim_order: tuple[int, ...]
    """The dimensions as they lie in memory, outermost first."""


def read_flat_tensor(data: bytes | memoryview) -> dict[str, NamedBytes]:
    """The entries of a .ptd file by name. Raises `FormatError` for what is not one, or is damaged."""
    view = memoryview(data)
    if len(view) < 8 or bytes(view[4:8]) != b"FT01":
        raise FormatError("file identifier", "expected FT01 at byte 4: not a .ptd file")
    header = FlatTensorHeader.read(view)
    # The header stands in the middle of the flatbuffer, whose offsets start at the file's first byte.
    flatbuffer = view[: header.flatbuffer_offset + header.flatbuffer_size]
    root = decode(load_schema("flat_tensor"), flatbuffer)
    segments = root["segments"]
    result: dict[str, NamedBytes] = {}
    for number, entry in enumerate(root["named_data"]):
        where = f"FlatTensor.named_data[{number}]"
        key, index, layout = entry["key"], entry["segment_index"], entry["tensor_layout"]
        if not key or key in result:
            raise FormatError(f"{where}.key", f"expected a name of its own, got '{key}'")
        if index >= len(segments):
            raise FormatError(
                f"{where}.segment_index", f"expected one of {len(segments)} segments, got number {index}"
            )
        offset, size = segments[index]["offset"], segments[index]["size"]
        if offset + size > header.segment_size:
            raise FormatError(
                f"FlatTensor.segments[{index}]",
                f"expected bytes within the {header.segment_size} of all segments, got {size} at {offset}",
            )
        start = header.segment_base + offset
        type, dim_order = None, ()
        if layout is not None:
            sizes: list[int] = layout["sizes"]
            if any(size < 0 for size in sizes):
                raise FormatError(f"{where}.tensor_layout.sizes", f"expected sizes of 0 or more, got {sizes}")
            type = TensorType(
                element_type(layout["scalar_type"], f"{where}.tensor_layout.scalar_type"), sizes
            )
            dim_order = tuple(layout["dim_order"])
        result[key] = NamedBytes(view[start : start + size], type, dim_order)
    return result
