"""
What was delegated and what was not: where it stands in the model, why, and how much of the work it is.

Shares are of the whole program's estimated cost, see `xnnir.work`; they add up to 1.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any, Literal, TypeAlias, cast

from rich.console import Console
from rich.table import Table
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    BFloat16Type,
    CallSiteLoc,
    FileLineColLoc,
    Float64Type,
    FusedLoc,
    ModuleOp,
    NameLoc,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, Operation
from xdsl.utils.hints import isa

from xnnir.dialects import aten, rt, xnn
from xnnir.dialects.weights import WeightAttr, get_weight_store
from xnnir.dialects.xnn.base import XnnOp
from xnnir.dialects.xnn.graph_ops import nodes
from xnnir.dialects.xnn.support import BACKEND_IDS, Target, backend_id
from xnnir.files import format_bytes
from xnnir.passes._blocks import blocks_within
from xnnir.passes._quantization import NOT_QUANTIZED
from xnnir.passes.convert_aten_to_xnn import REFUSED
from xnnir.work import Work, work

Runner: TypeAlias = Literal["host", "nothing"]
"""Who runs an op outside the delegates: a kernel of the runtime, or none, so that the program cannot be lowered."""


@dataclass(frozen=True)
class OpReport:
    """An op, where it stands in the model, and how much of the work it is."""

    op: str
    """`aten.cumsum`, `xnn.add`; of a file an operator, `aten::cumsum.out`."""
    file: str
    """Of the line in the model's source; empty when unknown."""
    line: int
    """0 when unknown."""
    module: str
    """The path of the module in the model, `features.3.conv`; empty when unknown."""
    flops: int
    bytes: int
    share: float
    in_floats: str
    """Why it computes in floats what the model quantises; empty for all other ops."""

    @property
    def place(self) -> str:
        """`model.py:12 "features.3.conv"`, as far as it is known."""
        line = f"{self.file}:{self.line}" if self.file else ""
        return f'{line} "{self.module}"'.lstrip() if self.module else line


@dataclass(frozen=True)
class HostOpReport(OpReport):
    """An op outside the delegates."""

    method: str
    runs_on: Runner
    reason: str
    """Why it is not in a delegate; empty for ops of a file, which does not say."""
    next_step: str
    """What would have it delegated; empty when nothing is known to."""


@dataclass(frozen=True)
class DelegateReport:
    """A delegate and what it runs. What other backends than XNNPACK run is unknown."""

    name: str
    method: str
    backend: str
    ops: tuple[OpReport, ...]
    weight_bytes: int
    """Of the constants in it; one that several delegates have is counted in each, though a file has it once."""
    share: float


@dataclass(frozen=True)
class Report:
    """All delegates and all ops outside them, in order of the program."""

    delegates: tuple[DelegateReport, ...]
    not_delegated: tuple[HostOpReport, ...]

    @property
    def delegated_share(self) -> float:
        """The part of the work that is delegated, from 0 to 1."""
        return sum(delegate.share for delegate in self.delegates)

    @property
    def in_floats(self) -> list[OpReport]:
        """The ops, in delegates and outside, that compute in floats what the model quantises."""
        inside = [op for delegate in self.delegates for op in delegate.ops]
        return [op for op in (*inside, *self.not_delegated) if op.in_floats]

    def to_dict(self) -> dict[str, Any]:
        """As plain lists, dictionaries, strings and numbers."""
        return {
            "delegated_share": self.delegated_share,
            "delegates": [asdict(delegate) for delegate in self.delegates],
            "not_delegated": [asdict(op) for op in self.not_delegated],
        }

    def to_json(self, *, indent: int | None = 2) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=indent)

    def print(self, console: Console | None = None) -> None:
        """Print tables to `console`, by default to stderr."""
        console = console or report_console(sys.stderr)
        console.print(_delegates_table(self))
        if self.in_floats:
            console.print(_floats_table(self.in_floats))
        if not self.not_delegated:
            console.print("every op is delegated")
            return
        console.print(_host_table(self.not_delegated))
        console.print(f"{_percent(self.delegated_share)} of the work is delegated (an estimate from shapes)")

    def __str__(self) -> str:
        text = io.StringIO()
        self.print(report_console(text))
        return text.getvalue()


