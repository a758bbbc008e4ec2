"""Nodes compute what the calls they stand for compute in torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from xnnir.dialects.aten import Device, Dtype, find_op_class
from xnnir.passes._aten_to_xnn import CONVERTERS

from .aten_calls import Static, assert_converts, assert_refused, call

settings.register_profile("convert", deadline=None, max_examples=30)
settings.load_profile("convert")


def randn(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers that depend on the shape only, so that a failure is the same when it is run again."""
    generator = torch.Generator().manual_seed(sum(i * size for i, size in enumerate(shape, 1)))
    return torch.randn(*shape, generator=generator).to(dtype)


small = st.integers(1, 3)
UNARY = [
    "abs", "ceil", "cos", "exp", "floor", "neg", "sin", "square", "relu", "relu6", "hardswish", "hardsigmoid",
    "sigmoid", "silu", "tanh", "selu", "elu", "leaky_relu", "hardtanh", "gelu", "reciprocal",
]  # fmt: skip


@given(st.sampled_from(UNARY), st.lists(small, min_size=1, max_size=4))
def test_functions_of_one_element(name: str, shape: list[int]) -> None:
    assert_converts(name, {"self": randn(*shape)})


@given(st.sampled_from(["log", "sqrt", "rsqrt"]), st.lists(small, min_size=1, max_size=4))
def test_functions_of_positive_numbers(name: str, shape: list[int]) -> None:
    assert_converts(name, {"self": randn(*shape).abs() + 0.1})


def test_half_precision() -> None:
    x = randn(2, 3, 8, 8, dtype=torch.float16)
    assert_converts("gelu", {"self": x}, tolerance=1e-3)
    weight = Static(randn(4, 3, 3, 3, dtype=torch.float16))
    outcome = assert_converts("conv2d", {"input": x, "weight": weight}, tolerance=1e-2)
    assert outcome.names.count("xnn.convert") == 0
    linear = {"input": x, "weight": Static(randn(5, 8, dtype=torch.float16))}
    assert_converts("linear", linear, tolerance=1e-2)


def test_gelu_by_tanh_is_not_the_exact_one() -> None:
    outcome = assert_converts("gelu", {"self": randn(64) * 4, "approximate": "tanh"}, tolerance=1e-6)
    assert "xnn.gelu" not in outcome.names


@given(st.sampled_from([-1, -0.5, 0.5, 1, 2, 2.0, 3]))
def test_powers(exponent: float) -> None:
    assert_converts("pow.Tensor_Scalar", {"self": randn(3, 5).abs() + 0.1, "exponent": exponent})


