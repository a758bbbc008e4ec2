"""The installed library serves projects outside the tree: the examples in C++ and in C build against it and run."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

import xnnir

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"


def run(*command: str | Path) -> str:
    """Output of a command that must succeed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library is installed."""
    if not (BUILD / "runtime" / "libxnnir_runtime.a").exists():
        pytest.skip("needs `make build`")
    folder = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILD, "--component", "cpp", "--prefix", folder)
    return folder


def build_example(prefix: Path, folder: Path, main: str) -> Path:
    """Builds examples/cpp with a main.cpp, by a CMake that knows the install prefix alone."""
    shutil.copy(ROOT / "examples" / "cpp" / "CMakeLists.txt", folder)
    (folder / "main.cpp").write_text(main)
    run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", folder / "build")
    return folder / "build" / "classify"


@pytest.fixture(scope="module")
def grey_class(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A model of pictures, and what the examples print of it."""
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, stride=2),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 10),
    ).eval()
    picture = torch.full((1, 3, 224, 224), 0.5)
    path = tmp_path_factory.mktemp("model") / "model.pte"
    xnnir.compile(model, (picture,)).save(path)
    return path, f"class {int(model(picture).argmax())} of 10\n"


@pytest.fixture(scope="module")
def classify(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as it is."""
    main = (ROOT / "examples" / "cpp" / "main.cpp").read_text()
    return build_example(prefix, tmp_path_factory.mktemp("example"), main)


def test_the_example_sees_what_eager_sees(classify: Path, grey_class: tuple[Path, str]) -> None:
    """The class of a grey picture is eager's."""
    model, expected = grey_class
    assert run(classify, model) == expected


@pytest.mark.parametrize("target", ["shared", "c"])
def test_the_example_in_c(prefix: Path, grey_class: tuple[Path, str], target: str, tmp_path: Path) -> None:
    """The shared library needs no C++ in the project; the static one needs its linker. The header is strict C11."""
    folder = tmp_path / "example"
    shutil.copytree(ROOT / "examples" / "c", folder)
    lists = folder / "CMakeLists.txt"
    languages = "C CXX" if target == "c" else "C"
    lists.write_text(
        lists.read_text()
        .replace("LANGUAGES C)", f"LANGUAGES {languages})")
        .replace("xnnir::shared", f"xnnir::{target}")
    )
    strict = "-DCMAKE_C_FLAGS=-std=c11 -pedantic -Wall -Wextra -Werror"
    run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}", strict)
    run("cmake", "--build", folder / "build")
    model, expected = grey_class
    assert run(folder / "build" / "classify", model) == expected
    broken = tmp_path / "model.pte"
    broken.write_bytes(b"no program at all")
    done = subprocess.run(
        [folder / "build" / "classify", broken], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: '{broken}'")


def test_the_example_says_what_is_wrong(classify: Path, tmp_path: Path) -> None:
    """A file that is no program ends in one line on stderr that names it."""
    path = tmp_path / "model.pte"
    path.write_bytes(b"no program at all")
    done = subprocess.run([classify, path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: '{path}'")
    assert done.stderr.count("\n") == 1


def test_readmes_example(prefix: Path, tmp_path: Path) -> None:
    """The lines in README.md compile, and print the first number of the output."""
    blocks = re.findall(r"(?ms)^```cpp\n(.*?)^```", (ROOT / "README.md").read_text())
    assert len(blocks) == 1
    example = build_example(prefix, tmp_path, blocks[0])
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Sigmoid()).eval().requires_grad_(False)
    picture = torch.full((1, 3, 32, 32), 0.5)
    xnnir.compile(model, (picture,)).save(tmp_path / "model.pte")
    done = subprocess.run([example], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(float(model(picture).flatten()[0]), rel=1e-4)
