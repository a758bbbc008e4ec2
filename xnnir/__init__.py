"""
xnnir takes a PyTorch model to a small file and runs it fast on any CPU that XNNPACK knows.

    program = xnnir.compile(model, (example_input,))
    program.save("model.pte")

    from xnnir.runtime import Runtime
    outputs = Runtime.get().load_program("model.pte").load_method("forward").execute([x])

Importing the package loads neither torch nor the C++ runtime; the names below do when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
    from xnnir.program import (
        EdgeProgramManager,
        ExecutorchProgramManager,
        compile,
        to_edge,
        to_edge_transform_and_lower,
    )

__version__ = "0.1.0"

__all__ = [
    "EdgeProgramManager",
    "ExecutorchProgramManager",
    "XnnpackPartitioner",
    "compile",
    "to_edge",
    "to_edge_transform_and_lower",
]

_MODULES = {"XnnpackPartitioner": "xnnir.partition.xnnpack_partitioner"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'xnnir' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES.get(name, "xnnir.program")), name)
