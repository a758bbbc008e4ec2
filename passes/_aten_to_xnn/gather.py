"""
Elements picked along a dimension by positions that are known while compiling: slices with a step, rolls, flips,
indices, padding that repeats the image. XNNPACK has no gather, but slices and concatenations do it exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import SSAValue

from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import dims_of
from xnnir.passes._aten_to_xnn.arguments import Refusal, axis_arg, float_arg, int_arg, int_list, tensor_arg
from xnnir.passes._aten_to_xnn.broadcast import interleaved
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, require_float
from xnnir.passes._aten_to_xnn.shape import concatenated, known_size

MAX_PIECES = 25
"""Pieces that a picked tensor may be put together from: two levels of concatenations."""

_ALL = 2**62
"""An end of a slice from here on means the end of the dimension; exporters write the largest int64."""


def picked(to: Conversion, x: SSAValue, axis: int, positions: Sequence[int]) -> SSAValue:
    """The slices of `x` along `axis` at `positions`, in that order. Raises `Refusal` for too many pieces."""
    size = known_size(x, axis)
    count = len(positions)
    if not count:
        raise Refusal("XNNPACK takes no empty tensors, got one of 0 slices")
    step = positions[1] - positions[0] if count > 1 else 1
    if step > 1 and list(positions) == list(range(positions[0], positions[0] + step * count, step)):
        return _every(to, x, axis, positions[0], step, count)
    if count > size and not count % size and list(positions) == [i // (count // size) for i in range(count)]:
        return interleaved(to, x, axis, count // size)
    runs: list[list[int]] = []
    for position in positions:
        if runs and sum(runs[-1]) == position:
            runs[-1][1] += 1
        else:
            runs.append([position, 1])
    if len(runs) > MAX_PIECES:
        raise Refusal(f"XNNPACK has no gather, and these positions make {len(runs)} pieces")
    return concatenated(to, [to.slice(x, axis, start, length) for start, length in runs], axis)


def _every(to: Conversion, x: SSAValue, axis: int, start: int, step: int, count: int) -> SSAValue:
    """`count` slices, `step` apart: the first of each group."""
    size = shape_of(x)[axis]
    x = to.slice(x, axis, start, min(size - start, step * count))
    missing = step * count - shape_of(x)[axis]
    rank = len(shape_of(x))
    # The last group may lack what nobody picks.
    x = to.pad(x, [0] * rank, [missing if place == axis else 0 for place in range(rank)])
    dims: list[Any] = list(dims_of(tensor_type_of(x)))
    groups = to.reshape(x, [*dims[:axis], count, step, *dims[axis + 1 :]])
    return to.reshape(to.slice(groups, axis + 1, 0, 1), [*dims[:axis], count, *dims[axis + 1 :]])


def _operand(op: AtenOp, to: Conversion) -> SSAValue:
    return require_float(to.operand(tensor_arg(op, "self")))


def slice_(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    axis = axis_arg(op, "dim", len(shape_of(x)))
    step = int_arg(op, "step")
    start = 0 if op.arg("start") is None else int_arg(op, "start")
    end = _ALL if op.arg("end") is None else int_arg(op, "end")
    if shape_of(x)[axis] == DYNAMIC_INDEX and start == 0 and end >= _ALL and step == 1:
        return x
    positions = range(known_size(x, axis))[start:end:step]
    if step == 1:
        return to.slice(x, axis, positions.start, len(positions))
    return picked(to, x, axis, positions)


def roll(op: AtenOp, to: Conversion) -> SSAValue:
    """Each dimension turned by a shift; without dimensions, all elements in row-major order."""
    x = _operand(op, to)
    dims = dims_of(tensor_type_of(x))
    shifts = int_list(op, "shifts", len(op.arg("dims")) or 1)
    if not op.arg("dims"):
        flat = to.reshape(x, [int(np.prod([known_size(x, axis) for axis in range(len(dims))]))])
        return to.reshape(_rolled(to, flat, 0, shifts[0]), dims)
    for axis, shift in zip(op.arg("dims"), shifts, strict=True):
        x = _rolled(to, x, axis % len(dims), shift)
    return x


def _rolled(to: Conversion, x: SSAValue, axis: int, shift: int) -> SSAValue:
    size = known_size(x, axis)
    return picked(to, x, axis, [(place - shift) % size for place in range(size)])


def flip(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    rank = len(shape_of(x))
    for axis in int_list(op, "dims", len(op.arg("dims"))):
        x = picked(to, x, axis % rank, range(known_size(x, axis % rank) - 1, -1, -1))
    return x


def _positions(to: Conversion, index: SSAValue, size: int) -> list[int]:
    array = to.array(index)
    if array is None:
        raise Refusal("XNNPACK has no gather, and these indices are computed while the model runs")
    if array.dtype == np.bool_:
        return [int(place) for place in np.flatnonzero(array)]
    return [int(place) % size for place in array.reshape(-1)]


def index_select(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    axis = axis_arg(op, "dim", len(shape_of(x)))
    return picked(to, x, axis, _positions(to, tensor_arg(op, "index"), known_size(x, axis)))


def index(op: AtenOp, to: Conversion) -> SSAValue:
    """`x[:, i]` with an index, of any rank, along one dimension."""
    x = _operand(op, to)
    indices: tuple[SSAValue | None, ...] = op.arg("indices")
    used = [(axis, value) for axis, value in enumerate(indices) if value is not None]
    if len(used) != 1:
        raise Refusal("XNNPACK has no gather, here along several dimensions at once")
    axis, value = used[0]
    array = to.array(value)
    if array is not None and array.dtype == np.bool_ and array.ndim > 1:
        raise Refusal("XNNPACK has no gather, here along several dimensions at once")
    part = picked(to, x, axis, _positions(to, value, known_size(x, axis)))
    return to.reshape(part, dims_of(tensor_type_of(op.results[0])))


def repeat_interleave(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    if op.arg("dim") is None:
        x = to.reshape(x, [int(np.prod([known_size(x, axis) for axis in range(len(shape_of(x)))]))])
        axis = 0
    else:
        axis = axis_arg(op, "dim", len(shape_of(x)))
    count = int_arg(op, "repeats")
    return picked(to, x, axis, [place // count for place in range(known_size(x, axis) * count)])


def _reflected(size: int, before: int, after: int) -> list[int]:
    places = range(-before, size + after)
    return [-place if place < 0 else 2 * (size - 1) - place if place >= size else place for place in places]


def _replicated(size: int, before: int, after: int) -> list[int]:
    return [min(max(place, 0), size - 1) for place in range(-before, size + after)]


def _turned(size: int, before: int, after: int) -> list[int]:
    return [place % size for place in range(-before, size + after)]


_MODES: dict[str, Callable[[int, int, int], list[int]]] = {
    "circular": _turned,
    "reflect": _reflected,
    "replicate": _replicated,
}
_MODE_OF_OP = {
    "reflection_pad1d": "reflect",
    "reflection_pad2d": "reflect",
    "replication_pad1d": "replicate",
    "replication_pad2d": "replicate",
}


def pad(op: AtenOp, to: Conversion) -> SSAValue:
    """`pad` and its like: with a number, or with the image itself."""
    name = op.name.removeprefix("aten.")
    mode = op.arg("mode") if name == "pad" else _MODE_OF_OP.get(name, "constant")
    x = _operand(op, to)
    rank = len(shape_of(x))
    amounts: Any = op.arg("pad" if "pad" in op.schema.positions else "padding")
    if any(isinstance(amount, SSAValue) for amount in amounts):
        raise Refusal("pad is computed while the model runs")
    # Pairs from the innermost dimension outwards.
    outer = rank - len(amounts) // 2
    before = [0] * outer + [int(amount) for amount in reversed(amounts[0::2])]
    after = [0] * outer + [int(amount) for amount in reversed(amounts[1::2])]
    if mode not in _MODES:
        return _constant_pad(to, x, before, after, float_arg(op, "value", 0.0))
    for axis, (a, b) in enumerate(zip(before, after, strict=True)):
        if a or b:
            size = known_size(x, axis)
            x = picked(to, x, axis, _cut(_MODES[mode](size, max(a, 0), max(b, 0)), a, b))
    return x


def _cut(positions: list[int], before: int, after: int) -> list[int]:
    return positions[max(-before, 0) : len(positions) + min(after, 0)]


def _constant_pad(
    to: Conversion, x: SSAValue, before: Sequence[int], after: Sequence[int], value: float
) -> SSAValue:
    """Negative padding cuts."""
    for axis, (a, b) in enumerate(zip(before, after, strict=True)):
        if a < 0 or b < 0:
            cut = max(-a, 0) + max(-b, 0)
            x = to.slice(x, axis, max(-a, 0), known_size(x, axis) - cut)
    return to.pad(x, [max(a, 0) for a in before], [max(b, 0) for b in after], value)


CONVERTERS: dict[str, Converter] = {
    **dict.fromkeys(("constant_pad_nd", "pad"), pad),
    **dict.fromkeys(("reflection_pad1d", "reflection_pad2d"), pad),
    **dict.fromkeys(("replication_pad1d", "replication_pad2d"), pad),
    **dict.fromkeys(("slice.Tensor", "slice_copy.Tensor"), slice_),
    "flip": flip,
    "index.Tensor": index,
    "index_select": index_select,
    "repeat_interleave.self_int": repeat_interleave,
    "roll": roll,
}
"""By the name of the op, without `aten.`"""
