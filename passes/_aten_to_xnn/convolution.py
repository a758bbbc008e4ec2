"""Convolutions, plain and transposed, over one and two spatial dimensions; batch norms that no convolution took in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import f32
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import Array
from xnnir.dialects.xnn.base import XnnOp, element_type_of, shape_of, tensor_type_of
from xnnir.passes._aten_to_xnn.arguments import (
    Refusal,
    float_arg,
    int_arg,
    int_list,
    optional_tensor_arg,
    tensor_arg,
)
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter
from xnnir.passes._aten_to_xnn.spatial import from_nhwc, nhwc_type, pair, symmetric, to_nhwc


@dataclass
class _Window:
    """The attributes of a convolution over rows and columns."""

    spatial: int
    padding: tuple[int, int, int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


def _window(op: AtenOp, weight: SSAValue) -> _Window:
    spatial = len(shape_of(weight)) - 2
    if spatial not in (1, 2):
        raise Refusal(f"XNNPACK has convolutions over 1 and 2 spatial dimensions, got {spatial}")
    ones = (1,) * spatial
    padding = (
        (0, 0, 0, 0)
        if op.arg("padding") in ("valid", "same")
        else symmetric(int_list(op, "padding", spatial))
    )
    return _Window(
        spatial,
        padding,
        pair(int_list(op, "stride", spatial, ones), 1),
        pair(int_list(op, "dilation", spatial, ones), 1),
        int_arg(op, "groups"),
    )


def _same_padding(kernel: Sequence[int], window: _Window) -> tuple[int, int, int, int]:
    # PyTorch puts the odd element at the end.
    if window.stride != (1, 1):
        raise Refusal(f"expected stride 1 with padding 'same', got {list(window.stride)}")
    total = [d * (k - 1) for d, k in zip(window.dilation, kernel, strict=True)]
    before = [size // 2 for size in total]
    return before[0], total[1] - before[1], total[0] - before[0], before[1]


def _kernel(filter: Array, spatial: int) -> Array:
    """[a, b, H, W], where there may be no rows."""
    return filter[:, :, None, :] if spatial == 1 else filter


def _bias(op: AtenOp, to: Conversion) -> tuple[SSAValue | None, SSAValue | None]:
    """The bias as a static operand in float32, or else the value to add afterwards."""
    bias = optional_tensor_arg(op, "bias")
    if bias is None:
        return None, None
    array = to.array(bias)
    return (to.constant(array, f32, bias.name_hint), None) if array is not None else (None, bias)


def _finish(
    op: AtenOp, to: Conversion, make: Callable[[SSAValue, SSAValue | None], XnnOp], spatial: int
) -> SSAValue:
    x = to_nhwc(to, to.operand(tensor_arg(op, "input")), spatial)
    bias, added = _bias(op, to)
    result = to.emit(make(x, bias))
    if added is not None:
        result = to.emit(xnn.AddOp(result, added, result.type))
    return from_nhwc(to, result, op.results[0].type, spatial)


def convolution(op: AtenOp, to: Conversion) -> SSAValue:
    """`conv1d`, `conv2d`, and `convolution` where it is not transposed."""
    weight = tensor_arg(op, "weight")
    window = _window(op, weight)
    shape = shape_of(weight)
    if op.arg("padding") == "same":
        window.padding = _same_padding((1, *shape[2:])[-2:], window)
    result_type = nhwc_type(tensor_type_of(op.results[0]), window.spatial)
    # Filters are float32 for float16 inputs too: XNNPACK packs them as it needs them.
    if window.groups > 1 and shape[1] == 1:
        kernel = to.arranged(weight, lambda w: _kernel(w, window.spatial).transpose(1, 2, 3, 0), "filter")

        def make(x: SSAValue, bias: SSAValue | None) -> XnnOp:
            return xnn.DepthwiseConvolution2DOp(
                x,
                kernel,
                bias,
                result_type,
                padding=window.padding,
                subsampling=window.stride,
                dilation=window.dilation,
            )
    else:
        kernel = to.arranged(weight, lambda w: _kernel(w, window.spatial).transpose(0, 2, 3, 1), "filter")

        def make(x: SSAValue, bias: SSAValue | None) -> XnnOp:
            return xnn.Convolution2DOp(
                x,
                kernel,
                bias,
                result_type,
                padding=window.padding,
                subsampling=window.stride,
                dilation=window.dilation,
                groups=window.groups,
            )

    return _finish(op, to, make, window.spatial)


def transposed_convolution(op: AtenOp, to: Conversion) -> SSAValue:
    """`conv_transpose1d`, `conv_transpose2d.input`, and `convolution` where it is transposed."""
    weight = tensor_arg(op, "weight")
    window = _window(op, weight)
    adjustment = pair(int_list(op, "output_padding", window.spatial, (0,) * window.spatial), 0)
    # Rows that are added for a stride of one or a dilation may be as many; they are rows that are not cut off.
    top, right, bottom, left = window.padding
    less = [
        min(a, pad) if a >= stride else 0
        for a, pad, stride in zip(adjustment, (bottom, right), window.stride, strict=True)
    ]
    window.padding = (top, right - less[1], bottom - less[0], left)
    adjustment = (adjustment[0] - less[0], adjustment[1] - less[1])

    def arrange(array: Array) -> Array:
        # PyTorch keeps [groups * IC/g, OC/g, H, W]; XNNPACK wants [groups * OC/g, H, W, IC/g].
        filter = _kernel(array, window.spatial)
        ic, oc, kh, kw = filter.shape
        grouped = filter.reshape(window.groups, ic // window.groups, oc, kh, kw).transpose(0, 2, 3, 4, 1)
        return grouped.reshape(window.groups * oc, kh, kw, ic // window.groups)

    kernel = to.arranged(weight, arrange, "filter")

    def make(x: SSAValue, bias: SSAValue | None) -> XnnOp:
        return xnn.Deconvolution2DOp(
            x,
            kernel,
            bias,
            nhwc_type(tensor_type_of(op.results[0]), window.spatial),
            padding=window.padding,
            adjustment=adjustment,
            upsampling=window.stride,
            dilation=window.dilation,
            groups=window.groups,
        )

    return _finish(op, to, make, window.spatial)


def any_convolution(op: AtenOp, to: Conversion) -> SSAValue:
    """`convolution`, the one op that core ATen has for all of them."""
    return transposed_convolution(op, to) if op.arg("transposed") else convolution(op, to)


def batch_norm(op: AtenOp, to: Conversion) -> list[SSAValue]:
    """
    A batch norm with fixed statistics: scale and shift of each channel.

    For images this is a depthwise convolution with a window of one element, which XNNPACK does as one
    multiply-add.
    """
    x = to.operand(tensor_arg(op, "input"))
    if "training" in op.schema.positions and op.arg("training"):
        raise Refusal("a batch norm in training mode changes its statistics")
    mean, variance = (to.static(tensor_arg(op, name), name) for name in ("running_mean", "running_var"))
    scale = 1.0 / np.sqrt(variance.astype(np.float64) + float_arg(op, "eps"))
    if (weight := optional_tensor_arg(op, "weight")) is not None:
        scale = scale * to.static(weight, "weight")
    shift = -mean * scale
    if (bias := optional_tensor_arg(op, "bias")) is not None:
        shift = shift + to.static(bias, "bias")
    return [_scale_and_shift(x, scale, shift, to)]


def _scale_and_shift(x: SSAValue, scale: Array, shift: Array, to: Conversion) -> SSAValue:
    rank = len(shape_of(x))
    if rank == 4:
        spatial = to_nhwc(to, x)
        filter = to.constant(scale.reshape(1, 1, 1, -1), f32)
        node = xnn.DepthwiseConvolution2DOp(spatial, filter, to.constant(shift, f32), spatial.type)
        return from_nhwc(to, to.emit(node), x.type)
    shape = (-1,) + (1,) * (rank - 2)
    factor, summand = (to.constant(array.reshape(shape), element_type_of(x)) for array in (scale, shift))
    scaled = to.emit(xnn.MultiplyOp(x, factor, x.type))
    return to.emit(xnn.AddOp(scaled, summand, x.type))


CONVERTERS: dict[str, Converter] = {
    "_convolution": any_convolution,
    "_native_batch_norm_legit_no_training": batch_norm,
    "batch_norm": batch_norm,
    "conv1d": convolution,
    "conv1d.padding": convolution,
    "conv2d": convolution,
    "conv2d.padding": convolution,
    "conv_transpose1d": transposed_convolution,
    "conv_transpose2d.input": transposed_convolution,
    "convolution": any_convolution,
    "native_batch_norm": batch_norm,
}
"""By the name of the op, without `aten.`"""
