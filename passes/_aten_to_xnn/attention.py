"""Scaled dot-product attention, made of two matrix products and a softmax."""

from __future__ import annotations

import math

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import Array
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, tensor_type
from xnnir.passes._aten_to_xnn.arguments import (
    Refusal,
    float_arg,
    optional_tensor_arg,
    static_sizes,
    tensor_arg,
)
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, transposed_source


def attention(op: AtenOp, to: Conversion) -> SSAValue:
    """softmax(query * scale @ key.T + mask) @ value"""
    query, key, value = (to.operand(tensor_arg(op, name)) for name in ("query", "key", "value"))
    if float_arg(op, "dropout_p") != 0.0:
        raise Refusal("a dropout in training mode draws random numbers")
    if op.arg("enable_gqa"):
        raise Refusal("XNNPACK does not repeat heads, which enable_gqa asks for")
    rank = len(shape_of(query))
    (width,) = static_sizes(query, (rank - 1,), "attention")
    scale = float_arg(op, "scale", 1.0 / math.sqrt(width))
    mask = _mask(op, to, query, key)
    scaled = to.emit(xnn.MultiplyOp(query, to.number(scale, query), query.type))
    query_dims, key_dims = dims_of(tensor_type_of(query)), dims_of(tensor_type_of(key))
    type = tensor_type(element_type_of(query), [*query_dims[:-1], key_dims[-2]])
    source = transposed_source(key)
    if source is not None:
        scores = to.emit(xnn.BatchMatrixMultiplyOp(scaled, source, type))
    else:
        scores = to.emit(xnn.BatchMatrixMultiplyOp(scaled, key, type, transpose_b=True))
    if mask is not None:
        scores = to.emit(xnn.AddOp(scores, mask, scores.type))
    weights = to.emit(xnn.SoftmaxOp(scores, scores.type))
    return to.emit(xnn.BatchMatrixMultiplyOp(weights, value, op.results[0].type))


def _mask(op: AtenOp, to: Conversion, query: SSAValue, key: SSAValue) -> SSAValue | None:
    """What is added to the scores."""
    mask = optional_tensor_arg(op, "attn_mask")
    if op.arg("is_causal"):
        if mask is not None:
            raise Refusal("expected either attn_mask or is_causal, got both")
        rows, columns = (
            static_sizes(side, (len(shape_of(side)) - 2,), "causal attention")[0] for side in (query, key)
        )
        return _additive(to, np.tri(rows, columns, dtype=np.bool_), query)
    if mask is None:
        return None
    if not isinstance(element_type_of(mask), IntegerType):
        return to.operand(mask)
    # What a mask is expanded to does not matter: the addition broadcasts.
    while isinstance(mask.owner, AtenOp) and mask.owner.name == "aten.expand":
        mask = mask.owner.operands[0]
    array = to.array(mask)
    if array is None:
        raise Refusal("XNNPACK has no booleans, and this mask is computed while the model runs")
    return _additive(to, array, query)


def _additive(to: Conversion, mask: Array, query: SSAValue) -> SSAValue:
    if not mask.any(axis=-1).all():
        raise Refusal("expected a mask that leaves something of each row")
    return to.constant(np.where(mask, 0.0, -np.inf), element_type_of(query))


CONVERTERS: dict[str, Converter] = {"scaled_dot_product_attention": attention}
"""By the name of the op, without `aten.`"""
