"""
Buffers that a program changes: tensors of the method that keep their numbers from one call to the next.

The new value is copied to the buffer when the method ends. An update of a part (`index_put`, `slice_scatter`, ...) is
written to the buffer at once, by `aten::index_put_`, when nothing reads the old value after it: a cache of keys and
values is not copied. As in ExecuTorch, a buffer has a place in an arena and, unless it begins as zeros, initial bytes
in the file; each method has buffers of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

import numpy as np
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, TensorType, i64
from xdsl.ir import Block, Operation, SSAValue

from xnnir.dialects import aten, rt
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import WeightAttr, WeightStore, constant_array
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, upper_bound_shape
from xnnir.passes._lower_to_rt.scalars import argument_slot, prim
from xnnir.passes._method_builder import MethodBuilder, Number


class State:
    """The buffers that one function changes, and the ops that do it in place."""

    def __init__(self, block: Block, store: WeightStore):
        self._block = block
        self._store = store
        self._order: dict[Operation, int] = {op: index for index, op in enumerate(block.ops)}
        self._assigned = {op.target.data: op.value for op in block.ops if isinstance(op, aten.AssignBufferOp)}
        self._slots: dict[str, SSAValue] = {}
        self._in_place: dict[Operation, str] = {}
        """Ops that write to a buffer, by its name."""
        for op in block.ops:
            if self.is_state(op):
                self._find_updates(cast(aten.BufferOp, op))

    def is_state(self, op: Operation) -> bool:
        """Whether `op` is a buffer that the function changes."""
        return isinstance(op, aten.BufferOp) and op.fqn.data in self._assigned

    def is_update(self, op: Operation) -> bool:
        """Whether `op` writes to a buffer in place."""
        return op in self._in_place

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
        _UPDATES[op.name](builder, op, buffer)
        builder.bind(op.results[0], buffer)

    def assign(self, builder: MethodBuilder, at: Operation) -> None:
        """Add the copies that bring the buffers up to date when the method ends."""
        states = set(self._slots.values())
        copies: list[tuple[SSAValue, SSAValue]] = []
        for name, buffer in self._slots.items():
            value = builder.lookup(self._assigned[name])
            if value is buffer:
                continue
            # Another buffer's old value, which its own copy may overwrite first.
            copies.append((buffer, copied(builder, value, at) if value in states else value))
        for buffer, value in copies:
            builder.compute("aten::copy_", [buffer, value, builder.bool(False)], buffer, at)

    def own(self, builder: MethodBuilder, value: SSAValue, at: Operation) -> SSAValue:
        """The slot that returns `value`: that of a buffer would change under the caller's hands, so it is copied."""
        slot = builder.lookup(value)
        return copied(builder, slot, at) if slot in self._slots.values() else slot

    def _initial(self, op: aten.BufferOp) -> WeightAttr | None:
        weight = op.value
        if not isinstance(weight, WeightAttr):
            weight = self._store.add(constant_array(weight, tensor_type_of(op.result), self._store))
        # What is not there yet cannot be looked at; a file without it cannot be written either.
        is_zero = weight in self._store and not np.frombuffer(self._store.bytes(weight), np.uint8).any()
        return None if is_zero else weight

    def _find_updates(self, buffer: aten.BufferOp) -> None:
        """Follow the updates from the value that is assigned back to the buffer."""
        name = buffer.fqn.data
        value = self._assigned[name]
        chain: list[Operation] = []
        while value is not buffer.result:
            op = value.owner
            if not isinstance(op, AtenOp) or op.name not in _UPDATES or op.parent is not self._block:
                return
            value = cast(SSAValue, op.arg("self"))
            if value.type != op.results[0].type or not _can_update(op) or self._is_read_after(value, op):
                return
            chain.append(op)
        self._in_place.update(dict.fromkeys(chain, name))

    def _is_read_after(self, value: SSAValue, op: Operation) -> bool:
        """Whether something but `op` reads `value` when `op` runs, or later."""
        for use in value.uses:
            user = use.operation
            while user.parent is not None and user.parent is not self._block:
                user = cast(Operation, user.parent.parent_op())
            if user is op:
                if use.index:
                    return True
            elif self._order.get(user, len(self._order)) >= self._order[op]:
                return True
        return False


def copied(builder: MethodBuilder, slot: SSAValue, at: Operation) -> SSAValue:
    """The slot of a copy of the tensor in `slot`, made now."""
    source = cast(rt.TensorSlotOp, slot.owner)
    dynamism = (
        source.dynamism.data if isinstance(source, rt.TensorOp) and source.dynamism is not None else None
    )
    copy = builder.slot(rt.TensorOp(source.tensor_type, dynamism=dynamism), at.location)
    builder.call("aten::clone.out", [slot, builder.null()], copy, at)
    return copy


