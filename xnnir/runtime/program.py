"""A loaded program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xnnir.runtime.errors import MethodNotFoundError, StatusCode, StatusError
from xnnir.runtime.method import Method

if TYPE_CHECKING:
    from xnnir.runtime import _C


@dataclass(frozen=True)
class BundledTestCase:
    """
    What a method is given, and what it should give.

    Tensors are NumPy arrays, those of bfloat16, which NumPy lacks, objects for `torch.from_dlpack`; where the method
    takes numbers, numbers.
    """

    inputs: list[Any]
    """One for each input: `method.execute(test_case.inputs)`."""
    expected_outputs: list[Any]
    """One for each output; empty when the file does not say."""


class Program:
    """A `.pte` program, or one in a `.bpte` file: checked, with its methods still to be loaded."""

    def __init__(self, program: _C.Program) -> None:
        self._program = program

    @property
    def method_names(self) -> set[str]:
        """Names of the methods; models that were exported as they are have one, "forward"."""
        return set(self._program.method_names())

    @property
    def num_threads(self) -> int:
        """Threads that runs use, the caller's among them."""
        return self._program.num_threads()

    @property
    def packed_cache_info(self) -> _C.PackedCacheInfo:
        """
        What came of `packed_cache_path` in the loads of methods until now.

        How many weights were read from the file and how many packed, whether it was written, and a message when it was
        not used or not written for some reason.
        """
        return self._program.packed_cache_info()

    def load_method(self, name: str, *, profile: bool = False, max_instructions: int | None = None) -> Method:
        """
        Compiles the method's delegates and finds its kernels. With `profile`, runs are timed op by op.

        A run fails with StatusError when it comes to more than `max_instructions` (100 million unless given), as a
        loop that never ends does.

        Raises MethodNotFoundError (a KeyError, and a StatusError) when there is no such method; StatusError
        naming the backend or all the operators that are not registered, or what is wrong with a delegate.
        """
        self._check_name(name)
        return Method(self._program.load_method(name, profile, max_instructions))

    def metadata(self, method_name: str) -> _C.MethodMeta:
        """Inputs and outputs of a method, without loading it. Raises MethodNotFoundError."""
        self._check_name(method_name)
        return self._program.metadata(method_name)

    def bundled_test_cases(self, method_name: str) -> list[BundledTestCase]:
        """
        Calls of a method that a `.bpte` file carries beside its program; none where there are none, as in a `.pte`.

        Such files are made by `executorch.devtools.BundledProgram`. Raises MethodNotFoundError.
        """
        self._check_name(method_name)
        return [
            BundledTestCase([_array(value) for value in inputs], [_array(value) for value in expected])
            for inputs, expected in self._program.bundled_test_cases(method_name)
        ]

    def _check_name(self, name: str) -> None:
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the method's name is a {type(name).__name__}, expected a str")
        try:
            self._program.metadata(name)
        except StatusError as error:
            if error.code is StatusCode.NOT_FOUND:
                raise MethodNotFoundError(error.code, str(error)) from None
            raise

    def __repr__(self) -> str:
        return f"Program(method_names={sorted(self.method_names)}, num_threads={self.num_threads})"


def _array(value: Any) -> Any:
    if not hasattr(value, "__dlpack__"):
        return value
    array: np.ndarray[Any, np.dtype[Any]] = np.asarray(value)
    return array if array.dtype.kind in "biuf" else value
