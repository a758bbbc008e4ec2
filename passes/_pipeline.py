"""Pipelines that have a name: passes that are made of passes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass


@dataclass(frozen=True)
class NamedPipelinePass(ModulePass):
    """
    A pass that runs other passes in order.

    Subclasses say which in `passes`. Tools that look between passes look between those (`flatten`).
    """

    @abstractmethod
    def passes(self) -> Sequence[ModulePass]:
        """The passes, in order; pipelines among them are allowed."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in flatten(self.passes()):
            inner.apply(ctx, op)


def flatten(passes: Iterable[ModulePass]) -> Iterator[ModulePass]:
    """`passes` with each named pipeline replaced by the passes it is made of."""
    for item in passes:
        if isinstance(item, NamedPipelinePass):
            yield from flatten(item.passes())
        else:
            yield item
