"""Builds for certain programs: what these use is found, and all else is left out."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import xnnir
from xnnir.emit.used_parts import UsedParts, used_parts
from xnnir.runtime import Runtime
from xnnir.testing.stock_programs import StockProgram

ROOT = Path(__file__).parents[2]


def run(*command: str | Path) -> str:
    """Output of a command that must succeed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_finds_what_programs_use(conv_linear: StockProgram, data_movement: StockProgram) -> None:
    """Operators are those that the runtime counts; nodes are in the file's own words."""
    delegated, kernels = (used_parts(program.path.read_bytes()) for program in (conv_linear, data_movement))
    assert {"Conv2d", "FullyConnected"} <= set(delegated.nodes)
    assert delegated.backends == ("XnnpackBackend",)
    assert not kernels.nodes and not kernels.backends
    metadata = Runtime.get().load_program(data_movement.path).metadata("forward")
    assert kernels.operators == tuple(sorted(set(metadata.operators())))
    both = UsedParts.union([delegated, kernels])
    assert (both.operators, both.nodes) == (kernels.operators, delegated.nodes)


def test_select(conv_linear: StockProgram, data_movement: StockProgram, tmp_path: Path) -> None:
    """As a list for people, and as the header that a build takes."""
    tool = [Path(sys.executable).with_name("xnnir"), "select"]
    text = run(*tool, conv_linear.path)
    assert "Conv2d" in text and "operators: none" in text
    header = tmp_path / "selection.h"
    run(*tool, conv_linear.path, data_movement.path, "-o", header)
    names = set(re.findall(r'X\("?([^")]+)"?\)', header.read_text())) - {"X"}
    parts = [used_parts(program.path.read_bytes()) for program in (conv_linear, data_movement)]
    assert names == set(UsedParts.union(parts).operators) | set(UsedParts.union(parts).nodes)
    done = subprocess.run([*tool, header], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {header}: file identifier: expected ET12")


@pytest.mark.exhaustive
@pytest.mark.skipif(shutil.which("strip") is None, reason="needs strip")
def test_a_selective_build(
    lower_once: Callable[..., StockProgram],
    conv_linear: StockProgram,
    data_movement: StockProgram,
    tmp_path: Path,
) -> None:
    """It runs the programs that it was made for, has no other kernels, and names what it lacks for others."""
    build = tmp_path / "build"
    chosen = (conv_linear, data_movement)
    run(
        "cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DXNNIR_BUILD_TESTS=OFF", "-DXNNIR_BUILD_PYTHON=OFF",
        f"-DXNNIR_SELECT_FROM={';'.join(str(program.path) for program in chosen)}",
    )  # fmt: skip
    output = run("cmake", "--build", build, "--parallel", "2", "--target", "xnnir_shared", "xnn-run")
    reported = re.search(r"libxnnir\S*: (\d+) bytes, (\d+) without symbols", output)
    assert reported is not None, output

    for program in chosen:
        arguments: list[str | Path] = ["--output-dir", tmp_path, "--threads", "1", "--repeat", "1"]
        for index, tensor in enumerate(program.inputs):
            np.save(tmp_path / f"x{index}.npy", tensor.numpy())
            arguments += ["--input", tmp_path / f"x{index}.npy"]
        run(build / "bin" / "xnn-run", program.path, *arguments)
        for index, expected in enumerate(program.expected):
            output_array = np.load(tmp_path / f"output_{index}.npy")
            np.testing.assert_allclose(output_array, expected, rtol=1e-5, atol=1e-5)

    library = ctypes.CDLL(str(build / "runtime" / "libxnnir.so"))
    library.xnnir_num_kernels.restype = ctypes.c_size_t
    wanted = UsedParts.union([used_parts(program.path.read_bytes()) for program in chosen]).operators
    assert library.xnnir_num_kernels() == len(wanted)
    assert all(library.xnnir_has_kernel(name.encode()) for name in wanted)

    class Sort(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sort(x, -1).values

    for name, model, message in (
        ("sort", Sort(), "operators that no linked library has"),
        ("pool", torch.nn.MaxPool2d(2), r"MaxPooling2d.*this build of the runtime has no such nodes"),
    ):
        path = tmp_path / f"{name}.pte"
        xnnir.compile(model.eval(), (torch.randn(1, 3, 8, 8),)).save(path)
        done = subprocess.run([build / "bin" / "xnn-run", path], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert re.search(message, done.stderr), done.stderr

    full = ROOT / "build" / "runtime" / "libxnnir.so"
    if full.exists():
        stripped = tmp_path / "libxnnir.so"
        run("strip", "-o", stripped, full)
        assert int(reported[2]) < 0.7 * stripped.stat().st_size
