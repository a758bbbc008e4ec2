"""torchao's calls that quantise, where no delegate takes them: both runtimes give the bits that PyTorch gives."""

from __future__ import annotations

from typing import Any

import torch
import torchao.quantization.quant_primitives  # pyright: ignore[reportUnusedImport] # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite
from torch import Tensor

from .whole_way import check, randint, randn

OPS: Any = torch.ops.torchao
RANGES = [(torch.int8, -128, 127), (torch.int8, -127, 127), (torch.int8, -8, 7), (torch.uint8, 0, 255)]
FLOATS = [torch.float32, torch.float16, torch.bfloat16]


@composite
def blocks(draw: DrawFn) -> tuple[list[int], list[int]]:
    """A shape, and the shape of the blocks that have a scale each."""
    counts = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    # torchao reduces over all dimensions where it is to reduce over none.
    block = [*(draw(st.sampled_from([1, 2, 5])) for _ in counts[1:]), draw(st.sampled_from([2, 5]))]
    return [count * size for count, size in zip(counts, block, strict=True)], block


@given(
    blocks(),
    st.sampled_from(FLOATS),
    st.sampled_from(RANGES),
    st.sampled_from(["ASYMMETRIC", "SYMMETRIC", "SYMMETRIC_NO_CLIPPING_ERR"]),
    st.sampled_from([torch.int8, torch.int32, torch.float32]),
)
@settings(max_examples=4)
def test_codes_parameters_and_rounded_numbers(
    shapes: tuple[list[int], list[int]],
    dtype: torch.dtype,
    coded: tuple[torch.dtype, int, int],
    mapping: str,
    zero_point_dtype: torch.dtype,
) -> None:
    (shape, block), (code, low, high) = shapes, coded
    if code is torch.uint8 and mapping != "ASYMMETRIC":
        mapping = "SYMMETRIC"  # the other divides by the lowest integer

    def quantise(x: Tensor) -> tuple[Tensor, ...]:
        scale, zero_point = OPS.choose_qparams_affine(
            x, mapping, block, code, low, high, None, torch.float32, zero_point_dtype
        )
        codes = OPS.quantize_affine(x, block, scale, zero_point, code, low, high)
        numbers = OPS.dequantize_affine(codes, block, scale, zero_point, code, low, high, output_dtype=dtype)
        return codes, scale, zero_point, numbers

    check(quantise, randn(*shape, dtype=dtype), tolerance=0)


@given(blocks(), st.sampled_from(FLOATS), st.sampled_from([torch.int8, torch.float32]))
@settings(max_examples=3)
def test_parameters_that_are_inputs(
    shapes: tuple[list[int], list[int]], dtype: torch.dtype, zero_point_dtype: torch.dtype
) -> None:
    shape, block = shapes
    counts = [size // part for size, part in zip(shape, block, strict=True)]
    codes, zero_points = randint(-8, 8, *shape).to(torch.int8), randint(-8, 8, *counts).to(zero_point_dtype)

    def dequantise(codes: Tensor, scale: Tensor, zero_point: Tensor) -> tuple[Tensor, Tensor]:
        args = (torch.int8, -8, 7)
        return (
            OPS.dequantize_affine(codes, block, scale, zero_point, *args, output_dtype=dtype),
            OPS.dequantize_affine(codes, block, scale, None, *args, output_dtype=dtype),
        )

    check(dequantise, codes, randn(*counts).abs() + 0.1, zero_points, tolerance=0)


def test_rows_of_a_batch_that_varies() -> None:
    def rounded(x: Tensor) -> Tensor:
        scale, zero_point = OPS.choose_qparams_affine(
            x, "ASYMMETRIC", [1, 8], torch.int8, -128, 127, None, None, torch.int8
        )
        codes = OPS.quantize_affine(x, [1, 8], scale, zero_point, torch.int8, -128, 127)
        return OPS.dequantize_affine(codes, [1, 8], scale, zero_point, torch.int8, -128, 127)

    batch = torch.export.Dim("batch", max=9)
    check(rounded, randn(3, 8), dynamic=[{0: batch}], more_inputs=[[randn(9, 8)], [randn(1, 8)]], tolerance=0)
