"""Embeddings that torchao or PT2E quantised are looked up as they are in PyTorch, from integers in the file."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from graphs import quantized
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torchao.quantization import IntxWeightOnlyConfig, MappingType, PerAxis, PerGroup, quantize_
from torchao.quantization.pt2e.quantizer.embedding_quantizer import EmbeddingQuantizer
from torchao.utils import unwrap_tensor_subclass

import xnnir
from xnnir.runtime import Runtime
from xnnir.testing import stock


class Lookup(nn.Module):
    """Rows of a table, and sums of them."""

    def __init__(self, rows: int, columns: int, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(rows, columns, dtype=dtype)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        rows = self.embedding(tokens)
        return rows, rows.sum(1)


def torchao_table(
    bits: int, rows: int, columns: int, group: int, dtype: torch.dtype, is_symmetric: bool, scales: Any = None
) -> Lookup:
    """A table whose rows, or groups of `group` columns in them, torchao quantised."""
    torch.manual_seed(bits + rows + columns)
    model = Lookup(rows, columns, dtype).eval()
    config = IntxWeightOnlyConfig(
        weight_dtype=getattr(torch, f"int{bits}"),
        granularity=PerAxis(0) if group == columns else PerGroup(group),
        mapping_type=MappingType.SYMMETRIC if is_symmetric else MappingType.ASYMMETRIC,
        scale_dtype=scales,
    )
    quantize_(model, config, lambda module, _: isinstance(module, nn.Embedding))
    return unwrap_tensor_subclass(model)


def lowered(model: Any, tokens: Tensor) -> tuple[bytes, tuple[Tensor, Tensor]]:
    """A file, and what PyTorch computes."""
    program = xnnir.to_edge_transform_and_lower(torch.export.export(model, (tokens,)))
    return program.to_executorch().buffer, model(tokens)


def run(file: bytes, tokens: Tensor) -> tuple[Any, ...]:
    return tuple(Runtime.get().load_program(file).load_method("forward").execute([tokens]))


@settings(max_examples=12, deadline=None)
@given(
    bits=st.integers(1, 8),
    rows=st.integers(2, 9),
    groups=st.integers(1, 3),
    group=st.integers(2, 12),
    dtype=st.sampled_from([torch.float32, torch.float16, torch.bfloat16]),
    is_symmetric=st.booleans(),
)
def test_rows_are_those_of_pytorch(
    bits: int, rows: int, groups: int, group: int, dtype: torch.dtype, is_symmetric: bool
) -> None:
    model = torchao_table(bits, rows, group * groups, group, dtype, is_symmetric)
    tokens = torch.randint(rows, (2, 5))
    file, expected = lowered(model, tokens)
    assert b"quantized_decomposed::embedding_" in file
    found = run(file, tokens)
    assert torch.equal(found[0], expected[0])
    torch.testing.assert_close(found[1], expected[1], rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(("bits", "operator"), [(2, "2bit"), (4, "4bit"), (8, "byte")])
def test_a_table_takes_the_bits_that_it_has(bits: int, operator: str) -> None:
    rows, columns = 64, 256
    model = torchao_table(bits, rows, columns, 32, torch.float32, True)
    tokens = torch.randint(rows, (1, 7))
    file, expected = lowered(model, tokens)
    assert f"quantized_decomposed::embedding_{operator}".encode() in file
    table, scales = rows * columns * bits // 8, rows * columns // 32 * 4
    assert table + scales < len(file) < table + scales + 4096
    assert torch.equal(run(file, tokens)[0], expected[0])
    pytest.importorskip("executorch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert torch.equal(stock.run(file, [tokens])[0], expected[0])


def test_scales_of_another_type_than_the_rows() -> None:
    model = torchao_table(4, 8, 64, 32, torch.float32, False, torch.bfloat16)
    tokens = torch.tensor([[7, 0, 3]])
    file, expected = lowered(model, tokens)
    assert torch.equal(run(file, tokens)[0], expected[0])


def test_what_pt2e_quantised() -> None:
    torch.manual_seed(0)
    tokens = torch.randint(16, (2, 3))
    graph = quantized(Lookup(16, 10), tokens, quantizer=EmbeddingQuantizer())
    file, expected = lowered(graph, tokens)
    assert b"quantized_decomposed::embedding_byte" in file
    assert torch.equal(run(file, tokens)[0], expected[0])


def test_a_table_that_no_kernel_reads_is_one_of_floats_and_the_report_says_why() -> None:
    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("codes", torch.tensor([[-300, 7], [2, 8]], dtype=torch.int16))

        def forward(self, tokens: Tensor) -> Tensor:
            table = torch.ops.quantized_decomposed.dequantize_per_tensor(
                self.codes, 0.5, 0, -32768, 32767, torch.int16
            )
            return nn.functional.embedding(tokens, table)

    tokens = torch.tensor([1, 0])
    program = xnnir.to_edge_transform_and_lower(torch.export.export(Wide(), (tokens,)))
    (found,) = program.explain().in_floats
    assert found.op == "aten.embedding"
    assert found.in_floats == "kernels read tables of 8 bits at most, got integers of -300 to 8"
    assert found.in_floats[:30] in str(program.explain())
    file = program.to_executorch().buffer
    assert torch.equal(run(file, tokens)[0], torch.tensor([[1.0, 4.0], [-150.0, 3.5]]))


def test_a_table_that_a_linear_layer_shares_is_coded_for_both() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(32, 64)

        def forward(self, tokens: Tensor) -> Tensor:
            return nn.functional.linear(self.embedding(tokens), self.embedding.weight)

    torch.manual_seed(0)
    model = Tied().eval()
    config = IntxWeightOnlyConfig(weight_dtype=torch.int8, granularity=PerAxis(0))
    quantize_(model, config, lambda module, _: isinstance(module, nn.Embedding))
    model = unwrap_tensor_subclass(model)
    tokens = torch.randint(32, (1, 4))
    program = xnnir.to_edge_transform_and_lower(torch.export.export(model, (tokens,)))
    file = program.to_executorch().buffer
    assert b"quantized_decomposed::embedding_byte" in file
    assert len(file) < 32 * 64 + 6000  # the table once: both read the same bytes
    torch.testing.assert_close(run(file, tokens)[0], model(tokens), rtol=1e-4, atol=1e-4)
