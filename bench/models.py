"""What is measured: networks of `xnnir.testing.zoo` at the sizes that people run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from xnnir.testing import zoo
from xnnir.testing.zoo import language, vision

MODELS: Mapping[str, zoo.Builder] = {
    **{name: zoo.MODELS[name] for name in ("mobilenet_v2", "resnet50", "mobilenet_v1", "resnet18", "regnet")},
    "deit": partial(vision.deit, size=224, layers=12),
    "bert": partial(language.bert, layers=4, width=256, length=128, words=30522),
    "efficientnet": partial(vision.efficientnet, size=224),
    "mobilenet_v3": partial(vision.mobilenet_v3, size=224),
}
"""DeiT-tiny, BERT-mini on 128 tokens of which the mask leaves some out, EfficientNet-B0, MobileNetV3-Large."""

INPUTS = "inputs.pt"
"""In a model's folder: what all peers are fed, so that none has to build the model for it."""


def load(name: str) -> zoo.ZooModel:
    """The model called `name` (one of `MODELS`)."""
    return zoo.build(name, MODELS[name])


def load_inputs(folder: Path) -> tuple[torch.Tensor, ...]:
    """The tensors that `save_inputs` wrote."""
    inputs: Any = torch.load(folder / INPUTS, weights_only=True)
    return inputs


def save_inputs(model: zoo.ZooModel, folder: Path) -> None:
    """Write the model's inputs to its folder."""
    torch.save(model.example_inputs, folder / INPUTS)
