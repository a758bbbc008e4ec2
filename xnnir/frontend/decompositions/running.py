# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Running results: step by step, each element is combined with the one a power of two before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from xnnir.frontend.decompositions.registry import decomposes

aten = torch.ops.aten
prims = torch.ops.prims


def _scan(values: Sequence[Tensor], dim: int, combine: Callable[..., Sequence[Tensor]]) -> Sequence[Tensor]:
    """
    `combine(earlier, later)` is associative; both are lists of tensors. Refuses dimensions of a size that varies, for
    the number of steps would.
    """
    size = values[0].shape[dim]
    if isinstance(size, torch.SymInt):
        return NotImplemented
    step = 1
    while step < size:
        earlier = [value.narrow(dim, 0, size - step) for value in values]
        later = [value.narrow(dim, step, size - step) for value in values]
        combined = combine(earlier, later)
        values = [
            torch.cat([value.narrow(dim, 0, step), new], dim)
            for value, new in zip(values, combined, strict=True)
        ]
        step *= 2
    return values


@decomposes(aten.cumsum.default)
def _cumsum(self: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Any:
    if self.dim():
        return NotImplemented
    return torch.sum(self, dtype=dtype)


@decomposes(aten.cumprod.default)
def _cumprod(self: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Any:
    exact = torch.int64 if not self.is_floating_point() else self.dtype
    x = self.to(dtype or exact)
    if x.dim() == 0:
        return torch.clone(x)
    product = _scan([x], dim, _multiply)
    return product if product is NotImplemented else product[0]


def _multiply(earlier: Sequence[Tensor], later: Sequence[Tensor]) -> Sequence[Tensor]:
    return [earlier[0] * later[0]]


@decomposes(aten.logcumsumexp.default)
def _logcumsumexp(self: Tensor, dim: int) -> Any:
    if self.dim() == 0:
        return torch.clone(self)
    total = _scan([self], dim, _add_exponentials)
    return total if total is NotImplemented else total[0]


def _add_exponentials(earlier: Sequence[Tensor], later: Sequence[Tensor]) -> Sequence[Tensor]:
    return [torch.logaddexp(earlier[0], later[0])]


def _running_extremum(self: Tensor, dim: int, is_better: Callable[[Tensor, Tensor], Tensor]) -> Any:
    if self.dim() == 0:
        return torch.clone(self), torch.zeros((), dtype=torch.int64)
    size = self.shape[dim]
    shape = [1] * self.dim()
    shape[dim] = size
    index = torch.broadcast_to(torch.arange(size).reshape(shape), self.shape)

    def combine(earlier: Sequence[Tensor], later: Sequence[Tensor]) -> Sequence[Tensor]:
        takes = is_better(later[0], earlier[0])
        if self.is_floating_point():  # nan stays, and its last place counts
            takes = torch.isnan(later[0]) | (takes & ~torch.isnan(earlier[0]))
        return [torch.where(takes, new, old) for new, old in zip(later, earlier, strict=True)]

    result = _scan([self, index], dim, combine)
    return result if result is NotImplemented else tuple(result)


@decomposes(aten.cummax.default)
def _cummax(self: Tensor, dim: int) -> Any:
    return _running_extremum(self, dim, torch.ge)


@decomposes(aten.cummin.default)
def _cummin(self: Tensor, dim: int) -> Any:
    return _running_extremum(self, dim, torch.le)
