"""
Turn each function into a method: a table of values, and instructions that work on it.

Calls of graphs become delegate calls; ops that only move data and stayed outside the graphs become kernel calls under
ExecuTorch's operator names. Function arguments and results are physical here; their `xnn.dim_order` gives the
method's tensors their logical sizes back. An op that no kernel runs is an error that names every such op, its
place and its reason. Numbers found at run time, such as sizes, are slots that kernels on numbers write. Inputs that
are no tensors have the values of the export, and tensors of the model that it returns as they are become constants.

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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects import aten, qdq, rt, xnn
from xnnir.dialects.weights import WeightStore, get_weight_store
from xnnir.dialects.xnn.base import shape_of
from xnnir.dialects.xnn.support import Target
from xnnir.passes._blocks import blocks_within
from xnnir.passes._host_kernels import copy_permuted, find_host_kernel
from xnnir.passes._lower_to_rt.control_flow import CONTROL_FLOW, TERMINATORS, ControlFlow
from xnnir.passes._lower_to_rt.delegates import call_delegate
from xnnir.passes._lower_to_rt.refusals import refuse
from xnnir.passes._lower_to_rt.scalars import find_scalar_lowering, lower_scalar
from xnnir.passes._lower_to_rt.sizes import input_sizes
from xnnir.passes._lower_to_rt.slots import constant_slot, dim_orders, input_slot, value_slot
from xnnir.passes._lower_to_rt.state import State
from xnnir.passes._lower_to_rt.updates import find_update, write_update
from xnnir.passes._method_builder import MethodBuilder


@dataclass(frozen=True)
class LowerToRtPass(ModulePass):
    """Turn functions into methods of instructions over a table of values."""

    name = "lower-to-rt"

    target: Target = "executorch"
    """Who will run the file: `executorch` is any ExecuTorch runtime, `xnnir` ours, which has more kernels."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        lowerings = _lowerings(op, ctx, self.target)
        refuse([inner for lowering in lowerings for inner in lowering.refused()])
        for lowering in lowerings:
            function, method = lowering.function, lowering.method()
            block = function.parent_block()
            assert block is not None
            block.insert_op_before(method, function)
            function.detach()
            function.erase(safe_erase=False)


def refused_ops(module: ModuleOp, ctx: Context, target: Target) -> list[Operation]:
    """The ops outside the delegates of `module` that no runtime can run."""
    return [op for lowering in _lowerings(module, ctx, target) for op in lowering.refused()]


_ASSIGN = aten.AssignBufferOp | aten.AssignInputOp
_STATIC = xnn.ConstantOp | aten.StaticValueOp | aten.NoneOp


def _lowerings(module: ModuleOp, ctx: Context, target: Target) -> list[_Lowering]:
    store = get_weight_store(ctx)
    return [
        _Lowering(function, target, store)
        for function in module.ops
        if isinstance(function, func.FuncOp) and function.body.blocks
    ]


