"""No op of the dialect is left out of its round-trip test."""

from __future__ import annotations

import re
from pathlib import Path

from xnnir.dialects import xnn
from xnnir.dialects.xnn.types import PerChannelType, PerTensorType


def test_every_op_makes_a_round_trip() -> None:
    here = Path(__file__).parent
    text = "".join((here / name).read_text() for name in ("ops.mlir", "types.mlir", "graph.mlir"))
    checked = set(re.findall(r"CHECK[^\n]*?(xnn\.\w+)[ (]", text))
    assert {op.name for op in (*xnn.NODE_OPS, *xnn.GRAPH_OPS)} <= checked


def test_types_differ_by_their_parameters() -> None:
    per_tensor: list[type[PerTensorType]] = [xnn.QInt8Type, xnn.QUInt8Type]
    for kind in per_tensor:
        assert kind(0.5, 1) == kind(0.5, 1)
        assert len({kind(0.5, 1), kind(0.25, 1), kind(0.5, 2)}) == 3
    per_channel: list[type[PerChannelType]] = [xnn.QCInt8Type, xnn.QCInt4Type, xnn.QCInt32Type]
    for kind in per_channel:
        assert kind(0, [0.5]) == kind(0, [0.5])
        assert len({kind(0, [0.5]), kind(1, [0.5]), kind(0, [0.25])}) == 3
    assert xnn.QDInt8Type(1) != xnn.QDInt8Type(2)
    assert xnn.QBInt4Type(0, 32, [0.5]) != xnn.QBInt4Type(0, 64, [0.5])
