# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Decompositions of operators for which PyTorch's tables have none, or one that needs more kernels than it has to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

aten = torch.ops.aten

DECOMPOSITIONS: dict[Any, Callable[..., Any]] = {}
"""By overload; they come before those of PyTorch."""
