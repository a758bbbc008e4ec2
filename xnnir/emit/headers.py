"""
The fixed headers around the flatbuffers. All numbers are little-endian.

| header | file | at | fields |
|---|---|---|---|
| `eh00` | .pte | 8, behind the flatbuffer's root offset and identifier | u32 length (32; 24 in old files), u64 program size, u64 segment base, u64 segment bytes |
| `FH01` | .ptd | 8 | u32 length (40), u64 flatbuffer offset, u64 flatbuffer size, u64 segment base, u64 segment bytes |
| `XH00` | XNNPACK delegate blob | 4, behind four zeros | u16 length (30), u32 flatbuffer offset, u32 flatbuffer size, u32 constants' offset, u64 constants' bytes |
"""  # noqa: E501

from __future__ import annotations

import struct
from dataclasses import dataclass

from xnnir.emit.errors import FormatError

Buffer = bytes | bytearray | memoryview

PROGRAM_HEADER_SIZE = 32
_PROGRAM = struct.Struct("<4sIQQQ")
_PROGRAM_OLD_LENGTH = 24

DELEGATE_HEADER_SIZE = 32
"""30 bytes, padded so that the flatbuffer behind is aligned to 16."""
_DELEGATE = struct.Struct("<4x4sHIIIQ")
_DELEGATE_LENGTH = 30

_FLAT_TENSOR = struct.Struct("<4sIQQQQ")


@dataclass(frozen=True)
class ProgramHeader:
    """`eh00`. Offsets and sizes in bytes; segment offsets are relative to `segment_base`."""

    program_size: int
    segment_base: int
    segment_size: int

    def pack(self) -> bytes:
        return _PROGRAM.pack(
            b"eh00", PROGRAM_HEADER_SIZE, self.program_size, self.segment_base, self.segment_size
        )

    @staticmethod
    def read(data: Buffer) -> ProgramHeader | None:
        """
        The header of a .pte file; None when there is none, and the whole file is one flatbuffer.

        Raises `FormatError` when the file is shorter than the header says.
        """
        if len(data) < 8 + _PROGRAM.size or bytes(data[8:12]) != b"eh00":
            return None
        _, length, program_size, segment_base, segment_size = _PROGRAM.unpack_from(data, 8)
        if length < _PROGRAM_OLD_LENGTH:
            raise FormatError(
                "extended header.length", f"expected {_PROGRAM_OLD_LENGTH} or more, got {length}"
            )
        if length < PROGRAM_HEADER_SIZE:
            segment_size = 0  # files from before this field: segments go on to the end of the file
        header = ProgramHeader(program_size, segment_base, segment_size)
        if program_size > len(data):
            raise FormatError(
                "extended header.program_size",
                f"expected at most the file's {len(data)} bytes, got {program_size}",
            )
        if segment_base + segment_size > len(data):
            raise FormatError(
                "extended header.segment_data_size",
                f"expected segments that end within the file's {len(data)} bytes, got {segment_size} bytes "
                f"at {segment_base}; the file is incomplete",
            )
        return header


@dataclass(frozen=True)
class DelegateHeader:
    """`XH00`. Offsets are relative to the start of the blob."""

    flatbuffer_offset: int
    flatbuffer_size: int
    constants_offset: int
    constants_size: int

    def pack(self) -> bytes:
        packed = _DELEGATE.pack(
            b"XH00",
            _DELEGATE_LENGTH,
            self.flatbuffer_offset,
            self.flatbuffer_size,
            self.constants_offset,
            self.constants_size,
        )
        return packed + bytes(DELEGATE_HEADER_SIZE - len(packed))

    @staticmethod
    def read(blob: Buffer) -> DelegateHeader | None:
        """
        The header of a delegate blob; None when there is none, and the whole blob is one flatbuffer.

        Raises `FormatError` when a region lies outside the blob.
        """
        if len(blob) < _DELEGATE_LENGTH or bytes(blob[4:8]) != b"XH00":
            return None
        header = DelegateHeader(*_DELEGATE.unpack_from(blob, 0)[2:])
        for what, offset, size in (
            ("flatbuffer", header.flatbuffer_offset, header.flatbuffer_size),
            ("constant data", header.constants_offset, header.constants_size),
        ):
            if size and offset + size > len(blob):
                raise FormatError(
                    f"XH00 header.{what}",
                    f"expected a region within the blob's {len(blob)} bytes, got {size} bytes at {offset}",
                )
        if header.flatbuffer_size < 8:
            raise FormatError(
                "XH00 header.flatbuffer", f"expected 8 bytes or more, got {header.flatbuffer_size}"
            )
        return header


@dataclass(frozen=True)
class FlatTensorHeader:
    """`FH01`. Offsets are relative to the start of the file; the flatbuffer's is that of its part behind the header."""

    flatbuffer_offset: int
    flatbuffer_size: int
    segment_base: int
    segment_size: int

    @staticmethod
    def read(data: Buffer) -> FlatTensorHeader:
        """The header of a .ptd file. Raises `FormatError` when there is none, or a region lies outside the file."""
        if len(data) < 8 + _FLAT_TENSOR.size or bytes(data[8:12]) != b"FH01":
            raise FormatError("header", "expected FH01 at byte 8: not a .ptd file")
        header = FlatTensorHeader(*_FLAT_TENSOR.unpack_from(data, 8)[2:])
        for what, offset, size in (
            ("flatbuffer", header.flatbuffer_offset, header.flatbuffer_size),
            ("segments", header.segment_base, header.segment_size),
        ):
            if offset + size > len(data):
                raise FormatError(
                    f"header.{what}",
                    f"expected a region within the file's {len(data)} bytes, got {size} bytes at {offset}",
                )
        return header
