"""Nodes that multiply and accumulate: convolutions, fully connected, batch matrix multiply."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    Float32Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.xnn.base import (
    AnyTensor,
    Shape,
    XnnOp,
    broadcast_shapes,
    expect_length,
    expect_rank,
    expect_size,
    i64_array,
    shape_of,
    verify_output_bounds,
)
from xnnir.dialects.xnn.unary_ops import set_output_bounds


def window_output_size(input: int, pad: int, kernel: int, stride: int, dilation: int) -> int:
    """
    Positions of a window of `kernel` taps, `dilation` apart, over `input` elements and `pad` more; may be
    below 1.
    """
    if input == DYNAMIC_INDEX:
        return DYNAMIC_INDEX
    return (input + pad - dilation * (kernel - 1) - 1) // stride + 1


class ConvolutionLikeOp(XnnOp, ABC):
    """
    NHWC input, a filter, an optional bias of one number per output channel; the result is clamped to
    [output_min, output_max].
    """

    input = operand_def(AnyTensor)
    filter = operand_def(AnyTensor)
    bias = opt_operand_def(AnyTensor)
    output = result_def(AnyTensor)

    padding = prop_def(DenseArrayBase.constr(i64))
    """Top, right, bottom, left: XNNPACK's order."""
    dilation = prop_def(DenseArrayBase.constr(i64))
    """Height, width."""
    output_min = opt_prop_def(FloatAttr[Float32Type])
    output_max = opt_prop_def(FloatAttr[Float32Type])

    def _padding(self) -> tuple[int, ...]:
        return expect_length(self.padding, 4, "padding (top, right, bottom, left)", 0)

    def _expect_bias(self, channels: int) -> None:
        if self.bias is not None:
            expect_size(expect_rank(self.bias, 1, "a bias")[0], channels, "the size of the bias")

    def _grouped_filter(self, groups: int, input_channels: int) -> tuple[int, int, int]:
        """Output channels, height and width of a filter for `groups` groups, checked against input and bias."""
        oc, kh, kw, ic = _filter_shape(
            self.filter, "a filter [output channels, height, width, input channels]"
        )
        if groups < 1 or oc % groups:
            raise VerifyException(f"expected groups that divide {oc} output channels, got {groups}")
        expect_size(
            input_channels, ic * groups, "the input's channels (groups * the filter's input channels)"
        )
        self._expect_bias(oc)
        return oc, kh, kw

    def verify_(self) -> None:
        super().verify_()
        verify_output_bounds(self)


@irdl_op_definition
class Convolution2DOp(ConvolutionLikeOp):
    """
    2-D convolution (`xnn_define_convolution_2d`). The filter is [output channels, height, width, input
    channels / groups].

    Example:
        %y = xnn.convolution_2d %x, %w, %b {padding = array<i64: 1, 1, 1, 1>, subsampling = array<i64: 2, 2>,
               dilation = array<i64: 1, 1>, groups = 1 : i64, output_min = 0.0 : f32}
             : (tensor<1x224x224x3xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<1x112x112x16xf32>
    """

    name = "xnn.convolution_2d"

    subsampling = prop_def(DenseArrayBase.constr(i64))
    """Strides: height, width."""
    groups = prop_def(IntegerAttr[IntegerType])

    def __init__(
        self,
        input: SSAValue,
        filter: SSAValue,
        bias: SSAValue | None,
        result_type: Attribute,
        *,
        padding: Sequence[int] = (0, 0, 0, 0),
        subsampling: Sequence[int] = (1, 1),
        dilation: Sequence[int] = (1, 1),
        groups: int = 1,
        output_min: float | None = None,
        output_max: float | None = None,
    ):
        super().__init__(
            operands=[input, filter, bias],
            result_types=[result_type],
            properties={
                "padding": i64_array(padding),
                "subsampling": i64_array(subsampling),
                "dilation": i64_array(dilation),
                "groups": IntegerAttr(groups, i64),
            },
        )
        set_output_bounds(self, output_min, output_max)

    def infer_shape(self) -> Shape:
        n, h, w, c = expect_rank(self.input, 4, "an NHWC input")
        oc, kh, kw = self._grouped_filter(self.groups.value.data, c)
        top, right, bottom, left = self._padding()
        sh, sw = expect_length(self.subsampling, 2, "subsampling (height, width)", 1)
        dh, dw = expect_length(self.dilation, 2, "dilation (height, width)", 1)
        return _spatial(
            n,
            window_output_size(h, top + bottom, kh, sh, dh),
            window_output_size(w, left + right, kw, sw, dw),
            oc,
        )


