"""
Scaled dot-product attention, made of two matrix products and a softmax.

A mask of booleans allows or forbids. It becomes a number that is added to the scores, so low that the softmax of what
it forbids is exactly zero; rows that see nothing are zero, as in PyTorch. The booleans themselves, where they are
computed, become numbers on the host, since XNNPACK has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import Float16Type, IntegerType
from xdsl.ir import Attribute, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import Array
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, static_dim, tensor_type
from xnnir.passes._aten_to_xnn.arguments import (
    Refusal,
    float_arg,
    optional_tensor_arg,
    require_same_dtype,
    static_sizes,
    tensor_arg,
)
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, require_float, transposed_source
from xnnir.passes._aten_to_xnn.reduce import maximum
from xnnir.passes._aten_to_xnn.sizes import broadcast_dims
from xnnir.passes._casts import cast_op


def attention(op: AtenOp, to: Conversion) -> SSAValue:
    """softmax(query * scale @ key.T + mask) @ value"""
    query, key, value = (to.operand(tensor_arg(op, name)) for name in ("query", "key", "value"))
    require_same_dtype(op, query)
    if float_arg(op, "dropout_p") != 0.0:
        raise Refusal("a dropout in training mode draws random numbers")
    rank = len(shape_of(query))
    (width,) = static_sizes(query, (rank - 1,), "attention")
    scale = float_arg(op, "scale", 1.0 / math.sqrt(width))
    mask = _mask(op, to, query, key)
    scaled = to.emit(xnn.MultiplyOp(query, to.number(scale, query), query.type))
    heads = _head_groups(op, query, key)
    if heads is not None:
        scaled, key, value = (
            _grouped(to, scaled, heads),
            _grouped(to, key, (heads[0], 1)),
            _grouped(to, value, (heads[0], 1)),
        )
    scores = _scores(to, scaled, key)
    alive: SSAValue | None = None
    if mask is not None:
        added, alive = mask
        if heads is not None:
            added = _grouped_mask(to, added, heads)
            alive = None if alive is None else _grouped_mask(to, alive, heads)
        scores = to.emit(xnn.AddOp(scores, added, scores.type))
    weights = to.emit(xnn.SoftmaxOp(scores, scores.type))
    type = tensor_type(element_type_of(query), [*_dims(weights)[:-1], dims_of(tensor_type_of(value))[-1]])
    result = to.emit(xnn.BatchMatrixMultiplyOp(weights, value, type))
    if alive is not None:
        result = to.emit(xnn.MultiplyOp(result, alive, result.type))
    return to.reshape(result, _dims(op.results[0]))


def _dims(value: SSAValue) -> tuple[DimAttr, ...]:
    return dims_of(tensor_type_of(value))


def _scores(to: Conversion, query: SSAValue, key: SSAValue) -> SSAValue:
    """query @ key.T"""
    batch = broadcast_dims(_dims(query)[:-2], _dims(key)[:-2])
    type = tensor_type(element_type_of(query), [*batch, _dims(query)[-2], _dims(key)[-2]])
    source = transposed_source(key)
    if source is not None:
        return to.emit(xnn.BatchMatrixMultiplyOp(query, source, type))
    return to.emit(xnn.BatchMatrixMultiplyOp(query, key, type, transpose_b=True))


def _head_groups(op: AtenOp, query: SSAValue, key: SSAValue) -> tuple[int, int] | None:
    """Heads of the keys, and how many heads of the queries share each; None where each has its own."""
    if not op.arg("enable_gqa"):
        return None
    if len(shape_of(query)) < 3:
        raise Refusal(f"expected heads for enable_gqa, got {query.type}")
    (queries,) = static_sizes(query, (len(shape_of(query)) - 3,), "enable_gqa")
    (keys,) = static_sizes(key, (len(shape_of(key)) - 3,), "enable_gqa")
    return None if queries == keys else (keys, queries // keys)


def _grouped(to: Conversion, x: SSAValue, heads: tuple[int, int]) -> SSAValue:
    """`x`, [..., heads, rows, columns], with its heads in groups."""
    *batch, _, rows, columns = _dims(x)
    return to.reshape(x, [*batch, *map(static_dim, heads), rows, columns])


def _grouped_mask(to: Conversion, mask: SSAValue, heads: tuple[int, int]) -> SSAValue:
    shape = shape_of(mask)
    if len(shape) < 3:
        return mask
    return _grouped(to, mask, (1, 1) if shape[-3] == 1 else heads)


def _mask(
    op: AtenOp, to: Conversion, query: SSAValue, key: SSAValue
) -> tuple[SSAValue, SSAValue | None] | None:
    """What is added to the scores, and what the result is multiplied with where rows may see nothing."""
    mask = optional_tensor_arg(op, "attn_mask")
    if op.arg("is_causal"):
        if mask is not None:
            raise Refusal("expected either attn_mask or is_causal, got both")
        rows, columns = (
            static_sizes(side, (len(shape_of(side)) - 2,), "causal attention")[0] for side in (query, key)
        )
        return _of_constant(to, np.tri(rows, columns, dtype=np.bool_), query)
    if mask is None:
        return None
    # What a mask is expanded to does not matter: the addition broadcasts.
    while isinstance(mask.owner, AtenOp) and mask.owner.name == "aten.expand":
        mask = mask.owner.operands[0]
    if not isinstance(element_type_of(mask), IntegerType):
        return require_float(to.operand(mask)), None
    array = to.array(mask)
    if array is not None:
        return _of_constant(to, array, query)
    return _of_computed(to, mask, element_type_of(query))


def _lowest(element_type: Attribute) -> float:
    """So low that no score is above it by as much as an exponential can tell, and that sums stay finite."""
    return -3e4 if isinstance(element_type, Float16Type) else -1e30


def _of_constant(to: Conversion, mask: Array, query: SSAValue) -> tuple[SSAValue, SSAValue | None]:
    element_type = element_type_of(query)
    seen = np.asarray(mask.any(axis=-1, keepdims=True), np.float32)
    # Only rows that see nothing need a number that is finite.
    added = np.where(mask, 0.0, -np.inf if seen.all() else _lowest(element_type))
    alive = None if seen.all() else to.constant(seen, element_type)
    return to.constant(added, element_type), alive


def _of_computed(to: Conversion, mask: SSAValue, element_type: Attribute) -> tuple[SSAValue, SSAValue | None]:
    type = tensor_type(element_type, _dims(mask))
    zeros_and_ones = cast_op(mask, element_type)
    to.nodes.append(zeros_and_ones)
    allowed = zeros_and_ones.results[0]
    minus = to.emit(xnn.SubtractOp(allowed, to.number(1.0, type), type))
    added = to.emit(xnn.MultiplyOp(minus, to.number(-_lowest(element_type), type), type))
    axes: Sequence[int] = (len(shape_of(mask)) - 1,)
    return added, maximum(to, allowed, axes)


CONVERTERS: dict[str, Converter] = {"scaled_dot_product_attention": attention}
"""By the name of the op, without `aten.`"""
