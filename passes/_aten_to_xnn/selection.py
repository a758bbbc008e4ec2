"""What a partitioner lets pass: by its config classes, its precisions, and what it opts in to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from xdsl.ir import Operation

from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.support import Precision, precision_of
from xnnir.errors import XnnirError
from xnnir.partition.config import ALL_PARTITIONER_CONFIGS, CONFIGS_BY_NAME, XNNPartitionerConfig


@dataclass(frozen=True)
class Selection:
    """Which ops may be converted, and to which nodes. By default all that XNNPACK has."""

    configs: tuple[type[XNNPartitionerConfig], ...] | None = None
    """An op may be converted when one of them selects it; None is every op."""
    precisions: tuple[Precision, ...] | None = None
    """What nodes may compute in; None is everything."""
    bf16: bool = False
    """Whether linear layers of bfloat16 with quantised weights become nodes of float32 between casts."""
    runtime_linear_weights: bool = False
    """Whether weights of float32 linear layers are inputs of the delegate and not constants in it."""

    @staticmethod
    def parse(
        configs: Sequence[str] | None,
        precisions: Sequence[str] | None,
        bf16: bool = False,
        runtime_linear_weights: bool = False,
    ) -> Selection:
        """A selection by names. Raises `XnnirError` for a name that is none."""
        if unknown := [name for name in configs or () if name not in CONFIGS_BY_NAME]:
            raise XnnirError(
                f"expected names of config classes, got {', '.join(unknown)}",
                hint=f"known are {', '.join(CONFIGS_BY_NAME)}",
            )
        known: tuple[Precision, ...] = get_args(Precision)
        if wrong := [name for name in precisions or () if name not in known]:
            raise XnnirError(
                f"expected precisions, got {', '.join(wrong)}", hint=f"known are {', '.join(known)}"
            )
        return Selection(
            None if configs is None else tuple(CONFIGS_BY_NAME[name] for name in configs),
            None if precisions is None else tuple(name for name in known if name in precisions),
            bf16,
            runtime_linear_weights,
        )

    def why_not_op(self, op: AtenOp) -> str | None:
        """Why `op` may not be converted; None when it may."""
        if self.configs is None or any(config.selects(op) for config in self.configs):
            return None
        others = [config.__name__ for config in ALL_PARTITIONER_CONFIGS if config.selects(op)]
        way_on = f"; {' or '.join(others)} would select it" if others else ""
        return f"none of the partitioner's configs selects {op.name}{way_on}"

    def why_not_node(self, node: Operation, intended: Precision | None = None) -> str | None:
        """Why no op may become `node`, which is to compute in `intended`; None when one may."""
        precision = intended or precision_of(node)
        if self.precisions is not None and precision not in self.precisions:
            return f"it computes in {precision}, and the partitioner takes {', '.join(self.precisions)} only"
        return None
