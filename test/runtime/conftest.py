"""Programs for the tests of the runtime, lowered once a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from xnnir.testing.stock_programs import ConvLinear, DataMovement, StockProgram, lower


@pytest.fixture(scope="session")
def lower_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., StockProgram]:
    """`lower` into a folder of this test run; a name is lowered once."""
    folder = tmp_path_factory.mktemp("stock")
    made: dict[str, StockProgram] = {}

    def make(name: str, model: torch.nn.Module, inputs: tuple[Any, ...], **options: Any) -> StockProgram:
        if name not in made:
            made[name] = lower(model, inputs, folder / f"{name}.pte", **options)
        return made[name]

    return make


@pytest.fixture(scope="session")
def conv_linear(lower_once: Callable[..., StockProgram]) -> StockProgram:
    """One delegate, float32 [1, 3, 6, 6] to [1, 5]."""
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    return lower_once("conv_linear", ConvLinear(), (torch.randn(1, 3, 6, 6),))


@pytest.fixture(scope="session")
def data_movement(lower_once: Callable[..., StockProgram]) -> StockProgram:
    """Host kernels only, int32 [2, 3, 4] and [2, 5, 4]."""
    inputs = tuple(torch.randint(-9, 9, (2, n, 4), dtype=torch.int32) for n in (3, 5))
    return lower_once("data_movement", DataMovement(), inputs, delegate=False)


@pytest.fixture(scope="session")
def xnn_run() -> Path:
    """The program that was built: in XNNIR_BUILD_DIR, else in the checkout's build folder."""
    path = Path(os.environ.get("XNNIR_BUILD_DIR", Path(__file__).parents[2] / "build")) / "bin" / "xnn-run"
    if not path.exists():
        pytest.skip(f"{path} is not built")
    return path
