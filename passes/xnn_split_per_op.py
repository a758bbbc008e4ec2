"""
Give each node an `xnn.subgraph` of its own, for profiling and for finding the op at fault.

Nodes that only move data and serve one neighbour alone (the transpose before a convolution, say) go with
that neighbour.

    %t = xnn.static_transpose %x {...} : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
    %c = xnn.max_pooling_2d %t {...} : (tensor<1x8x8x3xf32>) -> tensor<1x4x4x3xf32>
    %y = xnn.exp %c : (tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32>
    // becomes
    %c = xnn.subgraph (%a = %x : tensor<1x3x8x8xf32>) -> (tensor<1x4x4x3xf32>) {
      ... static_transpose, max_pooling_2d
    }
    %y = xnn.subgraph (%a = %c : tensor<1x4x4x3xf32>) -> (tensor<1x4x4x3xf32>) { ... exp }
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnknownLoc
from xdsl.ir import Block, BlockArgument, Operation
from xdsl.passes import ModulePass

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import element_type_of
from xnnir.dialects.xnn.support import Target, moves_data_only
from xnnir.dialects.xnn.types import QDInt8Type
from xnnir.passes._blocks import erase_dead_ops, function_blocks
from xnnir.passes._subgraphs import allowed_op_types, delegable_ops, erase_unused_constants, wrap_in_subgraph


@dataclass(frozen=True)
class XnnSplitPerOpPass(ModulePass):
    """Give each node a subgraph of its own, together with what only moves data to it or from it."""

    name = "xnn-split-per-op"

    target: Target = "executorch"
    """Who will run the file; decides which nodes there are."""
    ops: tuple[str, ...] | None = None
    """Names of the ops that may be delegated, with or without `xnn.`; all by default."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        allowed = allowed_op_types(self.ops)
        for block in list(function_blocks(op)):
            erase_dead_ops(block)
            _split(block, delegable_ops(block, allowed, self.target))


def _split(block: Block, delegable: set[Operation]) -> None:
    _give_each_its_own_rows(block, delegable)
    ops = list(block.ops)
    groups: dict[Operation, list[Operation]] = {}
    for op, main in _homes(ops, delegable).items():
        groups.setdefault(main, []).append(op)
    # A subgraph stands where its main op stood: what is attached reads nothing from after it, and is not read
    # before it.
    for main, members in groups.items():
        following = main.next_op
        while following is not None and following in members:
            following = following.next_op
        assert following is not None
        wrap_in_subgraph(members, following)
    erase_unused_constants(op for op in ops if isinstance(op, xnn.ConstantOp))


def _codes_rows(op: Operation) -> bool:
    return isinstance(op, xnn.ConvertOp) and isinstance(element_type_of(op.output), QDInt8Type)


def _give_each_its_own_rows(block: Block, delegable: set[Operation]) -> None:
    """
    Quantise rows once for each node that reads them: nobody but the delegate knows their scales. What moves them for
    several goes along.
    """
    for op in reversed(list(block.ops)):
        if not _codes_rows(op) and not (
            moves_data_only(op) and op in delegable and all(_codes_rows(user) for user in _users(op))
        ):
            continue
        for use in list(op.results[0].uses)[1:]:
            copy = op.clone()
            copy.results[0].name_hint = op.results[0].name_hint
            block.insert_op_before(copy, op)
            use.operation.operands[use.index] = copy.results[0]
            if op in delegable:
                delegable.add(copy)


def _users(op: Operation) -> Iterator[Operation]:
    return (use.operation for result in op.results for use in result.uses)


def _homes(ops: list[Operation], delegable: set[Operation]) -> dict[Operation, Operation]:
    """For each delegable op, in order, the op in whose subgraph it goes: itself, or its only neighbour."""
    computes = {op for op in ops if op in delegable and not moves_data_only(op) and not _codes_rows(op)}
    movers = [op for op in ops if op in delegable and op not in computes]
    fed: set[Operation] = set(computes)
    """What a computing node feeds, directly or through movers."""
    for op in movers:
        if any(value.owner in fed for value in op.operands):
            fed.add(op)
    feeds: set[Operation] = set(computes)
    """What feeds a computing node, directly or through movers."""
    for op in reversed(movers):
        if any(use.operation in feeds for result in op.results for use in result.uses):
            feeds.add(op)
    home = {op: op for op in computes}
    # Nothing can lie between a mover and the only op that reads it, nor between a mover and all that it
    # reads: joining them closes no cycle.
    for op in reversed(movers):
        users = {home.get(use.operation) for result in op.results for use in result.uses}
        belongs = op not in fed or _codes_rows(op)
        if belongs and len(users) == 1 and (user := users.pop()) is not None:
            home[op] = user
    for op in movers:
        if op in home:
            continue
        producers = {
            home.get(value.owner) if isinstance(value.owner, Operation) else None
            for value in op.operands
            if not isinstance(value, BlockArgument) and not isinstance(value.owner, xnn.ConstantOp)
        }
        producer = producers.pop() if len(producers) == 1 else None
        joins = producer is not None and (op not in feeds or _is_one_op_of_the_model(op, producer))
        home[op] = producer if joins and producer is not None else op
    return {op: home[op] for op in ops if op in home}


def _is_one_op_of_the_model(mover: Operation, main: Operation) -> bool:
    """Whether both come from one op, as the mean that drops its dimensions becomes a pool and a reshape."""
    return mover.location == main.location and not isinstance(mover.location, UnknownLoc)
