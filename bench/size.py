"""`python -m bench.size`: bytes of the runtime as a library, whole and for one model, beside the peers' libraries."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.session import ROOT

MODELS = ("mobilenet_v2", "resnet50")
FOLDER = ROOT / "build" / "bench"

PEERS = {
    # What a program needs to run models with the XNNPACK backend; the wheel has no smaller set of kernels.
    ("executorch", "ExecuTorch, XNNPACK backend and kernels"): (
        "libexecutorch.so",
        "libexecutorch_backend_xnnpack.so",
        "libexecutorch_kernels_optimized.so",
        "libexecutorch_threadpool.so",
    ),
    ("onnxruntime", "ONNX Runtime"): ("libonnxruntime.so.*",),
}


@dataclass(frozen=True)
class Size:
    """A library, or the libraries that are needed together."""

    name: str
    bytes: int
    """Without symbols."""


def stripped_size(libraries: Sequence[Path]) -> int:
    """Bytes of all of them, without symbols."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    copy = FOLDER / "stripped"
    total = 0
    for library in libraries:
        subprocess.run(["strip", "-o", copy, library], check=True)
        total += copy.stat().st_size
        copy.unlink()
    return total


def selective_size(programs: Sequence[Path], build: Path) -> int:
    """Bytes of `libxnnir.so` when it is built for these programs alone."""
    configure = ["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DXNNIR_BUILD_TESTS=OFF"]
    configure += ["-DXNNIR_BUILD_PYTHON=OFF", "-DXNNIR_BUILD_TOOLS=OFF"]
    configure += [f"-DXNNIR_SELECT_FROM={';'.join(map(str, programs))}"]
    for command in (configure, ["cmake", "--build", build, "--target", "xnnir_shared"]):
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise click.ClickException(
                f"the build in {build} failed:\n{(result.stdout + result.stderr)[-2000:]}"
            )
    return stripped_size([build / "runtime" / "libxnnir.so"])


def program_of(model: str) -> Path:
    """The model as our compiler writes it; what an earlier run of the benchmark left is used."""
    path = FOLDER / model / "xnnir.pte"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "bench.lowering", "xnnir", model, path]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return path


def peers() -> list[Size]:
    """Libraries in the peers' wheels, as far as they are installed."""
    found: list[Size] = []
    for (package, title), names in PEERS.items():
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        folder = Path(spec.submodule_search_locations[0])
        libraries = [path for name in names for path in folder.rglob(name)]
        if len(libraries) == len(names):
            found.append(Size(title, stripped_size(libraries)))
    return found


@click.command()
@click.option("--models", default=",".join(MODELS), show_default=True, help="Builds for each, and for all.")
@click.option("--output", type=click.Path(path_type=Path), default=FOLDER / "size.json", show_default=True)
def main(models: str, output: Path) -> None:
    """Measure the size of libraries; each selective build takes a minute the first time."""
    if shutil.which("strip") is None:
        raise click.ClickException("strip is needed to measure binaries")
    console = Console()
    full = ROOT / "build" / "runtime" / "libxnnir.so"
    if not full.exists():
        raise click.ClickException(f"{full} is not built: run `make build`")
    sizes = [Size("xnnir, libxnnir.so", stripped_size([full]))]
    chosen = models.split(",")
    for group in [[model] for model in chosen] + ([chosen] if len(chosen) > 1 else []):
        title = ", ".join(group)
        with console.status(f"building for {title}"):
            programs = [program_of(model) for model in group]
            sizes.append(
                Size(
                    f"xnnir, for {title} alone", selective_size(programs, FOLDER / f"size-{'-'.join(group)}")
                )
            )
    sizes += peers()
    table = Table(title="Libraries without symbols", title_justify="left")
    table.add_column("library")
    table.add_column("MB", justify="right")
    table.add_column("over xnnir's", justify="right")
    for size in sizes:
        table.add_row(size.name, f"{size.bytes / 1e6:.2f}", f"{size.bytes / sizes[0].bytes:.2f}")
    console.print(table)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps([asdict(size) for size in sizes], indent=2) + "\n")


if __name__ == "__main__":
    main()
