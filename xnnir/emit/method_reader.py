"""Reads one method (an `ExecutionPlan` table) into an `rt.method`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from xnnir.dialects import rt
from xnnir.dialects.rt.types import element_size
from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import load_schema
from xnnir.emit.locations import location_of_frames
from xnnir.emit.scalar_types import element_type

if TYPE_CHECKING:
    from xnnir.emit.program_reader import ProgramTables

Table: TypeAlias = dict[str, Any]

_DYNAMISM = {"DYNAMIC_BOUND": "bound", "DYNAMIC_UNBOUND": "unbound"}


def read_method(program: ProgramTables, plan: Table, delegates: list[str], where: str) -> rt.MethodOp:
    """
    The method in `plan`; `delegates` are the symbols of its delegates.

    Raises `FormatError` when an index leads nowhere, or a value is not what an instruction needs.
    """
    return _MethodReader(program, plan, delegates, where).read()


class _MethodReader:
    def __init__(self, program: ProgramTables, plan: Table, delegates: list[str], where: str):
        self.program = program
        self.plan = plan
        self.delegates = delegates
        self.where = where
        self.tables: list[Table] = plan["values"]
        self.slots: dict[int, rt.SlotOp] = {}
        self.pending: set[int] = set()
        """Lists whose items are being read: a list cannot be among its own items."""
        self.block = Block()

    def read(self) -> rt.MethodOp:
        plan, where = self.plan, self.where
        for index in range(len(self.tables)):
            self._slot(index, f"{where}.values")
        self.block.add_op(rt.InputsOp(self._values(plan["inputs"], f"{where}.inputs")))
        region = Region(self._instructions())
        outputs = self._values(plan["outputs"], f"{where}.outputs")
        region.blocks[-1].add_op(rt.ReturnOp(outputs))
        sizes: list[int] = plan["non_const_buffer_sizes"] or [0]
        if any(size < 0 for size in sizes):
            raise FormatError(f"{where}.non_const_buffer_sizes", f"expected sizes of 0 or more, got {sizes}")
        structure: Table = plan["container_meta_type"] or {}
        return rt.MethodOp(
            plan["name"],
            region,
            arenas=sizes[1:] if any(sizes[1:]) else None,
            arena_devices=[
                (table["buffer_idx"], table["device_type"], table["device_index"])
                for table in plan["non_const_buffer_device"]
            ],
            input_structure=structure.get("encoded_inp_str") or None,
            output_structure=structure.get("encoded_out_str") or None,
        )

    # Values

    def _value(self, index: int, where: str) -> SSAValue:
        return self._slot(index, where).value

    def _values(self, indices: list[int], where: str) -> list[SSAValue]:
        return [self._value(index, f"{where}[{number}]") for number, index in enumerate(indices)]

    def _slot(self, index: int, where: str) -> rt.SlotOp:
        if not 0 <= index < len(self.tables):
            raise FormatError(where, f"expected the index of one of {len(self.tables)} values, got {index}")
        slot = self.slots.get(index)
        if slot is None:
            value = f"{self.where}.values[{index}]"
            if index in self.pending:
                raise FormatError(value, "a list is among its own items")
            self.pending.add(index)
            slot = self._make_slot(self.tables[index]["val"], value)
            self.pending.discard(index)
            self.block.add_op(slot)
            self.slots[index] = slot
        return slot

    def _make_slot(self, value: tuple[str, Table] | None, where: str) -> rt.SlotOp:
        if value is None:
            return rt.NullOp()
        kind, table = value
        match kind:
            case "Null":
                return rt.NullOp()
            case "Int":
                return rt.IntOp(table["int_val"])
            case "Bool":
                return rt.BoolOp(table["bool_val"])
            case "Double":
                return rt.DoubleOp(table["double_val"])
            case "Tensor":
                return self._tensor(table, where)
            case "String":
                return rt.StringOp(table["string_val"])
            case "IntList":
                return rt.IntListOp(self._items(table, where, (rt.IntOp,), "rt.int"))
            case "DoubleList":
                return rt.DoubleListOp(table["items"])
            case "BoolList":
                return rt.BoolListOp(table["items"])
            case "TensorList":
                return rt.TensorListOp(self._items(table, where, (rt.TensorSlotOp,), "a tensor"))
            case _:
                return rt.OptionalTensorListOp(self._optional_items(table, where))

    def _items(
        self, table: Table, where: str, kinds: tuple[type[rt.SlotOp], ...], expected: str
    ) -> list[SSAValue]:
        items: list[SSAValue] = []
        for number, index in enumerate(cast(list[int], table["items"])):
            slot = self._slot(index, f"{where}.items[{number}]")
            if not isinstance(slot, kinds):
                raise FormatError(f"{where}.items[{number}]", f"expected {expected}, got {slot.name}")
            items.append(slot.value)
        return items

    def _optional_items(self, table: Table, where: str) -> list[SSAValue | None]:
        items: list[int] = table["items"]
        present: Table = {"items": [index for index in items if index != -1]}
        values = iter(self._items(present, where, (rt.TensorSlotOp, rt.NullOp), "a tensor or rt.null"))
        return [None if index == -1 else next(values) for index in items]

    def _tensor(self, table: Table, where: str) -> rt.SlotOp:
        sizes: list[int] = table["sizes"]
        if any(size < 0 for size in sizes):
            raise FormatError(f"{where}.sizes", f"expected sizes of 0 or more, got {sizes}")
        if table["storage_offset"]:
            raise FormatError(f"{where}.storage_offset", f"expected 0, got {table['storage_offset']}")
        elements = element_type(table["scalar_type"], f"{where}.scalar_type")
        dim_order = self._dim_order(table, len(sizes), where)
        dynamism = _enum_name("TensorShapeDynamism", table["shape_dynamism"], f"{where}.shape_dynamism")
        type: TensorType[Attribute] = TensorType(elements, sizes)
        nbytes = math.prod(sizes) * (element_size(elements) or 0)
        if nbytes >= 2**63:
            raise FormatError(f"{where}.sizes", f"expected a tensor of less than 2^63 bytes, got {sizes}")
        extra: Table = table["extra_tensor_info"] or {}
        name = extra.get("fully_qualified_name") or None
        external = extra.get("location") == 1
        if external and not name:
            raise FormatError(
                f"{where}.extra_tensor_info", "expected the name of an external tensor, got none"
            )
        allocation = table["allocation_info"]
        index = 0 if external else table["data_buffer_idx"]
        index_where = f"{where}.data_buffer_idx"
        store = self.program.store
        if index and allocation is None:
            data = self.program.constant(index, nbytes, index_where)
            return rt.ConstantOp(
                store.add(data),
                type,
                dim_order=dim_order,
                fully_qualified_name=name,
                requires_grad=table["requires_grad"],
            )
        initial = None
        if index:
            segment = extra.get("mutable_data_segments_idx", 0)
            initial = store.add(self.program.initial_state(segment, index, nbytes, index_where))
        arena = offset = None
        if allocation is not None:
            arena = allocation["memory_id"]
            offset = allocation["memory_offset_low"] | allocation["memory_offset_high"] << 32
            self._check_place(arena, offset, nbytes, dynamism, f"{where}.allocation_info")
        device = (extra.get("device_type", 0), extra.get("device_index", 0))
        return rt.TensorOp(
            type,
            arena=arena,
            offset=offset,
            initial=initial,
            dynamism=_DYNAMISM.get(dynamism),
            dim_order=dim_order,
            fully_qualified_name=name,
            requires_grad=table["requires_grad"],
            external=external,
            device=device if any(device) else None,
        )

    def _dim_order(self, table: Table, rank: int, where: str) -> list[int] | None:
        dim_order = list(table["dim_order"])
        if not dim_order or dim_order == list(range(rank)):
            return None
        if sorted(dim_order) != list(range(rank)):
            raise FormatError(
                f"{where}.dim_order", f"expected a permutation of the {rank} dimensions, got {dim_order}"
            )
        return dim_order

    def _check_place(self, arena: int, offset: int, nbytes: int, dynamism: str, where: str) -> None:
        sizes: list[int] = self.plan["non_const_buffer_sizes"]
        if not 1 <= arena < len(sizes):
            raise FormatError(
                f"{where}.memory_id", f"expected an arena of 1 to {len(sizes) - 1}, got {arena}"
            )
        if offset + nbytes > sizes[arena] and dynamism != "DYNAMIC_UNBOUND":
            raise FormatError(
                f"{where}.memory_offset",
                f"expected {nbytes} bytes within the {sizes[arena]} of arena {arena}, got offset {offset}",
            )

    # Instructions

    def _instructions(self) -> list[Block]:
        chains: list[Table] = self.plan["chains"]
        instructions: list[tuple[Table, int, Table | None, str]] = []
        for number, chain in enumerate(chains):
            stacks = chain["stacktrace"]
            first = len(instructions)
            for index, instruction in enumerate(chain["instructions"]):
                where = f"{self.where}.chains[{number}].instructions[{index}]"
                stack: Table | None = stacks[index] if index < len(stacks) else None
                instructions.append((instruction, first, stack, where))
        # A block starts at each target of a jump, and behind each jump.
        starts = {0}
        for index, (instruction, first, _, where) in enumerate(instructions):
            if instruction["instr_args"] is None:
                raise FormatError(f"{where}.instr_args", "expected an instruction, got none")
            kind, table = instruction["instr_args"]
            if kind == "JumpFalseCall":
                target = first + table["destination_instruction"]
                if not 0 <= target <= len(instructions):
                    raise FormatError(
                        f"{where}.destination_instruction",
                        f"expected one of {len(instructions)} instructions or the end, got {target}",
                    )
                starts |= {target, index + 1}
        # Nothing can jump to the first block of a region, so it has the values alone where an instruction does.
        targets = {
            first + instruction["instr_args"][1]["destination_instruction"]
            for instruction, first, _, _ in instructions
            if instruction["instr_args"][0] == "JumpFalseCall"
        }
        blocks = {start: Block() for start in sorted(starts)}
        if 0 in targets:
            self.block.add_op(rt.FallthroughOp(blocks[0]))
        else:
            blocks[0] = self.block
        block = blocks[0]
        for index, (instruction, first, stack, where) in enumerate(instructions):
            if index and index in blocks:
                block = self._next(block, blocks[index])
            op = self._instruction(instruction["instr_args"], first, index, blocks, where)
            op.location = location_of_frames(stack["items"] if stack else ())
            block.add_op(op)
        if len(instructions) in blocks and instructions:
            self._next(block, blocks[len(instructions)])
        return [*([] if blocks[0] is self.block else [self.block]), *blocks.values()]

    def _next(self, block: Block, following: Block) -> Block:
        if not isinstance(block.last_op, rt.JumpFalseOp):
            block.add_op(rt.FallthroughOp(following))
        return following

    def _instruction(
        self, args: tuple[str, Table], first: int, index: int, blocks: dict[int, Block], where: str
    ) -> Operation:
        kind, table = args
        match kind:
            case "KernelCall":
                operators = self.plan["operators"]
                number = table["op_index"]
                if not 0 <= number < len(operators):
                    raise FormatError(
                        f"{where}.op_index",
                        f"expected one of {len(operators)} operators, got number {number}",
                    )
                name, overload = operators[number]["name"], operators[number]["overload"]
                if not name or "." in name:
                    raise FormatError(
                        f"{where}.op_index", f"expected an operator's name without a dot, got '{name}'"
                    )
                operator = f"{name}.{overload}" if overload else name
                return rt.KernelCallOp(operator, self._values(table["args"], f"{where}.args"))
            case "DelegateCall":
                number: int = table["delegate_index"]
                if not 0 <= number < len(self.delegates):
                    raise FormatError(
                        f"{where}.delegate_index",
                        f"expected one of {len(self.delegates)} delegates, got number {number}",
                    )
                return rt.DelegateCallOp(self.delegates[number], self._values(table["args"], f"{where}.args"))
            case "MoveCall":
                source = self._value(table["move_from"], f"{where}.move_from")
                return rt.MoveOp(source, self._value(table["move_to"], f"{where}.move_to"))
            case "JumpFalseCall":
                condition = self._slot(table["cond_value_index"], f"{where}.cond_value_index")
                if not isinstance(condition, rt.BoolOp | rt.TensorSlotOp):
                    raise FormatError(
                        f"{where}.cond_value_index", f"expected a bool or a tensor, got {condition.name}"
                    )
                target = blocks[first + table["destination_instruction"]]
                return rt.JumpFalseOp(condition.value, blocks[index + 1], target)
            case _:
                slot = self._slot(table["value_index"], f"{where}.value_index")
                if not isinstance(slot, rt.TensorSlotOp):
                    raise FormatError(f"{where}.value_index", f"expected a tensor, got {slot.name}")
                return rt.FreeOp(slot.value)


def _enum_name(enum: str, number: int, where: str) -> str:
    names = {value: name for name, value in load_schema("program").enums[enum].items()}
    if number not in names:
        raise FormatError(where, f"expected one of {', '.join(names.values())}, got number {number}")
    return names[number]
