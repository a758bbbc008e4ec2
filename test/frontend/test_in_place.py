# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
"""In-place operators and views: the functional program computes what eager torch does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

SHAPE = (4, 6)

VIEWS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "view": lambda t: t.view(-1),
    "reshape": lambda t: t.reshape(t.numel()),
    "flatten": lambda t: t.flatten(),
    "transpose": lambda t: t.transpose(0, -1),
    "slice": lambda t: t[1:],
    "step": lambda t: t[..., ::2],
    "select": lambda t: t[0],
    "unsqueeze": lambda t: t.unsqueeze(0),
    "permute": lambda t: t.permute(*reversed(range(t.dim()))),
    "detach": lambda t: t.detach(),
    "to": lambda t: t.to("cpu", torch.float32),
    "dropout": lambda t: nn.functional.dropout(t, 0.5, training=False),
}
WRITES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu_": lambda t: t.relu_(),
    "add_": lambda t: t.add_(1.5),
    "mul_": lambda t: t.mul_(t),
    "copy_": lambda t: t.copy_(torch.ones(1)),
    "fill_": lambda t: t.fill_(0.25),
    "hardtanh_": lambda t: nn.functional.hardtanh_(t, -0.5, 0.5),
    "zero_": lambda t: t.zero_(),
    "clamp_": lambda t: t.clamp_(min=0.1),
}


class Steps(nn.Module):
    """Each step takes an earlier tensor and makes a view of it, writes to it, or computes a new one."""

    def __init__(self, steps: list[tuple[int, str]]):
        super().__init__()
        self.steps = steps

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        tensors = [x * 2.0]
        for index, action in self.steps:
            tensor = tensors[index % len(tensors)]
            made = VIEWS[action](tensor) if action in VIEWS else WRITES[action](tensor)
            tensors.append(made)
        return [tensor + 0.0 for tensor in tensors]


steps = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from([*VIEWS, *WRITES, *WRITES])), min_size=1, max_size=6
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=steps)
def test_writes_and_views_give_what_eager_gives(run_imported: Any, steps: list[tuple[int, str]]) -> None:
    model = Steps(steps)
    x = torch.randn(SHAPE, generator=torch.Generator().manual_seed(len(steps)))
    try:
        expected = model(x.clone())
    except RuntimeError:  # a view that torch cannot take of this memory
        return
    outputs, assigned = run_imported(torch.export.export(model, (x,)), [x])
    assert not assigned
    for ours, theirs in zip(outputs, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


class Cache(nn.Module):
    """Writes to a buffer, through a view or not, and reads it afterwards."""

    def __init__(self, through_view: bool):
        super().__init__()
        self.through_view = through_view
        self.cache: torch.Tensor
        self.register_buffer("cache", torch.arange(6.0).view(2, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.through_view:
            self.cache[:, 1] = x
        else:
            self.cache.mul_(x.sum())
        return self.cache * 2


@pytest.mark.parametrize("through_view", [False, True])
def test_a_written_buffer_is_assigned(run_imported: Any, through_view: bool) -> None:
    model, x = Cache(through_view), torch.tensor([5.0, 7.0])
    program = torch.export.export(model, (x,))
    for form in (program, program.run_decompositions({})):
        outputs, assigned = run_imported(form, [x])
        reference = Cache(through_view)
        torch.testing.assert_close(outputs[0], reference(x))
        torch.testing.assert_close(assigned["cache"], reference.cache)


def test_a_written_input_is_assigned(run_imported: Any) -> None:
    class WritesInput(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x.add_(1)
            return x.sum()

    x = torch.zeros(3)
    outputs, assigned = run_imported(torch.export.export(WritesInput(), (x.clone(),)), [x])
    assert outputs[0] == 3
    assert assigned["x"].tolist() == [1, 1, 1]


def test_a_tensor_keeps_its_element_type(run_imported: Any) -> None:
    class Mixed(nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return x.clone().add_(y)

    x, y = torch.randn(8).half(), torch.randn(8)
    outputs, _ = run_imported(torch.export.export(Mixed(), (x, y)), [x, y])
    assert outputs[0].dtype == torch.float16
    torch.testing.assert_close(outputs[0], Mixed()(x, y), rtol=0, atol=0)


def test_what_cannot_be_put_together_again_torch_makes_functional(run_imported: Any) -> None:
    class Expands(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = x * 2
            y.unfold(0, 2, 2).zero_()
            return y

    x = torch.randn(4)
    outputs, _ = run_imported(torch.export.export(Expands(), (x,)), [x])
    torch.testing.assert_close(outputs[0], Expands()(x))
