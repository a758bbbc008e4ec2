# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false
"""
Files that stock ExecuTorch wrote, run by xnn-run of other machines under an emulator, against stock on this machine.

`make test-cross` builds what is run here, and names the builds in XNNIR_CROSS; nothing else runs these tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from executorch.runtime import Runtime as StockRuntime

from xnnir.testing.stock_inputs import make_input

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "test" / "runtime" / "stock"
PRESETS = [name for name in os.environ.get("XNNIR_CROSS", "").split(",") if name]
if not PRESETS:
    pytest.skip("nothing was built for other machines: `make test-cross`", allow_module_level=True)
# Without those whose weights are in a file of their own, which stock's Python does not take, or whose inputs are
# bfloat16, which NumPy does not have.
FILES = sorted(path for path in FOLDER.glob("*.pte") if path.stem not in ("external", "bf16"))
# Other processors have other kernels: names for QEMU_CPU, of which "max" is all that the emulator knows.
PROCESSORS = {
    "linux-aarch64": ("max", "cortex-a53"),
    "linux-armv7": ("max", "cortex-a9"),
    "linux-armv6": ("max", "arm1176"),
}
CASES = [(preset, cpu) for preset in PRESETS for cpu in PROCESSORS.get(preset, ("max",))]
# XNNPACK computes in float16 only where the processor does.
NEEDS_HALF = "half"
HAVE_HALF = {("linux-aarch64", "max"), ("linux-i686", "max"), ("windows-x86_64-mingw", "max")}
# Under qemu-i386 a second thread waits for ever; on a processor it does not.
THREADS = {"linux-i686": "1"}

# Sums in another order, and exponentials and the like by other polynomials.
TOLERANCE = {np.dtype(np.float16): 2e-2, np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-9}

pytestmark = pytest.mark.cross


def emulated(preset: str) -> list[str]:
    """The command that xnn-run's arguments follow."""
    cache = (ROOT / "build" / preset / "CMakeCache.txt").read_text()
    match = re.search(r"^XNNIR_RUN_WITH:INTERNAL=(.+)$", cache, re.MULTILINE)
    assert match is not None, f"{preset} was configured without an emulator"
    programs = list((ROOT / "build" / preset / "bin").glob("xnn-run*"))
    assert len(programs) == 1
    return [*match.group(1).split(";"), str(programs[0])]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize(("preset", "cpu"), CASES)
def test_same_numbers(preset: str, cpu: str, path: Path, tmp_path: Path) -> None:
    """The second run, as state is kept between them."""
    environment = {**os.environ, "QEMU_CPU": cpu}
    stock_program = StockRuntime.get().load_program(path)
    for name in stock_program.method_names:
        method = stock_program.load_method(name)
        assert method is not None
        generator = torch.Generator().manual_seed(zlib.crc32(path.name.encode()))
        meta = method.metadata
        inputs = [make_input(meta.input_tensor_meta(i), generator) for i in range(meta.num_inputs())]
        arguments = [str(path), "--method", name, "--repeat", "1", "--threads", THREADS.get(preset, "2")]
        for i, tensor in enumerate(inputs):
            np.save(tmp_path / f"input_{i}.npy", tensor.numpy())
            arguments += ["--input", str(tmp_path / f"input_{i}.npy")]
        if path.stem == "channels_last":
            inputs = [x.to(memory_format=torch.channels_last) for x in inputs]
        expected: list[Any] = []
        for _ in range(2):
            expected = [torch.as_tensor(x).clone() for x in method.execute(inputs)]
        run = subprocess.run(
            [*emulated(preset), *arguments, "--output-dir", str(tmp_path)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if path.stem == NEEDS_HALF and (preset, cpu) not in HAVE_HALF:
            assert run.returncode == 1
            assert "unsupported_hardware" in run.stderr
            return
        assert run.returncode == 0, run.stderr
        for i, stock in enumerate(expected):
            ours = np.load(tmp_path / f"output_{i}.npy")
            assert ours.shape == tuple(stock.shape)
            tolerance = TOLERANCE.get(ours.dtype, 0)
            np.testing.assert_allclose(
                ours, stock.numpy(), rtol=tolerance, atol=tolerance, err_msg=f"{name}, output {i}"
            )
