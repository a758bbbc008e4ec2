"""Configs of operators that are a node of XNNPACK, or a few, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xnnir.dialects import xnn
from xnnir.partition.config.xnnpack_config import XNNPartitionerConfig

if TYPE_CHECKING:
    from xnnir.dialects.aten import AtenOp


class AbsConfig(XNNPartitionerConfig):
    """`abs`."""

    ops = ("abs",)
    node = xnn.AbsOp


class AddConfig(XNNPartitionerConfig):
    """`add`, of a number too."""

    ops = ("add.Scalar", "add.Tensor")
    node = xnn.AddOp


class AvgPoolingConfig(XNNPartitionerConfig):
    """Average pooling, also where a size of the result gives the window."""

    ops = ("_adaptive_avg_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "avg_pool1d", "avg_pool2d")
    node = xnn.AveragePooling2DOp


class BMMConfig(XNNPartitionerConfig):
    """Products of matrices over batches."""

    ops = ("baddbmm", "bmm", "matmul")
    node = xnn.BatchMatrixMultiplyOp

    @classmethod
    def selects(cls, op: AtenOp) -> bool:
        from xnnir.dialects.xnn.base import shape_of

        if op.name == "aten.matmul":
            return any(len(shape_of(value)) > 2 for value in op.operands)
        return super().selects(op)


class CatConfig(XNNPartitionerConfig):
    """Concatenation, along a new dimension too."""

    ops = ("cat", "concat", "concatenate", "stack")
    node = xnn.ConcatenateOp


class CeilConfig(XNNPartitionerConfig):
    """`ceil`."""

    ops = ("ceil",)
    node = xnn.CeilingOp


class ClampConfig(XNNPartitionerConfig):
    """`clamp`, with numbers or tensors as bounds."""

    ops = ("clamp", "clamp.Tensor", "clamp_max", "clamp_min")
    node = xnn.ClampOp


class CloneConfig(XNNPartitionerConfig):
    """Copies, which cost nothing here; dropout outside training is one."""

    ops = (
        "alias",
        "alpha_dropout",
        "clone",
        "contiguous",
        "detach",
        "dropout",
        "feature_dropout",
        "lift_fresh",
    )
    node = xnn.CopyOp


class CloneDimOrderConfig(CloneConfig):
    """`dim_order_ops._clone_dim_order`: what `clone` becomes in ExecuTorch's edge dialect, which is not used here."""


class ConstantPadConfig(XNNPartitionerConfig):
    """Padding with a number."""

    ops = ("constant_pad_nd", "pad")
    node = xnn.StaticConstantPadOp


class CosConfig(XNNPartitionerConfig):
    """`cos`."""

    ops = ("cos",)
    node = xnn.CosineOp


class DeQuantizedPerTensorConfig(XNNPartitionerConfig):
    """`quantized_decomposed.dequantize_per_tensor`: integers to floats."""

    node = xnn.ConvertOp


class DivConfig(XNNPartitionerConfig):
    """Division, rounded or not."""

    ops = (
        "div.Scalar",
        "div.Scalar_mode",
        "div.Tensor",
        "div.Tensor_mode",
        "floor_divide",
        "floor_divide.Scalar",
        "true_divide.Tensor",
    )
    node = xnn.DivideOp


class EluConfig(XNNPartitionerConfig):
    """`elu`, and `selu`, which is one with a scale. ExecuTorch has the class, but does not use it by default."""

    ops = ("elu", "selu")
    node = xnn.EluOp


class ExpConfig(XNNPartitionerConfig):
    """`exp`."""

    ops = ("exp",)
    node = xnn.ExpOp


class FloorConfig(XNNPartitionerConfig):
    """`floor`."""

    ops = ("floor",)
    node = xnn.FloorOp


class GeluConfig(XNNPartitionerConfig):
    """`gelu`."""

    ops = ("gelu",)
    node = xnn.GeluOp


class HardswishConfig(XNNPartitionerConfig):
    """`hardswish`."""

    ops = ("hardswish",)
    node = xnn.HardswishOp


class HardtanhConfig(XNNPartitionerConfig):
    """`hardtanh`; `relu6` is one."""

    ops = ("hardtanh", "relu6")
    node = xnn.ClampOp


class LeakyReLUConfig(XNNPartitionerConfig):
    """`leaky_relu`."""

    ops = ("leaky_relu",)
    node = xnn.LeakyReluOp


class LogConfig(XNNPartitionerConfig):
    """`log`."""

    ops = ("log",)
    node = xnn.LogOp


class MaxPool2dConfig(XNNPartitionerConfig):
    """Max pooling, also where a size of the result gives the window."""

    ops = (
        "adaptive_max_pool1d",
        "adaptive_max_pool2d",
        "max_pool1d",
        "max_pool2d",
        "max_pool2d_with_indices",
    )
    node = xnn.MaxPooling2DOp


class MaximumConfig(XNNPartitionerConfig):
    """The larger of two tensors, element by element."""

    ops = ("max.other", "maximum")
    node = xnn.MaximumOp


