"""Locations in files: what is written in short is read back in full, by Python and by the runtime."""

from __future__ import annotations

import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

import xnnir
from xnnir.context import make_context
from xnnir.dialects import xnn
from xnnir.dialects.xnn.graph_ops import nodes
from xnnir.emit.locations import location_text
from xnnir.emit.program_reader import read_program
from xnnir.emit.short_locations import Expander, Shortener
from xnnir.runtime import Runtime

PARTS = st.sampled_from(["layers", "0", "1", "2", "conv", "", "\\", ":", ".", "(", "a b", "é" * 600])
NAMES = st.lists(PARTS, min_size=1, max_size=5).map(".".join)
FILES = st.sampled_from(["net/model.py", "net/head.py", "C:/x (1)/y.py", "", "f" * 1025])
PLACES = st.one_of(
    NAMES,
    st.builds("{}:{}".format, FILES, st.integers(0, 99)),
    st.builds("{} ({}:{})".format, NAMES, FILES, st.integers(0, 99)),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")),
)
LINES = st.lists(st.lists(PLACES, min_size=1, max_size=3).map(" + ".join), max_size=8)


@given(LINES)
@example(["a (f.py:1)", ":2", ".b", "\\", "a.b (:3)", " + ", "", "a.b (f.py:1)", "a (f.py:1)"])
def test_every_line_comes_back(lines: list[str]) -> None:
    shortener, expander = Shortener(), Expander()
    short = [shortener.line(line) for line in lines]
    assert [expander.line(line) for line in short] == lines
    # A backslash for each place is the most that it costs.
    assert all(len(s) <= len(line) + line.count(" + ") + 1 for s, line in zip(short, lines, strict=True))


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU())
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(self.layer(x) * 2)


def test_runtime_reads_what_the_compiler_wrote() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(Block(3), nn.Sequential(Block(3), Block(3)), nn.Conv2d(3, 5, 1)).eval()
    x = torch.randn(1, 3, 16, 16)
    file = xnnir.to_edge_transform_and_lower(torch.export.export(model, (x,))).to_executorch().buffer
    (graph,) = (op for op in read_program(file, make_context()).ops if isinstance(op, xnn.GraphOp))
    written = [location_text(op.location) for op in nodes(graph)]
    assert sum(text.startswith("1.1.layer.0 (") for text in written) == 1
    # Each of the two files is there once, in the first of the places that name it.
    assert file.count(b"test_locations.py:") == 1
    method = Runtime.get().load_program(file).load_method("forward", profile=True)
    method.execute([x])
    profiled = [event.location for event in method.profile_events() if event.node >= 0]
    assert profiled == written
