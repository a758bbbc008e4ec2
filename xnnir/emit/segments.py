"""The part of a .pte file behind the flatbuffer: segments, each at a multiple of 128 bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from xnnir.dialects.weights import WeightAttr, WeightStore

SEGMENT_ALIGNMENT = 128
TENSOR_ALIGNMENT = 16
"""Of each constant within the constant segment."""

KEY_DIGITS = 32
"""Of a SHA-256, in a key: each key stands twice in a file, and equal ones of 128 bits need 2**64 tries to find."""

Bytes = bytes | memoryview


def content_key(sha256: str) -> str:
    """The key of named data by the hexadecimal SHA-256 of its bytes; the IR's handles of weights begin it."""
    return sha256[:KEY_DIGITS]


class Segments:
    """
    Segments in the order in which they were added; equal bytes are one segment. Nothing is copied.

    It is also where delegates put their named data.
    """

    def __init__(self) -> None:
        self.tables: list[dict[str, int]] = []
        """`DataSegment` tables."""
        self.named: dict[str, int] = {}
        """Segment of each key of named data."""
        self.size = 0
        """Bytes from the start of the first segment to the end of the last."""
        self._pieces: list[tuple[int, Bytes]] = []
        self._by_hash: dict[str, int] = {}

    def append(self, pieces: list[Bytes], *, alignment: int = 1) -> int:
        """One segment of several pieces, each at a multiple of `alignment` bytes; returns its index."""
        start = align(self.size, SEGMENT_ALIGNMENT)
        end = start
        for piece in pieces:
            end = align(end, alignment)
            self._pieces.append((end, piece))
            end += len(piece)
        self.tables.append({"offset": start, "size": end - start})
        self.size = end
        return len(self.tables) - 1

    def append_once(self, data: Bytes, sha256: str | None = None) -> int:
        """A segment of these bytes, or the one that has them already."""
        sha256 = sha256 or hashlib.sha256(data).hexdigest()
        index = self._by_hash.get(sha256)
        if index is None:
            index = self._by_hash[sha256] = self.append([data])
        return index

    def write_pieces(self) -> Iterator[Bytes]:
        """The bytes of all segments with the padding between them, in order."""
        position = 0
        for offset, piece in self._pieces:
            if offset > position:
                yield bytes(offset - position)
            yield piece
            position = offset + len(piece)


class NamedData:
    """What delegates look up by key; becomes segments once the delegates' own are written."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[memoryview, str | None]] = {}

    def add(self, key: str, data: memoryview, sha256: str | None = None) -> None:
        """Keep `data` under `key`, unless the key is there; the bytes' `sha256`, where known, saves a look at them."""
        self._entries.setdefault(key, (data, sha256))

    def append_to(self, segments: Segments) -> list[dict[str, Any]]:
        """Make a segment of each; returns the `NamedData` tables."""
        return [
            {"key": key, "segment_index": segments.append_once(data, sha256)}
            for key, (data, sha256) in self._entries.items()
        ]


class TensorData:
    """Bytes of tensors that share one segment; entry 0 stands for none."""

    def __init__(self, store: WeightStore):
        self.pieces: list[Bytes] = []
        self.offsets = [0]
        self._store = store
        self._size = 0
        self._indices: dict[WeightAttr, int] = {}

    def add(self, weight: WeightAttr) -> int:
        """The index of the bytes of `weight`; equal ones are kept once. Raises `MissingWeightError`."""
        index = self._indices.get(weight)
        if index is None:
            data = self._store.bytes(weight)
            self._size = align(self._size, TENSOR_ALIGNMENT)
            self.offsets.append(self._size)
            self.pieces.append(data)
            self._size += len(data)
            index = self._indices[weight] = len(self.offsets) - 1
        return index


def align(offset: int, alignment: int) -> int:
    """The next multiple of `alignment`."""
    return -(-offset // alignment) * alignment
