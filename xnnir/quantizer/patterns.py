"""The patterns that the quantizer looks for, in the order in which it does."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

import torch
from torch.fx import Node
from torch.nn import functional as F
from torchao.quantization.pt2e.quantizer import OperatorPatternType, QuantizationConfig

from xnnir.quantizer import elementwise_patterns, gemm_patterns, sharing_patterns
from xnnir.quantizer.annotation import Request
from xnnir.quantizer.config import is_dynamic
from xnnir.quantizer.operators import (
    ADAPTIVE_AVG_POOL2D,
    ADD,
    CAT,
    COMPUTED,
    CONV,
    CONV_TRANSPOSE,
    GRU,
    LINEAR,
    MUL,
    SENSITIVE,
    SUB,
    Target,
)


@dataclass(frozen=True)
class QuantPattern:
    """Operators that are coded together, an activation after them included."""

    name: str
    is_dynamic: bool
    """XNNPACK has it with inputs that are coded while the model runs."""
    is_qat: bool
    """It exists in training only."""
    op_overloads: Set[Target]
    annotate: Callable[[Node, Request], None]
    """Annotates, or raises `Refusal`, or does nothing where the pattern does not match."""

    def is_for(self, config: QuantizationConfig) -> bool:
        """Whether the pattern has a meaning under `config`."""
        return not is_dynamic(config) or self.is_dynamic or (self.is_qat and config.is_qat)


SUPPORTED_PATTERNS = [
    QuantPattern("conv_bn", False, True, CONV, gemm_patterns.conv_bn),
    QuantPattern("conv_transpose_bn", False, True, CONV_TRANSPOSE, gemm_patterns.conv_bn),
    QuantPattern("linear", True, False, LINEAR, gemm_patterns.linear),
    QuantPattern("conv", True, False, CONV, gemm_patterns.conv),
    QuantPattern("conv_transpose", True, False, CONV_TRANSPOSE, gemm_patterns.conv),
    QuantPattern("gru_io_only", False, False, GRU, sharing_patterns.gru_io),
    QuantPattern("add", False, False, ADD, elementwise_patterns.binary),
    QuantPattern("sub", False, False, SUB, elementwise_patterns.binary),
    QuantPattern("mul", False, False, MUL, elementwise_patterns.binary),
    QuantPattern("computed", False, False, {*COMPUTED, *SENSITIVE}, elementwise_patterns.computed),
    QuantPattern("cat", False, False, CAT, sharing_patterns.cat),
    QuantPattern(
        "adaptive_avg_pool2d", False, False, ADAPTIVE_AVG_POOL2D, sharing_patterns.adaptive_avg_pool2d
    ),
]


def supported_operators() -> dict[str, list[OperatorPatternType]]:
    """Modules and functions that a model is written in, for each pattern that is not a training one."""
    return {
        "conv2d": [
            [torch.nn.Conv2d, torch.nn.ReLU],
            [torch.nn.Conv2d, F.relu],
            [F.conv2d, torch.nn.ReLU],
            [F.conv2d, F.relu],
        ],
        "linear": [[torch.nn.Linear], [F.linear]],
        "add": [[torch.add]],
        "sub": [[torch.sub]],
        "mul": [[torch.mul]],
        "cat": [[torch.cat]],
        "adaptive_avg_pool2d": [[torch.nn.AdaptiveAvgPool2d], [F.adaptive_avg_pool2d]],
    }
