"""
Writes an `xnn.graph` as an XNNPACK delegate blob: an `XH00` header and an `XN01` flatbuffer.

Constants are not in the blob but in the program's named data, under a hash of their bytes, so that all graphs and
methods of a file share equal weights. Values are numbered in the order of the text; graph inputs come first.

Numbers that some nodes pack and others read where they lie have two names for the same bytes: ExecuTorch's runtime
unmaps what is packed, by name, and would take it away from the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import Float32Type, FloatAttr
from xdsl.ir import Attribute, SSAValue, Use

from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightAttr, WeightStore, constant_array
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.dialects.xnn.graph_ops import yielded
from xnnir.dialects.xnn.support import packed_operands
from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import load_schema
from xnnir.emit.flatbuffer import encode
from xnnir.emit.headers import DELEGATE_HEADER_SIZE, DelegateHeader
from xnnir.emit.locations import LocationTable
from xnnir.emit.nodes import format_of_op
from xnnir.emit.segments import NamedData, content_key
from xnnir.emit.values import (
    FLAG_EXTERNAL_INPUT,
    FLAG_EXTERNAL_OUTPUT,
    NO_VALUE,
    physical_dims,
    tensor_value,
    value_table,
)

READ_IN_PLACE = "in_place_"
"""Begins the name of numbers that other nodes pack, for those that do not."""

NAMED = 2**64 - 1
"""The offset of a constant that is in named data."""

Table: TypeAlias = dict[str, Any]


def packed_constants(graphs: Iterable[xnn.GraphOp]) -> set[Attribute]:
    """The values of constants that nodes of `graphs` pack."""
    packed: set[Attribute] = set()
    for graph in graphs:
        for op in graph.body.block.ops:
            for index, operand in enumerate(op.operands):
                if index in packed_operands(op) and isinstance(operand.owner, xnn.ConstantOp):
                    packed.add(operand.owner.value)
    return packed


def write_graph(
    graph: xnn.GraphOp,
    store: WeightStore,
    named: NamedData,
    locations: LocationTable,
    packed: Collection[Attribute] = (),
) -> bytes:
    """
    The blob of `graph`; its weights go to `named`, the locations of its nodes to `locations`. `packed` is what
    `packed_constants` says of all graphs of the file.

    Raises `FormatError` for what the format cannot say, and `MissingWeightError`.
    """
    return _GraphWriter(graph, store, named, locations, packed).write()


class _GraphWriter:
    def __init__(
        self,
        graph: xnn.GraphOp,
        store: WeightStore,
        named: NamedData,
        locations: LocationTable,
        packed: Collection[Attribute],
    ):
        self.graph = graph
        self.store = store
        self.named = named
        self.locations = locations
        self.packed = packed
        self.ids: dict[SSAValue, int] = {}
        self.in_place: dict[SSAValue, int] = {}
        """Ids, for nodes that read them where they lie, of constants that are also packed."""
        self.values: list[Table] = []
        self.constants: dict[str, int] = {}
        self.constant_table: list[Table] = [{"offset": 0, "size": 0}]  # entry 0: not a constant

    def write(self) -> bytes:
        graph = self.graph
        inputs = graph.body.block.args
        outputs = yielded(graph)
        self._check_outputs(outputs)
        externals = {value: len(inputs) + index for index, value in enumerate(outputs)}
        for index, value in enumerate(inputs):
            self._add_value(value, flags=FLAG_EXTERNAL_INPUT, external_id=index)
        nodes: list[Table] = []
        for op in graph.body.block.ops:
            if isinstance(op, xnn.YieldOp):
                continue
            if isinstance(op, xnn.ConstantOp):
                self._add_constant(op)
                continue
            for result in op.results:
                external_id = externals.get(result, NO_VALUE)
                flags = 0 if external_id == NO_VALUE else FLAG_EXTERNAL_OUTPUT
                self._add_value(result, flags=flags, external_id=external_id)
            nodes.append(self._node(op))
        flatbuffer = encode(
            load_schema("xnnpack"),
            {
                "version": "0",
                "xnodes": nodes,
                "xvalues": self.values,
                "num_externs": len(inputs) + len(outputs),
                "input_ids": [self.ids[value] for value in inputs],
                "output_ids": [self.ids[value] for value in outputs],
                "constant_data": self.constant_table,
            },
        )
        header = DelegateHeader(
            DELEGATE_HEADER_SIZE, len(flatbuffer), DELEGATE_HEADER_SIZE + len(flatbuffer), 0
        )
        return header.pack() + flatbuffer

    def _check_outputs(self, outputs: Any) -> None:
        name = f"@{self.graph.sym_name.data}"
        for index, value in enumerate(outputs):
            if isinstance(value.owner, xnn.ConstantOp) or value in self.graph.body.block.args:
                raise FormatError(
                    name, f"expected result {index} to be computed by a node; put an xnn.copy before it"
                )
        if len(set(outputs)) != len(outputs):
            raise FormatError(name, "expected each result once, got one twice; put an xnn.copy before it")

    def _node(self, op: Any) -> Table:
        row = format_of_op(op)
        table: Table = {}
        packed = packed_operands(op)
        for index, (field, operand) in enumerate(zip(row.operands, op.operands, strict=False)):
            known = self.ids[operand]
            table[field] = known if index in packed else self.in_place.get(operand, known)
        if len(op.operands) < len(row.operands):
            table[row.operands[-1]] = NO_VALUE
        for field, result in zip(row.results, op.results, strict=True):
            table[field] = self.ids[result]
        for part in row.parts:
            part.write(op, table)
        node: Table = {"xnode_union": (row.member, table), "debug_handle": self.locations.add(op.location)}
        if row.bounded:
            low, high = (
                cast(FloatAttr[Float32Type] | None, op.properties.get(name))
                for name in ("output_min", "output_max")
            )
            if low is not None or high is not None:
                node["output_min_max"] = {
                    "output_min": float("-inf") if low is None else low.value.data,
                    "output_max": float("inf") if high is None else high.value.data,
                }
        return node

    def _add_value(
        self, value: SSAValue, *, flags: int = 0, external_id: int = NO_VALUE, constant: int = 0
    ) -> None:
        type = tensor_type_of(value)
        where = f"@{self.graph.sym_name.data}: {value.name_hint or 'a value'}"
        table = value_table(type, physical_dims(type, where), self.store, self._add_data)
        tensor_value(table).update(
            constant_buffer_idx=constant, external_id=external_id, flags=flags, id_out=len(self.values)
        )
        self.ids[value] = len(self.values)
        self.values.append(table)

    def _add_constant(self, op: xnn.ConstantOp) -> None:
        weight = op.value
        if not isinstance(weight, WeightAttr):
            array = constant_array(weight, op.result.type, self.store)
            weight = self.store.add(array)
        sha256, data = self.store.sha256(weight), self.store.bytes(weight)
        if op.value in self.packed and any(not _packs(use) for use in op.result.uses):
            index = self._add_data(READ_IN_PLACE + content_key(sha256), data, sha256)
            self._add_value(op.result, constant=index)
            self.in_place[op.result] = self.ids[op.result]
            if not any(_packs(use) for use in op.result.uses):
                return
        self._add_value(op.result, constant=self._add_data(content_key(sha256), data, sha256))

    def _add_data(self, key: str, data: memoryview, sha256: str) -> int:
        index = self.constants.get(key)
        if index is None:
            index = self.constants[key] = len(self.constant_table)
            self.constant_table.append({"offset": NAMED, "size": len(data), "named_key": key})
            self.named.add(key, data, sha256)
        return index


def _packs(use: Use) -> bool:
    return use.index in packed_operands(use.operation)
