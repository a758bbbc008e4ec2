# The executorch package has no stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnusedImport=false
"""Kernels that quantise outside delegates compute what PyTorch does, to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

# Defines the operators of quantized_decomposed.
import torch.ao.quantization.fx._decomposed
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite
from torch import Tensor

from xnnir.runtime import StatusError

from .harness import Out, run_kernel

OPS: Any = torch.ops.quantized_decomposed
FLOATS = [torch.float32, torch.float16, torch.bfloat16]
BOUNDS = {
    torch.int8: (-128, 127),
    torch.uint8: (0, 255),
    torch.int16: (-(2**15), 2**15 - 1),
    torch.uint16: (0, 2**16 - 1),
    torch.int32: (-(2**31), 2**31 - 128),  # the largest that a float is
}
SPECIAL = [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, math.inf, -math.inf, 3e38, 1e-45, 65504.0]


def numbers(draw: DrawFn, shape: list[int], dtype: torch.dtype, *, special: bool = True) -> Tensor:
    """Numbers of all sizes, some of them between two integers, and some special."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    x = torch.randn(shape, generator=generator) * 10 ** torch.randint(-2, 3, shape, generator=generator)
    x = torch.where(torch.rand(shape, generator=generator) < 0.3, (x * 2).round() / 2, x)
    if special and x.numel():
        flat = x.reshape(-1)
        for value in draw(st.lists(st.sampled_from(SPECIAL), max_size=4)):
            flat[draw(st.integers(0, flat.numel() - 1))] = value
    return x.to(dtype)


def coding(
    draw: DrawFn, count: int, dtype: torch.dtype, code: torch.dtype
) -> tuple[Tensor, Tensor, int, int]:
    """Scales and zero points, and the bounds of integers of `code`."""
    low, high = BOUNDS[code]
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    scales = draw(st.sampled_from([torch.ones(count), torch.rand(count, generator=generator) + 2.0**-12]))
    within = min(high, 2**15), max(low, -(2**15))
    zero_points = torch.randint(within[1], within[0] + 1, [count], generator=generator)
    if draw(st.booleans()):
        low, high = low + 1, high - 1
    return scales.to(dtype), zero_points, low, high


