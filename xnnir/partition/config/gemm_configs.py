"""Configs of matrix products: operators whose weights XNNPACK packs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xnnir.dialects import xnn
from xnnir.partition.config.xnnpack_config import XNNPartitionerConfig

if TYPE_CHECKING:
    from xnnir.dialects.aten import AtenOp


class AddmmConfig(XNNPartitionerConfig):
    """`addmm`, which a linear layer with a bias decomposes into."""

    ops = ("addmm", "linear")
    node = xnn.FullyConnectedOp

    @classmethod
    def selects(cls, op: AtenOp) -> bool:
        return super().selects(op) and (op.name != "aten.linear" or op.arg("bias") is not None)


class ConvolutionConfig(XNNPartitionerConfig):
    """Convolutions over one and two dimensions, plain, depthwise and transposed."""

    ops = (
        "_convolution",
        "conv1d",
        "conv1d.padding",
        "conv2d",
        "conv2d.padding",
        "conv_transpose1d",
        "conv_transpose2d.input",
        "convolution",
    )
    node = xnn.Convolution2DOp


class LinearConfig(XNNPartitionerConfig):
    """Linear layers, with a bias and without."""

    ops = ("linear",)
    node = xnn.FullyConnectedOp


class MMConfig(XNNPartitionerConfig):
    """Products of two matrices; a linear layer without a bias decomposes into one."""

    ops = ("linear", "matmul", "mm")
    node = xnn.FullyConnectedOp

    @classmethod
    def selects(cls, op: AtenOp) -> bool:
        if op.name == "aten.matmul":
            # With a vector it decomposes into `mv` or `dot`, over batches into `bmm`.
            return _ranks(op) == {2}
        return super().selects(op) and (op.name != "aten.linear" or op.arg("bias") is None)


def _ranks(op: AtenOp) -> set[int]:
    from xnnir.dialects.xnn.base import shape_of

    return {len(shape_of(value)) for value in op.operands}
