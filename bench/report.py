"""Results of a benchmark run, as tables and as JSON."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table

from bench.models import CODED

OURS = ("xnnir", "xnnir-only")
"""Of the peers, ours: with files for every runtime of ExecuTorch, and with files for our own."""

Ratios: TypeAlias = dict[str, dict[str, float]]
"""By one of ours, then by peer: ours over the peer's."""


@dataclass
class Figures:
    """What was measured of one model. Times are medians in seconds; ratios are medians of ratios within rounds."""

    model: str
    latency: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """By number of threads, then by peer."""
    latency_ratio: dict[str, Ratios] = field(default_factory=dict[str, Ratios])
    load: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """Load and first inference, by number of threads, then by peer."""
    load_ratio: dict[str, Ratios] = field(default_factory=dict[str, Ratios])
    lowering: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """By compiler: seconds, peak_bytes, file_bytes."""


@dataclass(frozen=True)
class Goal:
    """A bar that the project set itself."""

    model: str
    what: str
    limit: float
    got: float

    @property
    def is_met(self) -> bool:
        return self.got <= self.limit


_LATER = ("deit", "bert", "efficientnet", "mobilenet_v3")
"""Networks with attention, or with other activations than clamps."""
_LATENCY_LIMITS: Mapping[str, Mapping[tuple[str, str], float]] = {
    "mobilenet_v2": {("xnnir", "executorch"): 0.93, ("xnnir", "xnnpack"): 1.05},
    "resnet50": {("xnnir", "executorch"): 0.65},
    **{
        model: {
            ("xnnir", "executorch"): 1.0,
            ("xnnir-only", "executorch"): 1.0,
            ("xnnir-only", "onnxruntime"): 1.0,
        }
        for model in _LATER
    },
    **{model: {("xnnir", "executorch"): 1.0, ("xnnir-only", "executorch"): 1.0} for model in CODED},
}
_LOWERING_LIMITS: Mapping[str, float] = {
    model: 10.0 if "llama" in model else 3.0 for model in (*_LATER, *CODED)
}
"""Seconds; of others 1.5."""


def goals(results: list[Figures]) -> list[Goal]:
    """The bars, with what was measured."""
    found: list[Goal] = []
    for figures in results:
        limits = _LATENCY_LIMITS.get(figures.model, {})
        found += _ratio_goals(figures.model, "latency", figures.latency_ratio, limits)
        found += _ratio_goals(
            figures.model, "load and first inference", figures.load_ratio, {("xnnir", "executorch"): 1.0}
        )
        limit = _LOWERING_LIMITS.get(figures.model, 1.5)
        found += [
            Goal(figures.model, f"lowering of {ours}, seconds", limit, figures.lowering[ours]["seconds"])
            for ours in OURS
            if ours in figures.lowering
        ]
        ours, stock = figures.lowering.get("xnnir"), figures.lowering.get("executorch")
        if ours is not None and stock is not None:
            ratio = ours["file_bytes"] / stock["file_bytes"]
            limit = 1.0 if figures.model in CODED else 1.01
            found.append(Goal(figures.model, "file over ExecuTorch's", limit, ratio))
    return found


def _ratio_goals(
    model: str, what: str, ratios: Mapping[str, Ratios], limits: Mapping[tuple[str, str], float]
) -> list[Goal]:
    return [
        Goal(
            model,
            f"{what} of {ours} over {peer}'s at {threads} thread{'s' if threads != '1' else ''}",
            limit,
            by_ours[ours][peer],
        )
        for threads, by_ours in ratios.items()
        for (ours, peer), limit in limits.items()
        if peer in by_ours.get(ours, {})
    ]


def show(results: list[Figures], console: Console) -> None:
    """Print the tables."""
    for figures in results:
        table = Table(title=f"{figures.model}: latency and load", title_justify="left")
        table.add_column("peer")
        for threads in figures.latency:
            for column in (
                "ms",
                *(f"{ours} / it" for ours in OURS),
                "load + first, ms",
                *(f"{ours} / it" for ours in OURS),
            ):
                table.add_column(
                    f"{column}\n{threads} thread{'s' if threads != '1' else ''}", justify="right"
                )
        peers = list(dict.fromkeys(peer for by_peer in figures.latency.values() for peer in by_peer))
        for peer in peers:
            row = [peer]
            for threads in figures.latency:
                row += [
                    _number(figures.latency[threads].get(peer), 1e3),
                    *_ratio_cells(figures.latency_ratio[threads], peer),
                    _number(figures.load.get(threads, {}).get(peer), 1e3),
                    *_ratio_cells(figures.load_ratio.get(threads, {}), peer),
                ]
            table.add_row(*row)
        console.print(table)
    if spoken := [figures for figures in results if figures.model in CODED and CODED[figures.model].tokens]:
        console.print(_tokens(spoken))
    if any(figures.lowering for figures in results):
        table = Table(title="Lowering after torch.export", title_justify="left")
        for column in ("model", "by", "seconds", "peak memory, MB", "file, MB"):
            table.add_column(column, justify="left" if column in ("model", "by") else "right")
        for figures in results:
            for compiler, entry in figures.lowering.items():
                table.add_row(
                    figures.model,
                    compiler,
                    _number(entry["seconds"]),
                    _number(entry["peak_bytes"], 1e-6),
                    _number(entry["file_bytes"], 1e-6),
                )
        console.print(table)
    table = Table(title="Goals", title_justify="left")
    for column in ("model", "what", "at most", "got", ""):
        table.add_column(column)
    for goal in goals(results):
        table.add_row(
            goal.model, goal.what, f"{goal.limit:g}", f"{goal.got:.3f}", "met" if goal.is_met else "missed"
        )
    console.print(table)


def _tokens(results: list[Figures]) -> Table:
    table = Table(title="Tokens per second", title_justify="left")
    for column in ("model", "threads", *(peers := list(next(iter(results[0].latency.values()), {})))):
        table.add_column(column)
    for figures in results:
        count = CODED[figures.model].tokens
        assert count is not None
        for threads, seconds in figures.latency.items():
            cells = [f"{count / seconds[peer]:.0f}" if peer in seconds else "" for peer in peers]
            table.add_row(figures.model, threads, *cells)
    return table


def save(results: list[Figures], path: Path, settings: dict[str, Any]) -> None:
    """Write all figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": {"processor": _processor(), "python": platform.python_version()},
        "settings": settings,
        "results": [asdict(figures) for figures in results],
        "goals": [asdict(goal) | {"met": goal.is_met} for goal in goals(results)],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def _ratio_cells(ratios: Ratios, peer: str) -> list[str]:
    return [_number(ratios.get(ours, {}).get(peer)) for ours in OURS]


def _number(value: float | None, scale: float = 1.0) -> str:
    return "" if value is None else f"{value * scale:.2f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
