"""How each `aten` op becomes nodes of XNNPACK, a file for each family of ops."""

from collections.abc import Mapping

from xnnir.passes._aten_to_xnn import (
    activation,
    attention,
    convolution,
    elementwise,
    gemm,
    normalization,
    pooling,
    reduce,
    resize,
    shape,
)
from xnnir.passes._aten_to_xnn.conversion import Converter

CONVERTERS: Mapping[str, Converter] = {
    **activation.CONVERTERS,
    **attention.CONVERTERS,
    **convolution.CONVERTERS,
    **elementwise.CONVERTERS,
    **gemm.CONVERTERS,
    **normalization.CONVERTERS,
    **pooling.CONVERTERS,
    **reduce.CONVERTERS,
    **resize.CONVERTERS,
    **shape.CONVERTERS,
}
"""The converter of each op, by its name without `aten.`"""

__all__ = ["CONVERTERS"]
