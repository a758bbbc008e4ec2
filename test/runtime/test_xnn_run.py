"""The command line program: files in and out, timings, and one line for every mistake."""

from __future__ import annotations

import io
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnnir.testing.stock_programs import StockProgram


def call(xnn_run: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(xnn_run), *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def refusal(xnn_run: Path, *arguments: object) -> str:
    """The message of a call that fails: one line, and nothing else printed."""
    result = call(xnn_run, *arguments)
    assert result.returncode == 1, result
    assert result.stdout == ""
    assert re.fullmatch(r"error: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


def test_inputs_and_outputs(xnn_run: Path, conv_linear: StockProgram, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", conv_linear.inputs[0].numpy())
    result = call(
        xnn_run,
        conv_linear.path,
        "--input",
        tmp_path / "x.npy",
        "--output",
        tmp_path / "y.npy",
        "--threads",
        1,
    )
    assert result.returncode == 0, result.stderr
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), conv_linear.expected[0], rtol=1e-5, atol=1e-5)
    assert "input 0   float32[1, 3, 6, 6]" in result.stdout
    assert re.search(r"min [\d.]+ ms, median [\d.]+ ms, mean [\d.]+ ms over 10", result.stdout)


def test_several_inputs_and_a_folder(xnn_run: Path, data_movement: StockProgram, tmp_path: Path) -> None:
    arguments: list[object] = [data_movement.path, "--output-dir", tmp_path]
    for i, tensor in enumerate(data_movement.inputs):
        # Fortran order: other bytes, the same numbers.
        np.save(tmp_path / f"x{i}.npy", np.asfortranarray(tensor.numpy()))
        arguments += ["--input", tmp_path / f"x{i}.npy"]
    result = call(xnn_run, *arguments)
    assert result.returncode == 0, result.stderr
    for i, expected in enumerate(data_movement.expected):
        output = np.load(tmp_path / f"output_{i}.npy")
        assert output.dtype == expected.numpy().dtype
        np.testing.assert_array_equal(output, expected)


def test_json_with_profile(xnn_run: Path, conv_linear: StockProgram) -> None:
    result = call(xnn_run, conv_linear.path, "--json", "--profile", "--repeat", 3, "--threads", 1)
    report = json.loads(result.stdout)
    assert (report["method"], report["threads"], report["runs"]) == ("forward", 1, 3)
    assert 0 < report["min_ms"] <= report["median_ms"] <= report["max_ms"]
    assert report["load_ms"] > 0
    assert report["profile"][0]["name"] == "XnnpackBackend"
    assert any("Convolution" in event["name"] for event in report["profile"])


def test_profile_files(xnn_run: Path, conv_linear: StockProgram, tmp_path: Path) -> None:
    """A table on the terminal, and files for other programs; a file for a profile means that there is one."""
    summary, trace = tmp_path / "profile.json", tmp_path / "trace.json"
    arguments = (conv_linear.path, "--threads", 1, "--profile-json", summary, "--profile-trace", trace)
    result = call(xnn_run, *arguments)
    assert result.returncode == 0, result.stderr
    events = json.loads(summary.read_text())
    header, *lines = result.stdout.split("\n\n")[-1].splitlines()
    assert header.split() == ["instr", "node", "op", "us", "%", "bytes", "location"]
    assert len(lines) == len(events)
    spans = [event for event in json.loads(trace.read_text())["traceEvents"] if event["ph"] == "X"]
    assert [span["name"] for span in spans] == [event["name"] for event in events]
    assert "cannot write" in refusal(xnn_run, *arguments[:-1], tmp_path / "no" / "trace.json")


def test_random_inputs_follow_the_seed(xnn_run: Path, conv_linear: StockProgram, tmp_path: Path) -> None:
    outputs: list[bytes] = []
    for seed in (1, 1, 2):
        call(xnn_run, conv_linear.path, "--seed", seed, "--output", tmp_path / "y.npy", "--threads", 1)
        outputs.append((tmp_path / "y.npy").read_bytes())
    assert outputs[0] == outputs[1] != outputs[2]


def test_one_line_for_each_mistake(xnn_run: Path, conv_linear: StockProgram, tmp_path: Path) -> None:
    path = conv_linear.path
    np.save(tmp_path / "small.npy", np.zeros((1, 3, 5, 6), np.float32))
    np.save(tmp_path / "wide.npy", np.zeros((1, 3, 6, 6)))
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    (tmp_path / "cut.pte").write_bytes(path.read_bytes()[:-300])
    (tmp_path / "text.pte").write_text("no program at all")
    assert "required" in refusal(xnn_run)
    assert "No such file" in refusal(xnn_run, tmp_path / "missing.pte")
    assert "identifier" in refusal(xnn_run, tmp_path / "text.pte")
    assert "cut short" in refusal(xnn_run, tmp_path / "cut.pte")
    assert "no method 'backward' (it has: forward)" in refusal(xnn_run, path, "--method", "backward")
    assert "expected [1, 3, 6, 6]" in refusal(xnn_run, path, "--input", tmp_path / "small.npy")
    assert "dtype float64, expected float32" in refusal(xnn_run, path, "--input", tmp_path / "wide.npy")
    assert "npy dtype" in refusal(xnn_run, path, "--input", tmp_path / "objects.npy")
    assert "No such file" in refusal(xnn_run, path, "--input", tmp_path / "none.npy")
    assert "no .npy file" in refusal(xnn_run, path, "--input", path)
    assert "2 inputs were given" in refusal(
        xnn_run, path, "--input", tmp_path / "small.npy", "--input", tmp_path / "small.npy"
    )
    assert "cannot write" in refusal(xnn_run, path, "--output", tmp_path / "no" / "folder.npy")
    assert "2 files were given for outputs" in refusal(xnn_run, path, "--output", "a", "--output", "b")
    assert "number of threads" in refusal(xnn_run, path, "--threads", 9999)
    assert "--repeat" in refusal(xnn_run, path, "--repeat", 0)
    assert "--nonsense" in refusal(xnn_run, path, "--nonsense")


@given(st.data())
def test_damaged_npy_files(
    xnn_run: Path, conv_linear: StockProgram, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """An .npy file whose header says anything at all is read or refused."""
    buffer = io.BytesIO()
    np.save(buffer, conv_linear.inputs[0].numpy())
    damaged = bytearray(buffer.getvalue())
    header = data.draw(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(
                [
                    b"{'descr': '<f4', 'fortran_order': True, 'shape': (9999999999,), }",
                    b"{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 4), }",
                    b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 6, 6), ",
                    b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (108,), }",
                    b"{'descr': '<f4', 'shape': (108,), }",
                ]
            ),
        )
    )
    start = data.draw(st.integers(0, 130)) if len(header) < 41 else 10
    damaged[start : start + len(header)] = header
    path = tmp_path_factory.mktemp("npy") / "x.npy"
    path.write_bytes(
        damaged[: data.draw(st.integers(0, len(damaged)))] if data.draw(st.booleans()) else damaged
    )
    result = call(xnn_run, conv_linear.path, "--input", path, "--threads", 1, "--repeat", 1)
    assert result.returncode in (0, 1), result
    assert result.returncode == 0 or re.fullmatch(r"error: [^\n]+\n", result.stderr)


