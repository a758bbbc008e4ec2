"""What a partitioner selects by: operators (a config class each) and precisions."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from xdsl.ir import Operation

from xnnir.dialects.xnn.support import SUPPORT, Precision, precision_of_row

if TYPE_CHECKING:
    from xnnir.dialects.aten import AtenOp


class ConfigPrecisionType(Enum):
    """
    What a node computes in. The datatypes of its operands and result decide, see
    `xnnir.dialects.xnn.support.precision_of`.
    """

    FP32 = 1
    """Floats, float32 and float16; weights may be quantised."""
    STATIC_QUANT = 2
    """Integers whose scale and zero point are known when the model is compiled."""
    DYNAMIC_QUANT = 3
    """Integers whose scale is found while the model runs, row by row."""

    @property
    def precision(self) -> Precision:
        """The name that passes use."""
        return PRECISIONS[self]


PRECISIONS: dict[ConfigPrecisionType, Precision] = {
    ConfigPrecisionType.FP32: "fp32",
    ConfigPrecisionType.STATIC_QUANT: "static_quant",
    ConfigPrecisionType.DYNAMIC_QUANT: "dynamic_quant",
}


class XNNPartitionerConfig:
    """
    A selection of operators that belong together: the one that ExecuTorch's class of the same name stands for, and
    those that PyTorch decomposes into it or that the compiler turns into it.

    A config does not say what XNNPACK supports, but only what may be tried. It is used as a class, never as an
    instance.
    """

    ops: ClassVar[tuple[str, ...]] = ()
    """Operators in ATen's names without `aten.`: as exported, and as they decompose."""

    node: ClassVar[type[Operation] | None] = None
    """The node of XNNPACK that does the work; None where only a composition does."""

    @classmethod
    def selects(cls, op: AtenOp) -> bool:
        """Whether `op` may be delegated by this config."""
        return op.name.removeprefix("aten.") in cls.ops

    @classmethod
    def supported_precision_types(cls) -> list[ConfigPrecisionType]:
        """The precisions that XNNPACK has the node in, by the table of support."""
        support = SUPPORT.get(cls.node) if cls.node is not None else None
        if support is None:
            return [ConfigPrecisionType.FP32]
        found = {precision_of_row(row) for row in support.datatypes}
        return [type for type, precision in PRECISIONS.items() if precision in found]
