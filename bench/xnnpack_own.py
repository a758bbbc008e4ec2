"""XNNPACK's own benchmark networks as a peer: the bar for a runtime that runs on XNNPACK."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NETWORKS = ("mobilenet_v1", "mobilenet_v2")
"""Of `xnnir.testing.zoo`, those that XNNPACK has as well."""


def worker_command(network: str, threads: int) -> list[str | Path]:
    """The command of a worker that runs `network` with `threads` threads; builds the program when it is not there."""
    return [build(), network, str(threads)]


def build() -> Path:
    """Compile xnnpack_worker.cc with XNNPACK's networks, once."""
    sys.path.insert(0, str(ROOT / "runtime" / "third_party"))
    import xnnpack
    from steps import Steps

    prefix = xnnpack.find_prefix()
    if prefix is None:
        raise SystemExit("XNNPACK is not built: run `make setup` first")
    folder = ROOT / "build" / "bench"
    program = folder / "xnnpack_worker"
    source = Path(__file__).with_name("xnnpack_worker.cc")
    if program.exists() and program.stat().st_mtime > max(source.stat().st_mtime, prefix.stat().st_mtime):
        return program
    folder.mkdir(parents=True, exist_ok=True)
    sources = xnnpack.collect_sources(folder / "sources", folder / "sources.log", Steps(1))
    compilers = xnnpack.Compilers.find()
    tree = sources["xnnpack"]
    networks = sorted((tree / "bench" / "models").glob("fp32-mobilenet-v*.cc"))
    subprocess.run(
        [
            compilers.cxx,
            *("-std=c++17", "-O2", "-w", "-o", program, source, *networks),
            *(f"-I{tree / part}" for part in ("bench", "include", "src")),
            *(f"-I{sources[name] / 'include'}" for name in ("pthreadpool", "fp16", "cpuinfo", "fxdiv")),
            f"-L{prefix / 'lib'}",
            *("-lXNNPACK", "-lmicrokernels-prod", "-lpthreadpool", "-lcpuinfo", "-lpthread", "-lm"),
        ],
        check=True,
    )
    return program
