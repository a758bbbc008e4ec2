# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
"""Branches and loops give what eager PyTorch gives, call after call, in both runtimes and before they are lowered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._higher_order_ops import map as _map
from torch._higher_order_ops import scan, while_loop
from torch.export import Dim

import xnnir
from xnnir.testing.runtimes import assert_same, load

map_over: Any = _map
"""Its annotations take no tensors after the function."""


class Branch(nn.Module):
    """Branches with weights of their own, one in the other; a branch that returns what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 3, 3, padding=1)
        self.linear = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        def inner(x: Tensor) -> tuple[Tensor, Tensor]:
            return torch.cond(
                x.amax() > 1, lambda x: (x.clone(), x * 2), lambda x: (self.linear(x), x - 1), (x,)
            )

        def other(x: Tensor) -> tuple[Tensor, Tensor]:
            return self.conv(x).relu_(), x.cumsum(-1)

        y, z = torch.cond(x.sum() > 0, inner, other, (x,))
        return y + 1, y.flatten() @ z.flatten()


class Count(nn.Module):
    """A loop whose number of rounds depends on data; what it carries changes places."""

    def forward(self, x: Tensor, limit: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        def goes_on(i: Tensor, a: Tensor, b: Tensor) -> Tensor:
            return i < limit

        def body(i: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return i + 1, b * 1.5, (a + i).clone()

        return while_loop(goes_on, body, (torch.zeros((), dtype=torch.int64), x, x * 2))


class Swap(nn.Module):
    """A loop that does nothing but exchange what it carries."""

    def forward(self, x: Tensor, limit: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return while_loop(
            lambda i, a, b: i < limit,
            lambda i, a, b: (i + 1, b.clone(), a.clone()),
            (limit * 0, x, x.flip(0)),
        )


class MapRows(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)

    def forward(self, xs: Tensor, y: Tensor) -> Tensor:
        return map_over(lambda x, y: torch.softmax(self.linear(x) + y, -1), xs, y)


class Recurrence(nn.Module):
    """A hand-made GRU cell, by `scan`."""

    def __init__(self) -> None:
        super().__init__()
        self.gates = nn.Linear(7, 8)
        self.new = nn.Linear(7, 4)

    def forward(self, state: Tensor, xs: Tensor) -> tuple[Tensor, Tensor]:
        def step(h: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
            r, z = torch.sigmoid(self.gates(torch.cat([h, x], -1))).chunk(2, -1)
            n = torch.tanh(self.new(torch.cat([r * h, x], -1)))
            h = (1 - z) * n + z * h
            return h.clone(), h.clone()

        return scan(step, state, xs)


def _check(model: nn.Module, batches: Sequence[tuple[Any, ...]], dynamic_shapes: Any = None) -> None:
    exported = torch.export.export(model.eval(), batches[0], dynamic_shapes=dynamic_shapes)
    runtimes = load(xnnir.to_edge_transform_and_lower(exported).to_executorch().buffer)
    for inputs in batches:
        with torch.no_grad():
            expected = model(*inputs)
        for execute in runtimes.values():
            assert_same(execute(inputs), expected)


def test_branches() -> None:
    x = torch.rand(2, 3, 5)
    _check(Branch(), [(x,), (x - 2,), (x + 2,), (x - 1.5,), (x,)])


@pytest.mark.parametrize("model", [Count(), Swap()], ids=["count", "swap"])
def test_while_loops(model: nn.Module) -> None:
    _check(model, [(torch.randn(3), torch.tensor(rounds)) for rounds in (3, 0, 1, 6, 3)])


def test_while_loops_over_tensors_of_any_size() -> None:
    batches = [(torch.randn(size), torch.tensor(4)) for size in (3, 8, 1, 5)]
    _check(Count(), batches, ({0: Dim("n", min=1, max=8)}, None))


def test_map() -> None:
    _check(MapRows(), [(torch.randn(3, 5, 4), torch.randn(2)) for _ in range(3)])


def test_scan_over_sequences_of_any_length() -> None:
    batches = [(torch.randn(2, 4), torch.randn(length, 2, 3)) for length in (5, 2, 9, 5)]
    _check(Recurrence(), batches[:1])
    _check(Recurrence(), batches, (None, {0: Dim("time", min=2, max=9)}))
