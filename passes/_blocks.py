"""
What passes over whole blocks share: which blocks there are, what an op reads, and the removal of what
nothing reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import IsolatedFromAbove, is_side_effect_free


def function_blocks(module: ModuleOp) -> Iterator[Block]:
    """The body of each function, and the blocks of ops inside that see the function's values."""
    for function in module.ops:
        if isinstance(function, func.FuncOp):
            yield from blocks_within(function)


def blocks_within(op: Operation) -> Iterator[Block]:
    """The blocks of `op`, and those of ops inside that see its values."""
    for region in op.regions:
        for block in region.blocks:
            yield block
            for inner in block.ops:
                if inner.regions and not inner.has_trait(IsolatedFromAbove, value_if_unregistered=False):
                    yield from blocks_within(inner)


def all_blocks(module: ModuleOp) -> Iterator[Block]:
    """Each block of `module` but its own: bodies of functions, graphs, subgraphs and control flow."""
    for op in module.walk():
        if op is not module:
            for region in op.regions:
                yield from region.blocks


def values_read(op: Operation) -> Sequence[SSAValue]:
    """The operands of `op`, and the values from outside that the ops in its regions read."""
    if not op.regions or op.has_trait(IsolatedFromAbove, value_if_unregistered=False):
        return op.operands
    return (*op.operands, *captured_values(op))


def captured_values(op: Operation) -> list[SSAValue]:
    """The values from outside that the ops in the regions of `op` read, each once."""
    inside: set[SSAValue] = set()
    read: dict[SSAValue, None] = {}
    for region in op.regions:
        for inner in region.walk():
            inside.update(inner.results)
            for inner_region in inner.regions:
                for block in inner_region.blocks:
                    inside.update(block.args)
            read.update(dict.fromkeys(inner.operands))
        for block in region.blocks:
            inside.update(block.args)
    return [value for value in read if value not in inside]


def erase_dead_ops(block: Block) -> None:
    """Remove the ops of `block` that nothing reads and that do nothing else, in one sweep from the end."""
    op = block.last_op
    while op is not None:
        previous = op.prev_op
        if op.results and all(result.first_use is None for result in op.results) and is_side_effect_free(op):
            op.detach()
            op.erase()
        op = previous
