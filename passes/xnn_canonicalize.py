"""
Remove what does nothing, fold what only moves the numbers of constants, and keep one constant per weight
and type.

    %k = xnn.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
    %t = xnn.static_transpose %k {perm = array<i64: 1, 0>} : (tensor<1x2xf32>) -> tensor<2x1xf32>
    %a = xnn.static_reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
    %b = xnn.static_reshape %a : (tensor<6xf32>) -> tensor<3x2xf32>
    %c = xnn.clamp %b : (tensor<3x2xf32>) -> tensor<3x2xf32>
    // becomes
    %t = xnn.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
    %b = xnn.static_reshape %x : (tensor<2x3xf32>) -> tensor<3x2xf32>

Each op is looked at once, in order, after the ops that it reads; what nothing reads is removed in a sweep
back.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore, get_weight_store
from xnnir.passes._blocks import all_blocks, erase_dead_ops
from xnnir.passes._simplify import SIMPLIFY, Simplifier


@dataclass(frozen=True)
class XnnCanonicalizePass(ModulePass):
    """
    Remove what does nothing, fold constants that are only moved, and keep one constant per weight and
    type.
    """

    name = "xnn-canonicalize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        store = get_weight_store(ctx)
        for block in list(all_blocks(op)):
            canonicalize_block(block, store)


def canonicalize_block(block: Block, store: WeightStore) -> None:
    """Canonicalise the ops of `block`, whose arguments and terminator keep their types."""
    simplifier = Simplifier(store)
    constants: dict[tuple[Attribute, Attribute], SSAValue] = {}
    op = block.first_op
    while op is not None:
        following = op.next_op
        simplify = SIMPLIFY.get(type(op))
        value = simplify(simplifier, op) if simplify is not None else None
        if value is not None:
            op.results[0].replace_all_uses_with(value)
            _erase(op)
            op = value.owner if isinstance(value.owner, xnn.ConstantOp) else None
        if isinstance(op, xnn.ConstantOp):
            first = constants.setdefault((op.value, op.result.type), op.result)
            if first is not op.result:
                op.result.replace_all_uses_with(first)
                _erase(op)
        op = following
    erase_dead_ops(block)


def _erase(op: Operation) -> None:
    op.detach()
    op.erase()
