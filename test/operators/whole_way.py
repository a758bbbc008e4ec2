"""
What tests of operators share: a function goes the whole way from `torch.export` to a file, which both runtimes run, and
what they give is compared with what the function gives.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree  # pyright: ignore[reportPrivateUsage]

import xnnir
from xnnir.runtime import Runtime
from xnnir.testing import stock

# Pytest's log handler makes torch write down all that it traces, which takes longer than all the rest.
logging.getLogger("torch.__trace").propagate = False

TOLERANCES = {torch.float16: 2e-3, torch.bfloat16: 3e-2}
"""Relative to numbers of the size of 1: what is rounded after every operator, and what is not, differ by as much."""


class Function(nn.Module):
    """`function` as a model."""

    def __init__(self, function: Callable[..., Any]):
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)


def check(
    function: Callable[..., Any] | nn.Module,
    *inputs: Tensor,
    dynamic: Any = None,
    more_inputs: Sequence[Sequence[Tensor]] = (),
    tolerance: float = 1e-4,
) -> None:
    """
    The file for any ExecuTorch gives what `function` gives on both runtimes, and so does the one for this runtime on
    it.

    dynamic, more_inputs:
        `dynamic_shapes`, and inputs of other shapes to run the same files with.
    tolerance:
        Relative and absolute; 0 for the same bits.
    """
    model = (function if isinstance(function, nn.Module) else Function(function)).eval()
    if dynamic is not None and not isinstance(function, nn.Module):
        dynamic = (tuple(dynamic),)  # of `*inputs`
    program = torch.export.export(model, inputs, dynamic_shapes=dynamic)
    for target in ("executorch", "xnnir"):
        partitioner = xnnir.XnnpackPartitioner(target=target)
        file = xnnir.to_edge_transform_and_lower(program, partitioner=[partitioner]).to_executorch().buffer
        method = Runtime.get().load_program(file).load_method("forward")
        for given in (inputs, *more_inputs):
            with torch.no_grad():
                expected = pytree.tree_leaves(model(*given))
            _compare(method.execute(given), expected, tolerance, f"xnnir runs the file for {target}")
            if target == "executorch":
                _compare(stock.run(file, given), expected, tolerance, "executorch runs the file")


def _compare(got: Sequence[Any], expected: Sequence[Any], tolerance: float, what: str) -> None:
    assert len(got) == len(expected), what
    for mine, theirs in zip(got, expected, strict=True):
        if not isinstance(theirs, Tensor):
            assert mine == theirs, what
            continue
        near = max(tolerance, TOLERANCES.get(theirs.dtype, 0)) if tolerance else 0.0
        torch.testing.assert_close(
            mine, theirs, rtol=near, atol=near, equal_nan=True, msg=lambda text: f"{what}: {text}"
        )


def randn(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers that depend on the shape only, so that a failure is the same when it is run again."""
    generator = torch.Generator().manual_seed(sum(i * size for i, size in enumerate(shape, 1)))
    return torch.randn(*shape, generator=generator).to(dtype)


def randint(low: int, high: int, *shape: int) -> Tensor:
    """Integers of [low, high), by the shape."""
    generator = torch.Generator().manual_seed(sum(i * size for i, size in enumerate(shape, 1)))
    return torch.randint(low, high, shape, generator=generator)
