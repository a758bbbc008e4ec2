"""
Weights and rows that are quantised, in each scheme, with generated shapes and numbers: the model in eager PyTorch,
and files of ours and of ExecuTorch's, in today's encoding and in that of old versions, in both runtimes.

Where rows are quantised while the model runs, PyTorch and XNNPACK may round each number differently, which bounds how
far results are apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from codings import (
    INTEGERS,
    OPS,
    QUICK,
    Draw,
    Dynamic,
    Layer,
    QuantizedWeight,
    image,
    numbers,
    quantum_of,
    results_of_our_file,
    run,
    shape,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torchao.quantization import MappingType, quantize_
from torchao.quantization.granularity import PerAxis, PerGroup
from torchao.quantization.quant_api import (
    Int8DynamicActivationInt8WeightConfig,
    Int8DynamicActivationIntxWeightConfig,
    Int8WeightOnlyConfig,
    IntxWeightOnlyConfig,
)
from torchao.utils import unwrap_tensor_subclass

from xnnir.testing import stock
from xnnir.testing.old_encodings import old_file

pytest.importorskip("executorch")


@dataclass(frozen=True)
class Case:
    """A quantised model, its input, and how far results may be from what it gives in PyTorch."""

    model: nn.Module
    input: Tensor
    bound: Tensor | float
    datatypes: tuple[str, ...]
    """What our graph has of XNNPACK's; empty where nothing is delegated."""
    stock_runs_it: bool = True
    """ExecuTorch's runtime reads past the rows that its compiler wrote where an odd number of integers has 4 bits."""


class PerToken(nn.Module):
    """A layer whose input has a coding for each row, found while the model runs."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        scales, zero_points = OPS.choose_qparams_per_token_asymmetric(x, torch.int8)
        codes = OPS.quantize_per_token(x, scales, zero_points, -128, 127, torch.int8)
        return self.layer(
            OPS.dequantize_per_token(codes, scales, zero_points, -128, 127, torch.int8, torch.float32)
        )


def dynamic(kind: str, bits: int) -> Callable[[Draw], Case]:
    """A layer as PT2E's dynamic configurations have it."""

    def case(draw: Draw) -> Case:
        low, high = (-127, 127) if bits == 8 else (-8, 7)
        if kind in ("linear", "per_token"):
            x = numbers(draw, *shape(draw)[:2], draw(st.integers(1, 40)))
            weight = QuantizedWeight(numbers(draw, draw(st.integers(1, 20)), x.shape[-1]), 0, low, high)
            function: Any = F.linear
        else:
            x = numbers(draw, *image(draw))
            outer = draw(st.integers(1, 5))
            sizes = (outer, x.shape[1]) if kind == "conv2d" else (x.shape[1], outer)
            weight = QuantizedWeight(numbers(draw, *sizes, 3, 3), int(kind == "transposed"), low, high)
            function = F.conv2d if kind == "conv2d" else F.conv_transpose2d
        bias = numbers(draw, weight.codes.shape[weight.axis or 0]) if draw(st.booleans()) else None
        layer = Layer(lambda x, w, b: function(x, w, b), weight, bias)
        # Each number is half a quantum off, in PyTorch's coding and in XNNPACK's.
        largest = function(torch.ones_like(x), weight().abs(), None).max()
        model = (PerToken if kind == "per_token" else Dynamic)(layer).eval()
        bound = 1.01 * quantum_of(x) * float(largest) + 1e-5
        is_odd = kind in ("linear", "per_token") and bits == 4 and x.shape[-1] % 2 == 1
        return Case(model, x, bound, ("qdint8", "qcint"), not is_odd)

    return case


