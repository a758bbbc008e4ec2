"""One file in both runtimes: this project's, and that of the `executorch` package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch

from xnnir.testing.zoo import quiet

Execute: TypeAlias = Callable[[Sequence[Any]], list[Any]]


def load(buffer: bytes, method: str = "forward") -> dict[str, Execute]:
    """The method of the `.pte` in `buffer` in each runtime, by its name. It stays loaded, and keeps its state."""
    with quiet():
        from executorch.runtime import Runtime as StockRuntime
    from xnnir.runtime import Runtime

    stock_program = StockRuntime.get().load_program(buffer)
    stock = stock_program.load_method(method)
    assert stock is not None
    ours = Runtime.get().load_program(buffer, num_threads=1).load_method(method)

    def execute_stock(inputs: Sequence[Any]) -> list[Any]:
        # The package's program does not keep its file alive by itself. What is returned lies in the method's memory.
        outputs: list[Any] = list(stock.execute(list(inputs))) if stock_program else []
        return [output.clone() if isinstance(output, torch.Tensor) else output for output in outputs]

    return {"executorch": execute_stock, "xnnir": ours.execute}


def assert_same(got: Sequence[Any], expected: Any, *, rtol: float = 1e-4, atol: float = 1e-5) -> None:
    """Check outputs against what eager PyTorch returned: as many, of the same dtypes and shapes, close in value."""
    wanted = list(expected) if isinstance(expected, (tuple, list)) else [expected]
    assert len(got) == len(wanted)
    for output, value in zip(got, wanted, strict=True):
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(output, value, rtol=rtol, atol=atol)
        else:
            assert type(output) is type(value)
            assert output == value
