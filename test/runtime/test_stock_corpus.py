# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false
"""Files that stock ExecuTorch wrote (stock/make.py), run by this runtime and by stock's own."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from executorch.runtime import Runtime as StockRuntime
from executorch.runtime import Verification as StockVerification

from xnnir.runtime import Runtime, StatusCode, StatusError
from xnnir.testing.stock_inputs import make_input

FOLDER = Path(__file__).parent / "stock"
# Those whose weights are in a file of their own.
EXTERNAL = {"external"}
FILES = sorted(path for path in FOLDER.glob("*.pte") if path.stem not in EXTERNAL)

TOLERANCE = {torch.float16: 2e-2, torch.bfloat16: 5e-2, torch.float32: 2e-5, torch.float64: 1e-9}


def differ(got: Any, expected: Any) -> str:
    """Why two outputs are not the same; empty where they are."""
    if not isinstance(expected, torch.Tensor):
        return "" if got == expected else f"{got} is not {expected}"
    if got.dtype != expected.dtype or got.shape != expected.shape:
        return f"{got.dtype}{list(got.shape)} is not {expected.dtype}{list(expected.shape)}"
    tolerance = TOLERANCE.get(expected.dtype, 0.0)
    if torch.allclose(got, expected, rtol=tolerance, atol=tolerance, equal_nan=True):
        return ""
    return f"{got} is not {expected}"


def both(path: Path, method: str, smaller: bool) -> tuple[list[Any], list[Any]] | None:
    """Outputs of three runs in this runtime and in stock's; none where the sizes are fixed."""
    stock_program = StockRuntime.get().load_program(path, verification=StockVerification.InternalConsistency)
    stock = stock_program.load_method(method)
    assert stock is not None
    ours = Runtime.get().load_program(path).load_method(method)
    meta = stock.metadata
    generator = torch.Generator().manual_seed(zlib.crc32(path.name.encode()))
    got: list[Any] = []
    expected: list[Any] = []
    for _ in range(3):
        inputs = [
            make_input(meta.input_tensor_meta(i), generator, smaller=smaller)
            for i in range(meta.num_inputs())
        ]
        if path.stem == "channels_last":
            inputs = [x.to(memory_format=torch.channels_last) for x in inputs]
        try:
            outputs = stock.execute(inputs)
        except RuntimeError:
            if smaller:
                with pytest.raises(StatusError):
                    ours.execute(inputs)
                return None
            raise
        expected += [x.clone() if isinstance(x, torch.Tensor) else x for x in outputs]
        got += ours.execute(inputs)
    return got, expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_same_outputs_as_stock(path: Path) -> None:
    for method in StockRuntime.get().load_program(path).method_names:
        for smaller in (False, True):
            outputs = both(path, method, smaller)
            if outputs is None:
                continue
            got, expected = outputs
            assert len(got) == len(expected)
            for i, (ours, stock) in enumerate(zip(got, expected, strict=True)):
                assert not (why := differ(ours, stock)), f"{method}, value {i}: {why}"


def test_dynamic_programs_take_smaller_inputs() -> None:
    """What both() tries would prove nothing if every file refused it."""
    for name in ("dynamic_shape", "dynamic_image", "dynamic_kernels"):
        assert both(FOLDER / f"{name}.pte", "forward", smaller=True) is not None


@pytest.mark.parametrize("name", sorted(EXTERNAL))
def test_weights_that_were_not_given_are_named(name: str) -> None:
    program = Runtime.get().load_program(FOLDER / f"{name}.pte")
    with pytest.raises(StatusError) as caught:
        program.load_method("forward")
    assert caught.value.code in (StatusCode.NOT_FOUND, StatusCode.INVALID_EXTERNAL_DATA)


def test_every_way_of_writing_is_among_them() -> None:
    assert len(FILES) >= 20
    assert {path.stem for path in FOLDER.glob("*.ptd")} == EXTERNAL
