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

from .aten_calls import Static, assert_converts, assert_refused, randn

small = st.integers(1, 3)
UNARY = [
    "abs", "ceil", "cos", "exp", "floor", "neg", "sin", "square", "relu", "relu6", "hardswish", "hardsigmoid",
    "sigmoid", "silu", "tanh", "selu", "elu", "leaky_relu", "hardtanh", "gelu", "reciprocal", "positive",
    "deg2rad", "rad2deg", "trunc", "fix", "frac", "tan", "celu", "exp2", "expm1", "log_sigmoid", "mish",
    "softplus", "softshrink", "rrelu",
]  # fmt: skip


@given(st.sampled_from(UNARY), st.lists(small, min_size=1, max_size=4))
def test_functions_of_one_element(name: str, shape: list[int]) -> None:
    assert_converts(name, {"self": randn(*shape)})


@given(st.sampled_from(["log", "log2", "log10", "sqrt", "rsqrt"]), st.lists(small, min_size=1, max_size=4))
def test_functions_of_positive_numbers(name: str, shape: list[int]) -> None:
    assert_converts(name, {"self": randn(*shape).abs() + 0.1})


@settings(max_examples=40)
@given(st.sampled_from(["mish", "softplus", "log_sigmoid", "expm1"]), st.floats(-100, 80, width=32))
def test_exponentials_neither_overflow_nor_cancel(name: str, x: float) -> None:
    assert_converts(name, {"self": torch.tensor([x, x / 1000])}, tolerance=2e-6)
    if name != "expm1":
        half = torch.tensor([x], dtype=torch.float16)
        assert_converts(name, {"self": half}, tolerance=5e-3)


@settings(max_examples=20)
@given(st.sampled_from([-0.5, 0.3, 1.0]), st.floats(0.5, 4.0))
def test_parameters_of_functions(low: float, beta: float) -> None:
    x = randn(40) * 5
    assert_converts("softplus", {"self": x, "beta": beta, "threshold": 20.0})
    assert_converts("celu", {"self": x, "alpha": beta})
    assert_converts("softshrink", {"self": x, "lambd": abs(low)})
    assert_converts("threshold", {"self": x, "threshold": low, "value": low})
    assert_converts("logit", {"self": x.sigmoid(), "eps": None if low < 0 else low / 100})
    # PyTorch gives the upper bound where bounds meet or cross.
    assert_converts("clamp", {"self": x, "min": 0.5, "max": low / 2})


def test_functions_that_need_a_selection_are_refused() -> None:
    assert_refused(
        "threshold", {"self": randn(3), "threshold": 0.1, "value": 0.5}, "XNNPACK has no selection"
    )
    assert_refused("softplus", {"self": randn(3), "threshold": 5.0}, "at which softplus is the identity")
    assert_refused("rrelu", {"self": randn(3), "training": True}, "draws random numbers")


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


@given(st.sampled_from([-0.5, 0.5, 2.0]) | st.integers(-8, 8).filter(bool))
def test_powers(exponent: float) -> None:
    assert_refused(
        "pow.Tensor_Scalar", {"self": randn(3), "exponent": exponent + 0.25}, "expected an exponent"
    )
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


@settings(max_examples=20)
@given(st.sampled_from([0.25, 2.0, -4.0]), st.sampled_from(["trunc", "floor", None]))
def test_rounded_quotients(divisor: float, mode: str | None) -> None:
    x = randn(50) * 20
    assert_converts("div.Tensor_mode", {"self": x, "other": divisor, "rounding_mode": mode})
    assert_converts("floor_divide", {"self": x, "other": Static(torch.tensor([divisor]))})
    assert_converts("div.Tensor_mode", {"self": x, "other": divisor + 0.1, "rounding_mode": "trunc"})
    # 1 / 0.1 is 10 in floats, but PyTorch says 9: there is a remainder.
    assert_refused(
        "floor_divide", {"self": torch.ones(1), "other": Static(torch.tensor([0.1]))}, "no remainder"
    )


@given(broadcast_pair(), st.sampled_from([1.0, -0.5]), st.sampled_from(["addcmul", "addcdiv"]))
def test_combinations_of_three(pair: tuple[Tensor, Tensor], value: float, name: str) -> None:
    summand = randn(1, *torch.broadcast_shapes(pair[0].shape, pair[1].shape))
    args = {"self": summand, "tensor1": pair[0], "tensor2": pair[1].abs() + 0.5, "value": value}
    assert_converts(name, args)


@given(broadcast_pair(), st.sampled_from([-1.0, 0.0, 0.3, 0.5, 0.9, 1.0]))
def test_lerp(pair: tuple[Tensor, Tensor], weight: float) -> None:
    start, end = torch.broadcast_tensors(*pair)
    assert_converts("lerp.Scalar", {"self": start.contiguous(), "end": end.contiguous(), "weight": weight})


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


