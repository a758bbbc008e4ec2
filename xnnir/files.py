"""Writing files so that an interruption, or an error, leaves what was there before."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import get_native_id
from typing import IO


@contextmanager
def replacing(path: Path) -> Generator[IO[bytes]]:
    """
    A binary file to write, which takes the place of `path` in one step when the block ends without an error.

    What has the old file open or mapped keeps it as it was. Raises `OSError` that names `path`.
    """
    if not path.name or path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    # A link stays a link, and a device or a pipe cannot be replaced.
    target = path.resolve() if path.is_symlink() else path
    in_place = target.exists() and not target.is_file()
    partial = target if in_place else target.with_name(f".{os.getpid()}-{get_native_id()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        if not in_place:
            partial.replace(target)
    except OSError as error:
        # A full disk names no file, and what is written in between is nothing that the caller knows.
        if error.filename in (None, str(partial)):
            raise type(error)(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        if not in_place:
            partial.unlink(missing_ok=True)


def format_bytes(count: int) -> str:
    """`14.1 MB`: powers of a thousand."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"
