"""
Each operator that XNNPACK has in integers, in each scheme, with generated shapes, attributes and codings: the
quantised model in eager PyTorch, our file in our runtime and in ExecuTorch's, and ExecuTorch's file in our runtime.

Static codings agree to one quantum at 99.9 % of the elements. Where rows are quantised while the model runs, PyTorch
and XNNPACK may round each number differently, which bounds how far results are apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.ao.quantization.fx import _decomposed  # pyright: ignore # noqa: F401
from torch.nn import functional as F
from torchao.quantization import quantize_
from torchao.quantization.granularity import PerAxis, PerGroup
from torchao.quantization.quant_api import Int8DynamicActivationIntxWeightConfig, IntxWeightOnlyConfig
from torchao.utils import unwrap_tensor_subclass

import xnnir
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
from xnnir.runtime import Runtime
from xnnir.testing import stock

pytest.importorskip("executorch")

OPS: Any = torch.ops.quantized_decomposed
Draw = Callable[[st.SearchStrategy[Any]], Any]
WEIGHTS: dict[int, torch.dtype] = {8: torch.int8, 4: torch.int4}  # pyright: ignore[reportAttributeAccessIssue]
BOUNDS = {torch.int8: (-128, 127), torch.uint8: (0, 255)}


@dataclass(frozen=True)
class Coding:
    """How the numbers of a tensor are coded."""

    scale: float
    zero_point: int
    dtype: torch.dtype = torch.int8

    def quantized(self, x: Tensor) -> Tensor:
        return OPS.quantize_per_tensor(x, self.scale, self.zero_point, *BOUNDS[self.dtype], self.dtype)

    def numbers(self, codes: Tensor) -> Tensor:
        return OPS.dequantize_per_tensor(codes, self.scale, self.zero_point, *BOUNDS[self.dtype], self.dtype)

    def rounded(self, x: Tensor) -> Tensor:
        return self.numbers(self.quantized(x))

    @staticmethod
    def of(x: Tensor, dtype: torch.dtype, share: float = 1.0) -> Coding:
        """One for `share` of the range of `x`."""
        low, high = BOUNDS[dtype]
        least, most = min(0.0, float(x.min()) * share), max(0.0, float(x.max()) * share)
        scale = max((most - least) / (high - low), 2.0**-12)
        return Coding(scale, round(min(max(low - least / scale, low), high)), dtype)


class QuantizedWeight(nn.Module):
    """A weight in int8 with a scale for each slice of `axis`, or one for all where that is None."""

    def __init__(self, weight: Tensor, axis: int | None, low: int = -127, high: int = 127) -> None:
        super().__init__()
        self.axis, self.low, self.high = axis, low, high
        others = tuple(i for i in range(weight.dim()) if i != axis)
        most = weight.abs().amax(others) if axis is not None else weight.abs().max()
        self.scale: Tensor | float
        if axis is None:
            self.scale = max(float(most) / high, 2.0**-12)
            codes = OPS.quantize_per_tensor(weight, self.scale, 0, low, high, torch.int8)
        else:
            self.scale = nn.Buffer((most / high).clamp(min=2.0**-12))
            self.zero_points = nn.Buffer(torch.zeros(len(most), dtype=torch.int64))
            codes = OPS.quantize_per_channel(
                weight, self.scale, self.zero_points, axis, low, high, torch.int8
            )
        self.codes = nn.Buffer(codes)

    def forward(self) -> Tensor:
        if self.axis is None:
            return OPS.dequantize_per_tensor(self.codes, self.scale, 0, self.low, self.high, torch.int8)
        return OPS.dequantize_per_channel(
            self.codes, self.scale, self.zero_points, self.axis, self.low, self.high, torch.int8
        )


class Layer(nn.Module):
    """A function of an input, a quantised weight and a bias."""

    def __init__(
        self,
        function: Callable[[Tensor, Tensor, Tensor | None], Tensor],
        weight: QuantizedWeight,
        bias: Tensor | None,
    ) -> None:
        super().__init__()
        self.function, self.weight = function, weight
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, self.weight(), self.bias)


class Static(nn.Module):
    """A function between codings. With `integers` the model takes and gives the integers themselves."""

    def __init__(self, function: Callable[..., Tensor], inputs: list[Coding], result: Coding, integers: bool):
        super().__init__()
        self.function, self.inputs, self.result, self.integers = function, inputs, result, integers
        self.layer = function if isinstance(function, nn.Module) else None

    def forward(self, *inputs: Tensor) -> Tensor:
        pairs = zip(self.inputs, inputs, strict=True)
        read = [coding.numbers(x) if self.integers else coding.rounded(x) for coding, x in pairs]
        codes = self.result.quantized(self.function(*read))
        return codes if self.integers else self.result.numbers(codes)


@dataclass
class Case:
    """A function on tensors of `shapes`; `shares` says that it computes in one coding."""

    function: Callable[..., Tensor]
    shapes: list[tuple[int, ...]]
    shares: bool = False


def numbers(draw: Draw, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    return torch.randn(shape, generator=generator)


def shape(draw: Draw, least: int = 1) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, 9), min_size=least, max_size=4)))


def image(draw: Draw) -> tuple[int, ...]:
    return (2, draw(st.integers(1, 5)), draw(st.integers(4, 9)), draw(st.integers(4, 9)))


def activation(draw: Draw) -> Callable[[Tensor], Tensor]:
    return draw(st.sampled_from([lambda x: x, F.relu, F.relu6, lambda x: F.hardtanh(x, -0.5, 0.75)]))


def linear(draw: Draw, axis: int | None) -> Case:
    columns, rows, act = draw(st.integers(1, 40)), draw(st.integers(1, 20)), activation(draw)
    weight = QuantizedWeight(numbers(draw, rows, columns), axis)
    bias = numbers(draw, rows) if draw(st.booleans()) else None
    layer = Layer(lambda x, w, b: act(F.linear(x, w, b)), weight, bias)
    return Case(layer, [(*shape(draw)[:2], columns)])


def convolution(
    draw: Draw, *, per_channel: bool, depthwise: bool = False, transposed: bool = False, spatial: int = 2
) -> Case:
    groups = draw(st.integers(1, 4)) if depthwise else draw(st.integers(1, 2))
    inner = 1 if depthwise else draw(st.integers(1, 5))
    outer = draw(st.integers(1, 3))
    kernel = draw(st.integers(1, 3))
    stride, padding = draw(st.integers(1, 2)), draw(st.integers(0, 1))
    act = activation(draw)
    names = {1: (F.conv1d, F.conv_transpose1d), 2: (F.conv2d, F.conv_transpose2d)}
    function: Any = names[spatial][transposed]
    sizes = (groups * inner, outer) if transposed else (groups * outer, inner)
    if transposed:
        # Scales for each output channel are those of a group where there is one group.
        groups = 1 if per_channel else groups
        sizes = (groups * inner, outer)
    axis = None if not per_channel else int(transposed)
    weight = QuantizedWeight(numbers(draw, *sizes, *(kernel,) * spatial), axis)
    bias = numbers(draw, groups * outer) if draw(st.booleans()) else None

    def call(x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
        return act(function(x, w, b, stride=stride, padding=padding, groups=groups))

    return Case(Layer(call, weight, bias), [(2, groups * inner, *(7, 9)[:spatial])])


def of_two(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        whole, act = shape(draw, 2), activation(draw)
        other = tuple(draw(st.sampled_from([1, size])) for size in whole)
        return Case(lambda x, y: act(function(x, y)), [whole, other])

    return case


def of_one(function: Callable[[Tensor], Tensor]) -> Callable[[Draw], Case]:
    return lambda draw: Case(function, [shape(draw)])


def cat(draw: Draw) -> Case:
    whole, axis = shape(draw), 0
    count = draw(st.integers(2, 6))
    return Case(lambda *x: torch.cat(x, axis), [whole] * count, shares=True)


def max_pool(draw: Draw) -> Case:
    kernel, stride = draw(st.integers(2, 3)), draw(st.integers(1, 3))
    padding, ceil = draw(st.integers(0, 1)), draw(st.booleans())
    return Case(
        lambda x: F.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil), [image(draw)], shares=True
    )


def mean(draw: Draw) -> Case:
    keep = draw(st.booleans())
    return Case(lambda x: x.mean((2, 3), keepdim=keep), [image(draw)])


def pad(draw: Draw) -> Case:
    amounts = draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
    return Case(lambda x: F.pad(x, amounts), [image(draw)], shares=True)


def slice_(draw: Draw) -> Case:
    start = draw(st.integers(0, 2))
    return Case(lambda x: x[:, :, start : start + 2], [image(draw)], shares=True)


def permute(draw: Draw) -> Case:
    axes = draw(st.permutations(range(4)))
    return Case(lambda x: x.permute(axes), [image(draw)], shares=True)


def clamp(draw: Draw) -> Case:
    low, width = draw(st.floats(-2, 1)), draw(st.floats(0.25, 3))
    return Case(lambda x: x.clamp(low, low + width), [shape(draw)])


def resize(draw: Draw) -> Case:
    size, align = (draw(st.integers(4, 12)), draw(st.integers(4, 12))), draw(st.booleans())
    return Case(
        lambda x: F.interpolate(x, size, mode="bilinear", align_corners=align), [image(draw)], shares=True
    )


def leaky_relu(draw: Draw) -> Case:
    slope = draw(st.floats(0.05, 0.9))  # less is computed in floats
    return Case(lambda x: F.leaky_relu(x, slope), [shape(draw)])


STATIC: dict[str, Callable[[Draw], Case]] = {
    "linear": lambda draw: linear(draw, None),
    "linear_per_channel": lambda draw: linear(draw, 0),
    "conv2d": lambda draw: convolution(draw, per_channel=False),
    "conv2d_per_channel": lambda draw: convolution(draw, per_channel=True),
    "conv1d": lambda draw: convolution(draw, per_channel=True, spatial=1),
    "depthwise": lambda draw: convolution(draw, per_channel=False, depthwise=True),
    "depthwise_per_channel": lambda draw: convolution(draw, per_channel=True, depthwise=True),
    "transposed": lambda draw: convolution(draw, per_channel=False, transposed=True),
    "transposed_per_channel": lambda draw: convolution(draw, per_channel=True, transposed=True),
    "add": of_two(lambda x, y: x + y),
    "sub": of_two(lambda x, y: x - y),
    "mul": of_two(lambda x, y: x * y),
    "cat": cat,
    "max_pool": max_pool,
    "mean": mean,
    "pad": pad,
    "slice": slice_,
    "permute": permute,
    "reshape": lambda draw: Case(lambda x: x.flatten(1), [image(draw)], shares=True),
    "clamp": clamp,
    "relu": of_one(F.relu),
    "resize": resize,
    "leaky_relu": leaky_relu,
    "abs": of_one(torch.abs),
    "elu": of_one(F.elu),
    "exp": of_one(torch.exp),
    "floor": of_one(torch.floor),
    "gelu": of_one(F.gelu),
    "hardswish": of_one(F.hardswish),
    "neg": of_one(torch.neg),
    "sigmoid": of_one(torch.sigmoid),
    "square": of_one(torch.square),
    "tanh": of_one(torch.tanh),
}


def static(draw: Draw, case: Case) -> tuple[nn.Module, tuple[Tensor, ...], Coding]:
    """A model of the case, inputs, and the coding of the result."""
    integers = draw(st.booleans())
    # Numbers of uint8 that nobody sees are numbers of int8.
    dtype = draw(st.sampled_from([torch.int8, torch.uint8])) if integers else torch.int8
    if isinstance(case.function, Layer) and case.function.weight.axis is not None:
        dtype = torch.int8
    inputs = [numbers(draw, *s) * draw(st.sampled_from([0.5, 1.0, 4.0])) for s in case.shapes]
    codings = [Coding.of(x, dtype) for x in inputs]
    if case.shares:
        codings = [max(codings, key=lambda coding: coding.scale)] * len(inputs)
    rounded = [coding.rounded(x) for coding, x in zip(codings, inputs, strict=True)]
    share = draw(st.sampled_from([0.5, 1.0]))
    result = codings[0] if case.shares else Coding.of(case.function(*rounded).detach(), dtype, share)
    model = Static(case.function, codings, result, integers).eval()
    pairs = zip(codings, inputs, strict=True)
    return model, tuple(coding.quantized(x) if integers else x for coding, x in pairs), result


def run(file: bytes, inputs: tuple[Tensor, ...]) -> Tensor:
    (result,) = Runtime.get().load_program(file).load_method("forward").execute(list(inputs))
    return result


def results_of_our_file(
    program: torch.export.ExportedProgram, inputs: tuple[Tensor, ...]
) -> tuple[dict[str, Tensor], xnnir.EdgeProgramManager]:
    lowered = xnnir.to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner(enable_bf16=True)])
    file = lowered.to_executorch().buffer
    return {"ours": run(file, inputs), "ours in ExecuTorch's": stock.run(file, inputs)[0]}, lowered


def check_static(model: nn.Module, inputs: tuple[Tensor, ...], coding: Coding, *, with_stock: bool) -> None:
    expected = model(*inputs)
    program = torch.export.export(model, inputs)
    results, lowered = results_of_our_file(program, inputs)
    if with_stock:
        results["ExecuTorch's"] = run(stock.lower(program), inputs)
    quantum = 1.0 if expected.dtype != torch.float32 else coding.scale
    for name, result in results.items():
        assert result.dtype == expected.dtype and result.shape == expected.shape
        apart = (result.double() - expected.double()).abs()
        assert float((apart <= 1.001 * quantum).double().mean()) >= 0.999, (
            name,
            float(apart.max() / quantum),
        )
    notes = [
        op.attributes["xnn.not_quantized"]
        for op in lowered.module.walk()
        if "xnn.not_quantized" in op.attributes
    ]
    assert not notes


QUICK: dict[str, Any] = {
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],
}


@given(st.data())
@settings(max_examples=15, **QUICK)
def test_static_codings_agree(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(STATIC)))
    check_static(*static(data.draw, STATIC[name](data.draw)), with_stock=False)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", STATIC)
def test_static_codings_agree_for_each_operator(name: str) -> None:
    @given(st.data())
    @settings(max_examples=8, **QUICK)
    def check(data: st.DataObject) -> None:
        check_static(*static(data.draw, STATIC[name](data.draw)), with_stock=False)

    check()


STOCKS = [
    name for name in STATIC if name not in ("leaky_relu", "abs", "elu", "exp", "floor", "gelu", "hardswish")
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", STOCKS)
def test_stock_files_agree(name: str) -> None:
    """ExecuTorch lowers this in seconds; its files are kept."""

    @given(st.data())
    @settings(max_examples=1, derandomize=True, database=None, **QUICK)
    def check(data: st.DataObject) -> None:
        check_static(*static(data.draw, STATIC[name](data.draw)), with_stock=True)

    check()


class Dynamic(nn.Module):
    """A layer whose input is coded while the model runs, as the quantizer's dynamic configuration has it."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        scale, zero_point = OPS.choose_qparams.tensor(x, -128, 127, 2.0**-12, torch.int8)
        codes = OPS.quantize_per_tensor.tensor(x, scale, zero_point, -128, 127, torch.int8)
        return self.layer(OPS.dequantize_per_tensor.tensor(codes, scale, zero_point, -128, 127, torch.int8))


