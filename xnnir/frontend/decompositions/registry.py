"""Where the modules of this package put their decompositions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

DECOMPOSITIONS: dict[Any, Callable[..., Any]] = {}
"""By overload."""

Decomposition = TypeVar("Decomposition", bound=Callable[..., Any])


def decomposes(*overloads: Any) -> Callable[[Decomposition], Decomposition]:
    """Decorator: the function takes the place of calls of these overloads."""

    def register(decomposition: Decomposition) -> Decomposition:
        DECOMPOSITIONS.update(dict.fromkeys(overloads, decomposition))
        return decomposition

    return register
