"""
Adaptive pooling.

Windows of one size are a pool. Where they differ, averages are products with a matrix for each dimension, and maxima
are taken window by window.
"""

from __future__ import annotations

from typing import Any

from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import shape_of, tensor_type_of
from xnnir.passes._aten_to_xnn.arguments import Refusal, static_sizes, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter
from xnnir.passes._aten_to_xnn.gather import MAX_PIECES, picked
from xnnir.passes._aten_to_xnn.linear_maps import averages, mapped, windows
from xnnir.passes._aten_to_xnn.pooling import global_average, pooled_max
from xnnir.passes._aten_to_xnn.reduce import maximum
from xnnir.passes._aten_to_xnn.shape import concatenated
from xnnir.passes._aten_to_xnn.spatial import from_nhwc, nhwc_type, pair, to_nhwc


def _sizes(op: AtenOp, x: SSAValue, spatial: int) -> list[tuple[int, int, int]]:
    """Axis, old size and new size of each spatial dimension."""
    rank = len(shape_of(x))
    axes = tuple(range(rank - spatial, rank))
    old = static_sizes(x, axes, "adaptive pooling to more than one element")
    new = static_sizes(op.results[0], axes, "adaptive pooling")
    return list(zip(axes, old, new, strict=True))


def adaptive_average_pool(op: AtenOp, to: Conversion, spatial: int) -> SSAValue:
    x = to.operand(tensor_arg(op, "self"))
    result = op.results[0]
    if spatial == 2 and shape_of(result)[-2:] == (1, 1):
        return global_average(to, x)
    sizes = _sizes(op, x, spatial)
    if any(old % new for _, old, new in sizes):
        for axis, old, new in sizes:
            x = mapped(to, x, axis, averages(old, new))
        return x
    window = pair([old // new for _, old, new in sizes], 1)
    if window == (1, 1):
        return x
    type = nhwc_type(tensor_type_of(result), spatial)
    node = xnn.AveragePooling2DOp(to_nhwc(to, x, spatial), type, pooling=window, stride=window)
    return from_nhwc(to, to.emit(node), result.type, spatial)


def adaptive_max_pool(op: AtenOp, to: Conversion, spatial: int) -> list[SSAValue]:
    x = to.operand(tensor_arg(op, "self"))
    sizes = _sizes(op, x, spatial)
    if any(old % new for _, old, new in sizes):
        for axis, old, new in sizes:
            x = _maxima(to, x, axis, windows(old, new))
        return [x]
    window = pair([old // new for _, old, new in sizes], 1)
    return [x if window == (1, 1) else pooled_max(to, x, op.results[0], window, spatial)]


def _maxima(to: Conversion, x: SSAValue, axis: int, spans: list[tuple[int, int]]) -> SSAValue:
    if all(end - start == 1 for start, end in spans):
        return picked(to, x, axis, [start for start, _ in spans])
    if len(spans) > MAX_PIECES:
        raise Refusal(f"adaptive pooling has {len(spans)} windows of several sizes")
    parts = [maximum(to, to.slice(x, axis, start, end - start), (axis,)) for start, end in spans]
    return concatenated(to, parts, axis)


def _of(function: Any, spatial: int) -> Converter:
    return lambda op, to: function(op, to, spatial)


CONVERTERS: dict[str, Converter] = {
    "_adaptive_avg_pool2d": _of(adaptive_average_pool, 2),
    "adaptive_avg_pool1d": _of(adaptive_average_pool, 1),
    "adaptive_avg_pool2d": _of(adaptive_average_pool, 2),
    "adaptive_max_pool1d": _of(adaptive_max_pool, 1),
    "adaptive_max_pool2d": _of(adaptive_max_pool, 2),
}
"""By the name of the op, without `aten.`"""
