"""
Reductions over any dimensions.

Delegate files of ExecuTorch know the mean and the maximum over rows and columns only, but any neighbouring dimensions
become rows by a reshape, which costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, tensor_type
from xnnir.passes._aten_to_xnn.arguments import (
    Refusal,
    axes_arg,
    axis_arg,
    float_arg,
    require_same_dtype,
    static_sizes,
    tensor_arg,
)
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter
from xnnir.passes._aten_to_xnn.pooling import global_average
from xnnir.passes._aten_to_xnn.sizes import product_dim


def _axes(op: AtenOp, x: SSAValue) -> tuple[int, ...]:
    rank = len(shape_of(x))
    return axes_arg(op, "dim", rank) if "dim" in op.schema.positions else tuple(range(rank))


def _kept_dims(x: SSAValue, axes: Sequence[int]) -> list[int | DimAttr]:
    return [1 if axis in axes else dim for axis, dim in enumerate(dims_of(tensor_type_of(x)))]


def _as_rows(to: Conversion, x: SSAValue, axes: Sequence[int]) -> SSAValue:
    """`x` as [everything before, the dimensions `axes`, 1, everything after]."""
    rank = len(shape_of(x))
    if list(axes) != list(range(axes[0], axes[-1] + 1)):
        x = to.transpose(x, [*(axis for axis in range(rank) if axis not in axes), *axes])
        axes = range(rank - len(axes), rank)
    dims = dims_of(tensor_type_of(x))
    parts = (dims[: axes[0]], dims[axes[0] : axes[-1] + 1], dims[axes[-1] + 1 :])
    before, rows, after = (product_dim(part) for part in parts)
    return to.reshape(x, [before, rows, 1, after])


def mean(to: Conversion, x: SSAValue, axes: Sequence[int]) -> SSAValue:
    """The mean over `axes`, which stay with size 1."""
    kept = _kept_dims(x, axes)
    if len(shape_of(x)) == 4 and tuple(axes) == (2, 3):
        return global_average(to, x)
    if to.target == "xnnir":
        type = tensor_type(element_type_of(x), kept)
        return to.emit(xnn.StaticReduceOp(x, type, kind="mean", axes=axes, keep_dims=True))
    rows = _as_rows(to, x, axes)
    dims = dims_of(tensor_type_of(rows))
    type = tensor_type(element_type_of(x), [dims[0], 1, 1, dims[3]])
    return to.reshape(to.emit(xnn.GlobalAveragePooling2DOp(rows, type)), kept)


def total(to: Conversion, x: SSAValue, axes: Sequence[int]) -> SSAValue:
    """The sum over `axes`, which stay with size 1."""
    if to.target == "xnnir":
        type = tensor_type(element_type_of(x), _kept_dims(x, axes))
        return to.emit(xnn.StaticReduceOp(x, type, kind="sum", axes=axes, keep_dims=True))
    count = math.prod(static_sizes(x, tuple(axes), "a sum"))
    result = mean(to, x, axes)
    return to.emit(xnn.MultiplyOp(result, to.number(count, result), result.type))


def maximum(to: Conversion, x: SSAValue, axes: Sequence[int]) -> SSAValue:
    """The maximum over `axes`, which stay with size 1."""
    sizes = static_sizes(x, tuple(axes), "a maximum")
    kept = _kept_dims(x, axes)
    if math.prod(sizes) == 1:
        return x
    if len(shape_of(x)) == 4 and tuple(axes) == (2, 3):
        channels_last = to.transpose(x, (0, 2, 3, 1))
        dims = dims_of(tensor_type_of(channels_last))
        type = tensor_type(element_type_of(x), [dims[0], 1, 1, dims[3]])
        pooled = to.emit(xnn.MaxPooling2DOp(channels_last, type, pooling=sizes, stride=sizes))
        return to.transpose(pooled, (0, 3, 1, 2))
    rows = _as_rows(to, x, axes)
    dims = dims_of(tensor_type_of(rows))
    window = (math.prod(sizes), 1)
    type = tensor_type(element_type_of(x), [dims[0], 1, 1, dims[3]])
    return to.reshape(to.emit(xnn.MaxPooling2DOp(rows, type, pooling=window, stride=window)), kept)


def _minimum(to: Conversion, x: SSAValue, axes: Sequence[int]) -> SSAValue:
    largest = maximum(to, to.emit(xnn.NegateOp(x, x.type)), axes)
    return to.emit(xnn.NegateOp(largest, largest.type))


def _squared_distance(to: Conversion, x: SSAValue, centre: SSAValue) -> SSAValue:
    if to.target == "xnnir":
        return to.emit(xnn.SquaredDifferenceOp(x, centre, x.type))
    return to.emit(xnn.SquareOp(_minus(to, x, centre), x.type))


def _variance(op: AtenOp, to: Conversion, x: SSAValue, axes: Sequence[int]) -> SSAValue:
    """The mean of squared differences, and PyTorch's correction of it."""
    if "correction" in op.schema.positions:
        correction = float_arg(op, "correction", 1.0)
    else:
        correction = 1.0 if op.arg("unbiased") else 0.0
    result = mean(to, _squared_distance(to, x, mean(to, x, axes)), axes)
    if correction == 0.0:
        return result
    count = math.prod(static_sizes(x, tuple(axes), "a variance with a correction"))
    if count <= correction:
        raise Refusal(f"expected more than {correction:g} elements in a variance, got {count}")
    return to.emit(xnn.MultiplyOp(result, to.number(count / (count - correction), result), result.type))


