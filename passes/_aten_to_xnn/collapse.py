"""
Nodes on tensors of more dimensions than XNNPACK has, by making neighbouring dimensions one.

Row-major order makes that a reshape, which costs nothing. Reshapes to and from the many dimensions stay around the
node; where two such nodes meet they cancel, and those that are left are views on the host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from xdsl.ir import Operation, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import XnnOp, element_type_of, i64_array, ints, shape_of, tensor_type_of
from xnnir.dialects.xnn.binary_ops import BinaryOp
from xnnir.dialects.xnn.dims import DimAttr, dims_of, static_dim, tensor_type
from xnnir.dialects.xnn.support import MAX_TENSOR_DIMS
from xnnir.dialects.xnn.unary_ops import UnaryOp
from xnnir.passes._aten_to_xnn.arguments import Refusal
from xnnir.passes._aten_to_xnn.sizes import product_dim

if TYPE_CHECKING:
    from xnnir.passes._aten_to_xnn.conversion import Conversion

Groups: TypeAlias = "list[list[int]]"
"""Neighbouring dimensions that become one, from the outermost to the innermost."""


def has_too_many_dims(node: XnnOp) -> bool:
    """Whether XNNPACK has no tensors of the rank of an operand or a result."""
    return any(len(shape_of(value)) > MAX_TENSOR_DIMS for value in (*node.operands, *node.results))


def collapse(to: Conversion, node: XnnOp) -> SSAValue:
    """
    Emit `node`, which is not in the block, on tensors of fewer dimensions.

    Raises `Refusal` when its dimensions cannot be made few enough.
    """
    try:
        small = _collapsed(to, node)
        dims = dims_of(tensor_type_of(node.results[0]))
    finally:
        node.erase()
    return to.reshape(to.emit(small), dims)


def _collapsed(to: Conversion, node: XnnOp) -> XnnOp:
    rule = next((rule for type, rule in _RULES.items() if isinstance(node, type)), None)
    if rule is None:
        raise Refusal(
            f"XNNPACK takes tensors of at most {MAX_TENSOR_DIMS} dimensions, "
            f"got {max(len(shape_of(value)) for value in (*node.operands, *node.results))}"
        )
    operands, results, properties = rule(to, node)
    if len(results) > MAX_TENSOR_DIMS:
        raise Refusal(
            f"XNNPACK takes tensors of at most {MAX_TENSOR_DIMS} dimensions, got {len(results)} "
            "after neighbouring ones became one"
        )
    type = tensor_type(element_type_of(node.results[0]), results)
    return node.__class__.create(
        operands=operands, result_types=[type], properties={**node.properties, **properties}
    )


Collapsed: TypeAlias = "tuple[list[SSAValue], list[DimAttr], dict[str, Any]]"
"""The operands of the smaller node, the dimensions of its result, and the properties that change."""


def _merged(dims: Sequence[DimAttr], groups: Groups) -> list[DimAttr]:
    return [product_dim([dims[axis] for axis in group]) for group in groups]


def _merge(to: Conversion, value: SSAValue, groups: Groups) -> SSAValue:
    return to.reshape(value, _merged(dims_of(tensor_type_of(value)), groups))


def _runs(kinds: Sequence[object]) -> Groups:
    """Neighbours of one kind."""
    groups: Groups = []
    for axis, kind in enumerate(kinds):
        if axis and kind == kinds[axis - 1]:
            groups[-1].append(axis)
        else:
            groups.append([axis])
    return groups


def _unary(to: Conversion, node: Any) -> Collapsed:
    rank = len(shape_of(node.operands[0]))
    leading = [list(range(rank - MAX_TENSOR_DIMS + 1)), *([axis] for axis in range(rank - 5, rank))]
    input = _merge(to, node.operands[0], leading)
    return [input], list(dims_of(tensor_type_of(input))), {}


def _softmax(to: Conversion, node: Any) -> Collapsed:
    rank = len(shape_of(node.input))
    input = _merge(to, node.input, [list(range(rank - 1)), [rank - 1]])
    return [input], list(dims_of(tensor_type_of(input))), {}


def _fully_connected(to: Conversion, node: Any) -> Collapsed:
    rank = len(shape_of(node.input))
    input = _merge(to, node.input, [list(range(rank - 1)), [rank - 1]])
    out = dims_of(tensor_type_of(node.output))[-1]
    return [input, *node.operands[1:]], [dims_of(tensor_type_of(input))[0], out], {}


def _aligned(dims: Sequence[DimAttr], rank: int) -> list[DimAttr]:
    return [static_dim(1)] * (rank - len(dims)) + list(dims)


def _broadcast_groups(a: Sequence[DimAttr], b: Sequence[DimAttr]) -> Groups:
    """Neighbours that broadcast alike; where both sizes are 1 a dimension goes with any neighbour."""
    one = static_dim(1)
    kinds: list[tuple[bool, bool] | None] = [
        None if x == y == one else (x == one, y == one) for x, y in zip(a, b, strict=True)
    ]
    last: tuple[bool, bool] | None = None
    for axis, kind in enumerate(kinds):
        last = kinds[axis] = last if kind is None else kind
    return _runs(kinds)


def _binary(to: Conversion, node: Any) -> Collapsed:
    rank = max(len(shape_of(value)) for value in node.operands)
    sides = [_aligned(dims_of(tensor_type_of(value)), rank) for value in node.operands]
    groups = _broadcast_groups(*sides)
    operands = [
        to.reshape(value, _merged(dims, groups)) for value, dims in zip(node.operands, sides, strict=True)
    ]
    return operands, _merged(dims_of(tensor_type_of(node.output)), groups), {}


def _batch_matrix_multiply(to: Conversion, node: Any) -> Collapsed:
    rank = max(len(shape_of(value)) for value in node.operands)
    sides = [_aligned(dims_of(tensor_type_of(value)), rank) for value in node.operands]
    batch = _broadcast_groups(sides[0][:-2], sides[1][:-2])
    groups = [*batch, [rank - 2], [rank - 1]]
    operands = [
        to.reshape(value, _merged(dims, groups)) for value, dims in zip(node.operands, sides, strict=True)
    ]
    return operands, _merged(dims_of(tensor_type_of(node.output)), groups), {}


def _transpose(to: Conversion, node: xnn.StaticTransposeOp) -> Collapsed:
    dims, perm = dims_of(tensor_type_of(node.input)), ints(node.perm)
    # Where a dimension of size 1 stands does not matter.
    kept = [axis for axis in perm if dims[axis] != static_dim(1)]
    order = {axis: place for place, axis in enumerate(sorted(kept))}
    moved = [order[axis] for axis in kept]
    groups: Groups = []
    for axis in moved:
        if groups and groups[-1][-1] + 1 == axis:
            groups[-1].append(axis)
        else:
            groups.append([axis])
    full = [dims[axis] for axis in sorted(kept)]
    inward = sorted(groups)
    small = [inward.index(group) for group in groups]
    input = to.reshape(node.input, _merged(full, inward) or [1])
    if not small:
        small = [0]
    result = [dims_of(tensor_type_of(input))[axis] for axis in small]
    return [input], result, {"perm": i64_array(small)}


def _slice(to: Conversion, node: xnn.StaticSliceOp) -> Collapsed:
    before, after = (dims_of(tensor_type_of(value)) for value in (node.input, node.output))
    cut = [axis if a != b else -1 for axis, (a, b) in enumerate(zip(before, after, strict=True))]
    groups = _runs(cut)
    offsets = [ints(node.offsets)[group[0]] for group in groups]
    result = _merged(after, groups)
    sizes = [int(dim.expression.data) if dim.is_static else 0 for dim in result]
    input = _merge(to, node.input, groups)
    return [input], result, {"offsets": i64_array(offsets), "sizes": i64_array(sizes)}


def _pad(to: Conversion, node: xnn.StaticConstantPadOp) -> Collapsed:
    pre, post = ints(node.pre_paddings), ints(node.post_paddings)
    groups = _runs([axis if a or b else -1 for axis, (a, b) in enumerate(zip(pre, post, strict=True))])
    input = _merge(to, node.input, groups)
    amounts = {
        "pre_paddings": i64_array([pre[group[0]] for group in groups]),
        "post_paddings": i64_array([post[group[0]] for group in groups]),
    }
    return [input], _merged(dims_of(tensor_type_of(node.output)), groups), amounts


def _concatenate(to: Conversion, node: xnn.ConcatenateOp) -> Collapsed:
    axis, rank = node.axis.value.data, len(shape_of(node.output))
    groups = [list(range(axis)), [axis], list(range(axis + 1, rank))]
    operands = [_merge(to, value, groups) for value in node.inputs]
    result = _merged(dims_of(tensor_type_of(node.output)), groups)
    return operands, result, {"axis": type(node.axis)(1, node.axis.type)}


def _reduce(to: Conversion, node: xnn.StaticReduceOp) -> Collapsed:
    if node.keep_dims is None:
        raise Refusal("expected a reduction of many dimensions to keep them")
    axes = ints(node.axes)
    groups = _runs([axis in axes for axis in range(len(shape_of(node.input)))])
    reduced = [place for place, group in enumerate(groups) if group[0] in axes]
    input = _merge(to, node.input, groups)
    result = _merged(dims_of(tensor_type_of(node.output)), groups)
    return [input], result, {"axes": i64_array(reduced)}


_RULES: Mapping[type[Operation], Callable[[Conversion, Any], Collapsed]] = {
    xnn.BatchMatrixMultiplyOp: _batch_matrix_multiply,
    xnn.ConcatenateOp: _concatenate,
    xnn.FullyConnectedOp: _fully_connected,
    xnn.SoftmaxOp: _softmax,
    xnn.StaticConstantPadOp: _pad,
    xnn.StaticReduceOp: _reduce,
    xnn.StaticSliceOp: _slice,
    xnn.StaticTransposeOp: _transpose,
    BinaryOp: _binary,
    UnaryOp: _unary,
}
