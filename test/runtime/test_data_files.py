"""Programs whose weights are in .ptd files, and programs and data that are parts of other files."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xnnir.runtime import FileRegion, Runtime, StatusCode, StatusError
from xnnir.testing.zoo import quiet


class Head(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.LayerNorm(12)
        self.linear = torch.nn.Linear(12, 40)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.linear(self.norm(x)))


@dataclass(frozen=True, repr=False)
class Split:
    """A program that stock ExecuTorch saved without its weights."""

    pte: bytes
    ptd: bytes
    input: torch.Tensor
    expected: torch.Tensor

    def check(self, program: Any) -> None:
        output = program.load_method("forward").execute([self.input])[0]
        torch.testing.assert_close(output, self.expected, rtol=1e-5, atol=1e-5)


def lower(folder: Path, delegate: bool) -> Split:
    with quiet():
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower
        from executorch.exir.passes.external_constants_pass import (
            delegate_external_constants_pass_unlifted,
        )

        torch.manual_seed(0)
        model, rows = Head().eval(), torch.randn(5, 12)
        exported = torch.export.export(model, (rows,))
        if delegate:
            module: Any = exported.module()
            delegate_external_constants_pass_unlifted(
                module=module, gen_tag_fn=lambda node: "weights" if "linear" in str(node) else None
            )
            exported = torch.export.export(module, (rows,))
        edge = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()] if delegate else None)
        manager: Any = edge.to_executorch(ExecutorchBackendConfig(external_constants=not delegate))
        folder.mkdir()
        manager.write_tensor_data_to_file(str(folder))
    (ptd,) = folder.glob("*.ptd")
    with torch.no_grad():
        return Split(bytes(manager.buffer), ptd.read_bytes(), rows, model(rows))


@pytest.fixture(scope="module", params=["kernels", "delegate"])
def split(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Split:
    """Weights that kernels read, and weights of a delegate."""
    return lower(tmp_path_factory.mktemp("split") / request.param, request.param == "delegate")


def test_weights_come_from_a_path_or_bytes(split: Split, tmp_path: Path) -> None:
    pte, ptd = tmp_path / "model.pte", tmp_path / "model.ptd"
    pte.write_bytes(split.pte)
    ptd.write_bytes(split.ptd)
    load = Runtime.get().load_program
    split.check(load(pte, data_path=ptd))
    split.check(load(split.pte, data_path=str(ptd)))
    split.check(load(split.pte, data_path=split.ptd))
    with ptd.open("rb") as file:
        split.check(load(pte, data_path=[file]))
    cache = tmp_path / "weights"
    for _ in range(2):
        split.check(load(pte, data_path=[ptd], packed_cache_path=cache))


def test_programs_and_data_are_parts_of_a_file(split: Split, tmp_path: Path) -> None:
    package = tmp_path / "package.apk"
    for before in (0, 16, 4096, 4096 + 4, 12345):
        content = bytes(before) + split.pte + b"between" + split.ptd + b"behind"
        package.write_bytes(content)
        with package.open("rb") as file:
            data = FileRegion(file.fileno(), before + len(split.pte) + 7, len(split.ptd))
            program = FileRegion(file.fileno(), before, len(split.pte))
            loaded = Runtime.get().load_program(program, data_path=data)
        split.check(loaded)
        with package.open("rb") as file:
            # To the file's end: what follows a program is not looked at.
            loaded = Runtime.get().load_program(FileRegion(file.fileno(), before), data_path=split.ptd)
        split.check(loaded)


def test_parts_that_are_not_there(split: Split, tmp_path: Path) -> None:
    path = tmp_path / "model.pte"
    path.write_bytes(split.pte)
    load = Runtime.get().load_program
    with path.open("rb") as file:
        for offset, size in ((0, len(split.pte) + 1), (len(split.pte), 1), (2**62, 1), (1, 2**63)):
            with pytest.raises(StatusError, match="were asked for") as caught:
                load(FileRegion(file.fileno(), offset, size))
            assert caught.value.code is StatusCode.INVALID_ARGUMENT
    with pytest.raises(StatusError, match="cannot read the size"):
        load(FileRegion(12345))
    with pytest.raises(ValueError, match="0 or more"):
        load(FileRegion(-1))


def test_what_is_missing_is_named(split: Split, tmp_path: Path) -> None:
    load = Runtime.get().load_program
    with pytest.raises(StatusError, match=r"name the \.ptd file"):
        load(split.pte).load_method("forward")
    with pytest.raises(StatusError, match="cannot open") as caught:
        load(split.pte, data_path=tmp_path / "missing.ptd")
    assert caught.value.code is StatusCode.NOT_FOUND
    with pytest.raises(StatusError, match=r"this is no \.ptd file") as caught:
        load(split.pte, data_path=split.pte)
    assert caught.value.code is StatusCode.INVALID_EXTERNAL_DATA
    with pytest.raises(TypeError, match="data_path is a int"):
        load(split.pte, data_path=3)  # pyright: ignore[reportArgumentType]


def test_the_same_data_twice_is_no_contradiction(split: Split) -> None:
    split.check(Runtime.get().load_program(split.pte, data_path=[split.ptd, split.ptd]))
    # The last byte may be padding: look for one that is a weight's.
    for back in range(1, 400):
        other = bytearray(split.ptd)
        other[-back] ^= 1
        try:
            Runtime.get().load_program(split.pte, data_path=[split.ptd, bytes(other)])
        except StatusError as error:
            assert "with other bytes" in str(error)
            return
    pytest.fail("two files with different weights were taken as one")


def check_damaged(split: Split, data: bytes) -> None:
    """A refusal that says so, or a run: what a changed weight computes is nobody's business here."""
    try:
        Runtime.get().load_program(split.pte, data_path=data).load_method("forward").execute([split.input])
    except StatusError as error:
        # A name that was damaged is one that is not found.
        expected = (StatusCode.INVALID_EXTERNAL_DATA, StatusCode.INVALID_PROGRAM, StatusCode.NOT_FOUND)
        assert error.code in expected, error
        assert len(str(error)) > 20


@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_damaged_data_is_refused_or_runs(split: Split, place: float, value: int) -> None:
    data = bytearray(split.ptd)
    data[int(place * len(data))] = value
    check_damaged(split, bytes(data))


def test_headers_and_tables_of_all_kinds(split: Split) -> None:
    chosen = random.Random(0)
    for length in (*range(0, 64, 5), *(chosen.randrange(len(split.ptd)) for _ in range(20))):
        with pytest.raises(StatusError):
            Runtime.get().load_program(split.pte, data_path=split.ptd[:length]).load_method("forward")
    for _ in range(300):
        data = bytearray(split.ptd)
        for _ in range(chosen.randint(1, 3)):
            data[chosen.randrange(min(len(data), 600))] = chosen.choice([0, 1, 0x7F, 0x80, 0xFF])
        check_damaged(split, bytes(data))
