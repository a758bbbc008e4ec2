"""The command `xnnir`: a saved model goes in, and what comes out of the file is what PyTorch computes."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from torch import nn

from xnnir.tools.xnnir import cli


class Model(nn.Module):
    """A convolution, a normalisation and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.classifier = nn.Linear(8, 5)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = torch.relu(self.norm(self.conv(image)))
        return self.classifier(features.mean((2, 3)))


def xnnir(*arguments: object, code: int = 0) -> Result:
    """Run the command in this process, which has torch already; a traceback fails the test."""
    runner = CliRunner(env={"COLUMNS": "200"}, catch_exceptions=False)
    result = runner.invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    return Model().eval()


@pytest.fixture(scope="module")
def saved(model: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model.pt2"
    torch.export.save(torch.export.export(model, (torch.randn(2, 3, 8, 8),)), path)
    return path


@pytest.fixture(scope="module")
def compiled(saved: Path) -> Path:
    path = saved.with_suffix(".pte")
    result = xnnir("compile", saved)
    assert str(path) in result.stderr
    return path


def _run(program: Path, image: torch.Tensor, folder: Path) -> np.ndarray:
    np.save(folder / "image.npy", image.numpy())
    xnnir("run", program, "--input", folder / "image.npy", "--output", folder / "logits.npy")
    return np.load(folder / "logits.npy")


def test_compiled_file_computes_what_the_model_does(model: nn.Module, compiled: Path, tmp_path: Path) -> None:
    image = torch.randn(2, 3, 8, 8)
    expected = model(image).detach().numpy()
    np.testing.assert_allclose(_run(compiled, image, tmp_path), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("level", ["aten", "xnn", "rt"])
def test_one_can_stop_at_a_level_and_go_on_from_the_text(
    level: str, model: nn.Module, saved: Path, tmp_path: Path
) -> None:
    text = tmp_path / f"{level}.mlir"
    xnnir("compile", saved, "--compile-to", level, "-o", text)
    assert text.stat().st_size < 20_000 and text.with_suffix(".weights").exists()
    program = tmp_path / f"{level}.pte"
    xnnir("compile", text, "-o", program)
    image = torch.randn(2, 3, 8, 8)
    expected = model(image).detach().numpy()
    np.testing.assert_allclose(_run(program, image, tmp_path), expected, rtol=1e-4, atol=1e-5)


def test_per_op_makes_more_delegates_and_the_same_numbers(
    model: nn.Module, saved: Path, compiled: Path, tmp_path: Path
) -> None:
    program = tmp_path / "per_op.pte"
    xnnir("compile", saved, "--per-op", "-o", program)
    few, many = (json.loads(xnnir("inspect", path, "--json").stdout) for path in (compiled, program))
    assert len(few["delegates"]) == 1 < len(many["delegates"])
    assert all(len(delegate["nodes"]) >= 1 for delegate in many["delegates"])
    image = torch.randn(2, 3, 8, 8)
    np.testing.assert_allclose(
        _run(program, image, tmp_path), model(image).detach().numpy(), rtol=1e-4, atol=1e-5
    )


def test_inspect_says_what_executorch_reads(compiled: Path) -> None:
    info = json.loads(xnnir("inspect", compiled, "--json").stdout)
    serializer = importlib.import_module("executorch.exir._serialize._program")
    program = serializer.deserialize_pte_binary(compiled.read_bytes()).program
    (plan,) = program.execution_plan
    (method,) = info["methods"]
    assert method["name"] == plan.name == "forward"
    assert method["inputs"][0]["type"] == "tensor<2x3x8x8xf32>"
    assert method["outputs"][0]["type"] == "tensor<2x5xf32>"
    assert method["arenas"] == plan.non_const_buffer_sizes[1:]
    assert [delegate["backend"] for delegate in info["delegates"]] == [item.id for item in plan.delegates]
    assert info["size"] == compiled.stat().st_size
    ends = [segment["offset"] + segment["size"] for segment in info["segments"]]
    assert max(ends) <= info["size"]
    for before, after in zip(info["segments"], info["segments"][1:], strict=False):
        assert before["offset"] + before["size"] <= after["offset"]


def test_inspect_shows_where_nodes_come_from(compiled: Path) -> None:
    text = xnnir("inspect", compiled, "--nodes").stdout
    assert "xnn.convolution_2d" in text
    assert '"conv"' in text and '"classifier"' in text
    assert "test_xnnir.py" in text


def test_dump_dir_has_the_ir_after_each_pass(saved: Path, tmp_path: Path) -> None:
    xnnir("compile", saved, "-o", tmp_path / "model.pte", "--dump-dir", tmp_path / "dump")
    names = sorted(path.name for path in (tmp_path / "dump").iterdir())
    assert names[0] == "00_input.mlir" and names[-1].endswith("_plan-memory.mlir")
    assert "aten.batch_norm" in (tmp_path / "dump" / names[0]).read_text()
    assert 'loc("' in (tmp_path / "dump" / names[-1]).read_text()


def test_report_and_times_are_printed(saved: Path, tmp_path: Path) -> None:
    text = xnnir("compile", saved, "-o", tmp_path / "model.pte", "--report", "--time-passes").stderr
    assert "forward_delegate_0" in text
    assert "xnn-partition" in text and "100.0%  total" in text


def test_run_makes_up_inputs_and_shows_a_profile(compiled: Path) -> None:
    text = xnnir("run", compiled, "--repeat", 3, "--threads", 1, "--profile").stdout
    assert "output 0: float32[2, 5]" in text
    assert "2 more runs: median" in text
    rows = [line for line in text.splitlines() if "Convolution" in line]
    assert len(rows) == 1 and "conv" in rows[0] and "test_xnnir.py:" in rows[0]


def test_random_inputs_follow_the_seed(compiled: Path, tmp_path: Path) -> None:
    outputs: list[np.ndarray] = []
    for seed in (1, 1, 2):
        xnnir("run", compiled, "--seed", seed, "--output", tmp_path / "out.npy")
        outputs.append(np.load(tmp_path / "out.npy"))
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.allclose(outputs[0], outputs[2])


def test_what_is_wrong_is_said_in_a_line(compiled: Path, tmp_path: Path) -> None:
    text, short, array = tmp_path / "text.pt2", tmp_path / "short.pte", tmp_path / "array.npy"
    text.write_text("no model")
    short.write_bytes(compiled.read_bytes()[:200])
    np.save(array, np.zeros((2, 3, 9, 8), np.float32))
    large, archive = tmp_path / "large.npy", tmp_path / "archive.npz"
    large.write_bytes(array.read_bytes().replace(b"(2, 3, 9, 8)", b"(9000000000,)"))
    np.savez(archive, np.zeros(3))
    damaged = tmp_path / "damaged.pt2"
    damaged.write_bytes(
        compiled.with_suffix(".pt2").read_bytes().replace(b'"graph_module"', b'"graph_modulf"', 1)
    )
    cases = [
        (("compile", tmp_path / "none.pt2"), "none.pt2: no such file or directory"),
        (("compile", text), "text.pt2: expected a file of torch.export.save"),
        (("compile", damaged), "damaged.pt2: torch.export.load: Bad CRC-32"),
        (("compile", compiled), "expected a .pt2 file (torch.export.save) or a .mlir file"),
        (
            ("compile", compiled.with_suffix(".pt2"), "-o", tmp_path / "no" / "x.pte"),
            "no such file or directory",
        ),
        (("inspect", short), "short.pte: extended header"),
        (("inspect", text), "expected ET12"),
        (("run", compiled, "--method", "backward"), "'backward' (it has: forward)"),
        (("run", compiled, "--input", text), "expected a .npy file"),
        (("run", compiled, "--input", array), "9"),
        (("run", compiled, "--input", large), "expected a .npy file"),
        (("run", compiled, "--input", archive), "expected a .npy file, got an archive"),
        (("run", compiled, "--input", array, "--input", array), "expected 1 inputs, got 2"),
        (("run", compiled, "--output", array, "--output", array), "expected 1 output files, got 2"),
        (("run", short), "short.pte"),
    ]
    for arguments, expected in cases:
        error = xnnir(*arguments, code=1).stderr
        assert error.startswith("error: ") and expected in error, (arguments, error)
        assert len(error.splitlines()) == 1, error


def test_one_cannot_go_up_from_a_level(saved: Path, tmp_path: Path) -> None:
    text = tmp_path / "model.mlir"
    xnnir("compile", saved, "--compile-to", "xnn", "-o", text)
    for arguments, expected in (
        (("--compile-to", "aten"), "expected IR of level aten or above, got level xnn"),
        (("--per-op",), "expected IR that has no graphs yet, got level xnn"),
    ):
        error = xnnir("compile", text, *arguments, "-o", tmp_path / "other", code=1).stderr
        assert expected in error
        assert not (tmp_path / "other").exists()


def test_text_can_replace_itself(saved: Path, compiled: Path, tmp_path: Path) -> None:
    text, program = tmp_path / "model.mlir", tmp_path / "model.pte"
    for source in (saved, text):
        xnnir("compile", source, "--compile-to", "xnn", "-o", text)
    xnnir("compile", text, "-o", program)
    assert program.read_bytes() == compiled.read_bytes()
    assert {path.suffix for path in tmp_path.iterdir()} == {".mlir", ".pte", ".weights"}


@pytest.mark.parametrize("level", ["aten", "xnn", "rt"])
def test_weights_of_another_model_are_refused(level: str, saved: Path, tmp_path: Path) -> None:
    text = tmp_path / "model.mlir"
    xnnir("compile", saved, "--compile-to", level, "-o", text)
    weights = text.with_suffix(".weights")
    weights.write_bytes(bytes(byte ^ 1 for byte in weights.read_bytes()))
    error = xnnir("compile", text, "-o", tmp_path / "model.pte", code=1).stderr
    assert error.startswith("error: the bytes of weight w") and "model.weights" in error
    assert not (tmp_path / "model.pte").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_in_a_line(saved: Path, compiled: Path) -> None:
    for arguments in (("compile", saved, "-o", "/dev/full"), ("run", compiled, "--output", "/dev/full")):
        assert xnnir(*arguments, code=1).stderr == "error: /dev/full: no space left on device\n"
    for name in ("", "/"):
        assert "is a directory" in xnnir("compile", saved, "-o", name, code=1).stderr


class Names(nn.Module):
    """Modules that are named as people do not name them; the names are printed as they are."""

    NAMES = ("[/x]", "[red]x", ":smile:", 'quo"te', "new\nline", "\u00fcn\u00ef", "%s {}", "back\\slash")

    def __init__(self) -> None:
        super().__init__()
        for name in self.NAMES:
            self.add_module(name, nn.Conv2d(3, 3, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        for module in self.children():
            image = module(image)
        return image


def test_names_are_no_markup(tmp_path: Path) -> None:
    saved, program = tmp_path / "names.pt2", tmp_path / "names.pte"
    torch.export.save(torch.export.export(Names().eval(), (torch.randn(1, 3, 4, 4),)), saved)
    xnnir("compile", saved, "-o", program, "--report", "--dump-dir", tmp_path / "dump")
    for arguments in (("inspect", program, "--nodes"), ("run", program, "--profile", "--threads", 1)):
        text = xnnir(*arguments).stdout
        assert all(name in text for name in Names.NAMES if name not in ("new\nline", 'quo"te')), text
    for level in ("aten", "rt"):
        text, again = tmp_path / f"{level}.mlir", tmp_path / f"{level}.pte"
        xnnir("compile", saved, "--compile-to", level, "-o", text)
        xnnir("compile", text, "-o", again)
        assert again.read_bytes() == program.read_bytes()


@pytest.mark.parametrize("scheme", ["pt2e", "torchao"])
def test_quantised_models_are_read_in_a_process_of_their_own(scheme: str, tmp_path: Path) -> None:
    """Nobody has imported there what registers their operators."""
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    model, x = nn.Sequential(nn.Linear(32, 16), nn.ReLU()).eval(), torch.randn(4, 32)
    coded: Any
    if scheme == "pt2e":
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

        config = get_symmetric_quantization_config(is_per_channel=True)
        prepared = prepare_pt2e(
            torch.export.export(model, (x,)).module(), XNNPACKQuantizer().set_global(config)
        )
        prepared(x)
        coded = convert_pt2e(prepared)
    else:
        from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
        from torchao.utils import unwrap_tensor_subclass

        quantize_(model, Int8DynamicActivationIntxWeightConfig())
        coded = unwrap_tensor_subclass(model)
    expected = coded(x).detach().numpy()
    path = tmp_path / "coded.pt2"
    torch.export.save(torch.export.export(coded, (x,)), path)
    np.save(tmp_path / "x.npy", x.numpy())
    command = [Path(sys.executable).with_name("xnnir"), "compile", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = tmp_path / "y.npy"
    xnnir("run", path.with_suffix(".pte"), "--input", tmp_path / "x.npy", "--output", result)
    got = np.load(result)
    assert np.linalg.norm(got - expected) < 0.02 * np.linalg.norm(expected)
