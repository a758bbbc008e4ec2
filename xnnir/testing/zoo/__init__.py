"""
Models by name, built from their definitions in `transformers` and `torch.nn` without a download.

Structures are the published ones; sizes are reduced where the structure does not need them (fewer layers and
channels, smaller images), so that a model is built and run in a second. Weights are random with a fixed seed, scaled so
that signals keep their size through the layers; batch norm statistics are settled by a few passes in training mode.
Activations then have sensible ranges, and outputs differ from input to input.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch.export import ExportedProgram

from xnnir.testing.zoo import audio, detection, language, recurrent, vision
from xnnir.testing.zoo.inputs import Fields, images, quiet
from xnnir.testing.zoo.scaling import keep_signals, settle_statistics

__all__ = [
    "CLASSIFIERS",
    "MODELS",
    "NAMES",
    "Builder",
    "Fields",
    "ZooModel",
    "build",
    "images",
    "load",
    "quiet",
    "settle_statistics",
]

Builder = Callable[[], tuple[nn.Module, Callable[[int], tuple[Any, ...]]]]
"""Makes a model, and a function from a seed to inputs for it."""


@dataclass(frozen=True)
class ZooModel:
    """A model in eval mode and the inputs it was made for."""

    name: str
    model: nn.Module
    """Returns a tensor or a tuple of tensors. Models with a cache in their buffers change it: use `fresh`."""
    inputs: Callable[[int], tuple[Any, ...]]
    """Inputs by seed; those of a model that decodes are its steps, from seed 0 on."""
    keeps_state: bool = False

    @property
    def example_inputs(self) -> tuple[Any, ...]:
        """Inputs to export the model with."""
        return self.inputs(1)

    def fresh(self) -> nn.Module:
        """The model with its initial state."""
        return copy.deepcopy(self.model) if self.keeps_state else self.model

    def export(self) -> ExportedProgram:
        """The exported program, with fixed shapes."""
        with quiet():
            # Caches are objects that share the model's buffers; only a strict export sees that they are these.
            return torch.export.export(self.fresh(), self.example_inputs, strict=self.keeps_state)


CLASSIFIERS = ("mobilenet_v1", "mobilenet_v2", "regnet", "resnet18", "resnet50")
"""Convolutional networks at their published size, which run in one delegate."""

MODELS: Mapping[str, Builder] = {
    **vision.BUILDERS,
    **detection.BUILDERS,
    **language.BUILDERS,
    **audio.BUILDERS,
    **recurrent.BUILDERS,
}
"""All models by name."""

NAMES = tuple(MODELS)


@lru_cache(maxsize=2)
def load(name: str) -> ZooModel:
    """The model called `name` (one of `NAMES`). Raises `KeyError` for another name."""
    return build(name, MODELS[name])


def build(name: str, builder: Builder) -> ZooModel:
    """What `builder` makes, with weights drawn from a fixed seed."""
    logging.getLogger("transformers").setLevel(logging.ERROR)
    state = torch.get_rng_state()
    torch.manual_seed(0)
    try:
        with quiet():
            model, inputs = builder()
            keep_signals(model)
            settle_statistics(model, inputs)
    finally:
        torch.set_rng_state(state)
    return ZooModel(name, model, inputs, keeps_state=name.endswith("_decode"))
