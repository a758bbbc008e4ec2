"""The demo runs from end to end and prints what it promises."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.xdist_group("zoo")
def test_demo(tmp_path: Path) -> None:
    if not (ROOT / "build" / "bin" / "xnn-run").exists():
        pytest.skip("xnn-run is not built here")
    command = [sys.executable, "examples/demo.py", "--output-dir", tmp_path, "--images", "2", "--repeat", "2"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    for row in (
        "largest error against eager",
        "top-1 agreement",
        "lowering",
        "latency, 1 thread",
        "Slowest nodes",
    ):
        assert row in result.stdout
    assert (tmp_path / "mv2_xnnpack.pte").stat().st_size > 10e6
    assert not result.stderr