def rows(bits: int, group: int | None, dtype: torch.dtype = torch.float32) -> Callable[[Draw], Case]:
    """A linear layer as torchao has it: 8da4w by groups and by rows, 8da8w."""

    def case(draw: Draw) -> Case:
        layer, linear, x = _linear(draw, (group or 32) * draw(st.integers(1, 3)), dtype)
        weight = linear.weight.detach().float().abs()
        config = Int8DynamicActivationIntxWeightConfig(
            weight_dtype=INTEGERS[bits],
            weight_granularity=PerAxis(0) if group is None else PerGroup(group),
        )
        quantize_(layer, config)
        unwrap_tensor_subclass(layer)
        quanta = torch.tensor([quantum_of(row.float()) for row in x])[:, None]
        bound = 1.1 * quanta * weight.sum(1) + 2.0**-7 * (x.float().abs() @ weight.T) + 1e-3
        return Case(layer, x, bound, ("qdint8", "qcint" if group in (None, linear.in_features) else "qbint4"))

    return case


def weights(bits: int, dtype: torch.dtype = torch.float32) -> Callable[[Draw], Case]:
    """A linear layer on floats, with a scale for each row of its weight."""

    def case(draw: Draw) -> Case:
        columns = 2 * draw(st.integers(1, 40))
        layer, _, x = _linear(draw, columns, dtype)
        quantize_(layer, IntxWeightOnlyConfig(weight_dtype=INTEGERS[bits], granularity=PerAxis(0)))
        unwrap_tensor_subclass(layer)
        relative = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 2e-2}[dtype]
        bound = relative * (layer(x).detach().float().abs() + math.sqrt(columns))
        return Case(layer, x, bound, ("qcint",))

    return case


def products(is_dynamic: bool, dtype: torch.dtype) -> Callable[[Draw], Case]:
    """A linear layer that torchao writes as a product of integers, or with them."""

    def case(draw: Draw) -> Case:
        layer, linear, x = _linear(draw, draw(st.integers(17, 60)), dtype)
        weight = linear.weight.detach().float().abs()
        if draw(st.booleans()):
            x = x[None]
        quantize_(layer, Int8DynamicActivationInt8WeightConfig() if is_dynamic else Int8WeightOnlyConfig())
        unwrap_tensor_subclass(layer)
        # PyTorch's coding is around zero, and has twice the steps at most.
        quantum = 2 * max(abs(float(x.max())), abs(float(x.min()))) / 255
        bound = 1.1 * quantum * weight.sum(1) if is_dynamic else torch.zeros(len(weight))
        relative = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 3e-2}[dtype]
        return Case(
            layer,
            x,
            bound + relative * (x.float().abs() @ weight.T + 1),
            ("qdint8",) * is_dynamic + ("qcint8",),
        )

    return case


def table(bits: int, group: int | None) -> Callable[[Draw], Case]:
    """Rows of a table, which no delegate looks up."""

    def case(draw: Draw) -> Case:
        columns = (group or 8) * draw(st.integers(1, 3))
        embedding = nn.Embedding(draw(st.integers(2, 9)), columns)
        with torch.no_grad():
            embedding.weight.copy_(numbers(draw, *embedding.weight.shape))
        model: Any = nn.Sequential(embedding).eval()
        config = IntxWeightOnlyConfig(
            weight_dtype=INTEGERS[bits],
            granularity=PerAxis(0) if group is None else PerGroup(group),
            mapping_type=MappingType.SYMMETRIC,
        )
        quantize_(model, config, lambda module, _: isinstance(module, nn.Embedding))
        unwrap_tensor_subclass(model)
        generator = torch.Generator().manual_seed(columns)
        return Case(model, torch.randint(embedding.num_embeddings, (2, 3), generator=generator), 0.0, ())

    return case


def _linear(draw: Draw, columns: int, dtype: torch.dtype) -> tuple[Any, nn.Linear, Tensor]:
    linear = nn.Linear(columns, draw(st.integers(1, 24)), bias=draw(st.booleans()))
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.copy_(numbers(draw, *parameter.shape))
    x = numbers(draw, draw(st.integers(1, 5)), columns).to(dtype)
    return nn.Sequential(linear).to(dtype).eval(), linear, x


