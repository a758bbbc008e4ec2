"""Ops that move numbers: views, permutations, slices, concatenation, padding, copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, static_dim, tensor_type
from xnnir.passes._aten_to_xnn.arguments import Refusal, axis_arg, int_arg, int_list, tensor_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, require_float
from xnnir.passes._aten_to_xnn.sizes import product_dim
from xnnir.passes._aten_to_xnn.spatial import from_nhwc, nhwc_type, to_nhwc


def _operand(op: AtenOp, to: Conversion, name: str = "self") -> SSAValue:
    return require_float(to.operand(tensor_arg(op, name)))


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


def move_dims(op: AtenOp, to: Conversion) -> SSAValue:
    """`movedim` and `moveaxis`: the dimensions that are not named keep their order."""
    x = _operand(op, to)
    rank = len(shape_of(x))
    count = len(op.arg("source")) if isinstance(op.arg("source"), tuple) else 1
    source, target = (
        [axis % rank for axis in int_list(op, name, count)] for name in ("source", "destination")
    )
    rest = (axis for axis in range(rank) if axis not in source)
    perm = [source[target.index(place)] if place in target else next(rest) for place in range(rank)]
    return to.transpose(x, perm)


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


def narrow(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    axis = axis_arg(op, "dim", len(shape_of(x)))
    return to.slice(x, axis, _place(x, axis, int_arg(op, "start")), int_arg(op, "length"))


def known_size(x: SSAValue, axis: int) -> int:
    """A size of `x`. Raises `Refusal` when it is only known at run time."""
    size = shape_of(x)[axis]
    if size == DYNAMIC_INDEX:
        raise Refusal(f"XNNPACK slices dimensions of a size known while compiling, got {x.type}")
    return size


def _place(x: SSAValue, axis: int, index: int) -> int:
    size = known_size(x, axis)
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


def concatenated(to: Conversion, parts: Sequence[SSAValue], axis: int, type: Any = None) -> SSAValue:
    """
    `parts` one after the other along `axis`: a tree of nodes of at most five operands.

    type:
        The type of the whole; not needed where the sizes along `axis` are known.
    """
    parts = list(parts)
    limit = xnn.ConcatenateOp.MAX_INPUTS
    while len(parts) > limit or (len(parts) > 1 and type is None):
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
    # Tensors without elements add nothing; for old models' sake PyTorch lets those of rank 1 take part as well.
    some = [part for part in tensors if 0 not in shape_of(part)]
    parts = [to.operand(part) for part in some or tensors]
    return concatenated(to, parts, axis_arg(op, "dim", len(shape_of(result))), result.type)


def stack(op: AtenOp, to: Conversion) -> SSAValue:
    result = op.results[0]
    axis = axis_arg(op, "dim", len(shape_of(result)))
    tensors: tuple[SSAValue, ...] = op.arg("tensors")
    parts: list[SSAValue] = []
    for tensor in tensors:
        dims: list[Any] = list(dims_of(tensor_type_of(tensor)))
        parts.append(to.reshape(to.operand(tensor), [*dims[:axis], 1, *dims[axis:]]))
    return concatenated(to, parts, axis, result.type)


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


def _batch(x: SSAValue, inner: int) -> DimAttr:
    """All dimensions before the `inner` last ones as one."""
    dims = dims_of(tensor_type_of(x))
    if len(dims) < inner:
        raise Refusal(f"expected a tensor of rank {inner} or more, got {x.type}")
    return product_dim(dims[: len(dims) - inner])


def pixel_shuffle(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    batch, (_, h, w) = _batch(x, 3), dims_of(tensor_type_of(x))[-3:]
    factor, channels = int_arg(op, "upscale_factor"), dims_of(tensor_type_of(op.results[0]))[-3]
    if to.target == "xnnir" and channels == static_dim(1) and len(shape_of(x)) == 4:
        # With one channel the orders of PyTorch (channel, row, column) and XNNPACK (row, column, channel) agree.
        type = nhwc_type(tensor_type_of(op.results[0]), 2)
        image = to.emit(xnn.DepthToSpace2DOp(to_nhwc(to, x), type, block_size=factor))
        return from_nhwc(to, image, op.results[0].type)
    return _shuffled(op, to, x, [batch, channels, factor, factor, h, w], (0, 1, 4, 2, 5, 3))


def pixel_unshuffle(op: AtenOp, to: Conversion) -> SSAValue:
    x = _operand(op, to)
    batch, channels = _batch(x, 3), dims_of(tensor_type_of(x))[-3]
    factor = int_arg(op, "downscale_factor")
    h, w = dims_of(tensor_type_of(op.results[0]))[-2:]
    if to.target == "xnnir" and channels == static_dim(1) and len(shape_of(x)) == 4:
        type = nhwc_type(tensor_type_of(op.results[0]), 2)
        blocks = to.emit(xnn.SpaceToDepth2DOp(to_nhwc(to, x), type, block_size=factor))
        return from_nhwc(to, blocks, op.results[0].type)
    return _shuffled(op, to, x, [batch, channels, h, factor, w, factor], (0, 1, 3, 5, 2, 4))


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
        (
            "chunk",
            "split",
            "split.Tensor",
            "split.sizes",
            "split_with_sizes",
            "tensor_split.indices",
            "tensor_split.sections",
            "unbind.int",
            "unsafe_chunk",
            "unsafe_split.Tensor",
        ),
        split,
    ),
    **dict.fromkeys(
        (
            "_to_copy",
            "alias",
            "clone",
            "contiguous",
            "detach",
            "lift_fresh",
            "positive",
            "to.device",
            "to.dtype",
            "to.dtype_layout",
            "type_as",
        ),
        convert,
    ),
    **dict.fromkeys(("alpha_dropout", "dropout", "feature_dropout"), dropout),
    **dict.fromkeys(("cat", "concat", "concatenate"), concatenate),
    **dict.fromkeys(("moveaxis.int", "moveaxis.intlist", "movedim.int", "movedim.intlist"), move_dims),
    **dict.fromkeys(("mT", "numpy_T", "t"), transpose_matrix),
    **dict.fromkeys(("permute", "permute_copy"), permute),
    **dict.fromkeys(("swapaxes", "transpose.int"), transpose),
    "channel_shuffle": channel_shuffle,
    "narrow": narrow,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "select.int": select,
    "stack": stack,
}
"""By the name of the op, without `aten.`"""
