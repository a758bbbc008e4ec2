# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportPrivateUsage=false
"""Buffers that a model changes keep their numbers between calls, in both runtimes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import xnnir
from xnnir.dialects import rt
from xnnir.runtime import Runtime
from xnnir.testing.runtimes import assert_same, load


class Cache(nn.Module):
    """What models write to caches by: an index, a slice, one place, a copy over all."""

    cache: Tensor

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind
        self.register_buffer("cache", torch.zeros(2, 8, 4))
        self.project = nn.Linear(4, 4)

    def forward(self, x: Tensor, position: Tensor) -> Tensor:
        update = self.project(x)
        match self.kind:
            case "index":
                self.cache[:, position] = update
            case "index_copy":
                self.cache.index_copy_(1, position, update)
            case "slice":
                self.cache[:, 2:5] = update
            case "slice_at":
                start: Any = position[0].item()
                torch._check(start >= 0)
                torch._check(start + 3 <= 8)
                self.cache.narrow(1, start, 3).copy_(update)
            case "select":
                self.cache[:, 5] = update[:, 0]
            case _:
                self.cache.copy_(torch.cat([self.cache[:, 3:], update], 1))
        return self.cache.cumsum(1) * 2


class Counters(nn.Module):
    """State that begins with numbers, is swapped, and is returned."""

    a: Tensor
    b: Tensor
    steps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("a", torch.arange(3.0) + 1)
        self.register_buffer("b", torch.arange(3.0) - 7)
        self.register_buffer("steps", torch.tensor(5), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        old = self.a.clone()
        self.a.copy_(self.b + x)
        self.b.copy_(old)
        self.steps += 1
        return self.a, self.b * 2, self.steps


@pytest.mark.parametrize("kind", ["index", "index_copy", "slice", "slice_at", "select", "copy"])
def test_caches_keep_what_was_written(kind: str) -> None:
    inputs = (torch.randn(2, 3, 4), torch.tensor([1, 2, 3]))
    model = Cache(kind).eval()
    program = xnnir.to_edge_transform_and_lower(torch.export.export(model, inputs)).to_executorch()
    (method,) = [op for op in program.module.ops if isinstance(op, rt.MethodOp)]
    called = [op.operator.data for op in method.instructions() if isinstance(op, rt.KernelCallOp)]
    # What has the size of the cache is not copied where a part of it is written.
    assert ("aten::copy_" in called) == (kind == "copy")
    runtimes = load(program.buffer)
    for step in range(3):
        x, position = torch.randn(2, 3, 4), torch.arange(3) + step
        with torch.no_grad():
            expected = model(x, position)
        for execute in runtimes.values():
            assert_same(execute([x, position]), expected)


def test_state_begins_with_its_numbers_and_may_change_places() -> None:
    model = Counters().eval()
    program = xnnir.compile(model, (torch.randn(3),))
    runtimes = load(program.buffer)
    returned: list[Any] = []
    for _ in range(3):
        x = torch.randn(3)
        expected = [value.clone() for value in model(x)]
        for execute in runtimes.values():
            returned.append((execute([x]), expected))
            assert_same(*returned[-1])
    # What a call returned is not changed by those after it.
    for got, expected in returned:
        assert_same(got, expected)


def test_reset_gives_the_first_state_back() -> None:
    program = xnnir.compile(Counters().eval(), (torch.randn(3),))
    method = Runtime.get().load_program(program.buffer).load_method("forward")
    x = torch.randn(3)
    first = method.execute([x])
    second = method.execute([x])
    assert not torch.equal(first[1], second[1])
    method.reset()
    for got, expected in zip(method.execute([x]), first, strict=True):
        assert torch.equal(got, expected)


def test_methods_have_a_state_each() -> None:
    model = Counters().eval()
    exported = torch.export.export(model, (torch.randn(3),))
    program = xnnir.to_edge_transform_and_lower({"one": exported, "two": exported}).to_executorch()
    one, two = load(program.buffer, "one"), load(program.buffer, "two")
    x = torch.ones(3)
    for name in one:
        first = one[name]([x])
        one[name]([x])
        assert_same(two[name]([x]), first)


def test_a_model_may_write_to_its_inputs() -> None:
    class Model(nn.Module):
        def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            old = x.clone()
            x.mul_(2).add_(y)
            y[1:].neg_()
            return x.cumsum(0) + y, old

    inputs = (torch.randn(4), torch.randn(4))
    program = xnnir.compile(Model(), inputs)
    for execute in load(program.buffer).values():
        for _ in range(2):
            given = [value.clone() for value in inputs]
            assert_same(execute([value.clone() for value in inputs]), Model()(*given))