def _norm(op: AtenOp, to: Conversion, x: SSAValue, axes: Sequence[int]) -> SSAValue:
    """Vector norms of order 1, 2 and infinity."""
    order = float_arg(op, "ord" if "ord" in op.schema.positions else "p", 2.0)
    if order == 2.0:
        squares = total(to, to.emit(xnn.SquareOp(x, x.type)), axes)
        return to.emit(xnn.SquareRootOp(squares, squares.type))
    magnitudes = to.emit(xnn.AbsOp(x, x.type))
    if order == 1.0:
        return total(to, magnitudes, axes)
    if order == math.inf:
        return maximum(to, magnitudes, axes)
    raise Refusal(f"XNNPACK has norms of order 1, 2 and infinity, got {order:g}")


def _reduced(op: AtenOp, to: Conversion, x: SSAValue, axes: tuple[int, ...]) -> list[SSAValue]:
    match op.name.split(".")[1]:
        case "mean":
            return [mean(to, x, axes)]
        case "sum":
            return [total(to, x, axes)]
        case "amax" | "max":
            return [maximum(to, x, axes)]
        case "amin" | "min":
            return [_minimum(to, x, axes)]
        case "linalg_vector_norm" | "norm":
            return [_norm(op, to, x, axes)]
        case "logsumexp":
            largest = maximum(to, x, axes)
            return [
                to.emit(xnn.AddOp(_log_of_total(to, _minus(to, x, largest), axes), largest, largest.type))
            ]
        case "std":
            return [_root(to, _variance(op, to, x, axes))]
        case "std_mean":
            return [_root(to, _variance(op, to, x, axes)), mean(to, x, axes)]
        case "var_mean":
            return [_variance(op, to, x, axes), mean(to, x, axes)]
        case _:
            return [_variance(op, to, x, axes)]


def _root(to: Conversion, x: SSAValue) -> SSAValue:
    return to.emit(xnn.SquareRootOp(x, x.type))


def _minus(to: Conversion, a: SSAValue, b: SSAValue) -> SSAValue:
    return to.emit(xnn.SubtractOp(a, b, a.type))


def _log_of_total(to: Conversion, x: SSAValue, axes: Sequence[int]) -> SSAValue:
    """Log(sum(exp(x)))"""
    sums = total(to, to.emit(xnn.ExpOp(x, x.type)), axes)
    return to.emit(xnn.LogOp(sums, sums.type))


def _reduction(op: AtenOp, to: Conversion) -> list[SSAValue]:
    x = to.operand(tensor_arg(op, "self"))
    require_same_dtype(op, x)
    axes = _axes(op, x)
    is_plain = op.name.split(".")[1] in ("mean", "sum", "amax", "max", "amin", "min")
    if not axes and is_plain:
        return [x]
    if not axes:
        raise Refusal("expected a tensor with dimensions, got a number")
    results: list[SSAValue] = []
    for value, result in zip(_reduced(op, to, x, axes), op.results, strict=False):
        # The result's own type says whether the dimensions stay; with one dynamic size a reshape works it out.
        dims = dims_of(tensor_type_of(result))
        if shape_of(result).count(DYNAMIC_INDEX) > 1 and len(dims) != len(shape_of(x)):
            raise Refusal(f"expected at most one dynamic size in the result, got {result.type}")
        results.append(to.reshape(value, dims))
    return results


def log_softmax(op: AtenOp, to: Conversion) -> SSAValue:
    """X - max - log(sum(exp(x - max))), which stays finite where the softmax is zero in floats"""
    x = to.operand(tensor_arg(op, "self"))
    require_same_dtype(op, x)
    axes = (axis_arg(op, "dim", len(shape_of(x))),)
    shifted = _minus(to, x, maximum(to, x, axes))
    return _minus(to, shifted, _log_of_total(to, shifted, axes))


_REDUCTIONS = dict.fromkeys(
    (
        "amax",
        "amin",
        "linalg_vector_norm",
        "logsumexp",
        "max",
        "max.dim",
        "mean",
        "mean.dim",
        "min",
        "min.dim",
        "norm.ScalarOpt_dim",
        "std",
        "std.correction",
        "std.dim",
        "std_mean.correction",
        "std_mean.dim",
        "sum",
        "sum.dim_IntList",
        "var",
        "var.correction",
        "var.dim",
        "var_mean.correction",
        "var_mean.dim",
    ),
    _reduction,
)

CONVERTERS: dict[str, Converter] = {
    **_REDUCTIONS,
    "_log_softmax": log_softmax,
    "log_softmax.int": log_softmax,
}
"""By the name of the op, without `aten.`"""
