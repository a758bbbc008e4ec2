# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Products of elements and of matrices."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from xnnir.frontend.decompositions.registry import decomposes

aten = torch.ops.aten
prims = torch.ops.prims


@decomposes(prims.prod.default)
def _prod(inp: Tensor, dims: Sequence[int] | None, *, output_dtype: torch.dtype | None = None) -> Tensor:
    for dim in sorted(range(inp.dim()) if dims is None else dims, reverse=True):
        inp = torch.prod(inp, dim, dtype=output_dtype)
    return inp


@decomposes(aten.addbmm.default)
def _addbmm(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    product = torch.sum(torch.bmm(batch1, batch2), 0)
    product = product if alpha == 1 else product * alpha
    # What is multiplied by 0 counts for nothing, nan included.
    return (
        torch.broadcast_to(product, product.shape)
        if beta == 0
        else product + (self if beta == 1 else self * beta)
    )


@decomposes(aten._trilinear.default)
def _trilinear(
    i1: Tensor,
    i2: Tensor,
    i3: Tensor,
    expand1: Sequence[int],
    expand2: Sequence[int],
    expand3: Sequence[int],
    sumdim: Sequence[int],
    unroll_dim: int = 1,
) -> Tensor:
    """The sum over `sumdim` of the product of three tensors, each with new dimensions at its `expand`."""
    factors: list[Tensor] = []
    for tensor, dims in ((i1, expand1), (i2, expand2), (i3, expand3)):
        for dim in sorted(dims):
            tensor = tensor.unsqueeze(dim)
        factors.append(tensor)
    return torch.sum(factors[0] * factors[1] * factors[2], list(sumdim))