@composite
def quantisations(
    draw: DrawFn, kind: str, codes: Sequence[torch.dtype] = tuple(BOUNDS)
) -> tuple[list[Any], torch.dtype, list[int]]:
    """The arguments of `quantize_per_<kind>`, the dtype of its integers, and its shape."""
    shape = draw(st.lists(st.integers(1, 6), min_size=0 if kind == "tensor" else 1, max_size=4))
    axis, groups = 0, 1
    if kind == "channel_group":
        groups = draw(st.integers(1, 3))
        shape = [draw(st.integers(1, 5)), groups * draw(st.integers(2, 5))]
    if kind == "channel":
        axis = draw(st.integers(0, len(shape) - 1))
    code = draw(st.sampled_from(codes))
    count = {
        "tensor": 1,
        "channel": shape[axis] if shape else 1,
        "token": math.prod(shape[:-1]),
        "channel_group": math.prod(shape[:1]) * groups,
    }[kind]
    # PyTorch rounds in 16 bits where numbers and scales have no more; such scales are nobody's.
    scale_dtype = torch.float32 if kind == "tensor" else draw(st.sampled_from([torch.float32, torch.float64]))
    scales, zero_points, low, high = coding(draw, count, scale_dtype, code)
    x = numbers(draw, shape, draw(st.sampled_from(FLOATS)))
    match kind:
        case "tensor":
            parameters: list[Any] = [scales.item(), zero_points.item()]
        case "token":
            parameters = [scales.reshape([*shape[:-1], 1]), zero_points.reshape([*shape[:-1], 1])]
        case "channel":
            parameters = [scales, zero_points, axis]
        case _:
            parameters = [scales.reshape(-1, groups), zero_points.reshape(-1, groups)]
    last = [shape[1] // groups] if kind == "channel_group" else []
    return [x, *parameters, low, high, code, *last], code, shape


KINDS = ["tensor", "channel", "token", "channel_group"]


def bits(x: Tensor) -> Tensor:
    """Numbers with NaN as one number."""
    return torch.nan_to_num(x.double(), nan=12345.0, posinf=math.inf, neginf=-math.inf)


@pytest.mark.parametrize("kind", KINDS)
def test_integers_are_those_of_pytorch(kind: str) -> None:
    @given(quantisations(kind))
    @settings(max_examples=40)
    def check(call: tuple[list[Any], torch.dtype, list[int]]) -> None:
        arguments, code, shape = call
        expected = getattr(OPS, f"quantize_per_{kind}")(*arguments)
        (result,) = run_kernel(
            f"quantized_decomposed::quantize_per_{kind}.out", *arguments, out=[Out(code, shape)]
        )
        torch.testing.assert_close(result, expected, rtol=0, atol=0)

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_those_of_pytorch(kind: str) -> None:
    # PyTorch takes no zero points off integers of uint16.
    codes = [code for code in BOUNDS if code is not torch.uint16 or kind == "tensor"]

    @given(quantisations(kind, codes), st.sampled_from([*FLOATS, torch.float64]))
    @settings(max_examples=40)
    def check(call: tuple[list[Any], torch.dtype, list[int]], dtype: torch.dtype) -> None:
        (x, *rest), code, shape = call
        low, high = BOUNDS[code]
        codes = torch.randint(low, high + 1, x.shape, generator=torch.Generator().manual_seed(len(shape)))
        arguments: list[Any] = [codes.to(code), *rest]
        if kind in ("tensor", "channel"):
            expected = getattr(OPS, f"dequantize_per_{kind}")(*arguments, out_dtype=dtype)
        else:
            expected = getattr(OPS, f"dequantize_per_{kind}")(*arguments, dtype)
        (result,) = run_kernel(
            f"quantized_decomposed::dequantize_per_{kind}.out", *arguments, dtype, out=[Out(dtype, shape)]
        )
        torch.testing.assert_close(bits(result), bits(expected), rtol=0, atol=0)

    check()


@composite
def choices(draw: DrawFn, *, per_token: bool) -> tuple[Tensor, list[int]]:
    shape = draw(st.lists(st.integers(1, 6), min_size=1 if per_token else 0, max_size=4))
    x = numbers(draw, shape, draw(st.sampled_from(FLOATS)), special=False)
    x = draw(st.sampled_from([x, x.abs(), -x.abs(), torch.zeros_like(x), x * 1e-6]))
    return x, [*shape[:-1], 1] if per_token else [1]


@pytest.mark.parametrize("name", ["choose_qparams", "choose_qparams_symmetric"])
@given(
    choices(per_token=False),
    st.sampled_from([(torch.int8, -128, 127), (torch.int8, -127, 127), (torch.uint8, 0, 255)]),
    st.sampled_from([2.0**-12, 1e-7]),
)
@settings(max_examples=40)
def test_parameters_are_those_of_pytorch(
    name: str, choice: tuple[Tensor, list[int]], coded: tuple[torch.dtype, int, int], eps: float
) -> None:
    x, sizes = choice
    dtype, low, high = coded
    expected = getattr(OPS, name).tensor(x, low, high, eps, dtype)
    outs = [Out(torch.float64, sizes), Out(torch.int64, sizes)]
    result = run_kernel(f"quantized_decomposed::{name}.Tensor_out", x, low, high, eps, dtype, out=outs)
    assert [r.tolist() for r in result] == [e.tolist() for e in expected]


@pytest.mark.parametrize("name", ["choose_qparams_per_token", "choose_qparams_per_token_asymmetric"])
@given(choices(per_token=True))
@settings(max_examples=40)
def test_parameters_of_rows_are_those_of_pytorch(name: str, choice: tuple[Tensor, list[int]]) -> None:
    x, sizes = choice
    scales, zero_points = getattr(OPS, name)(x, torch.int8)
    outs = [Out(torch.float64, sizes), Out(torch.int64, sizes)]
    result = run_kernel(f"quantized_decomposed::{name}.out", x, torch.int8, out=outs)
    assert [r.tolist() for r in result] == [scales.double().tolist(), zero_points.long().tolist()]


@given(quantisations("tensor"))
@settings(max_examples=10)
def test_scales_may_be_tensors(call: tuple[list[Any], torch.dtype, list[int]]) -> None:
    (x, scale, zero_point, *rest), code, shape = call
    given_tensors = [torch.tensor([scale]), torch.tensor([zero_point])]
    name = "quantized_decomposed::quantize_per_tensor"
    (numbers,) = run_kernel(f"{name}.out", x, scale, zero_point, *rest, out=[Out(code, shape)])
    (result,) = run_kernel(f"{name}.Tensor_out", x, *given_tensors, *rest, out=[Out(code, shape)])
    assert torch.equal(numbers, result)


X = torch.ones(2, 3)
PARAMETERS = [torch.ones(2), torch.zeros(2, dtype=torch.int64)]


@pytest.mark.parametrize(
    ("operator", "arguments", "message"),
    [
        ("quantize_per_tensor.out", [X, 1.0, 0, 0, 300, torch.uint8], "expected a range within 0 to 255"),
        (
            "quantize_per_tensor.out",
            [X.int(), 1.0, 0, 0, 3, torch.uint8],
            "input has dtype int32, expected floats",
        ),
        (
            "quantize_per_channel.out",
            [X, *PARAMETERS, 1, 0, 3, torch.uint8],
            "scales has 2 elements, expected 3",
        ),
        ("quantize_per_channel.out", [X, *PARAMETERS, 2, 0, 3, torch.uint8], "axis"),
        ("quantize_per_token.out", [X.sum(), *PARAMETERS, 0, 3, torch.uint8], "no dimension to have scales"),
        (
            "quantize_per_channel_group.out",
            [X, *PARAMETERS, 0, 3, torch.uint8, 2],
            "group_size is 2, which does not divide the last size, 3",
        ),
    ],
)
def test_what_does_not_fit_is_refused(operator: str, arguments: list[Any], message: str) -> None:
    shape = list(arguments[0].shape)
    with pytest.raises(StatusError, match=message):
        run_kernel(f"quantized_decomposed::{operator}", *arguments, out=[Out(torch.uint8, shape)])


@pytest.mark.exhaustive
def test_stock_has_the_same_operators() -> None:
    """ExecuTorch's library of quantised kernels runs the same calls; it rounds halves as PyTorch does."""
    pytest.importorskip("executorch")
    import executorch.kernels.quantized  # noqa: F401

    x = torch.linspace(-3, 3, 24).reshape(2, 3, 4)
    scales, zero_points = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64), torch.tensor([1, -2, 3])
    calls: dict[str, tuple[list[Any], Callable[..., Tensor]]] = {
        "quantize_per_tensor.out": ([x, 0.1, 3, -128, 127, torch.int8], OPS.quantize_per_tensor),
        "quantize_per_channel.out": (
            [x, scales, zero_points, 1, -128, 127, torch.int8],
            OPS.quantize_per_channel,
        ),
    }
    for name, (arguments, function) in calls.items():
        out = [Out(torch.int8, [2, 3, 4])]
        (result,) = run_kernel(f"quantized_decomposed::{name}", *arguments, out=out, stock=True)
        assert torch.equal(result, function(*arguments)), name
