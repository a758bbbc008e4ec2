"""
Turn each function into a method: a table of values, and instructions that work on it.

Calls of graphs become delegate calls; ops that only move data and stayed outside the graphs become kernel calls under
ExecuTorch's operator names. Function arguments and results are physical here; their `xnn.dim_order` gives the
method's tensors their logical sizes back. An op that no kernel runs is an error that names every such op, its
place and its reason. Inputs that are no tensors have the values of the export, and tensors of the model that it returns
as they are become constants.

    func.func @forward(%x: tensor<1x8xf32>) -> tensor<1x4xf32> {
      %y = xnn.call @forward_delegate_0(%x) : (tensor<1x8xf32>) -> tensor<1x4xf32>
      func.return %y : tensor<1x4xf32>
    }
    // becomes
    rt.method @forward {
      %x = rt.tensor : tensor<1x8xf32>
      %y = rt.tensor : tensor<1x4xf32>
      rt.inputs(%x) : (tensor<1x8xf32>)
      rt.delegate_call @forward_delegate_0(%x, %y) : (tensor<1x8xf32>, tensor<1x4xf32>)
      rt.return(%y) : (tensor<1x4xf32>)
    }
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    LocationAttr,
    ModuleOp,
    NoneType,
    StringAttr,
    TensorType,
    i1,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.utils.hints import isa

from xnnir.dialects import aten, rt, xnn
from xnnir.dialects.xnn.base import ints, tensor_type_of
from xnnir.dialects.xnn.dims import upper_bound_shape
from xnnir.dialects.xnn.types import QuantizedType
from xnnir.errors import XnnirError, format_location
from xnnir.passes._host_kernels import HOST_KERNELS, MethodBuilder

CONSTANT_INPUT = "xnn.constant"
"""Attribute of a function's argument that is a number: the value that it had in the export."""

Number: TypeAlias = IntegerAttr | FloatAttr

DIM_ORDER = "xnn.dim_order"
"""Attribute of a function's argument or result: dimensions of the caller's tensor, outermost first in memory."""


@dataclass(frozen=True)
class LowerToRtPass(ModulePass):
    """Turn functions into methods of instructions over a table of values."""

    name = "lower-to-rt"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = [
            function for function in op.ops if isinstance(function, func.FuncOp) and function.body.blocks
        ]
        _refuse_what_no_kernel_runs(functions)
        for function in functions:
            method = _Lowering(function).method()
            block = function.parent_block()
            assert block is not None
            block.insert_op_before(method, function)
            function.detach()
            function.erase(safe_erase=False)


class _Lowering:
    """Builds the method of one function."""

    def __init__(self, function: func.FuncOp):
        self.function = function
        self.builder = MethodBuilder()

    def method(self) -> rt.MethodOp:
        function = self.function
        builder = self.builder
        results = _terminator(function).operands
        result_orders = _dim_orders(function.res_attrs, len(results))
        for argument, order in zip(
            function.body.block.args,
            _dim_orders(function.arg_attrs, len(function.body.block.args)),
            strict=True,
        ):
            slot = (
                _tensor_slot(argument, order)
                if isinstance(argument.type, TensorType)
                else _fixed_slot(argument, function)
            )
            slot.location = function.location
            builder.bind(argument, builder.slot(slot))
        # A value that is a result is made in the memory order that the caller expects of it.
        orders = {
            value: order for value, order in zip(results, result_orders, strict=True) if order is not None
        }
        for op in function.body.block.ops:
            if isinstance(op, func.ReturnOp):
                continue
            self._lower(op, orders)
        outputs = [builder.lookup(value) for value in results]
        inputs = [builder.lookup(argument) for argument in function.body.block.args]
        # Arguments of kernels (numbers, lists) become slots as they are met; instructions stand after all slots.
        block = Block([*builder.slots, rt.InputsOp(inputs), *builder.instructions, rt.ReturnOp(outputs)])
        method = rt.MethodOp(
            function.sym_name.data,
            Region(block),
            input_structure=_text(function, "input_structure"),
            output_structure=_text(function, "output_structure"),
        )
        method.location = function.location
        return method

    def _lower(self, op: Operation, orders: dict[SSAValue, Sequence[int]]) -> None:
        builder = self.builder
        if isinstance(op, xnn.ConstantOp | aten.StaticValueOp | aten.NoneOp):
            # Those of `aten` are here when the model returns them as they are.
            slot = _constant_slot(op)
            slot.location = op.location
            builder.bind(op.result, builder.slot(slot))
            return
        for result in op.results:
            slot = _tensor_slot(result, orders.get(result))
            slot.location = op.location
            builder.bind(result, builder.slot(slot))
        if isinstance(op, xnn.CallOp):
            args = [builder.lookup(value) for value in (*op.inputs, *op.outputs)]
            call: rt.InstructionOp = rt.DelegateCallOp(op.callee.root_reference.data, args)
            call.location = op.location
            builder.instructions.append(call)
        else:
            HOST_KERNELS[type(op)](builder, op)


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
    slot = rt.TensorOp(
        TensorType(element_type, sizes),
        dynamism=None if physical.has_static_shape() else "bound",
        dim_order=dim_order,
    )
    slot.result.name_hint = value.name_hint
    return slot