@irdl_op_definition
class DepthwiseConvolution2DOp(ConvolutionLikeOp):
    """
    2-D convolution of each input channel by itself (`xnn_define_depthwise_convolution_2d`).

    The filter is [1, height, width, input channels * depth multiplier].
    """

    name = "xnn.depthwise_convolution_2d"

    subsampling = prop_def(DenseArrayBase.constr(i64))
    """Strides: height, width."""

    def __init__(
        self,
        input: SSAValue,
        filter: SSAValue,
        bias: SSAValue | None,
        result_type: Attribute,
        *,
        padding: Sequence[int] = (0, 0, 0, 0),
        subsampling: Sequence[int] = (1, 1),
        dilation: Sequence[int] = (1, 1),
        output_min: float | None = None,
        output_max: float | None = None,
    ):
        super().__init__(
            operands=[input, filter, bias],
            result_types=[result_type],
            properties={
                "padding": i64_array(padding),
                "subsampling": i64_array(subsampling),
                "dilation": i64_array(dilation),
            },
        )
        set_output_bounds(self, output_min, output_max)

    def infer_shape(self) -> Shape:
        n, h, w, c = expect_rank(self.input, 4, "an NHWC input")
        one, kh, kw, oc = _filter_shape(self.filter, "a filter [1, height, width, output channels]")
        expect_size(one, 1, "the filter's first size")
        if c != DYNAMIC_INDEX and (c == 0 or oc % c):
            raise VerifyException(
                f"expected output channels that are a multiple of {c} input channels, got {oc}"
            )
        self._expect_bias(oc)
        top, right, bottom, left = self._padding()
        sh, sw = expect_length(self.subsampling, 2, "subsampling (height, width)", 1)
        dh, dw = expect_length(self.dilation, 2, "dilation (height, width)", 1)
        return _spatial(
            n,
            window_output_size(h, top + bottom, kh, sh, dh),
            window_output_size(w, left + right, kw, sw, dw),
            oc,
        )


@irdl_op_definition
class Deconvolution2DOp(ConvolutionLikeOp):
    """
    2-D transposed convolution (`xnn_define_deconvolution_2d`). The filter is as for `xnn.convolution_2d`.

    The output has (input - 1) * upsampling + adjustment + dilation * (kernel - 1) + 1 - padding rows and columns.
    """

    name = "xnn.deconvolution_2d"

    adjustment = prop_def(DenseArrayBase.constr(i64))
    """Rows and columns added at the bottom and right of the output: PyTorch's output_padding."""
    upsampling = prop_def(DenseArrayBase.constr(i64))
    """Strides: height, width."""
    groups = prop_def(IntegerAttr[IntegerType])

    def __init__(
        self,
        input: SSAValue,
        filter: SSAValue,
        bias: SSAValue | None,
        result_type: Attribute,
        *,
        padding: Sequence[int] = (0, 0, 0, 0),
        adjustment: Sequence[int] = (0, 0),
        upsampling: Sequence[int] = (1, 1),
        dilation: Sequence[int] = (1, 1),
        groups: int = 1,
        output_min: float | None = None,
        output_max: float | None = None,
    ):
        super().__init__(
            operands=[input, filter, bias],
            result_types=[result_type],
            properties={
                "padding": i64_array(padding),
                "adjustment": i64_array(adjustment),
                "upsampling": i64_array(upsampling),
                "dilation": i64_array(dilation),
                "groups": IntegerAttr(groups, i64),
            },
        )
        set_output_bounds(self, output_min, output_max)

    def infer_shape(self) -> Shape:
        n, h, w, c = expect_rank(self.input, 4, "an NHWC input")
        oc, kh, kw = self._grouped_filter(self.groups.value.data, c)
        top, right, bottom, left = self._padding()
        uh, uw = expect_length(self.upsampling, 2, "upsampling (height, width)", 1)
        dh, dw = expect_length(self.dilation, 2, "dilation (height, width)", 1)
        ah, aw = expect_length(self.adjustment, 2, "adjustment (height, width)", 0)
        oh = DYNAMIC_INDEX if h == DYNAMIC_INDEX else (h - 1) * uh + ah + dh * (kh - 1) + 1 - top - bottom
        ow = DYNAMIC_INDEX if w == DYNAMIC_INDEX else (w - 1) * uw + aw + dw * (kw - 1) + 1 - left - right
        return _spatial(n, oh, ow, oc)


