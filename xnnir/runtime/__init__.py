"""
Runs `.pte` programs: the Python face of the C++ runtime.

The names and arguments are those of `executorch.runtime`:

    from xnnir.runtime import Runtime

    method = Runtime.get().load_program("model.pte").load_method("forward")
    (logits,) = method.execute([image])

Inputs are torch tensors, NumPy arrays or anything else with `__dlpack__` or the buffer protocol. What is dense
in the layout that the method expects (contiguous, or channels-last where it was exported so) is used where it
lies; anything else is copied into that layout first. Torch tensors in give torch tensors out, else NumPy arrays
come back.

Nothing here imports torch, and the compiled module is imported when the first program is loaded.
"""

from xnnir.runtime.errors import MethodNotFoundError, StatusCode, StatusError
from xnnir.runtime.method import Method
from xnnir.runtime.program import BundledTestCase, Program
from xnnir.runtime.runtime import (
    BackendRegistry,
    FileRegion,
    OperatorRegistry,
    Runtime,
    Verification,
    WorkspaceSharingMode,
)

__all__ = [
    "BackendRegistry",
    "BundledTestCase",
    "FileRegion",
    "Method",
    "MethodNotFoundError",
    "OperatorRegistry",
    "Program",
    "Runtime",
    "StatusCode",
    "StatusError",
    "Verification",
    "WorkspaceSharingMode",
]
