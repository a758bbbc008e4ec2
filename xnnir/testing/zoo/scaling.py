"""Random weights under which a deep network still says something about its input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from xnnir.testing.zoo.inputs import images

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def keep_signals(model: nn.Module) -> None:
    """
    Draw the weights of convolutions and linears with unit gain.

    As the definitions draw them, signals shrink layer by layer, and all inputs give nearly the same result.
    """
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if not isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            continue
        weight = module.weight
        if isinstance(module, nn.Linear):
            nn.init.normal_(weight, std=1 / math.sqrt(module.in_features), generator=generator)
        else:
            nn.init.kaiming_normal_(weight, generator=generator)


def settle_statistics(
    model: nn.Module,
    inputs: Callable[[int], tuple[Any, ...]] | None = None,
    passes: int = 3,
    batch: int = 8,
) -> None:
    """
    Set the running statistics of the model's batch norms from `passes` batches, then leave it in eval mode.

    inputs:
        Gives a batch for a seed; by default `batch` pictures.
    """
    norms = [module for module in model.modules() if isinstance(module, _BATCH_NORMS)]
    model.eval()
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
    with torch.no_grad():
        for index in range(passes):
            if inputs is None:
                model(images(batch, seed=1000 + index))
                continue
            examples = [inputs(1000 + index * batch + item) for item in range(batch)]
            model(*(torch.cat(tensors) for tensors in zip(*examples, strict=True)))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()
