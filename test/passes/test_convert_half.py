"""Every node that XNNPACK has for float16 computes what eager PyTorch does in float32, to the precision of the type."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from xnnir.dialects.xnn.support import SUPPORT, Target

from .aten_calls import ON_XNNPACK, Static, assert_refused, call, randn, run_on_xnnpack

X = randn(2, 3, 8, 10)
POSITIVE = X.abs() + 0.1
NORM = {
    "running_mean": Static(randn(3)),
    "running_var": Static(randn(3).abs() + 0.5),
    "momentum": 0.1,
    "eps": 1e-5,
}
WEIGHTS = {"weight": Static(randn(6, 3, 3, 3)), "bias": Static(randn(6))}

CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("AbsOp", "abs", {"self": X}),
    ("AddOp", "add.Tensor", {"self": X, "other": X[:, :1]}),
    ("Atan2Op", "atan2", {"self": X, "other": POSITIVE}),
    ("AveragePooling2DOp", "avg_pool2d", {"self": X, "kernel_size": [3, 2], "padding": [1, 0]}),
    ("BankersRoundingOp", "round", {"self": X * 4}),
    ("BatchMatrixMultiplyOp", "matmul", {"self": X, "other": X.transpose(-1, -2).contiguous()}),
    ("CeilingOp", "ceil", {"self": X * 4}),
    ("ClampOp", "clamp", {"self": X, "min": -0.5, "max": 0.25}),
    ("ConcatenateOp", "cat", {"tensors": [X, X], "dim": 1}),
    ("Convolution2DOp", "conv2d", {"input": X, **WEIGHTS, "padding": [1, 1], "stride": [2, 1]}),
    ("CopysignOp", "copysign.Tensor", {"self": X, "other": X.flip(0)}),
    ("CosineOp", "cos", {"self": X}),
    ("Deconvolution2DOp", "conv_transpose2d.input", {"input": X, "weight": Static(randn(3, 4, 3, 3)), "stride": [2]}),
    ("DepthToSpace2DOp", "pixel_shuffle", {"self": randn(2, 4, 3, 5), "upscale_factor": 2}),
    ("DepthwiseConvolution2DOp", "conv2d", {"input": X, "weight": Static(randn(3, 1, 3, 3)), "groups": 3}),
    ("DivideOp", "div.Tensor", {"self": X, "other": POSITIVE}),
    ("EluOp", "elu", {"self": X}),
    ("ExpOp", "exp", {"self": X}),
    ("FloorOp", "floor", {"self": X * 4}),
    ("FullyConnectedOp", "linear", {"input": X, "weight": Static(randn(5, 10)), "bias": Static(randn(5))}),
    ("BatchMatrixMultiplyOp", "linear", {"input": X, "weight": randn(5, 10), "bias": randn(5)}),
    ("GeluOp", "gelu", {"self": X}),
    ("GlobalAveragePooling2DOp", "mean.dim", {"self": X, "dim": [2, 3], "keepdim": True}),
    ("HardswishOp", "hardswish", {"self": X}),
    ("LeakyReluOp", "leaky_relu", {"self": X, "negative_slope": 0.2}),
    ("LogOp", "log", {"self": POSITIVE}),
    ("MaxPooling2DOp", "max_pool2d", {"self": X, "kernel_size": [3, 2]}),
    ("MaximumOp", "maximum", {"self": X, "other": X.flip(0)}),
    ("MinimumOp", "minimum", {"self": X, "other": X.flip(0)}),
    ("ModulusOp", "fmod.Scalar", {"self": X * 4, "other": 1.5}),
    ("MultiplyOp", "mul.Tensor", {"self": X, "other": X[:1]}),
    ("NegateOp", "neg", {"self": X}),
    ("PowOp", "pow.Tensor_Tensor", {"self": POSITIVE, "exponent": X}),
    ("PreluOp", "prelu", {"self": X, "weight": Static(randn(3))}),
    ("ReciprocalSquareRootOp", "rsqrt", {"self": POSITIVE}),
    ("SigmoidOp", "sigmoid", {"self": X}),
    ("SignOp", "sign", {"self": X}),
    ("SineOp", "sin", {"self": X}),
    ("SoftmaxOp", "softmax.int", {"self": X * 3, "dim": -1}),
    ("SpaceToDepth2DOp", "pixel_unshuffle", {"self": X[:, :1], "downscale_factor": 2}),
    ("SquareOp", "square", {"self": X}),
    ("SquareRootOp", "sqrt", {"self": POSITIVE}),
    ("SquaredDifferenceOp", "var.correction", {"self": X, "dim": [1]}),
    ("StaticConstantPadOp", "constant_pad_nd", {"self": X, "pad": [1, 2, 0, 3], "value": 0.5}),
    ("StaticReduceOp", "sum.dim_IntList", {"self": X, "dim": [1, 3]}),
    ("StaticReshapeOp", "view", {"self": X, "size": [6, 80]}),
    (
        "StaticResizeBilinear2DOp",
        "upsample_bilinear2d",
        {"self": X, "output_size": [13, 7], "align_corners": False},
    ),
    ("StaticSliceOp", "narrow", {"self": X, "dim": 2, "start": 1, "length": 4}),
    ("StaticTransposeOp", "permute", {"self": X, "dims": [3, 0, 2, 1]}),
    ("SubtractOp", "sub.Tensor", {"self": X, "other": X.flip(0)}),
    ("TanhOp", "tanh", {"self": X}),
    # Made of several nodes.
    ("", "gelu", {"self": X, "approximate": "tanh"}),
    ("", "silu", {"self": X}),
    ("", "mish", {"self": X * 20}),
    ("", "softplus", {"self": X * 20}),
    ("", "log_softmax.int", {"self": X, "dim": 1}),
    ("", "layer_norm", {"input": 500 * X, "normalized_shape": [10], "weight": Static(randn(10)), "bias": None}),
    ("", "group_norm", {"input": 500 * randn(2, 4, 3, 3), "num_groups": 2}),
    ("", "batch_norm", {
        "input": X, "weight": None, "bias": None, **NORM, "training": False, "cudnn_enabled": False,
    }),
    ("", "scaled_dot_product_attention", {
        "query": randn(2, 2, 4, 8), "key": randn(2, 2, 5, 8), "value": randn(2, 2, 5, 8), "is_causal": True,
    }),
    ("", "sum.dim_IntList", {"self": X, "dim": [1]}),
    ("", "logsumexp", {"self": X * 10, "dim": [1]}),
    ("", "upsample_bicubic2d", {"self": X, "output_size": [13, 7], "align_corners": False}),
    ("", "adaptive_avg_pool2d", {"self": X, "output_size": [3, 7]}),
    ("", "expand", {"self": X[:, :1], "size": [2, 5, 8, 10]}),
    ("", "roll", {"self": X, "shifts": [2], "dims": [2]}),
]  # fmt: skip


def half(value: Any) -> Any:
    """`value` with all floats as float16."""
    if isinstance(value, Static):
        return Static(half(value.tensor))
    if isinstance(value, Tensor):
        return value.half() if value.is_floating_point() else value
    return [half(item) for item in value] if isinstance(value, list) else value


def rounded(value: Any) -> Any:
    """`value` as float16 has it, in float32."""
    if isinstance(value, Static):
        return Static(rounded(value.tensor))
    if isinstance(value, Tensor):
        return value.half().float() if value.is_floating_point() else value
    return [rounded(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("node", "name", "args"), CASES, ids=[f"{node}-{name}" for node, name, _ in CASES])
def test_half_precision(node: str, name: str, args: dict[str, Any]) -> None:
    op = next((op for op in SUPPORT if op.__name__ == node), None)
    target: Target = "executorch" if op is None else SUPPORT[op].target
    outcome = call(name, {key: half(value) for key, value in args.items()}, target)
    assert not outcome.refusals, outcome.refusals
    if op is not None:
        assert op.name in outcome.names
    # Only norms go by way of float32: their squares are beyond float16 from 256 on.
    assert ("xnn.convert" in outcome.names) == (name in ("layer_norm", "group_norm"))
    assert outcome.file is not None
    assert outcome.results is not None
    expected = call(name, {key: rounded(value) for key, value in args.items()}, target).expected
    runs = [outcome.results, *([run_on_xnnpack(outcome.file, outcome.inputs)] if ON_XNNPACK else [])]
    for results in runs:
        for got, wanted in zip(results, expected, strict=True):
            assert got.dtype == torch.float16
            torch.testing.assert_close(got.float(), wanted, rtol=1e-2, atol=1e-2 * float(wanted.abs().max()))


def test_every_node_of_half_precision_is_tested() -> None:
    """But for conversions, which have no call of their own, and copies, which nothing is converted to."""
    rows = {
        op.__name__ for op, row in SUPPORT.items() if any(types.result == "fp16" for types in row.datatypes)
    }
    assert rows - {node for node, _, _ in CASES} == {"ConvertOp", "CopyOp"}


@settings(max_examples=15)
@given(st.sampled_from(["float16", "bfloat16", "float64"]), st.sampled_from(["float32", "float16"]))
def test_mixed_types_are_refused_in_words(first: str, second: str) -> None:
    a, b = (randn(2, 3).to(getattr(torch, name)) for name in (first, second))
    if first == second:
        return
    assert_refused("add.Tensor", {"self": a, "other": b}, "expected operands of one element type"
                   if first == "float16" else "XNNPACK computes in float32 and float16, got"
                   if torch.promote_types(a.dtype, b.dtype) not in (torch.float32, torch.float16)
                   else "expected operands of one element type")  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_floats_are_refused_in_words(dtype: torch.dtype) -> None:
    x = randn(2, 3).to(dtype)
    name = {torch.bfloat16: "bf16", torch.float64: "f64"}[dtype]
    assert_refused("exp", {"self": x}, f"xnn_define_unary takes fp32, fp16, qint8, quint8; got {name}")
    assert_refused("linear", {"input": x, "weight": x}, f"got {name}")
    assert_refused("mul.Tensor", {"self": x, "other": x}, f"float32 and float16, got {name}")
