# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Which element goes where: padding, gathering and scattering."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from xnnir.frontend.decompositions.registry import DECOMPOSITIONS, decomposes

aten = torch.ops.aten
prims = torch.ops.prims


@decomposes(aten.constant_pad_nd.default)
def _constant_pad_nd(self: Tensor, pad: Sequence[int], value: float = 0) -> Any:
    """A negative padding cuts off."""
    if not any(not isinstance(amount, torch.SymInt) and amount < 0 for amount in pad):
        return NotImplemented
    for place, (before, after) in enumerate(zip(pad[::2], pad[1::2], strict=True)):
        axis = self.dim() - 1 - place
        cut = max(-before, 0), max(-after, 0)
        if any(cut):
            self = self.narrow(axis, cut[0], self.shape[axis] - cut[0] - cut[1])
    return aten.constant_pad_nd(self, [max(amount, 0) for amount in pad], value)


def _with_int64_index(overload: Any) -> None:
    """Indices of other types as int64, which ExecuTorch's kernels want."""

    def decomposition(self: Tensor, dim: int, index: Tensor, *args: Any, **kwargs: Any) -> Any:
        if index.dtype == torch.int64:
            return NotImplemented
        return overload(self, dim, index.to(torch.int64), *args, **kwargs)

    DECOMPOSITIONS[overload] = decomposition


for _overload in (aten.gather.default, aten.scatter.src, aten.scatter.value, aten.scatter_add.default):
    _with_int64_index(_overload)


@decomposes(aten.masked_select.default)
def _masked_select(self: Tensor, mask: Tensor) -> Any:
    if self.shape == mask.shape:
        return NotImplemented
    return aten.masked_select(*torch.broadcast_tensors(self, mask))


@decomposes(aten.take.default)
def _take(self: Tensor, index: Tensor) -> Tensor:
    flat = self.reshape(-1)
    positive = torch.where(index < 0, index + flat.shape[0], index)
    return torch.index_select(flat, 0, positive.reshape(-1)).reshape(index.shape)


@decomposes(aten.put.default)
def _put(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    flat = torch.index_put(self.reshape(-1), [index.reshape(-1)], source.reshape(-1), accumulate)
    return flat.reshape(self.shape)


@decomposes(aten.diagonal_scatter.default)
def _diagonal_scatter(self: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    x = self.movedim((dim1, dim2), (0, 1))
    index = torch.arange(src.shape[-1])
    rows, columns = index + max(-offset, 0), index + max(offset, 0)
    return torch.index_put(x, [rows, columns], src.movedim(-1, 0)).movedim((0, 1), (dim1, dim2))


@decomposes(aten.scatter_reduce.two)
def _scatter_reduce(
    self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Any:
    if self.dim() == 0:
        args = index.reshape(1), src.reshape(1), reduce
        return _scatter_reduce(self.reshape(1), 0, *args, include_self=include_self).reshape(())
    src = src[tuple(slice(0, size) for size in index.shape)]
    ones = torch.ones(index.shape, dtype=self.dtype)
    if reduce in ("sum", "mean"):
        base = self if include_self else torch.scatter(self, dim, index, 0)
        total = torch.scatter_add(base, dim, index, src)
        if reduce == "sum":
            return total
        initial = torch.ones(self.shape, dtype=self.dtype)
        count = torch.scatter_add(
            initial if include_self else torch.scatter(initial, dim, index, 0), dim, index, ones
        )
        rounding = None if self.is_floating_point() else "floor"
        return torch.div(total, torch.clamp_min(count, 1), rounding_mode=rounding)
    return _masked_scatter_reduce(self, dim, index, src, reduce, include_self)


def _masked_scatter_reduce(
    self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, include_self: bool
) -> Tensor:
    """Every element of the result looks at all of `src` along `dim`."""
    info = torch.finfo(self.dtype) if self.is_floating_point() else torch.iinfo(self.dtype)
    least, most = (-math.inf, math.inf) if self.is_floating_point() else (info.min, info.max)
    neutral = {"amax": least, "amin": most, "prod": 1}[reduce]
    dim = dim % self.dim()
    # Where `index` is smaller in other dimensions, the rest of `self` stays.
    region = tuple(slice(None) if axis == dim else slice(0, size) for axis, size in enumerate(index.shape))
    old = self[region].movedim(dim, -1)
    places = torch.arange(old.shape[-1]).unsqueeze(-1)
    mask = index.movedim(dim, -1).unsqueeze(-2) == places
    chosen = torch.where(mask, src.movedim(dim, -1).unsqueeze(-2), neutral).to(self.dtype)
    if reduce == "prod":
        new = torch.prod(chosen, -1)
        new = new * old if include_self else torch.where(torch.any(mask, -1), new, old)
    else:
        extremum, pick = (torch.amax, torch.maximum) if reduce == "amax" else (torch.amin, torch.minimum)
        new = extremum(chosen, -1)
        new = pick(new, old) if include_self else torch.where(torch.any(mask, -1), new, old)
    new = new.movedim(-1, dim)
    # From the last dimension to the first, `new` grows to the size of `self`.
    for axis in reversed(range(self.dim())):
        if new.shape[axis] != self.shape[axis]:
            part = tuple(
                slice(0, size) if position < axis else slice(None) for position, size in enumerate(new.shape)
            )
            new = torch.slice_scatter(self[part], new, axis, 0, new.shape[axis])
    return new


@decomposes(aten.scatter.reduce)
def _scatter_with_reduce(self: Tensor, dim: int, index: Tensor, src: Tensor, *, reduce: str) -> Any:
    return _scatter_reduce(self, dim, index, src, {"add": "sum", "multiply": "prod"}[reduce])


@decomposes(aten.scatter.value_reduce)
def _scatter_value_with_reduce(self: Tensor, dim: int, index: Tensor, value: float, *, reduce: str) -> Any:
    src = torch.full(index.shape, value, dtype=self.dtype)
    return _scatter_with_reduce(self, dim, index, src, reduce=reduce)


@decomposes(aten.index_reduce.default)
def _index_reduce(
    self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Any:
    if self.dim():
        shape = [1] * self.dim()
        shape[dim] = index.numel()
        index = torch.broadcast_to(index.reshape(shape), source.shape)
    return _scatter_reduce(self, dim, index, source, reduce, include_self=include_self)