DYNAMIC = [(kind, bits) for kind in ("linear", "per_token", "conv2d", "transposed") for bits in (8, 4)]
FLOATS = [torch.float32, torch.float16, torch.bfloat16]
GROUPS = [(4, 32), (4, 64), (4, 128), (4, 256), (4, None), (8, None)]


def name_of(*parts: object) -> str:
    return "-".join(str(part).removeprefix("torch.") for part in parts)


BOTH: dict[str, Callable[[Draw], Case]] = {
    **{
        name_of(kind, bits): dynamic(kind, bits)
        for kind, bits in DYNAMIC
        if bits == 8 or kind in ("linear", "per_token")
    },
    **{name_of("rows", *scheme, torch.float32): rows(*scheme) for scheme in GROUPS},
    **{
        name_of("rows", *scheme, torch.float16): rows(*scheme, torch.float16)
        for scheme in GROUPS
        if scheme[0] == 4
    },
    **{name_of("table", bits, group): table(bits, group) for bits in (2, 4, 8) for group in (32, None)},
}
"""
What ExecuTorch lowers as well. It stops at convolutions with 4 bits, and at products of integers; where weights alone
are quantised, it has no kernel that dequantises them; and its runtime refuses 8 bits in float16, whose scales it wrote
in two bytes.
"""

OURS: dict[str, Callable[[Draw], Case]] = {
    **BOTH,
    **{name_of(kind, bits): dynamic(kind, bits) for kind, bits in DYNAMIC},
    **{name_of("rows", *scheme, dtype): rows(*scheme, dtype) for scheme in GROUPS for dtype in FLOATS},
    **{
        name_of("products", "dynamic" if is_dynamic else "weights", dtype): products(is_dynamic, dtype)
        for is_dynamic in (True, False)
        for dtype in FLOATS
    },
    **{name_of("weights", bits, dtype): weights(bits, dtype) for bits in (4, 8) for dtype in FLOATS},
}

QUICKLY = (
    "linear-8",
    "per_token-8",
    "conv2d-8",
    "rows-4-32-float32",
    "rows-4-None-float32",
    "rows-8-None-float32",
    "table-4-32",
)
"""What is lowered by ExecuTorch, in a second each, in the short suite."""

FEW = 2
"""The first has the smallest shapes."""


def check(case: Case, *, with_stock: bool) -> None:
    expected = case.model(case.input)
    program = torch.export.export(case.model, (case.input,))
    results, lowered = results_of_our_file(program, (case.input,))
    assert all(name in str(lowered.module) for name in case.datatypes)
    if with_stock:
        file = stock.lower(program, quant_fusion=not case.datatypes)
        for encoding, written in (("new", file), ("old", old_file(file))):
            results[f"ExecuTorch's, {encoding}"] = run(written, (case.input,))
            if case.stock_runs_it:
                results[f"ExecuTorch's, {encoding}, in its runtime"] = stock.run(written, (case.input,))[0]
    for name, result in results.items():
        assert result.dtype == expected.dtype and result.shape == expected.shape
        apart = (result.float() - expected.float()).abs()
        assert bool((apart <= case.bound).all()), (name, float(apart.max()))


@pytest.mark.parametrize("name", OURS)
@given(st.data())
@settings(max_examples=FEW, **QUICK)
def test_our_files_agree(name: str, data: st.DataObject) -> None:
    check(OURS[name](data.draw), with_stock=False)


@pytest.mark.parametrize("name", QUICKLY)
@given(st.data())
@settings(max_examples=FEW, derandomize=True, database=None, **QUICK)
def test_stock_files_agree(name: str, data: st.DataObject) -> None:
    check(BOTH[name](data.draw), with_stock=True)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", OURS)
@given(st.data())
@settings(max_examples=10, **QUICK)
def test_more_of_our_files_agree(name: str, data: st.DataObject) -> None:
    check(OURS[name](data.draw), with_stock=False)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", BOTH)
@given(st.data())
@settings(max_examples=5, derandomize=True, database=None, **QUICK)
def test_more_stock_files_agree(name: str, data: st.DataObject) -> None:
    check(BOTH[name](data.draw), with_stock=True)
