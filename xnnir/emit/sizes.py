"""
The sizes that inputs of a method may have, as named data `xnnir.sizes.<method>`: rows of seven little-endian int64.

    input, dimension, scale, symbol, offset, smallest, largest

The dimension of the input is of size scale * symbol + offset, from `smallest` to `largest`; symbols are numbered, and
the same in all rows. Dimension -1 is the input itself, a number. Runtimes that do not know the name ignore it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from xnnir.emit.errors import FormatError

SIZES_KEY = "xnnir.sizes."

_ROW = struct.Struct("<7q")


def encode_sizes(rows: Sequence[Sequence[int]]) -> bytes:
    """The bytes of `rows`."""
    return b"".join(_ROW.pack(*row) for row in rows)


def decode_sizes(data: memoryview, where: str) -> list[tuple[int, ...]]:
    """The rows that `encode_sizes` wrote. Raises `FormatError` for bytes that are not whole rows."""
    if len(data) % _ROW.size:
        raise FormatError(where, f"expected rows of {_ROW.size} bytes, got {len(data)} bytes")
    return list(_ROW.iter_unpack(data))
