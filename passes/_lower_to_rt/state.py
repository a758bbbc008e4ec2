"""
Buffers that a program changes: tensors of the method that keep their numbers from one call to the next.

The new value is copied to the buffer when the method ends. An update of a part (`index_put`, `slice_scatter`, ...) is
written to the buffer at once, by `aten::index_put_`, when nothing reads the old value after it: a cache of keys and
values is not copied. As in ExecuTorch, a buffer has a place in an arena and, unless it begins as zeros, initial bytes
in the file; each method has buffers of its own.

What a program writes to an input is copied to the method's input when the method ends: the caller sees it where the
method works in the caller's memory, which ExecuTorch's runtime does for inputs without a place in an arena.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from xdsl.dialects.builtin import StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from xnnir.dialects import aten, rt
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import WeightAttr, WeightStore, constant_array
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.errors import XnnirError
from xnnir.passes._lower_to_rt.updates import find_update, find_update_chain, write_update
from xnnir.passes._method_builder import MethodBuilder

NAME = "xnn.name"
"""Attribute of a function's argument: its name in the model's `forward`."""


class State:
    """The buffers that one function changes, and the ops that do it in place."""

    def __init__(self, function: FuncOp, store: WeightStore):
        block = function.body.block
        self._store = store
        self._inputs = [
            (_argument(function, op.target.data), op.value)
            for op in block.ops
            if isinstance(op, aten.AssignInputOp)
        ]
        self._assigned = {op.target.data: op.value for op in block.ops if isinstance(op, aten.AssignBufferOp)}
        self._slots: dict[str, SSAValue] = {}
        self._in_place: dict[Operation, str] = {}
        """Ops that write to a buffer, by its name."""
        for op in block.ops:
            if isinstance(op, aten.BufferOp) and self.is_state(op):
                chain = find_update_chain(op.result, self._assigned[op.fqn.data])
                self._in_place.update(dict.fromkeys(chain or (), op.fqn.data))

    def is_state(self, op: Operation) -> bool:
        """Whether `op` is a buffer that the function changes."""
        return isinstance(op, aten.BufferOp) and op.fqn.data in self._assigned

    def is_update(self, op: Operation) -> bool:
        """Whether `op` writes to a buffer in place."""
        return op in self._in_place

    def is_buffer(self, slot: SSAValue) -> bool:
        """Whether `slot` is that of a buffer that the function changes."""
        return slot in self._slots.values()

    def _changes(self, builder: MethodBuilder, slot: SSAValue) -> bool:
        """Whether `slot` gets new numbers when the method ends."""
        inputs = [builder.lookup(argument) for argument, _ in self._inputs]
        return self.is_buffer(slot) or any(slot is written for written in inputs)

    def add_buffer(self, builder: MethodBuilder, op: Operation) -> None:
        """Add the slot of a buffer, which `is_state` tells."""
        assert isinstance(op, aten.BufferOp)
        name = op.fqn.data
        if name not in self._slots:
            slot = rt.TensorOp(
                tensor_type_of(op.result), initial=self._initial(op), fully_qualified_name=name
            )
            slot.result.name_hint = op.result.name_hint
            self._slots[name] = builder.slot(slot, op.location)
        builder.bind(op.result, self._slots[name])

    def update(self, builder: MethodBuilder, op: Operation) -> None:
        """Add the calls of an op that writes to its buffer; its result is the buffer."""
        assert isinstance(op, AtenOp)
        buffer = self._slots[self._in_place[op]]
        update = find_update(op)
        assert update is not None
        write_update(builder, op, update, buffer)
        builder.bind(op.results[0], buffer)

    def assign(self, builder: MethodBuilder, at: Operation) -> None:
        """Add the copies that bring buffers, and inputs that are written to, up to date when the method ends."""
        pairs = [(buffer, builder.lookup(self._assigned[name])) for name, buffer in self._slots.items()]
        pairs += [(builder.lookup(argument), builder.lookup(value)) for argument, value in self._inputs]
        # A value may be what another tensor held, which its own copy may overwrite first.
        copies = [
            (target, copied(builder, value, at) if self._changes(builder, value) else value)
            for target, value in pairs
            if target is not value
        ]
        for target, value in copies:
            builder.compute("aten::copy_", [target, value, builder.bool(False)], target, at)

    def own(self, builder: MethodBuilder, value: SSAValue, at: Operation) -> SSAValue:
        """The slot that returns `value`: that of a buffer would change under the caller's hands, so it is copied."""
        slot = builder.lookup(value)
        return copied(builder, slot, at) if self._changes(builder, slot) else slot

    def _initial(self, op: aten.BufferOp) -> WeightAttr | None:
        weight = op.value
        if not isinstance(weight, WeightAttr):
            weight = self._store.add(constant_array(weight, tensor_type_of(op.result), self._store))
        # What is not there yet cannot be looked at; a file without it cannot be written either.
        is_zero = weight in self._store and not np.frombuffer(self._store.bytes(weight), np.uint8).any()
        return None if is_zero else weight


def _argument(function: FuncOp, name: str) -> SSAValue:
    """The argument of the function that is called `name` in the model. Raises `XnnirError` when there is none."""
    attributes = function.arg_attrs.data if function.arg_attrs is not None else ()
    for argument, entry in zip(function.body.block.args, attributes, strict=False):
        if entry.data.get(NAME) == StringAttr(name):
            return argument
    raise XnnirError(
        f"expected an argument called {name}, to which the program writes, got none", function.location
    )


def copied(builder: MethodBuilder, slot: SSAValue, at: Operation) -> SSAValue:
    """The slot of a copy of the tensor in `slot`, made now."""
    source = cast(rt.TensorSlotOp, slot.owner)
    dynamism = (
        source.dynamism.data if isinstance(source, rt.TensorOp) and source.dynamism is not None else None
    )
    copy = builder.slot(rt.TensorOp(source.tensor_type, dynamism=dynamism), at.location)
    builder.call("aten::clone.out", [slot, builder.null()], copy, at)
    return copy
