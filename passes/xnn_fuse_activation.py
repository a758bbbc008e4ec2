"""
Turn clamps into the output bounds of the nodes before them.

XNNPACK's convolutions, fully connected, binary and pooling nodes clamp what they compute while it is still in
registers, so a clamp node of its own is one more sweep over memory. A clamp also commutes with ops that only
move numbers, which lets it reach a producer behind a transpose or a reshape.

    %c = xnn.convolution_2d %x, %w, %b {...} : (...) -> tensor<1x8x8x16xf32>
    %t = xnn.static_transpose %c {perm = array<i64: 0, 3, 1, 2>} : (...) -> tensor<1x16x8x8xf32>
    %y = xnn.clamp %t {output_min = 0.0 : f32, output_max = 6.0 : f32} : (...) -> tensor<1x16x8x8xf32>

becomes

    %c = xnn.convolution_2d %x, %w, %b {..., output_min = 0.0 : f32, output_max = 6.0 : f32} : (...)
    %y = xnn.static_transpose %c {perm = array<i64: 0, 3, 1, 2>} : (...) -> tensor<1x16x8x8xf32>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import F32, XnnOp, element_type_of
from xnnir.dialects.xnn.unary_ops import set_output_bounds

BOUNDED = (
    xnn.AddOp,
    xnn.AveragePooling2DOp,
    xnn.ClampOp,
    xnn.Convolution2DOp,
    xnn.Deconvolution2DOp,
    xnn.DepthwiseConvolution2DOp,
    xnn.DivideOp,
    xnn.FullyConnectedOp,
    xnn.MaxPooling2DOp,
    xnn.MultiplyOp,
    xnn.SubtractOp,
)
"""Nodes that clamp for free. Global average pooling has bounds too, but XNNPACK runs a clamp node for them.
"""

MOVES_ONLY = (xnn.StaticReshapeOp, xnn.StaticTransposeOp)


def output_bounds(op: Operation) -> tuple[float, float]:
    """The interval that `op` clamps its results to; infinities where it has no bound."""
    low, high = (cast(F32 | None, op.properties.get(name)) for name in ("output_min", "output_max"))
    return (
        float("-inf") if low is None else low.value.data,
        float("inf") if high is None else high.value.data,
    )


def fusable_producer(clamp: xnn.ClampOp) -> XnnOp | None:
    """
    The node that can take over the bounds of `clamp`: the producer of its operand, through ops that move
    numbers only. Nothing else may see what lies between.
    """
    value: SSAValue = clamp.input
    while value.has_one_use() and element_type_of(value) == element_type_of(clamp.output):
        owner = value.owner
        if isinstance(owner, BOUNDED):
            return owner
        if not isinstance(owner, MOVES_ONLY):
            return None
        value = owner.input
    return None


def fuse(clamp: xnn.ClampOp) -> bool:
    """Give the bounds of `clamp` to its producer and remove it, if that can be."""
    producer = fusable_producer(clamp)
    if producer is None:
        return False
    bounds = (output_bounds(producer), output_bounds(clamp))
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    # Intervals that do not overlap make the result one number, which no node has as its bounds.
    if not low < high:
        return False
    set_output_bounds(producer, low, high)
    # The name that people know is that of the activated value.
    if clamp.output.name_hint is not None:
        clamp.input.name_hint = clamp.output.name_hint
    clamp.output.replace_all_uses_with(clamp.input)
    clamp.detach()
    clamp.erase()
    return True


@dataclass(frozen=True)
class XnnFuseActivationPass(ModulePass):
    """Give the bounds of clamps to the nodes that compute their operands."""

    name = "xnn-fuse-activation"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        # In order of execution, so that of two clamps in a row the first is gone when the second comes.
        for clamp in [node for node in op.walk() if isinstance(node, xnn.ClampOp)]:
            fuse(clamp)
