"""
What kernels of ExecuTorch's runtime refuse when they run, though PyTorch's operators do it. Such a call counts as one
without a kernel while compiling, so that it is written in another way, or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects.builtin import i64

from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of


def stock_can_run(op: AtenOp) -> bool:
    """Whether ExecuTorch's kernel for `op` takes these arguments."""
    limit = _LIMITS.get(op.name.removeprefix("aten."))
    return limit is None or limit(op)


def _has_dimensions(op: AtenOp) -> bool:
    return bool(shape_of(op.operands[0]))


def _is_over_planes(op: AtenOp) -> bool:
    return len(shape_of(op.arg("weight"))) < 5


def _has_int64_index(op: AtenOp) -> bool:
    return element_type_of(op.arg("index")) == i64


def _has_equal_shapes(op: AtenOp) -> bool:
    return len({shape_of(operand) for operand in op.operands}) == 1


_LIMITS: Mapping[str, Callable[[AtenOp], bool]] = {
    "convolution": _is_over_planes,
    "cumsum": _has_dimensions,
    "gather": _has_int64_index,
    "masked_select": _has_equal_shapes,
    "scatter.src": _has_int64_index,
    "scatter.value": _has_int64_index,
    "scatter_add": _has_int64_index,
}
"""By the overload: whether a call can run."""
