"""Kernels give the same on several threads, for tensors that are large enough to be shared out."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from .harness import check_kernel


def images(*sizes: int) -> torch.Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(0))


CALLS: dict[str, tuple[Any, ...]] = {
    "aten::sum.IntList_out": (images(40, 500, 33), [1]),
    "aten::max.dim_max": (images(300, 800), 1),
    "aten::var.correction_out": (images(8, 300, 200), [0, 2]),
    "aten::cumsum.out": (images(40, 70, 90), 1),
    "aten::_softmax.out": (images(60, 40, 70), 1, False),
    "aten::native_layer_norm.out": (images(300, 700), [700], images(700), images(700), 1e-5),
    "aten::native_group_norm.out": (images(4, 16, 4000), images(16), images(16), 4, 16, 4000, 8, 1e-5),
    "aten::bmm.out": (images(5, 150, 300), images(5, 300, 130)),
    "aten::linear.out": (images(2, 900), images(700, 900), images(700)),
    "aten::convolution.out": (
        *(images(3, 12, 40, 50), images(18, 4, 3, 3), images(18)),
        *([1, 2], [1, 1], [1, 1], False, [0, 0], 3),
    ),
    "aten::avg_pool2d.out": (images(9, 8, 50, 50), [3, 3], [2, 2]),
    "aten::max_pool2d_with_indices.out": (images(9, 8, 50, 50), [3, 3], [2, 2]),
    "aten::upsample_bilinear2d.out": (images(3, 8, 50, 50), [90, 70], False),
    "aten::grid_sampler_2d.out": (images(3, 8, 50, 50), images(3, 60, 60, 2) / 2, 0, 0, False),
    "aten::sort.values": (images(200, 300), 0),
    "aten::reflection_pad2d.out": (images(6, 10, 60, 60), [3, 4, 5, 6]),
    "aten::_cdist_forward.out": (images(300, 30), images(200, 30), 1.0, None),
}


@pytest.mark.parametrize("operator", CALLS)
def test_threads(operator: str) -> None:
    assert check_kernel(operator, *CALLS[operator], num_threads=4, rtol=1e-4, atol=1e-4)
