"""Resizing of images."""

from __future__ import annotations

from typing import Any

from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.passes._aten_to_xnn.arguments import Refusal, static_sizes, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter
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


CONVERTERS: dict[str, Converter] = {
    "upsample_bilinear2d": upsample_bilinear,
    "upsample_bilinear2d.vec": upsample_bilinear,
}
"""By the name of the op, without `aten.`"""
