"""The compiled runtime. `xnnir.runtime` is the face to use."""

from collections.abc import Sequence
from typing import Any

class TensorInfo:
    """A tensor input or output."""

    def sizes(self) -> tuple[int, ...]:
        """Logical sizes; upper bounds where the shape is dynamic."""

    def dtype(self) -> int:
        """Number of the dtype, as PyTorch and the file number them: 6 is float32."""

    def dim_order(self) -> tuple[int, ...]:
        """Dimensions from outermost to innermost in memory: (0, 2, 3, 1) is channels-last."""

    def is_memory_planned(self) -> bool:
        """Whether the method has a place for it in its arenas."""

    def is_dynamic(self) -> bool:
        """Whether sizes may be smaller than `sizes()`."""

    def nbytes(self) -> int:
        """Bytes of a tensor of these sizes."""

    @property
    def dtype_name(self) -> str:
        """Name of the dtype: "float32"."""

class MethodMeta:
    """What a method takes and gives."""

    def name(self) -> str: ...
    def num_inputs(self) -> int: ...
    def num_outputs(self) -> int: ...
    def num_instructions(self) -> int: ...
    def input_tensor_meta(self, index: int) -> TensorInfo:
        """IndexError when there is no such input, TypeError when it is no tensor."""

    def output_tensor_meta(self, index: int) -> TensorInfo:
        """IndexError when there is no such output, TypeError when it is no tensor."""

    def input_kinds(self) -> list[str]:
        """For each input "tensor", "int", "bool", "double", "string" or "none"."""

    def output_kinds(self) -> list[str]:
        """As input_kinds()."""

    def backends(self) -> list[str]:
        """Backend id of each delegate."""

    def operators(self) -> list[str]:
        """Operators that run outside of the delegates."""

    def arena_sizes(self) -> list[int]:
        """Bytes of the planned arenas."""

class ProfileEvent:
    """Timing of an instruction, or of a node inside a delegate."""

    @property
    def name(self) -> str:
        """The operator, or XNNPACK's name of the node."""

    @property
    def location(self) -> str:
        """Where it stands in the user's model; empty when the file does not say."""

    @property
    def instruction(self) -> int: ...
    @property
    def node(self) -> int:
        """Index in the delegate; -1 for the instruction itself."""

    @property
    def nanoseconds(self) -> int:
        """Sum over the times that it ran in the last run of the method."""

    @property
    def bytes(self) -> int:
        """Of the tensors that it reads and writes, weights among them; 0 where that is not known."""

    @property
    def count(self) -> int:
        """How often it ran: more than once in a loop."""

class OutputTensor:
    """An output, with the buffer protocol and DLPack. The arrays made from it keep its memory."""

    def __dlpack__(
        self,
        *,
        stream: None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

Output = OutputTensor | int | bool | float | str | None

class Method:
    def execute(self, inputs: Sequence[Any]) -> list[Output]:
        """Inputs are arrays, DLPack's capsules, numbers, strings or None."""

    def metadata(self) -> MethodMeta: ...
    def reset(self) -> None: ...
    def profile_events(self) -> list[ProfileEvent]: ...
    def profile_table(self) -> str: ...
    def profile_json(self) -> str: ...
    def profile_trace(self) -> str: ...

Source = str | bytes | tuple[int, int, int]
"""A path, bytes, or descriptor, offset and size (0 for the rest) of an open file."""

class PackedCacheInfo:
    """What came of `packed_cache_path` in the loads of a program's methods until now."""

    @property
    def read(self) -> int:
        """Weights that were in the file."""

    @property
    def packed(self) -> int:
        """Weights that were packed."""

    @property
    def read_bytes(self) -> int: ...
    @property
    def packed_bytes(self) -> int: ...
    @property
    def written(self) -> bool:
        """Whether the file was written."""

    @property
    def message(self) -> str:
        """Why the file was not used, or not written; empty when nothing was wrong."""

class Program:
    @staticmethod
    def load(
        program: Source,
        data: list[Source],
        num_threads: int,
        weight_cache_enabled: bool,
        packed_cache_path: str,
        workspace_sharing_mode: int,
    ) -> Program:
        """`num_threads` 0 stands for default_thread_count(), an empty `packed_cache_path` for none."""

    def method_names(self) -> list[str]: ...
    def metadata(self, name: str) -> MethodMeta: ...
    def load_method(self, name: str, profile: bool, max_instructions: int | None) -> Method:
        """`max_instructions` None stands for the runtime's default."""
    def bundled_test_cases(self, method: str) -> list[tuple[list[Any], list[Any]]]:
        """Inputs and expected outputs of each; tensors are Output."""

    def num_threads(self) -> int: ...
    def packed_cache_info(self) -> PackedCacheInfo: ...

def registered_backend_names() -> list[str]: ...
def is_backend_available(id: str) -> bool: ...
def operator_names() -> list[str]: ...
def default_thread_count() -> int: ...
