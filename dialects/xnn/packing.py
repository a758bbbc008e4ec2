"""
Numbers of 4 bits: two to a byte, the one of even index in the low half, each stored as number + 8; a row of odd length
ends with a half that stands for 0. This is how XNNPACK takes qcint4 and qbint4 (`fully_connected_nc_*_qc4w`, `_qb4w`).
"""

from __future__ import annotations

import numpy as np

from xnnir.dialects.weights import Array


def pack_four_bit(numbers: Array) -> Array:
    """Bytes [..., (columns + 1) // 2] for integers [..., columns] of -8 to 7."""
    columns = numbers.shape[-1]
    stored = (numbers.astype(np.int8) + 8).astype(np.uint8)
    if columns % 2:
        stored = np.concatenate([stored, np.full((*stored.shape[:-1], 1), 8, np.uint8)], axis=-1)
    return stored[..., 0::2] | (stored[..., 1::2] << 4)


def unpack_four_bit(packed: Array, columns: int) -> Array:
    """Integers [..., columns] of -8 to 7 (int8) for bytes [..., (columns + 1) // 2]."""
    halves = np.stack([packed & 15, packed >> 4], axis=-1)
    return (halves.reshape(*packed.shape[:-1], -1)[..., :columns].astype(np.int8)) - np.int8(8)


def from_bfloat16(bits: Array) -> Array:
    """float32 for the bits of bfloat16 (uint16)."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_bfloat16(numbers: Array) -> Array:
    """The bits of the bfloat16 (uint16) nearest to each finite float32, ties to even."""
    bits = np.ascontiguousarray(numbers, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def pack_table(numbers: Array, bits: int) -> Array:
    """
    Bytes [rows, columns * bits / 8] for signed integers [rows, columns] of 2 or 4 bits; those of 8 as they are.

    Each is stored as number + 2 or number + 8. The first of four stands in the low bits of a byte, the first of two in
    the high ones: so ExecuTorch's kernels `quantized_decomposed::embedding_2bit` and `embedding_4bit` read them.
    """
    if bits == 8:
        return numbers
    stored = (numbers.astype(np.int8) + (1 << (bits - 1))).astype(np.uint8)
    if bits == 4:
        return (stored[..., 0::2] << 4) | stored[..., 1::2]
    return stored[..., 0::4] | (stored[..., 1::4] << 2) | (stored[..., 2::4] << 4) | (stored[..., 3::4] << 6)


def unpack_table(packed: Array, bits: int) -> Array:
    """The integers, int8, that `pack_table` packed."""
    if bits == 8:
        return packed
    shifts = (4, 0) if bits == 4 else (0, 2, 4, 6)
    parts = np.stack([(packed >> shift) & ((1 << bits) - 1) for shift in shifts], axis=-1)
    return parts.reshape(*packed.shape[:-1], -1).astype(np.int8) - np.int8(1 << (bits - 1))
