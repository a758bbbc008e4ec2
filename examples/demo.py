"""
MobileNetV2 from PyTorch to a file, and the file run from Python and by `xnn-run`.

    python examples/demo.py [--output-dir build/demo] [--images 32]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent


@click.command()
@click.option(
    "--output-dir", type=click.Path(path_type=Path), default=ROOT / "build" / "demo", show_default=True
)
@click.option("--images", "image_count", type=click.IntRange(1), default=32, show_default=True)
@click.option(
    "--repeat", type=click.IntRange(1), default=40, show_default=True, help="Runs per latency figure."
)
def main(output_dir: Path, image_count: int, repeat: int) -> None:
    """Lower MobileNetV2 (fp32, 1x3x224x224), run it in every way there is, and print what came out."""
    console = Console()
    xnn_run = find_xnn_run()
    with console.status("building the model"):
        from xnnir.testing import zoo

        with zoo.quiet():
            import torch
        model, (example,) = (zoo_model := zoo.load("mobilenet_v2")).model, zoo_model.example_inputs
        pictures = zoo.images(image_count, seed=7)
    with console.status("exporting"):
        program = torch.export.export(model, (example,))

    import xnnir

    path = output_dir / "mv2_xnnpack.pte"
    path.parent.mkdir(parents=True, exist_ok=True)
    with console.status("lowering"):
        start = time.perf_counter()
        edge = xnnir.to_edge_transform_and_lower(program, partitioner=[xnnir.XnnpackPartitioner()])
        edge.to_executorch().save(path)
        lowering_seconds = time.perf_counter() - start

    from xnnir.runtime import Runtime

    with console.status("comparing with eager PyTorch"), torch.no_grad():
        method = Runtime.get().load_program(path).load_method("forward")
        expected = torch.cat([model(picture[None]) for picture in pictures])
        got = torch.cat([method.execute([picture[None]])[0] for picture in pictures])
        relative = float((got - expected).abs().max() / expected.abs().max())
        agreement = float((got.argmax(1) == expected.argmax(1)).float().mean())

    with console.status("running xnn-run"):
        command_error, profile = compare_command(xnn_run, path, example, model, output_dir)

    counts = sorted({1, os.cpu_count() or 1})
    latencies: dict[int, tuple[float, float, float]] = {}
    for threads in counts:
        with console.status(f"timing at {threads} thread{'s' if threads > 1 else ''}"):
            latencies[threads] = time_latency(path, model, example, threads, repeat)

    table = Table(title="MobileNetV2, fp32, 1x3x224x224", show_header=False, title_justify="left")
    table.add_row("largest error against eager, relative", f"{relative:.1e}")
    table.add_row("the same through xnn-run", f"{command_error:.1e}")
    table.add_row(f"top-1 agreement over {image_count} inputs", f"{agreement:.0%}")
    table.add_row("lowering", f"{lowering_seconds:.2f} s")
    table.add_row("file", f"{path.stat().st_size / 1e6:.2f} MB  {os.path.relpath(path)}")
    for threads, (load, ours, eager) in latencies.items():
        plural = "s" if threads > 1 else ""
        table.add_row(f"load, {threads} thread{plural}", f"{load * 1e3:.1f} ms")
        table.add_row(
            f"latency, {threads} thread{plural}",
            f"{ours * 1e3:.2f} ms   PyTorch eager {eager * 1e3:.2f} ms   ratio {ours / eager:.2f}",
        )
    console.print(table)
    if profile:
        slowest = Table(title="Slowest nodes", title_justify="left")
        for column in ("node", "where in the model"):
            slowest.add_column(column, overflow="fold")
        slowest.add_column("ms", justify="right")
        for event in profile[:5]:
            slowest.add_row(event["name"], event["location"].partition(" (")[0], f"{event['ns'] / 1e6:.3f}")
        console.print(slowest)
    if relative > 1e-4 or command_error > 1e-4 or agreement < 1:
        raise click.ClickException("the numbers differ from eager PyTorch's by more than 1e-4")


def find_xnn_run() -> Path:
    """The `xnn-run` program that set-up built."""
    found = shutil.which(
        "xnn-run", path=os.pathsep.join([str(ROOT / "build" / "runtime" / "tools"), os.environ["PATH"]])
    )
    candidates = [Path(found)] if found else sorted((ROOT / "build").rglob("xnn-run"))
    if not candidates:
        raise click.ClickException("xnn-run is not built: run `make setup` first")
    return candidates[0]


def compare_command(
    xnn_run: Path, path: Path, example: Any, model: Any, directory: Path
) -> tuple[float, list[dict[str, Any]]]:
    """Relative error of what `xnn-run` writes, and its profile, slowest nodes first."""
    import torch

    np.save(directory / "input.npy", example.numpy())
    command = [xnn_run, path, "--input", directory / "input.npy", "--output", directory / "output.npy"]
    result = subprocess.run([*command, "--profile", "--json"], capture_output=True, text=True, check=False)
    if result.returncode:
        raise click.ClickException(f"xnn-run failed: {result.stderr.strip()}")
    with torch.no_grad():
        expected = model(example).numpy()
    got = np.load(directory / "output.npy")
    events: list[dict[str, Any]] = json.loads(result.stdout).get("profile", [])
    nodes = [event for event in events if event.get("node", -1) >= 0]
    return float(np.abs(got - expected).max() / np.abs(expected).max()), sorted(nodes, key=lambda e: -e["ns"])


def time_latency(
    path: Path, model: Any, example: Any, threads: int, repeat: int
) -> tuple[float, float, float]:
    """Median seconds to load, to run in our runtime, and to run in eager PyTorch; the latter two in turns of five."""
    import torch

    from xnnir.runtime import Runtime

    def load() -> Any:
        return Runtime.get().load_program(path, num_threads=threads).load_method("forward")

    loads: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        load()
        loads.append(time.perf_counter() - start)
    method = load()
    torch.set_num_threads(threads)
    ours: list[float] = []
    eager: list[float] = []
    runs = ((ours, lambda: method.execute([example])), (eager, lambda: model(example)))
    with torch.no_grad():
        for _ in range(-(-repeat // 5)):
            for seconds, run in runs:
                # Idle threads of the other's pool spin for a while.
                time.sleep(0.1)
                run()
                for _ in range(5):
                    start = time.perf_counter()
                    run()
                    seconds.append(time.perf_counter() - start)
    return median(loads), median(ours), median(eager)


if __name__ == "__main__":
    sys.exit(main())
