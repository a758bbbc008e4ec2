"""
How numbers of an element type are represented while interpreting: as the real numbers they stand for.

A tensor of a quantised type is a float32 tensor whose numbers lie on the type's grid, so that every op needs one
definition only: compute in real numbers, then round to the coding of the result.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from xdsl.dialects.builtin import (
    ArrayAttr,
    BFloat16Type,
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    TensorType,
)
from xdsl.ir import Attribute

from xnnir.dialects.aten import DTYPES
from xnnir.dialects.qdq import ScastOp
from xnnir.dialects.weights import WeightAttr, WeightStore, constant_array
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.dialects.xnn.packing import unpack_four_bit
from xnnir.dialects.xnn.types import PerChannelType, PerTensorType, QBInt4Type, QDInt8Type

_FLOATS: dict[type[Attribute], torch.dtype] = {
    BFloat16Type: torch.bfloat16,
    Float16Type: torch.float16,
    Float32Type: torch.float32,
    Float64Type: torch.float64,
}


def real(tensor: Tensor) -> Tensor:
    """Float tensors of fewer bits as float32, in which ops are computed."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def code(tensor: Tensor, element_type: Attribute) -> Tensor:
    """
    `tensor` rounded to what `element_type` can represent.

    Raises `NotImplementedError` for a type that activations do not have.
    """
    match element_type:
        case BFloat16Type() | Float16Type() | Float32Type() | Float64Type():
            return tensor.to(_FLOATS[type(element_type)])
        case PerTensorType():
            limits = np.iinfo(element_type.STORAGE_DTYPE)
            scale, zero_point = element_type.scale.value.data, element_type.zero_point.data
            integers = torch.clamp(
                torch.round(real(tensor) / scale) + zero_point, int(limits.min), int(limits.max)
            )
            return (integers - zero_point) * scale
        case QDInt8Type():
            return _code_dynamically(real(tensor), element_type.num_nonbatch_dims.data)
        case IntegerType():
            return tensor
        case _:
            raise NotImplementedError(f"no reference semantics for activations of type {element_type}")


def _code_dynamically(tensor: Tensor, nonbatch_dims: int) -> Tensor:
    # The asymmetric scheme of XNNPACK's convert to qd8: zero is exact, and the range always contains it.
    axes = tuple(range(tensor.dim() - nonbatch_dims, tensor.dim()))
    low, high = tensor.amin(axes, keepdim=True).clamp(max=0.0), tensor.amax(axes, keepdim=True).clamp(min=0.0)
    scale = torch.where(high > low, (high - low) / 255.0, torch.ones_like(low))
    zero_point = torch.clamp(torch.round(-128.0 - low / scale), -128, 127)
    integers = torch.clamp(torch.round(tensor / scale) + zero_point, -128, 127)
    return (integers - zero_point) * scale


def constant(value: Attribute, type: TensorType[Attribute], store: WeightStore) -> Tensor:
    """The real numbers of a constant. Raises `MissingWeightError` for a weight that the store lacks."""
    element_type = type.get_element_type()
    array = constant_array(value, type, store)
    match element_type:
        case BFloat16Type():
            return torch.as_tensor(array.astype(np.uint32) << 16).view(torch.float32).to(torch.bfloat16)
        case PerTensorType():
            integers = torch.as_tensor(array.astype(np.float32))
            return (integers - element_type.zero_point.data) * element_type.scale.value.data
        case PerChannelType() | QBInt4Type():
            if element_type.ELEMENTS_PER_BYTE > 1:
                array = unpack_four_bit(array, type.get_shape()[-1])
            scales = _scales(element_type, store)
            if isinstance(element_type, QBInt4Type):
                scales = scales.reshape(array.shape[0], -1).repeat_interleave(element_type.block_size.data, 1)
            else:
                shape = [1] * array.ndim
                shape[element_type.axis.data] = -1
                scales = scales.reshape(shape)
            return torch.as_tensor(array.astype(np.float32)) * scales
        case Float16Type() | Float32Type() | Float64Type() | IntegerType():
            return torch.as_tensor(np.array(array))
        case _:
            raise NotImplementedError(f"no reference semantics for constants of type {element_type}")


def torch_dtype(element_type: Attribute) -> torch.dtype:
    """torch's dtype for the element type of a tensor that is not quantised. Raises `KeyError` when it has none."""
    return getattr(torch, DTYPES[element_type])


def plain_constant(value: Attribute, type: TensorType[Attribute], store: WeightStore) -> Tensor:
    """A constant that is not quantised, of torch's dtype for its element type."""
    tensor = torch.as_tensor(constant_array(value, type, store).copy())
    dtype = torch_dtype(type.get_element_type())
    return tensor if tensor.dtype == dtype else tensor.view(dtype)


def storage_cast(tensor: Tensor, op: ScastOp) -> Tensor:
    """The integers behind real numbers on a grid, or the numbers that integers stand for."""
    source, result = (tensor_type_of(value).get_element_type() for value in (op.input, op.output))
    return stored(tensor, source) if isinstance(source, PerTensorType) else numbers(tensor, result)


def stored(tensor: Tensor, element_type: Attribute) -> Tensor:
    """The integers by which a type with one scale stores real numbers on its grid; other numbers as they are."""
    if not isinstance(element_type, PerTensorType):
        return tensor
    integers = torch.round(tensor.double() / element_type.scale.value.data) + element_type.zero_point.data
    return integers.to(getattr(torch, element_type.STORAGE_DTYPE))


def numbers(tensor: Tensor, element_type: Attribute) -> Tensor:
    """The reverse of `stored`."""
    if not isinstance(element_type, PerTensorType):
        return tensor
    return ((tensor.double() - element_type.zero_point.data) * element_type.scale.value.data).float()


def _scales(type: PerChannelType | QBInt4Type, store: WeightStore) -> Tensor:
    if isinstance(type.scales, WeightAttr):
        return torch.as_tensor(np.frombuffer(store.bytes(type.scales), dtype=np.float32).copy())
    assert isinstance(type.scales, ArrayAttr)
    return torch.tensor([scale.value.data for scale in type.scales])
