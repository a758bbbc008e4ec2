"""Graphs as old versions of ExecuTorch wrote them: `XN00`, constants inside, inputs quantised by `dq_datatype`."""

from __future__ import annotations

from typing import Any

import pytest
from xdsl.parser import Parser

from xnnir.context import make_context
from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore
from xnnir.emit.delegate_reader import read_graph
from xnnir.emit.delegate_writer import write_graph
from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import load_schema
from xnnir.emit.locations import LocationTable
from xnnir.emit.segments import NamedData
from xnnir.emit.values import tensor_value
from xnnir.testing.old_encodings import encode_old, old_tables

TEXT = """
xnn.graph @g(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %q = xnn.convert %x : (tensor<2x4xf32>) -> tensor<2x4x!xnn.qdint8<1>>
  %w = xnn.constant dense<[[1, 2, 3, 4], [5, 6, 7, 8], [-9, 10, 11, 12]]> : tensor<3x4xi8>
    : tensor<3x4x!xnn.qcint8<0, [0.5, 0.25, 1.0]>>
  %y = xnn.fully_connected %q, %w
    : (tensor<2x4x!xnn.qdint8<1>>, tensor<3x4x!xnn.qcint8<0, [0.5, 0.25, 1.0]>>) -> tensor<2x3xf32>
  xnn.yield %y : tensor<2x3xf32>
}
"""
DATATYPES = load_schema("xnnpack").enums["XNNDatatype"]


class Named(NamedData):
    """Named data that can be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, memoryview] = {}

    def add(self, key: str, data: memoryview, sha256: str | None = None) -> None:
        self.data[key] = data
        super().add(key, data, sha256)


def tables_and_graph() -> tuple[dict[str, Any], xnn.GraphOp]:
    """The tables of the graph in the old encoding, and the graph as the new one gives it back."""
    module = Parser(make_context(), TEXT).parse_module()
    (graph,) = module.ops
    assert isinstance(graph, xnn.GraphOp)
    store, named = WeightStore(), Named()
    blob = memoryview(write_graph(graph, store, named, LocationTable()))
    return old_tables(blob, named.data), read_graph(blob, "g", store, named.data)


def read(tables: dict[str, Any]) -> xnn.GraphOp:
    return read_graph(memoryview(encode_old(tables)), "g", WeightStore(), {})


def test_graphs_are_those_of_today() -> None:
    tables, expected = tables_and_graph()
    found = read(tables)
    assert [op.name for op in found.body.block.ops].count("xnn.convert") == 1
    key = lambda op: op.name  # noqa: E731 - constants stand where they are first seen
    for one, two in zip(
        sorted(found.body.block.ops, key=key), sorted(expected.body.block.ops, key=key), strict=True
    ):
        assert one.name == two.name and list(one.result_types) == list(two.result_types)
    (layer,) = (op for op in found.body.block.ops if isinstance(op, xnn.FullyConnectedOp))
    assert (
        isinstance(layer.input.owner, xnn.ConvertOp) and layer.input.owner.input is found.body.block.args[0]
    )


@pytest.mark.parametrize(
    ("datatype", "message"),
    [
        ("xnn_datatype_fp16", "expected qint8 or qdint8, got fp16"),
        ("xnn_datatype_qdint8", "expected that on float inputs"),
    ],
)
def test_what_is_no_such_input_is_refused(datatype: str, message: str) -> None:
    tables, _ = tables_and_graph()
    for value in tables["xvalues"]:
        # With the second, every value of the graph asks for it.
        tensor_value(value)["dq_datatype"] = DATATYPES[datatype]
    with pytest.raises(FormatError, match=message):
        read(tables)