Update: TypeAlias = Callable[[MethodBuilder, AtenOp, SSAValue], None]


def _index_put(builder: MethodBuilder, op: AtenOp, buffer: SSAValue) -> None:
    indices = [None if index is None else builder.lookup(index) for index in op.arg("indices")]
    accumulate = builder.bool(bool(op.arg("accumulate")))
    _put(builder, op, buffer, indices, builder.lookup(op.arg("values")), accumulate)


def _index_copy(builder: MethodBuilder, op: AtenOp, buffer: SSAValue) -> None:
    place = _axis(op) * [None]
    _put(builder, op, buffer, [*place, builder.lookup(op.arg("index"))], builder.lookup(op.arg("source")))


def _select_scatter(builder: MethodBuilder, op: AtenOp, buffer: SSAValue) -> None:
    index = op.arg("index")
    if isinstance(index, SSAValue):
        slot = builder.slot(rt.TensorOp(TensorType(i64, [])), op.location)
        builder.call("aten::scalar_tensor.out", [builder.lookup(cast(SSAValue, index))], slot, op)
    else:
        number = DenseIntOrFPElementsAttr.from_list(TensorType(i64, []), [index])
        slot = builder.slot(rt.ConstantOp(number, TensorType(i64, [])), op.location)
    _put(builder, op, buffer, [*_axis(op) * [None], slot], builder.lookup(op.arg("src")))


def _slice_scatter(builder: MethodBuilder, op: AtenOp, buffer: SSAValue) -> None:
    """As an `index_put_` at start, start + step, ...: there is no kernel that writes a slice in place."""
    axis = _axis(op)
    source = cast(SSAValue, op.arg("src"))
    size = tensor_type_of(op.results[0]).get_shape()[axis]
    start = op.arg("start")
    if start is None:
        start = 0
    if isinstance(start, int):
        start = min(max(start + size if start < 0 else start, 0), size)
    step = cast(int, op.arg("step"))
    dim = dims_of(tensor_type_of(source))[axis]
    count: Number = tensor_type_of(source).get_shape()[axis]
    if not dim.is_static:
        count = builder.slot(rt.IntOp(0), op.location)
        builder.compute("aten::sym_size.int", [builder.lookup(source), builder.int(axis)], count, op)
    length = _compute(builder, op, "mul", count, step)
    first: Number = builder.lookup(cast(SSAValue, start)) if isinstance(start, SSAValue) else start
    end = _compute(builder, op, "add", length, first)
    bound = upper_bound_shape(tensor_type_of(source))
    assert bound is not None
    indices = builder.slot(
        rt.TensorOp(TensorType(i64, [bound[axis]]), dynamism=None if dim.is_static else "bound"), op.location
    )
    args = [argument_slot(builder, number) if isinstance(number, int) else number for number in (first, end)]
    builder.call("aten::arange.start_out", [*args, builder.int(step)], indices, op)
    _put(builder, op, buffer, [*axis * [None], indices], builder.lookup(source))


def _copy(builder: MethodBuilder, op: AtenOp, buffer: SSAValue) -> None:
    args = [buffer, builder.lookup(op.arg("src")), builder.bool(False)]
    builder.compute("aten::copy_", args, buffer, op)


_UPDATES: Mapping[str, Update] = {
    "aten._unsafe_index_put": _index_put,
    "aten.copy": _copy,
    "aten.index_copy": _index_copy,
    "aten.index_put": _index_put,
    "aten.select_scatter": _select_scatter,
    "aten.slice_scatter": _slice_scatter,
}


def _can_update(op: AtenOp) -> bool:
    if op.name != "aten.slice_scatter":
        return True
    shape = tensor_type_of(op.results[0]).get_shape()
    # Where the dimension is dynamic, a number counted from its end is not known.
    return isinstance(op.arg("step"), int) and shape[_axis(op)] >= 0


def _put(
    builder: MethodBuilder,
    op: AtenOp,
    buffer: SSAValue,
    indices: list[SSAValue | None],
    values: SSAValue,
    accumulate: SSAValue | None = None,
) -> None:
    where = builder.slot(rt.OptionalTensorListOp(indices), op.location)
    args = [buffer, where, values, builder.bool(False) if accumulate is None else accumulate]
    builder.compute("aten::index_put_", args, buffer, op)


def _compute(builder: MethodBuilder, op: AtenOp, name: str, a: Number, b: int | Number) -> Number:
    if isinstance(a, int) and isinstance(b, int):
        return a * b if name == "mul" else a + b
    result = builder.slot(rt.IntOp(0), op.location)
    slots = [builder.int(number) if isinstance(number, int) else number for number in (a, b)]
    prim(builder, name, slots, result, op)
    return result


def _axis(op: AtenOp) -> int:
    rank = len(tensor_type_of(op.results[0]).get_shape())
    return cast(int, op.arg("dim")) % rank
