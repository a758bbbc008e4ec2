"""
Copies of a tensor along dimensions.

Nodes of two operands broadcast by themselves, so such an operand is used as it was before it was expanded. For the
others a product with ones makes the copies, which changes no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, static_dim, tensor_type
from xnnir.passes._aten_to_xnn.arguments import Refusal, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, require_float

_ONES_AT_ONCE = 4096
"""Copies along several dimensions are made together when the ones for that are at most so many."""


def broadcast(to: Conversion, x: SSAValue, dims: Sequence[DimAttr]) -> SSAValue:
    """`x` in the shape `dims`, to which its own broadcasts. Raises `Refusal` for copies counted at run time."""
    own = dims_of(tensor_type_of(x))
    padded = [static_dim(1)] * (len(dims) - len(own)) + list(own)
    counts: list[int] = []
    for before, after in zip(padded, dims, strict=True):
        if before == after:
            counts.append(1)
        elif before == static_dim(1) and after.is_static:
            counts.append(int(after.expression.data))
        else:
            raise Refusal(
                f"XNNPACK copies as often as is known while compiling, got {before.expression.data} "
                f"to {after.expression.data}"
            )
    result = to.reshape(x, padded)
    if int(np.prod(counts)) <= _ONES_AT_ONCE:
        return result if max(counts, default=1) == 1 else _times_ones(to, result, counts)
    for axis in reversed(range(len(counts))):
        if counts[axis] > 1:
            result = _times_ones(to, result, [n if place == axis else 1 for place, n in enumerate(counts)])
    return result


def _times_ones(to: Conversion, x: SSAValue, counts: Sequence[int]) -> SSAValue:
    element_type = element_type_of(x)
    dims = [
        dim if count == 1 else static_dim(count)
        for dim, count in zip(dims_of(tensor_type_of(x)), counts, strict=True)
    ]
    first = next(axis for axis, count in enumerate(counts) if count > 1)
    ones = to.constant(np.ones(counts[first:]), element_type)
    result = to.emit(xnn.MultiplyOp(x, ones, tensor_type(element_type, dims)))
    to.unexpanded[result] = x
    return result


def expand(op: AtenOp, to: Conversion) -> SSAValue:
    """`expand`, `expand_as` and `broadcast_to`: the type of the result says what shape."""
    x = require_float(to.operand(tensor_arg(op, "self")))
    return broadcast(to, x, dims_of(tensor_type_of(op.results[0])))


def broadcast_tensors(op: AtenOp, to: Conversion) -> list[SSAValue]:
    tensors: tuple[SSAValue, ...] = op.arg("tensors")
    return [
        broadcast(to, require_float(to.operand(x)), dims_of(tensor_type_of(result)))
        for x, result in zip(tensors, op.results, strict=True)
    ]


def copies(to: Conversion, x: SSAValue, axis: int, count: int) -> SSAValue:
    """`count` copies of `x` one after the other along `axis`."""
    dims: list[Any] = list(dims_of(tensor_type_of(x)))
    size = shape_of(x)[axis]
    if count == 1:
        return x
    if size < 0:
        raise Refusal(f"XNNPACK copies sizes that are known while compiling, got {x.type}")
    if count <= xnn.ConcatenateOp.MAX_INPUTS:
        type = tensor_type(element_type_of(x), [*dims[:axis], size * count, *dims[axis + 1 :]])
        return to.emit(xnn.ConcatenateOp([x] * count, type, axis=axis))
    wide = broadcast(
        to,
        to.reshape(x, [*dims[:axis], 1, *dims[axis:]]),
        [*dims[:axis], static_dim(count), *dims[axis:]],
    )
    return to.reshape(wide, [*dims[:axis], size * count, *dims[axis + 1 :]])


def interleaved(to: Conversion, x: SSAValue, axis: int, count: int) -> SSAValue:
    """Each slice of `x` along `axis`, `count` times in turn."""
    dims: list[Any] = list(dims_of(tensor_type_of(x)))
    size = shape_of(x)[axis]
    if count == 1:
        return x
    if size < 0:
        raise Refusal(f"XNNPACK copies sizes that are known while compiling, got {x.type}")
    apart = to.reshape(x, [*dims[: axis + 1], 1, *dims[axis + 1 :]])
    return to.reshape(copies(to, apart, axis + 1, count), [*dims[:axis], size * count, *dims[axis + 1 :]])


def repeat(op: AtenOp, to: Conversion) -> SSAValue:
    """`repeat` and `tile`."""
    x, result = require_float(to.operand(tensor_arg(op, "self"))), op.results[0]
    repeats: Any = op.arg("repeats" if "repeats" in op.schema.positions else "dims")
    if any(isinstance(count, SSAValue) for count in repeats):
        raise Refusal("repeats is computed while the model runs")
    rank = len(shape_of(result))
    repeats = (1,) * (rank - len(repeats)) + tuple(repeats)
    x = to.reshape(x, [*(1,) * (rank - len(shape_of(x))), *dims_of(tensor_type_of(x))])
    for axis in reversed(range(rank)):
        if repeats[axis] < 1:
            raise Refusal("XNNPACK takes no empty tensors, got 0 copies")
        x = copies(to, x, axis, repeats[axis])
    return x


CONVERTERS: dict[str, Converter] = {
    "broadcast_tensors": broadcast_tensors,
    "broadcast_to": expand,
    "expand": expand,
    "expand_as": expand,
    "repeat": repeat,
    "tile": repeat,
}
"""By the name of the op, without `aten.`"""
