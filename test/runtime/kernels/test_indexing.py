"""Kernels that take, put and combine elements by index give what eager PyTorch gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from xnnir.runtime import StatusError

from .harness import check_kernel, out_like, run_kernel
from .strategies import ALL, fill, shapes, tensors

INDEX_DTYPES = [torch.int64, torch.int32]
SMALL = [0.0, -0.0, 1.0, -1.5, float("inf"), float("nan")]


@composite
def indices(
    draw: DrawFn, sizes: list[int], limit: int, dtypes: Any = (torch.int64,), low: int = 0
) -> torch.Tensor:
    """A tensor of indices into a dimension of `limit`; without elements when the dimension has none."""
    if limit == 0:
        sizes = [0, *sizes[1:]]
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    dtype = draw(st.sampled_from(list(dtypes)))
    return torch.randint(low * limit, max(limit, 1), sizes, generator=generator).to(dtype)


@settings(max_examples=60)
@given(data=st.data(), slack=st.sampled_from([0, 0, 1]))
def test_embedding(data: st.DataObject, slack: int) -> None:
    weight = data.draw(tensors(ALL, shapes(min_rank=2, max_rank=2, min_size=1)))
    index = data.draw(indices(data.draw(shapes(max_rank=3)), weight.shape[0], INDEX_DTYPES))
    assert check_kernel("aten::embedding.out", weight, index, slack=slack)


@settings(max_examples=60)
@given(data=st.data())
def test_index_select(data: st.DataObject) -> None:
    self = data.draw(tensors(ALL, shapes(max_rank=5)))
    dim = data.draw(st.integers(-max(self.dim(), 1), max(self.dim(), 1) - 1))
    count = data.draw(st.integers(0, 6)) if self.dim() else 1
    limit = self.shape[dim] if self.dim() else 1
    assert check_kernel("aten::index_select.out", self, dim, data.draw(indices([count], limit, INDEX_DTYPES)))


@composite
def indexed_by_dim(draw: DrawFn) -> tuple[torch.Tensor, int, torch.Tensor]:
    """A tensor, a dimension, and indices that gather and scatter take."""
    self = draw(tensors(ALL, shapes(max_rank=5), specials=SMALL, low=-9, high=9))
    dim = draw(st.integers(-max(self.dim(), 1), max(self.dim(), 1) - 1))
    sizes = [draw(st.integers(0, size)) for size in self.shape]
    if sizes:
        sizes[dim] = draw(st.integers(0, 6))
    limit = self.shape[dim] if self.dim() else 1
    if limit == 0:
        sizes[dim] = 0
    return self, dim, draw(indices(sizes, limit)) if limit else torch.zeros(sizes, dtype=torch.int64)


@settings(max_examples=100)
@given(call=indexed_by_dim(), slack=st.sampled_from([0, 0, 1]))
def test_gather(call: tuple[torch.Tensor, int, torch.Tensor], slack: int) -> None:
    assert check_kernel("aten::gather.out", *call, slack=slack)


@composite
def scattered(draw: DrawFn, *, bools: bool = True) -> list[Any]:
    self, dim, index = draw(indexed_by_dim())
    if not bools and self.dtype == torch.bool:
        self = self.to(torch.int32)
    sizes = [size + draw(st.integers(0, 1)) for size in index.shape]
    seed = draw(st.integers(0, 2**16))
    return [self, dim, index, fill(sizes, self.dtype, seed, SMALL, low=-9, high=9)]


@settings(max_examples=60)
@given(call=scattered(), value=st.integers(-3, 3) | st.sampled_from([0.5, True, float("inf")]))
def test_scatter(call: list[Any], value: float) -> None:
    self, dim, index, src = call
    # Of several elements for one place PyTorch promises none; the last one wins here.
    unique = index[tuple(slice(0, 1) if i == dim % index.dim() else slice(None) for i in range(index.dim()))]
    assert check_kernel("aten::scatter.src_out", self, dim, unique, src)
    assert check_kernel("aten::scatter_add.out", *call)
    if self.dtype.is_floating_point or value != float("inf"):
        assert check_kernel("aten::scatter.value_out", self, dim, index, value)


@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@settings(max_examples=50)
@given(call=scattered(bools=False), include_self=st.booleans())
def test_scatter_reduce(reduce: str, call: list[Any], include_self: bool) -> None:
    assert check_kernel("aten::scatter_reduce.two_out", *call, reduce, include_self=include_self)


@pytest.mark.parametrize("reduce", ["add", "multiply"])
@settings(max_examples=30)
@given(call=scattered(bools=False), value=st.integers(-2, 2))
def test_scatter_with_reduce(reduce: str, call: list[Any], value: int) -> None:
    assert check_kernel("aten::scatter.reduce_out", *call, reduce=reduce)
    assert check_kernel("aten::scatter.value_reduce_out", *call[:3], value, reduce=reduce)


@composite
def indexed(draw: DrawFn, *, unique: bool) -> tuple[torch.Tensor, list[torch.Tensor | None]]:
    """A tensor and a list of indices: tensors that broadcast, masks and None."""
    self = draw(tensors(ALL, shapes(min_rank=1, max_rank=5), specials=SMALL, low=-9, high=9))
    points = draw(shapes(max_rank=2))
    result: list[torch.Tensor | None] = []
    dim = 0
    masks = 0
    while dim < self.dim() and (result == [] or draw(st.booleans())):
        kind = draw(st.sampled_from(["none", "ints", "ints", "mask"]))
        if kind == "mask" and not any(isinstance(item, torch.Tensor) for item in result):
            rank = draw(st.integers(1, self.dim() - dim))
            result.append(fill(self.shape[dim : dim + rank], torch.bool, draw(st.integers(0, 2**16))))
            dim += rank
            masks += 1
            continue
        if kind == "ints" and not masks and self.shape[dim] > 0:
            sizes = [1 if draw(st.integers(0, 3)) == 0 else size for size in points]
            result.append(draw(indices(sizes, self.shape[dim], INDEX_DTYPES, low=-1)))
        else:
            result.append(None)
        dim += 1
    if all(item is None for item in result):
        result[0] = torch.ones(self.shape[0], dtype=torch.bool)
    if unique:
        result = [
            item.flatten()[:1] if item is not None and item.dtype != torch.bool else item for item in result
        ]
    return self, result


@settings(max_examples=150)
@given(call=indexed(unique=False), slack=st.sampled_from([0, 0, 1]))
def test_index(call: tuple[torch.Tensor, list[torch.Tensor | None]], slack: int) -> None:
    assert check_kernel("aten::index.Tensor_out", *call, slack=slack)


@pytest.mark.parametrize("operator", ["aten::index_put.out", "aten::index_put_"])
@settings(max_examples=100)
@given(data=st.data(), accumulate=st.booleans())
def test_index_put(operator: str, data: st.DataObject, accumulate: bool) -> None:
    self, items = data.draw(indexed(unique=not accumulate))
    result = torch.ops.aten.index.Tensor(self, items)
    sizes = [1 if data.draw(st.integers(0, 3)) == 0 else size for size in result.shape]
    values = fill(sizes[data.draw(st.integers(0, len(sizes))) :], self.dtype, 1, SMALL, low=-9, high=9)
    assert check_kernel(operator, self, items, values, accumulate)


@given(st.sampled_from([-1, 3, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)]), st.integers(0, 5))
def test_indices_out_of_range_are_refused(wrong: int, place: int) -> None:
    self = torch.arange(12.0).reshape(3, 4)
    index = torch.zeros(6, dtype=torch.int64)
    index[place] = wrong
    rows = index.reshape(6, 1).expand(6, 4).contiguous()
    calls: list[tuple[str, list[Any], torch.Tensor]] = [
        ("aten::embedding.out", [self, index], torch.zeros(6, 4)),
        ("aten::index_select.out", [self, 0, index], torch.zeros(6, 4)),
        ("aten::gather.out", [self, 0, rows], torch.zeros(6, 4)),
        ("aten::scatter_add.out", [self, 0, rows, torch.ones(6, 4)], self),
        ("aten::scatter.value_out", [self, 0, rows, 1], self),
    ]
    if wrong != -1:
        calls.append(("aten::index.Tensor_out", [self, [None, index + (wrong == 3)]], torch.zeros(3, 6)))
        calls.append(("aten::index_put.out", [self, [index], torch.ones(())], self))
    for operator, args, out in calls:
        with pytest.raises(StatusError, match="has an element"):
            run_kernel(operator, *args, out=[out_like(out)])