@given(st.integers(-3, 2), st.sampled_from(["log_softmax.int", "_log_softmax"]))
def test_log_softmax(axis: int, name: str) -> None:
    half = {"half_to_float": False} if name == "_log_softmax" else {}
    # A hundred apart, the softmax is zero in float32 and its logarithm is not.
    assert_converts(name, {"self": randn(2, 5, 3) * 100, "dim": axis, **half})


@given(st.integers(1, 4), st.integers(2, 5), st.booleans())
def test_prelu(rank: int, channels: int, is_shared: bool) -> None:
    shape = (2, channels, 3, 4)[: max(rank, 2)]
    assert_converts("prelu", {"self": randn(*shape), "weight": Static(randn(1 if is_shared else channels))})


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
        [
            ((2, 3), (3, 4)), ((2, 5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 4)),
            ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4)),
            ((2, 1, 2, 1, 2, 3, 4), (2, 2, 1, 4, 3)),
        ]
    )
)  # fmt: skip
def test_matmul(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    assert_converts("matmul", {"self": randn(*shapes[0]), "other": randn(*shapes[1])})
    outcome = assert_converts("matmul", {"self": randn(*shapes[0]), "other": Static(randn(*shapes[1]))})
    assert ("xnn.fully_connected" in outcome.names) == (len(shapes[1]) == 2)


def test_products_with_vectors() -> None:
    matrix, vector, other = randn(3, 4), randn(4), randn(5)
    assert_converts("mv", {"self": matrix, "vec": vector})
    assert_converts("dot", {"self": vector, "tensor": vector})
    assert_converts("outer", {"self": vector, "vec2": other})
    assert_converts("inner", {"self": randn(2, 3, 4), "other": randn(5, 4)})
    for alpha, beta in ((1.0, 1.0), (0.5, 2.0), (2.0, 0.0)):
        args = {"self": randn(3), "mat": matrix, "vec": vector, "alpha": alpha, "beta": beta}
        assert_converts("addmv", args)


EQUATIONS = [
    "ij,jk->ik", "bij,jk->bik", "bhqd,bhkd->bhqk", "bqhd,bkhd->bhqk", "bchw,oc->bohw", "ij->ji", "ij->", "bi,bj->bij",
    "bnd,hde->bhne", "i,j", "ij,ij->i", "...ij,...jk->...ik", "...i,i", "b...,b->b...", "ab,bc,cd->ad", "ij,kl->ijkl",
]  # fmt: skip


@given(st.sampled_from(EQUATIONS), st.data())
def test_einsum(equation: str, data: st.DataObject) -> None:
    sizes: dict[str, int] = {}
    shapes: list[list[int]] = []
    hidden = data.draw(st.lists(small, min_size=0, max_size=2))
    for labels in equation.partition("->")[0].split(","):
        for label in labels.replace("...", ""):
            sizes.setdefault(label, data.draw(st.integers(1, 4)))
        parts = [hidden if part == "." else [sizes[part]] for part in labels.replace("...", ".")]
        shapes.append([size for part in parts for size in part])
    assert_converts("einsum", {"equation": equation, "tensors": [randn(*shape) for shape in shapes]})


def test_diagonals_are_refused() -> None:
    assert_refused("einsum", {"equation": "ii->i", "tensors": [randn(3, 3)]}, "takes no diagonals")


REDUCTIONS = [
    "mean.dim", "sum.dim_IntList", "amax", "amin", "var.correction", "std.correction", "std_mean.correction",
    "var_mean.correction", "logsumexp", "linalg_vector_norm",
]  # fmt: skip


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
    args: dict[str, Any] = {"self": randn(*shape), "dim": axes, "keepdim": keepdim}
    if name == "linalg_vector_norm":
        args["ord"] = data.draw(st.sampled_from([1.0, 2.0, float("inf")]))
    assert_converts(name, args, target)


def test_values_of_max_dim() -> None:
    assert_converts("max.dim", {"self": randn(3, 4), "dim": 1, "keepdim": True})


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
    ("tensor_split.sections", {"self": randn(4, 9), "sections": 4, "dim": 1}),
    ("tensor_split.indices", {"self": randn(4, 9), "indices": [2, 3], "dim": 1}),
    ("unsafe_chunk", {"self": randn(4, 9), "chunks": 2, "dim": 1}),
    ("unsafe_split.Tensor", {"self": randn(4, 9), "split_size": 4, "dim": 1}),
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
    ("pixel_shuffle", {"self": randn(2, 3, 8, 2, 3), "upscale_factor": 2}),
    ("pixel_unshuffle", {"self": randn(2, 4, 6), "downscale_factor": 2}),
    ("split", {"self": randn(4, 9), "split_sizes": [4, 5], "dim": 1}),
    ("split.sizes", {"self": randn(4, 9), "split_size": [4, 5], "dim": 1}),
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
    *((name, {"self": randn(2, 3, 4)}) for name in ("mean", "sum", "max", "min", "var", "std")),
    *((name, {"self": randn(3, 4), "dim": [1], "unbiased": False}) for name in (
        "std.dim", "std_mean.dim", "var_mean.dim"
    )),
    ("norm.ScalarOpt_dim", {"self": randn(3, 4), "p": 2.0, "dim": [1]}),
    ("log_sigmoid_forward", {"self": randn(3, 4)}),
    ("floor_divide.Scalar", {"self": randn(9) * 9, "other": 2.0}),
    *((name, {"self": randn(2, 3, 4), "source": 0, "destination": -1}) for name in ("movedim.int", "moveaxis.int")),
    *((name, {"self": randn(2, 3, 4, 5), "source": [0, -1], "destination": [-1, 1]}) for name in (
        "movedim.intlist", "moveaxis.intlist"
    )),
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
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_convert_*.py"))
    for name in CONVERTERS:
        assert find_op_class(name) is not None, f"aten has no op {name}"
        patterns = (
            name,
            name.removesuffix(".vec"),
            re.sub("[12]d", "{spatial}d", name),
            re.sub("avg|max", "{kind}", name),
        )
        assert any(f'"{pattern}"' in source for pattern in patterns), f"no test of {name}"


@pytest.mark.parametrize(("name", "args"), SHAPES, ids=lambda value: value if isinstance(value, str) else "")
def test_ops_that_move_numbers(name: str, args: dict[str, Any]) -> None:
    kinds = {"dtype": Dtype, "device": Device}
    args = {key: kinds[key](value) if key in kinds else value for key, value in args.items()}
    assert_converts(name, args)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=30), st.integers(-2, 1))
