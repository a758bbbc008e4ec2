"""
Graphs and files as old versions of ExecuTorch wrote them, made of today's: `XN00`, constants within the graph, and
inputs that are quantised while the model runs marked by `dq_datatype` where there is a node now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xnnir.emit.delegate_reader import Table, read_tables
from xnnir.emit.fbs import load_schema
from xnnir.emit.flatbuffer import encode
from xnnir.emit.values import FLAG_EXTERNAL_INPUT, NO_VALUE, tensor_value
from xnnir.testing.zoo import quiet


def old_tables(blob: memoryview, named: Mapping[str, bytes | memoryview]) -> Table:
    """
    The tables of a graph in the old encoding; `named` has the constants that the program holds.

    Inputs become marked that nothing else reads and that one conversion quantises row by row; other conversions stay.
    """
    tables, constants = read_tables(blob)
    values = {tensor_value(value)["id_out"]: value for value in tables["xvalues"]}
    for node in [node for node in tables["xnodes"] if _is_markable(node, tables, values)]:
        fields = node["xnode_union"][1]
        x, rows = fields["input_id"], fields["output_id"]
        tables["xnodes"].remove(node)
        tables["xvalues"].remove(values[rows])
        tensor_value(values[x])["dq_datatype"] = load_schema("xnnpack").enums["XNNDatatype"][
            "xnn_datatype_qint8"
        ]
        for other in tables["xnodes"]:
            _rename(other["xnode_union"][1], rows, x)
    tables["constant_buffer"] = [
        {"storage": _storage(entry, constants, named)} for entry in tables["constant_data"]
    ]
    tables["constant_data"] = []
    return tables


def encode_old(tables: Table) -> bytes:
    """The blob of `old_tables`."""
    blob = bytearray(encode(load_schema("xnnpack"), tables))
    blob[4:8] = b"XN00"
    return bytes(blob)


def old_file(file: bytes) -> bytes:
    """A `.pte` of ExecuTorch's with its graphs in the old encoding; written by ExecuTorch's own serialiser."""
    with quiet():
        from executorch.exir._serialize._program import deserialize_pte_binary, serialize_pte_binary
    read: Any = deserialize_pte_binary(file)
    named: dict[str, bytes] = {}
    if read.named_data is not None:
        named = {
            name: bytes(read.named_data.buffers[entry.buffer_index])
            for name, entry in read.named_data.pte_data.items()
        }
    for data in read.program.backend_delegate_data:
        data.data = encode_old(old_tables(memoryview(bytes(data.data)), named))
    # The graphs have their constants; ExecuTorch's runtime loads by name what a graph asks for, and this asks for none.
    read.named_data = None
    return bytes(serialize_pte_binary(read))


def _is_markable(node: Table, tables: Table, values: Mapping[int, Table]) -> bool:
    kind, fields = node["xnode_union"]
    if kind != "XNNConvert":
        return False
    x, rows = values[fields["input_id"]], values[fields["output_id"]]
    if (
        not tensor_value(x)["flags"] & FLAG_EXTERNAL_INPUT
        or rows["xvalue_union"][0] != "XNNQuantizedTensorValue"
    ):
        return False
    coding, parameters = rows["xvalue_union"][1]["quant_params"]
    readers = [other for other in tables["xnodes"] if _reads(other["xnode_union"][1], fields["input_id"])]
    return coding == "PerTokenDynamicQuant" and parameters["num_nonbatch_dims"] == 1 and len(readers) == 1


def _reads(fields: Table, value: int) -> bool:
    return any(name.startswith("input") and id == value for name, id in fields.items())


def _rename(fields: Table, old: int, new: int) -> None:
    for name, value in fields.items():
        if name.endswith("_id") and value == old != NO_VALUE:
            fields[name] = new


def _storage(entry: Table, constants: memoryview, named: Mapping[str, bytes | memoryview]) -> bytes:
    if entry["named_key"]:
        return bytes(named[entry["named_key"]])
    return bytes(constants[entry["offset"] :][: entry["size"]])
