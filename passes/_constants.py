"""Constants that passes make from others."""

from __future__ import annotations

from typing import cast

import numpy as np
from xdsl.dialects.builtin import (
    AnyDenseElement,
    AnyFloat,
    BFloat16Type,
    DenseIntOrFPElementsAttr,
    TensorType,
)
from xdsl.ir import Attribute

from xnnir.dialects import xnn
from xnnir.dialects.weights import Array, ConstantValue, WeightStore, constant_array
from xnnir.dialects.xnn.base import Tensor, tensor_type_of
from xnnir.passes._layout.perms import Perm, expand_shape, permute_type


def array_of(constant: xnn.ConstantOp, store: WeightStore) -> Array:
    """The numbers of a constant. Raises `MissingWeightError` when the store lacks them."""
    return constant_array(constant.value, tensor_type_of(constant.result), store)


def constant_like(
    constant: xnn.ConstantOp,
    array: Array,
    type: Tensor,
    store: WeightStore,
    dense_type: Attribute | None = None,
) -> xnn.ConstantOp:
    """
    A constant of `type` and the numbers of `array`: in the text where `constant` has them there, else in
    the store.

    In the text, elements have the type that they have in that of `constant`, or `dense_type`.
    """
    value = constant.value
    if isinstance(constant.value, DenseIntOrFPElementsAttr):
        old = cast(DenseIntOrFPElementsAttr[AnyDenseElement], value)
        return xnn.ConstantOp(_dense(dense_type or old.get_element_type(), array, type), type)
    return xnn.ConstantOp(store.add(array), type)


def permuted_constant(constant: xnn.ConstantOp, perm: Perm, store: WeightStore) -> xnn.ConstantOp:
    """`constant` transposed by `perm`; a perm longer than its rank adds leading dimensions of size 1."""
    type = tensor_type_of(constant.result)
    array = array_of(constant, store).reshape(expand_shape(type.get_shape(), len(perm)))
    return constant_like(constant, np.transpose(array, perm), permute_type(type, perm), store)


def _dense(element_type: Attribute, array: Array, type: Tensor) -> ConstantValue:
    if isinstance(element_type, BFloat16Type):
        array = (array.astype(np.uint32) << 16).view(np.float32)
    dense_type = cast(TensorType[AnyFloat], TensorType(element_type, type.get_shape()))
    return cast(ConstantValue, DenseIntOrFPElementsAttr.from_list(dense_type, array.reshape(-1).tolist()))
