"""
Models on which a delegate easily goes wrong: each computes what eager PyTorch does, in our runtime and in
ExecuTorch's, all of it in one delegate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import xnnir
from xnnir.runtime import Runtime
from xnnir.testing import stock

pytest.importorskip("executorch")


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


class TwoLayouts(nn.Module):
    """One weight as the filter of a convolution (NHWC) and as a matrix; another with images and with vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = nn.Parameter(torch.randn(4, 4, 1, 1))
        self.image = nn.Parameter(torch.randn(1, 4, 8, 8))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = x.flatten(2).transpose(1, 2)
        return F.conv2d(x, self.filter) + self.image, rows @ self.filter.flatten(1), x * self.image


class SeveralReaders(nn.Module):
    """A convolution before a batch norm whose result something else reads as well."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        assert self.norm.running_mean is not None and self.norm.running_var is not None
        self.norm.running_mean.uniform_(-1, 1)
        self.norm.running_var.uniform_(0.5, 2)

    def forward(self, x: Tensor) -> Tensor:
        features = self.conv(x)
        return self.norm(features) + features


class Attention(nn.Module):
    """Self-attention with its linear layers; `options` go to `scaled_dot_product_attention`."""

    def __init__(self, key_heads: int = 2, **options: Any) -> None:
        super().__init__()
        self.key_heads = key_heads
        self.options = options
        self.query = nn.Linear(16, 16)
        self.key, self.value = nn.Linear(16, 8 * key_heads), nn.Linear(16, 8 * key_heads)
        self.out = nn.Linear(16, 16)

    def forward(self, x: Tensor, *mask: Tensor) -> Tensor:
        n, tokens, _ = x.shape
        query, key, value = (
            layer(x).view(n, tokens, -1, 8).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        attn_mask = {"attn_mask": mask[0]} if mask else {}
        mixed = F.scaled_dot_product_attention(query, key, value, **attn_mask, **self.options)
        return self.out(mixed.transpose(1, 2).reshape(n, tokens, 16))


def rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    first, second = x.chunk(2, -1)
    return x * cosine + torch.cat([-second, first], -1) * sine


def swin_windows(x: Tensor) -> Tensor:
    """Shifted windows, as Swin transformers cut them."""
    n, h, w, c = x.shape
    shifted = torch.roll(x, (-2, -2), (1, 2))
    windows = shifted.view(n, h // 4, 4, w // 4, 4, c).transpose(2, 3).reshape(-1, 16, c)
    return windows * 2


def image(*sizes: int) -> Tensor:
    return torch.randn(sizes).to(memory_format=torch.channels_last)


MODELS: dict[str, Callable[[], tuple[nn.Module, Sequence[Tensor]]]] = {
    "one channel, channels-last": lambda: (nn.Conv2d(1, 3, 3), [image(1, 1, 8, 8)]),
    "one pixel, channels-last": lambda: (nn.Conv2d(4, 3, 1), [image(2, 4, 1, 1)]),
    "channels-last input and output": lambda: (Function(lambda x: F.relu(x) * 2), [image(2, 3, 4, 5)]),
    "a weight in two layouts": lambda: (TwoLayouts(), [torch.randn(2, 4, 8, 8)]),
    "one group and one channel": lambda: (nn.Conv2d(1, 6, 3), [torch.randn(2, 1, 8, 8)]),
    "weight norm": lambda: (
        nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 3)),
        [torch.randn(1, 4, 8, 8)],
    ),
    "spectral norm": lambda: (
        nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4)),
        [torch.randn(3, 4)],
    ),
    "same padding of even windows": lambda: (
        nn.Conv2d(2, 3, (2, 4), padding="same", dilation=(3, 1)),
        [torch.randn(1, 2, 9, 9)],
    ),
    "convolution with two readers": lambda: (SeveralReaders(), [torch.randn(2, 3, 6, 7)]),
    "inputs that are results": lambda: (Function(lambda x: (x, x * 2, x)), [torch.randn(3, 4)]),
    "a result twice": lambda: (Function(lambda x: [x * 2] * 2), [torch.randn(3, 4)]),
    "one operand twice": lambda: (
        Function(lambda x: torch.cat([x + x, x, x * x, x, x, x, x], 1)),
        [torch.randn(2, 3)],
    ),
    "bounds of one side": lambda: (
        Function(lambda x: torch.clamp(x, min=-0.2) + torch.clamp(x, max=0.3) + F.relu6(x * 9)),
        [torch.randn(30)],
    ),
    "a transposed view": lambda: (
        Function(lambda x, y: x.t() @ y.transpose(0, 1)),
        [torch.randn(3, 4), torch.randn(5, 3)],
    ),
    "attention": lambda: (Attention(), [torch.randn(2, 5, 16)]),
    "causal attention": lambda: (Attention(is_causal=True), [torch.randn(2, 5, 16)]),
    "attention with a mask": lambda: (Attention(), [torch.randn(2, 5, 16), torch.randn(5, 5)]),
    "attention with shared keys": lambda: (Attention(1, enable_gqa=True), [torch.randn(2, 5, 16)]),
    "rotary embedding": lambda: (
        Function(rotated),
        [torch.randn(1, 2, 5, 8), torch.randn(5, 8), torch.randn(5, 8)],
    ),
    "shifted windows": lambda: (Function(swin_windows), [torch.randn(1, 8, 8, 3)]),
    "encoder layer": lambda: (nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), [torch.randn(2, 5, 16)]),
    "super-resolution": lambda: (
        nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.PixelShuffle(2), nn.Upsample(scale_factor=1.5)),
        [torch.randn(1, 1, 6, 6)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_model(name: str) -> None:
    torch.manual_seed(0)
    model, inputs = MODELS[name]()
    model = model.eval()
    with torch.no_grad():
        expected = model(*inputs)
        program = torch.export.export(model, tuple(inputs))
    expected = [expected] if isinstance(expected, Tensor) else list(expected)
    buffer = xnnir.to_edge_transform_and_lower(program).to_executorch().buffer
    assert stock.delegates(buffer) == ["XnnpackBackend"]
    ours = Runtime.get().load_program(buffer).load_method("forward").execute(list(inputs))
    for results in (ours, stock.run(buffer, inputs)):
        assert len(results) == len(expected)
        for got, wanted in zip(results, expected, strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)


def test_attention_with_booleans_that_are_computed() -> None:
    """The host makes numbers of them; rows that see nothing are zero."""
    torch.manual_seed(0)
    model = Attention().eval()
    x, mask = torch.randn(2, 5, 16), torch.rand(2, 1, 5, 5) > 0.4
    mask[0, 0, 2] = False
    program = torch.export.export(model, (x, mask))
    buffer = xnnir.to_edge_transform_and_lower(program).to_executorch().buffer
    assert stock.delegates(buffer) == ["XnnpackBackend"]
    expected = model(x, mask)
    ours = Runtime.get().load_program(buffer).load_method("forward").execute([x, mask])
    for results in (ours, stock.run(buffer, [x, mask])):
        torch.testing.assert_close(results[0], expected, rtol=1e-4, atol=1e-5)
