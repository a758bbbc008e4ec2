"""How single nodes simplify: to a value that is there already, to a constant, or in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from xdsl.dialects.builtin import Float16Type, Float32Type
from xdsl.ir import Attribute, Operation, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.weights import Array, WeightStore, numpy_dtype
from xnnir.dialects.xnn.base import element_type_of, i64_array, ints, shape_of, tensor_type_of
from xnnir.dialects.xnn.types import PerChannelType, QBInt4Type
from xnnir.passes._constants import array_of, constant_like, permuted_constant
from xnnir.passes._layout.cost import Conversion, conversion
from xnnir.passes._layout.perms import compose, identity, is_packed

Simplify: TypeAlias = "Callable[[Simplifier, Operation], SSAValue | None]"


class Simplifier:
    """Each method looks at one kind of op and returns the value to use in place of its result, or None."""

    def __init__(self, store: WeightStore):
        self.store = store

    def transpose(self, op: Operation) -> SSAValue | None:
        assert isinstance(op, xnn.StaticTransposeOp)
        perm = ints(op.perm)
        if isinstance(before := op.input.owner, xnn.StaticTransposeOp):
            perm = compose(ints(before.perm), perm)
            op.operands[0] = before.input
            op.properties["perm"] = i64_array(perm)
        if perm == identity(len(perm)):
            return op.input
        if isinstance(constant := op.input.owner, xnn.ConstantOp):
            if is_packed(element_type_of(op.input)):
                return None
            return self._insert(permuted_constant(constant, perm, self.store), op)
        match conversion(tensor_type_of(op.input), identity(len(perm)), perm):
            case Conversion.NOTHING:
                return op.input
            case Conversion.RESHAPE:
                reshape = xnn.StaticReshapeOp(op.input, op.output.type)
                _place(reshape, op)
                return self.reshape(reshape) or reshape.output
            case _:
                return None

    def reshape(self, op: Operation) -> SSAValue | None:
        assert isinstance(op, xnn.StaticReshapeOp)
        while isinstance(before := op.input.owner, xnn.StaticReshapeOp):
            op.operands[0] = before.input
        if op.input.type == op.output.type:
            return op.input
        # The scales of these lie along one axis, or the elements in pairs.
        if isinstance(element_type_of(op.input), PerChannelType | QBInt4Type):
            return None
        return self._fold(op, lambda array: array.reshape(shape_of(op.output)))

    def slice(self, op: Operation) -> SSAValue | None:
        assert isinstance(op, xnn.StaticSliceOp)
        if op.input.type == op.output.type and not any(ints(op.offsets)):
            return op.input
        if isinstance(before := op.input.owner, xnn.StaticSliceOp):
            offsets, sizes = ints(op.offsets), ints(op.sizes)
            first_offsets, first_sizes = ints(before.offsets), ints(before.sizes)
            op.operands[0] = before.input
            op.properties["offsets"] = i64_array([a + b for a, b in zip(first_offsets, offsets, strict=True)])
            op.properties["sizes"] = i64_array(
                [
                    size or (whole - offset if whole else 0)
                    for size, whole, offset in zip(sizes, first_sizes, offsets, strict=True)
                ]
            )
        if isinstance(element_type_of(op.input), PerChannelType | QBInt4Type):
            return None
        cuts = tuple(
            np.s_[offset : offset + size if size else None]
            for offset, size in zip(ints(op.offsets), ints(op.sizes), strict=True)
        )
        return self._fold(op, lambda array: array[cuts])

    def pad(self, op: Operation) -> SSAValue | None:
        assert isinstance(op, xnn.StaticConstantPadOp)
        amounts = list(zip(ints(op.pre_paddings), ints(op.post_paddings), strict=True))
        if not any(before or after for before, after in amounts):
            return op.input
        if not isinstance(element_type_of(op.input), Float32Type | Float16Type):
            return None
        value = op.value.value.data
        return self._fold(op, lambda array: np.pad(array, amounts, constant_values=value))

    def concatenate(self, op: Operation) -> SSAValue | None:
        assert isinstance(op, xnn.ConcatenateOp)
        axis = op.axis.value.data
        inputs: list[SSAValue] = []
        for index, value in enumerate(op.inputs):
            inner = value.owner
            # One that is read elsewhere too is made anyway.
            left = len(op.inputs) - index - 1
            if (
                isinstance(inner, xnn.ConcatenateOp)
                and inner.axis == op.axis
                and value.has_one_use()
                and len(inputs) + len(inner.inputs) + left <= xnn.ConcatenateOp.MAX_INPUTS
            ):
                inputs += inner.inputs
            else:
                inputs.append(value)
        if len(inputs) > len(op.inputs):
            op.operands = inputs
        constants = [value.owner for value in inputs if isinstance(value.owner, xnn.ConstantOp)]
        if len(constants) < len(inputs) or isinstance(
            element_type_of(op.output), PerChannelType | QBInt4Type
        ):
            return None
        array = np.concatenate([array_of(constant, self.store) for constant in constants], axis)
        return self._insert(constant_like(constants[0], array, tensor_type_of(op.output), self.store), op)

    def same_type(self, op: Operation) -> SSAValue | None:
        """Ops that do nothing when the type stays: copy, and resizing to the same size."""
        return op.operands[0] if op.operands[0].type == op.results[0].type else None

    def convert(self, op: Operation) -> SSAValue | None:
        assert isinstance(op, xnn.ConvertOp)
        if op.input.type == op.output.type:
            return op.input
        types = (element_type_of(op.input), element_type_of(op.output))
        if not all(isinstance(type, Float32Type | Float16Type) for type in types):
            return None
        dtype = numpy_dtype(types[1])
        with np.errstate(over="ignore"):
            return self._fold(op, lambda array: array.astype(dtype), element_type=types[1])

    def clamp(self, op: Operation) -> SSAValue | None:
        assert isinstance(op, xnn.ClampOp)
        unbounded = op.output_min is None and op.output_max is None
        return self.same_type(op) if unbounded else None

    def global_pool(self, op: Operation) -> SSAValue | None:
        assert isinstance(op, xnn.GlobalAveragePooling2DOp)
        unbounded = op.output_min is None and op.output_max is None
        return op.input if unbounded and op.input.type == op.output.type else None

    def reduce(self, op: Operation) -> SSAValue | None:
        """The sum or mean of one number is that number."""
        assert isinstance(op, xnn.StaticReduceOp)
        shape = shape_of(op.input)
        if element_type_of(op.input) != element_type_of(op.output) or any(
            shape[axis] != 1 for axis in ints(op.axes)
        ):
            return None
        if op.input.type == op.output.type:
            return op.input
        if sum(size < 0 for size in shape) > 1:
            return None
        reshape = xnn.StaticReshapeOp(op.input, op.output.type)
        _place(reshape, op)
        return self.reshape(reshape) or reshape.output

    def _fold(
        self, op: Operation, compute: Callable[[Array], Array], element_type: Attribute | None = None
    ) -> SSAValue | None:
        """
        The result of `op` as a constant, if its operand is one. A new `element_type` is for the text as
        well.
        """
        constant = op.operands[0].owner
        if not isinstance(constant, xnn.ConstantOp):
            return None
        array = compute(array_of(constant, self.store))
        new = constant_like(constant, array, tensor_type_of(op.results[0]), self.store, element_type)
        return self._insert(new, op)

    def _insert(self, constant: xnn.ConstantOp, op: Operation) -> SSAValue:
        _place(constant, op)
        return constant.result


def _place(new: Operation, op: Operation) -> None:
    """Put `new` in front of `op`, with its location and name."""
    new.location = op.location
    new.results[0].name_hint = op.results[0].name_hint
    block = op.parent
    assert block is not None
    block.insert_op_before(new, op)


SIMPLIFY: Mapping[type[Operation], Simplify] = {
    xnn.ClampOp: Simplifier.clamp,
    xnn.ConcatenateOp: Simplifier.concatenate,
    xnn.ConvertOp: Simplifier.convert,
    xnn.CopyOp: Simplifier.same_type,
    xnn.GlobalAveragePooling2DOp: Simplifier.global_pool,
    xnn.StaticConstantPadOp: Simplifier.pad,
    xnn.StaticReduceOp: Simplifier.reduce,
    xnn.StaticReshapeOp: Simplifier.reshape,
    xnn.StaticResizeBilinear2DOp: Simplifier.same_type,
    xnn.StaticSliceOp: Simplifier.slice,
    xnn.StaticTransposeOp: Simplifier.transpose,
}
