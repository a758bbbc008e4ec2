"""
What kernels of ExecuTorch's runtime refuse when they run, though PyTorch's operators do it. Such a call counts as one
without a kernel while compiling, so that it is written in another way, or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float64Type, i64

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


def _has_rows(op: AtenOp) -> bool:
    return len(shape_of(op.operands[0])) > 1


def _adds_only(op: AtenOp) -> bool:
    return not any(isinstance(amount, int) and amount < 0 for amount in op.arg("pad"))


def _is_float32_or_wider(op: AtenOp) -> bool:
    return not isinstance(element_type_of(op.operands[0]), BFloat16Type | Float16Type)


def _is_no_float64(op: AtenOp) -> bool:
    return not isinstance(element_type_of(op.results[0]), Float64Type)


_LIMITS: Mapping[str, Callable[[AtenOp], bool]] = {
    "_log_softmax": _is_no_float64,
    "constant_pad_nd": _adds_only,
    "convolution": _is_over_planes,
    "cumsum": _has_dimensions,
    "gather": _has_int64_index,
    "linear": _has_rows,
    "logit": _is_float32_or_wider,
    "masked_select": _has_equal_shapes,
    "scatter.src": _has_int64_index,
    "scatter.value": _has_int64_index,
    "scatter_add": _has_int64_index,
}
"""By the overload: whether a call can run."""
