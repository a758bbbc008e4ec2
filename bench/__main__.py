"""`python -m bench`: measure, print, and keep the figures in build/bench/results.json."""

from __future__ import annotations

import contextlib
import json
import math
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console

from bench import report, xnnpack_own
from bench.models import CODED, MODELS
from bench.report import OURS, Figures
from bench.session import ROOT, Turns, Worker, take_turns

PEERS = ("xnnir", "xnnir-only", "executorch", "onnxruntime", "eager")
EXTRA_PEERS = ("executorch-our-file", "openvino")
COMPILERS = {
    "xnnir": "xnnir.pte",
    "xnnir-only": "xnnir-only.pte",
    "executorch": "executorch.pte",
    "onnx": "model.onnx",
}


@click.command()
@click.option("--models", default=",".join(MODELS), show_default=True, help="Which models.")
@click.option("--threads", default="1,2", show_default=True, help="Numbers of threads.")
@click.option("--peers", default=",".join(PEERS), show_default=True, help=f"Also: {', '.join(EXTRA_PEERS)}.")
@click.option("--rounds", type=click.IntRange(3), default=15, show_default=True, help="Turns of each worker.")
@click.option("--repeat", type=click.IntRange(1), default=5, show_default=True, help="Inferences in a turn.")
@click.option(
    "--lowering-repeat",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Of our own compiler; 0 takes the files as they are.",
)
@click.option("--lower-all", is_flag=True, help="Lower with the other compilers again, whose files are kept.")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "build" / "bench" / "results.json")
def main(
    models: str,
    threads: str,
    peers: str,
    rounds: int,
    repeat: int,
    lowering_repeat: int,
    lower_all: bool,
    output: Path,
) -> None:
    """Measure latency, lowering, memory, load time and file size beside the peers, in turns."""
    console = Console()
    chosen_models, chosen_peers = models.split(","), peers.split(",")
    thread_counts = [int(count) for count in threads.split(",")]
    for names, known in ((chosen_models, tuple(MODELS)), (chosen_peers, PEERS + EXTRA_PEERS)):
        if unknown := set(names) - set(known):
            raise click.BadParameter(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    results: list[Figures] = []
    for model in chosen_models:
        figures = Figures(model)
        folder = output.parent / model
        folder.mkdir(parents=True, exist_ok=True)
        for compiler, artefact in COMPILERS.items():
            with console.status(f"{model}: lowering with {compiler}"):
                count = lowering_repeat if compiler in OURS else int(lower_all)
                figures.lowering[compiler] = lower(compiler, model, folder / artefact, count)
        for count in thread_counts:
            with console.status(f"{model}: {count} thread{'s' if count > 1 else ''}"):
                # What PyTorch does with a coded model is to compute it in floats, step by step.
                timed = [peer for peer in chosen_peers if peer != "eager" or model not in CODED]
                measure(figures, folder, timed, count, rounds, repeat)
        results.append(figures)
        report.save(results, output, {"rounds": rounds, "repeat": repeat})
    report.show(results, console)
    console.print(f"figures: {output}")


def lower(compiler: str, model: str, path: Path, repeat: int) -> dict[str, float]:
    """
    The fastest of `repeat` lowerings, each in a process of its own.

    0 takes the figures of an earlier one with the same versions, if there are any.
    """
    record = path.with_suffix(".json")
    versions = {name: version(name) for name in ("torch", "transformers", "executorch", "onnx")}
    if repeat == 0 and path.exists() and record.exists():
        kept = json.loads(record.read_text())
        if kept["versions"] == versions:
            return kept["figures"]
    runs: list[dict[str, float]] = []
    for _ in range(max(repeat, 1)):
        command = [sys.executable, "-m", "bench.lowering", compiler, model, path]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if result.returncode:
            raise click.ClickException(f"lowering {model} with {compiler} failed:\n{result.stderr[-2000:]}")
        runs.append(json.loads(result.stdout.splitlines()[-1]))
    figures = min(runs, key=lambda run: run["seconds"])
    record.write_text(json.dumps({"versions": versions, "figures": figures}))
    return figures


def measure(figures: Figures, folder: Path, peers: list[str], threads: int, rounds: int, repeat: int) -> None:
    """Latency and load time at one number of threads."""
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worker.python(peer, figures.model, threads, folder)) for peer in peers]
        check_outputs(workers, figures.model)
        loading = [worker for worker in workers if worker.name != "eager"]
        loads = take_turns(loading, "load", max(3, rounds // 3), 1)
        if figures.model in xnnpack_own.NETWORKS:
            command = xnnpack_own.worker_command(figures.model, threads)
            workers.append(stack.enter_context(Worker("xnnpack", command, threads, folder / "xnnpack.log")))
        take_turns(workers, "run", 1, repeat)
        latencies = take_turns(workers, "run", rounds, repeat)
    key = str(threads)
    figures.latency[key], figures.latency_ratio[key] = summary(latencies)
    figures.load[key], figures.load_ratio[key] = summary(loads)


LEAST_COSINE = 0.8
"""Between results of two codings: each adds noise of a third where random weights are coded in 4 bits."""


def check_outputs(workers: list[Worker], model: str) -> None:
    """A figure of a peer that computes something else would mean nothing."""
    outputs = {worker.name: worker.ask("output") for worker in workers}
    reference = outputs[workers[0].name]
    scale = max(map(abs, reference))
    for name, output in outputs.items():
        if model in CODED:
            if (cosine := _cosine(output, reference)) < LEAST_COSINE:
                raise click.ClickException(
                    f"{name} returns other numbers than {workers[0].name}: a cosine of {cosine:.2f}"
                )
            continue
        difference = max(abs(a - b) for a, b in zip(output, reference, strict=True)) / scale
        if difference > 1e-3:
            raise click.ClickException(
                f"{name} returns other numbers than {workers[0].name}: {difference:.1e} relative"
            )


def _cosine(a: list[float], b: list[float]) -> float:
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def summary(turns: Turns) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Medians, and ratios of ours to each."""
    names = list(turns.seconds)
    return (
        {name: turns.median(name) for name in names},
        {
            ours: {name: turns.ratio(ours, name) for name in names if name != ours}
            for ours in OURS
            if ours in names
        },
    )


if __name__ == "__main__":
    main()
