# The packages of stock ExecuTorch and torchao have no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false
"""Every node that stock ExecuTorch's XNNPACK delegate can write: its file in our runtime, against eager PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xnnir.runtime import Runtime
from xnnir.testing import stock

pytest.importorskip("executorch")

_SHAPE = (2, 3, 8, 10)


class _Each(nn.Module):
    """One result from each part: parts in one program, because stock lowering takes seconds a program."""

    def __init__(self, parts: list[nn.Module]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, inputs: list[Tensor]) -> list[Tensor]:
        return [part(x) for part, x in zip(self.parts, inputs, strict=True)]


class _Function(nn.Module):
    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def _lower(model: nn.Module, inputs: tuple[Any, ...], dynamic_shapes: Any = None) -> bytes:
    data = stock.lower(torch.export.export(model, inputs, dynamic_shapes=dynamic_shapes))
    assert stock.delegates(data), "the test is to run a delegate"
    return data


def _run(data: bytes, inputs: tuple[Tensor, ...]) -> Tensor:
    (result,) = Runtime.get().load_program(data).load_method("forward").execute(list(inputs))
    assert isinstance(result, Tensor)
    return result.clone()


# Numbers that are rounded to integers are scaled by a power of two, which is exact in every float type.
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "add": lambda x: x + x[:, :1],
    "avg_pool2d": lambda x: F.avg_pool2d(x, (3, 2), stride=2),
    "avg_pool2d padded": lambda x: F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False),
    "bmm": lambda x: torch.bmm(x.flatten(0, 1), x.flatten(0, 1).transpose(1, 2)),
    "cat of 7": lambda x: torch.cat([x, x * 2, x * 3, x * 4, x * 5, x * 6, x * 7], 1),
    "ceil": lambda x: torch.ceil(x * 4),
    "clamp": lambda x: torch.clamp(x, 0.25, 0.5),
    "clamp after pool": lambda x: torch.clamp(F.max_pool2d(x, 3, padding=1), 0.25, 0.5),
    "cos": torch.cos,
    "div": lambda x: x / (x * x + 1.5),
    "exp": torch.exp,
    "floor": lambda x: torch.floor(x * 4),
    "gelu": F.gelu,
    "hardswish": F.hardswish,
    "hardtanh": lambda x: F.hardtanh(x, -0.3, 0.6),
    "leaky_relu": lambda x: F.leaky_relu(x, 0.3),
    "log": lambda x: torch.log(x.abs() + 0.1),
    "max_pool2d": lambda x: F.max_pool2d(x, 3, stride=2, padding=1),
    "max_pool2d ceil": lambda x: F.max_pool2d(x, 3, stride=2, ceil_mode=True),
    "maximum": lambda x: torch.maximum(x, x * 0.5),
    "mean": lambda x: x.mean((2, 3), keepdim=True),
    "minimum": lambda x: torch.minimum(x, x * 0.5),
    "mul": lambda x: x * x[:, :, :1],
    "mul then relu": lambda x: torch.relu(x * 2),
    "neg": torch.neg,
    "pad": lambda x: F.pad(x, (1, 2, 0, 3), value=0.5),
    "permute": lambda x: (x * 2).permute(0, 2, 3, 1),
    "pow": lambda x: torch.pow(x, 2),
    "relu": torch.relu,
    "resize aligned": lambda x: F.interpolate(x, size=(13, 7), mode="bilinear", align_corners=True),
    "resize": lambda x: F.interpolate(x, size=(13, 7), mode="bilinear", align_corners=False),
    "rsqrt": lambda x: torch.rsqrt(x.abs() + 0.1),
    "sigmoid": torch.sigmoid,
    "sin": torch.sin,
    "slice": lambda x: (x * 2)[:, 1:3, 2:7, 3:],
    "softmax": lambda x: torch.softmax(x, -1),
    "sqrt": lambda x: torch.sqrt(x.abs()),
    "sub": lambda x: x - x[:1],
    "tanh": torch.tanh,
    "unsqueeze": lambda x: (x[0] * 2).unsqueeze(-1),
    "view": lambda x: (x * 2).view(2, 30, 8),
}


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "conv1d": (lambda: nn.Conv1d(6, 9, 3, stride=2, padding=1, groups=3), (2, 6, 15)),
    "conv2d": (lambda: nn.Conv2d(3, 7, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2)), _SHAPE),
    "conv2d without bias": (lambda: nn.Conv2d(3, 7, 1, bias=False), _SHAPE),
    "depthwise": (lambda: nn.Conv2d(3, 6, 3, padding=1, groups=3), _SHAPE),
    "grouped": (lambda: nn.Conv2d(4, 6, 3, groups=2), (1, 4, 7, 9)),
    "conv, norm, relu6": (lambda: nn.Sequential(nn.Conv2d(3, 7, 3), nn.BatchNorm2d(7), nn.ReLU6()), _SHAPE),
    "norm alone": (lambda: nn.BatchNorm2d(3), _SHAPE),
    "conv_transpose2d": (
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
        (2, 4, 5, 6),
    ),
    "linear": (lambda: nn.Linear(10, 7), _SHAPE),
    "linear without bias": (lambda: nn.Linear(10, 7, bias=False), (3, 10)),
    "prelu": (lambda: nn.PReLU(3), _SHAPE),
    "mlp": (lambda: nn.Sequential(nn.Linear(10, 40), nn.GELU(), nn.Linear(40, 5), nn.Hardtanh()), (4, 10)),
}


@pytest.fixture(scope="module", params=["float32", "float16"])
def results(request: pytest.FixtureRequest) -> dict[str, tuple[Tensor, Tensor]]:
    """By name of the function or module: what our runtime computes, and what eager does in float32."""
    torch.manual_seed(0)
    parts: dict[str, tuple[nn.Module, Tensor]] = {}
    generator = torch.Generator().manual_seed(1)
    for name, function in FUNCTIONS.items():
        parts[name] = (_Function(function), torch.randn(_SHAPE, generator=generator))
    for name, (make, shape) in MODULES.items():
        parts[name] = (make(), torch.randn(shape, generator=generator))
    model = _Each([module for module, _ in parts.values()]).eval()
    inputs = [x for _, x in parts.values()]
    if request.param == "float16":
        model, inputs = model.half(), [x.half() for x in inputs]
    data = _lower(model, (inputs,))
    got = Runtime.get().load_program(data).load_method("forward").execute(inputs)
    expected = model.float()([x.float() for x in inputs])
    assert len(got) == len(expected)
    pairs: dict[str, tuple[Tensor, Tensor]] = {}
    for name, ours, eager in zip(parts, got, expected, strict=True):
        assert isinstance(ours, Tensor)
        pairs[name] = (ours.clone(), eager)
    return pairs


@pytest.mark.parametrize("name", [*FUNCTIONS, *MODULES])
def test_float(name: str, results: dict[str, tuple[Tensor, Tensor]]) -> None:
    ours, eager = results[name]
    if ours.dtype == torch.float32:
        torch.testing.assert_close(ours, eager, rtol=2e-4, atol=2e-5)
    else:
        assert ours.dtype == torch.float16
        torch.testing.assert_close(ours.float(), eager, rtol=1e-2, atol=1e-2 * float(eager.abs().max()))


def test_channels_last() -> None:
    """Dimensions go to XNNPACK in the order in which they lie in memory."""
    torch.manual_seed(0)
    model = nn.Conv2d(3, 8, 3, padding=1).eval()
    x = torch.randn(_SHAPE).to(memory_format=torch.channels_last)
    result = _run(_lower(model, (x,)), (x,))
    torch.testing.assert_close(result, model(x), rtol=2e-4, atol=2e-5)


def test_dynamic_batch() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2)).eval()
    batch = torch.export.Dim("batch", min=1, max=6)
    program = _lower(model, (torch.randn(2, 3, 9, 9),), ({0: batch},))
    method = Runtime.get().load_program(program).load_method("forward")
    for size in (1, 6, 3, 3, 5, 2):
        x = torch.randn(size, 3, 9, 9)
        (result,) = method.execute([x])
        torch.testing.assert_close(result.clone(), model(x), rtol=2e-4, atol=2e-5)


def _quantise(model: nn.Module, x: Tensor, *, per_channel: bool, dynamic: bool) -> nn.Module:
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    config = get_symmetric_quantization_config(is_per_channel=per_channel, is_dynamic=dynamic)
    prepared = prepare_pt2e(torch.export.export(model, (x,)).module(), XNNPACKQuantizer().set_global(config))
    for seed in range(4):
        prepared(torch.randn(x.shape, generator=torch.Generator().manual_seed(seed)))
    return convert_pt2e(prepared)


@pytest.mark.parametrize("per_channel", [False, True])
def test_static_quantisation(per_channel: bool) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, groups=16),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 8, 1),
        nn.Flatten(),
        nn.Linear(8 * 3 * 4, 10),
    ).eval()
    x = torch.randn(2, 3, 8, 10)
    quantised = _quantise(model, x, per_channel=per_channel, dynamic=False)
    result = _run(_lower(quantised, (x,)), (x,))
    expected = quantised(x)
    # A step of rounding at a few places along the way; the spread of the result says how much that is.
    assert (result - expected).abs().max() < 0.05 * expected.std()


def test_dynamic_quantisation() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10)).eval()
    x = torch.randn(1, 64)
    quantised = _quantise(model, x, per_channel=True, dynamic=True)
    result = _run(_lower(quantised, (x,)), (x,))
    assert (result - quantised(x)).abs().max() < 0.05 * quantised(x).std()
