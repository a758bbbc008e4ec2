"""
Writes a module of `rt` methods and `xnn` graphs as a .pte file.

    flatbuffer ("ET12", with the extended header "eh00") | constants | initial state | delegates | named data

Everything behind the flatbuffer is segments; equal delegates and equal named data are one segment each. Values of a
method are numbered in the order of its slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any, TypeAlias, cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Block, SSAValue

from xnnir.dialects import rt, xnn
from xnnir.dialects.weights import WeightAttr, WeightStore, constant_array, get_weight_store
from xnnir.dialects.xnn.graph_ops import nodes
from xnnir.dialects.xnn.support import backend_id
from xnnir.emit.delegate_writer import packed_constants, write_graph
from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import load_schema
from xnnir.emit.flatbuffer import encode
from xnnir.emit.headers import PROGRAM_HEADER_SIZE, ProgramHeader
from xnnir.emit.locations import LOCATIONS_KEY, LocationTable, frames
from xnnir.emit.scalar_types import scalar_number
from xnnir.emit.segments import SEGMENT_ALIGNMENT, NamedData, Segments, TensorData, align
from xnnir.emit.sizes import SIZES_KEY, encode_sizes

Table: TypeAlias = dict[str, Any]

_DYNAMISM = {"bound": "DYNAMIC_BOUND", "unbound": "DYNAMIC_UNBOUND"}


class ProgramBytes:
    """A .pte file that is ready to be written. Weights are not copied until they are."""

    def __init__(self, head: bytes, segments: Segments):
        self._head = head
        self._segments = segments

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self._head) + self._segments.size

    @property
    def buffer(self) -> bytes:
        """The whole file; `write_to_file` needs less memory."""
        return b"".join((self._head, *self._segments.write_pieces()))

    def write_to_file(self, file: IO[bytes]) -> None:
        """Write to an open binary file, piece by piece."""
        file.write(self._head)
        for piece in self._segments.write_pieces():
            file.write(piece)


def write_program(module: ModuleOp, context: Context) -> ProgramBytes:
    """
    Make a .pte file of the `rt.method`, `xnn.graph`, `rt.delegate` and `rt.named_data` operations in `module`.

    The bytes of weights come from the context's weight store. Raises `FormatError` naming what cannot be written, and
    `MissingWeightError` for a weight whose bytes are not there.
    """
    return _ProgramWriter(module, get_weight_store(context)).write()


class _ProgramWriter:
    def __init__(self, module: ModuleOp, store: WeightStore):
        self.store = store
        self.methods = [op for op in module.ops if isinstance(op, rt.MethodOp)]
        self.delegates = {
            op.sym_name.data: op for op in module.ops if isinstance(op, xnn.GraphOp | rt.DelegateOp)
        }
        self.named_data = [op for op in module.ops if isinstance(op, rt.NamedDataOp)]
        for op in module.ops:
            if not isinstance(op, rt.MethodOp | xnn.GraphOp | rt.DelegateOp | rt.NamedDataOp):
                raise FormatError(
                    op.name, "expected a module of rt and xnn only; lower it with lower-to-rt", op.location
                )
        if not self.methods:
            raise FormatError("module", "expected an rt.method, got none")
        self.packed = packed_constants(
            graph for graph in self.delegates.values() if isinstance(graph, xnn.GraphOp)
        )
        self.constants = TensorData(store)
        self.initial = TensorData(store)
        self.named = NamedData()
        self.locations = LocationTable()
        self.blobs: dict[str, tuple[int, bytes | memoryview]] = {}
        """Delegates in order of first use: their numbers, and their bytes."""

    def write(self) -> ProgramBytes:
        plans = [_MethodWriter(self, method).write() for method in self.methods]
        for op in self.named_data:
            self.named.add(op.key.data, self.store.bytes(op.data))
        for method in self.methods:
            if method.input_sizes is not None:
                rows = [row.get_values() for row in method.input_sizes]
                self.named.add(SIZES_KEY + method.sym_name.data, memoryview(encode_sizes(rows)))
        if lines := self.locations.encode():
            self.named.add(LOCATIONS_KEY, memoryview(lines))

        segments = Segments()
        program: Table = {"version": 0, "execution_plan": plans, "backend_delegate_data": []}
        constant_segment = (
            segments.append(self.constants.pieces, alignment=16) if self.constants.pieces else 0
        )
        program["constant_segment"] = {"segment_index": constant_segment, "offsets": self.constants.offsets}
        if self.initial.pieces:
            initial_segment = segments.append(self.initial.pieces, alignment=16)
            program["mutable_data_segments"] = [
                {"segment_index": initial_segment, "offsets": self.initial.offsets}
            ]
        blob_segments = [segments.append_once(blob) for _, blob in self.blobs.values()]
        for plan in plans:
            for delegate in plan["delegates"]:
                reference = delegate["processed"]
                reference["index"] = blob_segments[reference["index"]]
        program["named_data"] = self.named.append_to(segments)
        program["segments"] = segments.tables
        return _with_header(program, segments)

    def delegate(self, name: str) -> Table:
        """The `BackendDelegate` table of the graph called `name`; its index is still a number of `blobs`."""
        op = self.delegates.get(name)
        if op is None:
            raise FormatError(f"@{name}", "expected an xnn.graph or an rt.delegate of that name, got none")
        if name not in self.blobs:
            if isinstance(op, xnn.GraphOp):
                blob: bytes | memoryview = write_graph(
                    op, self.store, self.named, self.locations, self.packed
                )
            else:
                blob = self.store.bytes(op.processed)
            self.blobs[name] = (len(self.blobs), blob)
        specs: list[Table] = []
        if isinstance(op, rt.DelegateOp) and op.compile_specs is not None:
            specs = [
                {"key": key, "value": self.store.bytes(cast(WeightAttr, value))}
                for key, value in op.compile_specs.data.items()
            ]
        return {
            "id": backend_id(nodes(op)) if isinstance(op, xnn.GraphOp) else op.backend.data,
            "processed": {"location": 1, "index": self.blobs[name][0]},
            "compile_specs": specs,
        }


class _MethodWriter:
    def __init__(self, program: _ProgramWriter, method: rt.MethodOp):
        self.program = program
        self.method = method
        self.name = method.sym_name.data
        self.indices: dict[SSAValue, int] = {}
        self.operators: dict[str, int] = {}
        self.delegates: dict[str, int] = {}
        self.delegate_tables: list[Table] = []

    def write(self) -> Table:
        method = self.method
        values: list[Table] = []
        for slot in method.slots():
            self.indices[slot.value] = len(values)
            values.append({"val": self._value(slot)})
        chain: Table = {"inputs": [], "outputs": [], "instructions": self._instructions()}
        stacks = [{"items": frames(op.location)} for op in method.instructions()]
        if any(stack["items"] for stack in stacks):
            chain["stacktrace"] = stacks
        plan: Table = {
            "name": self.name,
            "container_meta_type": {
                "encoded_inp_str": _text(method.input_structure),
                "encoded_out_str": _text(method.output_structure),
            },
            "values": values,
            "inputs": self._indices(method.inputs),
            "outputs": self._indices(method.outputs),
            "chains": [chain],
            "operators": [_operator(name) for name in self.operators],
            "delegates": self.delegate_tables,
            # Entry 0 is reserved; stock runtimes expect the first arena even where nothing is planned.
            "non_const_buffer_sizes": [0, *(method.arena_sizes or (0,))],
        }
        if method.arena_devices is not None:
            plan["non_const_buffer_device"] = [
                dict(zip(("buffer_idx", "device_type", "device_index"), device.get_values(), strict=True))
                for device in method.arena_devices
            ]
        return plan

    def _indices(self, values: Sequence[SSAValue]) -> list[int]:
        return [self.indices[value] for value in values]

    def _value(self, slot: rt.SlotOp) -> tuple[str, Table]:
        match slot:
            case rt.TensorSlotOp():
                return "Tensor", self._tensor(slot)
            case rt.NullOp():
                return "Null", {}
            case rt.IntOp():
                return "Int", {"int_val": slot.number.value.data}
            case rt.BoolOp():
                return "Bool", {"bool_val": bool(slot.boolean.value.data)}
            case rt.DoubleOp():
                return "Double", {"double_val": slot.number.value.data}
            case rt.StringOp():
                return "String", {"string_val": slot.text.data}
            case rt.IntListOp():
                return "IntList", {"items": self._indices(slot.items)}
            case rt.DoubleListOp():
                return "DoubleList", {"items": [item.value.data for item in slot.items]}
            case rt.BoolListOp():
                return "BoolList", {"items": [bool(item.value.data) for item in slot.items]}
            case rt.TensorListOp():
                return "TensorList", {"items": self._indices(slot.items)}
            case rt.OptionalTensorListOp():
                items = [-1 if item is None else self.indices[item] for item in slot.entries()]
                return "OptionalTensorList", {"items": items}
            case _:
                raise FormatError(slot.name, "the format has no value of this kind")

    def _tensor(self, slot: rt.TensorSlotOp) -> Table:
        type = slot.tensor_type
        where = f"@{self.name}: {slot.result.name_hint or slot.name}"
        shape = type.get_shape()
        dim_order = slot.dim_order.get_values() if slot.dim_order is not None else range(len(shape))
        if len(shape) > 255:
            raise FormatError(where, f"expected a rank of at most 255, got {len(shape)}")
        table: Table = {
            "scalar_type": scalar_number(type.get_element_type(), where),
            "sizes": shape,
            "dim_order": bytes(cast(Sequence[int], dim_order)),
            "requires_grad": slot.requires_grad is not None,
        }
        extra: Table = {}
        if slot.fully_qualified_name is not None:
            extra["fully_qualified_name"] = slot.fully_qualified_name.data
        if isinstance(slot, rt.ConstantOp):
            table["data_buffer_idx"] = self.program.constants.add(self._constant_weight(slot, where))
        elif isinstance(slot, rt.TensorOp):
            if slot.arena is not None and slot.offset is not None:
                offset = slot.offset.value.data
                table["allocation_info"] = {
                    "memory_id": slot.arena.value.data,
                    "memory_offset_low": offset & 0xFFFFFFFF,
                    "memory_offset_high": offset >> 32,
                }
            elif slot.is_state:
                raise FormatError(where, "expected a place in an arena for a tensor that keeps its numbers")
            if slot.initial is not None:
                self._check_size(slot.initial, rt.tensor_bytes(type), where)
                table["data_buffer_idx"] = self.program.initial.add(slot.initial)
            if slot.dynamism is not None:
                dynamism = load_schema("program").enums["TensorShapeDynamism"]
                table["shape_dynamism"] = dynamism[_DYNAMISM[slot.dynamism.data]]
            if slot.external is not None:
                extra["location"] = 1
            if slot.device is not None:
                extra["device_type"], extra["device_index"] = slot.device.get_values()
        if extra:
            table["extra_tensor_info"] = extra
        return table

    def _constant_weight(self, slot: rt.ConstantOp, where: str) -> WeightAttr:
        store = self.program.store
        if isinstance(slot.data, WeightAttr):
            self._check_size(slot.data, rt.tensor_bytes(slot.tensor_type), where)
            return slot.data
        return store.add(constant_array(slot.data, slot.tensor_type, store))

    def _check_size(self, weight: WeightAttr, expected: int, where: str) -> None:
        got = len(self.program.store.bytes(weight))
        if got != expected:
            raise FormatError(where, f"expected {expected} bytes of data, got {got} in {weight}")

    def _instructions(self) -> list[Table]:
        starts: dict[Block, int] = {}
        count = 0
        for block in self.method.body.blocks:
            starts[block] = count
            count += sum(isinstance(op, rt.InstructionOp) for op in block.ops)
        return [{"instr_args": self._instruction(op, starts)} for op in self.method.instructions()]

    def _instruction(self, op: rt.InstructionOp, starts: dict[Block, int]) -> tuple[str, Table]:
        match op:
            case rt.KernelCallOp():
                index = self.operators.setdefault(op.operator.data, len(self.operators))
                return "KernelCall", {"op_index": index, "args": self._indices(op.args)}
            case rt.DelegateCallOp():
                name = op.delegate.root_reference.data
                if name not in self.delegates:
                    self.delegates[name] = len(self.delegates)
                    self.delegate_tables.append(self.program.delegate(name))
                return "DelegateCall", {
                    "delegate_index": self.delegates[name],
                    "args": self._indices(op.args),
                }
            case rt.MoveOp():
                return "MoveCall", {
                    "move_from": self.indices[op.source],
                    "move_to": self.indices[op.target],
                }
            case rt.JumpFalseOp():
                return "JumpFalseCall", {
                    "cond_value_index": self.indices[op.condition],
                    "destination_instruction": starts[op.target],
                }
            case rt.FreeOp():
                return "FreeCall", {"value_index": self.indices[op.tensor]}
            case _:
                raise FormatError(op.name, "the format has no instruction of this kind")


def _operator(name: str) -> Table:
    base, _, overload = name.partition(".")
    return {"name": base, "overload": overload}


def _text(attribute: StringAttr | None) -> str:
    return "" if attribute is None else attribute.data


def _with_header(program: Table, segments: Segments) -> ProgramBytes:
    schema = load_schema("program")
    if not segments.tables:
        return ProgramBytes(bytes(encode(schema, program)), segments)
    flatbuffer = encode(schema, program, head=PROGRAM_HEADER_SIZE)
    program_size = len(flatbuffer)
    segment_base = align(program_size, SEGMENT_ALIGNMENT)
    header = ProgramHeader(program_size, segment_base, segments.size)
    flatbuffer[8 : 8 + PROGRAM_HEADER_SIZE] = header.pack()
    flatbuffer += bytes(segment_base - program_size)
    return ProgramBytes(bytes(flatbuffer), segments)
