"""How a program is divided between delegates and host kernels, counted in its file: ours and ExecuTorch's alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from xnnir.context import make_context
from xnnir.dialects import rt, xnn
from xnnir.dialects.xnn.graph_ops import nodes
from xnnir.emit import read_program


@dataclass
class Coverage:
    """Counts over all methods of a program."""

    delegates: int = 0
    """Calls of delegates."""
    nodes: int = 0
    """Nodes of XNNPACK in the delegates."""
    kernels: Counter[str] = field(default_factory=Counter[str])
    """Calls of host kernels by operator; arithmetic on sizes, which costs nothing, is not counted."""

    @property
    def host_ops(self) -> int:
        """Calls of host kernels that work on tensors."""
        return self.kernels.total()


def coverage(buffer: bytes) -> Coverage:
    """Count what a `.pte` file calls. Raises `FormatError` when it cannot be read."""
    found = Coverage()
    for op in read_program(buffer, make_context()).walk():
        match op:
            case rt.DelegateCallOp():
                found.delegates += 1
            case rt.KernelCallOp() if not op.operator.data.startswith(_ARITHMETIC_ON_SIZES):
                found.kernels[op.operator.data] += 1
            case xnn.GraphOp():
                found.nodes += len(nodes(op))
            case _:
                pass
    return found


_ARITHMETIC_ON_SIZES = ("executorch_prim::", "aten::sym_", "aten::_local_scalar_dense")
