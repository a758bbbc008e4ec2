"""Whole networks, four ways: eager, our file in our runtime and in ExecuTorch's, and ExecuTorch's file in ours."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest
import torch
from torch.export import ExportedProgram

import xnnir
from xnnir.runtime import Runtime
from xnnir.testing import stock, zoo

TOLERANCE = 1e-4
"""Largest difference from eager, relative to the largest logit."""


@lru_cache(maxsize=1)
def exported(name: str) -> ExportedProgram:
    model = zoo.load(name)
    return torch.export.export(model.model, model.example_inputs)


@lru_cache(maxsize=2)
def lowered(name: str, per_op_mode: bool = False) -> bytes:
    partitioner = xnnir.XnnpackPartitioner(per_op_mode=per_op_mode)
    return xnnir.to_edge_transform_and_lower(exported(name), partitioner=[partitioner]).to_executorch().buffer


def run(buffer: bytes, *inputs: torch.Tensor) -> torch.Tensor:
    return Runtime.get().load_program(buffer).load_method("forward").execute(list(inputs))[0]


def relative_error(got: torch.Tensor, expected: torch.Tensor) -> float:
    assert got.shape == expected.shape
    return float((got - expected).abs().max() / expected.abs().max())


TAKES_LONG = ("regnet",)
"""Eighty megabytes, of which stock's compiler needs half a minute."""


def _parameter(name: str) -> Any:
    return pytest.param(name, marks=pytest.mark.exhaustive if name in TAKES_LONG else ())


@pytest.fixture(params=map(_parameter, zoo.CLASSIFIERS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.xdist_group("zoo")
def test_four_ways(name: str) -> None:
    model = zoo.load(name).model
    buffer = lowered(name)
    stock_buffer = stock.lower(exported(name))
    method = Runtime.get().load_program(buffer).load_method("forward")
    for image in zoo.images(4, seed=11).split(1):
        with torch.no_grad():
            eager = model(image)
        ours = method.execute([image])[0]
        assert relative_error(ours, eager) < TOLERANCE
        assert int(ours.argmax()) == int(eager.argmax())
        assert relative_error(stock.run(buffer, [image])[0], ours) < TOLERANCE
        assert relative_error(run(stock_buffer, image), stock.run(stock_buffer, [image])[0]) < TOLERANCE
    assert stock.delegates(buffer) == ["XnnpackBackend"]
    assert len(buffer) <= 1.01 * len(stock_buffer)


@pytest.mark.xdist_group("zoo")
def test_logits_differ_between_inputs(name: str) -> None:
    with torch.no_grad():
        logits = zoo.load(name).model(zoo.images(4, seed=11))
    assert float(logits.std(dim=0).max()) > 1e-2 * float(logits.abs().max())


@pytest.mark.xdist_group("zoo")
def test_one_delegate_per_op() -> None:
    name = "mobilenet_v2"
    edge = xnnir.to_edge_transform_and_lower(
        exported(name), partitioner=[xnnir.XnnpackPartitioner(per_op_mode=True)]
    )
    buffer = edge.to_executorch().buffer
    # 52 convolutions with their pads, norms and activations, 10 adds, the pool, the flatten, and the classifier.
    assert stock.delegates(buffer) == ["XnnpackBackend"] * 65
    image = zoo.images(1, seed=12)
    assert relative_error(run(buffer, image), run(lowered(name), image)) < 1e-6
    assert relative_error(stock.run(buffer, [image])[0], run(lowered(name), image)) < TOLERANCE


@pytest.mark.xdist_group("zoo")
@pytest.mark.parametrize("channels_last", [False, True])
def test_mobilenet_v2_transposes_its_input_only(channels_last: bool) -> None:
    image = zoo.images(1, seed=13)
    if channels_last:
        image = image.contiguous(memory_format=torch.channels_last)
    program = torch.export.export(zoo.load("mobilenet_v2").model, (image,))
    edge = xnnir.to_edge_transform_and_lower(program)
    text = str(edge.module)
    assert text.count("xnn.static_transpose") == (0 if channels_last else 1)
    assert text.count("xnn.static_constant_pad") == 0
    buffer = edge.to_executorch().buffer
    with torch.no_grad():
        expected = zoo.load("mobilenet_v2").model(image)
    assert relative_error(run(buffer, image), expected) < TOLERANCE
    assert relative_error(stock.run(buffer, [image])[0], expected) < TOLERANCE
