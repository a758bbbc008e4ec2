"""
Each operator that ExecuTorch's XNNPACK partitioner has a config for, with generated shapes, attributes and dynamic
sizes: our file in our runtime and in ExecuTorch's, against eager PyTorch. `test_stock_nodes.py` is the other direction,
ExecuTorch's file in our runtime.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

import xnnir
from xnnir.partition.config import ALL_PARTITIONER_CONFIGS
from xnnir.runtime import Runtime
from xnnir.testing import stock

pytest.importorskip("executorch")

Draw = Callable[[st.SearchStrategy[Any]], Any]


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


@dataclass
class Case:
    """A model with the shapes of its inputs; the first dimension of each may vary where `batch` says so."""

    model: nn.Module
    shapes: list[tuple[int, ...]]
    batch: bool = True
    low: float = -2.0
    high: float = 2.0


def shape(draw: Draw, least: int = 1, most: int = 4) -> tuple[int, ...]:
    return (2, *draw(st.lists(st.integers(1, 5), min_size=least - 1, max_size=most - 1)))


def image(draw: Draw) -> tuple[int, ...]:
    return (2, draw(st.integers(1, 4)), draw(st.integers(5, 9)), draw(st.integers(5, 9)))


def of_one(
    function: Callable[[Tensor], Tensor], low: float = -2.0, high: float = 2.0
) -> Callable[[Draw], Case]:
    return lambda draw: Case(Function(function), [shape(draw)], low=low, high=high)


def of_two(function: Callable[[Tensor, Tensor], Tensor], low: float = -2.0) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        whole = shape(draw)
        other = (whole[0], *(draw(st.sampled_from([1, size])) for size in whole[1:]))
        return Case(Function(function), [whole, other] if draw(st.booleans()) else [other, whole], low=low)

    return case


def average_pool(draw: Draw) -> Case:
    pool = nn.AvgPool2d(
        draw(st.integers(2, 3)),
        draw(st.integers(1, 4)),
        padding=draw(st.integers(0, 1)),
        count_include_pad=draw(st.booleans()),
        ceil_mode=draw(st.booleans()),
        divisor_override=draw(st.sampled_from([None, 3])),
    )
    return Case(pool, [image(draw)])


def max_pool(draw: Draw) -> Case:
    pool = nn.MaxPool2d(
        draw(st.integers(2, 3)),
        draw(st.integers(1, 4)),
        padding=draw(st.integers(0, 1)),
        ceil_mode=draw(st.booleans()),
    )
    return Case(pool, [image(draw)])


def convolution(draw: Draw) -> Case:
    groups, spatial = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    channels = groups * draw(st.integers(1, 2))
    make = (nn.Conv1d, nn.Conv2d)[spatial - 1]
    layer = make(
        channels,
        groups * draw(st.integers(1, 3)),
        draw(st.integers(1, 3)),
        stride=draw(st.integers(1, 2)),
        padding=draw(st.integers(0, 2)),
        dilation=draw(st.integers(1, 2)),
        groups=groups,
        bias=draw(st.booleans()),
    )
    return Case(layer, [(2, channels, *(7, 9)[:spatial])])


def batch_norm(draw: Draw) -> Case:
    channels = draw(st.integers(1, 4))
    norm = nn.BatchNorm2d(channels, affine=draw(st.booleans()))
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    first = nn.Conv2d(channels, channels, 1) if draw(st.booleans()) else nn.Identity()
    return Case(nn.Sequential(first, norm), [(2, channels, 4, 5)])


def linear(draw: Draw) -> Case:
    width = draw(st.integers(1, 9))
    layer = nn.Linear(width, draw(st.integers(1, 9)), bias=draw(st.booleans()))
    return Case(layer, [(*shape(draw, 1, 3), width)])


def with_parameter(function: Callable[[Tensor, Tensor], Tensor], *sizes: int) -> nn.Module:
    class WithParameter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(*sizes))

        def forward(self, x: Tensor) -> Tensor:
            return function(x, self.weight)

    return WithParameter()


def product_with_parameter(draw: Draw) -> Case:
    width, columns = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return Case(with_parameter(torch.mm, width, columns), [(2, width)])


def sum_of_product(draw: Draw) -> Case:
    width, columns = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    alpha, beta = draw(st.sampled_from([(1.0, 1.0), (0.5, 2.0)]))

    def function(x: Tensor, weight: Tensor) -> Tensor:
        return torch.addmm(weight[0], x, weight[:-1], alpha=alpha, beta=beta)

    return Case(with_parameter(function, width + 1, columns), [(2, width)])


def concatenation(draw: Draw) -> Case:
    count, rest = draw(st.integers(2, 7)), shape(draw, 2, 4)
    axis = draw(st.integers(1, len(rest) - 1))
    shapes = [
        tuple(draw(st.integers(1, 4)) if place == axis else size for place, size in enumerate(rest))
        for _ in range(count)
    ]
    return Case(Function(lambda *parts: torch.cat([*parts, parts[0]], axis)), shapes)


def padding(draw: Draw) -> Case:
    pads = [draw(st.integers(0, 2)), draw(st.integers(1, 2))]
    return Case(Function(lambda x: F.pad(x, pads, value=0.5)), [shape(draw, 2)])


def permutation(draw: Draw) -> Case:
    whole = shape(draw, 2)
    perm = draw(st.permutations(range(len(whole))))
    return Case(Function(lambda x: x.permute(perm) * 2), [whole])


def slices(draw: Draw) -> Case:
    whole = shape(draw, 2)
    axis = draw(st.integers(1, len(whole) - 1))
    start = draw(st.integers(0, whole[axis] - 1))
    return Case(Function(lambda x: x.narrow(axis, start, whole[axis] - start) * 2), [whole])


def view(draw: Draw) -> Case:
    whole = shape(draw, 2)
    return Case(Function(lambda x: (x * 2).reshape(x.shape[0], -1)), [whole])


def softmax(draw: Draw) -> Case:
    whole = shape(draw)
    axis = draw(st.integers(-len(whole), len(whole) - 1))
    return Case(Function(lambda x: torch.softmax(x, axis)), [whole], batch=axis not in (0, -len(whole)))


def mean(draw: Draw) -> Case:
    axes = draw(st.sampled_from([[2, 3], [-1, -2], [1], [1, 3]]))
    keep = draw(st.booleans())
    return Case(Function(lambda x: x.mean(axes, keepdim=keep)), [image(draw)])


def largest(draw: Draw) -> Case:
    axis, keep = draw(st.integers(1, 3)), draw(st.booleans())
    return Case(Function(lambda x: torch.max(x * 2, axis, keepdim=keep)[0]), [image(draw)])


def resize(draw: Draw) -> Case:
    size = draw(st.tuples(st.integers(2, 9), st.integers(2, 9)))
    align = draw(st.booleans())
    function = lambda x: F.interpolate(x, size=size, mode="bilinear", align_corners=align)  # noqa: E731
    return Case(Function(function), [image(draw)])


def power(draw: Draw) -> Case:
    exponent = draw(st.sampled_from([2, 2.0, 3, -1]))
    return Case(Function(lambda x: x**exponent), [shape(draw)], low=0.5)


def prelu(draw: Draw) -> Case:
    whole = image(draw)
    return Case(nn.PReLU(whole[1] if draw(st.booleans()) else 1, init=0.2), [whole])


def clamp(draw: Draw) -> Case:
    low, high = draw(st.sampled_from([(-0.5, 0.25), (None, 0.25), (-0.5, None)]))
    return Case(Function(lambda x: torch.clamp(x, low, high)), [shape(draw)])


def copies(draw: Draw) -> Case:
    return Case(Function(lambda x: (x * 2).clone() + 1), [shape(draw)])


def channels_last(draw: Draw) -> Case:
    return Case(Function(lambda x: (x * 2).to(memory_format=torch.channels_last) + 1), [image(draw)])


CASES: dict[str, Callable[[Draw], Case]] = {
    "AbsConfig": of_one(torch.abs),
    "AddConfig": of_two(lambda a, b: torch.add(a, b, alpha=2)),
    "AddmmConfig": sum_of_product,
    "AvgPoolingConfig": average_pool,
    "BMMConfig": lambda draw: Case(
        Function(torch.bmm), [(2, 3, n := draw(st.integers(1, 7))), (2, n, draw(st.integers(1, 7)))]
    ),
    "BatchNormConfig": batch_norm,
    "CatConfig": concatenation,
    "CeilConfig": of_one(lambda x: torch.ceil(x * 4)),
    "ClampConfig": clamp,
    "CloneConfig": copies,
    "CloneDimOrderConfig": copies,
    "ConstantPadConfig": padding,
    "ConvolutionConfig": convolution,
    "CosConfig": of_one(torch.cos),
    "DivConfig": of_two(torch.div, low=0.5),
    "EluConfig": of_one(F.elu),
    "ExpConfig": of_one(torch.exp),
    "FloorConfig": of_one(lambda x: torch.floor(x * 4)),
    "GeluConfig": lambda draw: Case(nn.GELU(draw(st.sampled_from(["none", "tanh"]))), [shape(draw)]),
    "HardswishConfig": of_one(lambda x: F.hardswish(x * 3)),
    "HardtanhConfig": of_one(lambda x: F.hardtanh(x, -0.5, 0.75)),
    "LeakyReLUConfig": of_one(lambda x: F.leaky_relu(x, 0.2)),
    "LinearConfig": linear,
    "LogConfig": of_one(torch.log, low=0.1),
    "MMConfig": product_with_parameter,
    "MaxDimConfig": largest,
    "MaxPool2dConfig": max_pool,
    "MaximumConfig": of_two(torch.maximum),
    "MeanDimConfig": mean,
    "MinimumConfig": of_two(torch.minimum),
    "MulConfig": of_two(torch.mul),
    "NegConfig": of_one(torch.neg),
    "PermuteConfig": permutation,
    "PowConfig": power,
    "PreluConfig": prelu,
    "ReLUConfig": of_one(torch.relu),
    "ReciprocalSquareRootConfig": of_one(torch.rsqrt, low=0.1),
    "SigmoidConfig": of_one(torch.sigmoid),
    "SinConfig": of_one(torch.sin),
    "SliceCopyConfig": slices,
    "SoftmaxConfig": softmax,
    "SquareRootConfig": of_one(torch.sqrt, low=0.1),
    "SubConfig": of_two(lambda a, b: torch.sub(a, b, alpha=0.5)),
    "TanhConfig": of_one(torch.tanh),
    "ToDimOrderCopyConfig": channels_last,
    "UnsqueezeCopyConfig": of_one(lambda x: (x * 2).unsqueeze(-1)),
    "UpsampleBilinear2dConfig": resize,
    "ViewCopyConfig": view,
}

QUANTISED = {
    "ChooseQParamsAffineConfig",
    "DeQuantizeAffineConfig",
    "DeQuantizedPerTensorConfig",
    "QuantizeAffineConfig",
    "QuantizedPerTensorConfig",
}


def test_every_config_of_floats_has_a_case() -> None:
    assert {config.__name__ for config in ALL_PARTITIONER_CONFIGS} - QUANTISED <= set(CASES) | {
        "CompositeConfig"
    }


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=4)
@given(st.data())
def test_operator(name: str, data: st.DataObject) -> None:
    torch.manual_seed(0)
    case = CASES[name](data.draw)
    is_half = data.draw(st.booleans(), label="float16")
    is_dynamic = case.batch and data.draw(st.booleans(), label="dynamic batch")
    model = case.model.eval()
    if is_half:
        model = model.half()
    reference = copy.deepcopy(model).float()
    inputs = make_inputs(case, 2, is_half)
    batch = torch.export.Dim("n", min=1, max=5) if is_dynamic else None
    dynamic = tuple({0: batch} for _ in inputs) if is_dynamic else None
    if isinstance(model, Function) and dynamic is not None:
        dynamic = (dynamic,)
    program = torch.export.export(model, inputs, dynamic_shapes=dynamic)
    buffer = xnnir.to_edge_transform_and_lower(program).to_executorch().buffer
    assert stock.delegates(buffer) == ["XnnpackBackend"], "one delegate and nothing beside it"
    method = Runtime.get().load_program(buffer).load_method("forward")
    for size in (2, 5, 1) if is_dynamic else (2,):
        inputs = make_inputs(case, size, is_half)
        with torch.no_grad():
            expected = reference(*(x.float() for x in inputs))
        for results in (method.execute(list(inputs)), stock.run(buffer, inputs)):
            assert results[0].dtype == inputs[0].dtype
            tolerance = 1e-2 if is_half else 1e-4
            scale = max(float(expected.abs().max()), 1e-3)
            torch.testing.assert_close(results[0].float(), expected, rtol=tolerance, atol=tolerance * scale)


def make_inputs(case: Case, size: int, is_half: bool) -> tuple[Tensor, ...]:
    """Inputs whose first dimension is `size`."""
    inputs: list[Tensor] = []
    for own in case.shapes:
        x = torch.empty(size, *own[1:]).uniform_(case.low, case.high)
        inputs.append(x.half() if is_half else x)
    return tuple(inputs)
