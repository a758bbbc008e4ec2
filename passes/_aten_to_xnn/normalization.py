"""Normalisation by statistics of the input itself, made of means and elementwise nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import f32
from xdsl.ir import Attribute, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import numpy_dtype
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of, with_element_type
from xnnir.dialects.xnn.dims import dims_of, static_dim
from xnnir.passes._aten_to_xnn.arguments import (
    float_arg,
    int_arg,
    optional_tensor_arg,
    require_same_dtype,
    static_sizes,
    tensor_arg,
)
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter
from xnnir.passes._aten_to_xnn.convolution import batch_norm
from xnnir.passes._aten_to_xnn.reduce import mean


def _input(op: AtenOp, to: Conversion) -> SSAValue:
    x = to.operand(tensor_arg(op, "input"))
    require_same_dtype(op, x)
    return x


def _divided_by_deviation(to: Conversion, centred: SSAValue, axes: Sequence[int], eps: float) -> SSAValue:
    """Centred / sqrt(mean(centred^2) + eps)"""
    variance = mean(to, to.emit(xnn.SquareOp(centred, centred.type)), axes)
    biased = to.emit(xnn.AddOp(variance, to.number(eps, variance), variance.type))
    factor = to.emit(xnn.ReciprocalSquareRootOp(biased, biased.type))
    return to.emit(xnn.MultiplyOp(centred, factor, centred.type))


def _standardised(to: Conversion, x: SSAValue, axes: Sequence[int], eps: float) -> SSAValue:
    wide = _converted(to, x, f32)
    centred = to.emit(xnn.SubtractOp(wide, mean(to, wide, axes), wide.type))
    return _converted(to, _divided_by_deviation(to, centred, axes, eps), element_type_of(x))


def _converted(to: Conversion, x: SSAValue, element_type: Attribute) -> SSAValue:
    """
    `x` with another float type; itself when it has it.

    Squares of float16 are infinite from 256 on, which activations reach: PyTorch takes statistics in float32 too.
    """
    if element_type_of(x) == element_type:
        return x
    return to.emit(xnn.ConvertOp(x, with_element_type(x, element_type)))


def _affine(
    op: AtenOp, to: Conversion, value: SSAValue, trailing: int, names: Sequence[str] = ("weight", "bias")
) -> SSAValue:
    """Value * weight + bias, both with `trailing` dimensions of size 1 behind their own."""
    for name, node in zip(names, (xnn.MultiplyOp, xnn.AddOp), strict=False):
        operand = optional_tensor_arg(op, name)
        if operand is not None:
            dims: list[Any] = [*dims_of(tensor_type_of(operand)), *(1,) * trailing]
            value = to.emit(node(value, to.reshape(to.operand(operand), dims), value.type))
    return value


def _normalized_axes(op: AtenOp, x: SSAValue) -> range:
    rank = len(shape_of(x))
    return range(rank - len(op.arg("normalized_shape")), rank)


def layer_norm(op: AtenOp, to: Conversion) -> list[SSAValue]:
    x = _input(op, to)
    normalised = _standardised(to, x, _normalized_axes(op, x), float_arg(op, "eps"))
    return [_affine(op, to, normalised, 0)]


def rms_norm(op: AtenOp, to: Conversion) -> SSAValue:
    x = _input(op, to)
    # PyTorch's default is the distance from 1 to the next number of the type.
    eps = float_arg(op, "eps", float(np.finfo(numpy_dtype(element_type_of(x))).eps))
    wide = _divided_by_deviation(to, _converted(to, x, f32), _normalized_axes(op, x), eps)
    normalised = _converted(to, wide, element_type_of(x))
    return _affine(op, to, normalised, 0, ("weight",))


def group_norm(op: AtenOp, to: Conversion) -> list[SSAValue]:
    """`group_norm` and `native_group_norm`: over the channels of each group and all that follows."""
    x = _input(op, to)
    groups = int_arg(op, "num_groups" if "num_groups" in op.schema.positions else "group")
    rank = len(shape_of(x))
    dims = dims_of(tensor_type_of(x))
    channels, *rest = static_sizes(x, tuple(range(1, rank)), "group norm")
    per_group = channels // groups * int(np.prod(rest))
    rows = to.reshape(x, [dims[0], static_dim(groups), static_dim(per_group)])
    normalised = to.reshape(_standardised(to, rows, (2,), float_arg(op, "eps")), dims)
    return [_affine(op, to, normalised, rank - 2)]


def instance_norm(op: AtenOp, to: Conversion) -> SSAValue:
    """Over rows and columns of each channel of each image."""
    x = _input(op, to)
    if not op.arg("use_input_stats"):
        return batch_norm(op, to)[0]
    rank = len(shape_of(x))
    normalised = _standardised(to, x, range(2, rank), float_arg(op, "eps"))
    return _affine(op, to, normalised, rank - 2)


def batch_norm_of_batch(op: AtenOp, to: Conversion) -> list[SSAValue]:
    """A batch norm by the statistics of this very batch, which is what instance norms decompose into."""
    x = _input(op, to)
    rank = len(shape_of(x))
    batch = [] if shape_of(x)[0] == 1 and rank > 2 else [0]
    normalised = _standardised(to, x, [*batch, *range(2, rank)], float_arg(op, "eps"))
    return [_affine(op, to, normalised, rank - 2)]


CONVERTERS: dict[str, Converter] = {
    "_native_batch_norm_legit.no_stats": batch_norm_of_batch,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "layer_norm": layer_norm,
    "native_group_norm": group_norm,
    "native_layer_norm": layer_norm,
    "rms_norm": rms_norm,
}
"""By the name of the op, without `aten.`"""
