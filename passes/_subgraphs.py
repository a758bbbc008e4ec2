"""Wrapping of ops into `xnn.subgraph`, and the choice of those that may be wrapped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from xdsl.ir import Block, Operation, Region, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.xnn.support import Target, why_unsupported
from xnnir.errors import XnnirError


def allowed_op_types(names: Sequence[str] | None) -> frozenset[type[Operation]]:
    """
    The node types that a list of op names (`xnn.add` or `add`) stands for; all of them for None.

    Raises `XnnirError` for a name that is none.
    """
    by_name: dict[str, type[Operation]] = {op.name: op for op in xnn.NODE_OPS}
    if names is None:
        return frozenset(by_name.values())
    full = [name if name.startswith("xnn.") else f"xnn.{name}" for name in names]
    if unknown := [name for name in full if name not in by_name]:
        raise XnnirError(
            f"expected names of xnn ops, got {', '.join(unknown)}",
            hint=f"known are {', '.join(sorted(by_name))}",
        )
    return frozenset(by_name[name] for name in full)


def delegable_ops(block: Block, allowed: Collection[type[Operation]], target: Target) -> set[Operation]:
    """The ops of `block` that a delegate can run."""
    return {op for op in block.ops if type(op) in allowed and why_unsupported(op, target) is None}


def wrap_in_subgraph(ops: Sequence[Operation], before: Operation) -> xnn.SubgraphOp:
    """
    Move `ops`, in this order, into an `xnn.subgraph` in front of `before`.

    Values from outside become its inputs, constants are copied into it, and what is read outside becomes its
    results. The ops must be convex: nothing outside may lie between two of them. The subgraph has the
    location of its first op.
    """
    members = set(ops)
    body = Block()
    inside: dict[SSAValue, SSAValue] = {}
    inputs: list[SSAValue] = []
    for op in ops:
        op.detach()
        for index, value in enumerate(op.operands):
            if value.owner in members:
                continue
            if value not in inside:
                if isinstance(value.owner, xnn.ConstantOp):
                    copy = value.owner.clone()
                    body.add_op(copy)
                    inside[value] = copy.result
                else:
                    inputs.append(value)
                    argument = body.insert_arg(value.type, len(body.args))
                    argument.name_hint = value.name_hint
                    argument.location = ops[0].location
                    inside[value] = argument
            op.operands[index] = inside[value]
        body.add_op(op)
    outputs = [
        result
        for op in ops
        for result in op.results
        if any(_is_outside(use.operation, body) for use in result.uses)
    ]
    subgraph = xnn.SubgraphOp(inputs, [value.type for value in outputs], Region(body))
    subgraph.location = ops[0].location
    for value, result in zip(outputs, subgraph.outputs, strict=True):
        result.name_hint = value.name_hint
        value.replace_uses_with_if(result, lambda use: _is_outside(use.operation, body))
    body.add_op(xnn.YieldOp(outputs))
    block = before.parent
    assert block is not None
    block.insert_op_before(subgraph, before)
    return subgraph


def erase_unused_constants(ops: Iterable[Operation]) -> None:
    """Remove the constants among `ops` that nothing reads."""
    for op in ops:
        if isinstance(op, xnn.ConstantOp) and op.result.first_use is None:
            op.detach()
            op.erase()


def _is_outside(op: Operation, body: Block) -> bool:
    return op.parent is not body
