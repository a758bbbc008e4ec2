"""docs/embedding.md: its files make a project outside the tree, which builds, and runs a program of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xnnir
from xnnir.context import make_context
from xnnir.dialects.weights import get_weight_store
from xnnir.emit.program_writer import write_program
from xnnir.tools._parsing import LocatingParser

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
PAGE = (ROOT / "docs" / "embedding.md").read_text()

# x ** 3 by a kernel, + 7 by a delegate: neither is in any library of ours.
PROGRAM = """
rt.delegate @offset backend "AcmeOffsetBackend" processed <{seven}>
rt.method @forward arenas [128] {{
  %x = rt.tensor : tensor<2x3xf32>
  %exponent = rt.int 3
  %cubes = rt.tensor arena 1 offset 0 : tensor<2x3xf32>
  %y = rt.tensor arena 1 offset 64 : tensor<2x3xf32>
  rt.inputs(%x) : (tensor<2x3xf32>)
  rt.kernel_call "acme::power.out"(%x, %exponent, %cubes, %cubes)
    : (tensor<2x3xf32>, !rt.int, tensor<2x3xf32>, tensor<2x3xf32>)
  rt.delegate_call @offset(%cubes, %y) : (tensor<2x3xf32>, tensor<2x3xf32>)
  rt.return(%y) : (tensor<2x3xf32>)
}}
"""
EXPECTED = " ".join(str(x**3 + 7) for x in range(6))


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """A command that must succeed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, built against an install."""
    if not (BUILD / "runtime" / "libxnnir.so").exists():
        pytest.skip("needs `make build`")
    folder = tmp_path_factory.mktemp("embedding")
    prefix = folder / "prefix"
    run("cmake", "--install", BUILD, "--component", "cpp", "--prefix", prefix)
    files = re.findall(r"(?ms)^<!-- file: (\S+) -->\n```\w+\n(.*?)^```", PAGE)
    assert len(files) == len(re.findall(r"<!-- file:", PAGE)) == 7
    for name, text in files:
        (folder / name).write_text(text)
    strict = "-Wall -Wextra -Werror"
    run(
        "cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_FLAGS={strict} -std=c++17", f"-DCMAKE_C_FLAGS={strict} -std=c11 -pedantic",
    )  # fmt: skip
    run("cmake", "--build", folder / "build", "--parallel", "2")
    return folder


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    context = make_context()
    seven = get_weight_store(context).add(b"\7")
    text = PROGRAM.format(seven=str(seven).removeprefix("#xnn.weight<").removesuffix(">"))
    module = LocatingParser(context, text, "acme.mlir").parse_module()
    module.verify()
    path = tmp_path_factory.mktemp("program") / "acme.pte"
    with path.open("wb") as file:
        write_program(module, context).write_to_file(file)
    return path


def test_cpp_with_a_kernel_a_backend_and_hooks(project: Path, program: Path) -> None:
    done = run(project / "build" / "acme", program)
    numbers, header, *lines = done.stdout.splitlines()
    assert numbers.strip() == EXPECTED
    assert "location" in header
    assert [line.split()[1] for line in lines[:2]] == ["acme::power.out", "AcmeOffsetBackend"]
    assert lines[-1] == f"last: {5**3 + 7}"
    assert "[debug] loaded method 'forward'" in done.stderr
    assert "another" not in done.stderr


def test_without_the_host_kernels(project: Path, program: Path) -> None:
    """The backend alone, linked whole under the name that ExecuTorch's users know."""
    build = project / "build"
    assert run(build / "acme_delegates", program).stdout.splitlines()[0].strip() == EXPECTED
    assert (build / "acme_delegates").stat().st_size < 0.8 * (build / "acme").stat().st_size
    assert b"aten::add.out" in (build / "acme").read_bytes()
    assert b"aten::add.out" not in (build / "acme_delegates").read_bytes()


@pytest.mark.exhaustive
def test_as_a_part_of_a_larger_build(project: Path, program: Path, tmp_path: Path) -> None:
    """add_subdirectory has the same targets, builds nothing that was not asked for, and can leave parts out."""
    lists = (project / "CMakeLists.txt").read_text()
    lists = lists.replace("find_package(xnnir REQUIRED)", f"add_subdirectory({ROOT} xnnir)")
    lists = re.sub(r"(?s)\nadd_executable\(acme_c .*", "\nxnnir_report_size(acme)\n", lists)
    for name in ("main.cc", "power_kernel.cc", "offset_backend.cc", "hooks.cc"):
        (tmp_path / name).write_text((project / name).read_text())
    (tmp_path / "CMakeLists.txt").write_text(lists)
    build = tmp_path / "build"
    run("cmake", "-S", tmp_path, "-B", build, "-DCMAKE_BUILD_TYPE=Release", f"-DXNNIR_SELECT_FROM={program}")
    built = run("cmake", "--build", build, "--parallel", "2")
    reported = re.search(r"acme: (\d+) bytes, (\d+) without symbols", built.stdout + built.stderr)
    assert reported is not None
    # The floor is what XNNPACK's graphs need whatever is in them: packing of left-hand sides, and unary nodes.
    whole = tmp_path / "whole"
    run("strip", "-o", whole, project / "build" / "acme")
    assert int(reported[2]) < 0.6 * whole.stat().st_size
    assert run(build / "acme", program).stdout.splitlines()[0].strip() == EXPECTED
    assert not list(build.rglob("libxnnir.so*")) and not list(build.rglob("xnn-run*"))


def test_c_with_a_kernel_and_a_backend(project: Path, program: Path) -> None:
    done = run(project / "build" / "acme_c", program)
    numbers, _, *lines = done.stdout.splitlines()
    assert numbers.strip() == EXPECTED
    assert [line.split()[1] for line in lines] == ["acme::power.out", "AcmeOffsetBackend"]


def test_headers_stand_alone(project: Path) -> None:
    """Each public header compiles by itself, with nothing but the standard library beside it."""
    include = project / "prefix" / "include"
    headers = sorted(path.relative_to(include) for path in include.rglob("*.h"))
    assert len(headers) > 10
    source = project / "headers.cc"
    for header in headers:
        source.write_text(f"#include <{header}>\n")
        run("clang++-16", "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I", include, source)


def test_python(project: Path, tmp_path: Path) -> None:
    import torch

    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Sigmoid()).eval()
    path = tmp_path / "model.pte"
    xnnir.compile(model, (torch.zeros(1, 3, 8, 8),)).save(path)
    done = subprocess.run(
        [sys.executable, project / "run.py", path], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "XnnpackBackend" in done.stdout and "Convolution" in done.stdout
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
