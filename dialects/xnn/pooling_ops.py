"""Nodes that look at a neighbourhood or reduce: pooling, reductions, softmax, bilinear resize."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    Float32Type,
    FloatAttr,
    StringAttr,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.xnn.base import (
    AnyTensor,
    Shape,
    XnnOp,
    expect_length,
    expect_rank,
    format_shape,
    i64_array,
    ints,
    shape_of,
    verify_output_bounds,
)
from xnnir.dialects.xnn.gemm_ops import window_output_size
from xnnir.dialects.xnn.unary_ops import set_output_bounds


class Pooling2DOp(XnnOp, ABC):
    """A window that moves over the rows and columns of an NHWC input."""

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)

    padding = prop_def(DenseArrayBase.constr(i64))
    """Top, right, bottom, left: XNNPACK's order."""
    pooling = prop_def(DenseArrayBase.constr(i64))
    """Size of the window: height, width."""

    def _window(self, stride: Sequence[int], dilation: Sequence[int] = (1, 1)) -> Shape:
        n, h, w, c = expect_rank(self.input, 4, "an NHWC input")
        top, right, bottom, left = expect_length(self.padding, 4, "padding (top, right, bottom, left)", 0)
        kh, kw = expect_length(self.pooling, 2, "pooling (height, width)", 1)
        oh = window_output_size(h, top + bottom, kh, stride[0], dilation[0])
        ow = window_output_size(w, left + right, kw, stride[1], dilation[1])
        for size, what in ((oh, "rows"), (ow, "columns")):
            if size != DYNAMIC_INDEX and size < 1:
                raise VerifyException(
                    f"expected the window to fit into the padded input, got {size} output {what}"
                )
        return (n, oh, ow, c)


@irdl_op_definition
class AveragePooling2DOp(Pooling2DOp):
    """
    The mean of each window, padding not counted (`xnn_define_average_pooling_2d`).

    Example:
        %y = xnn.average_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>,
               stride = array<i64: 2, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
    """

    name = "xnn.average_pooling_2d"

    stride = prop_def(DenseArrayBase.constr(i64))
    output_min = opt_prop_def(FloatAttr[Float32Type])
    output_max = opt_prop_def(FloatAttr[Float32Type])

    def __init__(
        self,
        input: SSAValue,
        result_type: Attribute,
        *,
        padding: Sequence[int] = (0, 0, 0, 0),
        pooling: Sequence[int],
        stride: Sequence[int],
        output_min: float | None = None,
        output_max: float | None = None,
    ):
        super().__init__(
            operands=[input],
            result_types=[result_type],
            properties={
                "padding": i64_array(padding),
                "pooling": i64_array(pooling),
                "stride": i64_array(stride),
            },
        )
        set_output_bounds(self, output_min, output_max)

    def infer_shape(self) -> Shape:
        return self._window(expect_length(self.stride, 2, "stride (height, width)", 1))

    def verify_(self) -> None:
        super().verify_()
        verify_output_bounds(self)


@irdl_op_definition
class MaxPooling2DOp(Pooling2DOp):
    """The largest number of each window, padding not counted (`xnn_define_max_pooling_2d`)."""

    name = "xnn.max_pooling_2d"

    stride = prop_def(DenseArrayBase.constr(i64))
    dilation = prop_def(DenseArrayBase.constr(i64))
    output_min = opt_prop_def(FloatAttr[Float32Type])
    output_max = opt_prop_def(FloatAttr[Float32Type])

    def __init__(
        self,
        input: SSAValue,
        result_type: Attribute,
        *,
        padding: Sequence[int] = (0, 0, 0, 0),
        pooling: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int] = (1, 1),
        output_min: float | None = None,
        output_max: float | None = None,
    ):
        super().__init__(
            operands=[input],
            result_types=[result_type],
            properties={
                "padding": i64_array(padding),
                "pooling": i64_array(pooling),
                "stride": i64_array(stride),
                "dilation": i64_array(dilation),
            },
        )
        set_output_bounds(self, output_min, output_max)

    def infer_shape(self) -> Shape:
        stride = expect_length(self.stride, 2, "stride (height, width)", 1)
        dilation = expect_length(self.dilation, 2, "dilation (height, width)", 1)
        # xnn_define_max_pooling_2d refuses windows that skip elements.
        if any(s > k for s, k in zip(stride, ints(self.pooling), strict=False)):
            raise VerifyException(f"expected a stride no larger than the window, got {list(stride)}")
        return self._window(stride, dilation)

    def verify_(self) -> None:
        super().verify_()
        verify_output_bounds(self)


