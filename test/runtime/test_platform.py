"""Another system needs one file of its own: no other file of the runtime asks for more than the standard library."""

import re
from pathlib import Path

RUNTIME = Path(__file__).parents[2] / "runtime"


def test_posix_is_in_one_file() -> None:
    posix = re.compile(
        r"#include <((?:sys|arpa|netinet)/\S+|unistd\.h|fcntl\.h|sched\.h|pthread\.h|dlfcn\.h|dirent\.h)>"
    )
    asking = {
        path.relative_to(RUNTIME).as_posix()
        for path in [*RUNTIME.rglob("*.cc"), *RUNTIME.rglob("*.h")]
        if posix.search(path.read_text())
    }
    assert asking == {"core/platform_posix.cc"}
