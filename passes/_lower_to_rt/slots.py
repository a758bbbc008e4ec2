"""The slots that hold the values of a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    LocationAttr,
    NoneType,
    StringAttr,
    TensorType,
    f64,
    i1,
    i64,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue
from xdsl.utils.hints import isa

from xnnir.dialects import aten, rt, xnn
from xnnir.dialects.aten import ELEMENT_TYPES
from xnnir.dialects.xnn.base import ints, tensor_type_of
from xnnir.dialects.xnn.dims import upper_bound_shape
from xnnir.dialects.xnn.types import PerTensorType, QuantizedType
from xnnir.errors import XnnirError
from xnnir.passes._lower_to_rt.sizes import is_free

CONSTANT_INPUT = "xnn.constant"
"""Attribute of a function's argument that is a number: the value that it had in the export."""
DIM_ORDER = "xnn.dim_order"
"""Attribute of a function's argument or result: dimensions of the caller's tensor, outermost first in memory."""

Number: TypeAlias = IntegerAttr | FloatAttr


def value_slot(value: SSAValue, dim_order: Sequence[int] | None = None) -> rt.SlotOp:
    """
    The slot of a value that the method computes: a tensor of the largest sizes that it can have, or a number.

    Raises `XnnirError` for a tensor without an upper bound, and for a type that a method has no value of.
    """
    match value.type:
        case t if t == i64:
            slot: rt.SlotOp = rt.IntOp(0)
        case t if t == f64:
            slot = rt.DoubleOp(0.0)
        case t if t == i1:
            slot = rt.BoolOp(False)
        case NoneType():
            slot = rt.NullOp()
        case _:
            slot = _tensor_slot(value, dim_order)
    slot.value.name_hint = value.name_hint
    return slot


def _tensor_slot(value: SSAValue, dim_order: Sequence[int] | None) -> rt.TensorOp:
    physical = tensor_type_of(value)
    sizes = upper_bound_shape(physical)
    if sizes is None:
        raise XnnirError(
            f"expected an upper bound for each dynamic size, got {physical}",
            location=_location(value),
            hint="give it one: torch.export.Dim(name, max=...) in dynamic_shapes",
        )
    element_type = physical.get_element_type()
    if isinstance(element_type, PerTensorType):
        # The program knows the integers, and delegates what they stand for.
        element_type = ELEMENT_TYPES[element_type.STORAGE_DTYPE]
    if isinstance(element_type, QuantizedType):
        raise XnnirError(
            f"a value of type {physical} crosses the border of a delegate; only floats and integers can",
            location=_location(value),
        )
    if rt.element_size(element_type) is None:
        raise XnnirError(
            f"expected tensors of floats, integers or bools in a program, got {physical}",
            location=_location(value),
        )
    if dim_order is not None:
        # dim_order[i] is the logical dimension that lies at place i in memory.
        logical = [0] * len(sizes)
        for place, dimension in enumerate(dim_order):
            logical[dimension] = sizes[place]
        sizes = tuple(logical)
    return rt.TensorOp(
        TensorType(element_type, sizes),
        dynamism=None if physical.has_static_shape() else "bound",
        dim_order=dim_order,
    )


def input_slot(argument: BlockArgument, function: FuncOp, dim_order: Sequence[int] | None) -> rt.SlotOp:
    """
    The slot of an input. A number or a string that the export fixed has that value, which the runtime compares with
    what the caller gives. One that varies has the value of the example: ExecuTorch's runtime takes no other.

    Raises `XnnirError` as `value_slot` does, and for a number that varies.
    """
    attributes: Mapping[str, Attribute] = (
        {} if function.arg_attrs is None else function.arg_attrs.data[argument.index].data
    )
    value = attributes.get(CONSTANT_INPUT)
    if isinstance(argument.type, NoneType) and isinstance(value, StringAttr):
        return rt.StringOp(value.data)
    if isinstance(argument.type, TensorType | NoneType) or (value is None and is_free(argument, function)):
        return value_slot(argument, dim_order)
    if not isa(value, Number) or value.type != argument.type:
        name = attributes.get("xnn.name")
        raise XnnirError(
            f"expected inputs that are tensors, or numbers with a fixed value, got {argument.type} for "
            + (name.data if isinstance(name, StringAttr) else f"argument {argument.index}"),
            location=function.location,
            hint="export the model with a number that does not vary, or with a tensor",
        )
    slot = number_slot(value)
    slot.value.name_hint = argument.name_hint
    return slot


def constant_slot(op: xnn.ConstantOp | aten.StaticValueOp | aten.NoneOp) -> rt.SlotOp:
    """The slot of a tensor or number of the model."""
    if isinstance(op, aten.NoneOp):
        return rt.NullOp()
    if isa(op.value, Number):
        return number_slot(op.value)
    return rt.ConstantOp(op.value, tensor_type_of(op.result))


def number_slot(number: Number) -> rt.SlotOp:
    """The slot of a number that is known."""
    if isinstance(number, FloatAttr):
        return rt.DoubleOp(number.value.data)
    if number.type == i1:
        return rt.BoolOp(bool(number.value.data))
    return rt.IntOp(number.value.data)


def dim_orders(attributes: ArrayAttr[DictionaryAttr] | None, count: int) -> list[Sequence[int] | None]:
    """The memory orders of a function's arguments or results, None for row-major ones."""
    if attributes is None:
        return [None] * count
    orders = [entry.data.get(DIM_ORDER) for entry in attributes]
    return [ints(order) if isa(order, DenseArrayBase) else None for order in orders]


def _location(value: SSAValue) -> LocationAttr | None:
    return value.owner.location if isinstance(value.owner, Operation) else None
