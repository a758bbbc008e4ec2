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
    "linux-i686": ("max", "coreduo"),
    # This machine's own build, on processors with SSE3, SSE4.2 and AVX.
    "default": ("Opteron_G1", "Nehalem", "SandyBridge"),
}
CASES = [(preset, cpu) for preset in PRESETS for cpu in PROCESSORS.get(preset, ("max",))]
# On 32-bit Arm, cpuinfo reads what a processor has in /proc/cpuinfo, some of it out of its part number; the emulator
# shows this machine's. Here are features, version of the architecture and part: a Cortex-A76, a Cortex-A9, an ARM1176.
CPUINFO = {
    ("linux-armv7", "max"): ("half thumb fastmult vfp edsp neon vfpv3 vfpv4 idiva idivt crc32", 8, 0xD0B),
    ("linux-armv7", "cortex-a9"): ("half thumb fastmult vfp edsp neon vfpv3", 7, 0xC09),
    ("linux-armv6", "arm1176"): ("half thumb fastmult vfp edsp java tls", 7, 0xB76),
}
# XNNPACK computes in float16 only where the processor does.
NEEDS_HALF = "half"
HAVE_HALF = {
    ("linux-aarch64", "max"),
    ("linux-armv7", "max"),
    ("linux-i686", "max"),
    ("windows-x86_64-mingw", "max"),
}
# Under qemu-i386 a second thread waits for ever; on a processor it does not.
THREADS = {"linux-i686": "1"}

# Sums in another order, and exponentials and the like by other polynomials.
TOLERANCE = {np.dtype(np.float16): 2e-2, np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-9}

pytestmark = pytest.mark.cross


def emulated(preset: str, cpu: str, folder: Path) -> list[str]:
    """The command that xnn-run's arguments follow; `folder` is for files that the emulated system has."""
    if preset == "default":
        return ["qemu-x86_64-static", str(ROOT / "build" / "bin" / "xnn-run")]
    cache = (ROOT / "build" / preset / "CMakeCache.txt").read_text()
    match = re.search(r"^XNNIR_RUN_WITH:INTERNAL=(.+)$", cache, re.MULTILINE)
    assert match is not None, f"{preset} was configured without an emulator"
    programs = list((ROOT / "build" / preset / "bin").glob("xnn-run*"))
    assert len(programs) == 1
    command = match.group(1).split(";")
    if (preset, cpu) in CPUINFO:
        system = command.index("-L") + 1
        command[system] = str(with_cpuinfo(Path(command[system]), folder / "system", *CPUINFO[preset, cpu]))
    return [*command, str(programs[0])]


def with_cpuinfo(system: Path, folder: Path, features: str, architecture: int, part: int) -> Path:
    """`folder`, with all that `system` has, and /proc/cpuinfo of a processor by Arm: qemu looks there first."""
    (folder / "proc").mkdir(parents=True)
    for entry in system.iterdir():
        (folder / entry.name).symlink_to(entry)
    fields = {
        "processor": "0",
        "Features": features,
        "CPU implementer": "0x41",
        "CPU architecture": str(architecture),
        "CPU variant": "0x1",
        "CPU part": f"{part:#x}",
        "CPU revision": "1",
    }
    text = "".join(f"{name}\t: {value}\n" for name, value in fields.items())
    (folder / "proc" / "cpuinfo").write_text(text)
    return folder


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize(("preset", "cpu"), CASES)
def test_same_numbers(preset: str, cpu: str, path: Path, tmp_path: Path) -> None:
    """The second run, as state is kept between them."""
    environment = {**os.environ, "QEMU_CPU": cpu}
    command = emulated(preset, cpu, tmp_path)
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
            [*command, *arguments, "--output-dir", str(tmp_path)],
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
