"""
The kernels of the runtimes, as `kernels.txt` lists them, and which of them an op of the dialect is a call of.

    aten::add.out(Tensor self, Tensor other, *, Scalar alpha=1, Tensor(a!) out) -> Tensor(a!)  # add.Tensor

Calls of `qdq` have their whole name there: `# qdq.embedding_byte`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from xnnir.dialects.aten.schema import Schema, parse_schema

_ONLY_OURS = " [xnnir]"


@dataclass(frozen=True)
class Kernel:
    """
    operator:
        The name that programs call it by: `aten::add.out`.
    schema_text:
        The operator's schema. What a kernel computes goes to its last arguments, the out tensors.
    is_stock:
        Whether ExecuTorch's own runtime has it; this project's runtime has all.
    """

    operator: str
    schema_text: str
    is_stock: bool

    @cached_property
    def schema(self) -> Schema:
        return parse_schema(self.schema_text)


@cache
def kernels() -> Mapping[str, Kernel]:
    """
    The kernel of each overload that has one, by the overload's name: `add.Tensor`; of the calls that quantise by the
    name of the op, `qdq.quantize_per_tensor`.
    """
    found: dict[str, Kernel] = {}
    for line in (Path(__file__).parent / "kernels.txt").read_text().splitlines():
        text, _, calls = line.partition("  # ")
        kernel = Kernel(text[: text.index("(")], text, not calls.endswith(_ONLY_OURS))
        for overload in calls.removesuffix(_ONLY_OURS).split(", "):
            found[overload] = kernel
    return found


def find_kernel(op_name: str, *, only_stock: bool) -> Kernel | None:
    """The kernel that an op (`aten.add.Tensor`) is a call of, maybe only if ExecuTorch's runtime has it."""
    kernel = kernels().get(op_name.removeprefix("aten."))
    return None if kernel is not None and only_stock and not kernel.is_stock else kernel