@irdl_op_definition
class ArgmaxPooling2DOp(Pooling2DOp):
    """
    The largest number of each window and its index in the window, windows side by side
    (`xnn_define_argmax_pooling_2d`). The index is a tensor of i32 of the same shape.
    """

    name = "xnn.argmax_pooling_2d"

    # Inherited results come after a class's own: both stand here, in the order of the node's outputs.
    output = result_def(AnyTensor)
    index = result_def(AnyTensor)

    def __init__(
        self,
        input: SSAValue,
        result_type: Attribute,
        index_type: Attribute,
        *,
        padding: Sequence[int] = (0, 0, 0, 0),
        pooling: Sequence[int],
    ):
        super().__init__(
            operands=[input],
            result_types=[result_type, index_type],
            properties={"padding": i64_array(padding), "pooling": i64_array(pooling)},
        )

    def infer_shape(self) -> Shape:
        return self._window(expect_length(self.pooling, 2, "pooling (height, width)", 1))

    def verify_(self) -> None:
        super().verify_()
        if shape_of(self.index) != shape_of(self.output):
            raise VerifyException(
                f"expected an index of shape {format_shape(shape_of(self.output))}, got {self.index.type}"
            )


@irdl_op_definition
class GlobalAveragePooling2DOp(XnnOp):
    """
    The mean over rows and columns: [N, H, W, C] to [N, 1, 1, C]. XNNPACK defines it as a reduction;
    delegate files know it as a node of its own.
    """

    name = "xnn.global_average_pooling_2d"

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)

    output_min = opt_prop_def(FloatAttr[Float32Type])
    output_max = opt_prop_def(FloatAttr[Float32Type])

    def __init__(
        self,
        input: SSAValue,
        result_type: Attribute,
        *,
        output_min: float | None = None,
        output_max: float | None = None,
    ):
        super().__init__(operands=[input], result_types=[result_type])
        set_output_bounds(self, output_min, output_max)

    def infer_shape(self) -> Shape:
        n, _, _, c = expect_rank(self.input, 4, "an NHWC input")
        return (n, 1, 1, c)

    def verify_(self) -> None:
        super().verify_()
        verify_output_bounds(self)


@irdl_op_definition
class StaticReduceOp(XnnOp):
    """
    Sum or mean over `axes` (`xnn_define_static_reduce`); the axes stay with size 1 when `keep_dims` is there.

    Example:
        %y = xnn.static_reduce %x {kind = "mean", axes = array<i64: 1>, keep_dims}
             : (tensor<4x8xf32>) -> tensor<4x1xf32>
    """

    name = "xnn.static_reduce"

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)

    kind = prop_def(StringAttr)
    axes = prop_def(DenseArrayBase.constr(i64))
    keep_dims = opt_prop_def(UnitAttr)

    def __init__(
        self,
        input: SSAValue,
        result_type: Attribute,
        *,
        kind: str,
        axes: Sequence[int],
        keep_dims: bool = False,
    ):
        super().__init__(
            operands=[input],
            result_types=[result_type],
            properties={"kind": StringAttr(kind), "axes": i64_array(sorted(axes))},
        )
        if keep_dims:
            self.properties["keep_dims"] = UnitAttr()

    def infer_shape(self) -> Shape:
        if self.kind.data not in ("sum", "mean"):
            raise VerifyException(f"expected kind to be sum or mean, got {self.kind.data}")
        shape = shape_of(self.input)
        axes = ints(self.axes)
        if not axes or list(axes) != sorted(set(axes)) or not 0 <= axes[0] <= axes[-1] < len(shape):
            raise VerifyException(f"expected axes in rising order below {len(shape)}, got {list(axes)}")
        if self.keep_dims is not None:
            return tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        return tuple(size for axis, size in enumerate(shape) if axis not in axes)


@irdl_op_definition
class SoftmaxOp(XnnOp):
    """exp(x) over its sum along the innermost dimension (`xnn_define_softmax`)."""

    name = "xnn.softmax"

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)

    def __init__(self, input: SSAValue, result_type: Attribute):
        super().__init__(operands=[input], result_types=[result_type])

    def infer_shape(self) -> Shape:
        shape = shape_of(self.input)
        if not shape:
            raise VerifyException("expected an input of rank 1 or more, got rank 0")
        return shape


@irdl_op_definition
class StaticResizeBilinear2DOp(XnnOp):
    """
    Bilinear interpolation of an NHWC input to a fixed size (`xnn_define_static_resize_bilinear_2d`):
    half-pixel centres, or corner to corner with `align_corners`.
    """

    name = "xnn.static_resize_bilinear_2d"

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)

    new_size = prop_def(DenseArrayBase.constr(i64))
    """Height, width."""
    align_corners = opt_prop_def(UnitAttr)
    tensorflow_legacy_mode = opt_prop_def(UnitAttr)
    """Pixel (0, 0) maps to (0, 0) and the scale is input / output."""

    def __init__(
        self, input: SSAValue, result_type: Attribute, *, new_size: Sequence[int], align_corners: bool = False
    ):
        super().__init__(
            operands=[input], result_types=[result_type], properties={"new_size": i64_array(new_size)}
        )
        if align_corners:
            self.properties["align_corners"] = UnitAttr()

    def infer_shape(self) -> Shape:
        n, _, _, c = expect_rank(self.input, 4, "an NHWC input")
        h, w = expect_length(self.new_size, 2, "new_size (height, width)", 1)
        if self.align_corners is not None and self.tensorflow_legacy_mode is not None:
            raise VerifyException("expected align_corners or tensorflow_legacy_mode, got both")
        return (n, h, w, c)
