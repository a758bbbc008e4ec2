"""
How ops that stay outside the delegates are called: by ExecuTorch's names and conventions for out-variants, which are
every argument of the schema, the out tensor, and the returned value once more (exir/emit of ExecuTorch).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation

from xnnir.dialects import rt, xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.aten.kernels import find_kernel
from xnnir.dialects.xnn.base import ints, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import upper_bound_shape
from xnnir.dialects.xnn.support import Target
from xnnir.passes._kernel_calls import call_kernel
from xnnir.passes._method_builder import MethodBuilder

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
    dims = builder.int_list(ints(op.perm))
    builder.call("aten::permute_copy.out", [builder.lookup(op.input), dims], builder.lookup(op.output), op)


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
    kernel = find_kernel(op.name, only_stock=target == "executorch")
    return None if kernel is None else lambda builder, op: call_kernel(builder, cast(AtenOp, op), kernel)
