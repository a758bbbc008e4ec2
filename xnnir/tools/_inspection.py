"""What a .pte file holds: methods, delegates, segments. For people as tables, for programs as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from xnnir.context import make_context
from xnnir.dialects import rt, xnn
from xnnir.dialects.weights import WeightAttr, get_weight_store
from xnnir.dialects.xnn.graph_ops import nodes
from xnnir.dialects.xnn.support import backend_id
from xnnir.emit import read_program
from xnnir.emit.segment_listing import list_segments
from xnnir.errors import format_location
from xnnir.files import format_bytes


@dataclass(frozen=True)
class NodeInfo:
    """A node of a delegate."""

    op: str
    location: str
    """In the user's model, where the file says so."""


@dataclass(frozen=True)
class DelegateInfo:
    """A delegate; nodes are known for those of XNNPACK."""

    name: str
    backend: str
    weight_bytes: int
    nodes: list[NodeInfo] = field(default_factory=list[NodeInfo])


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of a method."""

    type: str
    dim_order: list[int]
    """Dimensions from outermost to innermost in memory."""


@dataclass(frozen=True)
class MethodInfo:
    """A method: what goes in and out, the bytes of memory it plans, and what it runs."""

    name: str
    inputs: list[TensorInfo]
    outputs: list[TensorInfo]
    arenas: list[int]
    instructions: list[str]


@dataclass(frozen=True)
class SegmentInfo:
    """A segment of the file, in bytes from its start."""

    offset: int
    size: int
    content: str


@dataclass(frozen=True)
class ProgramInfo:
    """All of a file."""

    size: int
    methods: list[MethodInfo]
    delegates: list[DelegateInfo]
    segments: list[SegmentInfo]


def inspect_program(data: memoryview) -> ProgramInfo:
    """What is in the .pte file `data`. Raises `FormatError` for what is none, or is damaged."""
    context = make_context()
    module = read_program(data, context)
    store = get_weight_store(context)

    def bytes_of(weights: Iterable[WeightAttr]) -> int:
        return sum(len(store.bytes(weight)) for weight in set(weights))

    delegates: list[DelegateInfo] = []
    for op in module.ops:
        if isinstance(op, xnn.GraphOp):
            found = [NodeInfo(node.name, format_location(node.location)) for node in nodes(op)]
            delegates.append(
                DelegateInfo(op.sym_name.data, backend_id(nodes(op)), bytes_of(_weights(op)), found)
            )
        elif isinstance(op, rt.DelegateOp):
            delegates.append(DelegateInfo(op.sym_name.data, op.backend.data, bytes_of([op.processed])))
    return ProgramInfo(
        size=len(data),
        methods=_methods(module),
        delegates=delegates,
        segments=[SegmentInfo(*segment) for segment in list_segments(data)],
    )


def print_program(info: ProgramInfo, console: Console, *, with_nodes: bool = False) -> None:
    """Print tables; `with_nodes` lists each node with its place instead of counting nodes by kind."""
    for method in info.methods:
        table = _table(f"Method {method.name}", "", "type", "dim order")
        for kind, tensors in (("input", method.inputs), ("output", method.outputs)):
            for index, tensor in enumerate(tensors):
                table.add_row(f"{kind} {index}", tensor.type, " ".join(map(str, tensor.dim_order)))
        console.print(table)
        for index, size in enumerate(method.arenas, start=1):
            console.print(f"arena {index}: {format_bytes(size)}")
        for text, count in Counter(method.instructions).items():
            console.print(f"runs {text}" + (f", {count} times" if count > 1 else ""), markup=False)
        console.print()
    table = _table("Delegates", "name", "backend", "nodes", "weights", right=("nodes", "weights"))
    for delegate in info.delegates:
        count = str(len(delegate.nodes)) if delegate.nodes else "?"
        table.add_row(delegate.name, delegate.backend, count, format_bytes(delegate.weight_bytes))
    console.print(table)
    for delegate in info.delegates:
        if with_nodes:
            table = _table(f"Nodes of {delegate.name}", "node", "place in the model")
            for node in delegate.nodes:
                table.add_row(node.op, node.location)
        else:
            table = _table(f"Nodes of {delegate.name}", "node", "count", right=("count",))
            for op, number in Counter(node.op for node in delegate.nodes).most_common():
                table.add_row(op, str(number))
        if delegate.nodes:
            console.print(table)
    _print_segments(info, console)
    console.print(f"file: {format_bytes(info.size)}")


def _print_segments(info: ProgramInfo, console: Console, most: int = 12) -> None:
    table = _table("Segments", "offset", "size", "content", right=("offset", "size"))
    largest = sorted(info.segments, key=lambda segment: segment.size, reverse=True)[:most]
    for segment in sorted(largest, key=lambda segment: segment.offset):
        table.add_row(str(segment.offset), format_bytes(segment.size), segment.content)
    console.print(table)
    if len(info.segments) > most:
        rest = sum(segment.size for segment in info.segments) - sum(segment.size for segment in largest)
        console.print(f"and {len(info.segments) - most} smaller ones of {format_bytes(rest)} together")


def _methods(module: ModuleOp) -> list[MethodInfo]:
    return [
        MethodInfo(
            op.sym_name.data,
            _tensors(op.inputs),
            _tensors(op.outputs),
            list(op.arena_sizes),
            [_instruction(instruction) for instruction in op.instructions()],
        )
        for op in module.ops
        if isinstance(op, rt.MethodOp)
    ]


def _tensors(values: Sequence[SSAValue]) -> list[TensorInfo]:
    found: list[TensorInfo] = []
    for value in values:
        slot = value.owner
        order: Sequence[int] = ()
        if isinstance(slot, rt.TensorSlotOp):
            rank = len(slot.tensor_type.get_shape())
            order = range(rank) if slot.dim_order is None else slot.dim_order.get_values()
        found.append(TensorInfo(str(value.type), [int(axis) for axis in order]))
    return found


def _instruction(op: rt.InstructionOp) -> str:
    match op:
        case rt.DelegateCallOp():
            return f"delegate {op.delegate.root_reference.data}"
        case rt.KernelCallOp():
            return f"kernel {op.operator.data}"
        case _:
            return op.name.removeprefix("rt.")


def _weights(op: Operation) -> Iterable[WeightAttr]:
    for inner in op.walk():
        if isinstance(inner, xnn.ConstantOp) and isinstance(inner.value, WeightAttr):
            yield inner.value


def _table(title: str, *columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table
