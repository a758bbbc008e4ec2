"""What of a model goes to XNNPACK: ExecuTorch's partitioner by name and arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from xnnir.dialects.xnn.support import Target


@dataclass(frozen=True, kw_only=True)
class XnnpackPartitioner:
    """
    Gives to XNNPACK what it supports, by the table in `dialects/xnn/support.py`. An unknown argument is a
    `TypeError`, an unknown value a `ValueError`.
    """

    per_op_mode: bool = False
    """One delegate per operator instead of the largest groups that can run in one piece."""
    verbose: bool = False
    """Print which ops were not delegated, where they stand in the model, and why."""
    target: Target = "executorch"
    """Who runs the file: any ExecuTorch runtime ("executorch"), or ours alone with all of XNNPACK's nodes
    ("xnnir")."""

    def __post_init__(self) -> None:
        if self.target not in get_args(Target):
            raise ValueError(
                f"expected target to be one of {', '.join(get_args(Target))}, got {self.target!r}"
            )
