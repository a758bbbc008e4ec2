"""
Which precision a partitioner needs to take an op, by the quantisations around it (`passes/_aten_to_xnn/intent.py`):
what is selected is delegated, and nothing is computed in another precision than the model says.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.ao.quantization.fx import _decomposed  # pyright: ignore # noqa: F401

import xnnir
from xnnir.partition.config import ConfigPrecisionType
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner

OPS: Any = torch.ops.quantized_decomposed
FP32, STATIC, DYNAMIC = (
    ConfigPrecisionType.FP32,
    ConfigPrecisionType.STATIC_QUANT,
    ConfigPrecisionType.DYNAMIC_QUANT,
)
FLOATS, INTEGERS, ROWS = "tensor<2x4xf32>)", "xnn.qint8", "xnn.qdint8"


def rounded(x: Tensor, scale: float = 0.05) -> Tensor:
    codes = OPS.quantize_per_tensor(x, scale, 3, -128, 127, torch.int8)
    return OPS.dequantize_per_tensor(codes, scale, 3, -128, 127, torch.int8)


def rounded_by_row(x: Tensor) -> Tensor:
    scale, zero_point = OPS.choose_qparams.tensor(x, -128, 127, 2.0**-12, torch.int8)
    codes = OPS.quantize_per_tensor.tensor(x, scale, zero_point, -128, 127, torch.int8)
    return OPS.dequantize_per_tensor.tensor(codes, scale, zero_point, -128, 127, torch.int8)


class Layer(nn.Module):
    """A linear layer in one of the three precisions."""

    def __init__(self, precision: ConfigPrecisionType) -> None:
        super().__init__()
        self.precision = precision
        self.codes = nn.Buffer(torch.randint(-127, 128, (4, 4), dtype=torch.int8))
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        if self.precision is FP32:
            return torch.nn.functional.linear(x, self.weight)
        weight = OPS.dequantize_per_tensor(self.codes, 0.01, 0, -127, 127, torch.int8)
        if self.precision is DYNAMIC:
            return torch.nn.functional.linear(rounded_by_row(x), weight)
        return rounded(torch.nn.functional.linear(rounded(x), weight), 0.1)


def lowered(layer: Layer, *precisions: ConfigPrecisionType) -> str:
    program = torch.export.export(layer, (torch.randn(2, 4),))
    partitioner = XnnpackPartitioner(config_precisions=list(precisions))
    return str(xnnir.to_edge_transform_and_lower(program, partitioner=[partitioner]).module)


@pytest.mark.parametrize("precision", [FP32, STATIC, DYNAMIC], ids=str)
def test_a_layer_is_taken_in_its_precision(precision: ConfigPrecisionType) -> None:
    text = lowered(Layer(precision), precision)
    assert "xnn.fully_connected" in text and "aten.linear" not in text
    coded = {FP32: None, STATIC: INTEGERS, DYNAMIC: ROWS}[precision]
    assert coded is None or coded in text


@pytest.mark.parametrize(
    ("precision", "other"), [(FP32, STATIC), (FP32, DYNAMIC), (STATIC, DYNAMIC), (DYNAMIC, STATIC)]
)
def test_a_layer_of_another_precision_stays(
    precision: ConfigPrecisionType, other: ConfigPrecisionType
) -> None:
    text = lowered(Layer(precision), other)
    assert "xnn.fully_connected" not in text and "aten.linear" in text


@pytest.mark.parametrize("precision", [STATIC, DYNAMIC], ids=str)
def test_floats_alone_take_what_lies_between_the_calls(precision: ConfigPrecisionType) -> None:
    text = lowered(Layer(precision), FP32)
    assert "xnn.fully_connected" in text and "qdq.quantize_per_tensor" in text
    assert INTEGERS not in text and ROWS not in text
