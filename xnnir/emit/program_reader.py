"""
Reads a .pte file, whoever wrote it, into a module of `rt` methods and `xnn` graphs.

Delegates of XNNPACK become `xnn.graph`; those of other backends, and graphs that the `xnn` dialect cannot say, stay
bytes in an `rt.delegate`. Weights are views of the given bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, ModuleOp, i64
from xdsl.ir import Operation

from xnnir.dialects import rt
from xnnir.dialects.weights import WeightStore, get_weight_store
from xnnir.dialects.xnn.graph_ops import nodes
from xnnir.dialects.xnn.support import BACKEND_IDS, backend_id
from xnnir.emit.delegate_reader import read_graph
from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import load_schema
from xnnir.emit.flatbuffer import decode
from xnnir.emit.headers import ProgramHeader
from xnnir.emit.locations import LOCATIONS_KEY, decode_locations
from xnnir.emit.method_reader import read_method
from xnnir.emit.sizes import SIZES_KEY, decode_sizes

Table: TypeAlias = dict[str, Any]
Warn: TypeAlias = Callable[[str], None]


def read_program(
    data: bytes | memoryview,
    context: Context,
    warn: Warn | None = None,
    external: Mapping[str, memoryview] | None = None,
) -> ModuleOp:
    """
    The program in `data`, the bytes of a .pte file; its weights are added to the context's store.

    `warn` is told which delegates stay bytes, and why. `external` has named data of .ptd files, which delegates can
    name as they name the program's own. Raises `FormatError` for what is not a .pte file, or is damaged.
    """
    program = ProgramTables.read(data, get_weight_store(context))
    return _read_module(program, warn or (lambda message: None), external or {})


@dataclass
class ProgramTables:
    """The tables of a program, and checked ways from them to bytes."""

    tables: Table
    header: ProgramHeader | None
    data: memoryview
    store: WeightStore

    @classmethod
    def read(cls, data: bytes | memoryview, store: WeightStore) -> Self:
        """The tables in `data`, the bytes of a .pte file. Raises `FormatError`."""
        view = memoryview(data)
        if len(view) < 8 or bytes(view[4:8]) != b"ET12":
            got = f"got {bytes(view[4:8])!r}" if len(view) >= 8 else f"the file has {len(view)} bytes"
            raise FormatError("file identifier", f"expected ET12 at byte 4, {got}: not a .pte file")
        header = ProgramHeader.read(view)
        flatbuffer = view if header is None else view[: header.program_size]
        return cls(decode(load_schema("program"), flatbuffer), header, view, store)

    def segment(self, index: int, where: str) -> memoryview:
        """The bytes of segment `index`. Raises `FormatError` when it is not there, or not within the file."""
        segments = self.tables["segments"]
        if self.header is None or index >= len(segments):
            raise FormatError(where, f"expected one of the {len(segments)} segments, got number {index}")
        offset, size = segments[index]["offset"], segments[index]["size"]
        start = self.header.segment_base + offset
        if start + size > len(self.data):
            raise FormatError(
                f"Program.segments[{index}]",
                f"expected bytes within the file's {len(self.data)}, got {size} at {start}; the file is incomplete",
            )
        return self.data[start : start + size]

    def subsegment(self, table: Table | None, what: str, index: int, size: int, where: str) -> memoryview:
        """`size` bytes at entry `index` of the offsets in `table` (a `SubsegmentOffsets`)."""
        offsets: list[int] = [] if table is None else table["offsets"]
        if table is None or index >= len(offsets):
            raise FormatError(where, f"expected an index below {len(offsets)} into {what}, got {index}")
        segment = self.segment(table["segment_index"], f"{what}.segment_index")
        start = offsets[index]
        if start + size > len(segment):
            raise FormatError(
                f"{what}.offsets[{index}]",
                f"expected {size} bytes within the segment's {len(segment)}, got offset {start}",
            )
        return segment[start : start + size]

    def constant(self, index: int, size: int, where: str) -> memoryview:
        """The `size` bytes of constant tensor `index`."""
        segment = self.tables["constant_segment"]
        if segment is not None and segment["offsets"]:
            return self.subsegment(segment, "Program.constant_segment", index, size, where)
        buffers = self.tables["constant_buffer"]
        if index >= len(buffers):
            raise FormatError(
                where, f"expected an index below {len(buffers)} into Program.constant_buffer, got {index}"
            )
        data = buffers[index]["storage"]
        if len(data) < size:
            raise FormatError(f"Program.constant_buffer[{index}]", f"expected {size} bytes, got {len(data)}")
        return data[:size]

    def initial_state(self, segment: int, index: int, size: int, where: str) -> memoryview:
        """The `size` bytes a mutable tensor has at first."""
        tables = self.tables["mutable_data_segments"]
        if segment >= len(tables):
            raise FormatError(
                where, f"expected one of {len(tables)} mutable data segments, got number {segment}"
            )
        return self.subsegment(
            tables[segment], f"Program.mutable_data_segments[{segment}]", index, size, where
        )

    def delegate_data(self, reference: Table | None, where: str) -> memoryview:
        """The bytes of a delegate."""
        if reference is None:
            raise FormatError(where, "expected a reference to the delegate's data, got none")
        index = reference["index"]
        if reference["location"] == 1:
            return self.segment(index, f"{where}.index")
        inline = self.tables["backend_delegate_data"]
        if reference["location"] != 0 or index >= len(inline):
            raise FormatError(
                f"{where}.index", f"expected one of {len(inline)} inline delegates, got number {index}"
            )
        return inline[index]["data"]

    def named_data(self) -> dict[str, memoryview]:
        """Named data by key."""
        result: dict[str, memoryview] = {}
        for index, entry in enumerate(self.tables["named_data"]):
            where = f"Program.named_data[{index}]"
            if not entry["key"]:
                raise FormatError(f"{where}.key", "expected a key, got none")
            result[entry["key"]] = self.segment(entry["segment_index"], f"{where}.segment_index")
        return result


class _UsedKeys(Mapping[str, memoryview]):
    """Named data that notes which keys were looked up."""

    def __init__(self, data: dict[str, memoryview]):
        self.data = data
        self.used: set[str] = {LOCATIONS_KEY}

    def __getitem__(self, key: str) -> memoryview:
        self.used.add(key)
        return self.data[key]

    def __iter__(self):
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


def _read_module(program: ProgramTables, warn: Warn, external: Mapping[str, memoryview]) -> ModuleOp:
    plans = program.tables["execution_plan"]
    if not plans:
        raise FormatError("Program.execution_plan", "expected a method, got none")
    own = program.named_data()
    named = _UsedKeys({**external, **own})
    locations = decode_locations(own.get(LOCATIONS_KEY, b""))
    delegates: list[Operation] = []
    methods: list[Operation] = []
    names: set[str] = set()
    for number, plan in enumerate(plans):
        where = f"Program.execution_plan[{number}]"
        name = plan["name"]
        if not name or name in names:
            raise FormatError(
                f"{where}.name", f"expected a name of its own for each method, got '{name or ''}'"
            )
        names.add(name)
        symbols: list[str] = []
        for index, table in enumerate(plan["delegates"]):
            symbol = f"delegate_{index}" if len(plans) == 1 else f"{name}_delegate_{index}"
            delegates.append(
                _read_delegate(program, table, symbol, named, locations, f"{where}.delegates[{index}]", warn)
            )
            symbols.append(symbol)
        method = read_method(program, plan, symbols, where)
        if (key := SIZES_KEY + name) in own:
            rows = decode_sizes(named[key], key)
            method.properties["input_sizes"] = ArrayAttr(
                [DenseArrayBase.from_list(i64, list(row)) for row in rows]
            )
        methods.append(method)
    others = [
        rt.NamedDataOp(key, program.store.add(data)) for key, data in own.items() if key not in named.used
    ]
    return ModuleOp([*delegates, *others, *methods])


def _read_delegate(
    program: ProgramTables,
    table: Table,
    symbol: str,
    named: _UsedKeys,
    locations: list[str],
    where: str,
    warn: Warn,
) -> Operation:
    backend = table["id"]
    blob = program.delegate_data(table["processed"], f"{where}.processed")
    specs = table["compile_specs"]
    if backend in BACKEND_IDS.values() and not specs:
        before = set(named.used)
        try:
            graph = read_graph(blob, symbol, program.store, named, locations)
            if backend == BACKEND_IDS["executorch"] and backend_id(nodes(graph)) != backend:
                raise FormatError(f"{where}.id", f"{backend} has not all nodes of the graph")
            return graph
        except FormatError as error:
            named.used = before
            warn(f"@{symbol} stays bytes: {error}")
    return rt.DelegateOp(
        symbol,
        backend,
        program.store.add(blob),
        {spec["key"]: program.store.add(spec["value"]) for spec in specs},
    )
