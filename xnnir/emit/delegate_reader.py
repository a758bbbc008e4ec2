"""
Reads an XNNPACK delegate blob into an `xnn.graph`: `XN01` and the older `XN00`, with or without an `XH00` header, with
constants in named data, behind the flatbuffer, or inside it, and inputs that are quantised when the graph runs by a
node or by the older `dq_datatype`.

Shapes in a blob are upper bounds, and nothing in it says which are dynamic, so the types of the graph have them as they
are; only where a reshape leaves a size open it is `?`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import Float32Type, FunctionType, TensorType, UnitAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore
from xnnir.dialects.xnn.dims import DimAttr, tensor_type
from xnnir.dialects.xnn.unary_ops import set_output_bounds
from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import load_schema
from xnnir.emit.flatbuffer import decode
from xnnir.emit.headers import DelegateHeader
from xnnir.emit.locations import NO_HANDLE, parse_location
from xnnir.emit.nodes import FORMAT_OF_MEMBER, Derived, NodeFormat
from xnnir.emit.values import (
    FLAG_EXTERNAL_INPUT,
    FLAG_EXTERNAL_OUTPUT,
    NO_VALUE,
    is_quantized_when_run,
    read_value,
)

IDENTIFIERS = (b"XN00", b"XN01")
MAX_EXTERNS = 4096

Table: TypeAlias = dict[str, Any]
Tensor: TypeAlias = TensorType[Attribute]


def read_graph(
    blob: memoryview,
    name: str,
    store: WeightStore,
    named_data: Mapping[str, memoryview],
    locations: Sequence[str] = (),
) -> xnn.GraphOp:
    """
    The graph in `blob`, as `xnn.graph @name`; weights are added to `store` without a copy.

    Raises `FormatError` for damaged blobs, and for nodes that the `xnn` dialect lacks.
    """
    tables, constants = read_tables(blob)
    return _GraphReader(tables, name, store, named_data, constants, locations).read()


def read_tables(blob: memoryview) -> tuple[Table, memoryview]:
    """The tables of the graph in `blob`, and the constants behind them. Raises `FormatError`."""
    header = DelegateHeader.read(blob)
    constants = memoryview(b"")
    flatbuffer = blob
    if header is not None:
        flatbuffer = blob[header.flatbuffer_offset :][: header.flatbuffer_size]
        constants = blob[header.constants_offset :][: header.constants_size]
    if len(flatbuffer) < 8 or bytes(flatbuffer[4:8]) not in IDENTIFIERS:
        raise FormatError(
            "XNNGraph.identifier",
            f"expected XN00 or XN01, got {bytes(flatbuffer[4:8])!r}: not an XNNPACK graph",
        )
    return decode(load_schema("xnnpack"), flatbuffer), constants


class _GraphReader:
    def __init__(
        self,
        graph: Table,
        name: str,
        store: WeightStore,
        named_data: Mapping[str, memoryview],
        constants: memoryview,
        locations: Sequence[str],
    ):
        self.graph = graph
        self.name = name
        self.store = store
        self.named_data = named_data
        self.constants = constants
        self.locations = locations
        self.types: dict[int, Tensor] = {}
        self.tables: dict[int, Table] = {}
        self.values: dict[int, SSAValue] = {}

    def read(self) -> xnn.GraphOp:
        graph = self.graph
        self._read_values()
        inputs = self._externals(FLAG_EXTERNAL_INPUT, 0)
        outputs = self._externals(FLAG_EXTERNAL_OUTPUT, len(inputs))
        if graph["num_externs"] != len(inputs) + len(outputs):
            raise FormatError(
                "XNNGraph.num_externs", f"expected {len(inputs) + len(outputs)}, got {graph['num_externs']}"
            )
        block = Block(arg_types=[self.types[id] for id in inputs])
        self.values.update(zip(inputs, block.args, strict=True))
        self._quantize_inputs(block, inputs)
        self._add_constants(block)
        for index, node in enumerate(graph["xnodes"]):
            self._add_node(block, node, f"XNNGraph.xnodes[{index}]")
        results: list[SSAValue] = []
        for id in outputs:
            if id not in self.values:
                raise FormatError(
                    "XNNGraph.xnodes", f"expected a node that computes output value {id}, got none"
                )
            results.append(self.values[id])
        block.add_op(xnn.YieldOp(results))
        function_type = FunctionType.from_lists(block.arg_types, [value.type for value in results])
        return xnn.GraphOp(self.name, function_type, Region(block))

    def _read_values(self) -> None:
        for index, value in enumerate(self.graph["xvalues"]):
            where = f"XNNGraph.xvalues[{index}]"
            try:
                tensor, type = read_value(value, where, self._constant, self.store)
            except VerifyException as error:
                raise FormatError(f"{where}.quant_params", str(error)) from None
            id = tensor["id_out"]
            if id in self.tables or id == NO_VALUE:
                raise FormatError(f"{where}.id_out", f"expected an id of its own, got {id}")
            if tensor["flags"] & ~(FLAG_EXTERNAL_INPUT | FLAG_EXTERNAL_OUTPUT):
                raise FormatError(f"{where}.flags", f"expected bits 0 and 1 only, got {tensor['flags']:#x}")
            self.tables[id], self.types[id] = tensor, type

    def _quantize_inputs(self, block: Block, inputs: Sequence[int]) -> None:
        """What old files say of an input (`dq_datatype`) is a conversion that all nodes read instead of it."""
        for id, tensor in self.tables.items():
            where = f"XNNGraph.xvalues (id {id})"
            if not is_quantized_when_run(tensor, where):
                continue
            type = self.types[id]
            if (
                id not in inputs
                or not isinstance(type.get_element_type(), Float32Type)
                or not type.get_shape()
            ):
                raise FormatError(
                    f"{where}.dq_datatype",
                    f"expected that on float inputs of the graph with dimensions only, got it on {type}",
                )
            # Rows are the last dimension, as old runtimes had it.
            dims = [DimAttr(str(dim), dim) for dim in type.get_shape()]
            convert = xnn.ConvertOp(self.values[id], tensor_type(xnn.QDInt8Type(1), dims))
            block.add_op(convert)
            self.values[id], self.types[id] = convert.output, tensor_type(xnn.QDInt8Type(1), dims)

    def _externals(self, flag: int, first: int) -> list[int]:
        by_external_id: dict[int, int] = {}
        for id, tensor in self.tables.items():
            if tensor["flags"] == flag:
                by_external_id[tensor["external_id"]] = id
        expected = list(range(first, first + len(by_external_id)))
        wanted = sum(tensor["flags"] == flag for tensor in self.tables.values())
        if sorted(by_external_id) != expected or wanted != len(expected) or wanted > MAX_EXTERNS:
            raise FormatError(
                "XNNGraph.xvalues.external_id",
                f"expected inputs numbered from 0 and then outputs, got {sorted(by_external_id)}",
            )
        return [by_external_id[external_id] for external_id in expected]

    def _constant(self, index: int, where: str) -> memoryview:
        inline = self.graph["constant_buffer"]
        table = self.graph["constant_data"]
        if table and index < len(table):
            entry = table[index]
            key = entry["named_key"]
            if key:
                data = self.named_data.get(key)
                if data is None:
                    raise FormatError(
                        where, f"expected named data '{key}' in the program, got none of that name"
                    )
                return data
            offset, size = entry["offset"], entry["size"]
            if offset + size > len(self.constants):
                raise FormatError(
                    f"XNNGraph.constant_data[{index}]",
                    f"expected bytes within the {len(self.constants)} of the constants, got {size} at {offset}",
                )
            return self.constants[offset : offset + size]
        if inline and index < len(inline):
            return cast(memoryview, inline[index]["storage"])
        raise FormatError(where, f"expected the index of a constant, got {index}")

    def _add_constants(self, block: Block) -> None:
        for id, tensor in self.tables.items():
            index = tensor["constant_buffer_idx"]
            if not index:
                continue
            where = f"XNNGraph.xvalues (id {id})"
            type = self.types[id]
            data = self._constant(index, f"{where}.constant_buffer_idx")
            size = storage_bytes(type)
            if len(data) < size:
                raise FormatError(where, f"expected {size} bytes for {type}, got {len(data)}")
            op = xnn.ConstantOp(self.store.add(data[:size]), type)
            block.add_op(op)
            self.values[id] = op.result

    def _add_node(self, block: Block, node: Table, where: str) -> None:
        if node["xnode_union"] is None:
            raise FormatError(f"{where}.xnode_union", "expected a node, got none")
        member, table = node["xnode_union"]
        row = FORMAT_OF_MEMBER.get(member)
        if row is None:
            raise FormatError(f"{where}.xnode_union", f"the xnn dialect has no op for {member}")
        where = f"{where} ({member})"
        op = self._make_op(row, table, where)
        bounds = node["output_min_max"]
        if row.bounded and bounds is not None:
            set_output_bounds(op, bounds["output_min"], bounds["output_max"])  # pyright: ignore[reportArgumentType]
        handle: int = node["debug_handle"]
        if handle != NO_HANDLE and handle < len(self.locations):
            op.location = parse_location(self.locations[handle])
        try:
            op.verify_()
            for part in row.parts:
                part.check(op, table, where)
        except VerifyException as error:
            raise FormatError(where, str(error)) from None
        block.add_op(op)
        for field, result in zip(row.results, op.results, strict=True):
            self.values[table[field]] = result

    def _make_op(self, row: NodeFormat, table: Table, where: str) -> Operation:
        operands: list[Any] = []
        for index, field in enumerate(row.operands):
            id = table[field]
            if id == NO_VALUE and row.optional and index == len(row.operands) - 1:
                operands.append(None)
            elif id not in self.values:
                raise FormatError(f"{where}.{field}", f"expected the id of a value computed before, got {id}")
            else:
                operands.append(self.values[id])
        results: list[Attribute] = []
        for field in row.results:
            id = table[field]
            if id not in self.types or id in self.values:
                raise FormatError(
                    f"{where}.{field}", f"expected the id of a value that no other node computes, got {id}"
                )
            results.append(self.types[id])
        if row.op is xnn.StaticReshapeOp:
            results = [_open_sizes(cast(Tensor, results[0]), table["new_shape"], where)]
        arguments: dict[str, Any] = {}
        for part in row.parts:
            if not isinstance(part, Derived):
                part.read(table, arguments)
        units = [name for name, value in arguments.items() if value is True]
        for name in units:
            del arguments[name]
        constructor = cast(Any, row.op)
        if row.op is xnn.ConcatenateOp:
            op = cast(Operation, constructor(operands, *results, **arguments))
        else:
            op = cast(Operation, constructor(*operands, *results, **arguments))
        op.properties.update({name: UnitAttr() for name in units})
        return op


def storage_bytes(type: Tensor) -> int:
    """Bytes of a constant of `type`; two 4-bit numbers share one, and a row starts at a byte."""
    shape = type.get_shape()
    element_type = type.get_element_type()
    from xnnir.dialects.weights import numpy_dtype

    rows, columns = shape[:-1], shape[-1] if shape else 1
    if isinstance(element_type, xnn.QCInt4Type | xnn.QBInt4Type):
        columns = (columns + 1) // 2
    size = columns * numpy_dtype(element_type).itemsize
    for dim in rows:
        size *= dim
    return size


def _open_sizes(type: Tensor, new_shape: Sequence[int], where: str) -> Tensor:
    shape = type.get_shape()
    if len(new_shape) != len(shape):
        raise FormatError(
            f"{where}.new_shape", f"expected {len(shape)} sizes as the output has, got {len(new_shape)}"
        )
    dims = [
        DimAttr("?", bound) if size == 0 else DimAttr(str(bound), bound)
        for size, bound in zip(new_shape, shape, strict=True)
    ]
    return tensor_type(type.get_element_type(), dims)
