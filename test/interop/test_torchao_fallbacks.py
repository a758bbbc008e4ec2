"""What torchao quantises and XNNPACK lacks is computed in floats that lose nothing, and the report says why."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchao.quantization import (
    Int8DynamicActivationIntxWeightConfig,
    IntxWeightOnlyConfig,
    MappingType,
    PerGroup,
    quantize_,
)
from torchao.utils import unwrap_tensor_subclass

import xnnir
from xnnir.runtime import Runtime

INT4: torch.dtype = torch.int4  # pyright: ignore[reportAttributeAccessIssue]
FALLBACKS = {
    "groups of weights only": (
        IntxWeightOnlyConfig(weight_dtype=INT4, granularity=PerGroup(32)),
        "XNNPACK has groups of weights for rows quantised while they are computed only",
    ),
    "groups of eight bits": (
        Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int8, weight_granularity=PerGroup(32)),
        "XNNPACK has groups of 4-bit weights only",
    ),
    "groups of sixteen": (
        Int8DynamicActivationIntxWeightConfig(weight_dtype=INT4, weight_granularity=PerGroup(16)),
        "XNNPACK has groups of a multiple of 32 weights, got groups of 16",
    ),
    "zero points": (
        Int8DynamicActivationIntxWeightConfig(
            weight_dtype=INT4,
            weight_granularity=PerGroup(32),
            weight_mapping_type=MappingType.ASYMMETRIC,
        ),
        "XNNPACK wants zero points of 0",
    ),
}


def quantized(config: Any) -> tuple[nn.Module, nn.Module, Tensor]:
    """A quantised model, one in floats with the numbers that its weights stand for, and an input."""
    torch.manual_seed(0)
    floats = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 8)).eval()
    model = copy.deepcopy(floats)
    quantize_(model, config)
    for coded, layer in zip(model, floats, strict=True):
        if isinstance(coded, nn.Linear) and isinstance(layer, nn.Linear):
            weight: Any = coded.weight
            layer.weight = nn.Parameter(weight.dequantize())
    return unwrap_tensor_subclass(model), floats, torch.randn(5, 64)


@pytest.mark.parametrize("name", FALLBACKS)
def test_floats_are_those_that_the_weights_stand_for(name: str) -> None:
    config, reason = FALLBACKS[name]
    model, floats, x = quantized(config)
    program = xnnir.to_edge_transform_and_lower(torch.export.export(model, (x,)))
    assert str(program.explain()).count(reason.split(",")[0][:40]) >= 1
    (result,) = Runtime.get().load_program(program.to_executorch().buffer).load_method("forward").execute([x])
    torch.testing.assert_close(result, floats(x), rtol=1e-5, atol=1e-6)
