"""Which XNNPACK is linked: the user's, or the cache's for these sources, compiler and flags."""

import subprocess
import sys
from pathlib import Path

import pytest
import xnnpack
from steps import SetupError
from xnnpack import Build, Compilers, find_prefix, plan, prefix_path

SCRIPT = Path(xnnpack.__file__)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings from outside, and a cache of the test's own."""
    for name in ("XNNPACK_ROOT", "XNNPACK_SOURCE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XNNIR_CACHE", str(tmp_path / "cache"))


def make_prefix(folder: Path) -> Path:
    """A prefix with the files that a real one has, empty."""
    for header in ("xnnpack", "pthreadpool", "cpuinfo"):
        path = folder / "include" / f"{header}.h"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for archive in ("XNNPACK", "pthreadpool", "cpuinfo", "microkernels-prod"):
        path = folder / "lib" / f"lib{archive}.a"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_key_follows_compiler_and_target() -> None:
    """Another compiler, version or target is another prefix; the name says which compiler."""
    identities = [
        "Debian clang version 16.0.6 (15~deb12u1) x86_64-pc-linux-gnu",
        "Debian clang version 16.0.6 (15~deb12u1) aarch64-unknown-linux-gnu",
        "Debian clang version 19.1.7 (3) x86_64-pc-linux-gnu",
        "gcc (Debian 12.2.0-14) 12.2.0 x86_64-linux-gnu",
    ]
    prefixes = [prefix_path(Build.native(Compilers("cc", "c++", identity))) for identity in identities]
    assert len(set(prefixes)) == len(prefixes)
    assert "clang-16" in prefixes[0].name
    assert "gcc-12" in prefixes[3].name


def test_incomplete_prefix_is_not_used() -> None:
    """A prefix counts only with the marker that is written last."""
    prefix = make_prefix(prefix_path(plan()))
    assert find_prefix() is None
    (prefix / xnnpack.MARKER).touch()
    assert find_prefix() == prefix


def test_users_prefix_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XNNPACK_ROOT is taken before the cache's."""
    (make_prefix(prefix_path(plan())) / xnnpack.MARKER).touch()
    own = make_prefix(tmp_path / "own")
    monkeypatch.setenv("XNNPACK_ROOT", str(own))
    assert find_prefix() == own


def test_users_prefix_is_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a given prefix lacks is named."""
    own = make_prefix(tmp_path / "own")
    (own / "lib" / "libcpuinfo.a").unlink()
    monkeypatch.setenv("XNNPACK_ROOT", str(own))
    with pytest.raises(SetupError, match=r"lib/libcpuinfo\.a missing"):
        find_prefix()


def test_users_source_has_its_own_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A source folder never shares a prefix with the pinned sources, nor with an edited copy of itself."""
    pinned = prefix_path(plan())
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "xnnpack.h").write_text("// one")
    (tmp_path / "CMakeLists.txt").touch()
    monkeypatch.setenv("XNNPACK_SOURCE_DIR", str(tmp_path))
    first = prefix_path(plan())
    (tmp_path / "include" / "xnnpack.h").write_text("// two")
    assert len({pinned, first, prefix_path(plan())}) == 3


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"XNNPACK_SOURCE_DIR": "/nonexistent"}, "no include/xnnpack.h"),
        ({"XNNPACK_ROOT": "/nonexistent"}, "not a prefix of XNNPACK"),
        ({"CC": "no-such-compiler", "CXX": "no-such-compiler++"}, "'no-such-compiler' cannot be run"),
        ({}, "not built yet"),
    ],
)
def test_cmake_gets_one_clear_reason(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], expected: str
) -> None:
    """`--print-root` fails with the reason on stderr, nothing on stdout, and no traceback."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    run = subprocess.run(
        [sys.executable, SCRIPT, "--print-root"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stdout == ""
    assert expected in run.stderr
    assert "Traceback" not in run.stderr
