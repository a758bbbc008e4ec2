"""Inputs for programs of which only the metadata is known: the files that stock ExecuTorch wrote."""

from __future__ import annotations

from typing import Any

import torch

DTYPES = {
    0: torch.uint8,
    1: torch.int8,
    2: torch.int16,
    3: torch.int32,
    4: torch.int64,
    5: torch.float16,
    6: torch.float32,
    7: torch.float64,
    11: torch.bool,
    15: torch.bfloat16,
}
"""By ScalarType's numbers."""


def make_input(meta: Any, generator: torch.Generator, *, smaller: bool = False) -> torch.Tensor:
    """
    Numbers for an input as the metadata has it, or with its first size that is above 2 halved.

    Floats are normally distributed, integers 0 or 1: in range of whatever they index.
    """
    sizes, dtype = list(meta.sizes()), DTYPES[meta.dtype()]
    if smaller:
        large = next((i for i, size in enumerate(sizes) if size > 2), None)
        if large is not None:
            sizes[large] //= 2
    if dtype.is_floating_point:
        return torch.randn(sizes, generator=generator).to(dtype)
    return torch.randint(0, 2, sizes, generator=generator).to(dtype)
