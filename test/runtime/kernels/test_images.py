"""Kernels that pad, shuffle and sample images, and distances of rows, give what eager PyTorch gives."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from .harness import check_kernel
from .strategies import ALL, FLOATING, fill, shapes, tensors

SLACK = st.sampled_from([0, 0, 2])


@pytest.mark.parametrize("kind", ["reflection", "replication"])
@pytest.mark.parametrize("spatial", [1, 2, 3])
@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_pads(kind: str, spatial: int, data: st.DataObject, slack: int) -> None:
    leading = data.draw(st.sampled_from([[2], [2, 3]]))
    sizes = [data.draw(st.integers(1, 6)) for _ in range(spatial)]
    x = data.draw(tensors(FLOATING, [*leading, *sizes]))
    padding = [data.draw(st.integers(-1, min(size, 3))) for size in reversed(sizes) for _ in range(2)]
    check_kernel(f"aten::{kind}_pad{spatial}d.out", x, padding, slack=slack)


@pytest.mark.parametrize("operator", ["aten::pixel_shuffle.out", "aten::pixel_unshuffle.out"])
@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_pixel_shuffles(operator: str, data: st.DataObject, slack: int) -> None:
    factor = data.draw(st.integers(1, 3))
    # Of no elements PyTorch makes a result of another shape.
    least = 1 if "unshuffle" in operator else 0
    channels, height, width = (data.draw(st.integers(least, 4)) for _ in range(3))
    leading = data.draw(shapes(max_rank=2, min_size=least, max_size=3))
    if "unshuffle" in operator:
        sizes = [channels, height * factor, width * factor]
    else:
        sizes = [channels * factor**2, height, width]
    x = data.draw(tensors(ALL, [*leading, *sizes]))
    check_kernel(operator, x, factor, slack=slack)


@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_channel_shuffles(data: st.DataObject, slack: int) -> None:
    groups, depth = (data.draw(st.integers(1, 4)) for _ in range(2))
    x = data.draw(
        tensors([torch.float32, torch.uint8], [2, groups * depth, *data.draw(shapes(min_rank=1, max_rank=3))])
    )
    check_kernel("aten::channel_shuffle.out", x, groups, slack=slack)


@pytest.mark.parametrize("spatial", [2, 3])
@settings(max_examples=50)
@given(data=st.data(), slack=SLACK)
def test_grid_samplers(spatial: int, data: st.DataObject, slack: int) -> None:
    dtype = data.draw(st.sampled_from([torch.float32, torch.float64]))
    batch, channels = (data.draw(st.integers(1, 3)) for _ in range(2))
    x = data.draw(
        tensors(
            [dtype],
            [batch, channels, *(data.draw(st.integers(1, 5)) for _ in range(spatial))],
            specials=[],
            layouts=False,
        )
    )
    sizes = [data.draw(st.integers(0, 4)) for _ in range(spatial)]
    # Some points lie outside. Halves would be rounded differently by the last bit.
    grid = fill([batch, *sizes, spatial], dtype, data.draw(st.integers(0, 999)), []) / 2
    mode = data.draw(st.integers(0, 2 if spatial == 2 else 1))
    args = (mode, data.draw(st.integers(0, 2)), data.draw(st.booleans()))
    tolerance = 1e-4 if dtype == torch.float32 else 1e-9
    check_kernel(
        f"aten::grid_sampler_{spatial}d.out", x, grid, *args, slack=slack, rtol=tolerance, atol=tolerance
    )


ORDERS = st.sampled_from([0.0, 1.0, 2.0, 3.0, 0.5, math.inf])


@settings(max_examples=40)
@given(data=st.data(), p=ORDERS, slack=SLACK)
def test_distances_of_two_sets(data: st.DataObject, p: float, slack: int) -> None:
    leading = data.draw(st.sampled_from([([], []), ([2], [2]), ([1], [3]), ([2, 1], [3]), ([], [2])]))
    rows, columns, depth = (data.draw(st.integers(0, 5)) for _ in range(3))
    seed = data.draw(st.integers(0, 999))
    x1 = fill([*leading[0], rows, depth], torch.float32, seed, [1.0])
    x2 = fill([*leading[1], columns, depth], torch.float32, seed + 1, [1.0])
    check_kernel("aten::_cdist_forward.out", x1, x2, p, None, slack=slack, rtol=1e-4, atol=1e-4)


@settings(max_examples=30)
@given(data=st.data(), p=ORDERS, slack=SLACK)
def test_distances_of_pairs(data: st.DataObject, p: float, slack: int) -> None:
    sizes = [data.draw(st.integers(0, 6)) for _ in range(2)]
    x = fill(sizes, torch.float32, data.draw(st.integers(0, 999)), [])
    check_kernel("aten::_pdist_forward.out", x, p, slack=slack, rtol=1e-4, atol=1e-4)
