# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false
"""Files with test cases of their methods, as `executorch.devtools` bundles them: in Python, and in xnn-run."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from executorch.devtools.bundled_program.config import MethodTestCase, MethodTestSuite
from executorch.devtools.bundled_program.core import BundledProgram
from executorch.devtools.bundled_program.serialize import serialize_from_bundled_program_to_flatbuffer
from hypothesis import given
from hypothesis import strategies as st

import xnnir
from xnnir.runtime import MethodNotFoundError, Runtime, StatusError


@dataclass
class Case:
    inputs: tuple[Any, ...]
    expected_outputs: tuple[torch.Tensor, ...] = ()


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(5, 3)

    def forward(self, x: torch.Tensor, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.nn.functional.gelu(self.linear(x)), index + 1


def bundle(path: Path, cases: Sequence[Case]) -> bytes:
    suite = MethodTestSuite("forward", [MethodTestCase(case.inputs, case.expected_outputs) for case in cases])
    program = BundledProgram(None, [suite], pte_file_path=str(path))
    return bytes(serialize_from_bundled_program_to_flatbuffer(program))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Case]]:
    torch.manual_seed(0)
    model = Model()
    inputs = [(torch.randn(2, 5), torch.tensor([2**62 + i])) for i in range(3)]
    path = tmp_path_factory.mktemp("bundled") / "model.pte"
    xnnir.compile(model, inputs[0]).save(path)
    return path, [Case(given, tuple(tensor.detach() for tensor in model(*given))) for given in inputs]


@pytest.fixture(scope="module")
def bundled(program: tuple[Path, list[Case]]) -> Path:
    path = program[0].with_suffix(".bpte")
    path.write_bytes(bundle(*program))
    return path


def test_cases_come_back(bundled: Path, program: tuple[Path, list[Case]]) -> None:
    loaded = Runtime.get().load_program(bundled)
    method = loaded.load_method("forward")
    cases = loaded.bundled_test_cases("forward")
    assert len(cases) == len(program[1])
    for case, original in zip(cases, program[1], strict=True):
        for array, tensor in zip(
            case.inputs + case.expected_outputs, original.inputs + original.expected_outputs, strict=True
        ):
            np.testing.assert_array_equal(array, tensor.numpy())
            assert array.dtype == tensor.numpy().dtype
        for got, expected in zip(method.execute(case.inputs), case.expected_outputs, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
        case.inputs[0][...] = 0  # a copy: the file stays as it is
    np.testing.assert_array_equal(
        loaded.bundled_test_cases("forward")[0].inputs[0], program[1][0].inputs[0].numpy()
    )
    with pytest.raises(MethodNotFoundError):
        loaded.bundled_test_cases("backward")
    assert Runtime.get().load_program(program[0]).bundled_test_cases("forward") == []


def test_bfloat16_is_for_torch(program: tuple[Path, list[Case]]) -> None:
    tensor = torch.randn(3).bfloat16()
    file = bundle(program[0], [Case((tensor, 3, True, 0.5))])
    (case,) = Runtime.get().load_program(file).bundled_test_cases("forward")
    assert torch.equal(torch.from_dlpack(case.inputs[0]), tensor)
    assert case.inputs[1:] == [3, True, 0.5]
    assert case.expected_outputs == []


def run(xnn_run: Path, *arguments: Any) -> subprocess.CompletedProcess[str]:
    command = [xnn_run, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_xnn_run_compares(
    xnn_run: Path, bundled: Path, program: tuple[Path, list[Case]], tmp_path: Path
) -> None:
    result = run(xnn_run, bundled, "--bundled", "--atol", "1e-6")
    assert result.returncode == 0, result
    assert re.findall(
        r"case (\d) +2 outputs as expected, largest difference \S+e-0[78]|difference 0", result.stdout
    )
    assert len(result.stdout.splitlines()) == 4

    first, second, third = program[1]
    path = tmp_path / "wrong.bpte"
    wrong = first.expected_outputs[0].clone()
    wrong[1, 2] += 0.25
    cases = [
        Case(first.inputs, (wrong, first.expected_outputs[1])),
        Case(second.inputs),
        Case(third.inputs, (third.expected_outputs[0], third.expected_outputs[1] + 1)),
        Case(third.inputs, third.expected_outputs[:1]),
        Case(third.inputs[:1], third.expected_outputs),
    ]
    path.write_bytes(bundle(program[0], cases))
    result = run(xnn_run, path, "--bundled", "--json", "--rtol", 0, "--atol", 1e-6)
    assert result.returncode == 1
    assert result.stderr == "error: 4 of 5 test cases failed\n"
    by_number = json.loads(result.stdout)["test_cases"]
    assert [case["test_case"] for case in by_number] == [0, 1, 2, 3, 4]
    assert by_number[0]["failure"] == "output 0: 1 of 6 elements differ, the first is element 5"
    assert by_number[0]["largest_difference"] == pytest.approx(0.25, rel=1e-4)
    assert (by_number[1]["failure"], by_number[1]["compared"]) == ("", 0)
    # Doubles do not tell these two apart.
    assert by_number[2]["failure"].startswith("output 1: 1 of 1 elements differ")
    assert by_number[3]["failure"] == "the file expects 1 outputs, but the method gives 2"
    assert "2 inputs" in by_number[4]["failure"] or "takes 2" in by_number[4]["failure"]
    one = run(xnn_run, path, "--test-case", 1)
    assert one.returncode == 0
    assert "case 1   ran; the file does not say what to expect" in one.stdout
    assert "it has 0 to 4" in run(xnn_run, path, "--test-case", 5).stderr
    assert "no test cases" in run(xnn_run, program[0], "--bundled").stderr


@given(st.data())
def test_damaged_files_are_refused(bundled: Path, data: st.DataObject) -> None:
    damaged = bytearray(bundled.read_bytes())
    # The test cases and the tables; the program in the middle has tests of its own.
    places = st.one_of(st.integers(0, 700), st.integers(len(damaged) - 700, len(damaged) - 1))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(places)] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.one_of(st.just(len(damaged)), st.integers(0, len(damaged))))]
    try:
        loaded = Runtime.get().load_program(bytes(damaged))
        for name in loaded.method_names:
            loaded.bundled_test_cases(name)
    except StatusError as error:
        assert str(error)
