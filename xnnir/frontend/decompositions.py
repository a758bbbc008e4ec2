# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""
Decompositions of operators for which PyTorch's tables have none, or one that ends in operators without a kernel.

Each takes the operator's arguments. One that does not apply gives `NotImplemented`, and the operator stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from xnnir.frontend.spatial_decompositions import SPATIAL_DECOMPOSITIONS

aten = torch.ops.aten
prims = torch.ops.prims

DECOMPOSITIONS: dict[Any, Callable[..., Any]] = dict(SPATIAL_DECOMPOSITIONS)
"""By overload; they come before those of PyTorch."""

Decomposition = TypeVar("Decomposition", bound=Callable[..., Any])


def _decomposes(*overloads: Any) -> Callable[[Decomposition], Decomposition]:
    def register(decomposition: Decomposition) -> Decomposition:
        DECOMPOSITIONS.update(dict.fromkeys(overloads, decomposition))
        return decomposition

    return register


# What PyTorch's reference implementations are made of, where an operator of ATen with a kernel is the same.
DECOMPOSITIONS.update(
    {
        prims.abs.default: aten.abs.default,
        prims.add.default: aten.add.Tensor,
        prims.bitwise_and.default: aten.bitwise_and.Tensor,
        prims.bitwise_or.default: aten.bitwise_or.Tensor,
        prims.ceil.default: aten.ceil.default,
        prims.div.default: aten.div.Tensor,
        prims.mul.default: aten.mul.Tensor,
        prims.neg.default: aten.neg.default,
        prims.round.default: aten.round.default,
        prims.scalar_tensor.default: aten.scalar_tensor.default,
        prims.sqrt.default: aten.sqrt.default,
        prims.sub.default: aten.sub.Tensor,
        prims.where.default: aten.where.self,
    }
)


@_decomposes(aten.empty_permuted.default)
def _empty_permuted(size: Sequence[int], physical_layout: Sequence[int], **kwargs: Any) -> Tensor:
    return aten.empty.memory_format(size, dtype=kwargs.get("dtype"))


@_decomposes(prims.convert_element_type.default)
def _convert_element_type(a: Tensor, dtype: torch.dtype) -> Tensor:
    return aten._to_copy(a, dtype=dtype)


@_decomposes(aten.constant_pad_nd.default)
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


# Functions of single elements.


@_decomposes(aten.angle.default)
def _angle(self: Tensor) -> Any:
    if self.is_complex():
        return NotImplemented
    x = self if self.is_floating_point() else self.to(torch.get_default_dtype())
    return torch.where(torch.isnan(x), x, torch.where(x < 0, math.pi, 0.0).to(x.dtype))


@_decomposes(aten.erfc.default, prims.erfc.default)
def _erfc(self: Tensor) -> Tensor:
    return 1.0 - torch.erf(self)


@_decomposes(aten.exp2.default, prims.exp2.default)
def _exp2(self: Tensor) -> Tensor:
    return torch.pow(2.0, self if self.is_floating_point() else self.to(torch.get_default_dtype()))


@_decomposes(aten.signbit.default, prims.signbit.default)
def _signbit(self: Tensor) -> Tensor:
    negative = self < 0
    # Only dividing by it tells -0.0 from 0.0.
    return negative | ((self == 0) & (torch.reciprocal(self) < 0)) if self.is_floating_point() else negative


@_decomposes(aten.copysign.Tensor, aten.copysign.Scalar)
def _copysign(self: Tensor, other: Any) -> Tensor:
    magnitude = torch.abs(self if self.is_floating_point() else self.to(torch.get_default_dtype()))
    if isinstance(other, Tensor):
        return torch.where(torch.signbit(other), -magnitude, magnitude)
    return -magnitude if math.copysign(1.0, other) < 0 else magnitude


@_decomposes(aten.fmax.default, prims.fmax.default)
def _fmax(self: Tensor, other: Tensor) -> Tensor:
    return torch.where(
        torch.isnan(self), other, torch.where(torch.isnan(other), self, torch.maximum(self, other))
    )


