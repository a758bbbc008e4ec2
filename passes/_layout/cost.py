"""What it costs to have a tensor stored in another way, in bytes moved."""

from __future__ import annotations

from enum import Enum
from math import inf, prod

from xdsl.dialects.builtin import DYNAMIC_INDEX

from xnnir.dialects.weights import numpy_dtype
from xnnir.dialects.xnn.base import Tensor
from xnnir.dialects.xnn.dims import dims_of
from xnnir.passes._layout.perms import Perm, dynamic_sizes, expand, expand_shape, keeps_order, relative

UNBOUNDED_SIZE = 64
"""Stands for a dynamic size without a bound."""

NODE_OVERHEAD = 512
"""One node costs as much as moving so many bytes."""


class Conversion(Enum):
    """What has to be done to a tensor to have it stored in another way."""

    NOTHING = 0
    """It serves as it is, by broadcasting if it is to have more dimensions."""
    RESHAPE = 1
    TRANSPOSE = 2
    EXPAND_AND_TRANSPOSE = 3
    IMPOSSIBLE = 4
    """It would take a reshape with several dynamic sizes, which XNNPACK does not have."""


def conversion(type: Tensor, have: Perm, want: Perm) -> Conversion:
    """How to make a tensor of `type` that is stored by `have` into one stored by `want`."""
    rank = len(want)
    if have == want or expand(have, rank) == want:
        return Conversion.NOTHING
    stored = tuple(type.get_shape()[axis] for axis in have)
    expanded = expand_shape(stored, rank)
    perm = relative(have, want)
    if keeps_order(perm, expanded):
        wanted = tuple(expanded[axis] for axis in perm)
        if wanted[rank - len(stored) :] == stored or (
            rank > len(stored) and all(size == 1 for size in wanted)
        ):
            return Conversion.NOTHING
        if dynamic_sizes(stored) <= 1:
            return Conversion.RESHAPE
    if rank == len(stored):
        return Conversion.TRANSPOSE
    return Conversion.EXPAND_AND_TRANSPOSE if dynamic_sizes(stored) <= 1 else Conversion.IMPOSSIBLE


class ConversionCosts:
    """The costs of one tensor, each worked out once."""

    def __init__(self, type: Tensor, free: bool):
        self.type = type
        self.rank = len(type.get_shape())
        self.free = free
        self.bytes = tensor_bytes(type)
        self._known: dict[tuple[Perm, Perm], float] = {}

    def __call__(self, have: Perm, want: Perm) -> float:
        """The bytes that go from storage by `have` to storage by `want`; infinite when there is no way."""
        if self.free or have == want:
            return 0.0
        key = (have, want)
        if (cost := self._known.get(key)) is None:
            cost = self._known[key] = self._cost(have, want)
        return cost

    def _cost(self, have: Perm, want: Perm) -> float:
        match conversion(self.type, have, want):
            case Conversion.NOTHING:
                return 0.0
            case Conversion.RESHAPE:
                # XNNPACK reshapes in place where it can.
                return self.bytes / 64 + NODE_OVERHEAD / 16
            case Conversion.TRANSPOSE:
                return self.bytes + NODE_OVERHEAD
            case Conversion.EXPAND_AND_TRANSPOSE:
                return self.bytes + 2 * NODE_OVERHEAD
            case Conversion.IMPOSSIBLE:
                return inf


def tensor_bytes(type: Tensor) -> int:
    """The bytes of a tensor, at the bounds of its dynamic sizes."""
    sizes = [
        size if size != DYNAMIC_INDEX else (dim.upper_bound or UNBOUNDED_SIZE)
        for size, dim in zip(type.get_shape(), dims_of(type), strict=True)
    ]
    try:
        item = numpy_dtype(type.get_element_type()).itemsize
    except ValueError:
        item = 4
    return prod(sizes) * item
