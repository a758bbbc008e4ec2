"""
How passes apply rewrite patterns.

xDSL's own walker gives new ops an unknown location, and answers an exception in a pattern with a dump of the
whole module. Passes call `apply_patterns` instead, which keeps the place in the user's model on every op and
says which op a pattern failed on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import UNKNOWN_LOC, ArrayAttr, FusedLoc, LocationAttr, NoneAttr, UnknownLoc
from xdsl.ir import Operation
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriterListener,
    PatternRewriteWalker,
    RewritePattern,
)
from xdsl.utils.exceptions import DiagnosticException

from xnnir.errors import InternalError, XnnirError

REWRITES_PER_OP = 32
"""A set of patterns that rewrites more often than this, per op it was given, is taken not to converge."""


def apply_patterns(
    root: Operation,
    patterns: Sequence[RewritePattern],
    *,
    recursive: bool = True,
    erase_dead: bool = True,
    reverse: bool = False,
    ctx: Context | None = None,
) -> bool:
    """
    Apply `patterns` to the ops inside `root` and tell whether anything changed.

    Patterns are tried in order, and the first that rewrites an op ends the turn of that op. An op that a
    pattern inserts takes the location of the op that was matched, unless the pattern gave it one
    (`fused_location` when it stands for several); results that replace others take their name hints.

    recursive:
        Go on with the ops that rewrites made or touched until nothing matches. A lowering, whose results no
        pattern matches, is faster without.
    erase_dead:
        Erase ops without uses and effects on the way.
    reverse:
        Visit users before what they use.
    ctx:
        When given, ops that have a folder are folded as well; constants are made by the dialects of this
        context.

    Raises `XnnirError` from a pattern as it is, with the location of the matched op where it had none;
    `InternalError`, with the original as its cause, for an unforeseen exception in a pattern and when the
    patterns do not converge.
    """
    applier = GreedyRewritePatternApplier(
        list(patterns), ctx, folding_enabled=ctx is not None, dce_enabled=erase_dead
    )
    walker = _Walker(applier, apply_recursively=recursive, walk_reverse=reverse)
    walker.rewrites_left = REWRITES_PER_OP * sum(1 for _ in root.walk())
    changes = [walker.rewrite_region(region) for region in root.regions]
    return any(changes)


def fused_location(ops: Iterable[Operation]) -> LocationAttr:
    """The location of an op that stands for `ops`: their known locations, each once."""
    found: dict[LocationAttr, None] = {}
    for op in ops:
        if isinstance(op.location, FusedLoc):
            found |= dict.fromkeys(cast(ArrayAttr[LocationAttr], op.location.locations))
        elif not isinstance(op.location, UnknownLoc):
            found[op.location] = None
    if len(found) > 1:
        return FusedLoc(ArrayAttr(found), NoneAttr())
    return next(iter(found), UNKNOWN_LOC)


@dataclass(eq=False, repr=False)
class _Walker(PatternRewriteWalker):
    """
    xDSL's walker with locations, with errors that name the op, and with an end to patterns that never
    rest.
    """

    rewrites_left: int = 0

    def _process_worklist(self, listener: PatternRewriterListener) -> bool:
        changed = False
        while self._worklist:
            op = self._worklist.pop()
            name, location = op.name, op.location
            inserted: list[Operation] = []
            rewriter = PatternRewriter(op)
            rewriter.extend_from_listener(listener)
            rewriter.operation_insertion_handler.append(inserted.append)
            try:
                self.pattern.match_and_rewrite(op, rewriter)
            except XnnirError as error:
                error.location = error.location or location
                raise
            except DiagnosticException as error:
                raise XnnirError(f"{name}: {error}", location) from error
            except Exception as error:
                raise InternalError(
                    f"{name}: {type(error).__name__} in a pattern: {error}", location
                ) from error
            for new in inserted:
                _place(new, location)
            if rewriter.has_done_action:
                changed = True
                self.rewrites_left -= 1
            if self.rewrites_left < 0:
                raise InternalError(f"{name}: the patterns do not converge", location)
        return changed


def _place(op: Operation, location: LocationAttr) -> None:
    """Give `op` and the ops inside it a location where they have none."""
    for inner in op.walk():
        if isinstance(inner.location, UnknownLoc):
            inner.location = location
