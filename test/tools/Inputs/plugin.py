"""Passes for the tests of xnn-opt: each goes wrong in its own way."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from xnnir.errors import OpError
from xnnir.passes._rewriting import apply_patterns


@dataclass(frozen=True)
class TestRefusePass(ModulePass):
    """Refuse each arith.subi."""

    name = "test-refuse"

    word: str = "subtraction"
    """What the message calls it."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in op.walk():
            if isinstance(inner, arith.SubiOp):
                raise OpError(inner, f"expected no {self.word}", hint="use arith.addi")


class _AddIsBroken(RewritePattern):
    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
        raise KeyError("nothing")


@dataclass(frozen=True)
class TestRaisePass(ModulePass):
    """Raise a KeyError in a pattern at each arith.addi."""

    name = "test-raise"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        apply_patterns(op, [_AddIsBroken()])


@dataclass(frozen=True)
class TestReorderPass(ModulePass):
    """Move each arith.addi to the start of its block, before what it uses."""

    name = "test-reorder"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            block = inner.parent_block()
            if isinstance(inner, arith.AddiOp) and block is not None and block.first_op is not inner:
                inner.detach()
                assert block.first_op is not None
                block.insert_op_before(inner, block.first_op)


class _SubOfSelf(RewritePattern):
    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.SubiOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, arith.MuliOp(op.lhs, op.rhs))


@dataclass(frozen=True)
class TestRewritePass(ModulePass):
    """Make each arith.subi an arith.muli."""

    name = "test-rewrite"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        apply_patterns(op, [_SubOfSelf()])
