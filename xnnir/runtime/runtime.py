"""Where programs are loaded from, and what the runtime has to run them with."""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from xnnir.runtime._library import library
from xnnir.runtime.program import Program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xnnir.runtime import _C


class Verification(Enum):
    """How much of a file is checked. This runtime always checks all of it; the argument is ExecuTorch's."""

    Minimal = 0
    InternalConsistency = 1


class WorkspaceSharingMode(Enum):
    """Which delegates share the memory of the values inside them. Those that share it run one at a time."""

    Disabled = 0
    """Each delegate has its own."""
    PerModel = 1
    """Those of a program share it."""
    Global = 2
    """All of the process that ask for it do."""


@dataclass(frozen=True)
class FileRegion:
    """
    A part of an open file: an asset inside a package.

    It is mapped, and copied where it is not aligned to 16 bytes.
    """

    descriptor: int
    """As `file.fileno()` gives it. It can be closed when the program is loaded."""
    offset: int = 0
    size: int = 0
    """In bytes; 0 for all from `offset` on."""


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
        data: bytes | bytearray | BinaryIO | Path | str | FileRegion,
        *,
        verification: Verification = Verification.InternalConsistency,
        num_threads: int | None = None,
        data_path: DataSource | Sequence[DataSource] | None = None,
        packed_cache_path: Path | str | None = None,
        weight_cache_enabled: bool = True,
        workspace_sharing_mode: WorkspaceSharingMode = WorkspaceSharingMode.Disabled,
    ) -> Program:
        """
        Loads a `.pte` program from a path, a part of an open file, or from its bytes.

        Files are mapped into memory: weights are read when a method needs them. `bytes` are used in place; the
        others are copied, as they may change. Runs use `num_threads` threads, by default one for each
        performance core of the machine.

        `data_path` names the `.ptd` file, or several, of a program that was saved with its weights outside.

        Methods of a program share packed weights unless `weight_cache_enabled` is False. With `packed_cache_path`
        they are kept in a file: later loads map it instead of packing again, and so do other processes. It is made when
        it is not there, and made anew where it is damaged, of another version or of another CPU; whatever happens
        to it, the program loads (`Program.packed_cache_info` says what did).

        Raises StatusError: NOT_FOUND or ACCESS_FAILED for a file that cannot be read, INVALID_PROGRAM or
        INVALID_EXTERNAL_DATA naming the field of a file that is damaged.
        """
        # pyright trusts the annotations; callers may not.
        if not isinstance(verification, Verification):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"verification is {verification!r}, expected a Verification")
        if not isinstance(workspace_sharing_mode, WorkspaceSharingMode):  # pyright: ignore
            raise TypeError(
                f"workspace_sharing_mode is {workspace_sharing_mode!r}, expected a WorkspaceSharingMode"
            )
        if num_threads is not None and not isinstance(num_threads, int):  # pyright: ignore
            raise TypeError(f"num_threads is {num_threads!r}, expected an int, or None for a default")
        if num_threads is not None and num_threads < 1:
            raise ValueError(f"num_threads is {num_threads}, expected 1 or more, or None for a default")
        if packed_cache_path is not None and not isinstance(packed_cache_path, (str, Path)):  # pyright: ignore
            raise TypeError(f"packed_cache_path is a {type(packed_cache_path).__name__}, expected a path")
        if data_path is None:
            sources = []
        elif isinstance(data_path, (list, tuple)):
            sources = [_source(each, "data_path") for each in data_path]
        else:
            sources = [_source(data_path, "data_path")]
        program = library().Program.load(
            _source(data, "data"),
            sources,
            # The library says how many there can be.
            min(num_threads or 0, sys.maxsize),
            bool(weight_cache_enabled),
            "" if packed_cache_path is None else os.fspath(packed_cache_path),
            workspace_sharing_mode.value,
        )
        return Program(program)


DataSource = bytes | bytearray | BinaryIO | Path | str | FileRegion
"""Where the bytes of a file are."""


def _source(data: object, what: str) -> _C.Source:
    """`data` as the library takes it. Raises TypeError for what is none of these."""
    if isinstance(data, (str, Path)):
        return os.fspath(data)
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    if isinstance(data, memoryview):
        return data.tobytes()
    if isinstance(data, FileRegion):
        if min(data.descriptor, data.offset, data.size) < 0:
            raise ValueError(f"{what} is {data}, expected numbers of 0 or more")
        return data.descriptor, data.offset, data.size
    read = getattr(data, "read", None)
    if read is None:
        raise TypeError(
            f"{what} is a {type(data).__name__}, expected a path, bytes, bytearray, a FileRegion or a binary file"
        )
    content = read()
    if not isinstance(content, bytes):
        raise TypeError(
            f"{what}.read() gave a {type(content).__name__}, expected bytes: open the file as binary"
        )
    return content
