"""`python -m bench`: measure, print, and keep the figures in build/bench/results.json."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console

from bench import report, xnnpack_own
from bench.report import Figures
from bench.session import ROOT, Turns, Worker, take_turns

MODELS = ("mobilenet_v2", "resnet50", "mobilenet_v1", "resnet18", "regnet")
PEERS = ("xnnir", "executorch", "executorch, our file", "onnxruntime", "eager")
COMPILERS = {"xnnir": "xnnir.pte", "executorch": "executorch.pte", "onnx": "model.onnx"}


@click.command()
@click.option("--models", default=",".join(MODELS), show_default=True, help="Which models.")
@click.option("--threads", default="1,2", show_default=True, help="Numbers of threads.")
@click.option("--peers", default=",".join(peer for peer in PEERS if "," not in peer), show_default=True)
@click.option("--rounds", type=click.IntRange(3), default=15, show_default=True, help="Turns of each worker.")
@click.option("--repeat", type=click.IntRange(1), default=5, show_default=True, help="Inferences in a turn.")
@click.option(
    "--lowering-repeat", type=click.IntRange(1), default=3, show_default=True, help="Of our own compiler."
)
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "build" / "bench" / "results.json")
def main(
    models: str, threads: str, peers: str, rounds: int, repeat: int, lowering_repeat: int, output: Path
) -> None:
    """Measure latency, lowering, memory, load time and file size beside the peers, in turns."""
    console = Console()
    chosen_models, chosen_peers = models.split(","), peers.split(",")
    thread_counts = [int(count) for count in threads.split(",")]
    for name, known in ((chosen_models, MODELS), (chosen_peers, PEERS)):
        if unknown := set(name) - set(known):
            raise click.BadParameter(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    results: list[Figures] = []
    for model in chosen_models:
        figures = Figures(model)
        folder = output.parent / model
        folder.mkdir(parents=True, exist_ok=True)
        for compiler, artefact in COMPILERS.items():
            if compiler == "onnx" and "onnxruntime" not in chosen_peers:
                continue
            with console.status(f"{model}: lowering with {compiler}"):
                count = lowering_repeat if compiler == "xnnir" else 1
                figures.lowering[compiler] = lower(compiler, model, folder / artefact, count)
        for count in thread_counts:
            with console.status(f"{model}: {count} thread{'s' if count > 1 else ''}"):
                measure(figures, folder, chosen_peers, count, rounds, repeat)
        results.append(figures)
        report.save(results, output, {"rounds": rounds, "repeat": repeat})
    report.show(results, console)
    console.print(f"figures: {output}")


def lower(compiler: str, model: str, path: Path, repeat: int) -> dict[str, float]:
    """The fastest of `repeat` lowerings, each in a process of its own."""
    runs: list[dict[str, float]] = []
    for _ in range(repeat):
        command = [sys.executable, "-m", "bench.lowering", compiler, model, path]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if result.returncode:
            raise click.ClickException(f"lowering {model} with {compiler} failed:\n{result.stderr[-2000:]}")
        runs.append(json.loads(result.stdout.splitlines()[-1]))
    return min(runs, key=lambda run: run["seconds"])


def measure(figures: Figures, folder: Path, peers: list[str], threads: int, rounds: int, repeat: int) -> None:
    """Latency and load time at one number of threads."""
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worker.python(peer, figures.model, threads, folder)) for peer in peers]
        check_outputs(workers)
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


def check_outputs(workers: list[Worker]) -> None:
    """A figure of a peer that computes something else would mean nothing."""
    outputs = {worker.name: worker.ask("output") for worker in workers}
    reference = outputs[workers[0].name]
    scale = max(map(abs, reference))
    for name, output in outputs.items():
        difference = max(abs(a - b) for a, b in zip(output, reference, strict=True)) / scale
        if difference > 1e-3:
            raise click.ClickException(
                f"{name} returns other numbers than {workers[0].name}: {difference:.1e} relative"
            )


def summary(turns: Turns) -> tuple[dict[str, float], dict[str, float]]:
    """Medians, and ratios of ours to each."""
    names = list(turns.seconds)
    return (
        {name: turns.median(name) for name in names},
        {name: turns.ratio("xnnir", name) for name in names if name != "xnnir"},
    )


if __name__ == "__main__":
    main()
