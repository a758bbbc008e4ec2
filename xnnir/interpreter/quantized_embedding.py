"""What `quantized_decomposed.embedding_*` compute: torch alone does not have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from xnnir.dialects.xnn.packing import unpack_table

BITS = {"embedding_2bit": 2, "embedding_4bit": 4, "embedding_byte": 8}
"""The operators, and the bits of the integers in their tables."""


def embedding(
    bits: int,
    weight: torch.Tensor,
    weight_scales: torch.Tensor,
    weight_zero_points: torch.Tensor | None,
    weight_quant_min: int,
    weight_quant_max: int,
    indices: torch.Tensor,
    dtype: Any = None,
) -> torch.Tensor:
    """
    Rows [*indices, columns] of a table: (integer - zero point) * scale, in `dtype` or that of the scales.

    weight:
        [rows, columns * bits / 8], int8 or uint8.
    weight_scales, weight_zero_points:
        [rows] or [rows, groups].
    """
    del weight_quant_min, weight_quant_max  # of the integers before they were packed
    chosen = weight[indices]
    integers = torch.as_tensor(unpack_table(np.asarray(chosen.numpy()), bits)).float()
    columns = integers.shape[-1]

    def spread(parameters: torch.Tensor) -> torch.Tensor:
        groups = parameters.reshape(parameters.shape[0], -1)[indices].float()
        return groups.repeat_interleave(columns // groups.shape[-1], dim=-1)

    if weight_zero_points is not None:
        integers = integers - spread(weight_zero_points)
    return (integers * spread(weight_scales)).to(dtype or weight_scales.dtype)
