"""
Resizing of images and sequences.

XNNPACK has bilinear interpolation of images to a size. Other linear interpolations, and cubic ones, are products with
a matrix for each dimension; nearest neighbours are picked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import Array
from xnnir.dialects.xnn.base import shape_of, tensor_type_of
from xnnir.passes._aten_to_xnn.arguments import static_sizes, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, require_float
from xnnir.passes._aten_to_xnn.gather import picked
from xnnir.passes._aten_to_xnn.linear_maps import cubic, linear, mapped
from xnnir.passes._aten_to_xnn.spatial import from_nhwc, nhwc_type, to_nhwc


def _input(op: AtenOp, to: Conversion) -> SSAValue:
    return require_float(to.operand(tensor_arg(op, "input" if "input" in op.schema.positions else "self")))


def _sizes(op: AtenOp, x: SSAValue) -> list[tuple[int, int, float | None]]:
    """Old size, new size and the user's factor, if any, of each spatial dimension."""
    axes = tuple(range(2, len(shape_of(x))))
    new = static_sizes(op.results[0], axes, "resizing")
    old = static_sizes(x, axes, "resizing")
    if "scale_factors" in op.schema.positions:
        scales: Any = op.arg("scale_factors") or [None] * len(axes)
    else:
        names = ("scales",) if len(axes) == 1 else ("scales_d", "scales_h", "scales_w")[-len(axes) :]
        scales = [op.arg(name) for name in names]
    return list(zip(old, new, scales, strict=True))


def upsample_bilinear(op: AtenOp, to: Conversion) -> SSAValue:
    """`upsample_bilinear2d`; with half-pixel centres PyTorch steps by 1 / factor, XNNPACK by input / output."""
    x = _input(op, to)
    result = op.results[0]
    align_corners = bool(op.arg("align_corners"))
    new_size = static_sizes(result, (2, 3), "resizing")
    is_inexact = any(
        old != new and scale is not None and old * scale != new for old, new, scale in _sizes(op, x)
    )
    if not align_corners and is_inexact:
        return _interpolated(op, to, linear)
    type = nhwc_type(tensor_type_of(result), 2)
    node = xnn.StaticResizeBilinear2DOp(to_nhwc(to, x), type, new_size=new_size, align_corners=align_corners)
    return from_nhwc(to, to.emit(node), result.type)


def _interpolated(
    op: AtenOp, to: Conversion, weights: Callable[[int, int, float | None, bool], Array]
) -> SSAValue:
    x = _input(op, to)
    for axis, (old, new, scale) in enumerate(_sizes(op, x), 2):
        x = mapped(to, x, axis, weights(old, new, scale, bool(op.arg("align_corners"))))
    return x


def upsample_linear(op: AtenOp, to: Conversion) -> SSAValue:
    """`upsample_linear1d` and `upsample_trilinear3d`"""
    return _interpolated(op, to, linear)


def upsample_bicubic(op: AtenOp, to: Conversion) -> SSAValue:
    return _interpolated(op, to, cubic)


def _nearest(old: int, new: int, scale: float | None, is_exact: bool) -> Sequence[int]:
    """The neighbour of each new element; PyTorch computes in float32, and its `nearest` has no half-pixel centres."""
    step = np.float32(1.0 / scale if scale else old / new)
    places = np.arange(new, dtype=np.float32) + np.float32(0.5 if is_exact else 0.0)
    return [int(place) for place in np.minimum(np.floor(places * step), old - 1)]


def upsample_nearest(op: AtenOp, to: Conversion) -> SSAValue:
    """`upsample_nearest1d` to `3d` and `_upsample_nearest_exact1d` to `3d`"""
    x = _input(op, to)
    sizes = _sizes(op, x)
    is_exact = "exact" in op.name
    # Whole pixels are moved at once where channels are innermost.
    is_image = len(shape_of(x)) == 4
    value = to_nhwc(to, x) if is_image else x
    for axis, (old, new, scale) in enumerate(sizes, 1 if is_image else 2):
        value = picked(to, value, axis, _nearest(old, new, scale, is_exact))
    return from_nhwc(to, value, op.results[0].type) if is_image else value


def _both(name: str, converter: Converter) -> dict[str, Converter]:
    return {name: converter, f"{name}.vec": converter}


CONVERTERS: dict[str, Converter] = {
    **_both("_upsample_nearest_exact1d", upsample_nearest),
    **_both("_upsample_nearest_exact2d", upsample_nearest),
    **_both("_upsample_nearest_exact3d", upsample_nearest),
    **_both("upsample_bicubic2d", upsample_bicubic),
    **_both("upsample_bilinear2d", upsample_bilinear),
    **_both("upsample_linear1d", upsample_linear),
    **_both("upsample_nearest1d", upsample_nearest),
    **_both("upsample_nearest2d", upsample_nearest),
    **_both("upsample_nearest3d", upsample_nearest),
    **_both("upsample_trilinear3d", upsample_linear),
}
"""By the name of the op, without `aten.`"""
