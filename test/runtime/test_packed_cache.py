"""
Files of packed weights: they change how long a load takes, and never what a program computes.

Whatever happens to the file (damage, another program's weights, no place to write, processes that die or write at
once) outputs are those of a program without one, bit by bit, and the next load with a place to write mends the file.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import xnnir
from xnnir.runtime import Runtime, WorkspaceSharingMode


class Layers(torch.nn.Module):
    """Weights that XNNPACK packs in four ways."""

    def __init__(self, seed: int):
        super().__init__()
        torch.manual_seed(seed)
        self.first = torch.nn.Conv2d(3, 24, 3, stride=2, padding=1)
        self.depthwise = torch.nn.Conv2d(24, 24, 3, padding=1, groups=24)
        self.pointwise = torch.nn.Conv2d(24, 40, 1)
        self.up = torch.nn.ConvTranspose2d(40, 8, 2, stride=2)
        self.linear = torch.nn.Linear(8 * 16 * 16, 30)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.depthwise(torch.relu(self.first(x))))
        return self.linear(torch.tanh(self.up(self.pointwise(x))).flatten(1))


@dataclass(frozen=True)
class Example:
    """A program, and what it gives when all weights are packed afresh."""

    path: Path
    input: torch.Tensor
    expected: torch.Tensor

    def run(self, cache: Path | str | None = None, **options: Any) -> tuple[torch.Tensor, Any]:
        """Its output, and what came of the file."""
        program = Runtime.get().load_program(self.path, packed_cache_path=cache, **options)
        method = program.load_method("forward")
        return method.execute([self.input])[0], program.packed_cache_info

    def check(self, cache: Path | str | None, **options: Any) -> Any:
        """Runs it, compares, and returns what came of the file."""
        output, info = self.run(cache, **options)
        assert torch.equal(output, self.expected)
        return info


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """Two programs, alike but for their weights."""
    folder = tmp_path_factory.mktemp("layers")
    image = torch.randn(1, 3, 16, 16)
    made: list[Example] = []
    for seed in (0, 1):
        model = Layers(seed).eval()
        program = torch.export.export(model, (image,))
        path = folder / f"layers_{seed}.pte"
        xnnir.to_edge_transform_and_lower(
            program, partitioner=[xnnir.XnnpackPartitioner()]
        ).to_executorch().save(path)
        # Files are known by when they changed, once that is long enough ago for the clock to tell.
        os.utime(path)
        output = Runtime.get().load_program(path).load_method("forward").execute([image])[0]
        with torch.no_grad():
            torch.testing.assert_close(output, model(image), rtol=1e-4, atol=1e-5)
        made.append(Example(path, image, output))
    time.sleep(0.15)
    return made


@pytest.fixture(scope="module")
def example(examples: list[Example]) -> Example:
    return examples[0]


@pytest.fixture(scope="module")
def cached(example: Example, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file that a first load writes."""
    cache = tmp_path_factory.mktemp("cached") / "weights"
    info = example.check(cache)
    assert info.written and info.packed >= 3 and info.read == 0 and info.message == ""
    return cache.read_bytes()


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in cache.parent.iterdir() if path.name != cache.name]