def test_concatenate(sizes: list[int], axis: int) -> None:
    tensors = [randn(*((size, 3) if axis in (-2, 0) else (3, size))) for size in sizes]
    outcome = assert_converts("cat", {"tensors": tensors, "dim": axis})
    assert outcome.names.count("xnn.concatenate") == len(outcome.names)


OURS: list[tuple[str, dict[str, Any]]] = [
    ("round", {"self": randn(3, 4) * 5}),
    ("sign", {"self": randn(3, 4)}),
    ("sgn", {"self": randn(3, 4)}),
    ("atan2", {"self": randn(3, 4), "other": randn(4)}),
    ("copysign.Tensor", {"self": randn(3, 4), "other": randn(4)}),
    ("copysign.Scalar", {"self": randn(3, 4), "other": -2.0}),
    ("fmod.Tensor", {"self": randn(3, 4) * 5, "other": Static(randn(4).abs() + 0.1)}),
    ("fmod.Scalar", {"self": randn(3, 4) * 5, "other": 0.3}),
    ("pow.Tensor_Tensor", {"self": randn(3, 4).abs(), "other": None}),
    ("pow.Tensor_Scalar", {"self": randn(3, 4).abs(), "exponent": 1.7}),
    ("pow.Scalar", {"self": 2.0, "exponent": randn(3, 4)}),
    ("var.correction", {"self": randn(3, 4), "dim": [1]}),
    ("sum.dim_IntList", {"self": randn(3, 4, 5), "dim": [0, 2]}),
    ("mean.dim", {"self": randn(3, 4, 5, 2), "dim": [1], "keepdim": True}),
    ("pixel_shuffle", {"self": randn(2, 4, 3, 5), "upscale_factor": 2}),
    ("pixel_unshuffle", {"self": randn(2, 1, 6, 9), "downscale_factor": 3}),
]


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(("name", "args"), OURS, ids=lambda value: value if isinstance(value, str) else "")
def test_nodes_of_our_runtime(name: str, args: dict[str, Any], half: bool) -> None:
    """They compute what torch does, and a stock runtime refuses their file by the name of the backend."""
    if name == "pow.Tensor_Tensor":
        args = {"self": args["self"], "exponent": randn(4)}
    if half:
        args = {key: _half(value) for key, value in args.items()}
    outcome = assert_converts(name, args, "xnnir", tolerance=5e-3 if half else 1e-5)
    assert outcome.file is not None
    assert b"XnnirXnnpackBackend" in outcome.file


def _half(value: Any) -> Any:
    if isinstance(value, Static):
        return Static(value.tensor.half())
    return value.half() if isinstance(value, Tensor) else value


def test_stock_runtimes_refuse_our_nodes_by_name(capfd: pytest.CaptureFixture[str]) -> None:
    stock = pytest.importorskip("xnnir.testing.stock")
    x = randn(3, 4)
    outcome = assert_converts("round", {"self": x}, "xnnir")
    assert stock.delegates(outcome.file) == ["XnnirXnnpackBackend"]
    with pytest.raises(RuntimeError):
        stock.run(outcome.file, [x], "f")
    assert "XnnirXnnpackBackend" in capfd.readouterr().err


def test_a_remainder_by_zero_is_refused() -> None:
    divisor = Static(torch.tensor([1.0, 0.0]))
    assert_refused("fmod.Tensor", {"self": randn(2), "other": divisor}, "XNNPACK's remainder is 0", "xnnir")


def test_what_xnnpack_lacks_is_refused() -> None:
    assert_refused("cumsum", {"self": randn(3), "dim": 0}, "no conversion of aten.cumsum")
    assert_refused("round", {"self": randn(3)}, "files for ExecuTorch have no node for xnn.bankers_rounding")
