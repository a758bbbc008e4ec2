# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Sorting, medians, and search in what is sorted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from xnnir.frontend.decompositions.registry import decomposes

aten = torch.ops.aten
prims = torch.ops.prims


@decomposes(aten.sort.default)
def _sort(self: Tensor, dim: int = -1, descending: bool = False) -> Any:
    if self.dim() == 0:
        return torch.clone(self), torch.zeros((), dtype=torch.int64)
    return torch.topk(self, self.shape[dim], dim, descending, True)


@decomposes(aten.sort.stable)
def _stable_sort(self: Tensor, *, stable: bool | None, dim: int = -1, descending: bool = False) -> Any:
    """Each element's place is the number of those that come before it."""
    if not stable or self.dim() == 0:
        return _sort(self, dim, descending)
    x = self.movedim(dim, -1)
    mine, others = x.unsqueeze(-1), x.unsqueeze(-2)
    before = others > mine if descending else others < mine
    equal = others == mine
    if x.is_floating_point():  # nan is more than any number
        nan, other_nan = torch.isnan(mine), torch.isnan(others)
        before = before | (other_nan & ~nan if descending else nan & ~other_nan)
        equal = equal | (nan & other_nan)
    size = x.shape[-1]
    index = torch.arange(size)
    first = index.unsqueeze(0) < index.unsqueeze(1)
    place = torch.sum((before | (equal & first)).to(torch.int64), -1)
    positions = torch.broadcast_to(index, x.shape)
    order = torch.scatter(torch.zeros(x.shape, dtype=torch.int64), -1, place, positions)
    return torch.gather(x, -1, order).movedim(-1, dim), order.movedim(-1, dim)


def _smallest(self: Tensor, k: int, dim: int, keepdim: bool) -> tuple[Tensor, Tensor]:
    """The k-th smallest elements (1 is the smallest), and where they are."""
    values, indices = torch.topk(self, k, dim, False, True)
    values, indices = values.narrow(dim, k - 1, 1), indices.narrow(dim, k - 1, 1)
    return (values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))


def _without_dimensions(decomposition: Callable[..., Any], self: Tensor, *args: Any) -> Any:
    """For a tensor without dimensions, which PyTorch takes for one of shape [1]."""
    return tuple(result.reshape(()) for result in decomposition(self.reshape(1), *args))


@decomposes(aten.kthvalue.default)
def _kthvalue(self: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    return _without_dimensions(_kthvalue, self, k) if self.dim() == 0 else _smallest(self, k, dim, keepdim)


@decomposes(aten.median.dim)
def _median_dim(self: Tensor, dim: int, keepdim: bool = False) -> Any:
    if self.dim() == 0:
        return _without_dimensions(_median_dim, self, 0)
    values, indices = _smallest(self, (self.shape[dim] + 1) // 2, dim, keepdim)
    if not self.is_floating_point():
        return values, indices
    nan = torch.isnan(self)
    has_nan = torch.any(nan, dim, keepdim)
    return (
        torch.where(has_nan, math.nan, values).to(self.dtype),
        torch.where(has_nan, torch.argmax(nan.to(torch.int64), dim, keepdim), indices),
    )


@decomposes(aten.median.default)
def _median(self: Tensor) -> Tensor:
    return _median_dim(self.reshape(-1), 0)[0]


@decomposes(aten.nanmedian.dim)
def _nanmedian_dim(self: Tensor, dim: int, keepdim: bool = False) -> Any:
    if self.dim() == 0:
        return _without_dimensions(_nanmedian_dim, self, 0)
    if not self.is_floating_point():
        return _median_dim(self, dim, keepdim)
    values, indices = torch.topk(self, self.shape[dim], dim, False, True)  # nan comes last
    count = torch.sum((~torch.isnan(self)).to(torch.int64), dim, True)
    middle = torch.clamp_min((count - 1) // 2, 0)
    values, indices = torch.gather(values, dim, middle), torch.gather(indices, dim, middle)
    return (values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))


@decomposes(aten.nanmedian.default)
def _nanmedian(self: Tensor) -> Any:
    return _nanmedian_dim(self.reshape(-1), 0)[0]


@decomposes(aten.searchsorted.Tensor)
def _searchsorted(
    sorted_sequence: Tensor,
    self: Tensor,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """The number of elements that come before each value; nan comes after all."""
    if sorter is not None:
        sorted_sequence = torch.gather(sorted_sequence, -1, sorter)
    sequence = sorted_sequence if sorted_sequence.dim() == 1 else sorted_sequence.unsqueeze(-2)
    values = self.unsqueeze(-1)
    after = sequence > values if right or side == "right" else sequence >= values
    return torch.sum(torch.logical_not(after), -1, dtype=torch.int32 if out_int32 else torch.int64)


@decomposes(aten.bucketize.Tensor)
def _bucketize(self: Tensor, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    return _searchsorted(boundaries, self, out_int32=out_int32, right=right)


@decomposes(aten.isin.Tensor_Tensor)
def _isin(
    elements: Tensor, test_elements: Tensor, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    found = torch.any(elements.unsqueeze(-1) == test_elements.reshape(-1), -1)
    return ~found if invert else found
