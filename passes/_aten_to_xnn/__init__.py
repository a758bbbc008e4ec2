"""How each `aten` op becomes nodes of XNNPACK, a file for each family of ops."""

from collections.abc import Mapping

from xnnir.passes._aten_to_xnn import (
    activation,
    adaptive,
    attention,
    broadcast,
    convolution,
    einsum,
    elementwise,
    exponential,
    gather,
    gemm,
    normalization,
    pooling,
    reduce,
    resize,
    shape,
)
from xnnir.passes._aten_to_xnn.conversion import Converter

CONVERTERS: Mapping[str, Converter] = {
    name: converter
    for family in (
        activation,
        adaptive,
        attention,
        broadcast,
        convolution,
        einsum,
        elementwise,
        exponential,
        gather,
        gemm,
        normalization,
        pooling,
        reduce,
        resize,
        shape,
    )
    for name, converter in family.CONVERTERS.items()
}
"""The converter of each op, by its name without `aten.`"""

__all__ = ["CONVERTERS"]