@_decomposes(aten.fmin.default, prims.fmin.default)
def _fmin(self: Tensor, other: Tensor) -> Tensor:
    return torch.where(
        torch.isnan(self), other, torch.where(torch.isnan(other), self, torch.minimum(self, other))
    )


@_decomposes(aten.hypot.default, prims.hypot.default)
def _hypot(self: Tensor, other: Tensor) -> Tensor:
    return torch.sqrt(self * self + other * other)


@_decomposes(aten.erfinv.default, prims.erf_inv.default)
def _erfinv(self: Tensor) -> Tensor:
    """Winitzki's approximation, and Newton's method from there: erf'(x) = 2/sqrt(pi) exp(-x^2)."""
    x = self if self.is_floating_point() else self.to(torch.get_default_dtype())
    inside = torch.clamp(x, -1 + torch.finfo(x.dtype).eps, 1 - torch.finfo(x.dtype).eps)
    a = 0.147
    log = torch.log1p(-inside * inside)
    half = 2 / (math.pi * a) + log / 2
    y = torch.copysign(torch.sqrt(torch.clamp_min(torch.sqrt(half * half - log / a) - half, 0.0)), inside)
    for _ in range(3):
        y = y - (torch.erf(y) - inside) * (math.sqrt(math.pi) / 2) * torch.exp(y * y)
    limit = torch.where(torch.abs(x) == 1, x * math.inf, math.nan)
    return torch.where(torch.abs(x) < 1, y, limit)


# Order.


@_decomposes(aten.sort.default)
def _sort(self: Tensor, dim: int = -1, descending: bool = False) -> Any:
    if self.dim() == 0:
        return torch.clone(self), torch.zeros((), dtype=torch.int64)
    return torch.topk(self, self.shape[dim], dim, descending, True)


@_decomposes(aten.sort.stable)
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