@st.composite
def broadcast_pair(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    other = [draw(st.sampled_from([1, size])) for size in shape][draw(st.integers(0, len(shape) - 1)) :]
    pair = randn(*shape), randn(*other) + 0.5
    return pair if draw(st.booleans()) else (pair[1], pair[0])


@given(st.sampled_from(["add.Tensor", "sub.Tensor", "mul.Tensor", "maximum", "minimum"]), broadcast_pair())
def test_functions_of_two_elements(name: str, pair: tuple[Tensor, Tensor]) -> None:
    assert_converts(name, {"self": pair[0], "other": pair[1]})


@given(broadcast_pair(), st.booleans())
def test_divide(pair: tuple[Tensor, Tensor], is_static: bool) -> None:
    divisor = pair[1].abs() + 0.5
    assert_converts("div.Tensor", {"self": pair[0], "other": Static(divisor) if is_static else divisor})


@given(
    st.sampled_from(["add.Tensor", "sub.Tensor", "rsub.Scalar", "rsub.Tensor"]), st.sampled_from([1, 2, 0.25])
)
def test_alpha(name: str, alpha: float) -> None:
    other = 1.5 if name == "rsub.Scalar" else randn(3, 1)
    assert_converts(name, {"self": randn(2, 3, 4), "other": other, "alpha": alpha})


@given(
    st.sampled_from(["add.Scalar", "sub.Scalar", "mul.Scalar", "div.Scalar"]), st.sampled_from([2, 0.5, -3])
)
def test_numbers(name: str, number: float) -> None:
    assert_converts(name, {"self": randn(2, 3), "other": number})


def test_integers_are_refused() -> None:
    assert_refused(
        "add.Scalar",
        {"self": torch.arange(4), "other": 1},
        "XNNPACK computes in float32 and float16, got i64",
    )
    assert_refused("view", {"self": torch.arange(4), "size": [2, 2]}, "got i64")


@given(st.sampled_from([None, -0.5, 0.0]), st.sampled_from([None, 0.25, 2]))
def test_clamp(low: float | None, high: float | None) -> None:
    assume(low is not None or high is not None)
    assert_converts("clamp", {"self": randn(30), "min": low, "max": high})


@given(st.integers(-3, 2), st.sampled_from(["softmax.int", "_softmax"]))
def test_softmax(axis: int, name: str) -> None:
    half = {"half_to_float": False} if name == "_softmax" else {}
    assert_converts(name, {"self": randn(2, 5, 3), "dim": axis, **half})


@given(st.integers(1, 4), st.integers(2, 5), st.booleans())
def test_prelu(rank: int, channels: int, is_shared: bool) -> None:
    shape = (2, channels, 3, 4)[: max(rank, 2)]
    assert_converts("prelu", {"self": randn(*shape), "weight": Static(randn(1 if is_shared else channels))})


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


@settings(max_examples=80)
@given(convolutions())
def test_convolution(case: tuple[str, dict[str, Any]]) -> None:
    outcome = assert_converts(*case)
    assert len([name for name in outcome.names if "convolution_2d" in name]) == 1


@settings(max_examples=80)
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


@given(st.integers(1, 4), st.sampled_from([None, "static", "computed"]), st.booleans())
def test_linear(rank: int, bias: str | None, is_static: bool) -> None:
    weight, bias_tensor = randn(5, 7), randn(5)
    args = {
        "input": randn(*(2, 3, 4, 7)[4 - rank :]),
        "weight": Static(weight) if is_static else weight,
        "bias": None if bias is None else Static(bias_tensor) if bias == "static" else bias_tensor,
    }
    assert "xnn.fully_connected" in assert_converts("linear", args).names


@given(st.booleans(), st.sampled_from([(1, 1), (0.5, 2), (1, 0)]))
def test_addmm(is_static: bool, factors: tuple[float, float]) -> None:
    matrix = randn(7, 5)
    args = {"self": Static(randn(5)), "mat1": randn(3, 7), "mat2": Static(matrix) if is_static else matrix}
    assert_converts("addmm", {**args, "alpha": factors[0], "beta": factors[1]})


@given(
    st.sampled_from(
        [((2, 3), (3, 4)), ((2, 5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 4))]
    )
)
def test_matmul(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    assert_converts("matmul", {"self": randn(*shapes[0]), "other": randn(*shapes[1])})
    outcome = assert_converts("matmul", {"self": randn(*shapes[0]), "other": Static(randn(*shapes[1]))})
    assert ("xnn.fully_connected" in outcome.names) == (len(shapes[1]) == 2)


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


@settings(max_examples=100)
@given(pools(), st.integers(1, 2))
def test_max_pool(case: tuple[int, dict[str, Any]], dilation: int) -> None:
    spatial, args = case
    outcome = call(f"max_pool{spatial}d", {**args, "dilation": [dilation] * spatial})
    assume(not any("padding only" in reason for reason in outcome.refusals))
    assert_converts(f"max_pool{spatial}d", {**args, "dilation": [dilation] * spatial})


@settings(max_examples=150)
@given(pools(), st.booleans(), st.sampled_from([None, None, 3]))
def test_average_pool(case: tuple[int, dict[str, Any]], count_include_pad: bool, divisor: int | None) -> None:
    spatial, args = case
    args["count_include_pad"] = count_include_pad
    if spatial == 2:
        args["divisor_override"] = divisor
    outcome = call(f"avg_pool{spatial}d", args)
    assume(not any("padding only" in r or "divisor_override with" in r for r in outcome.refusals))
    assert_converts(f"avg_pool{spatial}d", args)


def test_pools_that_xnnpack_lacks() -> None:
    x = randn(1, 2, 9, 9)
    args = {"self": x, "kernel_size": [2, 2], "stride": [3, 3]}
    assert_refused("max_pool2d", args, "stride [3, 3] larger than the window [2, 2]")
    assert_refused("adaptive_avg_pool2d", {"self": x, "output_size": [2, 2]}, "windows of several sizes")


def test_indices_of_a_max_pool() -> None:
    assert_converts("max_pool2d_with_indices", {"self": randn(1, 2, 8, 8), "kernel_size": [2, 2]})


@given(st.sampled_from([(8, 6), (4, 3), (1, 1), (2, 6)]), st.sampled_from(["avg", "max"]))
def test_adaptive_pool(size: tuple[int, int], kind: str) -> None:
    args = {"self": randn(2, 3, 8, 6), "output_size": size}
    assert_converts(f"adaptive_{kind}_pool2d", args)


REDUCTIONS = ["mean.dim", "sum.dim_IntList", "amax", "amin", "var.correction"]


@settings(max_examples=60)
@given(
    st.sampled_from(REDUCTIONS),
    st.lists(st.integers(2, 4), min_size=1, max_size=4),
    st.data(),
    st.booleans(),
    st.sampled_from(["executorch", "xnnir"]),
)
def test_reductions(name: str, shape: list[int], data: st.DataObject, keepdim: bool, target: Any) -> None:
    axes = data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
    axes = [axis - len(shape) if data.draw(st.booleans()) else axis for axis in axes]
    assume(keepdim or len(axes) < len(shape))
    assert_converts(name, {"self": randn(*shape), "dim": axes, "keepdim": keepdim}, target)


def test_mean_of_images_is_one_node() -> None:
    outcome = assert_converts("mean.dim", {"self": randn(2, 3, 5, 5), "dim": [-1, -2], "keepdim": True})
    assert outcome.names == ["xnn.static_transpose", "xnn.global_average_pooling_2d", "xnn.static_transpose"]


def test_values_of_max_dim() -> None:
    assert_converts("max.dim", {"self": randn(3, 4), "dim": 1, "keepdim": True})


@given(st.booleans(), st.integers(2, 9), st.integers(2, 9))
def test_resize_to_a_size(align_corners: bool, height: int, width: int) -> None:
    args = {"input": randn(1, 2, 4, 5), "align_corners": align_corners}
    assert_converts(
        "upsample_bilinear2d.vec", {**args, "output_size": [height, width], "scale_factors": None}
    )


def test_resize_by_factors() -> None:
    args = {"input": randn(1, 2, 4, 5), "align_corners": False, "output_size": None}
    assert_converts("upsample_bilinear2d.vec", {**args, "scale_factors": [2.0, 1.2]})
    assert_refused(
        "upsample_bilinear2d.vec", {**args, "scale_factors": [1.3, 1.0]}, "does not give 5 exactly"
    )


SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("view", {"self": randn(2, 6), "size": [3, 4]}),
    ("flatten.using_ints", {"self": randn(2, 3, 4), "start_dim": 1}),
    ("squeeze.dim", {"self": randn(2, 1, 4), "dim": 1}),
    ("unsqueeze", {"self": randn(2, 4), "dim": -1}),
    ("unflatten.int", {"self": randn(2, 6), "dim": 1, "sizes": [2, 3]}),
    ("permute", {"self": randn(2, 3, 4), "dims": [2, 0, -2]}),
    ("transpose.int", {"self": randn(2, 3, 4), "dim0": -1, "dim1": 0}),
    ("t", {"self": randn(2, 3)}),
    ("mT", {"self": randn(2, 3, 4)}),
    ("slice.Tensor", {"self": randn(4, 9), "dim": 1, "start": 2, "end": -1}),
    ("slice.Tensor", {"self": randn(4, 9), "dim": -2, "start": -3, "end": 2**63 - 1}),
    ("narrow", {"self": randn(4, 9), "dim": 1, "start": -4, "length": 3}),
    ("select.int", {"self": randn(4, 9), "dim": 1, "index": -2}),
    ("split.Tensor", {"self": randn(4, 9), "split_size": 4, "dim": 1}),
    ("split_with_sizes", {"self": randn(4, 9), "split_sizes": [2, 4, 3], "dim": -1}),
    ("chunk", {"self": randn(4, 9), "chunks": 2, "dim": 1}),
    ("unbind.int", {"self": randn(3, 4), "dim": 0}),
    ("expand", {"self": randn(1, 4), "size": [1, -1, 4]}),
    ("repeat", {"self": randn(2, 3), "repeats": [2, 1, 7]}),
    ("stack", {"tensors": [randn(2, 3), randn(2, 3)], "dim": 1}),
    ("glu", {"self": randn(2, 6), "dim": 1}),
    ("pixel_shuffle", {"self": randn(1, 8, 2, 3), "upscale_factor": 2}),
    ("pixel_unshuffle", {"self": randn(1, 2, 4, 6), "downscale_factor": 2}),
    ("channel_shuffle", {"self": randn(1, 6, 2, 2), "groups": 3}),
    ("to.dtype", {"self": randn(2, 3), "dtype": "float16"}),
    *((name, {"input": randn(2, 3), "p": 0.5, "train": False}) for name in (
        "dropout", "alpha_dropout", "feature_dropout"
    )),
    *((name, {"self": randn(2, 3)}) for name in (
        "alias", "clone", "contiguous", "detach", "lift_fresh", "_to_copy", "numpy_T", "squeeze"
    )),
    *((name, {"self": randn(2, 6), "size": [3, 4]}) for name in ("_unsafe_view", "view_copy")),
    ("reshape", {"self": randn(2, 6), "shape": [3, 4]}),
    ("_reshape_alias", {"self": randn(2, 6), "size": [3, 4], "stride": [4, 1]}),
    ("view_as", {"self": randn(2, 6), "other": randn(3, 4)}),
    ("type_as", {"self": randn(2, 6), "other": randn(3, 4)}),
    ("to.dtype_layout", {"self": randn(2, 6), "dtype": "float16"}),
    ("to.device", {"self": randn(2, 6), "device": "cpu", "dtype": "float32"}),
    ("squeeze.dims", {"self": randn(2, 1, 4, 1), "dim": [1, 3]}),
    ("permute_copy", {"self": randn(2, 3, 4), "dims": [2, 0, -2]}),
    ("swapaxes", {"self": randn(2, 3, 4), "axis0": -1, "axis1": 0}),
    ("slice_copy.Tensor", {"self": randn(4, 9), "dim": 1, "start": 2, "end": 100}),
    ("split", {"self": randn(4, 9), "split_sizes": [4, 5], "dim": 1}),
    ("split.sizes", {"self": randn(4, 9), "split_size": [4, 5], "dim": 1}),
    ("tile", {"self": randn(2, 3), "dims": [2, 1, 2]}),
    *((name, {"tensors": [randn(2, 3), randn(2, 4)], "dim": -1}) for name in ("concat", "concatenate")),
    ("pad", {"self": randn(2, 3), "pad": [1, 2]}),
]  # fmt: skip

OTHER_SPELLINGS: list[tuple[str, dict[str, Any]]] = [
    ("true_divide.Tensor", {"self": randn(3), "other": 2.0}),
    ("div.Tensor_mode", {"self": randn(9) * 9, "other": 2.0, "rounding_mode": "floor"}),
    ("div.Scalar_mode", {"self": randn(9) * 9, "other": 2.0, "rounding_mode": None}),
    ("max.other", {"self": randn(3), "other": randn(3)}),
    ("min.other", {"self": randn(3), "other": randn(3)}),
    ("addcmul", {"self": randn(2, 3), "tensor1": randn(3), "tensor2": randn(2, 3), "value": 2.0}),
    ("clamp.Tensor", {"self": randn(2, 3), "min": randn(3), "max": None}),
    ("clamp_min", {"self": randn(2, 3), "min": 0.1}),
    ("clamp_max", {"self": randn(2, 3), "max": 0.1}),
    ("_safe_softmax", {"self": randn(2, 3), "dim": 0}),
    ("_prelu_kernel", {"self": randn(2, 3, 4, 4), "weight": Static(randn(1, 3, 1, 1))}),
    ("bmm", {"self": randn(5, 2, 3), "mat2": randn(5, 3, 4)}),
    ("mm", {"self": randn(2, 3), "mat2": randn(3, 4)}),
    ("baddbmm", {"self": randn(5, 2, 4), "batch1": randn(5, 2, 3), "batch2": randn(5, 3, 4), "beta": 0.5}),
    ("_adaptive_avg_pool2d", {"self": randn(1, 2, 4, 4), "output_size": [2, 2]}),
    ("adaptive_avg_pool1d", {"self": randn(1, 2, 6), "output_size": [3]}),
    ("adaptive_max_pool1d", {"self": randn(1, 2, 6), "output_size": [2]}),
    ("upsample_bilinear2d", {"self": randn(1, 2, 4, 4), "output_size": [8, 6], "align_corners": True}),
    *((name, {"self": randn(2, 3, 4)}) for name in ("mean", "sum", "max", "min", "var")),
    ("min.dim", {"self": randn(3, 4), "dim": 1}),
    ("var.dim", {"self": randn(3, 4), "dim": [1], "unbiased": False}),
    ("_native_batch_norm_legit_no_training", NORM := {
        "input": randn(2, 3, 4, 4), "weight": None, "bias": None, "running_mean": Static(randn(3)),
        "running_var": Static(randn(3).abs() + 0.5), "momentum": 0.1, "eps": 1e-3,
    }),
    ("native_batch_norm", {**NORM, "training": False}),
    ("_convolution", {
        "input": randn(1, 2, 5, 5), "weight": Static(randn(2, 2, 3, 3)), "bias": None, "stride": [1], "padding": [1],
        "dilation": [1], "transposed": False, "output_padding": [0], "groups": 1, "benchmark": False,
        "deterministic": False, "cudnn_enabled": False, "allow_tf32": False,
    }),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "args"), OTHER_SPELLINGS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_other_spellings(name: str, args: dict[str, Any]) -> None:
    assert_converts(name, args, returned=1)


def test_every_converter_is_for_an_op_and_is_tested() -> None:
    source = Path(__file__).read_text()
    for name in CONVERTERS:
        assert find_op_class(name) is not None, f"aten has no op {name}"
        patterns = (name, re.sub("[12]d", "{spatial}d", name), re.sub("avg|max", "{kind}", name))
        assert any(f'"{pattern}"' in source for pattern in patterns), f"no test of {name}"


@pytest.mark.parametrize(("name", "args"), SHAPES, ids=lambda value: value if isinstance(value, str) else "")
def test_ops_that_move_numbers(name: str, args: dict[str, Any]) -> None:
    kinds = {"dtype": Dtype, "device": Device}
    args = {key: kinds[key](value) if key in kinds else value for key, value in args.items()}
    assert_converts(name, args)


@given(st.integers(1, 12), st.integers(0, 4), st.integers(1, 12), st.integers(2, 4))
def test_slice_with_a_step(size: int, start: int, end: int, step: int) -> None:
    assume(start < min(size, end))
    args = {"self": randn(2, size, 3), "dim": 1, "start": start, "end": end, "step": step}
    if call("slice.Tensor", args).refusals:
        assert size % step or start >= step or end <= size - step + start
    else:
        assert_converts("slice.Tensor", args)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=30), st.integers(-2, 1))
