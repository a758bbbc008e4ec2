"""
Calls of kernels for the `aten` ops that stay outside the delegates. The table of kernels says which kernel an op is a
call of, and the kernel's schema how the call is written: each argument becomes a slot by its type, the results of the
op are the out tensors, and behind them stand the returned values once more, several as one list (ExecuTorch's
`exir/emit`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import (
    AnyFloat,
    BFloat16Type,
    DenseIntOrFPElementsAttr,
    Float16Type,
    Float64Type,
    TensorType,
    f32,
    i1,
    i64,
)
from xdsl.ir import Attribute, SSAValue

from xnnir.dialects import rt
from xnnir.dialects.aten import ELEMENT_TYPES, Argument, AtenOp, SchemaType
from xnnir.dialects.aten.kernels import Kernel
from xnnir.dialects.rt import SlotOp
from xnnir.dialects.xnn.base import element_type_of
from xnnir.emit.scalar_types import scalar_number
from xnnir.errors import OpError
from xnnir.passes._method_builder import MethodBuilder


def call_kernel(
    builder: MethodBuilder,
    op: AtenOp,
    kernel: Kernel,
    slots: Mapping[SSAValue, SSAValue] = MappingProxyType({}),
) -> None:
    """
    Add the call of `kernel` that computes the results of `op`, whose slots are there. Operands in `slots` have those.

    Raises `OpError` for a list of numbers that has to be fixed and is not.
    """
    call = _Call(builder, op, slots)
    args: list[SSAValue] = []
    for position, argument in enumerate(kernel.schema.arguments):
        if not argument.type.is_written:
            args.append(call.slot(argument.type, call.value_of(argument, position)))
    results = [builder.lookup(result) for result in op.results]
    out = next(argument for argument in kernel.schema.arguments if argument.type.is_written)
    if out.type.is_list:
        results = [call.tensor_list(results)]
    returned = results[0] if len(results) == 1 else call.tensor_list(results)
    builder.append(rt.KernelCallOp(kernel.operator, [*args, *results, returned]), op)


class _Call:
    """Makes the slots of the arguments of one op."""

    def __init__(self, builder: MethodBuilder, op: AtenOp, slots: Mapping[SSAValue, SSAValue]):
        self.builder = builder
        self._slots = slots
        self.op = op
        self._args = op.args()

    def value_of(self, argument: Argument, position: int) -> Any:
        """The op's argument for one of the kernel: that of the same name, else that of the same place and type."""
        if argument.name in self._args:
            return self._args[argument.name]
        arguments = self.op.schema.arguments
        if position < len(arguments) and arguments[position].type.is_list == argument.type.is_list:
            here = arguments[position]
            if here.type.base.removeprefix("Sym").lower() == argument.type.base.removeprefix("Sym").lower():
                return self._args[here.name]
        return argument.default

    def slot(self, type_: SchemaType, value: Any) -> SSAValue:
        """The slot of an argument of `type_`."""
        builder = self.builder
        if type_.base == "MemoryFormat":
            return builder.null()  # tensors between kernels are row-major, whatever they were in PyTorch
        if value is None:
            return builder.null()
        if type_.is_list:
            return self._list(type_, cast(tuple[Any, ...], value))
        if type_.base == "Tensor":
            return self._tensor(value)
        if isinstance(value, SSAValue):
            return builder.lookup(cast(SSAValue, value))
        match type_.base:
            case "ScalarType":
                return builder.int(scalar_number(ELEMENT_TYPES[value], self.op.name))
            case "str":
                return builder.string(value)
            case "float":
                return builder.double(float(value))
            case _ if isinstance(value, bool):
                return builder.bool(value)
            case _:
                return builder.double(value) if isinstance(value, float) else builder.int(value)

    def tensor_list(self, tensors: Sequence[SSAValue]) -> SSAValue:
        return self._add(rt.TensorListOp(tensors))

    def _list(self, type_: SchemaType, values: tuple[Any, ...]) -> SSAValue:
        match type_.base:
            case "Tensor" if type_.is_element_optional:
                items = [None if value is None else self._tensor(value) for value in values]
                return self._add(rt.OptionalTensorListOp(items))
            case "Tensor":
                return self.tensor_list([self._tensor(value) for value in values])
            case "int" | "SymInt":
                return self.builder.int_list(
                    [
                        self.builder.lookup(cast(SSAValue, value))
                        if isinstance(value, SSAValue)
                        else int(value)
                        for value in values
                    ]
                )
            case _ if any(isinstance(value, SSAValue) for value in values):
                raise OpError(
                    self.op, f"expected {type_} to be known before the model runs, got a computed number"
                )
            case "bool":
                return self._add(rt.BoolListOp([bool(value) for value in values]))
            case _:
                return self._add(rt.DoubleListOp([float(value) for value in values]))

    def _tensor(self, value: Any) -> SSAValue:
        """The slot of a tensor; a number in the place of one is a tensor without dimensions."""
        if not isinstance(value, SSAValue):
            return self._add(self._number_as_tensor(value))
        operand = cast(SSAValue, value)
        if operand in self._slots:
            return self._slots[operand]
        slot = self.builder.lookup(operand)
        if isinstance(operand.type, TensorType):
            return slot
        type = operand.type if operand.type in (i64, i1) else self._float_type()
        made = self._add(rt.TensorOp(TensorType(type, [])))
        self.builder.append(rt.KernelCallOp("aten::scalar_tensor.out", [slot, made, made]), self.op)
        return made

    def _number_as_tensor(self, number: float) -> rt.ConstantOp:
        if isinstance(number, bool):
            type: Attribute = i1
        else:
            type = i64 if isinstance(number, int) else self._float_type()
        if isinstance(type, BFloat16Type):
            number = _nearest_bfloat16(number)
        tensor_type = cast(TensorType[AnyFloat], TensorType(type, []))
        return rt.ConstantOp(DenseIntOrFPElementsAttr.from_list(tensor_type, [number]), tensor_type)

    def _float_type(self) -> Attribute:
        """What PyTorch computes a float number with tensors in: their type if they are floats, else float32."""
        for operand in self.op.operands:
            if isinstance(operand.type, TensorType):
                type = element_type_of(operand)
                if isinstance(type, Float64Type | Float16Type | BFloat16Type):
                    return type
        return f32

    def _add(self, slot: SlotOp) -> SSAValue:
        return self.builder.slot(slot, self.op.location)


def _nearest_bfloat16(number: float) -> float:
    bits = int(np.float32(number).view(np.uint32))
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return float(np.uint32(rounded & 0xFFFFFFFF).view(np.float32))
