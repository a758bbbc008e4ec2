"""Models that compute in codings, with generated shapes and numbers, and the ways to run them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.ao.quantization.fx import _decomposed  # pyright: ignore # noqa: F401

import xnnir
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
from xnnir.runtime import Runtime
from xnnir.testing import stock

OPS: Any = torch.ops.quantized_decomposed
Draw = Callable[[st.SearchStrategy[Any]], Any]
INTEGERS: dict[int, torch.dtype] = {
    bits: getattr(torch, f"int{bits}")
    for bits in range(1, 9)  # PyTorch has stubs for int8 only
}
BOUNDS = {torch.int8: (-128, 127), torch.uint8: (0, 255)}

QUICK: dict[str, Any] = {
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],
}


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


def numbers(draw: Draw, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    return torch.randn(shape, generator=generator)


def shape(draw: Draw, least: int = 1) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, 9), min_size=least, max_size=4)))


def image(draw: Draw) -> tuple[int, ...]:
    return (2, draw(st.integers(1, 5)), draw(st.integers(4, 9)), draw(st.integers(4, 9)))


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


def run(file: bytes, inputs: tuple[Tensor, ...]) -> Tensor:
    (result,) = Runtime.get().load_program(file).load_method("forward").execute(list(inputs))
    return result


def results_of_our_file(
    program: torch.export.ExportedProgram, inputs: tuple[Tensor, ...]
) -> tuple[dict[str, Tensor], xnnir.EdgeProgramManager]:
    lowered = xnnir.to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner(enable_bf16=True)])
    file = lowered.to_executorch().buffer
    return {"ours": run(file, inputs), "ours in ExecuTorch's": stock.run(file, inputs)[0]}, lowered
