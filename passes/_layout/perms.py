"""Permutations of dimensions, and what they do to shapes and types."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from xdsl.dialects.builtin import DYNAMIC_INDEX, IntAttr, TensorType
from xdsl.ir import Attribute

from xnnir.dialects.xnn.base import Shape, Tensor
from xnnir.dialects.xnn.dims import DimAttr, DimsAttr
from xnnir.dialects.xnn.types import PerChannelType, QBInt4Type, QCInt4Type

Perm: TypeAlias = tuple[int, ...]


@lru_cache(maxsize=64)
def identity(rank: int) -> Perm:
    return tuple(range(rank))


@lru_cache(maxsize=4096)
def expand(perm: Perm, rank: int) -> Perm:
    """`perm` for the same tensor with leading dimensions of size 1 up to `rank`."""
    added = rank - len(perm)
    return (*range(added), *(axis + added for axis in perm))


@lru_cache(maxsize=4096)
def compose(first: Perm, second: Perm) -> Perm:
    """What a transpose by `first` and one by `second` do together. A longer `second` expands what it reads."""
    if len(first) < len(second):
        first = expand(first, len(second))
    return tuple(first[axis] for axis in second)


@lru_cache(maxsize=4096)
def relative(have: Perm, want: Perm) -> Perm:
    """The transpose that makes what is stored by `want` out of what is stored by `have`."""
    if len(have) < len(want):
        have = expand(have, len(want))
    place = {axis: index for index, axis in enumerate(have)}
    return tuple(place[axis] for axis in want)


def expand_shape(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + shape


def keeps_order(perm: Perm, shape: Shape) -> bool:
    """Whether a transpose of `shape` by `perm` moves no element: it moves dimensions of size 1 only."""
    last = -1
    for axis in perm:
        if shape[axis] != 1:
            if axis < last:
                return False
            last = axis
    return True


def order_with_ones_in_place(order: Sequence[int], shape: Shape) -> Perm:
    """The perm in which the dimensions that are not 1 stand in `order`, and those that are 1 where they are."""
    others = iter(order)
    return tuple(axis if size == 1 else next(others) for axis, size in enumerate(shape))


def permute_type(type: Tensor, perm: Perm) -> Tensor:
    """
    The type of a tensor of `type` that is stored by `perm`; a longer perm adds leading dimensions of size
    1.
    """
    added = len(perm) - len(type.get_shape())
    if added:
        type = expand_type(type, len(perm))
    shape = type.get_shape()
    encoding = type.encoding
    if isinstance(encoding, DimsAttr):
        dims = encoding.dims.data
        encoding = DimsAttr([dims[axis] for axis in perm])
    element_type = permute_element_type(type.get_element_type(), perm)
    return TensorType(element_type, [shape[axis] for axis in perm], encoding)


def expand_type(type: Tensor, rank: int) -> Tensor:
    """`type` with leading dimensions of size 1 up to `rank`."""
    added = rank - len(type.get_shape())
    encoding = type.encoding
    if isinstance(encoding, DimsAttr):
        encoding = DimsAttr([*[DimAttr("1", 1)] * added, *encoding.dims])
    # An axis of a quantised type moves along, as if by a transpose.
    element_type = permute_element_type(type.get_element_type(), tuple(range(-added, rank - added)))
    return TensorType(element_type, expand_shape(type.get_shape(), rank), encoding)


def permute_element_type(element_type: Attribute, perm: Perm) -> Attribute:
    """`element_type` with the axis of its scales, if it has one, where `perm` puts it."""
    if isinstance(element_type, PerChannelType):
        axis = IntAttr(perm.index(element_type.axis.data))
        return type(element_type).new([axis, element_type.scales])
    if isinstance(element_type, QBInt4Type):
        axis = IntAttr(perm.index(element_type.axis.data))
        return QBInt4Type.new([axis, element_type.block_size, element_type.scales])
    return element_type


def is_packed(element_type: Attribute) -> bool:
    """Whether one byte holds several elements, so that NumPy cannot transpose them."""
    return isinstance(element_type, QCInt4Type | QBInt4Type)


def dynamic_sizes(shape: Shape) -> int:
    return shape.count(DYNAMIC_INDEX)