def report_console(file: IO[str]) -> Console:
    """As wide as the terminal, or wide enough for reasons where there is none."""
    # Names of modules are no markup.
    return Console(file=file, width=None if file.isatty() else 160, markup=False, emoji=False)


def report(module: ModuleOp, context: Context, target: Target = "executorch") -> Report:
    """
    The report of a module whose delegates are settled, or that was lowered or read from a file.

    `target` is who will run it, which decides what has a kernel on the host.
    """
    reporter = _Reporter(module, context)
    stuck = _what_nothing_runs(module, context, target)
    for op in module.ops:
        if isinstance(op, func.FuncOp) and op.body.blocks:
            reporter.add_function(op, stuck)
        elif isinstance(op, rt.MethodOp):
            reporter.add_method(op)
    return reporter.finish()


def _what_nothing_runs(module: ModuleOp, context: Context, target: Target) -> set[Operation]:
    from xnnir.passes.lower_to_rt import refused_ops

    return set(refused_ops(module, context, target))


class _Reporter:
    """Gathers ops with their work; shares are known at the end."""

    def __init__(self, module: ModuleOp, context: Context):
        self.store = get_weight_store(context)
        self.graphs = {
            op.sym_name.data: op for op in module.ops if isinstance(op, xnn.GraphOp | rt.DelegateOp)
        }
        self.host: list[tuple[Operation, str, str, Runner]] = []
        self.calls: list[tuple[str, str]] = []

    def add_function(self, function: func.FuncOp, stuck: set[Operation]) -> None:
        """Take in a function of `aten` and `xnn` ops."""
        method = function.sym_name.data
        for block in blocks_within(function):
            for op in block.ops:
                if isinstance(op, xnn.CallOp):
                    self.calls.append((op.callee.root_reference.data, method))
                elif not isinstance(op, xnn.ConstantOp | aten.StaticValueOp | aten.NoneOp | func.ReturnOp):
                    self.host.append((op, op.name, method, "nothing" if op in stuck else "host"))

    def add_method(self, method: rt.MethodOp) -> None:
        """Take in a method of `rt` instructions."""
        for op in method.instructions():
            if isinstance(op, rt.DelegateCallOp):
                self.calls.append((op.delegate.root_reference.data, method.sym_name.data))
            elif isinstance(op, rt.KernelCallOp):
                self.host.append((op, op.operator.data, method.sym_name.data, "host"))

    def finish(self) -> Report:
        """The report of what was taken in."""
        delegates = [(name, method, self._works(name)) for name, method in self.calls]
        host = [(entry, work(entry[0])) for entry in self.host]
        total = sum(done.cost for _, _, works in delegates for _, done in works)
        total += sum(done.cost for _, done in host)

        def described(op: Operation, name: str, done: Work) -> dict[str, Any]:
            file, line, module = place_of(op.location)
            return {
                "op": name,
                "file": file,
                "line": line,
                "module": module,
                "flops": done.flops,
                "bytes": done.bytes,
                "share": done.cost / total if total else 0.0,
                "in_floats": _text(op, NOT_QUANTIZED),
            }

        return Report(
            tuple(
                DelegateReport(
                    name,
                    method,
                    self._backend(name),
                    ops := tuple(OpReport(**described(op, op.name, done)) for op, done in works),
                    self._weight_bytes(name),
                    sum(op.share for op in ops),
                )
                for name, method, works in delegates
            ),
            tuple(
                HostOpReport(
                    **described(op, name, done),
                    method=method,
                    runs_on=runner,
                    reason=_reason(op),
                    next_step=_next_step(op),
                )
                for (op, name, method, runner), done in host
            ),
        )

    def _works(self, name: str) -> list[tuple[Operation, Work]]:
        graph = self.graphs.get(name)
        return [(op, work(op)) for op in nodes(graph)] if isinstance(graph, xnn.GraphOp) else []

    def _backend(self, name: str) -> str:
        graph = self.graphs.get(name)
        if isinstance(graph, xnn.GraphOp):
            return backend_id(nodes(graph))
        return graph.backend.data if graph is not None else BACKEND_IDS["executorch"]

    def _weight_bytes(self, name: str) -> int:
        graph = self.graphs.get(name)
        if isinstance(graph, rt.DelegateOp):
            return len(self.store.bytes(graph.processed))
        weights = {
            op.value
            for op in (graph.walk() if graph is not None else ())
            if isinstance(op, xnn.ConstantOp) and isinstance(op.value, WeightAttr)
        }
        return sum(len(self.store.bytes(weight)) for weight in weights)


