"""
Give each tensor of a method a place in an arena, so that tensors that are not alive at the same time share memory.

A tensor is alive from the instruction that first touches it to the last one; inputs from the start, outputs to the
end, buffers that keep their numbers always. One that a loop touches is alive as long as the loop, and two slots that a
move makes one tensor as long as either. The largest tensors are placed first, each at the lowest offset where it
overlaps no tensor placed before that is alive with it. Offsets are multiples of 16; 64 bytes stay free at the end of
the arena, because XNNPACK reads a little past the end of a tensor (XNN_EXTRA_BYTES).

    rt.method @forward {
      %x = rt.tensor : tensor<4xf32>
    // becomes
    rt.method @forward arenas [80] {
      %x = rt.tensor arena 1 offset 0 : tensor<4xf32>
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, i64
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects import rt
from xnnir.errors import XnnirError

ALIGNMENT = 16
"""Of tensors in an arena, in bytes: that of ExecuTorch's memory planning."""

OVER_READ = 64
"""Bytes left free at the end of an arena, as ExecuTorch leaves them for XNNPACK."""


@dataclass(frozen=True)
class PlanMemoryPass(ModulePass):
    """Place tensors in arenas by the time they are alive."""

    name = "plan-memory"

    alloc_graph_input: bool = True
    """Place inputs too; otherwise the caller's memory is used, by any runtime."""
    alloc_graph_output: bool = True
    """Place outputs too; otherwise the caller must give memory for them."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for method in op.ops:
            if isinstance(method, rt.MethodOp):
                self._plan(method)

    def _plan(self, method: rt.MethodOp) -> None:
        left_out: set[SSAValue] = set()
        if not self.alloc_graph_input:
            left_out.update(method.inputs)
        if not self.alloc_graph_output:
            left_out.update(method.outputs)
        lifetimes = [
            lifetime
            for lifetime in _lifetimes(method)
            if lifetime.tensor.arena is None and lifetime.tensor.result not in left_out
        ]
        size = _place(lifetimes)
        if size > _LARGEST_ARENA:
            raise XnnirError(
                f"expected tensors that fit in {_LARGEST_ARENA} bytes of memory, got {size} bytes",
                location=method.location,
            )
        if size:
            for lifetime in lifetimes:
                lifetime.tensor.place(1, lifetime.offset)
            method.properties["arenas"] = DenseArrayBase.from_list(i64, [size + OVER_READ])


_LARGEST_ARENA = 2**62
"""More is no size of anything, and a file has no number for twice as much."""


@dataclass
class _Lifetime:
    tensor: rt.TensorOp
    size: int
    first: int
    """Index of the first instruction that touches the tensor; -1 when it is there before."""
    last: int
    offset: int = 0

    def cover(self, first: int, last: int) -> bool:
        """Lengthen to the instructions from `first` to `last`; whether that changed anything."""
        before = (self.first, self.last)
        self.first, self.last = min(self.first, first), max(self.last, last)
        return before != (self.first, self.last)


def _lifetimes(method: rt.MethodOp) -> list[_Lifetime]:
    by_slot: dict[SSAValue, _Lifetime] = {}
    lists: dict[SSAValue, tuple[SSAValue, ...]] = {}
    for slot in method.slots():
        if isinstance(slot, rt.TensorOp):
            by_slot[slot.result] = _Lifetime(slot, rt.tensor_bytes(slot.tensor_type), -1, -1)
        elif isinstance(slot, rt.TensorListOp | rt.OptionalTensorListOp):
            lists[slot.value] = tuple(slot.operands)
    instructions = list(method.instructions())
    count = len(instructions)
    touched: set[SSAValue] = set()
    for position, instruction in enumerate(instructions):
        for operand in instruction.operands:
            for value in (operand, *lists.get(operand, ())):
                lifetime = by_slot.get(value)
                if lifetime is None:
                    continue
                if value not in touched:
                    touched.add(value)
                    lifetime.first = position
                lifetime.last = position
    for value in method.inputs:
        if value in by_slot:
            by_slot[value].first = -1
    for lifetime in by_slot.values():
        if lifetime.tensor.is_state:
            lifetime.first, lifetime.last = -1, count
    for value in method.outputs:
        if value in by_slot:
            by_slot[value].last = count
    _extend(by_slot, instructions, list(_loops(method)))
    return list(by_slot.values())


def _loops(method: rt.MethodOp) -> Iterator[tuple[int, int]]:
    """The first and the last instruction of each loop: the target of a jump back, and the jump."""
    starts: dict[Block, int] = {}
    position = 0
    for block in method.body.blocks:
        starts[block] = position
        for op in block.ops:
            if isinstance(op, rt.JumpFalseOp) and op.target in starts:
                yield starts[op.target], position
            position += isinstance(op, rt.InstructionOp)


def _extend(
    by_slot: dict[SSAValue, _Lifetime],
    instructions: Sequence[rt.InstructionOp],
    loops: Sequence[tuple[int, int]],
) -> None:
    """
    Lengthen the lives of tensors that a loop touches to all of the loop, which runs again, and of two slots that a move
    makes one tensor to the life of both.
    """
    moves = [op for op in instructions if isinstance(op, rt.MoveOp) and op.source in by_slot]
    changed = bool(moves or loops)
    while changed:
        changed = False
        for lifetime in by_slot.values():
            for first, last in loops:
                if lifetime.first <= last and first <= lifetime.last:
                    changed |= lifetime.cover(first, last)
        for move in moves:
            source, target = by_slot[move.source], by_slot.get(move.target)
            if target is not None:
                changed |= source.cover(target.first, target.last)
                changed |= target.cover(source.first, source.last)


def _place(lifetimes: list[_Lifetime]) -> int:
    """Give each tensor its offset; return the bytes that all need."""
    placed: list[tuple[int, int, _Lifetime]] = []
    end_of_all = 0
    for index, lifetime in enumerate(sorted(lifetimes, key=lambda entry: -entry.size)):
        offset = 0
        for start, _, other in placed:
            if other.last < lifetime.first or lifetime.last < other.first:
                continue
            if offset + lifetime.size <= start:
                break
            offset = max(offset, _align(start + other.size))
        lifetime.offset = offset
        insort(placed, (offset, index, lifetime))
        end_of_all = max(end_of_all, offset + lifetime.size)
    return end_of_all


def _align(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