def test_concatenate(sizes: list[int], axis: int) -> None:
    tensors = [randn(*((size, 3) if axis in (-2, 0) else (3, size))) for size in sizes]
    outcome = assert_converts("cat", {"tensors": tensors, "dim": axis})
    assert outcome.names.count("xnn.concatenate") == len(outcome.names)


@given(st.lists(st.integers(-1, 2), min_size=2, max_size=6).filter(lambda pads: len(pads) % 2 == 0))
def test_pad(pads: list[int]) -> None:
    assert_converts("constant_pad_nd", {"self": randn(3, 4, 5), "pad": pads, "value": 0.5})
    if len(pads) == 2 and min(pads) >= 0 and any(pads):
        reflected = {"self": randn(3, 4, 5), "pad": pads, "mode": "reflect"}
        assert_refused("pad", reflected, "pads with a constant only, got mode 'reflect'")


def test_steps_and_broadcasts_are_refused() -> None:
    assert_refused("slice.Tensor", {"self": randn(9), "step": 2}, "step 1 only, got 0:9:2 of 9")
    assert_refused("expand", {"self": randn(1, 4), "size": [3, 4]}, "XNNPACK has no broadcast")
    assert_refused("cumsum", {"self": randn(3), "dim": 0}, "no conversion of aten.cumsum")
    assert_refused("round", {"self": randn(3)}, "files for ExecuTorch have no node for xnn.bankers_rounding")
    assert_converts("round", {"self": randn(3)}, "xnnir")


def test_adjustments_of_the_stride_are_refused() -> None:
    args = {"input": randn(1, 2, 4, 4), "weight": Static(randn(2, 2, 3, 3)), "dilation": [2, 2]}
    reason = "an adjustment below the stride [1, 1], got [1, 1]"
    assert_refused("conv_transpose2d.input", {**args, "output_padding": [1, 1]}, reason)
