"""
Reference semantics of an `rt.method`: kernels are torch's own operators, delegates the graphs of `xnn`.

Once memory is planned, tensors live in arenas here too, so that a plan which lets two of them overlap changes the
result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from xdsl.context import Context
from xdsl.ir import Block, SSAValue
from xdsl.traits import SymbolTable

from xnnir.dialects import rt, xnn
from xnnir.dialects.weights import get_weight_store
from xnnir.dialects.xnn.base import element_type_of
from xnnir.dialects.xnn.graph_ops import yielded
from xnnir.interpreter.coding import numbers, plain_constant, stored, torch_dtype
from xnnir.interpreter.functions import Observe, Outcome
from xnnir.interpreter.kernels import call_kernel
from xnnir.interpreter.xnn import run_graph


def run_method(
    method: rt.MethodOp, inputs: Sequence[Any], ctx: Context, observe: Observe | None = None
) -> Outcome:
    """
    What a method does with `inputs`, tensors of its logical sizes, when it is called for the first time.

    Raises `ValueError` for a wrong number of inputs, `NotImplementedError` for a delegate of another backend or a
    kernel without reference semantics.
    """
    if len(inputs) != len(method.inputs):
        raise ValueError(f"expected {len(method.inputs)} inputs, got {len(inputs)}")
    with torch.no_grad():
        return _Run(method, ctx, observe).run(inputs)


class _Run:
    """One call of a method."""

    def __init__(self, method: rt.MethodOp, ctx: Context, observe: Observe | None):
        self.method = method
        self.store = get_weight_store(ctx)
        self.observe = observe
        self.arenas = [torch.zeros(size, dtype=torch.uint8) for size in method.arena_sizes]
        self.values: dict[SSAValue, Any] = {}
        self.shapes: dict[SSAValue, torch.Size] = {}

    def run(self, inputs: Sequence[Any]) -> Outcome:
        states: dict[str, SSAValue] = {}
        for slot in self.method.slots():
            self._make(slot)
            if isinstance(slot, rt.TensorOp) and slot.is_state and slot.fully_qualified_name is not None:
                states[slot.fully_qualified_name.data] = slot.value
        for slot, value in zip(self.method.inputs, inputs, strict=True):
            self.write(slot, value)
        block: Block | None = self.method.body.blocks[0]
        while block is not None:
            block = self._run_block(block)
        outputs = [self.read(slot) for slot in self.method.outputs]
        return Outcome(outputs, {name: self.read(slot) for name, slot in states.items()})

    def _make(self, slot: rt.SlotOp) -> None:
        match slot:
            case rt.TensorOp():
                type = slot.tensor_type
                if slot.initial is not None:
                    self.write(slot.value, plain_constant(slot.initial, type, self.store))
                elif slot.is_state:
                    self.write(
                        slot.value, torch.zeros(type.get_shape(), dtype=torch_dtype(type.get_element_type()))
                    )
            case rt.ConstantOp():
                self.values[slot.value] = plain_constant(slot.data, slot.tensor_type, self.store)
            case rt.NullOp():
                self.values[slot.value] = None
            case rt.IntOp() | rt.DoubleOp():
                self.values[slot.value] = slot.number.value.data
            case rt.BoolOp():
                self.values[slot.value] = bool(slot.boolean.value.data)
            case rt.StringOp():
                self.values[slot.value] = slot.text.data
            case _:
                pass  # lists are read through their items

    def read(self, slot: SSAValue) -> Any:
        """The value of a slot: a tensor in the arena's bytes where it has a place, a list of what its items are."""
        owner = slot.owner
        match owner:
            case rt.IntListOp() | rt.TensorListOp():
                return [self.read(item) for item in owner.operands]
            case rt.OptionalTensorListOp():
                return [None if item is None else self.read(item) for item in owner.entries()]
            case rt.DoubleListOp() | rt.BoolListOp():
                return [item.value.data for item in owner.items]
            case rt.TensorOp() if owner.arena is not None and slot in self.shapes:
                return self._view(owner, self.shapes[slot]).clone()
            case _:
                return self.values[slot]

    def write(self, slot: SSAValue, value: Any) -> None:
        """Change a slot; a tensor with a place in an arena changes the arena's bytes."""
        owner = slot.owner
        if isinstance(owner, rt.TensorOp) and owner.arena is not None and isinstance(value, torch.Tensor):
            self.shapes[slot] = value.shape
            self._view(owner, value.shape).copy_(value)
        else:
            self.values[slot] = value

    def _view(self, slot: rt.TensorOp, shape: Sequence[int]) -> torch.Tensor:
        assert slot.arena is not None and slot.offset is not None
        arena = self.arenas[slot.arena.value.data - 1]
        dtype = torch_dtype(slot.tensor_type.get_element_type())
        order = range(len(shape)) if slot.dim_order is None else slot.dim_order.get_values()
        physical = [shape[dim] for dim in order]
        offset = slot.offset.value.data
        size = torch.Size(physical).numel() * dtype.itemsize
        dense = arena[offset : offset + size].view(dtype).view(physical)
        return dense.permute([list(order).index(dim) for dim in range(len(shape))])

    def _run_block(self, block: Block) -> Block | None:
        for op in block.ops:
            match op:
                case rt.KernelCallOp():
                    self._report(op, call_kernel(op, self.read, self.write))
                case rt.DelegateCallOp():
                    self._call_delegate(op)
                case rt.MoveOp():
                    self.write(op.target, self.read(op.source))
                case rt.JumpFalseOp():
                    return op.next_block if bool(self.read(op.condition)) else op.target
                case rt.FallthroughOp():
                    return op.next_block
                case _:
                    pass
        return None

    def _call_delegate(self, op: rt.DelegateCallOp) -> None:
        graph = SymbolTable.lookup_symbol(op, op.delegate)
        if not isinstance(graph, xnn.GraphOp):
            raise NotImplementedError(f"no reference semantics for the delegate {op.delegate}")
        count = len(graph.body.block.args)
        # Of what has a coding, the program has the integers.
        inputs = [
            numbers(self._physical(slot, self.read(slot)), element_type_of(inner))
            for slot, inner in zip(op.args[:count], graph.body.block.args, strict=True)
        ]
        results = [
            stored(value, element_type_of(inner))
            for value, inner in zip(run_graph(graph, inputs, self.store), yielded(graph), strict=True)
        ]
        logical = [self._logical(slot, value) for slot, value in zip(op.args[count:], results, strict=True)]
        for slot, value in zip(op.args[count:], logical, strict=True):
            self.write(slot, value)
        self._report(op, logical)

    def _physical(self, slot: SSAValue, tensor: torch.Tensor) -> torch.Tensor:
        order = _dim_order(slot)
        return tensor if order is None else tensor.permute(order)

    def _logical(self, slot: SSAValue, tensor: torch.Tensor) -> torch.Tensor:
        order = _dim_order(slot)
        if order is not None:
            tensor = tensor.permute([order.index(dim) for dim in range(len(order))])
        # Indices come as int32 and leave the delegate as PyTorch's int64.
        return tensor.to(torch_dtype(element_type_of(slot)))

    def _report(self, op: rt.InstructionOp, results: Sequence[Any]) -> None:
        if self.observe is not None:
            self.observe(op, results)


def _dim_order(slot: SSAValue) -> list[int] | None:
    order = getattr(slot.owner, "dim_order", None)
    return None if order is None else list(order.get_values())
