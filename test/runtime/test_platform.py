"""Another system needs one file of its own: no other file of the runtime asks for more than the standard library."""

import re
from pathlib import Path

import pytest

RUNTIME = Path(__file__).parents[2] / "runtime"


@pytest.mark.parametrize(
    ("headers", "file"),
    [
        (
            r"(?:sys|arpa|netinet|mach)/\S+|unistd\.h|fcntl\.h|sched\.h|pthread\.h|dlfcn\.h|dirent\.h",
            "core/platform_posix.cc",
        ),
        (r"[Ww]indows\.h|io\.h|direct\.h|process\.h|malloc\.h", "core/platform_windows.cc"),
    ],
)
def test_a_systems_headers_are_in_one_file(headers: str, file: str) -> None:
    """All that is not in the standard library comes through core/platform.h."""
    asking = {
        path.relative_to(RUNTIME).as_posix()
        for path in [*RUNTIME.rglob("*.cc"), *RUNTIME.rglob("*.h")]
        if re.search(rf"#include <({headers})>", path.read_text())
    }
    assert asking == {file}


def test_builtins_of_one_family_of_compilers_have_a_place() -> None:
    """Visual C++ has none of GCC's and clang's; the header beside which the portable form stands has all."""
    asking = {
        path.relative_to(RUNTIME).as_posix()
        for path in [*RUNTIME.rglob("*.cc"), *RUNTIME.rglob("*.h")]
        if re.search(r"__builtin_|__int128|\b__asm__\b", path.read_text())
    }
    assert asking == {"core/overflow.h"}