class MeanDimConfig(XNNPartitionerConfig):
    """Means along dimensions; pooling to one element is one."""

    ops = ("_adaptive_avg_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "mean", "mean.dim")
    node = xnn.GlobalAveragePooling2DOp

    @classmethod
    def selects(cls, op: AtenOp) -> bool:
        is_pool = op.name not in ("aten.mean", "aten.mean.dim")
        return super().selects(op) and (not is_pool or set(op.arg("output_size")) == {1})


class MinimumConfig(XNNPartitionerConfig):
    """The smaller of two tensors, element by element."""

    ops = ("min.other", "minimum")
    node = xnn.MinimumOp


class MulConfig(XNNPartitionerConfig):
    """`mul`, by a number too."""

    ops = ("mul.Scalar", "mul.Tensor")
    node = xnn.MultiplyOp


class NegConfig(XNNPartitionerConfig):
    """`neg`."""

    ops = ("neg",)
    node = xnn.NegateOp


class PermuteConfig(XNNPartitionerConfig):
    """Permutations of dimensions under all their names."""

    ops = (
        "mT",
        "moveaxis.int",
        "moveaxis.intlist",
        "movedim.int",
        "movedim.intlist",
        "numpy_T",
        "permute",
        "permute_copy",
        "swapaxes",
        "t",
        "transpose.int",
    )
    node = xnn.StaticTransposeOp


class PowConfig(XNNPartitionerConfig):
    """Powers to a number, where XNNPACK has a node for it; `square` is one."""

    ops = ("pow.Tensor_Scalar", "square")
    node = xnn.SquareOp


class QuantizedPerTensorConfig(XNNPartitionerConfig):
    """`quantized_decomposed.quantize_per_tensor`: floats to integers."""

    node = xnn.ConvertOp


class ReLUConfig(XNNPartitionerConfig):
    """`relu`."""

    ops = ("relu",)
    node = xnn.ClampOp


class ReciprocalSquareRootConfig(XNNPartitionerConfig):
    """`rsqrt`."""

    ops = ("rsqrt",)
    node = xnn.ReciprocalSquareRootOp


class SigmoidConfig(XNNPartitionerConfig):
    """`sigmoid`."""

    ops = ("sigmoid",)
    node = xnn.SigmoidOp


class SinConfig(XNNPartitionerConfig):
    """`sin`."""

    ops = ("sin",)
    node = xnn.SineOp


class SliceCopyConfig(XNNPartitionerConfig):
    """Slices along a dimension, one or several that make the whole."""

    ops = (
        "chunk",
        "narrow",
        "select.int",
        "slice.Tensor",
        "slice_copy.Tensor",
        "split",
        "split.Tensor",
        "split.sizes",
        "split_with_sizes",
        "tensor_split.indices",
        "tensor_split.sections",
        "unbind.int",
        "unsafe_chunk",
        "unsafe_split.Tensor",
    )
    node = xnn.StaticSliceOp


class SoftmaxConfig(XNNPartitionerConfig):
    """Softmax along any dimension."""

    ops = ("_safe_softmax", "_softmax", "softmax.int")
    node = xnn.SoftmaxOp


class SquareRootConfig(XNNPartitionerConfig):
    """`sqrt`."""

    ops = ("sqrt",)
    node = xnn.SquareRootOp


class SubConfig(XNNPartitionerConfig):
    """`sub` and `rsub`, of numbers too."""

    ops = ("rsub.Scalar", "rsub.Tensor", "sub.Scalar", "sub.Tensor")
    node = xnn.SubtractOp


class TanhConfig(XNNPartitionerConfig):
    """`tanh`."""

    ops = ("tanh",)
    node = xnn.TanhOp


class ToDimOrderCopyConfig(XNNPartitionerConfig):
    """Casts between float types, and copies with another order of dimensions in memory."""

    ops = ("_to_copy", "to.device", "to.dtype", "to.dtype_layout", "type_as")
    node = xnn.ConvertOp


class UnsqueezeCopyConfig(XNNPartitionerConfig):
    """`unsqueeze`: a new dimension of size 1."""

    ops = ("unsqueeze",)
    node = xnn.StaticReshapeOp


class UpsampleBilinear2dConfig(XNNPartitionerConfig):
    """Bilinear interpolation of images."""

    ops = ("upsample_bilinear2d", "upsample_bilinear2d.vec")
    node = xnn.StaticResizeBilinear2DOp


class ViewCopyConfig(XNNPartitionerConfig):
    """Other shapes of the same numbers, but for `unsqueeze`."""

    ops = (
        "_reshape_alias",
        "_unsafe_view",
        "flatten.using_ints",
        "reshape",
        "squeeze",
        "squeeze.dim",
        "squeeze.dims",
        "unflatten.int",
        "view",
        "view_as",
        "view_copy",
    )
    node = xnn.StaticReshapeOp


GENERIC_NODE_CONFIGS: tuple[type[XNNPartitionerConfig], ...] = (
    AbsConfig,
    AddConfig,
    AvgPoolingConfig,
    BMMConfig,
    CatConfig,
    CeilConfig,
    ClampConfig,
    CloneConfig,
    CloneDimOrderConfig,
    ConstantPadConfig,
    CosConfig,
    DeQuantizedPerTensorConfig,
    DivConfig,
    EluConfig,
    ExpConfig,
    FloorConfig,
    GeluConfig,
    HardswishConfig,
    HardtanhConfig,
    LeakyReLUConfig,
    LogConfig,
    MaxPool2dConfig,
    MaximumConfig,
    MeanDimConfig,
    MinimumConfig,
    MulConfig,
    NegConfig,
    PermuteConfig,
    PowConfig,
    QuantizedPerTensorConfig,
    ReLUConfig,
    ReciprocalSquareRootConfig,
    SigmoidConfig,
    SinConfig,
    SliceCopyConfig,
    SoftmaxConfig,
    SquareRootConfig,
    SubConfig,
    TanhConfig,
    ToDimOrderCopyConfig,
    UnsqueezeCopyConfig,
    UpsampleBilinear2dConfig,
    ViewCopyConfig,
)
"""All of this file."""