@irdl_op_definition
class FullyConnectedOp(XnnOp):
    """
    input @ filter.T + bias over the innermost dimension (`xnn_define_fully_connected`), clamped to
    [output_min, output_max].

    The filter is [output channels, input channels], or the other way round with `transpose_weights`.

    Example:
        %y = xnn.fully_connected %x, %w, %b : (tensor<1x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    """

    name = "xnn.fully_connected"

    input = operand_def(AnyTensor)
    filter = operand_def(AnyTensor)
    bias = opt_operand_def(AnyTensor)
    output = result_def(AnyTensor)

    transpose_weights = opt_prop_def(UnitAttr)
    output_min = opt_prop_def(FloatAttr[Float32Type])
    output_max = opt_prop_def(FloatAttr[Float32Type])

    def __init__(
        self,
        input: SSAValue,
        filter: SSAValue,
        bias: SSAValue | None,
        result_type: Attribute,
        *,
        transpose_weights: bool = False,
        output_min: float | None = None,
        output_max: float | None = None,
    ):
        super().__init__(operands=[input, filter, bias], result_types=[result_type])
        if transpose_weights:
            self.properties["transpose_weights"] = UnitAttr()
        set_output_bounds(self, output_min, output_max)

    def infer_shape(self) -> Shape:
        shape = shape_of(self.input)
        if not shape:
            raise VerifyException("expected an input of rank 1 or more, got rank 0")
        oc, ic = expect_rank(self.filter, 2, "a filter [output channels, input channels]")
        if self.transpose_weights is not None:
            oc, ic = ic, oc
        expect_size(shape[-1], ic, "the input's innermost size (the filter's input channels)")
        if self.bias is not None:
            expect_size(expect_rank(self.bias, 1, "a bias")[0], oc, "the size of the bias")
        return (*shape[:-1], oc)

    def verify_(self) -> None:
        super().verify_()
        verify_output_bounds(self)


@irdl_op_definition
class BatchMatrixMultiplyOp(XnnOp):
    """
    a @ b over the two innermost dimensions, broadcast over the others
    (`xnn_define_batch_matrix_multiply`); b is given transposed with `transpose_b`.
    """

    name = "xnn.batch_matrix_multiply"

    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    output = result_def(AnyTensor)

    transpose_b = opt_prop_def(UnitAttr)

    def __init__(self, lhs: SSAValue, rhs: SSAValue, result_type: Attribute, *, transpose_b: bool = False):
        super().__init__(operands=[lhs, rhs], result_types=[result_type])
        if transpose_b:
            self.properties["transpose_b"] = UnitAttr()

    def infer_shape(self) -> Shape:
        a, b = shape_of(self.lhs), shape_of(self.rhs)
        if len(a) < 2 or len(b) < 2:
            raise VerifyException(f"expected operands of rank 2 or more, got ranks {len(a)} and {len(b)}")
        k, n = b[-2:] if self.transpose_b is None else (b[-1], b[-2])
        expect_size(a[-1], k, "the innermost size of the first operand (the second's rows)")
        return (*broadcast_shapes(a[:-2], b[:-2]), a[-2], n)


def _filter_shape(filter: SSAValue, what: str) -> Shape:
    shape = expect_rank(filter, 4, what)
    if DYNAMIC_INDEX in shape:
        raise VerifyException(f"expected a filter of static shape, got {filter.type}")
    return shape


def _spatial(n: int, h: int, w: int, c: int) -> Shape:
    for size, what in ((h, "rows"), (w, "columns")):
        if size != DYNAMIC_INDEX and size < 1:
            raise VerifyException(
                f"expected the window to fit into the padded input, got {size} output {what}"
            )
    return (n, h, w, c)


__all__ = [
    "BatchMatrixMultiplyOp",
    "Convolution2DOp",
    "ConvolutionLikeOp",
    "Deconvolution2DOp",
    "DepthwiseConvolution2DOp",
    "FullyConnectedOp",
    "window_output_size",
]