class _Lowering:
    """Builds the method of one function."""

    def __init__(self, function: func.FuncOp, target: Target, store: WeightStore):
        self.function = function
        self.target: Target = target
        self.builder = MethodBuilder()
        self.state = State(function, store)
        self._orders: dict[SSAValue, Sequence[int]] = {}
        self.control_flow = ControlFlow(
            self.builder, self._lower, self._orders.__contains__, self.state.is_buffer
        )

    def refused(self) -> list[Operation]:
        """The ops that no runtime can run."""
        return [op for block in blocks_within(self.function) for op in block.ops if not self._can_lower(op)]

    def _can_lower(self, op: Operation) -> bool:
        return (
            isinstance(op, _STATIC | xnn.CallOp | _ASSIGN | func.ReturnOp | qdq.ScastOp)
            or isinstance(op, CONTROL_FLOW | TERMINATORS)
            or self.state.is_update(op)
            or find_scalar_lowering(op) is not None
            or find_host_kernel(op, self.target) is not None
        )

    def method(self) -> rt.MethodOp:
        function = self.function
        builder = self.builder
        arguments = function.body.block.args
        input_orders = dim_orders(function.arg_attrs, len(arguments))
        for argument, order in zip(arguments, input_orders, strict=True):
            builder.bind(argument, builder.slot(input_slot(argument, function, order), function.location))
        end = cast(func.ReturnOp, function.body.block.last_op)
        results = end.operands
        # A value that is a result is made in the memory order that the caller expects of it.
        self._orders.update(
            {
                value: order
                for value, order in zip(results, dim_orders(function.res_attrs, len(results)), strict=True)
                if order is not None
            }
        )
        for op in function.body.block.ops:
            if not isinstance(op, _ASSIGN | func.ReturnOp):
                self._lower(op)
        outputs = [self.state.own(builder, value, end) for value in results]
        self.state.assign(builder, end)
        inputs = rt.InputsOp([builder.lookup(argument) for argument in arguments])
        # Slots stand before all instructions.
        first, last = builder.blocks[0], builder.blocks[-1]
        if first.first_op is None:
            first.add_ops([*builder.slots, inputs])
        else:
            first.insert_ops_before([*builder.slots, inputs], first.first_op)
        last.add_op(rt.ReturnOp(outputs))
        method = rt.MethodOp(
            function.sym_name.data,
            Region(builder.blocks),
            input_structure=_text(function, "input_structure"),
            output_structure=_text(function, "output_structure"),
            input_sizes=input_sizes(function, input_orders),
        )
        method.location = function.location
        return method

    def _lower(self, op: Operation) -> None:
        builder = self.builder
        if self.state.is_state(op):
            self.state.add_buffer(builder, op)
            return
        if self.state.is_update(op):
            self.state.update(builder, op)
            return
        if isinstance(op, CONTROL_FLOW):
            self.control_flow.lower_op(op)
            return
        if (carried := self.control_flow.updates.get(op)) is not None:
            update = find_update(op)
            assert update is not None
            write_update(builder, op, update, carried)
            builder.bind(op.results[0], carried)
            return
        if isinstance(op, _STATIC):
            # Those of `aten` are here when the model returns them as they are.
            builder.bind(op.result, builder.slot(constant_slot(op), op.location))
            return
        if isinstance(op, qdq.ScastOp):
            # Integers and what they stand for are one tensor.
            builder.bind(op.output, builder.lookup(op.input))
            return
        if (scalar := find_scalar_lowering(op)) is not None:
            lower_scalar(builder, cast(aten.AtenOp, op), scalar)
            return
        for result in op.results:
            builder.bind(result, builder.slot(value_slot(result, self._orders.get(result)), op.location))
        if isinstance(op, xnn.CallOp):
            call_delegate(builder, op, self.target)
        else:
            self._call_kernel(op)

    def _call_kernel(self, op: Operation) -> None:
        """Add the call of a kernel. Kernels see tensors as they lie in memory, as the op does."""
        builder = self.builder
        kernel = find_host_kernel(op, self.target)
        assert kernel is not None
        if isinstance(op, xnn.StaticTransposeOp):
            kernel(builder, op)
            return
        ordered = {
            value: slot
            for value in dict.fromkeys((*op.operands, *op.results))
            if _has_order(slot := builder.lookup(value))
        }
        for value, slot in ordered.items():
            plain = builder.slot(value_slot(value), op.location)
            builder.bind(value, plain)
            if value in op.operands:
                copy_permuted(builder, slot, plain, range(len(shape_of(value))), op)
        kernel(builder, op)
        for value, slot in ordered.items():
            if value in op.results:
                copy_permuted(builder, builder.lookup(value), slot, range(len(shape_of(value))), op)
            builder.bind(value, slot)


def _has_order(slot: SSAValue) -> bool:
    return isinstance(slot.owner, rt.TensorSlotOp) and slot.owner.dim_order is not None


def _text(function: func.FuncOp, name: str) -> str | None:
    value: Attribute | None = function.attributes.get(f"aten.{name}")
    return value.data if isinstance(value, StringAttr) else None
