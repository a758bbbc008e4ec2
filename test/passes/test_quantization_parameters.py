"""Scales and zero points that nothing computes with are errors that say which, where and what to do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from xnnir.context import make_context
from xnnir.errors import OpError
from xnnir.passes._quantization import QuantizationParameterError
from xnnir.passes.normalize_quant import NormalizeQuantPass

PER_TENSOR = """
func.func @forward(%x: tensor<2xf32>) -> tensor<2x{dtype}> {{
  %q = qdq.quantize_per_tensor(%x, scale = {scale}, zero_point = {zero_point}, quant_min = 0, quant_max = 100,
      dtype = torch.{name})
    : (tensor<2xf32>) -> tensor<2x{dtype}>
  func.return %q : tensor<2x{dtype}>
}}
"""
PER_CHANNEL = """
func.func @forward() -> tensor<2x1xf32> {{
  %w = aten.parameter "weight" dense<1> : tensor<2x1xi8> : tensor<2x1xi8>
  %s = aten.buffer "scales" dense<[1.0, {scale}]> : tensor<2xf32> : tensor<2xf32>
  %z = aten.buffer "zero_points" dense<[0, {zero_point}]> : tensor<2xi64> : tensor<2xi64>
  %y = qdq.dequantize_per_channel(%w, %s, %z, axis = 0, quant_min = -128, quant_max = 127, dtype = torch.int8)
    : (tensor<2x1xi8>, tensor<2xf32>, tensor<2xi64>) -> tensor<2x1xf32>
  func.return %y : tensor<2x1xf32>
}}
"""


def normalize(text: str) -> None:
    ctx = make_context()
    module = Parser(ctx, text).parse_module()
    assert isinstance(module, ModuleOp)
    NormalizeQuantPass().apply(ctx, module)


@pytest.mark.parametrize("scale", [0.0, -0.5, 1e-39])
def test_scales_are_positive_and_normal(scale: float) -> None:
    with pytest.raises(QuantizationParameterError) as caught:
        normalize(PER_TENSOR.format(scale=f"{scale:e}", zero_point=0, dtype="i8", name="int8"))
    assert caught.value.is_scale and math.isclose(caught.value.value, float(np.float32(scale)))
    assert "expected a positive number" in str(caught.value) and "leave it in floats" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "dtype", "zero_point"), [("int8", "i8", 128), ("int8", "i8", -129), ("uint8", "ui8", -1)]
)
def test_zero_points_are_integers_of_the_dtype(name: str, dtype: str, zero_point: int) -> None:
    with pytest.raises(QuantizationParameterError, match=f"the zero point is {zero_point}, expected one of"):
        normalize(PER_TENSOR.format(scale="0.5", zero_point=zero_point, dtype=dtype, name=name))
    normalize(PER_TENSOR.format(scale="0.5", zero_point=3, dtype=dtype, name=name))


def test_the_place_of_one_of_several_is_told() -> None:
    normalize(PER_CHANNEL.format(scale=0.5, zero_point=0))
    with pytest.raises(QuantizationParameterError, match=r"the scale at \[1\] is 0.0"):
        normalize(PER_CHANNEL.format(scale=0.0, zero_point=0))
    with pytest.raises(QuantizationParameterError, match=r"the zero point at \[1\] is 200"):
        normalize(PER_CHANNEL.format(scale=0.5, zero_point=200))


def test_results_have_the_shape_of_what_they_code() -> None:
    text = PER_TENSOR.format(scale="0.5", zero_point=3, dtype="i8", name="int8")
    with pytest.raises(OpError, match=r"expected a result of shape \[2\], that of its input, got \[1\]"):
        normalize(text.replace("tensor<2xi8>", "tensor<1xi8>"))
