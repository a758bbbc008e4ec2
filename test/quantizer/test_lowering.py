"""Quantised models run as they compute in PyTorch: by this compiler, and by stock's."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from graphs import Calls, image, quantized
from torch import Tensor, nn
from torch.nn import functional as F

import xnnir
from xnnir.quantizer import get_symmetric_quantization_config
from xnnir.runtime import Runtime
from xnnir.testing import stock


def forward(m: Any, x: Tensor) -> Tensor:
    """All that stock's quantizer leaves in float or codes once more."""
    y = F.relu6(m.norm(m.conv(x)))
    first, last = (y + m.depthwise(y)).clamp(-1, 1).chunk(2, 1)
    z = torch.cat([first - last, 0.5 - first * last], 1)
    z = F.pad(F.max_pool2d(z, 2), (1, 1)).transpose(2, 3)
    return m.linear(F.hardswish(z).mean((2, 3)))


def net() -> Calls:
    torch.manual_seed(0)
    return Calls(
        forward,
        conv=nn.Conv2d(4, 8, 3, padding="same"),
        norm=nn.BatchNorm2d(8),
        depthwise=nn.Conv2d(8, 8, 3, groups=8, padding=1),
        linear=nn.Linear(8, 10),
    )


CONFIGS: list[Any] = [
    {},
    {"is_per_channel": True},
    pytest.param({"is_per_channel": True, "is_qat": True}, marks=pytest.mark.exhaustive),
    {"is_per_channel": True, "is_dynamic": True},
]


def converted(arguments: dict[str, bool]) -> tuple[torch.export.ExportedProgram, Tensor, float]:
    """A quantised program, what it gives in PyTorch, and how far others may be from that."""
    graph = quantized(net(), image(), config=get_symmetric_quantization_config(**arguments))
    program = torch.export.export(graph, (image(),))
    last = [node.args[1] for node in graph.graph.nodes if "dequantize_per_tensor.default" in str(node.target)]
    expected = graph(image())
    # A step of the last coding, where half a one was rounded the other way before; XNNPACK codes rows dynamically.
    return program, expected, 1.01 * last[-1] if last else 0.02 * float(expected.abs().max())


@pytest.mark.parametrize("arguments", CONFIGS, ids=str)
def test_this_compiler_computes_what_was_quantized(arguments: dict[str, bool]) -> None:
    program, expected, tolerance = converted(arguments)
    file = xnnir.to_edge_transform_and_lower(program).to_executorch().buffer
    (result,) = Runtime.get().load_program(file).load_method("forward").execute([image()])
    torch.testing.assert_close(result, expected, rtol=0, atol=tolerance)


@pytest.mark.exhaustive
@pytest.mark.parametrize("arguments", CONFIGS, ids=str)
def test_stock_computes_what_was_quantized(arguments: dict[str, bool]) -> None:
    pytest.importorskip("executorch")
    program, expected, tolerance = converted(arguments)
    file = stock.lower(program)
    assert "XnnpackBackend" in stock.delegates(file)
    (result,) = stock.run(file, [image()])
    torch.testing.assert_close(result, expected, rtol=0, atol=tolerance)
