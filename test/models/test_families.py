# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Every model of the zoo against eager, in our runtime and in ExecuTorch's, and ExecuTorch's own file in ours."""

from __future__ import annotations

import copy
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.export import ExportedProgram

import xnnir
from xnnir.runtime import Runtime
from xnnir.testing import stock, zoo
from xnnir.testing.coverage import Coverage, coverage

TOLERANCE = 1e-3
"""Largest difference from eager, relative to the largest number of the output."""

HALF_TOLERANCE = 6e-2
"""
Root mean square of the error of float16, relative to that of the output: XNNPACK adds up in float16 where the CPU can.
"""

FAMILIES = [name for name in zoo.NAMES if name not in zoo.CLASSIFIERS]

HALF = ("mobilenet_v3", "convnext", "vit", "deit", "segformer", "unet", "bert", "llama_prefill")

NOT_LOWERED_BY_STOCK: dict[str, str] = {}
"""Models that ExecuTorch cannot lower, with its message."""

DOCS = Path(__file__).resolve().parents[2] / "docs"


@lru_cache(maxsize=1)
def exported(name: str) -> ExportedProgram:
    return zoo.load(name).export()


@lru_cache(maxsize=1)
def lowered(name: str) -> bytes:
    return xnnir.to_edge_transform_and_lower(exported(name)).to_executorch().buffer


def tensors(result: Any) -> tuple[torch.Tensor, ...]:
    return result if isinstance(result, tuple) else (result,)


def steps(name: str) -> list[tuple[Any, ...]]:
    """Inputs of the calls of one run, in order; a model that keeps state continues from call to call."""
    return [zoo.load(name).inputs(seed) for seed in range(5 if zoo.load(name).keeps_state else 2)]


def assert_close(got: Any, expected: tuple[torch.Tensor, ...], tolerance: float) -> None:
    assert len(got) == len(expected)
    for ours, eager in zip(got, expected, strict=True):
        assert ours.shape == eager.shape
        assert ours.dtype == eager.dtype
        assert float((ours.float() - eager.float()).abs().max() / eager.float().abs().max()) < tolerance


def eager(name: str) -> list[tuple[torch.Tensor, ...]]:
    model = zoo.load(name).fresh()
    with torch.no_grad():
        return [tensors(model(*inputs)) for inputs in steps(name)]


@pytest.fixture(params=FAMILIES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.slow
@pytest.mark.xdist_group("families")
def test_agrees_with_eager(name: str) -> None:
    method = Runtime.get().load_program(lowered(name)).load_method("forward")
    stock_method = stock.load(lowered(name))
    for inputs, expected in zip(steps(name), eager(name), strict=True):
        assert_close(method.execute(list(inputs)), expected, TOLERANCE)
        assert_close(stock_method.execute(list(inputs)), expected, TOLERANCE)


@pytest.mark.slow
@pytest.mark.xdist_group("families")
def test_table_of_models(name: str) -> None:
    spec = importlib.util.spec_from_file_location("docs_models", DOCS / "models.py")
    assert spec is not None and spec.loader is not None
    models = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(models)
    line = models.rows((DOCS / "models.md").read_text())[name]
    assert line.startswith(models.row(name, coverage(lowered(name)), "").rstrip(" |"))


@pytest.mark.exhaustive
@pytest.mark.xdist_group("families")
def test_file_of_stock(name: str) -> None:
    if name in NOT_LOWERED_BY_STOCK:
        with pytest.raises(Exception, match=NOT_LOWERED_BY_STOCK[name]):
            stock.lower(exported(name))
        return
    buffer = stock.lower(exported(name))
    method = Runtime.get().load_program(buffer).load_method("forward")
    stock_method = stock.load(buffer)
    for inputs in steps(name):
        expected = tuple(stock_method.execute(list(inputs)))
        assert_close(method.execute(list(inputs)), expected, TOLERANCE)
    ours, theirs = coverage(lowered(name)), coverage(buffer)
    assert ours.delegates <= theirs.delegates
    assert ours.host_ops <= theirs.host_ops


@pytest.mark.slow
@pytest.mark.xdist_group("families")
@pytest.mark.parametrize("name", HALF, indirect=True)
def test_half(name: str) -> None:
    model = zoo.load(name)

    def half(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(x.half() if x.is_floating_point() else x for x in inputs)

    def single(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(x.float() if x.is_floating_point() else x for x in half(inputs))

    # The reference computes in float32 with the weights and inputs that float16 has.
    network = copy.deepcopy(model.model).half()
    with zoo.quiet():
        program = torch.export.export(network, half(model.example_inputs))
    buffer = xnnir.to_edge_transform_and_lower(program).to_executorch().buffer
    method = Runtime.get().load_program(buffer).load_method("forward")
    network.float()
    for inputs in steps(name):
        with torch.no_grad():
            expected = tensors(network(*single(inputs)))
        for ours, eager in zip(method.execute(list(half(inputs))), expected, strict=True):
            assert ours.dtype == torch.float16
            error = torch.linalg.vector_norm(ours.float() - eager) / torch.linalg.vector_norm(eager)
            assert float(error) < HALF_TOLERANCE
    assert coverage(buffer).delegates == coverage(lowered(name)).delegates


def test_every_family_is_in_the_table() -> None:
    text = (DOCS / "models.md").read_text()
    assert [name for name in zoo.NAMES if f"| {name} |" not in text] == []


def test_counts_of_a_program() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU())
    program = torch.export.export(model.eval(), (torch.randn(2, 4),))
    found = coverage(xnnir.to_edge_transform_and_lower(program).to_executorch().buffer)
    assert found == Coverage(delegates=1, nodes=1)
