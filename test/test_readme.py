"""What README.md shows works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def block(language: str) -> str:
    """The one code block of a language."""
    blocks = re.findall(rf"(?ms)^```{language}\n(.*?)^```", README.read_text())
    assert len(blocks) == 1, f"expected one block of {language} in README.md, got {len(blocks)}"
    return blocks[0]


def test_python_example_gives_eagers_numbers(tmp_path: Path) -> None:
    """The ten lines export, lower, write, load and run; what comes out is what the model computes."""
    script = block("python") + "torch.testing.assert_close(torch.as_tensor(outputs[0]), model(x))\n"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "model.pte").stat().st_size > 0


def test_ir_example_fuses_its_clamp(tmp_path: Path) -> None:
    """The text parses, and the pass does to it what is said."""
    (tmp_path / "clamp.mlir").write_text(block("mlir"))
    tool = Path(sys.executable).parent / "xnn-opt"
    run = subprocess.run(
        [tool, "clamp.mlir", "-p", "xnn-fuse-activation"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "output_max = 6.0" in run.stdout
    assert "xnn.clamp" not in run.stdout
