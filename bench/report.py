"""Results of a benchmark run, as tables and as JSON."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass
class Figures:
    """What was measured of one model. Times are medians in seconds; ratios are medians of ratios within rounds."""

    model: str
    latency: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """By number of threads, then by peer."""
    latency_ratio: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """Ours over each peer's."""
    load: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """Load and first inference, by number of threads, then by peer."""
    load_ratio: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
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


def goals(results: list[Figures]) -> list[Goal]:
    """The bars, with what was measured."""
    found: list[Goal] = []
    for figures in results:
        for threads, ratios in figures.latency_ratio.items():
            at = f"at {threads} thread{'s' if threads != '1' else ''}"
            limit = {"mobilenet_v2": 0.93, "resnet50": 0.65}.get(figures.model)
            if limit is not None and "executorch" in ratios:
                found.append(
                    Goal(figures.model, f"latency over ExecuTorch's {at}", limit, ratios["executorch"])
                )
            if figures.model == "mobilenet_v2" and "xnnpack" in ratios:
                found.append(
                    Goal(figures.model, f"latency over XNNPACK's own network {at}", 1.05, ratios["xnnpack"])
                )
        for threads, ratios in figures.load_ratio.items():
            if "executorch" in ratios:
                at = f"at {threads} thread{'s' if threads != '1' else ''}"
                found.append(
                    Goal(
                        figures.model,
                        f"load and first inference over ExecuTorch's {at}",
                        1.0,
                        ratios["executorch"],
                    )
                )
        ours, stock = figures.lowering.get("xnnir"), figures.lowering.get("executorch")
        if ours is not None:
            found.append(Goal(figures.model, "lowering, seconds", 1.5, ours["seconds"]))
        if ours is not None and stock is not None:
            ratio = ours["file_bytes"] / stock["file_bytes"]
            found.append(Goal(figures.model, "file over ExecuTorch's", 1.01, ratio))
    return found


def show(results: list[Figures], console: Console) -> None:
    """Print the tables."""
    for figures in results:
        table = Table(title=f"{figures.model}: latency and load", title_justify="left")
        table.add_column("peer")
        for threads in figures.latency:
            for column in ("ms", "ours / it", "load + first, ms", "ours / it"):
                table.add_column(
                    f"{column}\n{threads} thread{'s' if threads != '1' else ''}", justify="right"
                )
        peers = list(dict.fromkeys(peer for by_peer in figures.latency.values() for peer in by_peer))
        for peer in peers:
            row = [peer]
            for threads in figures.latency:
                row += [
                    _number(figures.latency[threads].get(peer), 1e3),
                    _number(figures.latency_ratio[threads].get(peer)),
                    _number(figures.load.get(threads, {}).get(peer), 1e3),
                    _number(figures.load_ratio.get(threads, {}).get(peer)),
                ]
            table.add_row(*row)
        console.print(table)
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


def _number(value: float | None, scale: float = 1.0) -> str:
    return "" if value is None else f"{value * scale:.2f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
