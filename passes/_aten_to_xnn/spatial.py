"""
Between PyTorch's logical tensors (batch, channels, rows, columns) and XNNPACK's spatial tensors (NHWC).

Ops over one spatial dimension become ops over two, with one row; inputs without a batch get one of size 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, SSAValue

from xnnir.dialects.xnn.base import shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, tensor_type
from xnnir.passes._aten_to_xnn.arguments import Refusal
from xnnir.passes._aten_to_xnn.conversion import Conversion


def nhwc_type(type: TensorType[Attribute], spatial: int) -> TensorType[Attribute]:
    """The NHWC type of a logical tensor with `spatial` (1 or 2) innermost spatial dimensions."""
    return tensor_type(type.get_element_type(), _nhwc_dims(dims_of(type), spatial))


def to_nhwc(to: Conversion, value: SSAValue, spatial: int = 2) -> SSAValue:
    """The logical tensor `value` in NHWC."""
    rank = len(shape_of(value))
    if rank not in (spatial + 1, spatial + 2):
        raise Refusal(f"expected a tensor of rank {spatial + 1} or {spatial + 2}, got rank {rank}")
    channels_last = to.transpose(value, _channels_last(rank, spatial))
    return to.reshape(channels_last, _nhwc_dims(dims_of(tensor_type_of(value)), spatial))


def from_nhwc(to: Conversion, value: SSAValue, type: Attribute, spatial: int = 2) -> SSAValue:
    """The logical tensor of `type` that the NHWC tensor `value` holds."""
    dims = dims_of(cast(TensorType[Attribute], type))
    perm = _channels_last(len(dims), spatial)
    channels_last = to.reshape(value, [dims[axis] for axis in perm])
    return to.transpose(channels_last, [perm.index(axis) for axis in range(len(perm))])


def pair(values: Sequence[int], fill: int) -> tuple[int, int]:
    """Parameters for rows and columns; those of one spatial dimension are the columns'."""
    return (fill, values[0]) if len(values) == 1 else (values[0], values[1])


def symmetric(padding: Sequence[int]) -> tuple[int, int, int, int]:
    """Top, right, bottom, left of a padding that is the same on both sides of each dimension."""
    height, width = pair(padding, 0)
    return height, width, height, width


def _channels_last(rank: int, spatial: int) -> list[int]:
    channels = rank - spatial - 1
    return [*range(channels), *range(channels + 1, rank), channels]


def _nhwc_dims(dims: Sequence[DimAttr], spatial: int) -> list[int | DimAttr]:
    channels = len(dims) - spatial - 1
    batch: list[int | DimAttr] = [dims[0]] if channels == 1 else [1]
    rows: list[int | DimAttr] = [1] if spatial == 1 else []
    return [*batch, *rows, *dims[channels + 1 :], dims[channels]]
