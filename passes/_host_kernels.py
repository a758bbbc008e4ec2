"""
How ops that stay outside the delegates are called: by ExecuTorch's names and conventions for out-variants, which are
every argument of the schema, the out tensor, and the returned value once more (exir/emit of ExecuTorch).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

from xdsl.dialects.builtin import TensorType, f64, i64
from xdsl.ir import Operation, SSAValue

from xnnir.dialects import rt, xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.aten.kernels import Kernel, find_kernel
from xnnir.dialects.xnn.base import element_type_of, ints, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import upper_bound_shape
from xnnir.dialects.xnn.support import Target
from xnnir.passes._kernel_calls import call_kernel
from xnnir.passes._method_builder import MethodBuilder
from xnnir.passes._stock_limits import stock_can_run

HostKernel: TypeAlias = Callable[[MethodBuilder, Operation], None]


def _static_reshape(builder: MethodBuilder, op: Operation) -> None:
    assert isinstance(op, xnn.StaticReshapeOp)
    size = [-1 if extent < 0 else extent for extent in shape_of(op.output)]
    builder.call(
        "aten::view_copy.out",
        [builder.lookup(op.input), builder.int_list(size)],
        builder.lookup(op.output),
        op,
    )


def _static_transpose(builder: MethodBuilder, op: Operation) -> None:
    assert isinstance(op, xnn.StaticTransposeOp)
    copy_permuted(builder, builder.lookup(op.input), builder.lookup(op.output), ints(op.perm), op)


def copy_permuted(
    builder: MethodBuilder, source: SSAValue, out: SSAValue, axes: Sequence[int], op: Operation
) -> None:
    """Copy a tensor to a slot, place i in memory being axis `axes[i]` of it; the slots may have orders of their own."""
    before, after = _dim_order(source), _dim_order(out)
    # The slots have logical sizes: place i of the op's operand is dimension before[i] of the slot.
    perm = [0] * len(before)
    for place, axis in enumerate(axes):
        perm[after[place]] = before[axis]
    row_major = list(range(len(perm)))
    # permute_copy takes tensors of one order in memory, and only _to_dim_order_copy changes it.
    if before != row_major and perm != row_major:
        source = _to_dim_order(builder, source, _row_major(builder, source), op)
    if perm != row_major and after != row_major:
        permuted = _row_major(builder, out)
        builder.call("aten::permute_copy.out", [source, builder.int_list(perm)], permuted, op)
        source, perm = permuted, row_major
    if perm != row_major:
        builder.call("aten::permute_copy.out", [source, builder.int_list(perm)], out, op)
    else:
        _to_dim_order(builder, source, out, op)


def _dim_order(slot: SSAValue) -> list[int]:
    """The dimensions of a tensor, outermost in memory first."""
    assert isinstance(slot.owner, rt.TensorSlotOp)
    order = slot.owner.dim_order
    return list(range(len(shape_of(slot)))) if order is None else list(order.get_values())


def _row_major(builder: MethodBuilder, like: SSAValue) -> SSAValue:
    """A new tensor with the sizes of the slot `like`."""
    slot = like.owner
    dynamism = slot.dynamism if isinstance(slot, rt.TensorOp) else None
    return builder.slot(rt.TensorOp(like.type, dynamism=None if dynamism is None else dynamism.data))


def _to_dim_order(builder: MethodBuilder, source: SSAValue, out: SSAValue, op: Operation) -> SSAValue:
    """Copy `source` to `out`, which may lie in memory in another order."""
    order = builder.int_list(_dim_order(out))
    builder.call("dim_order_ops::_to_dim_order_copy.out", [source, builder.bool(False), order], out, op)
    return out


def _static_slice(builder: MethodBuilder, op: Operation) -> None:
    assert isinstance(op, xnn.StaticSliceOp)
    whole, part = tensor_type_of(op.input), tensor_type_of(op.output)
    cuts = [
        (axis, offset, size)
        for axis, (offset, size) in enumerate(zip(ints(op.offsets), ints(op.sizes), strict=True))
        if offset or size not in (0, whole.get_shape()[axis])
    ]
    before, after = upper_bound_shape(whole), upper_bound_shape(part)
    assert before is not None and after is not None
    source, shape = builder.lookup(op.input), list(before)
    # slice_copy cuts one dimension; several need a tensor between each two.
    for index, (axis, offset, size) in enumerate(cuts or [(0, 0, 0)]):
        shape[axis] = after[axis]
        is_last = index >= len(cuts) - 1
        out = (
            builder.lookup(op.output)
            if is_last
            else builder.slot(
                rt.TensorOp(
                    TensorType(whole.get_element_type(), shape),
                    dynamism=None if whole.has_static_shape() else "bound",
                )
            )
        )
        end = builder.int(offset + size) if size else builder.null()
        args = [source, builder.int(axis), builder.int(offset), end, builder.int(1)]
        builder.call("aten::slice_copy.Tensor_out", args, out, op)
        source = out


def _static_constant_pad(builder: MethodBuilder, op: Operation) -> None:
    assert isinstance(op, xnn.StaticConstantPadOp)
    # PyTorch lists paddings from the innermost dimension outwards.
    pairs = list(zip(ints(op.pre_paddings), ints(op.post_paddings), strict=True))[::-1]
    paddings = builder.int_list([amount for pair in pairs for amount in pair])
    args = [builder.lookup(op.input), paddings, builder.double(op.value.value.data)]
    builder.call("aten::constant_pad_nd.out", args, builder.lookup(op.output), op)


def _concatenate(builder: MethodBuilder, op: Operation) -> None:
    assert isinstance(op, xnn.ConcatenateOp)
    tensors = builder.slot(rt.TensorListOp([builder.lookup(value) for value in op.inputs]))
    args = [tensors, builder.int(op.axis.value.data)]
    builder.call("aten::cat.out", args, builder.lookup(op.output), op)


def _copy(builder: MethodBuilder, op: Operation) -> None:
    assert isinstance(op, xnn.CopyOp)
    builder.call("aten::clone.out", [builder.lookup(op.input), builder.null()], builder.lookup(op.output), op)


HOST_KERNELS: Mapping[type[Operation], HostKernel] = {
    xnn.ConcatenateOp: _concatenate,
    xnn.CopyOp: _copy,
    xnn.StaticConstantPadOp: _static_constant_pad,
    xnn.StaticReshapeOp: _static_reshape,
    xnn.StaticSliceOp: _static_slice,
    xnn.StaticTransposeOp: _static_transpose,
}
"""The ops that have a kernel, and how each is called."""


def find_host_kernel(op: Operation, target: Target) -> HostKernel | None:
    """How the kernel that runs `op` is called; None when there is none in the runtime that `target` stands for."""
    if not isinstance(op, AtenOp):
        return HOST_KERNELS.get(type(op))
    is_stock = target == "executorch"
    kernel = find_kernel(op.name, only_stock=is_stock)
    if kernel is None or (is_stock and not stock_can_run(op)):
        return None
    if is_stock and op.name.startswith("qdq."):
        return lambda builder, op: _call_with_wide_parameters(builder, cast(AtenOp, op), kernel)
    return lambda builder, op: call_kernel(builder, cast(AtenOp, op), kernel)


def _call_with_wide_parameters(builder: MethodBuilder, op: AtenOp, kernel: Kernel) -> None:
    """ExecuTorch's kernels abort where scales are not float64, or zero points not int64."""
    wide: dict[SSAValue, SSAValue] = {}
    for name, element_type in (("scale", f64), ("scales", f64), ("zero_point", i64), ("zero_points", i64)):
        argument = op.args().get(name)
        if not isinstance(argument, SSAValue):
            continue
        value = cast(SSAValue, argument)
        if element_type_of(value) != element_type:
            shape = upper_bound_shape(tensor_type_of(value))
            assert shape is not None
            dynamism = None if tensor_type_of(value).has_static_shape() else "bound"
            out = builder.slot(rt.TensorOp(TensorType(element_type, shape), dynamism=dynamism))
            args = [builder.lookup(value), builder.bool(False), builder.null()]
            builder.call("aten::_to_copy.out", args, out, op)
            wide[value] = out
    call_kernel(builder, op, kernel, wide)
