"""The config of what ExecuTorch has no config for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xnnir.partition.config.gemm_configs import AddmmConfig, ConvolutionConfig, LinearConfig, MMConfig
from xnnir.partition.config.generic_node_configs import GENERIC_NODE_CONFIGS
from xnnir.partition.config.node_configs import BatchNormConfig, MaxDimConfig, PreluConfig
from xnnir.partition.config.xnnpack_config import XNNPartitionerConfig

if TYPE_CHECKING:
    from xnnir.dialects.aten import AtenOp

_NAMED_CONFIGS: tuple[type[XNNPartitionerConfig], ...] = (
    AddmmConfig,
    BatchNormConfig,
    ConvolutionConfig,
    LinearConfig,
    MMConfig,
    MaxDimConfig,
    PreluConfig,
    *GENERIC_NODE_CONFIGS,
)

_NAMED = frozenset(op for config in _NAMED_CONFIGS for op in config.ops)


class CompositeConfig(XNNPartitionerConfig):
    """
    All operators that no other config names. ExecuTorch takes them apart before it partitions, or leaves them to its
    kernels: norms, attention, `silu`, `log_softmax`, `pixel_shuffle`. Here they are a few nodes each.
    """

    @classmethod
    def selects(cls, op: AtenOp) -> bool:
        return op.name.removeprefix("aten.") not in _NAMED
