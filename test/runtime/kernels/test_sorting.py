"""Kernels that sort or pick by order give what eager PyTorch gives."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from .harness import check_kernel
from .strategies import ALL, FLOATING, INTEGRAL, calls, shapes

SHAPES = st.one_of(shapes(max_rank=3), st.sampled_from([[70], [3, 40], [40, 3]]))


@pytest.mark.parametrize(
    "operator", ["aten::sort.values", "aten::sort.values_stable", "aten::argsort.stable_out"]
)
@settings(max_examples=30)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_sorts(operator: str, data: st.DataObject, slack: int) -> None:
    specials = [math.nan, math.inf, -math.inf, 0.0, 1.0]
    args, kwargs = data.draw(
        calls(operator, dtypes=ALL, shape=SHAPES, specials=specials, stable=st.just(True))
        if "stable" in operator
        else calls(operator, dtypes=ALL, shape=SHAPES, specials=specials)
    )
    if operator == "aten::sort.values" and (args[0].dim() == 0 or args[0].shape[args[1]] > 16):
        args[0] = distinct(args[0])  # an unstable sort may put equals in any order
    check_kernel(operator, *args, slack=slack, **kwargs)


def distinct(tensor: torch.Tensor) -> torch.Tensor:
    """Numbers that differ, in an order that depends on the tensor's."""
    generator = torch.Generator().manual_seed(tensor.numel())
    order = torch.randperm(tensor.numel(), generator=generator)
    return (order - tensor.numel() // 2).reshape(tensor.shape).to(tensor.dtype)


@composite
def picks(draw: DrawFn) -> tuple[torch.Tensor, int, int]:
    """A tensor of distinct numbers, a NaN among them at times; k of a dimension."""
    sizes = draw(st.one_of(shapes(max_rank=3, min_size=1), st.sampled_from([[90], [3, 40]])))
    dtype = draw(st.sampled_from([*FLOATING, *INTEGRAL]))
    tensor = distinct(torch.empty(sizes, dtype=dtype))
    if dtype.is_floating_point and draw(st.booleans()):
        tensor.view(-1)[draw(st.integers(0, tensor.numel() - 1))] = math.nan
    dim = draw(st.integers(-max(len(sizes), 1), max(len(sizes), 1) - 1))
    return tensor, draw(st.integers(1, sizes[dim] if sizes else 1)), dim


@settings(max_examples=50)
@given(pick=picks(), largest=st.booleans(), slack=st.sampled_from([0, 0, 2]))
def test_topk(pick: tuple[torch.Tensor, int, int], largest: bool, slack: int) -> None:
    assert check_kernel("aten::topk.values", *pick, largest, True, slack=slack)


@pytest.mark.parametrize(
    "operator", ["aten::kthvalue.values", "aten::median.dim_values", "aten::nanmedian.dim_values"]
)
@settings(max_examples=40)
@given(pick=picks(), keepdim=st.booleans(), slack=st.sampled_from([0, 0, 2]))
def test_order_statistics(
    operator: str, pick: tuple[torch.Tensor, int, int], keepdim: bool, slack: int
) -> None:
    tensor, k, dim = pick
    args = (tensor, k, dim) if "kth" in operator else (tensor, dim)
    assert check_kernel(operator, *args, keepdim, slack=slack)
