"""
Branches and loops as jumps, in the manner of ExecuTorch's emitter.

    %y = scf.if %p -> (...) { A; yield %a } else { B; yield %b }

    jump_false %p else B;  A;  move %a to %y;  jump end;  B;  move %b to %y;  end:

    %y = scf.while (%c = %x) { A; condition(%p) %c } do (%c) { B; yield %b }

    c = x;  loop: A;  jump_false %p else end;  B;  c = b;  jump loop;  end:

What a loop carries has slots that keep their place. A tensor begins in the memory of the value that the loop starts
from where nothing else reads that, and a body that writes to a part of it does so in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.dialects import scf
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Block, Operation, SSAValue

from xnnir.dialects import aten, rt, xnn
from xnnir.passes._lower_to_rt.scalars import prim
from xnnir.passes._lower_to_rt.slots import value_slot
from xnnir.passes._lower_to_rt.state import copied
from xnnir.passes._lower_to_rt.updates import find_update_chain
from xnnir.passes._method_builder import MethodBuilder

CONTROL_FLOW = scf.IfOp | scf.WhileOp | scf.ForOp
TERMINATORS = scf.YieldOp | scf.ConditionOp


@dataclass
class ControlFlow:
    """
    Lowers branches and loops.

    builder:
        Where the instructions go.
    lower:
        Adds the instructions of one op.
    is_result:
        Whether a value is made in the memory order that the caller expects.
    is_state:
        Whether a slot is a buffer of the model.
    """

    builder: MethodBuilder
    lower: Callable[[Operation], None]
    is_result: Callable[[SSAValue], bool]
    is_state: Callable[[SSAValue], bool]

    def __post_init__(self) -> None:
        self.updates: dict[Operation, SSAValue] = {}
        """Ops that write to what a loop carries, and the slots of that."""
        self._carried: set[SSAValue] = set()

    def lower_op(self, op: Operation) -> None:
        """Add the instructions of a branch or a loop."""
        match op:
            case scf.IfOp():
                self._lower_if(op)
            case scf.WhileOp():
                self._lower_while(op)
            case _:
                self._lower_for(cast(scf.ForOp, op))

    def _lower_if(self, op: scf.IfOp) -> None:
        builder = self.builder
        for result in op.output:
            builder.bind(result, builder.slot(value_slot(result), op.location))
        otherwise, end = Block(), Block()
        builder.jump_false(builder.lookup(op.cond), otherwise, op)
        self._branch(op, op.true_region.block)
        builder.jump(end, op, otherwise)
        if op.false_region.blocks:
            self._branch(op, op.false_region.block)
        builder.begin(end)

    def _branch(self, op: scf.IfOp, block: Block) -> None:
        for value, result in zip(self._run(block), op.output, strict=True):
            source = self.builder.lookup(value)
            if source in self._carried or self.is_state(source):
                # A move makes two slots one tensor, and this one will be overwritten.
                source = self._saved(source, op)
            self.builder.append(rt.MoveOp(source, self.builder.lookup(result)), op)

    def _lower_while(self, op: scf.WhileOp) -> None:
        builder = self.builder
        before, after = op.before_region.block, op.after_region.block
        slots = self._begin(op, op.arguments, before.args)
        condition_op = cast(scf.ConditionOp, before.last_op)
        if list(condition_op.operands[1:]) == list(before.args):
            self._find_updates(after.args, cast(scf.YieldOp, after.last_op).operands, slots)
        loop, end = Block(), Block()
        builder.begin(loop)
        condition, *passed = self._run(before)
        builder.jump_false(builder.lookup(condition), end, op)
        for value, argument, result in zip(passed, after.args, op.res, strict=True):
            builder.bind(argument, builder.lookup(value))
            builder.bind(result, builder.lookup(value))
        self._carry(self._run(after), slots, op)
        builder.jump(loop, op, end)

    def _lower_for(self, op: scf.ForOp) -> None:
        builder = self.builder
        index, *arguments = op.body.block.args
        counter = builder.slot(rt.IntOp(0), op.location)
        builder.bind(index, counter)
        slots = self._begin(op, op.iter_args, arguments)
        self._find_updates(arguments, cast(scf.YieldOp, op.body.block.last_op).operands, slots)
        for result, slot in zip(op.res, slots, strict=True):
            builder.bind(result, slot)
        prim(builder, "add", [builder.lookup(op.lb), builder.int(0)], counter, op)
        loop, end = Block(), Block()
        builder.begin(loop)
        goes_on = builder.slot(rt.BoolOp(False), op.location)
        prim(builder, "lt", [counter, builder.lookup(op.ub)], goes_on, op)
        builder.jump_false(goes_on, end, op)
        self._carry(self._run(op.body.block), slots, op)
        prim(builder, "add", [counter, builder.lookup(op.step)], counter, op)
        builder.jump(loop, op, end)

    def _run(self, block: Block) -> Sequence[SSAValue]:
        """Add the instructions of a region's block; what its terminator is given."""
        for op in block.ops:
            if not isinstance(op, TERMINATORS):
                self.lower(op)
        terminator = block.last_op
        return terminator.operands if terminator is not None else ()

    def _begin(
        self, op: Operation, initial: Sequence[SSAValue], arguments: Sequence[SSAValue]
    ) -> list[SSAValue]:
        """The slots of what a loop carries, which hold the first values from here on."""
        builder = self.builder
        slots: list[SSAValue] = []
        for value, argument in zip(initial, arguments, strict=True):
            source = builder.lookup(value)
            if self._can_take(value, op):
                slot = source
            else:
                slot = builder.slot(value_slot(argument), op.location)
                self._assign(source, slot, op)
            builder.bind(argument, slot)
            slots.append(slot)
        self._carried.update(slots)
        return slots

    def _can_take(self, value: SSAValue, op: Operation) -> bool:
        """Whether the loop `op` may overwrite the tensor that it begins with."""
        producer = value.owner
        return (
            isinstance(value.type, TensorType)
            and isinstance(producer, aten.AtenOp | xnn.CallOp)
            and producer.parent is op.parent
            and all(use.operation is op for use in value.uses)
            and sum(1 for _ in value.uses) == 1
            and not self.is_result(value)
        )

    def _find_updates(
        self, arguments: Sequence[SSAValue], yielded: Sequence[SSAValue], slots: Sequence[SSAValue]
    ) -> None:
        for argument, value, slot in zip(arguments, yielded, slots, strict=True):
            self.updates.update(dict.fromkeys(find_update_chain(argument, value) or (), slot))

    def _carry(self, values: Sequence[SSAValue], slots: Sequence[SSAValue], op: Operation) -> None:
        """Put the values of the next iteration into the slots."""
        sources = [self.builder.lookup(value) for value in values]
        changed = [(source, slot) for source, slot in zip(sources, slots, strict=True) if source is not slot]
        # What another slot held in this iteration may be overwritten before it is read.
        safe = [(self._saved(source, op) if source in slots else source, slot) for source, slot in changed]
        for source, slot in safe:
            self._assign(source, slot, op)

    def _saved(self, slot: SSAValue, op: Operation) -> SSAValue:
        if isinstance(slot.type, TensorType):
            return copied(self.builder, slot, op)
        owner = cast(rt.SlotOp, slot.owner)
        saved = self.builder.slot(owner.clone(), op.location)
        self.builder.append(rt.MoveOp(slot, saved), op)
        return saved

    def _assign(self, source: SSAValue, slot: SSAValue, op: Operation) -> None:
        if isinstance(slot.type, TensorType):
            self.builder.call("aten::clone.out", [source, self.builder.null()], slot, op)
        else:
            self.builder.append(rt.MoveOp(source, slot), op)
