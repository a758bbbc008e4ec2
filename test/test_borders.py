"""What crosses the border of a model besides the floats that it computes: numbers, None, weights, its inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree  # pyright: ignore[reportPrivateUsage]

import xnnir
from xnnir.errors import InternalError, XnnirError
from xnnir.runtime import Runtime, StatusError
from xnnir.testing import stock


class Function(nn.Module):
    """A model that calls `function` with itself and its inputs, and has a parameter and a buffer."""

    counter: Tensor

    def __init__(self, function: Callable[..., Any]):
        super().__init__()
        self.function = function
        self.weight = nn.Parameter(torch.randn(3))
        self.register_buffer("counter", torch.zeros(3))

    def forward(self, x: Tensor, y: Any = None) -> Any:
        return self.function(self, x) if y is None else self.function(self, x, y)


def _equal(got: list[Any], expected: list[Any]) -> None:
    assert len(got) == len(expected)
    for mine, theirs in zip(got, expected, strict=True):
        if isinstance(theirs, Tensor):
            torch.testing.assert_close(torch.as_tensor(mine), theirs)
        else:
            assert mine == theirs and type(mine) is type(theirs)


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "the input": (lambda _, x: x, ()),
    "the input twice": (lambda _, x: (x, x + 1, x), ()),
    "one result twice": (lambda _, x: (x.relu(),) * 2, ()),
    "a parameter": (lambda m, x: (x + m.weight, m.weight), ()),
    "a buffer": (lambda m, x: (m.counter, x + m.counter), ()),
    "a constant": (lambda _, x: (torch.ones(2), x + 1), ()),
    "nothing": (lambda _, x: None, ()),
    "numbers and None": (lambda _, x: (None, 3, x * 2, 1.5, True), ()),
    "nested": (lambda _, x: {"b": [x * 2], "a": (x + 1, None)}, ()),
    "an int input": (lambda _, x, n: x * n, (3,)),
    "a float input": (lambda _, x, f: x * f, (2.5,)),
    "a bool input": (lambda _, x, b: x * 2 if b else x, (True,)),
    "an unused input": (lambda _, x, y: x.relu(), (torch.randn(2),)),
    "int64 beside floats": (lambda _, x, i: (i, x.relu()), (torch.arange(4),)),
    "a tensor of rank 0": (lambda _, x, s: x * s, (torch.tensor(2.0),)),
}


@pytest.mark.parametrize("name", CASES)
@torch.no_grad()
def test_border(name: str) -> None:
    function, more = CASES[name]
    model, inputs = Function(function).eval(), (torch.randn(2, 3), *more)
    expected = pytree.tree_leaves(model(*inputs), is_leaf=lambda leaf: leaf is None)
    buffer = xnnir.compile(model, inputs).buffer
    method = Runtime.get().load_program(buffer).load_method("forward")
    # Arguments that were left out in the export, and None, are no inputs of torch.export.
    _equal(method.execute(list(inputs)), expected)
    if all(isinstance(value, Tensor) for value in (*inputs, *expected)):
        _equal(stock.run(buffer, list(inputs)), expected)


@torch.no_grad()
def test_numbers_must_be_those_of_the_export() -> None:
    program = xnnir.compile(Function(lambda _, x, n: x * n).eval(), (torch.randn(2, 3), 3))
    method = Runtime.get().load_program(program.buffer).load_method("forward")
    with pytest.raises(StatusError, match=r"input 1 .*4.*3"):
        method.execute([torch.randn(2, 3), 4])


def test_every_op_that_nothing_runs_is_named_once_for_each_place() -> None:
    class Many(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            for _ in range(30):
                x = torch.lgamma(x)
            x = torch.lgamma(x)
            return torch.digamma(x)

    with pytest.raises(XnnirError) as raised:
        xnnir.compile(Many().eval(), (torch.randn(2, 3),))
    assert not isinstance(raised.value, InternalError)
    message = str(raised.value)
    assert "32 ops" in message and "(30 times)" in message
    assert message.count("aten.lgamma at") == 2 and message.count("aten.digamma at") == 1
