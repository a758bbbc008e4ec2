"""The slots and instructions of a method while it is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Block, Operation, SSAValue

from xnnir.dialects import rt
from xnnir.dialects.rt import InstructionOp, SlotOp

Instruction = TypeVar("Instruction", bound=InstructionOp)

Number: TypeAlias = "int | SSAValue"
"""A number known while compiling, or the slot of one that is not."""


class MethodBuilder:
    """
    Collects slots and blocks of instructions. Slots may be added at any time: numbers and lists become slots as they
    are met, and stand before all instructions in the end. Equal numbers share a slot.
    """

    def __init__(self) -> None:
        self.slots: list[SlotOp] = []
        self.blocks: list[Block] = [Block()]
        """Instructions; the last block is the one that grows."""
        self._values: dict[SSAValue, SSAValue] = {}
        self._numbers: dict[tuple[type[SlotOp], object], SSAValue] = {}

    def bind(self, value: SSAValue, slot: SSAValue) -> None:
        """`slot` holds `value` of the function."""
        self._values[value] = slot

    def lookup(self, value: SSAValue) -> SSAValue:
        """The slot that holds `value`."""
        return self._values[value]

    def is_bound(self, value: SSAValue) -> bool:
        """Whether some slot holds `value`."""
        return value in self._values

    def slot(self, op: SlotOp, location: LocationAttr | None = None) -> SSAValue:
        """Add a slot."""
        if location is not None:
            op.location = location
        self.slots.append(op)
        return op.value

    # Slots of what is known while compiling.

    def int(self, number: int) -> SSAValue:
        return self._shared((rt.IntOp, number), lambda: rt.IntOp(number))

    def bool(self, flag: bool) -> SSAValue:
        return self._shared((rt.BoolOp, flag), lambda: rt.BoolOp(flag))

    def double(self, number: float) -> SSAValue:
        # 0.0 and -0.0 are equal, and a nan is not equal to itself.
        return self._shared((rt.DoubleOp, repr(number)), lambda: rt.DoubleOp(number))

    def string(self, text: str) -> SSAValue:
        return self._shared((rt.StringOp, text), lambda: rt.StringOp(text))

    def null(self) -> SSAValue:
        return self._shared((rt.NullOp, None), rt.NullOp)

    def int_list(self, numbers: Sequence[Number]) -> SSAValue:
        """A list of integers, some of which may be slots that instructions write."""
        items = [number if isinstance(number, SSAValue) else self.int(number) for number in numbers]
        return self._shared((rt.IntListOp, tuple(items)), lambda: rt.IntListOp(items))

    # Instructions.

    def append(self, instruction: Instruction, at: Operation | None = None) -> Instruction:
        """Add an instruction; `at` is the op of the model that it is for."""
        if at is not None:
            instruction.location = at.location
        self.blocks[-1].add_op(instruction)
        return instruction

    def call(self, operator: str, args: Sequence[SSAValue], out: SSAValue, at: Operation) -> None:
        """Add a call of an out-variant that writes `out`: its last argument, and its result once more."""
        self.append(rt.KernelCallOp(operator, [*args, out, out]), at)

    def compute(self, operator: str, args: Sequence[SSAValue], result: SSAValue, at: Operation) -> None:
        """Add a call of a kernel that writes a number to the slot `result`, which no schema has as an argument."""
        self.append(rt.KernelCallOp(operator, [*args, result]), at)

    def begin(self, block: Block) -> None:
        """Go on in `block`, which follows the present one."""
        present = self.blocks[-1]
        if not isinstance(present.last_op, rt.JumpFalseOp):
            present.add_op(rt.FallthroughOp(block))
        self.blocks.append(block)

    def jump_false(
        self, condition: SSAValue, target: Block, at: Operation, following: Block | None = None
    ) -> None:
        """Go to `target` if `condition` is false, and on in the block `following`, a new one by default."""
        following = Block() if following is None else following
        self.append(rt.JumpFalseOp(condition, following, target), at)
        self.blocks.append(following)

    def jump(self, target: Block, at: Operation, following: Block) -> None:
        """Go to `target`. What is added next is the block `following`, which other jumps go to."""
        # The format has no other jump; the condition is a number that nothing changes.
        self.jump_false(self.bool(False), target, at, following)

    def _shared(self, key: tuple[type[SlotOp], object], make: Callable[[], SlotOp]) -> SSAValue:
        if key not in self._numbers:
            self._numbers[key] = self.slot(make())
        return self._numbers[key]
