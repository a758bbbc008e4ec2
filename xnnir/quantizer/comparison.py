"""What `compare` found, as a table and as a page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.resources import files
from math import isinf
from pathlib import Path
from typing import IO

from jinja2 import Environment
from rich.console import Console
from rich.table import Table

LOW = 20.0
"""Below so many dB, a tenth of the amplitude is noise."""


@dataclass(frozen=True)
class OpError:
    """One operator of the quantised model."""

    op: str
    """`aten.conv2d.default`"""
    node: str
    """Its name in the quantised graph."""
    place: str
    """`model.py:12 "features.3.conv"`, as far as it is known."""
    shape: tuple[int, ...]
    is_quantized: bool
    """Inputs or result are coded."""
    signal_to_noise: float
    """In dB, of what it gives in the quantised model; infinite without any noise."""
    own_signal_to_noise: float
    """In dB, of what it gives for the inputs that the float model has there: the noise that it adds by itself."""


@dataclass(frozen=True)
class Comparison:
    """All operators that both models have, in order of the quantised one."""

    ops: tuple[OpError, ...]
    signal_to_noise: float
    """In dB, of the model's results."""
    unmatched: int
    """How many operators of the quantised model have no partner in the float one."""

    def worst(self, count: int = 5) -> tuple[OpError, ...]:
        """The operators that add the most noise by themselves, the worst first."""
        return tuple(sorted(self.ops, key=lambda op: op.own_signal_to_noise)[:count])

    def print(self, file: IO[str] | None = None) -> None:
        """Print a line for each operator; those that add most of the noise are marked."""
        table = Table(title=f"signal to noise of the results: {_decibel(self.signal_to_noise)} dB")
        for header in ("operator", "place", "shape", "computes in"):
            table.add_column(header, overflow="fold")
        for header in ("dB", "own dB", ""):
            table.add_column(header, justify="right")
        worst = self.worst()
        for op in self.ops:
            table.add_row(
                op.op,
                op.place,
                "×".join(map(str, op.shape)),
                "int8" if op.is_quantized else "float",
                _decibel(op.signal_to_noise),
                _decibel(op.own_signal_to_noise),
                str(worst.index(op) + 1) if op in worst and not isinf(op.own_signal_to_noise) else "",
            )
        Console(file=file).print(table)

    def to_html(self) -> str:
        """The same as one page that needs nothing else."""
        environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        environment.filters["decibel"] = _decibel
        template = files(__package__ or "").joinpath("comparison.html.jinja").read_text()
        return environment.from_string(template).render(comparison=self, worst=self.worst(), low=LOW)

    def save_html(self, path: str | os.PathLike[str]) -> None:
        """Write `to_html` to `path`."""
        Path(path).write_text(self.to_html(), encoding="utf-8")


def _decibel(ratio: float) -> str:
    return "∞" if isinf(ratio) else f"{ratio:.1f}"