@_decomposes(aten.kthvalue.default)
def _kthvalue(self: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    return _without_dimensions(_kthvalue, self, k) if self.dim() == 0 else _smallest(self, k, dim, keepdim)


@_decomposes(aten.median.dim)
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


@_decomposes(aten.median.default)
def _median(self: Tensor) -> Tensor:
    return _median_dim(self.reshape(-1), 0)[0]


@_decomposes(aten.nanmedian.dim)
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


@_decomposes(aten.nanmedian.default)
def _nanmedian(self: Tensor) -> Any:
    return _nanmedian_dim(self.reshape(-1), 0)[0]


@_decomposes(aten.searchsorted.Tensor)
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


@_decomposes(aten.bucketize.Tensor)
def _bucketize(self: Tensor, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    return _searchsorted(boundaries, self, out_int32=out_int32, right=right)


@_decomposes(aten.isin.Tensor_Tensor)
def _isin(
    elements: Tensor, test_elements: Tensor, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    found = torch.any(elements.unsqueeze(-1) == test_elements.reshape(-1), -1)
    return ~found if invert else found


# Running results: step by step, each element is combined with the one a power of two before it.


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


@_decomposes(aten.cumsum.default)
def _cumsum(self: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Any:
    if self.dim():
        return NotImplemented
    return torch.sum(self, dtype=dtype)


@_decomposes(aten.cumprod.default)
def _cumprod(self: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Any:
    exact = torch.int64 if not self.is_floating_point() else self.dtype
    x = self.to(dtype or exact)
    if x.dim() == 0:
        return torch.clone(x)
    product = _scan([x], dim, _multiply)
    return product if product is NotImplemented else product[0]


def _multiply(earlier: Sequence[Tensor], later: Sequence[Tensor]) -> Sequence[Tensor]:
    return [earlier[0] * later[0]]


@_decomposes(aten.logcumsumexp.default)
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


@_decomposes(aten.cummax.default)
def _cummax(self: Tensor, dim: int) -> Any:
    return _running_extremum(self, dim, torch.ge)


@_decomposes(aten.cummin.default)
def _cummin(self: Tensor, dim: int) -> Any:
    return _running_extremum(self, dim, torch.le)


@_decomposes(prims.prod.default)
def _prod(inp: Tensor, dims: Sequence[int] | None, *, output_dtype: torch.dtype | None = None) -> Tensor:
    for dim in sorted(range(inp.dim()) if dims is None else dims, reverse=True):
        inp = torch.prod(inp, dim, dtype=output_dtype)
    return inp


# Products.


@_decomposes(aten.addbmm.default)
def _addbmm(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    product = torch.sum(torch.bmm(batch1, batch2), 0)
    product = product if alpha == 1 else product * alpha
    # What is multiplied by 0 counts for nothing, nan included.
    return (
        torch.broadcast_to(product, product.shape)
        if beta == 0
        else product + (self if beta == 1 else self * beta)
    )


@_decomposes(aten._trilinear.default)
def _trilinear(
    i1: Tensor,
    i2: Tensor,
    i3: Tensor,
    expand1: Sequence[int],
    expand2: Sequence[int],
    expand3: Sequence[int],
    sumdim: Sequence[int],
    unroll_dim: int = 1,
) -> Tensor:
    """The sum over `sumdim` of the product of three tensors, each with new dimensions at its `expand`."""
    factors: list[Tensor] = []
    for tensor, dims in ((i1, expand1), (i2, expand2), (i3, expand3)):
        for dim in sorted(dims):
            tensor = tensor.unsqueeze(dim)
        factors.append(tensor)
    return torch.sum(factors[0] * factors[1] * factors[2], list(sumdim))


# Gathering and scattering.


def _with_int64_index(overload: Any) -> None:
    """Indices of other types as int64, which ExecuTorch's kernels want."""

    def decomposition(self: Tensor, dim: int, index: Tensor, *args: Any, **kwargs: Any) -> Any:
        if index.dtype == torch.int64:
            return NotImplemented
        return overload(self, dim, index.to(torch.int64), *args, **kwargs)

    DECOMPOSITIONS[overload] = decomposition


for _overload in (aten.gather.default, aten.scatter.src, aten.scatter.value, aten.scatter_add.default):
    _with_int64_index(_overload)


@_decomposes(aten.masked_select.default)
def _masked_select(self: Tensor, mask: Tensor) -> Any:
    if self.shape == mask.shape:
        return NotImplemented
    return aten.masked_select(*torch.broadcast_tensors(self, mask))


@_decomposes(aten.take.default)
def _take(self: Tensor, index: Tensor) -> Tensor:
    flat = self.reshape(-1)
    positive = torch.where(index < 0, index + flat.shape[0], index)
    return torch.index_select(flat, 0, positive.reshape(-1)).reshape(index.shape)


@_decomposes(aten.put.default)
def _put(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    flat = torch.index_put(self.reshape(-1), [index.reshape(-1)], source.reshape(-1), accumulate)
    return flat.reshape(self.shape)


@_decomposes(aten.diagonal_scatter.default)
def _diagonal_scatter(self: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    x = self.movedim((dim1, dim2), (0, 1))
    index = torch.arange(src.shape[-1])
    rows, columns = index + max(-offset, 0), index + max(offset, 0)
    return torch.index_put(x, [rows, columns], src.movedim(-1, 0)).movedim((0, 1), (dim1, dim2))


@_decomposes(aten.scatter_reduce.two)
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


@_decomposes(aten.scatter.reduce)
def _scatter_with_reduce(self: Tensor, dim: int, index: Tensor, src: Tensor, *, reduce: str) -> Any:
    return _scatter_reduce(self, dim, index, src, {"add": "sum", "multiply": "prod"}[reduce])


@_decomposes(aten.scatter.value_reduce)
def _scatter_value_with_reduce(self: Tensor, dim: int, index: Tensor, value: float, *, reduce: str) -> Any:
    src = torch.full(index.shape, value, dtype=self.dtype)
    return _scatter_with_reduce(self, dim, index, src, reduce=reduce)


@_decomposes(aten.index_reduce.default)
def _index_reduce(
    self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Any:
    if self.dim() == 0:
        args = index.reshape(1), source.reshape(1), reduce
        return _scatter_reduce(self.reshape(1), 0, *args, include_self=include_self).reshape(())
    shape = [1] * self.dim()
    shape[dim] = index.numel()
    wide = torch.broadcast_to(index.reshape(shape), source.shape)
    return _scatter_reduce(self, dim, wide, source, reduce, include_self=include_self)
