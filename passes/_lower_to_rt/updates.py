"""
Writing to a part of a buffer where it lies, by `aten::index_put_`.

ExecuTorch's kernel takes one index, of rank 1, and values that have all the dimensions of the buffer; slices and single
places are brought into that form, values that broadcast are expanded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, TensorType, i32, i64
from xdsl.ir import Block, Operation, SSAValue

from xnnir.dialects import rt
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, static_dim, tensor_type, upper_bound_shape
from xnnir.passes._lower_to_rt.scalars import prim
from xnnir.passes._method_builder import MethodBuilder, Number

MakeIndex: TypeAlias = Callable[[MethodBuilder], SSAValue]


@dataclass(frozen=True)
class Update:
    """The elements `index` of the dimension `axis` become `values`."""

    axis: int
    index: MakeIndex
    """Adds what gives the slot of the places: a tensor of rank 1."""
    values: SSAValue
    dims: Sequence[DimAttr]
    """The dimensions of the values after broadcasting."""
    unsqueeze: bool = False
    """Whether the values lack the dimension `axis`."""


def find_update(op: Operation) -> Update | None:
    """The update that `op` is; None for an op that computes its result otherwise."""
    if not isinstance(op, AtenOp) or (find := _FINDERS.get(op.name)) is None:
        return None
    update = find(op)
    return update if update is not None and _can_expand(update) else None


def find_update_chain(old: SSAValue, new: SSAValue) -> list[Operation] | None:
    """
    The updates that make `new` out of `old`, the last first, if each may overwrite what it is applied to: nothing
    reads that when the update runs, or later. None where something else makes `new`, or is in the way.
    """
    chain: list[Operation] = []
    value = new
    while value is not old:
        op = value.owner
        if not isinstance(op, Operation) or find_update(op) is None:
            return None
        assert isinstance(op, AtenOp)
        value = cast(SSAValue, op.arg("self"))
        if value.type != op.results[0].type or _is_read_after(value, op):
            return None
        chain.append(op)
    block = old.owner if isinstance(old.owner, Block) else old.owner.parent
    return chain if all(op.parent is block for op in chain) else None


def _is_read_after(value: SSAValue, op: Operation) -> bool:
    """Whether something but `op` reads `value` when `op` runs, or later in its block."""
    block = op.parent
    for use in value.uses:
        user: Operation | None = use.operation
        if user is op:
            if use.index:
                return True
            continue
        while user is not None and user.parent is not block:
            user = user.parent_op()
        if user is None or op.is_before_in_block(user):
            return True
    return False


def write_update(builder: MethodBuilder, op: Operation, update: Update, buffer: SSAValue) -> None:
    """Add the calls that write to `buffer`."""
    index = update.index(builder)
    values = _expanded(builder, op, update)
    places: list[SSAValue | None] = [*update.axis * [None], index]
    where = builder.slot(rt.OptionalTensorListOp(places), op.location)
    builder.compute("aten::index_put_", [buffer, where, values, builder.bool(False)], buffer, op)


def _index_put(op: AtenOp) -> Update | None:
    indices = cast("tuple[SSAValue | None, ...]", op.arg("indices"))
    given = [(axis, index) for axis, index in enumerate(indices) if index is not None]
    if op.arg("accumulate") or len(given) != 1:
        return None
    return _indexed(op, *given[0], op.arg("values"))


def _index_copy(op: AtenOp) -> Update | None:
    return _indexed(op, _axis(op), op.arg("index"), op.arg("source"))


def _indexed(op: AtenOp, axis: int, index: SSAValue, values: SSAValue) -> Update | None:
    type = tensor_type_of(index)
    if len(type.get_shape()) != 1 or type.get_element_type() not in (i64, i32):
        return None
    return Update(axis, lambda builder: builder.lookup(index), values, _dims(op, axis, dims_of(type)[0]))


def _select_scatter(op: AtenOp) -> Update | None:
    axis, place = _axis(op), op.arg("index")

    def index(builder: MethodBuilder) -> SSAValue:
        type = TensorType(cast(IntegerType, i64), [1])
        if isinstance(place, int):
            numbers = DenseIntOrFPElementsAttr.from_list(type, [place])
            return builder.slot(rt.ConstantOp(numbers, type), op.location)
        slot = builder.slot(rt.TensorOp(type), op.location)
        args = [builder.int_list([1]), builder.lookup(place)]
        builder.call("aten::full.out", args, slot, op)
        return slot

    return Update(axis, index, op.arg("src"), _dims(op, axis, static_dim(1)), unsqueeze=True)


def _slice_scatter(op: AtenOp) -> Update | None:
    axis, step = _axis(op), op.arg("step")
    size = tensor_type_of(op.results[0]).get_shape()[axis]
    source = cast(SSAValue, op.arg("src"))
    count = dims_of(tensor_type_of(source))[axis]
    bound = upper_bound_shape(tensor_type_of(source))
    # Where the dimension is dynamic, a place counted from its end is not known.
    if size < 0 or bound is None or not isinstance(step, int):
        return None
    start = cast("int | SSAValue", op.arg("start") or 0)
    if isinstance(start, int):
        start = min(max(start + size if start < 0 else start, 0), size)

    def index(builder: MethodBuilder) -> SSAValue:
        first: Number = start if isinstance(start, int) else builder.lookup(start)
        length: Number = int(count.expression.data) if count.is_static else _size(builder, op, source, axis)
        end = _compute(builder, op, "add", _compute(builder, op, "mul", length, step), first)
        dynamism = None if count.is_static else "bound"
        slot = builder.slot(rt.TensorOp(TensorType(i64, [bound[axis]]), dynamism=dynamism), op.location)
        args = [_slot(builder, number) for number in (first, end, step)]
        builder.call("aten::arange.start_out", args, slot, op)
        return slot

    return Update(axis, index, source, _dims(op, axis, count))


_FINDERS: Mapping[str, Callable[[AtenOp], Update | None]] = {
    "aten._unsafe_index_put": _index_put,
    "aten.index_copy": _index_copy,
    "aten.index_put": _index_put,
    "aten.select_scatter": _select_scatter,
    "aten.slice_scatter": _slice_scatter,
}


def _axis(op: AtenOp) -> int:
    return cast(int, op.arg("dim")) % len(tensor_type_of(op.results[0]).get_shape())


def _dims(op: AtenOp, axis: int, count: DimAttr) -> list[DimAttr]:
    dims = list(dims_of(tensor_type_of(op.results[0])))
    dims[axis] = count
    return dims


def _source_dims(update: Update) -> list[DimAttr]:
    """The dimensions of the values, with ones for those that they lack."""
    dims = list(dims_of(tensor_type_of(update.values)))
    if update.unsqueeze:
        dims.insert(update.axis, static_dim(1))
    return [static_dim(1)] * (len(update.dims) - len(dims)) + dims


def _can_expand(update: Update) -> bool:
    """Whether the values are of the sizes wanted, or the sizes that they are to have are known."""
    return all(
        dim.is_static or dim.expression == given.expression
        for dim, given in zip(update.dims, _source_dims(update), strict=True)
    )


def _expanded(builder: MethodBuilder, op: Operation, update: Update) -> SSAValue:
    slot = builder.lookup(update.values)
    type = tensor_type_of(update.values)
    element_type = element_type_of(update.values)
    if update.unsqueeze:
        dims = list(dims_of(type))
        dims.insert(update.axis, static_dim(1))
        type = tensor_type(element_type, dims)
        slot = _made(builder, op, type, "aten::unsqueeze_copy.out", [slot, builder.int(update.axis)])
    if dims_of(type) == tuple(update.dims):
        return slot
    # -1 keeps a size; those that are not kept are known.
    size = [int(dim.expression.data) if dim.is_static else -1 for dim in update.dims]
    args = [slot, builder.int_list(size), builder.bool(False)]
    return _made(builder, op, tensor_type(element_type, update.dims), "aten::expand_copy.out", args)


def _made(
    builder: MethodBuilder, op: Operation, type: TensorType, operator: str, args: Sequence[SSAValue]
) -> SSAValue:
    shape = upper_bound_shape(type)
    assert shape is not None
    dynamism = None if type.has_static_shape() else "bound"
    out = builder.slot(
        rt.TensorOp(TensorType(type.get_element_type(), shape), dynamism=dynamism), op.location
    )
    builder.call(operator, args, out, op)
    return out


def _size(builder: MethodBuilder, op: Operation, value: SSAValue, axis: int) -> SSAValue:
    size = builder.slot(rt.IntOp(0), op.location)
    builder.compute("aten::sym_size.int", [builder.lookup(value), builder.int(axis)], size, op)
    return size


def _compute(builder: MethodBuilder, op: Operation, name: str, a: Number, b: Number) -> Number:
    if isinstance(a, int) and isinstance(b, int):
        return a * b if name == "mul" else a + b
    result = builder.slot(rt.IntOp(0), op.location)
    prim(builder, name, [_slot(builder, a), _slot(builder, b)], result, op)
    return result


def _slot(builder: MethodBuilder, number: Number) -> SSAValue:
    return builder.int(number) if isinstance(number, int) else number
