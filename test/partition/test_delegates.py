"""Delegates of small graphs, against all ways to gather their nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.test import TestPureOp
from xdsl.ir import Block, Operation, Region, SSAValue

from xnnir.context import make_context
from xnnir.dialects import xnn
from xnnir.passes.xnn_partition import XnnPartitionPass

TENSOR = TensorType(f32, [4])


@st.composite
def graphs(draw: st.DrawFn) -> func.FuncOp:
    """A few ops of one or two operands, nodes of XNNPACK or not, of which all that no one reads is a result."""
    block = Block(arg_types=[TENSOR])
    values: list[SSAValue] = [block.args[0]]
    for _ in range(draw(st.integers(2, 8))):
        a, b = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        is_host = draw(st.integers(0, 3)) == 0
        op: Operation = TestPureOp([a, b], [TENSOR]) if is_host else xnn.AddOp(a, b, TENSOR)
        block.add_op(op)
        values.append(op.results[0])
    unread = [value for value in values[1:] if value.first_use is None]
    block.add_op(func.ReturnOp(*unread))
    return func.FuncOp("f", ([TENSOR], [TENSOR] * len(unread)), Region(block))


@given(function=graphs())
@settings(max_examples=150, deadline=None)
def test_there_are_as_few_delegates_as_can_be(function: func.FuncOp) -> None:
    ops = [op for op in function.body.block.ops if not isinstance(op, func.ReturnOp)]
    fewest = _fewest_groups(ops)
    module = ModuleOp([function])
    XnnPartitionPass().apply(make_context(), module)
    # Values are defined before they are read, so that no delegate waits for itself.
    module.verify()
    defined: set[SSAValue] = set(function.body.block.args)
    for op in function.body.block.ops:
        assert defined.issuperset(op.operands)
        defined.update(op.results)
    left = list(function.body.block.ops)
    assert not any(isinstance(op, xnn.AddOp) for op in left)
    subgraphs = [op for op in left if isinstance(op, xnn.SubgraphOp)]
    inside = [op for subgraph in subgraphs for op in subgraph.body.block.ops if isinstance(op, xnn.AddOp)]
    assert len(inside) == sum(isinstance(op, xnn.AddOp) for op in ops)
    assert len(subgraphs) == fewest


def _fewest_groups(ops: Sequence[Operation]) -> int:
    """The fewest groups of nodes for which the groups and the other ops can run one after the other."""
    nodes = [op for op in ops if isinstance(op, xnn.AddOp)]
    return min(len(set(groups)) for groups in _groupings(len(nodes)) if _can_run(ops, nodes, groups))


def _groupings(count: int, used: int = 0) -> Iterator[tuple[int, ...]]:
    """All ways to give `count` nodes a group, numbered in the order in which they come."""
    if count == 0:
        yield ()
        return
    for group in range(used + 1):
        for rest in _groupings(count - 1, max(used, group + 1)):
            yield (group, *rest)


def _can_run(ops: Sequence[Operation], nodes: Sequence[Operation], groups: Sequence[int]) -> bool:
    unit: dict[object, object] = dict(zip(ops, ops, strict=True))
    unit.update(zip(nodes, groups, strict=True))
    waits: dict[object, set[object]] = {}
    for op in ops:
        producers = {unit[value.owner] for value in op.operands if value.owner in unit}
        waits.setdefault(unit[op], set()).update(producers - {unit[op]})
    try:
        list(TopologicalSorter(waits).static_order())
    except CycleError:
        return False
    return True
