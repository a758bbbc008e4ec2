"""Pools, convolutions and upsamplings give what eager PyTorch gives."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from .harness import assert_results, check_kernel, expected, out_like, run_kernel, with_slack
from .strategies import FLOATING, INTEGRAL, tensors

SLACK = st.sampled_from([0, 0, 2])
TOLERANCES = {torch.float16: 1e-2, torch.bfloat16: 6e-2, torch.float32: 1e-4, torch.float64: 1e-7}


@composite
def planes(
    draw: DrawFn,
    spatial: int,
    dtypes: list[torch.dtype],
    *,
    min_size: int = 1,
    max_size: int = 9,
    batched: bool = False,
    specials: list[float] | None = None,
) -> torch.Tensor:
    """A tensor [batch, channels, spatial...], at times without its batch."""
    sizes = [draw(st.integers(1, 3)), *(draw(st.integers(min_size, max_size)) for _ in range(spatial))]
    if batched or draw(st.booleans()):
        sizes = [draw(st.integers(1, 2)), *sizes]
    return draw(tensors(dtypes, sizes, specials=specials or [], layouts=False))


def entries(spatial: int, low: int, high: int) -> st.SearchStrategy[list[int]]:
    """A list argument of pools: one entry for each dimension, or one for all."""
    one = st.integers(low, high)
    return st.lists(one, min_size=spatial, max_size=spatial) | st.lists(one, min_size=1, max_size=1)


def tolerances(x: torch.Tensor) -> dict[str, Any]:
    tolerance = TOLERANCES.get(x.dtype, 0)
    return {"rtol": tolerance, "atol": tolerance}


@pytest.mark.parametrize("spatial", [1, 2, 3])
@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_average_pools(spatial: int, data: st.DataObject, slack: int) -> None:
    x = data.draw(planes(spatial, [*FLOATING, torch.int64]))
    args: list[Any] = [
        data.draw(entries(spatial, 1, 4)),
        data.draw(st.just([]) | entries(spatial, 1, 3)),
        data.draw(entries(spatial, 0, 2)),
        *(data.draw(st.booleans()) for _ in range(2)),
    ]
    if spatial > 1:
        args.append(data.draw(st.sampled_from([None, None, 3])))
    check_kernel(f"aten::avg_pool{spatial}d.out", x, *args, slack=slack, **tolerances(x))


@pytest.mark.parametrize("spatial", [2, 3])
@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_max_pools(spatial: int, data: st.DataObject, slack: int) -> None:
    x = data.draw(planes(spatial, [*FLOATING, *INTEGRAL], specials=[math.nan, -math.inf, 1.0]))
    args: list[Any] = [
        data.draw(entries(spatial, 1, 4)),
        data.draw(st.just([]) | entries(spatial, 1, 3)),
        data.draw(entries(spatial, 0, 2)),
        data.draw(entries(spatial, 1, 3)),
        data.draw(st.booleans()),
    ]
    check_kernel(f"aten::max_pool{spatial}d_with_indices.out", x, *args, slack=slack)


ADAPTIVE = {
    "aten::adaptive_avg_pool1d.out": 1,
    "aten::_adaptive_avg_pool2d.out": 2,
    "aten::_adaptive_avg_pool3d.out": 3,
    "aten::adaptive_max_pool2d.out": 2,
    "aten::adaptive_max_pool3d.out": 3,
}


@pytest.mark.parametrize("operator", ADAPTIVE)
@settings(max_examples=25)
@given(data=st.data(), slack=SLACK)
def test_adaptive_pools(operator: str, data: st.DataObject, slack: int) -> None:
    spatial = ADAPTIVE[operator]
    x = data.draw(planes(spatial, FLOATING))
    sizes = [data.draw(st.integers(1, 5)) for _ in range(spatial)]
    assert check_kernel(operator, x, sizes, slack=slack, **tolerances(x))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("spatial", [1, 2, 3])
@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_convolutions(spatial: int, transposed: bool, data: st.DataObject, slack: int) -> None:
    dtype = data.draw(st.sampled_from(FLOATING))
    groups = data.draw(st.integers(1, 3))
    ins, outs = (groups * data.draw(st.integers(1, 4)) for _ in range(2))
    sizes = [data.draw(st.integers(1, 12)) for _ in range(spatial)]
    kernel = [data.draw(st.integers(1, 3)) for _ in range(spatial)]
    batch = data.draw(st.sampled_from([[], [1], [2]]))
    x = data.draw(tensors([dtype], [*batch, ins, *sizes], specials=[], layouts=False))
    filters = [ins, outs // groups] if transposed else [outs, ins // groups]
    weight = data.draw(tensors([dtype], [*filters, *kernel], specials=[], layouts=False))
    bias = data.draw(st.none() | tensors([dtype], [outs], specials=[]))
    lists = [data.draw(entries(spatial, low, high)) for low, high in ((1, 3), (0, 2), (1, 2))]
    output_padding = data.draw(entries(spatial, 0, 1)) if transposed else [0] * spatial
    args = (x, weight, bias, *lists, transposed, output_padding, groups)
    try:
        # PyTorch's own bfloat16 convolutions are wrong for some shapes of filters.
        wanted = expected("aten::convolution.out", [widened(value) for value in args], {})[0].to(dtype)
    except RuntimeError:
        check_kernel("aten::convolution.out", *args)
        return
    given = [with_slack(value, slack) for value in args]
    got = run_kernel("aten::convolution.out", *given, out=[out_like(wanted, slack=slack)])
    assert_results(got, [wanted], **tolerances(x))


def widened(value: Any) -> Any:
    return value.double() if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize("operator", ["aten::convolution.out"])
@settings(max_examples=10)
@given(data=st.data())
def test_a_convolution_of_many_panels(operator: str, data: st.DataObject) -> None:
    channels = data.draw(st.sampled_from([32, 150]))
    x = data.draw(tensors([torch.float32], [1, channels, 13, 17], specials=[], layouts=False))
    weight = data.draw(tensors([torch.float32], [7, channels, 3, 3], specials=[], layouts=False))
    args = (x, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1)
    assert check_kernel(operator, *args, rtol=1e-3, atol=1e-3)


NEAREST = {
    f"aten::{name}{spatial}d.out": spatial
    for name in ("upsample_nearest", "_upsample_nearest_exact")
    for spatial in (1, 2, 3)
}
SMOOTH = {
    "aten::upsample_linear1d.out": 1,
    "aten::upsample_bilinear2d.out": 2,
    "aten::upsample_trilinear3d.out": 3,
    "aten::upsample_bicubic2d.out": 2,
    "aten::_upsample_bilinear2d_aa.out": 2,
    "aten::_upsample_bicubic2d_aa.out": 2,
}


@pytest.mark.parametrize("operator", [*NEAREST, *SMOOTH])
@settings(max_examples=25)
@given(data=st.data(), slack=SLACK)
def test_upsamplings(operator: str, data: st.DataObject, slack: int) -> None:
    spatial = NEAREST.get(operator) or SMOOTH[operator]
    dtypes = [*FLOATING, torch.uint8] if operator in NEAREST else [torch.float32, torch.float64]
    # PyTorch's antialiasing mistakes planes of one column for channels-last ones.
    least = 2 if "_aa" in operator else 1
    x = data.draw(planes(spatial, dtypes, min_size=least, batched=True))
    args: list[Any] = []
    if data.draw(st.booleans()):
        # What a model's scale_factor comes down to.
        scales: list[float | None] = [
            data.draw(st.sampled_from([0.5, 1.0, 1.5, 2.0, 2.7])) for _ in range(spatial)
        ]
        sizes = [
            max(int(size * (scale or 1)), least) for size, scale in zip(x.shape[2:], scales, strict=True)
        ]
    else:
        scales = [None] * spatial
        sizes = [data.draw(st.integers(least, 20)) for _ in range(spatial)]
    args = [sizes, *([] if operator in NEAREST else [data.draw(st.booleans())]), *scales]
    check_kernel(operator, x, *args, slack=slack, **tolerances(x))


@pytest.mark.parametrize("name", ["upsample_nearest2d", "upsample_bilinear2d"])
@settings(max_examples=25)
@given(data=st.data())
def test_upsamplings_by_size_or_factor(name: str, data: st.DataObject) -> None:
    x = data.draw(planes(2, [torch.float32, torch.float64], batched=True))
    sizes, factors = [data.draw(st.integers(1, 9)) for _ in range(2)], None
    if data.draw(st.booleans()):
        sizes, factors = None, [data.draw(st.sampled_from([1.0, 1.5, 2.0, 2.7])) for _ in range(2)]
    corners = [] if "nearest" in name else [data.draw(st.booleans())]
    assert check_kernel(f"aten::{name}.vec_out", x, sizes, *corners, factors, **tolerances(x))
