"""
Configs of operators that ExecuTorch decomposes before it partitions, and for which it has no config: here they are
several nodes, or one that the decomposition would hide.
"""

from __future__ import annotations

from xnnir.dialects import xnn
from xnnir.partition.config.xnnpack_config import XNNPartitionerConfig


class AddcmulConfig(XNNPartitionerConfig):
    """`addcmul`: a sum with a product."""

    ops = ("addcmul",)
    node = xnn.MultiplyOp


class ExpandConfig(XNNPartitionerConfig):
    """Broadcasts and copies side by side."""

    ops = ("expand", "repeat", "tile")


class GluConfig(XNNPartitionerConfig):
    """`glu`: one half times the sigmoid of the other."""

    ops = ("glu",)


class GroupNormConfig(XNNPartitionerConfig):
    """Norms over groups of channels, and over single channels."""

    ops = ("_native_batch_norm_legit.no_stats", "group_norm", "instance_norm", "native_group_norm")


class HardsigmoidConfig(XNNPartitionerConfig):
    """`hardsigmoid`: a clamp of a line."""

    ops = ("hardsigmoid",)


class LayerNormConfig(XNNPartitionerConfig):
    """Norms over the innermost dimensions, with their mean taken away or not."""

    ops = ("layer_norm", "native_layer_norm", "rms_norm")


class LogSoftmaxConfig(XNNPartitionerConfig):
    """The logarithm of a softmax, stable where that is zero in floats."""

    ops = ("_log_softmax", "log_softmax.int")


class MinDimConfig(XNNPartitionerConfig):
    """Minima along dimensions, where no one asks for the indices."""

    ops = ("amin", "min", "min.dim")
    node = xnn.MaxPooling2DOp


class ReciprocalConfig(XNNPartitionerConfig):
    """`reciprocal`: one divided by it."""

    ops = ("reciprocal",)
    node = xnn.DivideOp


class RoundConfig(XNNPartitionerConfig):
    """`round`, halves to even."""

    ops = ("round",)
    node = xnn.BankersRoundingOp


class ScaledDotProductAttentionConfig(XNNPartitionerConfig):
    """`scaled_dot_product_attention`: two products with a softmax between them."""

    ops = ("scaled_dot_product_attention",)
    node = xnn.BatchMatrixMultiplyOp


class ShuffleConfig(XNNPartitionerConfig):
    """Numbers moved between channels, and between channels and pixels."""

    ops = ("channel_shuffle", "pixel_shuffle", "pixel_unshuffle")
    node = xnn.StaticTransposeOp


class SiluConfig(XNNPartitionerConfig):
    """`silu`: a number times its sigmoid."""

    ops = ("silu",)


class SumConfig(XNNPartitionerConfig):
    """Sums along dimensions."""

    ops = ("sum", "sum.dim_IntList")
    node = xnn.GlobalAveragePooling2DOp


class UpsampleNearest2dConfig(XNNPartitionerConfig):
    """Copies of each pixel."""

    ops = (
        "_upsample_nearest_exact2d",
        "_upsample_nearest_exact2d.vec",
        "upsample_nearest2d",
        "upsample_nearest2d.vec",
    )


class VarConfig(XNNPartitionerConfig):
    """Variances along dimensions."""

    ops = ("var", "var.correction", "var.dim")
