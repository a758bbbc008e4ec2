"""
Each operator that XNNPACK has in integers, with generated shapes, attributes and codings: the quantised model in eager
PyTorch, our file in our runtime and in ExecuTorch's, and ExecuTorch's file in our runtime.

Static codings agree to one quantum at 99.9 % of the elements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from codings import (
    QUICK,
    Coding,
    Draw,
    Layer,
    QuantizedWeight,
    Static,
    image,
    numbers,
    results_of_our_file,
    run,
    shape,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from xnnir.testing import stock
from xnnir.testing.old_encodings import old_file

pytest.importorskip("executorch")


@dataclass
class Case:
    """A function on tensors of `shapes`; `shares` says that it computes in one coding."""

    function: Callable[..., Tensor]
    shapes: list[tuple[int, ...]]
    shares: bool = False


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


def check_static(model: nn.Module, inputs: tuple[Tensor, ...], coding: Coding, *, with_stock: bool) -> None:
    expected = model(*inputs)
    program = torch.export.export(model, inputs)
    results, lowered = results_of_our_file(program, inputs)
    if with_stock:
        file = stock.lower(program)
        results["ExecuTorch's"] = run(file, inputs)
        results["ExecuTorch's in the old encoding"] = run(old_file(file), inputs)
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
