"""What an op is to compute in, by the quantisations that a model has around it."""

from __future__ import annotations

from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of
from xnnir.dialects.xnn.support import Precision
from xnnir.dialects.xnn.types import PerTensorType, QDInt8Type
from xnnir.passes._blocks import values_read


def intended_precision(op: AtenOp) -> Precision | None:
    """
    The precision for which the model quantises what `op` reads, but for its weights. None where it quantises nothing
    of it, and the node itself tells.
    """
    for value in values_read(op):
        match _coding(value):
            case QDInt8Type():
                return "dynamic_quant"
            case PerTensorType():
                return "static_quant"
            case _:
                pass
    return None


def _coding(value: SSAValue) -> object:
    """The coding that `value` was dequantised from, through nodes that only move it and a cast to bfloat16."""
    owner = value.owner
    while isinstance(
        owner, xnn.StaticReshapeOp | xnn.StaticTransposeOp | xnn.StaticSliceOp | xnn.StaticConstantPadOp
    ):
        owner = owner.input.owner
    if isinstance(owner, AtenOp) and owner.name == "aten._to_copy":
        owner = owner.operands[0].owner
    if not isinstance(owner, xnn.ConvertOp) or isinstance(owner.input.owner, xnn.ConstantOp):
        return None
    return element_type_of(owner.input)
