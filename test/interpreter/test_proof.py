# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Numeric proof of a lowering: silent for the passes as they are, and exact about one that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import nn
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import FloatAttr, ModuleOp, f32
from xdsl.passes import ModulePass

import xnnir
from xnnir import pipelines
from xnnir.dialects import rt, xnn
from xnnir.errors import XnnirError
from xnnir.interpreter.proof import NumericProof, random_inputs
from xnnir.testing import zoo


class Net(nn.Module):
    """Something for each level: a norm to fold, attention, a host op, a state."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.linear = nn.Linear(8, 8)
        self.total: torch.Tensor
        self.register_buffer("total", torch.zeros(1, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = torch.relu(self.norm(self.conv(x))).flatten(2).transpose(1, 2)
        attended = nn.functional.scaled_dot_product_attention(features, features, self.linear(features))
        running = attended.mean(1).cumsum(1)
        self.total.add_(running)
        return running * self.total


def settled() -> Net:
    torch.manual_seed(0)
    net = Net()
    net.norm.running_mean = torch.randn(8)
    net.norm.running_var = torch.rand(8) + 0.5
    return net.eval()


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("per_op_mode", [False, True])
def test_our_passes_keep_the_numbers(channels_last: bool, per_op_mode: bool) -> None:
    x = torch.randn(1, 3, 5, 6)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    partitioner = xnnir.XnnpackPartitioner(per_op_mode=per_op_mode)
    seen: list[str] = []

    def watch(previous: ModulePass | None, module: ModuleOp, current: ModulePass | None) -> None:
        if previous is not None:
            seen.append(previous.name)

    xnnir.compile(settled(), (x,), partitioner=partitioner, verify_numerics=True, observer=watch)
    assert {"aten-fold-batch-norm", "convert-aten-to-xnn", "lower-to-rt", "plan-memory"} <= set(seen)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["mobilenet_v3", "convnext", "swin", "bert", "llama_prefill", "lstm", "detr"]
)
def test_models_of_the_zoo(name: str) -> None:
    model = zoo.load(name)
    with zoo.quiet():
        xnnir.compile(model.fresh(), model.example_inputs, verify_numerics=True)


@dataclass(frozen=True)
class ForgetsABias(ModulePass):
    """Removes the bias of every fully connected node."""

    name = "forgets-a-bias"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for node in list(op.walk()):
            if isinstance(node, xnn.FullyConnectedOp) and node.bias is not None:
                new = xnn.FullyConnectedOp(node.input, node.filter, None, node.output.type)
                new.location = node.location
                assert node.parent is not None
                node.parent.insert_op_before(new, node)
                node.output.replace_all_uses_with(new.output)
                node.detach()
                node.erase()


@dataclass(frozen=True)
class Doubles(ModulePass):
    """Doubles the upper bounds of clamps, and says so."""

    name = "doubles"

    max_relative_error: ClassVar[float] = 10.0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for node in op.walk():
            if isinstance(node, xnn.ClampOp) and node.output_max is not None:
                node.properties["output_max"] = FloatAttr(2 * node.output_max.value.data, f32)


def run_with(broken: ModulePass, after: str, model: nn.Module, x: torch.Tensor) -> None:
    program = torch.export.export(model.eval(), (x,))
    edge = xnnir.to_edge(program)
    passes = pipelines.delegation()
    names = [one.name for one in passes]
    place = len(names) - names[::-1].index(after)
    passes.insert(place, broken)
    pipelines.run(passes, edge.context, edge.module, NumericProof(edge.context, {"forward": [x]}))


class TwoLinears(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4, bias=False)
        self.second = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.second(torch.tanh(self.first(x))))


def test_names_the_pass_and_the_op_that_are_wrong() -> None:
    with pytest.raises(XnnirError) as caught:
        run_with(ForgetsABias(), "convert-aten-to-xnn", TwoLinears(), torch.randn(2, 4))
    message = str(caught.value)
    assert "pass forgets-a-bias changes output 0 of @forward" in message
    assert "declares at most 0.0e+00" in message
    lines = Path(__file__).read_text().splitlines()
    line = 1 + next(index for index, text in enumerate(lines) if "torch.relu(self.second" in text)
    assert "the first op that differs is xnn.fully_connected" in message
    assert f'test_proof.py:{line} "second"' in message


def test_lets_through_what_a_pass_declares() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU6())
    run_with(Doubles(), "convert-aten-to-xnn", model, 20 * torch.randn(8, 4))


def test_sees_tensors_that_overlap_in_an_arena() -> None:
    @dataclass(frozen=True)
    class Overlaps(ModulePass):
        name = "overlaps"

        def apply(self, ctx: Context, op: ModuleOp) -> None:
            for slot in op.walk():
                if isinstance(slot, rt.TensorOp) and slot.arena is not None:
                    slot.place(1, 0)

    class Host(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.cumsum(0) + x.cumsum(1) * x.cumsum(0)

    x = torch.randn(2, 4)
    edge = xnnir.to_edge_transform_and_lower(torch.export.export(Host(), (x,)))
    proof = NumericProof(edge.context, {"forward": [x]})
    with pytest.raises(XnnirError, match="pass overlaps changes output 0 of @forward"):
        pipelines.run([*pipelines.xnn_to_rt(), Overlaps()], edge.context, edge.module, proof)


def test_random_inputs_have_the_sizes_of_the_arguments() -> None:
    class Sum(nn.Module):
        def forward(self, ids: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            return ids[:, None] * x

    length = torch.export.Dim("length", min=2, max=40)
    program = torch.export.export(
        Sum(), (torch.arange(3), torch.randn(3, 4)), dynamic_shapes=({0: length}, {0: length})
    )
    function = next(op for op in xnnir.to_edge(program).module.ops if isinstance(op, func.FuncOp))
    ids, x = random_inputs(function)
    assert ids.dtype == torch.int64 and x.dtype == torch.float32
    assert ids.shape == (16,) and x.shape == (16, 4)
