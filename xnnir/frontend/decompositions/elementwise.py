# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Functions of single elements."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from xnnir.frontend.decompositions.registry import decomposes

aten = torch.ops.aten
prims = torch.ops.prims


@decomposes(aten.angle.default)
def _angle(self: Tensor) -> Any:
    if self.is_complex():
        return NotImplemented
    x = self if self.is_floating_point() else self.to(torch.get_default_dtype())
    return torch.where(torch.isnan(x), x, torch.where(x < 0, math.pi, 0.0).to(x.dtype))


@decomposes(aten.erfc.default, prims.erfc.default)
def _erfc(self: Tensor) -> Tensor:
    return 1.0 - torch.erf(self)


@decomposes(aten.exp2.default, prims.exp2.default)
def _exp2(self: Tensor) -> Tensor:
    return torch.pow(2.0, self if self.is_floating_point() else self.to(torch.get_default_dtype()))


@decomposes(aten.signbit.default, prims.signbit.default)
def _signbit(self: Tensor) -> Tensor:
    negative = self < 0
    # Only dividing by it tells -0.0 from 0.0.
    return negative | ((self == 0) & (torch.reciprocal(self) < 0)) if self.is_floating_point() else negative


@decomposes(aten.copysign.Tensor, aten.copysign.Scalar)
def _copysign(self: Tensor, other: Any) -> Tensor:
    magnitude = torch.abs(self if self.is_floating_point() else self.to(torch.get_default_dtype()))
    if isinstance(other, Tensor):
        return torch.where(torch.signbit(other), -magnitude, magnitude)
    return -magnitude if math.copysign(1.0, other) < 0 else magnitude


@decomposes(aten.fmax.default, prims.fmax.default)
def _fmax(self: Tensor, other: Tensor) -> Tensor:
    return torch.where(
        torch.isnan(self), other, torch.where(torch.isnan(other), self, torch.maximum(self, other))
    )


@decomposes(aten.fmin.default, prims.fmin.default)
def _fmin(self: Tensor, other: Tensor) -> Tensor:
    return torch.where(
        torch.isnan(self), other, torch.where(torch.isnan(other), self, torch.minimum(self, other))
    )


@decomposes(aten.hypot.default, prims.hypot.default)
def _hypot(self: Tensor, other: Tensor) -> Tensor:
    return torch.sqrt(self * self + other * other)


@decomposes(aten.erfinv.default, prims.erf_inv.default)
def _erfinv(self: Tensor) -> Tensor:
    """Winitzki's approximation, and Newton's method from there: erf'(x) = 2/sqrt(pi) exp(-x^2)."""
    x = self if self.is_floating_point() else self.to(torch.get_default_dtype())
    inside = torch.clamp(x, -1 + torch.finfo(x.dtype).eps, 1 - torch.finfo(x.dtype).eps)
    a = 0.147
    log = torch.log1p(-inside * inside)
    half = 2 / (math.pi * a) + log / 2
    y = torch.copysign(torch.sqrt(torch.clamp_min(torch.sqrt(half * half - log / a) - half, 0.0)), inside)
    for _ in range(3):
        y = y - (torch.erf(y) - inside) * (math.sqrt(math.pi) / 2) * torch.exp(y * y)
    limit = torch.where(torch.abs(x) == 1, x * math.inf, math.nan)
    return torch.where(torch.abs(x) < 1, y, limit)
