"""Windows that move over images: convolutions, pools and resizing compute what torch does."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from .aten_calls import Static, assert_converts, assert_refused, call, randn

small = st.integers(1, 3)


@st.composite
def convolutions(draw: st.DrawFn, transposed: bool = False) -> tuple[str, dict[str, Any]]:
    spatial = draw(st.integers(1, 2))
    groups, per_group, out_per_group = draw(small), draw(small), draw(small)
    numbers = st.lists(st.integers(1, 3), min_size=spatial, max_size=spatial)
    kernel, stride, dilation = draw(numbers), draw(numbers), draw(numbers)
    padding = draw(st.lists(st.integers(0, 2), min_size=spatial, max_size=spatial))
    size = draw(st.lists(st.integers(7, 10), min_size=spatial, max_size=spatial))
    weight = (groups * out_per_group, per_group, *kernel)
    args: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if transposed:
        weight = (groups * per_group, out_per_group, *kernel)
        args["output_padding"] = [draw(st.integers(0, step - 1)) for step in stride]
        spans = [(i - 1) * s - 2 * p + d * (k - 1) + o + 1 for i, s, p, d, k, o in zip(
            size, stride, padding, dilation, kernel, args["output_padding"], strict=True
        )]  # fmt: skip
        assume(min(spans) > 0)
    batch = draw(st.sampled_from([(), (1,), (2,)]))
    args["input"] = randn(*batch, groups * per_group, *size)
    args["weight"] = Static(randn(*weight))
    bias = draw(st.sampled_from(["none", "static", "computed"]))
    if bias != "none":
        values = randn(groups * out_per_group)
        args["bias"] = Static(values) if bias == "static" else values
    name = draw(st.booleans())
    if name and batch:
        args |= {"transposed": transposed, "output_padding": args.get("output_padding", [0] * spatial)}
        args.setdefault("bias", None)
        return "convolution", args
    if transposed:
        return ("conv_transpose1d", "conv_transpose2d.input")[spatial - 1], args
    return ("conv1d", "conv2d")[spatial - 1], args


@settings(max_examples=50)
@given(convolutions())
def test_convolution(case: tuple[str, dict[str, Any]]) -> None:
    outcome = assert_converts(*case)
    assert len([name for name in outcome.names if "convolution_2d" in name]) == 1


@settings(max_examples=50)
@given(convolutions(transposed=True))
def test_transposed_convolution(case: tuple[str, dict[str, Any]]) -> None:
    assert "xnn.deconvolution_2d" in assert_converts(*case).names


@given(st.integers(1, 2), st.integers(1, 5), st.integers(1, 3), st.sampled_from(["same", "valid"]))
def test_padding_by_name(spatial: int, kernel: int, dilation: int, padding: str) -> None:
    args = {
        "input": randn(1, 2, *(13, 14)[:spatial]),
        "weight": Static(randn(3, 2, *(kernel, 2)[:spatial])),
        "padding": padding,
        "dilation": [dilation] * spatial,
    }
    assert_converts(f"conv{spatial}d.padding", args)


def test_depthwise_convolution_with_multiplier() -> None:
    args = {"input": randn(1, 4, 6, 6), "weight": Static(randn(8, 1, 3, 3)), "groups": 4}
    assert "xnn.depthwise_convolution_2d" in assert_converts("conv2d", args).names


def test_convolution_with_computed_weight_is_refused() -> None:
    args = {"input": randn(1, 4, 6, 6), "weight": randn(8, 4, 3, 3)}
    assert_refused("conv2d", args, "XNNPACK packs the filter when the model is loaded")
    args = {"input": randn(1, 2, 4, 4, 4), "weight": Static(randn(2, 2, 3, 3, 3))}
    assert_refused("conv3d", args, "no conversion of aten.conv3d")


@given(st.integers(2, 4), st.booleans())
def test_batch_norm(rank: int, is_affine: bool) -> None:
    args: dict[str, Any] = {
        "input": randn(2, 5, 3, 4)[(...,) + (0,) * (4 - rank)],
        "weight": Static(randn(5)) if is_affine else None,
        "bias": Static(randn(5) + 1) if is_affine else None,
        "running_mean": Static(randn(5) * 2),
        "running_var": Static(randn(5).abs() + 0.1),
        "momentum": 0.1,
        "eps": 1e-5,
    }
    assert_converts("batch_norm", {**args, "training": False, "cudnn_enabled": False})


@st.composite
def pools(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    spatial = draw(st.integers(1, 2))
    kernel = draw(st.lists(st.integers(2, 4), min_size=spatial, max_size=spatial))
    size = draw(st.lists(st.integers(7, 12), min_size=spatial, max_size=spatial))
    args: dict[str, Any] = {
        "self": randn(*draw(st.sampled_from([(3,), (2, 3)])), *size),
        "kernel_size": kernel,
        "stride": [draw(st.integers(1, 2))] * spatial if draw(st.booleans()) else [],
        "padding": [draw(st.integers(0, length // 2)) for length in kernel],
        "ceil_mode": draw(st.booleans()),
    }
    return spatial, args


@settings(max_examples=60)
@given(pools(), st.integers(1, 2))
def test_max_pool(case: tuple[int, dict[str, Any]], dilation: int) -> None:
    spatial, args = case
    outcome = call(f"max_pool{spatial}d", {**args, "dilation": [dilation] * spatial})
    assume(not any("padding only" in reason for reason in outcome.refusals))
    assert_converts(f"max_pool{spatial}d", {**args, "dilation": [dilation] * spatial})


@settings(max_examples=40)
@given(pools(), st.lists(st.integers(1, 6), min_size=2, max_size=2))
def test_max_pool_with_strides_of_any_size(case: tuple[int, dict[str, Any]], stride: list[int]) -> None:
    spatial, args = case
    args = {**args, "stride": stride[:spatial]}
    outcome = call(f"max_pool{spatial}d", args)
    assume(not any("padding only" in reason for reason in outcome.refusals))
    assert_converts(f"max_pool{spatial}d", args)


@settings(max_examples=80)
@given(pools(), st.booleans(), st.sampled_from([None, None, 3]))
def test_average_pool(case: tuple[int, dict[str, Any]], count_include_pad: bool, divisor: int | None) -> None:
    spatial, args = case
    args["count_include_pad"] = count_include_pad
    if spatial == 2:
        args["divisor_override"] = divisor
    outcome = call(f"avg_pool{spatial}d", args)
    assume(not any("padding only" in r for r in outcome.refusals))
    assert_converts(f"avg_pool{spatial}d", args)


def test_pools_that_xnnpack_lacks() -> None:
    args = {"self": randn(1, 2, 9, 9), "kernel_size": [2, 2], "stride": [3, 3], "dilation": [2, 2]}
    assert_refused("max_pool2d", args, "stride [3, 3] larger than the window [2, 2], with dilation")
    args = {"self": randn(1, 2, 90, 9), "output_size": [40, 2]}
    assert_refused("adaptive_max_pool2d", args, "40 windows of several sizes")


def test_indices_of_a_max_pool() -> None:
    assert_converts("max_pool2d_with_indices", {"self": randn(1, 2, 8, 8), "kernel_size": [2, 2]})


@settings(max_examples=40)
@given(st.tuples(*[st.integers(1, 9)] * 4), st.sampled_from(["avg", "max"]), st.booleans())
def test_adaptive_pool(sizes: tuple[int, int, int, int], kind: str, has_batch: bool) -> None:
    args = {"self": randn(*((2,) if has_batch else ()), 3, *sizes[:2]), "output_size": sizes[2:]}
    assert_converts(f"adaptive_{kind}_pool2d", args)
    args = {"self": randn(*((2,) if has_batch else ()), 3, sizes[0]), "output_size": sizes[2:3]}
    assert_converts(f"adaptive_{kind}_pool1d", args)


def test_mean_of_images_is_one_node() -> None:
    outcome = assert_converts("mean.dim", {"self": randn(2, 3, 5, 5), "dim": [-1, -2], "keepdim": True})
    assert outcome.names == ["xnn.static_transpose", "xnn.global_average_pooling_2d", "xnn.static_transpose"]


@given(st.booleans(), st.integers(2, 9), st.integers(2, 9))
def test_resize_to_a_size(align_corners: bool, height: int, width: int) -> None:
    args = {"input": randn(1, 2, 4, 5), "align_corners": align_corners}
    assert_converts(
        "upsample_bilinear2d.vec", {**args, "output_size": [height, width], "scale_factors": None}
    )


@settings(max_examples=15)
@given(st.booleans(), st.sampled_from([2.0, 1.2, 1.3, 0.5, 0.7]), st.sampled_from([1.0, 1.7, 3.0]))
def test_resize_by_factors(align_corners: bool, height: float, width: float) -> None:
    args = {"align_corners": align_corners, "output_size": None}
    x = randn(1, 2, 4, 5)
    for name in ("upsample_bilinear2d.vec", "upsample_bicubic2d.vec"):
        assert_converts(name, {**args, "input": x, "scale_factors": [height, width]}, tolerance=1e-5)
    assert_converts("upsample_linear1d.vec", {**args, "input": x[0], "scale_factors": [height]})
    volume = {"input": randn(1, 2, 3, 4, 5), "scale_factors": [height, width, height]}
    assert_converts("upsample_trilinear3d.vec", {**args, **volume})


@settings(max_examples=15)
@given(st.booleans(), st.lists(st.integers(1, 9), min_size=3, max_size=3))
def test_linear_and_cubic_to_a_size(align_corners: bool, size: list[int]) -> None:
    args = {"align_corners": align_corners}
    assert_converts("upsample_linear1d", {**args, "self": randn(2, 3, 4), "output_size": size[:1]})
    assert_converts("upsample_bicubic2d", {**args, "self": randn(1, 2, 4, 5), "output_size": size[:2]})
    assert_converts("upsample_trilinear3d", {**args, "self": randn(1, 2, 3, 4, 5), "output_size": size})


@settings(max_examples=30)
@given(
    st.lists(st.integers(1, 12), min_size=3, max_size=3),
    st.integers(1, 3),
    st.sampled_from(["upsample_nearest", "_upsample_nearest_exact"]),
    st.sampled_from([1.0, 2.0, 3.0, 0.5, 1.5, 2.7, 0.37]),
)
def test_resize_to_nearest(size: list[int], spatial: int, name: str, scale: float) -> None:
    x = randn(2, 3, *(3, 4, 5)[:spatial])
    assert_converts(f"{name}{spatial}d", {"self": x, "output_size": size[:spatial]}, tolerance=0.0)
    by_factors = {"input": x, "output_size": None, "scale_factors": [scale] * spatial}
    assert_converts(f"{name}{spatial}d.vec", by_factors, tolerance=0.0)


NEAREST = [
    "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d",
    "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d",
]  # fmt: skip


def test_nearest_neighbours_in_many_pieces_are_refused() -> None:
    for name in NEAREST:
        x = randn(1, 1, *(1, 1, 40)[3 - int(name[-2]) :])
        args = {"self": x, "output_size": [*x.shape[2:-1], 100]}
        assert_refused(name, args, "XNNPACK has no gather")


def test_adjustments_of_the_stride() -> None:
    """Rows that are added may be rows that padding does not cut off."""
    args = {
        "input": randn(1, 2, 4, 4),
        "weight": Static(randn(2, 2, 3, 3)),
        "dilation": [2, 2],
        "padding": [1, 2],
    }
    assert_converts("conv_transpose2d.input", {**args, "output_padding": [1, 1]})


def test_adjustments_of_the_stride_are_refused() -> None:
    args = {"input": randn(1, 2, 4, 4), "weight": Static(randn(2, 2, 3, 3)), "dilation": [2, 2]}
    reason = "an adjustment below the stride [1, 1], got [1, 1]"
    assert_refused("conv_transpose2d.input", {**args, "output_padding": [1, 1]}, reason)
