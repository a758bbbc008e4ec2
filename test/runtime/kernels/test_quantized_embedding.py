# The executorch package has no stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
"""Rows of tables of small integers are what PyTorch finds in the dequantised table, and what stock gives."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite
from torch import Tensor

from xnnir.runtime import StatusError

from .harness import Out, run_kernel

DTYPES = [torch.float32, torch.float16, torch.bfloat16]
NAMES = {8: "embedding_byte", 4: "embedding_4bit", 2: "embedding_2bit"}


def pack(integers: Tensor, bits: int) -> Tensor:
    """Numbers in bytes as ExecuTorch has them (exir/passes/_quant_patterns_and_replacements.py)."""
    if bits == 8:
        return integers.to(torch.int8)
    shifted = (integers + 2 ** (bits - 1)).to(torch.uint8).unflatten(1, (-1, 8 // bits))
    shifts = torch.tensor([4, 0] if bits == 4 else [0, 2, 4, 6], dtype=torch.uint8)
    return (shifted << shifts).sum(-1).to(torch.uint8)


@dataclass
class Table:
    bits: int
    integers: Tensor
    scales: Tensor
    zero_points: Tensor | None
    indices: Tensor

    def arguments(self) -> list[object]:
        low = 2 ** (self.bits - 1)
        packed = pack(self.integers, self.bits)
        return [packed, self.scales, self.zero_points, -low, low - 1, self.indices]

    def rows(self) -> Tensor:
        groups = self.scales.shape[1] if self.scales.dim() == 2 else 1
        by_group = self.integers.float().unflatten(1, (groups, -1))
        scales = self.scales.float().reshape(-1, groups, 1)
        zero_points = 0 if self.zero_points is None else self.zero_points.float().reshape(-1, groups, 1)
        return torch.nn.functional.embedding(self.indices, ((by_group - zero_points) * scales).flatten(1))


@composite
def tables(draw: DrawFn) -> Table:
    bits = draw(st.sampled_from(list(NAMES)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    rows, groups, size = draw(st.integers(1, 9)), draw(st.integers(1, 4)), 4 * draw(st.integers(1, 9))
    low = 2 ** (bits - 1)
    dtype = draw(st.sampled_from(DTYPES))
    shape = [rows] if groups == 1 and draw(st.booleans()) else [rows, groups]
    indices = torch.randint(rows, draw(st.lists(st.integers(0, 4), max_size=3)), generator=generator)
    return Table(
        bits,
        torch.randint(-low, low, [rows, groups * size], generator=generator),
        torch.rand(shape, generator=generator).to(dtype),
        torch.randint(-low, low, shape, generator=generator).to(dtype) if draw(st.booleans()) else None,
        indices.to(draw(st.sampled_from([torch.int64, torch.int32]))),
    )


def look_up(table: Table, dtype: torch.dtype | None) -> Tensor:
    sizes = [*table.indices.shape, table.integers.shape[1]]
    overload = "out" if dtype is None else "dtype_out"
    arguments = table.arguments() if dtype is None else [*table.arguments(), dtype]
    out = Out(dtype or table.scales.dtype, sizes)
    (result,) = run_kernel(f"quantized_decomposed::{NAMES[table.bits]}.{overload}", *arguments, out=[out])
    return result


@settings(max_examples=80)
@given(table=tables(), dtype=st.sampled_from([None, *DTYPES]))
def test_rows_are_those_of_the_dequantized_table(table: Table, dtype: torch.dtype | None) -> None:
    assert torch.equal(look_up(table, dtype), table.rows().to(dtype or table.scales.dtype))


@settings(max_examples=20)
@given(table=tables().filter(lambda table: table.scales.dtype == torch.float32))
def test_bytes_are_read_as_stock_reads_them(table: Table) -> None:
    """Its operators in PyTorch unpack the same bytes. They compute in the dtype of the scales."""
    pytest.importorskip("executorch")
    import executorch.exir.passes._quant_patterns_and_replacements  # pyright: ignore[reportUnusedImport] # noqa: F401

    operator = getattr(torch.ops.quantized_decomposed, NAMES[table.bits])
    expected = operator.dtype(*table.arguments(), dtype=torch.float32)
    assert torch.equal(look_up(table, torch.float32), expected)


WRONG = [
    ({"indices": torch.tensor([3])}, "indices has an element 3, expected 0 to 2"),
    ({"indices": torch.tensor([-1])}, "indices has an element -1"),
    ({"indices": torch.tensor([0.5])}, "indices has dtype float32, expected int64 or int32"),
    ({"scales": torch.ones(3, 3)}, "scales has 3 groups, which do not divide 8 columns"),
    ({"scales": torch.ones(2)}, "scales is for 2 rows of 1 groups, expected 3 of 1"),
    ({"scales": torch.ones(3, 1, 1)}, "scales has rank 3, expected 1 or 2"),
    ({"zero_points": torch.ones(3, 2)}, "zero_points is for 3 rows of 2 groups, expected 3 of 1"),
    (
        {"zero_points": torch.ones(3, dtype=torch.int8)},
        "zero_points has dtype int8, expected float32 as scales has",
    ),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_wrong_arguments_are_refused(changes: dict[str, Tensor], message: str) -> None:
    table = Table(4, torch.zeros(3, 8, dtype=torch.int64), torch.ones(3), None, torch.tensor([0]))
    for name, value in changes.items():
        setattr(table, name, value)
    with pytest.raises(StatusError, match=message):
        look_up(table, table.scales.dtype)
