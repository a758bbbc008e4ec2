"""
Bring conversions next to the nodes that compute.

A dequantisation goes behind ops that only move numbers, a quantisation before them and before clamps: the numbers are
the same, and fewer bytes are moved. Conversions that meet and undo each other vanish.
"""

from __future__ import annotations

from math import inf

from xdsl.ir import Block, Operation, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import XnnOp, element_type_of, shape_of, with_element_type
from xnnir.dialects.xnn.support import Target, why_unsupported
from xnnir.dialects.xnn.types import PerTensorType
from xnnir.passes._fold_quant.codings import (
    MOVES,
    coded_source,
    insert,
    is_float,
    rebuilt,
    replace,
)
from xnnir.passes.xnn_fuse_activation import output_bounds


def sink(block: Block, target: Target) -> None:
    """Dequantise as late as can be."""
    for op in list(block.ops):
        if isinstance(op, xnn.ConvertOp):
            cancel(op)
        elif isinstance(op, XnnOp) and _only_moves(op):
            _sink_through(op, target)


def cancel(convert: xnn.ConvertOp) -> bool:
    """Take away a quantisation of what was dequantised from the same coding."""
    source = coded_source(convert.input)
    if source is None or source.type != convert.output.type:
        return False
    replace(convert, source)
    return True


def _only_moves(op: XnnOp) -> bool:
    if isinstance(op, xnn.MaxPooling2DOp):
        return output_bounds(op) == (-inf, inf)
    return isinstance(op, (*MOVES, xnn.ConcatenateOp, xnn.StaticSliceOp)) or _pads_with_zero(op)


def _pads_with_zero(op: XnnOp) -> bool:
    """Zero has an integer in every coding."""
    return isinstance(op, xnn.StaticConstantPadOp) and op.value.value.data == 0.0


def _sink_through(op: XnnOp, target: Target) -> None:
    sources = [coded_source(value) for value in op.operands]
    coded = [source for source in sources if source is not None]
    # A weight has another way to go.
    if len(coded) < len(sources) or len({element_type_of(source) for source in coded}) != 1:
        return
    if all(isinstance(source.owner, xnn.ConstantOp) for source in coded):
        return
    result = op.results[0]
    if not shape_of(result):
        return
    moved = rebuilt(op, coded, with_element_type(result, element_type_of(coded[0])))
    if why_unsupported(moved, target) is not None:
        moved.erase()
        return
    insert(moved, op)
    convert = xnn.ConvertOp(moved.results[0], result.type)
    convert.output.name_hint = result.name_hint
    moved.results[0].name_hint = result.name_hint
    replace(op, insert(convert, op))


def rise(block: Block, target: Target) -> None:
    """Quantise as early as can be."""
    for op in reversed(list(block.ops)):
        if isinstance(op, xnn.ConvertOp) and isinstance(element_type_of(op.output), PerTensorType):
            convert: xnn.ConvertOp | None = op
            while convert is not None:
                convert = _rise_above(convert, target)


def _rise_above(convert: xnn.ConvertOp, target: Target) -> xnn.ConvertOp | None:
    """Swap `convert` with the node before it; the conversion in its new place, None where it stays."""
    value = convert.input
    before = value.owner
    if not isinstance(before, XnnOp) or not value.has_one_use() or not is_float(element_type_of(value)):
        return None
    if isinstance(before, xnn.ConcatenateOp):
        _rise_above_concatenate(before, convert, target)
        return None
    if not shape_of(before.operands[0]) or not (
        isinstance(before, (*MOVES, xnn.ClampOp)) or _pads_with_zero(before)
    ):
        return None
    source = before.operands[0]
    element_type = element_type_of(convert.output)
    first = xnn.ConvertOp(source, with_element_type(source, element_type))
    moved = rebuilt(before, [first.output], convert.output.type)
    if why_unsupported(first, target) is not None or why_unsupported(moved, target) is not None:
        moved.erase()
        first.erase()
        return None
    insert(first, before, convert)
    first.output.name_hint = before.results[0].name_hint
    if isinstance(before, xnn.ClampOp) and not _binds(before, element_type):
        moved.erase()
        replace(convert, first.output)
    else:
        insert(moved, before)
        moved.results[0].name_hint = convert.output.name_hint
        replace(convert, moved.results[0])
    before.detach()
    before.erase()
    return None if cancel(first) else first


def _binds(clamp: xnn.ClampOp, element_type: object) -> bool:
    """Whether a clamp is tighter than the range of a coding."""
    assert isinstance(element_type, PerTensorType)
    scale, zero_point = element_type.scale.value.data, element_type.zero_point.data
    least, most = element_type.ZERO_POINT_RANGE
    low, high = output_bounds(clamp)
    return low > (least - zero_point + 0.5) * scale or high < (most - zero_point - 0.5) * scale


def _rise_above_concatenate(op: xnn.ConcatenateOp, convert: xnn.ConvertOp, target: Target) -> None:
    """Quantise the parts, where all of them have been quantised before."""
    parts: list[SSAValue] = list(op.inputs)
    if any(coded_source(part) is None for part in parts):
        return
    element_type = element_type_of(convert.output)
    converts: list[Operation] = [xnn.ConvertOp(part, with_element_type(part, element_type)) for part in parts]
    moved = rebuilt(op, [made.results[0] for made in converts], convert.output.type)
    if why_unsupported(moved, target) is not None:
        moved.erase()
        for made in converts:
            made.erase()
        return
    for made in converts:
        insert(made, op, convert)
    for made in converts:
        assert isinstance(made, xnn.ConvertOp)
        cancel(made)
    replace(convert, insert(moved, op))
    op.detach()
    op.erase()
