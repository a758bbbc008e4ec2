"""A loaded method."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from xnnir.runtime import _C


@runtime_checkable
class SupportsDLPack(Protocol):
    """An array that can be taken without copying: torch tensors are, NumPy arrays too."""

    def __dlpack__(self) -> Any: ...

    def __dlpack_device__(self) -> tuple[int, int]: ...


class Method:
    """
    A method of a program, with its delegates compiled and its memory planned.

    Threads may share it: their calls take turns. Load the method twice to have them run at the same time.
    """

    def __init__(self, method: _C.Method) -> None:
        self._method = method

    @property
    def metadata(self) -> _C.MethodMeta:
        """Inputs and outputs: kinds, sizes (upper bounds where dynamic), dtypes, layouts."""
        return self._method.metadata()

    def execute(self, inputs: Sequence[SupportsDLPack | float | str | None]) -> list[Any]:
        """
        Runs the method and returns its outputs.

        Tensors are torch tensors, NumPy arrays, or other objects with `__dlpack__` or the buffer protocol, in
        the CPU's memory; they must not change during the call. Arrays that own their memory come back: torch
        tensors if one of the inputs was one, else NumPy arrays. Inputs that were no tensors when the method was
        exported must have the values that they had then. What the model itself writes to its inputs, the caller does
        not see.

        Raises StatusError when number, dtype, rank or shape of the inputs are not those of the method, or an
        instruction fails, and TypeError for inputs of other types.
        """
        # pyright trusts the annotation; callers may not.
        if (
            isinstance(inputs, (str, bytes, Mapping))
            or not isinstance(inputs, Iterable)  # pyright: ignore[reportUnnecessaryIsInstance]
            or hasattr(inputs, "__dlpack__")
        ):
            raise TypeError(
                f"inputs is a {type(inputs).__name__}, expected a list with one entry for each input"
            )
        # Tensors can only be given where torch has been imported.
        torch = sys.modules.get("torch")
        if torch is None:
            return [self._as_numpy(output) for output in self._method.execute(list(inputs))]
        given = cast("list[Any]", list(inputs))
        tensors = [isinstance(value, torch.Tensor) for value in given]
        if not any(tensors):
            return [self._as_numpy(output) for output in self._method.execute(given)]
        # Capsules at once: on the way through Tensor.__dlpack__ small models spend more time than in the runtime.
        dlpack = torch.utils.dlpack
        values = list(given)
        for index, (value, tensor) in enumerate(zip(given, tensors, strict=True)):
            if not tensor:
                continue
            try:
                if value.device.type != "cpu":
                    raise ValueError(f"it is on {value.device}")
                values[index] = dlpack.to_dlpack(value.detach().resolve_neg())
            except (RuntimeError, ValueError, BufferError) as error:
                # Sparse and quantised tensors, and those of other devices.
                raise TypeError(
                    f"input {index} is a tensor without dense elements in the CPU's memory: {error}"
                ) from error
        outputs = self._method.execute(values)
        return [
            dlpack.from_dlpack(output.__dlpack__()) if hasattr(output, "__dlpack__") else output
            for output in cast("list[Any]", outputs)
        ]

    async def execute_async(self, inputs: Sequence[SupportsDLPack | float | str | None]) -> list[Any]:
        """
        `execute` on another thread, so that the event loop goes on meanwhile.

        Calls for one method take turns. A run that was begun is not broken off when the task that waits for it is
        cancelled: the inputs must not change before it has ended.
        """
        import asyncio  # most users have no event loop, and this takes longer than the rest of the package

        return await asyncio.to_thread(self.execute, inputs)

    def reset(self) -> None:
        """Give the buffers of the model, which keep their numbers between calls, those that they had at first."""
        self._method.reset()

    def profile_events(self) -> list[_C.ProfileEvent]:
        """
        Timings of the last run: each instruction, behind it the nodes of its delegate.

        Empty unless the method was loaded with `profile=True`.
        """
        return self._method.profile_events()

    def profile_table(self) -> str:
        """The profile of the last run for people: time, share, bytes and place in the model, a line for each event."""
        return self._method.profile_table()

    def profile_json(self) -> str:
        """The same as JSON: a list of objects with instruction, node, name, location, ns, bytes and count."""
        return self._method.profile_json()

    def profile_trace(self) -> str:
        """When each event ran, in the JSON that chrome://tracing and ui.perfetto.dev open."""
        return self._method.profile_trace()

    @staticmethod
    def _as_numpy(output: _C.Output) -> Any:
        return np.asarray(output) if hasattr(output, "__dlpack__") else output

    def __repr__(self) -> str:
        return f"Method({self.metadata!r})"
