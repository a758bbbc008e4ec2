"""
Configs of torchao's affine quantisation. They select no operator of their own: what is between a quantisation and a
dequantisation has quantised types here, and its config and precision decide.
"""

from __future__ import annotations

from xnnir.dialects import xnn
from xnnir.partition.config.xnnpack_config import XNNPartitionerConfig


class ChooseQParamsAffineConfig(XNNPartitionerConfig):
    """`torchao.choose_qparams_affine`: the scale of a tensor while the model runs."""

    node = xnn.ConvertOp


class DeQuantizeAffineConfig(XNNPartitionerConfig):
    """`torchao.dequantize_affine`: integers to floats."""

    node = xnn.ConvertOp


class QuantizeAffineConfig(XNNPartitionerConfig):
    """`torchao.quantize_affine`: floats to integers."""

    node = xnn.ConvertOp
