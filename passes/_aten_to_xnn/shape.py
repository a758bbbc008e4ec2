"""Ops that move numbers: views, permutations, slices, concatenation, padding, copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, tensor_type
from xnnir.passes._aten_to_xnn.arguments import Refusal, axis_arg, float_arg, int_arg, int_list, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, is_float

_ALL = 2**62
"""An end of a slice from here on means the end of the dimension; exporters write the largest int64."""


def _operand(op: AtenOp, to: Conversion, name: str = "self") -> SSAValue:
    x = to.operand(tensor_arg(op, name))
    if not is_float(element_type_of(x)):
        raise Refusal(f"XNNPACK computes in float32 and float16, got {element_type_of(x)}")
    return x


def view(op: AtenOp, to: Conversion) -> SSAValue:
    """All that keep elements in row-major order: the type of the result says what shape."""
    return to.reshape(_operand(op, to), dims_of(tensor_type_of(op.results[0])))


def permute(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    rank = len(shape_of(x))
    return to.transpose(x, [axis % rank for axis in int_list(op, "dims", rank)])


def transpose(op: AtenOp, to: Conversion) -> SSAValue:
    """`transpose.int` and `swapaxes`."""
    x = _operand(op, to)
    rank = len(shape_of(x))
    names = ("dim0", "dim1") if "dim0" in op.schema.positions else ("axis0", "axis1")
    return _swapped(to, x, *(axis_arg(op, name, rank) for name in names))


def transpose_matrix(op: AtenOp, to: Conversion) -> SSAValue:
    """`t`, `mT` and `numpy_T`."""
    x = _operand(op, to)
    rank = len(shape_of(x))
    if rank < 2:
        return x
    if op.name == "aten.numpy_T":
        return to.transpose(x, list(reversed(range(rank))))
    return _swapped(to, x, rank - 2, rank - 1)


def _swapped(to: Conversion, x: SSAValue, a: int, b: int) -> SSAValue:
    perm = list(range(len(shape_of(x))))
    perm[a], perm[b] = perm[b], perm[a]
    return to.transpose(x, perm)


def slice_(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    rank = len(shape_of(x))
    axis = axis_arg(op, "dim", rank)
    step, size = int_arg(op, "step"), shape_of(x)[axis]
    start = 0 if op.arg("start") is None else int_arg(op, "start")
    end = _ALL if op.arg("end") is None else int_arg(op, "end")
    if size == DYNAMIC_INDEX:
        if start == 0 and end >= _ALL and step == 1:
            return x
        raise Refusal(f"XNNPACK slices dimensions of a size known while compiling, got {x.type}")
    start, end = (min(max(place + size if place < 0 else place, 0), size) for place in (start, end))
    if step == 1:
        return to.slice(x, axis, start, max(end - start, 0))
    if size % step or start >= step or end <= size - step + start:
        raise Refusal(f"XNNPACK slices with step 1 only, got {start}:{end}:{step} of {size}")
    # One of each group of `step` elements.
    dims: list[Any] = list(dims_of(tensor_type_of(x)))
    groups = to.reshape(x, [*dims[:axis], size // step, step, *dims[axis + 1 :]])
    return to.reshape(to.slice(groups, axis + 1, start, 1), dims_of(tensor_type_of(op.results[0])))


def narrow(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    axis = axis_arg(op, "dim", len(shape_of(x)))
    return to.slice(x, axis, _place(x, axis, int_arg(op, "start")), int_arg(op, "length"))


def _place(x: SSAValue, axis: int, index: int) -> int:
    size = shape_of(x)[axis]
    if size == DYNAMIC_INDEX:
        raise Refusal(f"XNNPACK slices dimensions of a size known while compiling, got {x.type}")
    return index + size if index < 0 else index


def select(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    axis = axis_arg(op, "dim", len(shape_of(x)))
    part = to.slice(x, axis, _place(x, axis, int_arg(op, "index")), 1)
    return to.reshape(part, dims_of(tensor_type_of(op.results[0])))


def split(op: AtenOp, to: Conversion) -> list[SSAValue]:
    """Every way to split along one dimension: the types of the results say how."""
    x = _operand(op, to)
    axis = axis_arg(op, "dim", len(shape_of(x)))
    results: list[SSAValue] = []
    offset = 0
    for result in op.results:
        # The results of unbind have lost the dimension.
        is_part = len(shape_of(result)) == len(shape_of(x))
        size = shape_of(result)[axis] if is_part else 1
        if DYNAMIC_INDEX in (size, shape_of(x)[axis]):
            raise Refusal(f"XNNPACK slices dimensions of a size known while compiling, got {x.type}")
        part = x
        if result.first_use is not None:
            part = to.reshape(to.slice(x, axis, offset, size), dims_of(tensor_type_of(result)))
        results.append(part)
        offset += size
    return results


def _concatenated(to: Conversion, parts: Sequence[SSAValue], axis: int, type: Any) -> SSAValue:
    """A tree of nodes of at most five operands; the last has the type of the whole."""
    parts = list(parts)
    limit = xnn.ConcatenateOp.MAX_INPUTS
    while len(parts) > limit:
        groups = [parts[index : index + limit] for index in range(0, len(parts), limit)]
        parts = [group[0] if len(group) == 1 else _group(to, group, axis) for group in groups]
    return parts[0] if len(parts) == 1 else to.emit(xnn.ConcatenateOp(parts, type, axis=axis))


def _group(to: Conversion, parts: Sequence[SSAValue], axis: int) -> SSAValue:
    sizes = [shape_of(part)[axis] for part in parts]
    if DYNAMIC_INDEX in sizes:
        raise Refusal(f"more than {xnn.ConcatenateOp.MAX_INPUTS} tensors along a dynamic dimension")
    dims: list[Any] = list(dims_of(tensor_type_of(parts[0])))
    dims[axis] = sum(sizes)
    type = tensor_type(element_type_of(parts[0]), dims)
    return to.emit(xnn.ConcatenateOp(parts, type, axis=axis))


def concatenate(op: AtenOp, to: Conversion) -> SSAValue:
    result = op.results[0]
    tensors: tuple[SSAValue, ...] = op.arg("tensors")
    # For old models' sake PyTorch lets empty tensors of rank 1 take part.
    parts = [to.operand(part) for part in tensors if shape_of(part) != (0,)]
    return _concatenated(to, parts, axis_arg(op, "dim", len(shape_of(result))), result.type)


def stack(op: AtenOp, to: Conversion) -> SSAValue:
    result = op.results[0]
    axis = axis_arg(op, "dim", len(shape_of(result)))
    tensors: tuple[SSAValue, ...] = op.arg("tensors")
    parts: list[SSAValue] = []
    for tensor in tensors:
        dims: list[Any] = list(dims_of(tensor_type_of(tensor)))
        parts.append(to.reshape(to.operand(tensor), [*dims[:axis], 1, *dims[axis:]]))
    return _concatenated(to, parts, axis, result.type)


def constant_pad(op: AtenOp, to: Conversion) -> SSAValue:
    """`constant_pad_nd` and `pad`; negative padding cuts."""
    if "mode" in op.schema.positions and op.arg("mode") != "constant":
        raise Refusal(f"XNNPACK pads with a constant only, got mode '{op.arg('mode')}'")
    x = _operand(op, to)
    rank = len(shape_of(x))
    amounts: Any = op.arg("pad")
    if any(isinstance(amount, SSAValue) for amount in amounts):
        raise Refusal("pad is computed while the model runs")
    # Pairs from the innermost dimension outwards.
    outer = rank - len(amounts) // 2
    before = [0] * outer + [int(amount) for amount in reversed(amounts[0::2])]
    after = [0] * outer + [int(amount) for amount in reversed(amounts[1::2])]
    for axis, (a, b) in enumerate(zip(before, after, strict=True)):
        if a < 0 or b < 0:
            cut = max(-a, 0) + max(-b, 0)
            x = to.slice(x, axis, _place(x, axis, max(-a, 0)), shape_of(x)[axis] - cut)
    return to.pad(x, [max(a, 0) for a in before], [max(b, 0) for b in after], float_arg(op, "value", 0.0))


def expand(op: AtenOp, to: Conversion) -> SSAValue:
    """A broadcast that only adds dimensions of size 1; nodes that broadcast do so by themselves."""
    x, result = _operand(op, to), op.results[0]
    rank = len(shape_of(result))
    padded = (1,) * (rank - len(shape_of(x))) + shape_of(x)
    if padded != shape_of(result):
        raise Refusal(f"XNNPACK has no broadcast, here from {x.type} to {result.type}")
    return to.reshape(x, dims_of(tensor_type_of(result)))


def repeat(op: AtenOp, to: Conversion) -> SSAValue:
    """A few copies side by side, by concatenation."""
    x, result = _operand(op, to), op.results[0]
    repeats: Any = op.arg("repeats" if "repeats" in op.schema.positions else "dims")
    if any(isinstance(count, SSAValue) for count in repeats):
        raise Refusal("repeats is computed while the model runs")
    rank = len(shape_of(result))
    repeats = (1,) * (rank - len(repeats)) + tuple(repeats)
    x = to.reshape(x, [*(1,) * (rank - len(shape_of(x))), *dims_of(tensor_type_of(x))])
    for axis in reversed(range(rank)):
        x = repeated(to, x, axis, repeats[axis])
    return x


def repeated(to: Conversion, x: SSAValue, axis: int, count: int) -> SSAValue:
    """`count` copies of `x` side by side."""
    if count == 1:
        return x
    if not 2 <= count <= 25:
        raise Refusal(f"expected 1 to 25 copies in each dimension, got {count}")
    dims: list[Any] = list(dims_of(tensor_type_of(x)))
    dims[axis] = _place(x, axis, shape_of(x)[axis]) * count
    return _concatenated(to, [x] * count, axis, tensor_type(element_type_of(x), dims))


def convert(op: AtenOp, to: Conversion) -> SSAValue:
    """Copies: nothing, or a change between float types."""
    x, result = _operand(op, to), op.results[0]
    if element_type_of(x) == element_type_of(result):
        return x
    return to.emit(xnn.ConvertOp(x, result.type))


def dropout(op: AtenOp, to: Conversion) -> SSAValue:
    if op.arg("train" if "train" in op.schema.positions else "training"):
        raise Refusal("a dropout in training mode draws random numbers")
    return _operand(op, to, "input")


def _shuffled(op: AtenOp, to: Conversion, x: SSAValue, split: Sequence[Any], perm: Sequence[int]) -> SSAValue:
    parts = to.transpose(to.reshape(x, split), perm)
    return to.reshape(parts, dims_of(tensor_type_of(op.results[0])))


def pixel_shuffle(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    if len(shape_of(x)) != 4:
        raise Refusal(f"expected a tensor of rank 4, got {x.type}")
    n, _, h, w = dims_of(tensor_type_of(x))
    factor, channels = int_arg(op, "upscale_factor"), dims_of(tensor_type_of(op.results[0]))[1]
    return _shuffled(op, to, x, [n, channels, factor, factor, h, w], (0, 1, 4, 2, 5, 3))


def pixel_unshuffle(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    if len(shape_of(x)) != 4:
        raise Refusal(f"expected a tensor of rank 4, got {x.type}")
    n, channels, _, _ = dims_of(tensor_type_of(x))
    factor = int_arg(op, "downscale_factor")
    _, _, h, w = dims_of(tensor_type_of(op.results[0]))
    return _shuffled(op, to, x, [n, channels, h, factor, w, factor], (0, 1, 3, 5, 2, 4))


def channel_shuffle(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    groups, channels = int_arg(op, "groups"), shape_of(x)[1]
    n, _, *rest = dims_of(tensor_type_of(x))
    perm = (0, 2, 1, *range(3, 3 + len(rest)))
    return _shuffled(op, to, x, [n, groups, channels // groups, *rest], perm)


CONVERTERS: dict[str, Converter] = {
    **dict.fromkeys(
        (
            "_reshape_alias",
            "_unsafe_view",
            "flatten.using_ints",
            "reshape",
            "squeeze",
            "squeeze.dim",
            "squeeze.dims",
            "unflatten.int",
            "unsqueeze",
            "view",
            "view_as",
            "view_copy",
        ),
        view,
    ),
    **dict.fromkeys(
        ("chunk", "split", "split.Tensor", "split.sizes", "split_with_sizes", "unbind.int"), split
    ),
    **dict.fromkeys(
        (
            "_to_copy",
            "alias",
            "clone",
            "contiguous",
            "detach",
            "lift_fresh",
            "to.device",
            "to.dtype",
            "to.dtype_layout",
            "type_as",
        ),
        convert,
    ),
    **dict.fromkeys(("alpha_dropout", "dropout", "feature_dropout"), dropout),
    **dict.fromkeys(("cat", "concat", "concatenate"), concatenate),
    **dict.fromkeys(("constant_pad_nd", "pad"), constant_pad),
    **dict.fromkeys(("mT", "numpy_T", "t"), transpose_matrix),
    **dict.fromkeys(("permute", "permute_copy"), permute),
    **dict.fromkeys(("repeat", "tile"), repeat),
    **dict.fromkeys(("swapaxes", "transpose.int"), transpose),
    **dict.fromkeys(("slice.Tensor", "slice_copy.Tensor"), slice_),
    "channel_shuffle": channel_shuffle,
    "expand": expand,
    "narrow": narrow,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "select.int": select,
    "stack": stack,
}
"""By the name of the op, without `aten.`"""
