"""Pooling over windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import Array
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
    input = to_nhwc(to, x, spatial)
    if any(step > size for step, size in zip(windows.stride, windows.kernel, strict=True)):
        input, windows = _without_gaps(to, input, windows, op.results[0], spatial)
    node = xnn.MaxPooling2DOp(
        input,
        nhwc_type(tensor_type_of(op.results[0]), spatial),
        padding=windows.padding,
        pooling=windows.kernel,
        stride=windows.stride,
        dilation=windows.dilation,
    )
    return [from_nhwc(to, to.emit(node), op.results[0].type, spatial)]


def _without_gaps(
    to: Conversion, x: SSAValue, windows: Windows, result: SSAValue, spatial: int
) -> tuple[SSAValue, Windows]:
    """
    The NHWC tensor `x` without the rows and columns between windows, and the windows side by side.

    XNNPACK has no maximum over windows whose stride is larger than they are.
    """
    if windows.dilation != (1, 1):
        raise Refusal(
            f"stride {list(windows.stride)} larger than the window {list(windows.kernel)}, with dilation"
        )
    sizes = static_sizes(x, (1, 2), "a stride larger than the window")
    counts = pair(static_sizes(result, _spatial_axes(result, spatial), "pooling"), 1)
    stride = tuple(max(step, size) for step, size in zip(windows.stride, windows.kernel, strict=True))
    # Where windows overlap in one dimension, that one is left as it is.
    steps = [s if s > k else None for s, k in zip(windows.stride, windows.kernel, strict=True)]
    top, right, bottom, left = windows.padding
    before, after = [0, 0], [0, 0]
    for place, (pads, step) in enumerate(zip(((top, bottom), (left, right)), steps, strict=True)):
        if step is not None:
            before[place] = pads[0]
            after[place] = max(stride[place] * counts[place] - sizes[place] - pads[0], 0)
    x = to.pad(x, (0, *before, 0), (0, *after, 0), -math.inf)
    for place, step in enumerate(steps):
        if step is not None:
            x = _kept_of_each(to, x, place + 1, windows.kernel[place], step, counts[place])
    new_stride = pair([k if s is not None else old for k, s, old in zip(
        windows.kernel, steps, windows.stride, strict=True
    )], 1)  # fmt: skip
    kept = [pad if step is None else 0 for pad, step in zip(windows.before, steps, strict=True)]
    ends = [pad if step is None else 0 for pad, step in zip(windows.after, steps, strict=True)]
    beyond = [pad if step is None else 0 for pad, step in zip(windows.beyond, steps, strict=True)]
    return x, Windows(
        windows.kernel, new_stride, (1, 1), (kept[0], kept[1]), (ends[0], ends[1]), (beyond[0], beyond[1])
    )


def _spatial_axes(value: SSAValue, spatial: int) -> tuple[int, ...]:
    rank = len(shape_of(value))
    return tuple(range(rank - spatial, rank))


def _kept_of_each(to: Conversion, x: SSAValue, axis: int, kept: int, step: int, count: int) -> SSAValue:
    """The first `kept` of every `step` elements along `axis`."""
    x = to.slice(x, axis, 0, step * count)
    dims: list[Any] = list(dims_of(tensor_type_of(x)))
    groups = to.reshape(x, [*dims[:axis], count, step, *dims[axis + 1 :]])
    return to.reshape(to.slice(groups, axis + 1, 0, kept), [*dims[:axis], count * kept, *dims[axis + 1 :]])


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
    if divisor is None and spatial == 2 and _is_whole_input(windows, x, op.results[0]):
        # XNNPACK would go through every place of the window, those beyond the input too.
        return global_average(to, x)
    input, padding = to_nhwc(to, x, spatial), windows.padding
    if op.arg("count_include_pad") or divisor is not None:
        input = to.pad(input, (0, *windows.before, 0), (0, *windows.after, 0))
        padding = (0, windows.beyond[1], windows.beyond[0], 0)
    type = nhwc_type(tensor_type_of(op.results[0]), spatial)
    node = xnn.AveragePooling2DOp(input, type, padding=padding, pooling=windows.kernel, stride=windows.stride)
    result = to.emit(node)
    if divisor is not None and (divisor != area or any(windows.beyond)):
        result = to.emit(xnn.MultiplyOp(result, _sizes_over(to, windows, divisor, result), result.type))
    return from_nhwc(to, result, op.results[0].type, spatial)


def _is_whole_input(windows: Windows, x: SSAValue, result: SSAValue) -> bool:
    """Whether there is one window, and it holds every row and column."""
    reach = tuple(size - beyond for size, beyond in zip(windows.kernel, windows.beyond, strict=True))
    is_padded = any((*windows.before, *windows.after))
    return not is_padded and shape_of(result)[-2:] == (1, 1) and reach == tuple(shape_of(x)[-2:])


def _sizes_over(to: Conversion, windows: Windows, divisor: int, result: SSAValue) -> SSAValue:
    """The number of elements of each window that are not beyond the padding, over `divisor`, for an NHWC result."""
    if not any(windows.beyond):
        return to.number(windows.kernel[0] * windows.kernel[1] / divisor, result)
    inside: list[Array] = []
    for axis, beyond in enumerate(windows.beyond):
        (count,) = static_sizes(result, (axis + 1,), "ceil_mode")
        size = np.full(count, windows.kernel[axis])
        size[-1] -= beyond
        inside.append(size)
    table = np.outer(*inside)[:, :, None] / divisor
    return to.constant(table, element_type_of(result))


def global_average(to: Conversion, x: SSAValue) -> SSAValue:
    """The mean over rows and columns of a logical tensor of rank 3 or 4; these stay with size 1."""
    dims = [*dims_of(tensor_type_of(x))[:-2], 1, 1]
    type = tensor_type(element_type_of(x), dims)
    input = to_nhwc(to, x)
    node = xnn.GlobalAveragePooling2DOp(input, nhwc_type(type, 2))
    return from_nhwc(to, to.emit(node), type)


def pooled_max(
    to: Conversion, x: SSAValue, result: SSAValue, window: Sequence[int], spatial: int = 2
) -> SSAValue:
    """The largest numbers of windows side by side."""
    type = nhwc_type(tensor_type_of(result), spatial)
    node = xnn.MaxPooling2DOp(to_nhwc(to, x, spatial), type, pooling=window, stride=window)
    return from_nhwc(to, to.emit(node), result.type, spatial)


CONVERTERS: dict[str, Converter] = {
    "avg_pool1d": lambda op, to: average_pool(op, to, 1),
    "avg_pool2d": lambda op, to: average_pool(op, to, 2),
    "max_pool1d": lambda op, to: max_pool(op, to, 1),
    "max_pool2d": lambda op, to: max_pool(op, to, 2),
    "max_pool2d_with_indices": lambda op, to: max_pool(op, to, 2),
}
"""By the name of the op, without `aten.`"""