def test_packed_cache(xnn_run: Path, conv_linear: StockProgram, tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    arguments = (conv_linear.path, "--packed-cache-path", cache, "--repeat", 1)
    assert "0 (0.0 MB) were in the packed cache, 2 " in call(xnn_run, *arguments).stdout
    assert "2 (0.0 MB) were in the packed cache, 0 " in call(xnn_run, *arguments).stdout
    figures = json.loads(call(xnn_run, *arguments, "--json").stdout)["packed_cache"]
    assert (figures["read"], figures["packed"], figures["written"], figures["message"]) == (2, 0, False, "")

    result = call(xnn_run, conv_linear.path, "--packed-cache-path", tmp_path, "--repeat", 1)
    assert result.returncode == 0
    assert re.search(r"note +packed weights were not kept: .* is a folder", result.stdout)


def test_data_files_and_workspaces(xnn_run: Path, conv_linear: StockProgram, tmp_path: Path) -> None:
    for mode in ("disabled", "per-model", "global"):
        assert call(xnn_run, conv_linear.path, "--workspace-sharing-mode", mode).returncode == 0
    assert "per-model" in refusal(xnn_run, conv_linear.path, "--workspace-sharing-mode", "sometimes")
    missing = tmp_path / "missing.ptd"
    assert "missing.ptd" in refusal(xnn_run, conv_linear.path, "--data", missing)
    assert "this is no .ptd file" in refusal(xnn_run, conv_linear.path, "--data", conv_linear.path)
