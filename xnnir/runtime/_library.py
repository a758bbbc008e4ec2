"""The compiled module, imported when it is first needed: passes and tools work without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from xnnir.runtime import _C


class Library(Protocol):
    """What the compiled module has."""

    Program: type[_C.Program]

    def registered_backend_names(self) -> list[str]: ...
    def is_backend_available(self, id: str) -> bool: ...
    def operator_names(self) -> list[str]: ...
    def default_thread_count(self) -> int: ...


def library() -> Library:
    """The module `xnnir.runtime._C`. ImportError says how to build it."""
    try:
        from xnnir.runtime import _C
    except ImportError as error:
        if error.name not in ("xnnir.runtime", "xnnir.runtime._C"):
            raise
        raise ImportError(
            "xnnir.runtime._C, the compiled runtime, is missing; build it with `make setup`, or "
            "`cmake -S . -B build -G Ninja && cmake --build build --target _C`"
        ) from error
    return _C