def place_of(location: Attribute | None) -> tuple[str, int, str]:
    """
    File, line and module path of a location, empty or 0 where unknown. Of a fused one the first known, of a call site
    the callee.
    """
    match location:
        case FileLineColLoc():
            return location.filename.data, location.line.data, ""
        case NameLoc():
            file, line, _ = place_of(location.location)
            return file, line, location.desc.data
        case CallSiteLoc():
            place = place_of(location.callee)
            return place if any(place) else place_of(location.caller)
        case FusedLoc():
            parts = cast("ArrayAttr[Attribute]", location.locations)
            return next((place for part in parts if any(place := place_of(part))), ("", 0, ""))
        case _:
            return "", 0, ""


def _text(op: Operation, name: str) -> str:
    value = op.attributes.get(name)
    return value.data if isinstance(value, StringAttr) else ""


def _reason(op: Operation) -> str:
    if refused := _text(op, REFUSED):
        return refused
    if isinstance(op, XnnOp):
        return "it leaves all numbers in their order, and so does all around it; no delegate is worth that"
    if isinstance(op, aten.AssignBufferOp | aten.AssignInputOp):
        return "it changes a tensor that outlives the call"
    if isinstance(op, rt.InstructionOp):
        return ""
    if not any(isinstance(value.type, TensorType) for value in op.results):
        return "it computes numbers, and delegates compute tensors"
    return f"xnnir has no conversion of {op.name} to XNNPACK"


def _next_step(op: Operation) -> str:
    types = {
        value.type.get_element_type()
        for value in (*op.operands, *op.results)
        if isa(value.type, TensorType[Attribute])
    }
    if any(isinstance(type, Float64Type) for type in types):
        return "make the model float32 with model.float(), and its inputs"
    if any(isinstance(type, BFloat16Type) for type in types):
        return "make the model float32 with model.float(), or float16 with model.half()"
    return ""


def _delegates_table(of: Report) -> Table:
    table = _table("Delegates", "name", "ops", "weights", "share", right=("ops", "weights", "share"))
    for delegate in of.delegates:
        count = str(len(delegate.ops)) if delegate.ops else "?"
        table.add_row(delegate.name, count, format_bytes(delegate.weight_bytes), _percent(delegate.share))
    return table


def _host_table(ops: Sequence[HostOpReport]) -> Table:
    """Ops that differ in nothing but their number, as loops over layers give them, share a row."""
    rows: dict[tuple[str, ...], list[HostOpReport]] = {}
    for op in ops:
        reason = f"{op.reason}; {op.next_step}" if op.next_step else op.reason
        rows.setdefault((op.op, op.place, op.runs_on, reason), []).append(op)
    columns = ("op", "times", "where in the model", "runs on", "share", "reason")
    table = _table("Not delegated", *columns, right=("times", "share"))
    for (name, place, runner, reason), alike in rows.items():
        share = _percent(sum(op.share for op in alike))
        table.add_row(name, str(len(alike)), place, runner, share, reason)
    return table


def _floats_table(ops: Sequence[OpReport]) -> Table:
    table = _table(
        "In floats, though the model quantises them",
        "op",
        "where in the model",
        "share",
        "reason",
        right=("share",),
    )
    for op in ops:
        table.add_row(op.op, op.place, _percent(op.share), op.in_floats)
    return table


def _table(title: str, *columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        width = 30 if column == "reason" else None
        table.add_column(
            column, justify="right" if column in right else "left", overflow="fold", min_width=width
        )
    return table


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
