"""What was delegated and what was not, in words."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr

from xnnir.dialects import aten, xnn
from xnnir.dialects.xnn.graph_ops import nodes
from xnnir.errors import format_location


@dataclass(frozen=True)
class NotDelegated:
    """An op that stays outside the delegates."""

    op: str
    location: str
    """Where it stands in the user's model; empty when the export did not say."""
    reason: str


@dataclass(frozen=True)
class Delegated:
    """A delegate and what it runs."""

    name: str
    nodes: int


def delegated(module: ModuleOp) -> list[Delegated]:
    """The delegates of a module whose graphs were outlined."""
    return [Delegated(op.sym_name.data, len(nodes(op))) for op in module.ops if isinstance(op, xnn.GraphOp)]


def not_delegated(module: ModuleOp) -> list[NotDelegated]:
    """The ops outside the delegates, with the reason why each one is there."""
    found: list[NotDelegated] = []
    for function in module.ops:
        if not isinstance(function, func.FuncOp):
            continue
        for op in function.body.block.ops:
            if isinstance(op, xnn.CallOp | xnn.ConstantOp | aten.StaticValueOp | aten.NoneOp | func.ReturnOp):
                continue
            refused = op.attributes.get("xnn.refused")
            reason = (
                refused.data
                if isinstance(refused, StringAttr)
                else "leaves all numbers in their order; no delegate is worth it"
            )
            found.append(NotDelegated(op.name, format_location(op.location), reason))
    return found


def print_report(module: ModuleOp, console: Console | None = None) -> None:
    """Print both lists to `console`, by default to stderr."""
    # Names of modules are no markup.
    console = console or Console(stderr=True, markup=False, emoji=False)
    delegates = Table(title="Delegates", title_justify="left")
    delegates.add_column("name")
    delegates.add_column("nodes", justify="right")
    for entry in delegated(module):
        delegates.add_row(entry.name, str(entry.nodes))
    console.print(delegates)
    left = not_delegated(module)
    if not left:
        console.print("every op is delegated")
        return
    table = Table(title="Not delegated", title_justify="left")
    for column in ("op", "where in the model", "reason"):
        table.add_column(column, overflow="fold")
    for item in left:
        table.add_row(item.op, item.location, item.reason)
    console.print(table)
