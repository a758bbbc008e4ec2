"""Resizing of images."""

from __future__ import annotations

from typing import Any

from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, static_dim
from xnnir.passes._aten_to_xnn.arguments import Refusal, static_sizes, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, product_dim
from xnnir.passes._aten_to_xnn.shape import repeated
from xnnir.passes._aten_to_xnn.spatial import from_nhwc, nhwc_type, to_nhwc


def upsample_bilinear(op: AtenOp, to: Conversion) -> SSAValue:
    """`upsample_bilinear2d` to a size or by factors that give that size exactly."""
    is_vector = "input" in op.schema.positions
    x = to.operand(tensor_arg(op, "input" if is_vector else "self"))
    result = op.results[0]
    new_size = static_sizes(result, (2, 3), "resizing")
    align_corners = bool(op.arg("align_corners"))
    scales: Any = op.arg("scale_factors") if is_vector else (op.arg("scales_h"), op.arg("scales_w"))
    if not align_corners:
        # With half-pixel centres PyTorch steps by 1 / factor, XNNPACK by input / output.
        for size, output, scale in zip(
            static_sizes(x, (2, 3), "resizing"), new_size, scales or (None, None), strict=True
        ):
            if scale is not None and size * scale != output:
                raise Refusal(f"resizing {size} elements by {scale:g} does not give {output} exactly")
    type = nhwc_type(tensor_type_of(result), 2)
    node = xnn.StaticResizeBilinear2DOp(to_nhwc(to, x), type, new_size=new_size, align_corners=align_corners)
    return from_nhwc(to, to.emit(node), result.type)


def upsample_nearest(op: AtenOp, to: Conversion) -> SSAValue:
    """Nearest neighbours by a whole factor: each row and each pixel several times side by side."""
    is_vector = "input" in op.schema.positions
    x = to.operand(tensor_arg(op, "input" if is_vector else "self"))
    result = op.results[0]
    old_size, new_size = static_sizes(x, (2, 3), "resizing"), static_sizes(result, (2, 3), "resizing")
    scales: Any = op.arg("scale_factors") if is_vector else (op.arg("scales_h"), op.arg("scales_w"))
    for old, new, scale in zip(old_size, new_size, scales or (None, None), strict=True):
        if new % old or (scale is not None and old * scale != new):
            raise Refusal(
                f"XNNPACK repeats pixels a whole number of times, got {list(old_size)} to {list(new_size)}"
            )
    value = to_nhwc(to, x)
    n, h, w, c = dims_of(tensor_type_of(value))
    rows, columns = (new // old for old, new in zip(old_size, new_size, strict=True))
    line = to.reshape(value, [product_dim([n, h]), 1, product_dim([w, c])])
    tall = to.reshape(repeated(to, line, 1, rows), [n, new_size[0], w, c])
    pixel = to.reshape(tall, [product_dim([n, static_dim(new_size[0]), w]), 1, c])
    wide = to.reshape(repeated(to, pixel, 1, columns), [n, *new_size, c])
    return from_nhwc(to, wide, result.type)


CONVERTERS: dict[str, Converter] = {
    "_upsample_nearest_exact2d": upsample_nearest,
    "_upsample_nearest_exact2d.vec": upsample_nearest,
    "upsample_bilinear2d": upsample_bilinear,
    "upsample_bilinear2d.vec": upsample_bilinear,
    "upsample_nearest2d": upsample_nearest,
    "upsample_nearest2d.vec": upsample_nearest,
}
"""By the name of the op, without `aten.`"""