def _fixed_slot(argument: SSAValue, function: func.FuncOp) -> rt.SlotOp:
    """The slot of an input that is no tensor; the runtime checks that the caller gives the same value."""
    assert isinstance(argument, BlockArgument)
    attributes: Mapping[str, Attribute] = (
        {} if function.arg_attrs is None else function.arg_attrs.data[argument.index].data
    )
    if isinstance(argument.type, NoneType):
        return rt.NullOp()
    value = attributes.get(CONSTANT_INPUT)
    if not isa(value, Number) or value.type != argument.type:
        name = attributes.get("xnn.name")
        raise XnnirError(
            f"expected inputs that are tensors, or numbers with a fixed value, got {argument.type} for "
            + (name.data if isinstance(name, StringAttr) else f"argument {argument.index}"),
            location=function.location,
            hint="export the model with a number that does not vary, or with a tensor",
        )
    return _number_slot(value)


def _constant_slot(op: xnn.ConstantOp | aten.StaticValueOp | aten.NoneOp) -> rt.SlotOp:
    if isinstance(op, aten.NoneOp):
        return rt.NullOp()
    if isa(op.value, Number):
        return _number_slot(op.value)
    return rt.ConstantOp(op.value, tensor_type_of(op.result))


def _number_slot(number: Number) -> rt.SlotOp:
    if isinstance(number, FloatAttr):
        return rt.DoubleOp(number.value.data)
    if number.type == i1:
        return rt.BoolOp(bool(number.value.data))
    return rt.IntOp(number.value.data)


def _refuse_what_no_kernel_runs(functions: Sequence[func.FuncOp]) -> None:
    known = (xnn.CallOp, xnn.ConstantOp, aten.StaticValueOp, aten.NoneOp, func.ReturnOp, *HOST_KERNELS)
    refused = [op for function in functions for op in function.body.block.ops if not isinstance(op, known)]
    if not refused:
        return
    count = f"{len(refused)} op{'s' if len(refused) > 1 else ''}"
    # Loops over layers give lines that are the same.
    lines = [
        f"  {line}{f' ({times} times)' if times > 1 else ''}"
        for line, times in Counter(_describe(op) for op in refused).items()
    ]
    raise XnnirError(
        f"neither XNNPACK nor a kernel of the runtime can run {count} of the model:\n" + "\n".join(lines),
        location=refused[0].location,
    )


def _describe(op: Operation) -> str:
    place = format_location(op.location)
    return f"{op.name}{f' at {place}' if place else ''}: {_why_refused(op)}"


def _why_refused(op: Operation) -> str:
    reason = op.attributes.get("xnn.refused")
    if isinstance(reason, StringAttr):
        return reason.data
    if isinstance(op, aten.AssignBufferOp):
        return (
            f"the model writes to its buffer {op.target.data}; return the new value instead, "
            "and take the old one as an input"
        )
    if isinstance(op, aten.AssignInputOp):
        return f"the model writes to its input {op.target.data}; return the new value instead"
    return "no conversion to a node of XNNPACK"


def _terminator(function: func.FuncOp) -> func.ReturnOp:
    return cast(func.ReturnOp, function.body.block.last_op)


def _dim_orders(attributes: ArrayAttr[DictionaryAttr] | None, count: int) -> list[Sequence[int] | None]:
    if attributes is None:
        return [None] * count
    orders = [entry.data.get(DIM_ORDER) for entry in attributes]
    return [ints(order) if isa(order, DenseArrayBase) else None for order in orders]


def _text(function: func.FuncOp, name: str) -> str | None:
    value: Attribute | None = function.attributes.get(f"aten.{name}")
    return value.data if isinstance(value, StringAttr) else None


def _location(value: SSAValue) -> LocationAttr | None:
    return value.owner.location if isinstance(value.owner, Operation) else None
