"""Whole coded models: what they compute, and in which sizes and delegates, beside PyTorch and ExecuTorch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest
import torch
from torch import Tensor

import xnnir
from xnnir.runtime import Runtime
from xnnir.testing import stock, zoo
from xnnir.testing.coverage import coverage
from xnnir.testing.zoo import quantized

TOLERANCES = {
    "mobilenet_v2_int8": 0.25,
    "resnet50_int8": 0.15,
    "vit_int8": 0.05,
    "bert_dynamic": 0.01,
    "llama_prefill_8da4w": 0.05,
    "llama_prefill_8da4w_axis": 0.05,
    "llama_decode_8da4w": 0.08,
}
"""
Root mean square of the difference from eager, relative to that of the result. Halves of steps are rounded in other
directions, and each layer multiplies what the one before it rounded; stock's files are as far from eager.
"""

_SLOW = ("resnet50_int8", "vit_int8", "llama_decode_8da4w")


@lru_cache(maxsize=1)
def made(name: str) -> tuple[torch.export.ExportedProgram, tuple[Any, ...], Tensor]:
    """The exported model, inputs, and what eager PyTorch makes of them."""
    model = quantized.load(name)
    inputs = model.example_inputs
    with torch.no_grad():
        expected: Any = model.fresh()(*inputs)
    return model.export(), inputs, expected if isinstance(expected, Tensor) else next(iter(expected))


def lowered(name: str) -> bytes:
    return xnnir.to_edge_transform_and_lower(made(name)[0]).to_executorch().buffer


def error(got: Tensor, expected: Tensor) -> float:
    return float((got - expected).norm() / expected.norm())


@pytest.mark.xdist_group("zoo")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.exhaustive if name in _SLOW else ()) for name in quantized.NAMES],
)
def test_computes_what_was_quantised(name: str) -> None:
    _, inputs, expected = made(name)
    file = lowered(name)
    found = coverage(file)
    assert found.delegates == (3 if "decode" in name else 1)
    assert sum("embedding" in kernel for kernel in found.kernels) == ("llama" in name or "bert" in name)
    ours = Runtime.get().load_program(file).load_method("forward").execute(list(inputs))[0]
    assert error(ours, expected) < TOLERANCES[name]
    if name == "mobilenet_v2_int8":
        assert len(file) <= 3_750_000


@pytest.mark.exhaustive
@pytest.mark.xdist_group("zoo")
@pytest.mark.parametrize("name", quantized.NAMES)
def test_beside_stock(name: str) -> None:
    program, inputs, expected = made(name)
    ours, theirs = lowered(name), stock.lower(program, quant_fusion="8da4w" in name)
    assert len(ours) <= len(theirs)
    assert coverage(ours).delegates <= coverage(theirs).delegates
    # Kernels of another build round in other directions, so one runtime computes both files.
    result, reference = stock.run(ours, inputs)[0], stock.run(theirs, inputs)[0]
    assert error(result, reference) < 0.5 * TOLERANCES[name]
    assert error(result, expected) <= 1.1 * error(reference, expected)


def test_coded_models_differ_from_those_in_floats() -> None:
    """Else the comparisons above would show nothing of coding."""
    name = "llama_prefill_8da4w"
    _, inputs, expected = made(name)
    with torch.no_grad():
        floats: Any = zoo.load(quantized.SCHEMES[name][0]).fresh()(*inputs)
    floats = floats if isinstance(floats, Tensor) else next(iter(floats))
    assert error(floats, expected) > 3 * TOLERANCES[name]
