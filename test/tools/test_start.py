"""What starting a tool loads, and what it does to its exit code and streams."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "torchao", "transformers", "executorch", "onnx", "xnnir.runtime._C")


def _loaded_by(code: str) -> set[str]:
    """The modules among HEAVY that are loaded after `code` has run in a new interpreter."""
    report = f"import sys\n{code}\nprint('loaded:', *[name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].removeprefix("loaded:").split())


def test_the_check_sees_what_is_loaded() -> None:
    assert _loaded_by("import torch") == {"torch"}


@pytest.mark.parametrize(
    "code",
    [
        "import xnnir",
        "import xnnir.universe",
        "from xnnir.tools.xnn_opt import main; main(['--list-passes'])",
        "from xnnir.dialects import get_all_dialects; [factory() for factory in get_all_dialects().values()]",
        "from xnnir.tools.xnn_translate import main",
        "from xnnir.tools.xnnir import main",
        "from xnnir import pipelines; pipelines.default_pipeline()",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert _loaded_by(code) == set()


@pytest.mark.parametrize("tool", ["xnnir", "xnn-opt", "xnn-translate"])
def test_tools_are_installed_and_explain_themselves(tool: str) -> None:
    command = [Path(sys.executable).parent / tool, "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.lower().startswith(f"usage: {tool}")


def test_xdsl_opt_has_our_passes_and_dialects(tmp_path: Path) -> None:
    text = "func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
    text += "  %y = xnn.abs %x : (tensor<2xf32>) -> tensor<2xf32>\n  func.return %y : tensor<2xf32>\n}\n"
    source = tmp_path / "f.mlir"
    source.write_text(text)
    command = [Path(sys.executable).parent / "xdsl-opt", source, "-p", "xnn-fuse-activation"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "xnn.abs" in result.stdout


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    lines = "".join(f"func.func @f{i}() {{\n  func.return\n}}\n" for i in range(5000))
    source = tmp_path / "long.mlir"
    source.write_text(lines)
    command = f"'{Path(sys.executable).parent}/xnn-opt' '{source}' | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert result.stdout == "builtin.module {\n"
    assert result.stderr == ""
