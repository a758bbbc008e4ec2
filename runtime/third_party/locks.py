"""A lock between processes, on POSIX systems and on Windows."""

import contextlib
import sys
import time
from collections.abc import Generator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Waits until no other process is in here with the same path. The file stays."""
    with path.open("w") as file:
        if sys.platform == "win32":
            import msvcrt

            while True:
                # Gives up after ten tries of its own.
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:
                    time.sleep(1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
