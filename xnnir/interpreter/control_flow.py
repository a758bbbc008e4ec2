"""Reference semantics of the ops of `scf` that models have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, SSAValue

Values: TypeAlias = dict[SSAValue, Any]
RunBlock: TypeAlias = Callable[[Block, Values], Sequence[Any]]
"""Runs the ops of a block, whose arguments are among the values; what its terminator is given."""


def is_control_flow(op: Operation) -> bool:
    """Whether `evaluate` knows the op."""
    return isinstance(op, scf.IfOp | scf.WhileOp | scf.ForOp)


def evaluate(op: Operation, values: Values, run: RunBlock) -> Sequence[Any]:
    """
    The results of `op`. `values` holds what is known around it; blocks run with these and their arguments.

    Raises `NotImplementedError` for another op.
    """
    match op:
        case scf.IfOp():
            region = op.true_region if bool(values[op.cond]) else op.false_region
            return run(region.block, values)
        case scf.WhileOp():
            carried: Sequence[Any] = [values[argument] for argument in op.arguments]
            while True:
                condition, *carried = _run(op.before_region.block, carried, values, run)
                if not bool(condition):
                    return carried
                carried = _run(op.after_region.block, carried, values, run)
        case scf.ForOp():
            carried = [values[argument] for argument in op.iter_args]
            bounds = [int(values[bound]) for bound in (op.lb, op.ub, op.step)]
            for index in range(*bounds):
                carried = _run(op.body.block, [index, *carried], values, run)
            return carried
        case _:
            raise NotImplementedError(f"{op.name} has no reference semantics here")


def _run(block: Block, arguments: Sequence[Any], values: Values, run: RunBlock) -> Sequence[Any]:
    return run(block, {**values, **dict(zip(block.args, arguments, strict=True))})
