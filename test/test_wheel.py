"""`pip install .` from a clean checkout: what the wheel holds, and that it runs without the rest of the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

import xnnir

ROOT = Path(__file__).parents[1]


@pytest.mark.exhaustive
def test_wheel_of_a_clean_checkout(tmp_path: Path) -> None:
    """Compiles the module anew. Sources of C++ and the repository's own folders are not in the wheel."""
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "clone", "--quiet", ROOT, checkout], check=True)
    command = [sys.executable, "-m", "pip", "wheel", checkout, "--no-deps", "-w", tmp_path, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("xnnir-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("xnnir/runtime/_C.") for name in names)
    for name in (
        "xnnir/py.typed",
        "xnnir/runtime/_C.pyi",
        "xnnir/dialects/xnn/support.py",
        "xnnir/pipelines.py",
    ):
        assert name in names
    assert any(name.endswith("program.fbs") for name in names)
    assert not [name for name in names if name.endswith((".cc", ".h", ".a"))]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"xnnir"}

    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel], check=True
    )
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU()).eval()
    x = torch.randn(1, 3, 8, 8)
    xnnir.compile(model, (x,)).save(tmp_path / "model.pte")
    torch.save((x, model(x).detach()), tmp_path / "numbers.pt")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        # What an editable install puts before all paths.
        "sys.meta_path = [it for it in sys.meta_path if '_editable' not in type(it).__module__]\n"
        "import torch, xnnir.runtime\n"
        "assert xnnir.__file__.startswith(sys.argv[1]), xnnir.__file__\n"
        "x, expected = torch.load(sys.argv[2] + '/numbers.pt')\n"
        "method = xnnir.runtime.Runtime.get().load_program(sys.argv[2] + '/model.pte').load_method('forward')\n"
        "torch.testing.assert_close(method.execute([x])[0], expected, rtol=1e-5, atol=1e-5)\n"
        "from xnnir.tools.xnnir import cli\n"
        "cli(['inspect', sys.argv[2] + '/model.pte'])\n"
    )
    # Isolated: this folder does not come first.
    command = [sys.executable, "-I", "-c", script, str(site), str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "XnnpackBackend" in ran.stdout
