"""The report of what was not delegated: places and reasons are the model's, flops are those that PyTorch counts."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import xnnir
import xnnir.runtime
from xnnir.report import Report
from xnnir.tools.xnnir import cli


class Block(nn.Module):
    """A running sum between things that XNNPACK has."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).cumsum(1)  # the line of the running sum


class Model(nn.Module):
    """Blocks in a loop, a function that nothing computes, and doubles."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block() for _ in range(3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = x
        for block in self.blocks:
            y = block(y)
        return torch.histc(torch.tanh(y), 4), x.double() * 2  # the line of the rest


def _explained(model: nn.Module, *inputs: Tensor) -> Report:
    program = torch.export.export(model.eval(), inputs)
    return xnnir.to_edge_transform_and_lower(program).explain()


def _line(of: type[nn.Module], comment: str) -> int:
    lines, first = inspect.getsourcelines(of)
    return first + next(index for index, line in enumerate(lines) if comment in line)


@pytest.fixture(scope="module")
def explained() -> Report:
    return _explained(Model(), torch.randn(4, 8))


def test_every_op_outside_has_its_place_and_its_reason(explained: Report) -> None:
    found = [(op.op, op.line, op.module) for op in explained.not_delegated]
    line = _line(Block, "# the line of the running sum")
    assert [entry for entry in found if entry[0] == "aten.cumsum"] == [
        ("aten.cumsum", line, f"blocks.{index}") for index in range(3)
    ]
    rest = _line(Model, "# the line of the rest")
    assert ("aten.histc", rest, "") in found
    assert all(
        op.file.endswith("test_report.py") and op.method == "forward" for op in explained.not_delegated
    )
    assert all(op.reason for op in explained.not_delegated)
    doubles = [op for op in explained.not_delegated if "f64" in op.reason]
    assert doubles and all("model.float()" in op.next_step for op in doubles)
    assert {op.op: op.runs_on for op in explained.not_delegated}["aten.histc"] == "nothing"
    assert {op.op: op.runs_on for op in explained.not_delegated}["aten.cumsum"] == "host"


def test_delegates_have_their_ops_and_weights(explained: Report) -> None:
    # Three linear layers, the last tanh with none.
    sizes = [delegate.weight_bytes for delegate in explained.delegates]
    assert sorted(sizes) == [0, 288, 288, 288]
    ops = [(op.op, op.module) for delegate in explained.delegates for op in delegate.ops]
    assert [op for op in ops if op[0] == "xnn.fully_connected"] == [
        ("xnn.fully_connected", f"blocks.{index}.linear") for index in range(3)
    ]
    assert {delegate.backend for delegate in explained.delegates} == {"XnnpackBackend"}


def test_shares_add_up(explained: Report) -> None:
    shares = [op.share for op in explained.not_delegated]
    assert sum(shares) + explained.delegated_share == pytest.approx(1)
    assert all(0 <= share < 1 for share in shares)
    nothing = _explained(nn.ReLU(), torch.randn(3))
    assert nothing.delegated_share == pytest.approx(1) and "every op is delegated" in str(nothing)


def test_text_and_json_say_the_same(explained: Report) -> None:
    data = json.loads(explained.to_json())
    assert data == json.loads(json.dumps(explained.to_dict()))
    assert len(data["not_delegated"]) == len(explained.not_delegated)
    text = str(explained)
    for op in explained.not_delegated:
        assert op.op in text
    # Ops that are alike but for their place in a loop's modules have a row each, those of one place share one.
    assert text.count("aten.cumsum") >= 3


class Products(nn.Module):
    """What PyTorch's own counter of flops counts."""

    def __init__(self, channels: int, groups: int, kernel: int, stride: int) -> None:
        super().__init__()
        c, self.stride, self.groups = channels * groups, stride, groups
        self.conv = nn.Conv2d(c, 2 * c, kernel, stride, 1, groups=groups)
        self.transposed = nn.ConvTranspose2d(2 * c, c, kernel, stride, groups=groups)
        self.linear = nn.Linear(c, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.transposed(self.conv(x)).permute(0, 2, 3, 1).flatten(1, 2)
        scores = torch.bmm(y, y.transpose(1, 2))
        return torch.bmm(scores, self.linear(y))


@given(
    channels=st.integers(1, 4),
    groups=st.integers(1, 2),
    kernel=st.integers(2, 3),
    stride=st.integers(1, 2),
    batch=st.integers(1, 2),
)
@settings(max_examples=8, deadline=None)
def test_flops_are_those_that_pytorch_counts(
    channels: int, groups: int, kernel: int, stride: int, batch: int
) -> None:
    model, x = Products(channels, groups, kernel, stride).eval(), torch.randn(batch, channels * groups, 6, 6)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(x)
    program = torch.export.export(model, (x,))
    products = ("convolution", "fully_connected", "matrix_multiply", "bmm", "linear")
    delegated = xnnir.to_edge_transform_and_lower(program).explain()
    assert not delegated.not_delegated
    ops: list[Any] = [op for delegate in delegated.delegates for op in delegate.ops]
    expected = counter.get_total_flops()
    assert sum(op.flops for op in ops if any(name in op.op for name in products)) == expected
    # As exported, no op being delegated, it is the same number.
    none = xnnir.to_edge_transform_and_lower(
        program, partitioner=xnnir.XnnpackPartitioner(configs=[xnnir.partition.config.AbsConfig])
    ).explain()
    assert not none.delegates
    assert (
        sum(op.flops for op in none.not_delegated if any(n in op.op for n in (*products, "conv"))) == expected
    )


def test_attention_is_counted_as_its_two_products() -> None:
    class Attention(nn.Module):
        def forward(self, q: Tensor, k: Tensor) -> Tensor:
            return F.scaled_dot_product_attention(q, k, k)

    q, k = torch.randn(2, 3, 5, 8), torch.randn(2, 3, 7, 8)
    counter = FlopCounterMode(display=False)
    with counter:
        _ = (q @ k.mT).softmax(-1) @ k
    ops = [op for delegate in _explained(Attention(), q, k).delegates for op in delegate.ops]
    assert sum(op.flops for op in ops if "matrix" in op.op) == counter.get_total_flops()


def test_recurrent_layers_are_counted_by_their_weights() -> None:
    model = nn.LSTM(4, 5, num_layers=2, bidirectional=True)
    edge = xnnir.to_edge(torch.export.export(model.eval(), (torch.randn(3, 2, 4),)))
    flops = [op.flops for op in edge.explain().not_delegated if "lstm" in op.op]
    weights = sum(weight.numel() for weight in model.parameters() if weight.dim() == 2)
    assert flops == [2 * 3 * 2 * weights]


class Coded(nn.Module):
    """A softmax of rows that are quantised while the model runs, and those rows themselves."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        ops: Any = torch.ops.quantized_decomposed

        def rounded(x: Tensor) -> Tensor:
            scale, zero_point = ops.choose_qparams.tensor(x, -128, 127, 1e-5, torch.int8)
            codes = ops.quantize_per_tensor.tensor(x, scale, zero_point, -128, 127, torch.int8)
            return ops.dequantize_per_tensor.tensor(codes, scale, zero_point, -128, 127, torch.int8)

        return torch.softmax(rounded(x + 1), -1), rounded(x)


def test_what_is_not_computed_in_integers_is_said() -> None:
    import torch.ao.quantization.fx._decomposed  # pyright: ignore

    x = torch.randn(2, 8)
    lowered = xnnir.to_edge_transform_and_lower(torch.export.export(Coded(), (x,)))
    report = lowered.explain()
    (said,) = report.in_floats
    assert said.op == "xnn.softmax" and "in linear layers and convolutions" in said.in_floats
    assert "In floats, though the model quantises" in str(report)
    # What only the caller reads is what PyTorch has.
    assert {op.op for op in report.not_delegated} >= {"qdq.choose_qparams.tensor"}
    buffer = lowered.to_executorch().buffer
    _, rows = xnnir.runtime.Runtime.get().load_program(buffer).load_method("forward").execute([x])
    assert torch.equal(rows, Coded()(x)[1])


def test_the_command_explains_models_and_files(tmp_path: Any) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner(env={"COLUMNS": "200"}, catch_exceptions=False).invoke(cli, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    model = nn.Sequential(nn.Linear(4, 4), Block8(), nn.Sigmoid())
    program = torch.export.export(model.eval(), (torch.randn(2, 4),))
    saved = str(tmp_path / "model.pt2")
    torch.export.save(program, saved)
    explained = xnnir.to_edge_transform_and_lower(program).explain()
    data = json.loads(run("explain", saved, "--json"))
    assert (
        [op["op"] for op in data["not_delegated"]]
        == [op.op for op in explained.not_delegated]
        == ["aten.cumsum"]
    )
    assert "aten.cumsum" in run("explain", saved)
    chosen = json.loads(run("explain", saved, "--json", "--configs", "SigmoidConfig,AbsConfig"))
    assert [[op["op"] for op in delegate["ops"]] for delegate in chosen["delegates"]] == [["xnn.sigmoid"]]
    none = json.loads(run("explain", saved, "--json", "--config-precisions", "static_quant,dynamic-quant"))
    assert none["delegates"] == [] and none["delegated_share"] == 0
    file = str(tmp_path / "model.pte")
    xnnir.to_edge_transform_and_lower(program).to_executorch().save(file)
    of_file = json.loads(run("explain", file, "--json"))
    assert [op["op"] for op in of_file["not_delegated"]] == ["aten::cumsum.out"]
    names = [[op["op"] for op in delegate["ops"]] for delegate in of_file["delegates"]]
    assert names == [[op.op for op in delegate.ops] for delegate in explained.delegates]
    weights = [delegate["weight_bytes"] for delegate in of_file["delegates"]]
    assert weights == [delegate.weight_bytes for delegate in explained.delegates] == [80, 0]


class Block8(nn.Module):
    """A running sum."""

    def forward(self, x: Tensor) -> Tensor:
        return x.cumsum(1)


def test_the_command_names_wrong_options(tmp_path: Any) -> None:
    for arguments, message in (
        (["--configs", "LinerConfig"], "did you mean LinearConfig?"),
        (["--config-precisions", "fp64"], "one or several of fp32"),
        (["--configs", ","], "one or several of AbsConfig"),
    ):
        result = CliRunner().invoke(cli, ["explain", str(tmp_path / "model.pt2"), *arguments])
        assert result.exit_code == 2 and message in result.output
