"""What a value was before it was dequantised, what it becomes when it is quantised, and new ops in the place of old."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import Float16Type, Float32Type
from xdsl.ir import Attribute, Operation, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import XnnOp, element_type_of
from xnnir.dialects.xnn.types import PerTensorType, QDInt8Type, QuantizedType

MOVES = (xnn.CopyOp, xnn.StaticReshapeOp, xnn.StaticTransposeOp)
"""Nodes that have the elements of their operand, each once, and no others."""


def is_float(element_type: Attribute) -> bool:
    return isinstance(element_type, Float32Type | Float16Type)


def coded_source(value: SSAValue) -> SSAValue | None:
    """The tensor with one scale that `value` was dequantised from; None for another value."""
    owner = value.owner
    if (
        isinstance(owner, xnn.ConvertOp)
        and is_float(element_type_of(value))
        and isinstance(element_type_of(owner.input), PerTensorType)
    ):
        return owner.input
    return None


def row_coded_source(value: SSAValue) -> SSAValue | None:
    """The float tensor that `value` is, but for a quantisation whose scales are found at run time."""
    owner = value.owner
    if isinstance(owner, xnn.ConvertOp) and isinstance(element_type_of(owner.input), QDInt8Type):
        coded = owner.input.owner
        return coded.input if isinstance(coded, xnn.ConvertOp) else None
    return None


def quantized_constant(value: SSAValue) -> xnn.ConstantOp | None:
    """The constant that `value` was dequantised from."""
    owner = value.owner
    if not isinstance(owner, xnn.ConvertOp) or not isinstance(owner.input.owner, xnn.ConstantOp):
        return None
    is_coded = isinstance(element_type_of(owner.input), QuantizedType)
    return owner.input.owner if is_coded else None


def quantization(value: SSAValue) -> xnn.ConvertOp | None:
    """The conversion to a coding with one scale that is all that reads `value`."""
    uses = list(value.uses)
    if len(uses) != 1:
        return None
    user = uses[0].operation
    if isinstance(user, xnn.ConvertOp) and isinstance(element_type_of(user.output), PerTensorType):
        return user
    return None


def rebuilt(op: XnnOp, operands: Sequence[SSAValue | None], result_type: Attribute) -> XnnOp:
    """A node like `op` on other operands, in no block; None leaves an optional operand out."""
    new = type(op).create(
        operands=[operand for operand in operands if operand is not None],
        result_types=[result_type],
        properties=dict(op.properties),
        attributes=dict(op.attributes),
        location=op.location,
    )
    new.results[0].name_hint = op.results[0].name_hint
    return new


def insert(new: Operation, before: Operation, like: Operation | None = None) -> SSAValue:
    """Put `new` before an op, with the place in the model of `like` (or that op) where it has none."""
    new.location = (like or before).location
    block = before.parent
    assert block is not None
    block.insert_op_before(new, before)
    return new.results[0]


def replace(op: Operation, value: SSAValue) -> None:
    """Use `value` for the result of `op`, which goes."""
    op.results[0].replace_all_uses_with(value)
    op.detach()
    op.erase()
