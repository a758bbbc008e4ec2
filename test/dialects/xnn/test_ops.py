"""No op of the dialect is left out of its round-trip test."""

from __future__ import annotations

import re
from pathlib import Path

from xnnir.dialects import xnn


def test_every_op_makes_a_round_trip() -> None:
    here = Path(__file__).parent
    text = "".join((here / name).read_text() for name in ("ops.mlir", "types.mlir", "graph.mlir"))
    checked = set(re.findall(r"CHECK[^\n]*?(xnn\.\w+)[ (]", text))
    assert {op.name for op in (*xnn.NODE_OPS, *xnn.GRAPH_OPS)} <= checked
