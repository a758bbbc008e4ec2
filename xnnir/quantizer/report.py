"""What the quantizer codes and what it leaves in float, where that stands in the model, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from rich.console import Console
from rich.table import Table
from torch.fx import Node

from xnnir.errors import format_location
from xnnir.frontend.locations import node_location


@dataclass(frozen=True)
class Decision:
    """What became of one operator."""

    op: str
    """`aten.conv2d.default`"""
    node: str
    """Its name in the exported graph."""
    place: str
    """`model.py:12 "features.3.conv"`, as far as it is known."""
    pattern: str
    """What coded it: the name of a pattern, or `sharing` where it has its input's coding; empty for float."""
    reason: str
    """Why it is in float; empty when it is not."""

    @property
    def is_quantized(self) -> bool:
        """Whether its inputs or results are coded."""
        return bool(self.pattern)


@dataclass(frozen=True)
class QuantizerReport:
    """A decision for each operator, in order of the graph."""

    decisions: tuple[Decision, ...]

    @property
    def float_ops(self) -> tuple[Decision, ...]:
        """Those that stay in float."""
        return tuple(decision for decision in self.decisions if not decision.is_quantized)

    def print(self, file: IO[str] | None = None) -> None:
        """Print a line for each operator: what codes it, or why it is in float."""
        table = Table(
            title=f"{len(self.decisions) - len(self.float_ops)} of {len(self.decisions)} operators in int8"
        )
        for header in ("operator", "place", "coded by", "in float because"):
            table.add_column(header, overflow="fold")
        for one in self.decisions:
            table.add_row(one.op, one.place, one.pattern, one.reason)
        Console(file=file).print(table)


def decide(node: Node, pattern: str, reason: str) -> Decision:
    """The decision about `node`, with its place."""
    return Decision(
        str(node.target), node.name, format_location(node_location(node)), pattern, "" if pattern else reason
    )