def test_later_loads_read_what_the_first_packed(example: Example, tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    first = example.check(cache)
    content = cache.read_bytes()
    for threads in (1, 2):
        later = example.check(cache, num_threads=threads)
        assert (later.read, later.read_bytes) == (first.packed, first.packed_bytes)
        assert later.packed == 0 and not later.written and later.message == ""
    assert cache.read_bytes() == content
    assert not leftovers(cache)


def test_bytes_and_copies_of_the_program_find_the_same_weights(example: Example, tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    example.check(cache)
    copy = tmp_path / "copy.pte"
    copy.write_bytes(example.path.read_bytes())
    for data in (copy, example.path.read_bytes()):
        program = Runtime.get().load_program(data, packed_cache_path=cache)
        assert torch.equal(program.load_method("forward").execute([example.input])[0], example.expected)
        assert program.packed_cache_info.packed == 0


def test_programs_share_a_file(examples: list[Example], tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    for example in examples:
        assert example.check(cache).written
    for example in examples * 2:
        info = example.check(cache)
        assert info.packed == 0 and not info.written


def test_weights_of_nobody_leave_the_file_in_the_end(examples: list[Example], tmp_path: Path) -> None:
    """A model that is trained again and again must not make the file grow for ever."""
    cache = tmp_path / "weights"
    model = tmp_path / "model.pte"
    original = bytearray(examples[0].path.read_bytes())
    sizes: list[int] = []
    for version in range(12):
        # Any float in the weights: the last bytes of the file are the last named weight.
        original[-256 + version] ^= 0x01
        model.write_bytes(original)
        program = Runtime.get().load_program(model, packed_cache_path=cache)
        program.load_method("forward")
        del program
        sizes.append(cache.stat().st_size)
    assert max(sizes[6:]) == sizes[6]


def test_a_program_that_changed_in_place_is_not_the_one_it_was(
    examples: list[Example], tmp_path: Path
) -> None:
    cache, model = tmp_path / "weights", tmp_path / "model.pte"
    for example in examples * 2:
        data = example.path.read_bytes()
        if not model.exists():
            model.write_bytes(data)
        else:
            with model.open("r+b") as file:  # the same inode, size and name
                file.write(data)
        moved = Example(model, example.input, example.expected)
        moved.check(cache)
        moved.check(cache)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_changes_nothing_and_is_mended(
    example: Example, cached: bytes, tmp_path_factory: pytest.TempPathFactory, place: float, bit: int
) -> None:
    cache = tmp_path_factory.mktemp("flipped") / "weights"
    damaged = bytearray(cached)
    damaged[int(place * len(cached))] ^= 1 << bit
    cache.write_bytes(damaged)
    info = example.check(cache)
    # What lies between the weights is nobody's.
    assert info.written == (info.packed > 0) == (info.message != "")
    assert example.check(cache).packed == 0


def test_all_bytes_that_mean_something_are_checked(example: Example, cached: bytes, tmp_path: Path) -> None:
    """Flips that went unnoticed were between entries: far fewer than bytes are weights."""
    cache = tmp_path / "weights"
    chosen = random.Random(0)
    noticed = 0
    for offset in [*range(0, 80, 3), *(chosen.randrange(len(cached)) for _ in range(40))]:
        damaged = bytearray(cached)
        damaged[offset] ^= 0x10
        cache.write_bytes(damaged)
        info = example.check(cache)
        noticed += info.packed > 0
        assert offset >= 80 or info.packed > 0
    assert noticed > 60


@pytest.mark.parametrize("length", [0, 1, 79, 80, 4096, -1, -41])
def test_a_file_that_is_cut_short(example: Example, cached: bytes, tmp_path: Path, length: int) -> None:
    cache = tmp_path / "weights"
    cache.write_bytes(cached[:length])
    info = example.check(cache)
    assert info.written and info.packed and info.message
    assert example.check(cache).packed == 0


def test_an_older_format_is_written_anew(example: Example, cached: bytes, tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    cache.write_bytes(cached[:4] + (7).to_bytes(4, "little") + cached[8:])
    info = example.check(cache)
    assert info.written and "version 7" in info.message
    assert example.check(cache).message == ""


def test_places_where_nothing_can_be_kept(example: Example, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for cache in (
        tmp_path,
        tmp_path / "missing" / "weights",
        tmp_path / "file" / "weights",
        Path("/dev/null"),
        Path("/proc/weights"),
        tmp_path / ("long" * 100),
    ):
        info = example.check(cache)
        assert info.packed and not info.written
        assert "not kept" in info.message and str(cache) in info.message


def test_a_file_that_is_not_ours_is_replaced(example: Example, tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    cache.write_text("some notes of mine\n" * 99)
    assert "no file of packed weights" in example.check(cache).message
    assert example.check(cache).packed == 0


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that has `run(cache)` for the program named by its first argument."""
    prelude = """
        import contextlib, os, resource, sys
        import numpy as np
        from xnnir.runtime import Runtime
        path, cache, image = sys.argv[1:4]
        image = np.load(image)
        def run():
            program = Runtime.get().load_program(path, packed_cache_path=cache)
            output = program.load_method("forward").execute([image])[0]
            return np.asarray(output), program.packed_cache_info
        Runtime.get().backend_registry.registered_backend_names
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def saved(example: Example, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Input and expected output as files."""
    import numpy as np

    folder = tmp_path_factory.mktemp("arrays")
    np.save(folder / "image.npy", example.input.numpy())
    np.save(folder / "expected.npy", example.expected.numpy())
    return folder / "image.npy", folder / "expected.npy"


def finish(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output


def test_a_limit_of_file_size(example: Example, saved: tuple[Path, Path], tmp_path: Path) -> None:
    code = """
        resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000))
        output, info = run()
        assert np.array_equal(output, np.load(sys.argv[4]))
        assert info.packed and not info.written and "File too large" in info.message, info
    """
    finish(child(code, example.path, tmp_path / "weights", *saved))
    assert not list(tmp_path.iterdir())


def test_a_folder_without_permission(example: Example, saved: tuple[Path, Path]) -> None:
    # pytest's folders are closed to others than their owner.
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        for path in (example.path, *saved):
            shutil.copy(path, folder / path.name)
            (folder / path.name).chmod(0o644)
        locked = folder / "locked"
        locked.mkdir()
        locked.chmod(0o555)
        code = """
            if os.getuid() == 0:
                os.setuid(65534)
            output, info = run()
            assert np.array_equal(output, np.load(sys.argv[4]))
            assert info.packed and not info.written and "Permission denied" in info.message, info
        """
        files = [folder / path.name for path in (example.path, *saved)]
        finish(child(code, files[0], locked / "weights", *files[1:]))
    finally:
        shutil.rmtree(folder)


def test_a_full_disk(example: Example, saved: tuple[Path, Path], tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk")
    try:
        code = """
            output, info = run()
            assert np.array_equal(output, np.load(sys.argv[4]))
            assert info.packed and not info.written and "No space left" in info.message, info
        """
        finish(child(code, example.path, tmp_path / "weights", *saved))
        assert not list(tmp_path.iterdir())
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_processes_at_once(example: Example, saved: tuple[Path, Path], tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    code = """
        for _ in range(20):
            output, info = run()
            assert np.array_equal(output, np.load(sys.argv[4]))
            assert not info.message, info
            # Deleting what another has just written is part of the trouble.
            with contextlib.suppress(FileNotFoundError):
                if info.written:
                    os.unlink(cache)
    """
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(child(code, example.path, cache, *saved)) for _ in range(4)]
        for process in processes:
            finish(process)
    example.check(cache)
    assert example.check(cache).packed == 0
    assert not leftovers(cache)


def test_a_process_that_is_killed(example: Example, saved: tuple[Path, Path], tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    code = """
        print("ready", flush=True)
        while True:
            run()
            os.unlink(cache)
    """
    chosen = random.Random(1)
    abandoned = 0
    for _ in range(12):
        with child(code, example.path, cache, *saved) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chosen.uniform(0, 0.05))
            process.kill()
            process.wait()
        abandoned += len(leftovers(cache))
        info = example.check(cache)
        assert not info.message
        if info.written:
            assert not leftovers(cache)
        cache.unlink()
    assert abandoned, "no process was killed while it wrote"


@pytest.mark.parametrize("mode", WorkspaceSharingMode)
def test_programs_share_workspaces(examples: list[Example], mode: WorkspaceSharingMode) -> None:
    """Two programs, two methods of each, on threads of their own, some of them loaded while others run."""

    def work(example: Example, program: Any) -> None:
        for _ in range(3):
            method = program.load_method("forward")
            for _ in range(15):
                assert torch.equal(method.execute([example.input])[0], example.expected)

    with ThreadPoolExecutor(4) as threads:
        running: list[Any] = []
        for example in examples:
            program = Runtime.get().load_program(
                example.path, num_threads=1, workspace_sharing_mode=mode, weight_cache_enabled=False
            )
            running += [threads.submit(work, example, program) for _ in range(2)]
        for each in running:
            each.result()


def test_wrong_arguments(example: Example) -> None:
    load: Any = Runtime.get().load_program
    with pytest.raises(TypeError, match="packed_cache_path is a int"):
        load(example.path, packed_cache_path=3)
    with pytest.raises(TypeError, match="expected a WorkspaceSharingMode"):
        load(example.path, workspace_sharing_mode=1)


def test_one_process_uses_one_file_from_several_threads(examples: list[Example], tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    with ThreadPoolExecutor(4) as threads:
        for info in threads.map(lambda example: example.check(cache), examples * 6):
            assert not info.message
    for example in examples:
        assert example.check(cache).packed == 0