def quantum_of(x: Tensor) -> float:
    return float(x.max().clamp(min=0) - x.min().clamp(max=0)) / 255


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("kind", ["linear", "conv2d", "transposed"])
@given(st.data())
@settings(max_examples=3, **QUICK)
def test_rows_quantised_at_run_time_agree(kind: str, bits: int, data: st.DataObject) -> None:
    draw = data.draw
    low, high = (-127, 127) if bits == 8 else (-8, 7)
    if kind == "linear":
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
    model = Dynamic(Layer(lambda x, w, b: function(x, w, b), weight, bias)).eval()
    expected = model(x)
    program = torch.export.export(model, (x,))
    results, lowered = results_of_our_file(program, (x,))
    assert "qdint8" in str(lowered.module)
    # Each number is half a quantum off, in PyTorch's coding and in XNNPACK's.
    largest = function(torch.ones_like(x), weight().abs(), None).max()
    for name, result in results.items():
        assert float((result - expected).abs().max()) <= 1.01 * quantum_of(x) * float(largest) + 1e-5, name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("bits", "group"), [(4, 32), (4, 64), (4, 128), (4, 256), (4, None), (8, None)])
@given(st.data())
@settings(max_examples=1, **QUICK)
def test_torchao_schemes_agree(bits: int, group: int | None, dtype: torch.dtype, data: st.DataObject) -> None:
    """8da4w by groups and by rows, 8da8w, in float32, float16 and bfloat16."""
    draw = data.draw
    columns = (group or 32) * draw(st.integers(1, 3))
    linear = nn.Linear(columns, draw(st.integers(1, 24)), bias=draw(st.booleans()))
    with torch.no_grad():
        linear.weight.copy_(numbers(draw, *linear.weight.shape))
    layer: Any = nn.Sequential(linear).to(dtype).eval()
    x = numbers(draw, draw(st.integers(1, 5)), columns).to(dtype)
    config = Int8DynamicActivationIntxWeightConfig(
        weight_dtype=WEIGHTS[bits],
        weight_granularity=PerAxis(0) if group is None else PerGroup(group),
    )
    weight = linear.weight.detach().float().abs()
    quantize_(layer, config)
    unwrap_tensor_subclass(layer)
    expected = layer(x)
    results, lowered = results_of_our_file(torch.export.export(layer, (x,)), (x,))
    assert "qdint8" in str(lowered.module)
    quanta = torch.tensor([quantum_of(row.float()) for row in x])[:, None]
    bound = 1.1 * quanta * weight.sum(1) + 2.0**-7 * (x.float().abs() @ weight.T) + 1e-3
    for name, result in results.items():
        assert bool(((result.float() - expected.float()).abs() <= bound).all()), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("bits", [4, 8])
@given(st.data())
@settings(max_examples=2, **QUICK)
def test_weights_alone_may_be_quantised(bits: int, dtype: torch.dtype, data: st.DataObject) -> None:
    draw = data.draw
    columns = 2 * draw(st.integers(1, 40))
    linear = nn.Linear(columns, draw(st.integers(1, 24)), bias=draw(st.booleans()))
    layer: Any = nn.Sequential(linear).to(dtype).eval()
    x = numbers(draw, draw(st.integers(1, 5)), columns).to(dtype)
    quantize_(layer, IntxWeightOnlyConfig(weight_dtype=WEIGHTS[bits], granularity=PerAxis(0)))
    unwrap_tensor_subclass(layer)
    expected = layer(x)
    results, lowered = results_of_our_file(torch.export.export(layer, (x,)), (x,))
    assert "qcint" in str(lowered.module)
    tolerance = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 2e-2}[dtype]
    for result in results.values():
        torch.testing.assert_close(result, expected, rtol=tolerance, atol=tolerance * math.sqrt(columns))
