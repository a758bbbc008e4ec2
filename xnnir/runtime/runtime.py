"""Where programs are loaded from, and what the runtime has to run them with."""

from __future__ import annotations

import functools
import os
import sys
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from xnnir.runtime._library import library
from xnnir.runtime.program import Program


class Verification(Enum):
    """How much of a file is checked. This runtime always checks all of it; the argument is ExecuTorch's."""

    Minimal = 0
    InternalConsistency = 1


class BackendRegistry:
    """Backends that delegates can be compiled by."""

    @property
    def registered_backend_names(self) -> list[str]:
        """Ids as programs name them: "XnnpackBackend"."""
        return library().registered_backend_names()

    def is_available(self, backend_name: str) -> bool:
        """Whether the backend is registered, and works on this machine."""
        return library().is_backend_available(backend_name)


class OperatorRegistry:
    """Kernels for what programs run outside of delegates."""

    @property
    def operator_names(self) -> set[str]:
        """Names as programs have them: "aten::view_copy.out"."""
        return set(library().operator_names())


class Runtime:
    """The entry point. Get it with `Runtime.get()`."""

    @staticmethod
    @functools.cache
    def get() -> Runtime:
        """The only instance."""
        return Runtime()

    def __init__(self) -> None:
        self.backend_registry = BackendRegistry()
        self.operator_registry = OperatorRegistry()

    def load_program(
        self,
        data: bytes | bytearray | BinaryIO | Path | str,
        *,
        verification: Verification = Verification.InternalConsistency,
        num_threads: int | None = None,
    ) -> Program:
        """
        Loads a `.pte` file from a path, or from its bytes.

        A path is mapped into memory: weights are read when a method needs them. `bytes` are used in place; the
        others are copied, as they may change. Runs use `num_threads` threads, by default one for each
        performance core of the machine.

        Raises StatusError: NOT_FOUND or ACCESS_FAILED for a file that cannot be read, INVALID_PROGRAM naming
        the field of a file that is damaged.
        """
        if not isinstance(verification, Verification):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"verification is {verification!r}, expected a Verification")
        # pyright trusts the annotations; callers may not.
        if num_threads is not None and not isinstance(num_threads, int):  # pyright: ignore
            raise TypeError(f"num_threads is {num_threads!r}, expected an int, or None for a default")
        if num_threads is not None and num_threads < 1:
            raise ValueError(f"num_threads is {num_threads}, expected 1 or more, or None for a default")
        # The library says how many there can be.
        threads = min(num_threads or 0, sys.maxsize)
        if isinstance(data, (str, Path)):
            return Program(library().Program.load_file(os.fspath(data), threads))
        if isinstance(data, (bytes, bytearray, memoryview)):
            return Program(library().Program.load_buffer(bytes(data), threads))
        if hasattr(data, "read"):
            content = data.read()
            if not isinstance(content, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(
                    f"data.read() gave a {type(content).__name__}, expected bytes: open the file as binary"
                )
            return Program(library().Program.load_buffer(content, threads))
        raise TypeError(
            f"data is a {type(data).__name__}, expected a path, bytes, bytearray or a binary file"
        )
