"""
Models by name, built from their `transformers` definitions without a download.

Weights are random with a fixed seed. Batch norm statistics are settled by a few passes in training mode over noise with
structure, so that activations have sensible ranges and the logits differ from input to input.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class ZooModel:
    """A model in eval mode and inputs it was made for (float32, 1x3x224x224)."""

    name: str
    model: nn.Module
    example_inputs: tuple[torch.Tensor, ...]


class LogitsOnly(nn.Module):
    """Takes an image, returns the classifier's logits, as a plain tensor."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model(pixel_values=pixel_values).logits


def images(count: int, seed: int, size: int = 224) -> torch.Tensor:
    """`count` pictures, float32 [count, 3, size, size]: smooth blobs of colour under noise, different for each seed."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 3, 7, 7, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bilinear", align_corners=False)
    gain = torch.rand(count, 1, 1, 1, generator=generator) + 0.5
    return smooth * gain + 0.3 * torch.randn(count, 3, size, size, generator=generator)


def settle_statistics(model: nn.Module, passes: int = 3, batch: int = 8) -> None:
    """Set the running statistics of the model's batch norms from `passes` batches, then leave it in eval mode."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
    with torch.no_grad():
        for index in range(passes):
            model(images(batch, seed=1000 + index))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()


def _mobilenet_v1() -> nn.Module:
    from transformers import MobileNetV1Config, MobileNetV1ForImageClassification

    return MobileNetV1ForImageClassification(_labels(MobileNetV1Config(), 1001))


def _mobilenet_v2() -> nn.Module:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    return MobileNetV2ForImageClassification(_labels(MobileNetV2Config(), 1001))


def _resnet18() -> nn.Module:
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512], layer_type="basic")
    return ResNetForImageClassification(_labels(config, 1000))


def _resnet50() -> nn.Module:
    from transformers import ResNetConfig, ResNetForImageClassification

    return ResNetForImageClassification(_labels(ResNetConfig(), 1000))


def _regnet() -> nn.Module:
    from transformers import RegNetConfig, RegNetForImageClassification

    return RegNetForImageClassification(_labels(RegNetConfig(), 1000))


def _labels(config: Any, count: int) -> Any:
    """`config` for a classifier of `count` classes."""
    config.num_labels = count
    return config


_BUILDERS: Mapping[str, Callable[[], nn.Module]] = {
    "mobilenet_v1": _mobilenet_v1,
    "mobilenet_v2": _mobilenet_v2,
    "regnet": _regnet,
    "resnet18": _resnet18,
    "resnet50": _resnet50,
}

NAMES = tuple(_BUILDERS)


@lru_cache(maxsize=2)
def load(name: str) -> ZooModel:
    """The model called `name` (one of `NAMES`), with batch norm settled. Raises `KeyError` for another name."""
    logging.getLogger("transformers").setLevel(logging.ERROR)
    state = torch.get_rng_state()
    torch.manual_seed(0)
    try:
        with quiet():
            model = LogitsOnly(_BUILDERS[name]())
    finally:
        torch.set_rng_state(state)
    # Kernels drawn as the definitions do shrink signals layer by layer; unit gains keep logits apart.
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(
                module.weight, generator=torch.Generator().manual_seed(module.weight.numel())
            )
        if isinstance(module, nn.Linear):
            nn.init.normal_(
                module.weight, std=0.05, generator=torch.Generator().manual_seed(module.weight.numel())
            )
    settle_statistics(model)
    return ZooModel(name, model, (images(1, seed=1),))


@contextlib.contextmanager
def quiet() -> Any:
    """Drop what libraries print to stderr while they are imported (missing optional extensions and the like)."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(disabled)
