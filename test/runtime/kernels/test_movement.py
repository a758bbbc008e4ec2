"""Kernels that move elements give what eager PyTorch gives, in all dtypes and layouts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from xnnir.runtime import StatusError

from .harness import Out, check_kernel, run_kernel
from .strategies import ALL, SMALL_FLOATS, Constraint, calls, fill, shapes, tensors

MATRICES = tensors(ALL, shapes(min_rank=2, max_rank=5))
BOUNDS = st.none() | st.integers(-7, 7) | st.sampled_from([-(2**63), 2**63 - 1])


def rank_of(drawn: dict[str, Any]) -> int:
    return drawn["self"].dim()


def dims(drawn: dict[str, Any]) -> st.SearchStrategy[int]:
    rank = max(rank_of(drawn), 1)
    return st.integers(-rank, rank - 1)


def dim_lists(drawn: dict[str, Any]) -> st.SearchStrategy[list[int]]:
    rank = max(rank_of(drawn), 1)
    return st.lists(st.integers(0, rank - 1), max_size=rank, unique=True).flatmap(
        lambda chosen: st.tuples(*[st.sampled_from([dim, dim - rank]) for dim in chosen]).map(list)
    )


def permutations(drawn: dict[str, Any]) -> st.SearchStrategy[list[int]]:
    return st.permutations(range(rank_of(drawn)))


@composite
def view_sizes(draw: DrawFn, drawn: dict[str, Any]) -> list[int]:
    """Sizes for as many elements as there are, one of them -1 at times."""
    left = drawn["self"].numel()
    sizes: list[int] = []
    while left > 1 and len(sizes) < 5:
        sizes.append(draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0])))
        left //= sizes[-1]
    sizes += [left] if left != 1 else [1] * draw(st.integers(0, 1))
    if sizes and draw(st.booleans()) and 0 not in sizes:
        sizes[draw(st.integers(0, len(sizes) - 1))] = -1
    return sizes


@composite
def expanded_sizes(draw: DrawFn, drawn: dict[str, Any]) -> list[int]:
    sizes = draw(st.lists(st.integers(0, 3), max_size=2))
    return sizes + [
        draw(st.integers(0, 3)) if n == 1 else draw(st.sampled_from([n, -1])) for n in drawn["self"].shape
    ]


@composite
def repetitions(draw: DrawFn, drawn: dict[str, Any]) -> list[int]:
    rank = rank_of(drawn)
    return draw(st.lists(st.integers(0, 3), min_size=rank, max_size=rank + 2))


@composite
def pads(draw: DrawFn, drawn: dict[str, Any]) -> list[int]:
    return draw(
        st.lists(st.integers(-2, 3), max_size=2 * rank_of(drawn)).filter(lambda pad: len(pad) % 2 == 0)
    )


@composite
def split_sizes(draw: DrawFn, drawn: dict[str, Any]) -> list[int]:
    """Lengths that add up to the size of dimension 0, more than a tensor has dimensions at times."""
    left = drawn["self"].shape[0]
    lengths = [0] * draw(st.sampled_from([0, 1, 20]))
    while left:
        lengths.append(draw(st.integers(0, left)))
        left -= lengths[-1]
    return lengths or [0]


OPERATORS: dict[str, dict[str, Constraint]] = {
    "aten::permute_copy.out": {"dims": permutations},
    "aten::transpose_copy.int_out": {},
    "aten::t_copy.out": {"self": tensors(ALL, shapes(max_rank=2))},
    "aten::squeeze_copy.dim_out": {"self": tensors(ALL, shapes(max_rank=5, max_size=2))},
    "aten::squeeze_copy.dims_out": {"self": tensors(ALL, shapes(max_rank=5, max_size=2)), "dim": dim_lists},
    "aten::unsqueeze_copy.out": {"dim": lambda drawn: st.integers(-rank_of(drawn) - 1, rank_of(drawn))},
    "aten::view_copy.out": {"size": view_sizes},
    "aten::expand_copy.out": {"self": tensors(ALL, shapes(max_rank=4, max_size=2)), "size": expanded_sizes},
    "aten::repeat.out": {"self": tensors(ALL, shapes(max_rank=4, max_size=3)), "repeats": repetitions},
    "aten::flip.out": {"dims": dim_lists},
    "aten::tril.out": {"self": MATRICES, "diagonal": st.integers(-6, 6) | st.sampled_from([-(2**62), 2**62])},
    "aten::triu.out": {"self": MATRICES, "diagonal": st.integers(-6, 6) | st.sampled_from([-(2**62), 2**62])},
    "aten::constant_pad_nd.out": {"pad": pads, "value": st.sampled_from([0, 1.0, -2, 3])},
    "aten::slice_copy.Tensor_out": {
        "self": tensors(ALL, shapes(min_rank=1, max_rank=5)),
        "dim": dims,
        "start": BOUNDS,
        "end": BOUNDS,
        "step": st.integers(1, 3) | st.just(2**62),
    },
    "aten::select_copy.int_out": {
        "self": tensors(ALL, shapes(min_rank=1, max_rank=5, min_size=1)),
        "dim": dims,
        "index": st.integers(-5, 4),
    },
    "aten::diagonal_copy.out": {
        "self": MATRICES,
        "offset": st.integers(-5, 5),
        "dim1": dims,
        "dim2": dims,
    },
    "aten::split_with_sizes_copy.out": {
        "self": tensors(ALL, shapes(min_rank=1)),
        "split_sizes": split_sizes,
        "dim": st.just(0),
    },
    "aten::split_copy.Tensor_out": {
        "self": tensors(ALL, shapes(min_rank=1)),
        "split_size": st.integers(1, 6),
        "dim": dims,
    },
    "aten::unbind_copy.int_out": {"self": tensors(ALL, shapes(min_rank=1)), "dim": dims},
    "aten::nonzero.out": {},
}


REFUSED_AT_TIMES = {
    "aten::constant_pad_nd.out",
    "aten::diagonal_copy.out",
    "aten::select_copy.int_out",
    "aten::slice_copy.Tensor_out",
    "aten::view_copy.out",
}
"""Operators for which some drawn arguments do not fit; PyTorch refuses those."""


@pytest.mark.parametrize("operator", OPERATORS)
@settings(max_examples=30)
@given(data=st.data(), slack=st.sampled_from([0, 0, 1]))
def test_moves(operator: str, data: st.DataObject, slack: int) -> None:
    constraints: dict[str, Any] = {"self": tensors(ALL, shapes(max_rank=5)), **OPERATORS[operator]}
    args, kwargs = data.draw(calls(operator, **constraints))
    compared = check_kernel(operator, *args, slack=slack, **kwargs)
    assert compared or operator in REFUSED_AT_TIMES


@settings(max_examples=50)
@given(data=st.data())
def test_roll(data: st.DataObject) -> None:
    self = data.draw(tensors(ALL, shapes(max_rank=5)))
    count = data.draw(st.integers(0, 3)) if self.dim() else 0
    rank = self.dim()
    rolled = (
        data.draw(st.lists(st.integers(-rank, rank - 1), min_size=count, max_size=count)) if count else []
    )
    shifts = data.draw(st.lists(st.integers(-9, 9), min_size=max(count, 1), max_size=max(count, 1)))
    if not rolled and not self.is_contiguous():
        self = self.contiguous()
    assert check_kernel("aten::roll.out", self, shifts, rolled)


@settings(max_examples=50)
@given(data=st.data())
def test_unfold_and_as_strided(data: st.DataObject) -> None:
    self = data.draw(tensors(ALL, shapes(max_rank=4, min_size=1)))
    dim = data.draw(st.integers(-max(self.dim(), 1), max(self.dim(), 1) - 1))
    length = self.shape[dim] if self.dim() else 1
    size, step = data.draw(st.integers(0, length)), data.draw(st.integers(1, 3) | st.just(2**62))
    # PyTorch refuses some steps that reach beyond the dimension.
    assert check_kernel("aten::unfold_copy.out", self, dim, size, step) or step > 3
    sizes = data.draw(shapes(max_rank=3, max_size=3))
    strides = [data.draw(st.integers(0, 4)) for _ in sizes]
    reach = sum((n - 1) * stride for n, stride in zip(sizes, strides, strict=True))
    offset = data.draw(st.none() | st.integers(0, 3))
    if 0 in sizes or (offset or 0) + reach < self.numel():
        assert check_kernel("aten::as_strided_copy.out", self, sizes, strides, offset)
    else:
        with pytest.raises(StatusError, match="reach outside"):
            run_kernel(
                "aten::as_strided_copy.out", self, sizes, strides, offset, out=[_out(sizes, self.dtype)]
            )


@settings(max_examples=60)
@given(data=st.data())
def test_narrow(data: st.DataObject) -> None:
    self = data.draw(tensors(ALL, shapes(min_rank=1, max_rank=5)))
    dim = data.draw(st.integers(-self.dim(), self.dim() - 1))
    start = data.draw(st.integers(-self.shape[dim], self.shape[dim]))
    length = data.draw(st.integers(0, self.shape[dim] - start % max(self.shape[dim], 1)))
    check_kernel("aten::narrow_copy.out", self, dim, start, length)


@composite
def parts(draw: DrawFn, *, same: bool) -> tuple[list[torch.Tensor], int]:
    """Tensors to put together along a dimension, of mixed dtypes, empty placeholders among them."""
    sizes = draw(shapes(min_rank=0 if same else 1, max_rank=4))
    dim = draw(st.integers(-len(sizes) - same, len(sizes) - 1 + same)) if sizes or same else 0
    dtypes = draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=2))
    result: list[torch.Tensor] = []
    for _ in range(draw(st.integers(1, 8))):
        own = list(sizes)
        if not same:
            own[dim] = draw(st.integers(0, 4))
        result.append(draw(tensors(dtypes, own, specials=SMALL_FLOATS, low=0, high=9)))
    if not same and draw(st.booleans()):
        result.insert(draw(st.integers(0, len(result))), torch.zeros(0, dtype=dtypes[0]))
    return result, dim


@settings(max_examples=50)
@given(cat=parts(same=False), stack=parts(same=True), slack=st.sampled_from([0, 1]))
def test_cat_and_stack(
    cat: tuple[list[torch.Tensor], int], stack: tuple[list[torch.Tensor], int], slack: int
) -> None:
    assert check_kernel("aten::cat.out", *cat, slack=slack)
    assert check_kernel("aten::stack.out", *stack, slack=slack)


@settings(max_examples=50)
@given(data=st.data())
def test_replaced_parts(data: st.DataObject) -> None:
    self = data.draw(tensors(ALL, shapes(min_rank=2, max_rank=5, min_size=1)))
    dim = data.draw(st.integers(-self.dim(), self.dim() - 1))

    def like(part: torch.Tensor) -> torch.Tensor:
        return fill(part.shape, self.dtype, 7)

    start, end, step = data.draw(BOUNDS), data.draw(BOUNDS), data.draw(st.integers(1, 3))
    part = like(torch.ops.aten.slice.Tensor(self, dim, start, end, step))
    assert check_kernel("aten::slice_scatter.out", self, part, dim, start, end, step)
    index = data.draw(st.integers(-self.shape[dim], self.shape[dim] - 1))
    assert check_kernel("aten::select_scatter.out", self, like(self.select(dim, index)), dim, index)
    offset = data.draw(st.integers(-5, 5))
    dim2 = data.draw(st.integers(0, self.dim() - 1).filter(lambda other: other != dim % self.dim()))
    part = like(self.diagonal(offset, dim, dim2))
    assert check_kernel("aten::diagonal_scatter.out", self, part, offset, dim, dim2)
    if part.numel() > 0:
        with pytest.raises(StatusError, match="sizes of the part"):
            run_kernel(
                "aten::diagonal_scatter.out",
                *(self, part.flatten()[:-1].clone(), offset, dim, dim2),
                out=[_out(self.shape, self.dtype)],
            )


@settings(max_examples=50)
@given(data=st.data(), slack=st.sampled_from([0, 1]))
def test_masked(data: st.DataObject, slack: int) -> None:
    args, _ = data.draw(calls("aten::masked_select.out", mask=lambda drawn: masks_for(drawn["self"])))
    self, mask = args
    assert check_kernel("aten::masked_select.out", self, mask, slack=slack)
    count = int(torch.broadcast_tensors(self, mask)[1].sum())
    source = fill([count + data.draw(st.integers(0, 2))], self.dtype, 3)
    assert check_kernel("aten::masked_scatter.out", self, mask, source)
    if count:
        with pytest.raises(StatusError, match="fewer than the places"):
            out = _out(torch.broadcast_shapes(self.shape, mask.shape), self.dtype)
            run_kernel("aten::masked_scatter.out", self, mask, source[: count - 1].clone(), out=[out])


def masks_for(self: torch.Tensor) -> st.SearchStrategy[torch.Tensor]:
    sizes = list(self.shape)
    return st.tuples(st.integers(0, len(sizes)), st.integers(0, 9)).map(
        lambda drawn: fill(sizes[drawn[0] :], torch.bool, drawn[1])
    )


@given(st.lists(st.integers(0, 4), max_size=6), st.sampled_from([torch.int64, torch.int32]), st.booleans())
def test_repeat_interleave(repeats: list[int], dtype: torch.dtype, known: bool) -> None:
    size = sum(repeats) if known else None
    counts = torch.tensor(repeats, dtype=dtype)
    assert check_kernel("aten::repeat_interleave.Tensor_out", counts, output_size=size)


def _out(sizes: Any, dtype: torch.dtype) -> Out:
    return Out(dtype, list(sizes))
