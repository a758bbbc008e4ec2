"""Vector code for other instruction sets than this machine's best gives the same numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
TESTS = [
    f"{FOLDER / 'test_unary.py'}::test_accuracy_over_the_whole_range",
    f"{FOLDER / 'test_binary.py'}::test_many_elements_on_threads",
]


@pytest.mark.parametrize("level", ["baseline", "avx2"])
def test_other_instruction_sets(level: str) -> None:
    """The level is chosen once a process, so the tests run in another."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *TESTS]
    done = subprocess.run(
        command, env={**os.environ, "XNNIR_SIMD": level}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
