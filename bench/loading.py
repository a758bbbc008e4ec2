"""
What it takes until a program has answered its first request, each time in a process of its own, beside ExecuTorch.

    python -m bench.loading [--models resnet50] [--threads 1,2] [--rounds 7]

Four ways take turns: ExecuTorch, ours, ours when it has to write a file of packed weights as well, and ours when that
file is there. Files are in the page cache, as imports are. Memory is the peak while loading above what the process held
before, which has mapped files in it as far as they were read. All figures go to build/bench/loading.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench.lowering import resident_bytes
from bench.session import ROOT

MODELS = ("resnet50", "mobilenet_v2")
WAYS = {
    "executorch": "ExecuTorch",
    "cold": "ours",
    "write": "ours, writing the file",
    "warm": "ours, with the file",
}
BARS = {"cold": 1.0, "warm": 1 / 3}
"""Load and first request over ExecuTorch's."""
PEAK_BAR = 1.1
"""Peak memory while loading over the packed weights."""


def measure(way: str, model: Path, threads: int, cache: Path) -> dict[str, float]:
    """One load, in this process."""
    import torch

    image = torch.rand(1, 3, 224, 224)
    options: dict[str, Any] = {}
    if way == "executorch":
        from executorch.extension.pybindings import portable_lib
        from executorch.runtime import Runtime

        portable_lib._unsafe_reset_threadpool(threads)  # pyright: ignore[reportPrivateUsage]
    else:
        from xnnir.runtime import Runtime

        # The compiled module is imported with the first question.
        _ = Runtime.get().operator_registry.operator_names
        options["num_threads"] = threads
        if way != "cold":
            options["packed_cache_path"] = cache
    load: Any = Runtime.get().load_program
    before = resident_bytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
    start = time.perf_counter()
    program = load(model, **options)
    method = program.load_method("forward")
    loaded = time.perf_counter()
    peak = resident_bytes("VmHWM") - before
    first = time.perf_counter()
    method.execute([image])
    end = time.perf_counter()
    method.execute([image])
    figures = {
        "load": loaded - start,
        "first": end - first,
        "total": loaded - start + end - first,
        "second": time.perf_counter() - end,
        "peak_bytes": float(peak),
    }
    if options.get("packed_cache_path"):
        info = program.packed_cache_info
        if (info.packed == 0) != (way == "warm"):
            raise RuntimeError(f"{way}: {info}")
        figures["packed_bytes"] = float(info.read_bytes + info.packed_bytes)
    return figures


def in_turns(folder: Path, threads: int, rounds: int) -> dict[str, dict[str, float]]:
    """Medians of each way, and the median of its ratios to ExecuTorch's within rounds."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    cache = folder / "packed_weights"
    for _ in range(rounds):
        cache.unlink(missing_ok=True)
        for way in WAYS:
            artefact = "executorch.pte" if way == "executorch" else "xnnir.pte"
            command = [sys.executable, "-m", "bench.loading", "--one", way]
            command += [str(folder / artefact), "--threads", str(threads), "--cache", str(cache)]
            result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if result.returncode:
                raise click.ClickException(f"{way} failed on {folder / artefact}:\n{result.stderr[-2000:]}")
            runs[way].append(json.loads(result.stdout.splitlines()[-1]))
            # What was written goes to the disk, and not while the next one is measured.
            os.sync()
    packed = runs["warm"][0]["packed_bytes"]
    medians: dict[str, dict[str, float]] = {}
    for way, figures in runs.items():
        medians[way] = {name: median(run[name] for run in figures) for name in figures[0]}
        medians[way]["ratio"] = median(
            run["total"] / other["total"] for run, other in zip(figures, runs["executorch"], strict=True)
        )
        medians[way]["peak_over_packed"] = medians[way]["peak_bytes"] / packed
    return medians


def lower_missing(model: str, folder: Path) -> None:
    """The artefacts that the main benchmark makes, where it has not."""
    folder.mkdir(parents=True, exist_ok=True)
    for compiler in ("xnnir", "executorch"):
        artefact = folder / f"{compiler}.pte"
        if artefact.exists():
            continue
        command = [sys.executable, "-m", "bench.lowering", compiler, model, str(artefact)]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)


def show(results: dict[str, dict[str, dict[str, dict[str, float]]]], console: Console) -> None:
    """Print a table for each model and number of threads."""
    for model, by_threads in results.items():
        for threads, ways in by_threads.items():
            table = Table(title=f"{model}: until the first answer, {threads} thread(s)", title_justify="left")
            table.add_column("")
            for column in (
                "load, ms",
                "first, ms",
                "both, ms",
                "over ExecuTorch",
                "peak, MB",
                "over weights",
            ):
                table.add_column(column, justify="right")
            for way, figures in ways.items():
                ratio, bar = figures["ratio"], BARS.get(way)
                shown = f"{ratio:.2f}" + ("" if bar is None else f" ({'met' if ratio <= bar else 'missed'})")
                peak = figures["peak_over_packed"]
                memory = f"{peak:.2f}"
                if way in BARS:
                    memory += f" ({'met' if peak <= PEAK_BAR else 'missed'})"
                milliseconds = [f"{figures[name] * 1e3:.1f}" for name in ("load", "first", "total")]
                table.add_row(WAYS[way], *milliseconds, shown, f"{figures['peak_bytes'] / 1e6:.0f}", memory)
            console.print(table)


@click.command()
@click.option("--models", default=",".join(MODELS), show_default=True, help="Which models.")
@click.option("--threads", default="1,2", show_default=True, help="Numbers of threads.")
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True, help="Loads of each way.")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "build" / "bench" / "loading.json")
@click.option("--one", nargs=2, hidden=True, help="Way and file: measure once, in this process.")
@click.option("--cache", type=click.Path(path_type=Path), hidden=True)
def main(
    models: str, threads: str, rounds: int, output: Path, one: tuple[str, str] | None, cache: Path | None
) -> None:
    """Measure load, first request and peak memory, in turns with ExecuTorch."""
    if one is not None:
        assert cache is not None
        print(json.dumps(measure(one[0], Path(one[1]), int(threads), cache)))
        return
    console = Console()
    results: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for model in models.split(","):
        folder = output.parent / model
        with console.status(f"{model}: loading"):
            lower_missing(model, folder)
            results[model] = {count: in_turns(folder, int(count), rounds) for count in threads.split(",")}
        output.write_text(json.dumps(results, indent=2) + "\n")
    show(results, console)
    console.print(f"figures: {output}")


if __name__ == "__main__":
    main()
