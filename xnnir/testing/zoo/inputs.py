"""Inputs with structure, by seed, and modules that return plain tensors."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Generator
from typing import Any

import torch
from torch import nn

Inputs = Callable[[int], tuple[Any, ...]]
"""From a seed to the inputs of a model."""


class Fields(nn.Module):
    """Calls a model of `transformers` with keyword arguments `names`, returns the fields `results` of its output."""

    def __init__(self, model: nn.Module, names: tuple[str, ...], results: tuple[str, ...]):
        super().__init__()
        self.model = model
        self.names = names
        self.results = results

    def forward(self, *tensors: torch.Tensor) -> Any:
        output = self.model(**dict(zip(self.names, tensors, strict=True)))
        values = tuple(output[name] for name in self.results)
        return values[0] if len(values) == 1 else values


def images(count: int, seed: int, size: int = 224) -> torch.Tensor:
    """`count` pictures, float32 [count, 3, size, size]: smooth blobs of colour under noise, different for each seed."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 3, 7, 7, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bilinear", align_corners=False)
    gain = torch.rand(count, 1, 1, 1, generator=generator) + 0.5
    return smooth * gain + 0.3 * torch.randn(count, 3, size, size, generator=generator)


def pictures(size: int) -> Inputs:
    """One picture, float32 [1, 3, size, size]."""
    return lambda seed: (images(1, seed, size),)


def tokens(length: int, vocabulary: int, seed: int) -> torch.Tensor:
    """Ids of tokens, int64 [1, length]; the first and the last few ids of a vocabulary are left to special tokens."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(5, vocabulary - 5, (1, length), generator=generator)


def token_ids(length: int, vocabulary: int) -> Inputs:
    """One sequence of ids, int64 [1, length]."""
    return lambda seed: (tokens(length, vocabulary, seed),)


def masked_token_ids(length: int, vocabulary: int) -> Inputs:
    """Ids and their attention mask, int64 [1, length] each; the mask leaves some at the end out."""

    def make(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        mask = torch.ones(1, length, dtype=torch.int64)
        mask[:, length - seed % 4 :] = 0 if seed % 4 else 1
        return tokens(length, vocabulary, seed), mask

    return make


def noise(*shape: int) -> Inputs:
    """Gaussian noise, float32 of `shape`."""
    return lambda seed: (torch.randn(shape, generator=torch.Generator().manual_seed(seed)),)


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Drop what libraries print to stderr while they are imported (missing optional extensions and the like)."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(disabled)
