# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""What PyTorch's reference implementations are made of, where an operator of ATen with a kernel is the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from xnnir.frontend.decompositions.registry import DECOMPOSITIONS, decomposes

aten = torch.ops.aten
prims = torch.ops.prims


DECOMPOSITIONS.update(
    {
        prims.abs.default: aten.abs.default,
        prims.add.default: aten.add.Tensor,
        prims.bitwise_and.default: aten.bitwise_and.Tensor,
        prims.bitwise_or.default: aten.bitwise_or.Tensor,
        prims.ceil.default: aten.ceil.default,
        prims.div.default: aten.div.Tensor,
        prims.mul.default: aten.mul.Tensor,
        prims.neg.default: aten.neg.default,
        prims.round.default: aten.round.default,
        prims.scalar_tensor.default: aten.scalar_tensor.default,
        prims.sqrt.default: aten.sqrt.default,
        prims.sub.default: aten.sub.Tensor,
        prims.where.default: aten.where.self,
    }
)


@decomposes(aten.empty_permuted.default)
def _empty_permuted(size: Sequence[int], physical_layout: Sequence[int], **kwargs: Any) -> Tensor:
    return aten.empty.memory_format(size, dtype=kwargs.get("dtype"))


@decomposes(prims.convert_element_type.default)
def _convert_element_type(a: Tensor, dtype: torch.dtype) -> Tensor:
    return aten._to_copy(a, dtype=dtype)
