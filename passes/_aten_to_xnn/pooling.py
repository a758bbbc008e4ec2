"""Pooling over windows, and adaptive pooling where all windows have one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, tensor_type
from xnnir.passes._aten_to_xnn.arguments import Refusal, int_list, static_sizes, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter
from xnnir.passes._aten_to_xnn.spatial import from_nhwc, nhwc_type, pair, to_nhwc


@dataclass(frozen=True)
class Windows:
    """
    Where windows stand over rows and columns.

    before, after:
        Padding that the caller asked for, rows and columns.
    beyond:
        Rows and columns past that padding, which the last window covers when sizes are rounded up.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    beyond: tuple[int, int]

    @property
    def padding(self) -> tuple[int, int, int, int]:
        """Top, right, bottom, left, with what is beyond."""
        return (
            self.before[0],
            self.after[1] + self.beyond[1],
            self.after[0] + self.beyond[0],
            self.before[1],
        )


def rounded_up(input: int, padding: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """
    The number of windows when the last may go over the edge, and the elements past the padding that it covers.

    The rule of `pooling_output_shape` in PyTorch: the last window must start inside the input or the padding before it.
    """
    span = dilation * (kernel - 1) + 1
    count = -((span - input - 2 * padding) // stride) + 1
    if (count - 1) * stride >= input + padding:
        count -= 1
    return count, max((count - 1) * stride + span - input - 2 * padding, 0)


def _windows(op: AtenOp, x: SSAValue, spatial: int) -> Windows:
    kernel = pair(int_list(op, "kernel_size", spatial), 1)
    # XNNPACK strides one row at a time over the single row that ops over columns have.
    stride = pair(int_list(op, "stride", spatial, int_list(op, "kernel_size", spatial)), 1)
    padding = pair(int_list(op, "padding", spatial), 0)
    dilation = (1, 1)
    if "dilation" in op.schema.positions:
        dilation = pair(int_list(op, "dilation", spatial), 1)
    beyond = (0, 0)
    sizes = pair(shape_of(x)[-spatial:], 1)
    if op.arg("ceil_mode"):
        if DYNAMIC_INDEX in sizes:
            raise Refusal(f"ceil_mode needs sizes that are known while compiling, got {x.type}")
        per_axis = [
            rounded_up(*numbers) for numbers in zip(sizes, padding, kernel, stride, dilation, strict=True)
        ]
        for (count, _), size, pad, step in zip(per_axis, sizes, padding, stride, strict=True):
            if (count - 1) * step - pad >= size:
                raise Refusal("with ceil_mode the last window holds padding only")
        beyond = (per_axis[0][1], per_axis[1][1])
    return Windows(kernel, stride, dilation, padding, padding, beyond)


def max_pool(op: AtenOp, to: Conversion, spatial: int) -> list[SSAValue]:
    x = to.operand(tensor_arg(op, "self"))
    windows = _windows(op, x, spatial)
    if windows.kernel == (1, 1) and windows.stride == (1, 1) and not any(windows.padding):
        return [x]
    sizes = pair(shape_of(x)[-spatial:], 1)
    if any(windows.padding) and any(d > s >= 0 for d, s in zip(windows.dilation, sizes, strict=True)):
        raise Refusal(f"dilation {list(windows.dilation)} steps over the whole input, {x.type}")
    if any(step > size for step, size in zip(windows.stride, windows.kernel, strict=True)):
        raise Refusal(f"stride {list(windows.stride)} larger than the window {list(windows.kernel)}")
    node = xnn.MaxPooling2DOp(
        to_nhwc(to, x, spatial),
        nhwc_type(tensor_type_of(op.results[0]), spatial),
        padding=windows.padding,
        pooling=windows.kernel,
        stride=windows.stride,
        dilation=windows.dilation,
    )
    return [from_nhwc(to, to.emit(node), op.results[0].type, spatial)]


def average_pool(op: AtenOp, to: Conversion, spatial: int) -> SSAValue:
    """
    XNNPACK divides by the number of elements inside the input.

    That is PyTorch's rule without `count_include_pad`; with it, padding becomes part of the input. What is beyond the
    padding counts in neither.
    """
    x = to.operand(tensor_arg(op, "self"))
    windows = _windows(op, x, spatial)
    area = windows.kernel[0] * windows.kernel[1]
    divisor: Any = op.arg("divisor_override") if "divisor_override" in op.schema.positions else None
    if area == 1 and windows.stride == (1, 1) and not any(windows.padding) and divisor in (None, 1):
        return x
    input, padding = to_nhwc(to, x, spatial), windows.padding
    if op.arg("count_include_pad") or divisor is not None:
        input = to.pad(input, (0, *windows.before, 0), (0, *windows.after, 0))
        padding = (0, windows.beyond[1], windows.beyond[0], 0)
    if divisor is not None and any(windows.beyond):
        raise Refusal("divisor_override with ceil_mode divides windows of several sizes by one number")
    type = nhwc_type(tensor_type_of(op.results[0]), spatial)
    node = xnn.AveragePooling2DOp(input, type, padding=padding, pooling=windows.kernel, stride=windows.stride)
    result = to.emit(node)
    if divisor not in (None, area):
        result = to.emit(xnn.MultiplyOp(result, to.number(area / divisor, result), result.type))
    return from_nhwc(to, result, op.results[0].type, spatial)


def global_average(to: Conversion, x: SSAValue) -> SSAValue:
    """The mean over rows and columns of a logical tensor of rank 3 or 4; these stay with size 1."""
    dims = [*dims_of(tensor_type_of(x))[:-2], 1, 1]
    type = tensor_type(element_type_of(x), dims)
    input = to_nhwc(to, x)
    node = xnn.GlobalAveragePooling2DOp(input, nhwc_type(type, 2))
    return from_nhwc(to, to.emit(node), type)


def _adaptive_window(op: AtenOp, x: SSAValue, spatial: int) -> tuple[int, int]:
    """The one size that all windows of an adaptive pool have."""
    axes = tuple(range(len(shape_of(x)) - spatial, len(shape_of(x))))
    inputs = static_sizes(x, axes, "adaptive pooling to more than one element")
    outputs = static_sizes(op.results[0], axes, "adaptive pooling")
    for input, output in zip(inputs, outputs, strict=True):
        if input % output:
            raise Refusal(
                f"adaptive pooling of {list(inputs)} to {list(outputs)} has windows of several sizes"
            )
    return pair([a // b for a, b in zip(inputs, outputs, strict=True)], 1)


def adaptive_average_pool(op: AtenOp, to: Conversion, spatial: int) -> SSAValue:
    x = to.operand(tensor_arg(op, "self"))
    result = op.results[0]
    if spatial == 2 and shape_of(result)[-2:] == (1, 1):
        return global_average(to, x)
    window = _adaptive_window(op, x, spatial)
    if window == (1, 1):
        return x
    type = nhwc_type(tensor_type_of(result), spatial)
    node = xnn.AveragePooling2DOp(to_nhwc(to, x, spatial), type, pooling=window, stride=window)
    return from_nhwc(to, to.emit(node), result.type, spatial)


def adaptive_max_pool(op: AtenOp, to: Conversion, spatial: int) -> list[SSAValue]:
    x = to.operand(tensor_arg(op, "self"))
    window = _adaptive_window(op, x, spatial)
    return [x if window == (1, 1) else pooled_max(to, x, op.results[0], window, spatial)]


def pooled_max(
    to: Conversion, x: SSAValue, result: SSAValue, window: Sequence[int], spatial: int = 2
) -> SSAValue:
    """The largest numbers of windows side by side."""
    type = nhwc_type(tensor_type_of(result), spatial)
    node = xnn.MaxPooling2DOp(to_nhwc(to, x, spatial), type, pooling=window, stride=window)
    return from_nhwc(to, to.emit(node), result.type, spatial)


CONVERTERS: dict[str, Converter] = {
    "_adaptive_avg_pool2d": lambda op, to: adaptive_average_pool(op, to, 2),
    "adaptive_avg_pool1d": lambda op, to: adaptive_average_pool(op, to, 1),
    "adaptive_avg_pool2d": lambda op, to: adaptive_average_pool(op, to, 2),
    "adaptive_max_pool1d": lambda op, to: adaptive_max_pool(op, to, 1),
    "adaptive_max_pool2d": lambda op, to: adaptive_max_pool(op, to, 2),
    "avg_pool1d": lambda op, to: average_pool(op, to, 1),
    "avg_pool2d": lambda op, to: average_pool(op, to, 2),
    "max_pool1d": lambda op, to: max_pool(op, to, 1),
    "max_pool2d": lambda op, to: max_pool(op, to, 2),
    "max_pool2d_with_indices": lambda op, to: max_pool(op, to, 2),
}
"""By the name of the op, without `aten.`"""
