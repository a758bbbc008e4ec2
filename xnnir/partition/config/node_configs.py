"""Configs of operators with several results or with parameters."""

from __future__ import annotations

from xnnir.dialects import xnn
from xnnir.partition.config.xnnpack_config import XNNPartitionerConfig


class BatchNormConfig(XNNPartitionerConfig):
    """
    Batch norms that no convolution or linear layer before them takes in; they become a depthwise convolution.

    One that is taken in is arithmetic on weights and no operator any more, so it needs no config.
    """

    ops = ("_native_batch_norm_legit_no_training", "batch_norm", "native_batch_norm")
    node = xnn.DepthwiseConvolution2DOp


class MaxDimConfig(XNNPartitionerConfig):
    """Maxima along dimensions, where no one asks for the indices."""

    ops = ("amax", "max", "max.dim")
    node = xnn.MaxPooling2DOp


class PreluConfig(XNNPartitionerConfig):
    """`prelu`: leaky ReLU with a slope for each channel."""

    ops = ("_prelu_kernel", "prelu")
    node = xnn.PreluOp
