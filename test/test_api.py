"""The Python API as a user meets it: export, lower, save, run, and what it says when something is wrong."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from torch import nn
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

import xnnir
from xnnir import pipelines
from xnnir.errors import XnnirError
from xnnir.runtime import Runtime
from xnnir.testing import stock


class Small(nn.Module):
    def __init__(self, channels: int = 4):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.head = nn.Linear(channels, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.norm(self.conv(x))).mean([2, 3]))


class Unsupported(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.lgamma(torch.relu(x))


def run(buffer: bytes, *inputs: torch.Tensor, method: str = "forward") -> list[torch.Tensor]:
    return Runtime.get().load_program(buffer).load_method(method).execute(list(inputs))


@pytest.fixture(scope="module")
def model() -> Small:
    torch.manual_seed(0)
    small = Small()
    small(torch.randn(16, 3, 8, 8))
    return small.eval()


@torch.no_grad()
def test_compile_and_run(model: nn.Module) -> None:
    x = torch.randn(1, 3, 8, 8)
    buffer = xnnir.compile(model, (x,)).buffer
    torch.testing.assert_close(run(buffer, x)[0], model(x))
    torch.testing.assert_close(stock.run(buffer, [x])[0], model(x))


@torch.no_grad()
def test_the_three_ways_to_get_the_file_agree(model: nn.Module, tmp_path: Path) -> None:
    program = torch.export.export(model, (torch.randn(1, 3, 8, 8),))
    manager = xnnir.to_edge_transform_and_lower(
        program, partitioner=[xnnir.XnnpackPartitioner()]
    ).to_executorch()
    stream = io.BytesIO()
    manager.write_to_file(stream)
    manager.save(tmp_path / "model.pte")
    assert manager.buffer == stream.getvalue() == (tmp_path / "model.pte").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["model.pte"]


@torch.no_grad()
def test_dynamic_batch(model: nn.Module) -> None:
    batch = torch.export.Dim("batch", min=1, max=6)
    program = xnnir.compile(model, (torch.randn(2, 3, 8, 8),), dynamic_shapes=({0: batch},))
    method = Runtime.get().load_program(program.buffer).load_method("forward")
    for size in (1, 6, 3):
        x = torch.randn(size, 3, 8, 8)
        torch.testing.assert_close(method.execute([x])[0], model(x))
        torch.testing.assert_close(stock.run(program.buffer, [x])[0], model(x))
    with pytest.raises(RuntimeError, match="7"):
        method.execute([torch.randn(7, 3, 8, 8)])


@torch.no_grad()
def test_several_methods_share_weights() -> None:
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)).eval()
    one = torch.export.export(model, (torch.randn(1, 64),))
    two = torch.export.export(model, (torch.randn(2, 64),))
    both = xnnir.to_edge_transform_and_lower({"one": one, "two": two}).to_executorch().buffer
    alone = xnnir.to_edge_transform_and_lower({"one": one}).to_executorch().buffer
    for method, size in (("one", 1), ("two", 2)):
        x = torch.randn(size, 64)
        torch.testing.assert_close(run(both, x, method=method)[0], model(x))
    weights = sum(tensor.numel() * 4 for tensor in model.parameters())
    assert len(both) < 2 * len(alone) - weights / 2


@torch.no_grad()
def test_per_op_mode(model: nn.Module) -> None:
    x = torch.randn(1, 3, 8, 8)
    whole = xnnir.compile(model, (x,)).buffer
    parts = xnnir.compile(model, (x,), partitioner=[xnnir.XnnpackPartitioner(per_op_mode=True)]).buffer
    # The convolution with norm and activation, the mean, the classifier.
    assert len(stock.delegates(whole)) == 1
    assert len(stock.delegates(parts)) == 3
    torch.testing.assert_close(run(parts, x)[0], run(whole, x)[0])


def test_what_no_one_can_run_is_refused_with_its_place() -> None:
    with pytest.raises(XnnirError) as raised:
        xnnir.compile(Unsupported().eval(), (torch.randn(2, 3),))
    message = str(raised.value)
    assert "aten.lgamma" in message
    assert "test_api.py" in message


def test_unknown_arguments_are_errors() -> None:
    with pytest.raises(TypeError, match="per_op"):
        xnnir.XnnpackPartitioner(per_op=True)  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(ValueError, match="executorch, xnnir"):
        xnnir.XnnpackPartitioner(target="stock")  # pyright: ignore[reportArgumentType]
    with pytest.raises(AttributeError, match="no attribute 'lower'"):
        xnnir.lower  # noqa: B018  # pyright: ignore


def test_verbose_says_what_was_delegated(model: nn.Module, capsys: pytest.CaptureFixture[str]) -> None:
    program = torch.export.export(model, (torch.randn(1, 3, 8, 8),))
    xnnir.to_edge_transform_and_lower(program, partitioner=[xnnir.XnnpackPartitioner(verbose=True)])
    assert "forward_delegate_0" in capsys.readouterr().err


def test_people_compose_pipelines_of_their_own(model: nn.Module) -> None:
    seen: list[int] = []

    class CountOps(ModulePass):
        name = "count-ops"

        def apply(self, ctx: Context, op: ModuleOp) -> None:
            seen.append(sum(1 for _ in op.walk()))

    from xnnir.context import make_context
    from xnnir.emit import write_program
    from xnnir.frontend import import_exported_program

    x = torch.randn(1, 3, 8, 8)
    context = make_context()
    module = ModuleOp([import_exported_program(torch.export.export(model, (x,)), context)])
    passes = [
        *pipelines.aten_to_xnn(),
        CountOps(),
        *pipelines.xnn_to_graphs(),
        CountOps(),
        *pipelines.xnn_to_rt(),
    ]
    pipelines.run(passes, context, module)
    assert len(seen) == 2
    with torch.no_grad():
        torch.testing.assert_close(run(write_program(module, context).buffer, x)[0], model(x))


@torch.no_grad()
def test_transform_passes_run_before_all_others(model: nn.Module) -> None:
    names: list[str] = []

    class SeeAten(ModulePass):
        name = "see-aten"

        def apply(self, ctx: Context, op: ModuleOp) -> None:
            names.extend(inner.name for inner in op.walk())

    program = torch.export.export(model, (torch.randn(1, 3, 8, 8),))
    xnnir.to_edge_transform_and_lower(program, transform_passes=[SeeAten()])
    assert "aten.batch_norm" in names


@pytest.mark.parametrize("channels_last", [False, True])
@torch.no_grad()
def test_memory_format_of_inputs_is_kept(model: Small, channels_last: bool) -> None:
    x = torch.randn(1, 3, 8, 9)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    buffer = xnnir.compile(nn.Sequential(model.conv, nn.ReLU()).eval(), (x,)).buffer
    expected = torch.relu(model.conv(x))
    for got in (run(buffer, x)[0], stock.run(buffer, [x])[0]):
        torch.testing.assert_close(got, expected)
        assert got.is_contiguous(memory_format=torch.channels_last) == channels_last
