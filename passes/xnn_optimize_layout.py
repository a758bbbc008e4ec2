"""
Move transposes to where they cost least, and cancel them.

XNNPACK's spatial nodes are NHWC, so the conversion to `xnn` puts transposes around each. Ops that do not care
about the order of dimensions (elementwise, concatenate, slice, pad, reductions, reshapes that keep groups of
dimensions whole) run in any order that saves transposes elsewhere; constants are transposed at once. What
decides is the number of bytes that are moved while the model runs. Transposes that only move dimensions of
size 1 become reshapes.

    %a = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
    %b = xnn.add %a, %k : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
    %c = xnn.static_transpose %b {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
    // becomes
    %b = xnn.add %x, %k_1 : (tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x8x8x4xf32>
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64
from xdsl.ir import Block
from xdsl.passes import ModulePass

from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore, get_weight_store
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.passes._blocks import all_blocks, erase_dead_ops
from xnnir.passes._layout.choice import choose
from xnnir.passes._layout.cost import tensor_bytes
from xnnir.passes._layout.graph import Graph
from xnnir.passes._layout.rewrite import Rewriter


@dataclass(frozen=True)
class XnnOptimizeLayoutPass(ModulePass):
    """Move transposes to where they cost least, and cancel them."""

    name = "xnn-optimize-layout"

    show_costs: bool = False
    """Write on each transpose that is left how many bytes it moves, as the attribute `xnn.bytes_moved`."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        store = get_weight_store(ctx)
        for block in list(all_blocks(op)):
            optimize_block(block, store)
            if self.show_costs:
                for transpose in block.ops:
                    if isinstance(transpose, xnn.StaticTransposeOp):
                        moved = tensor_bytes(tensor_type_of(transpose.input))
                        transpose.attributes["xnn.bytes_moved"] = IntegerAttr(moved, i64)


def optimize_block(block: Block, store: WeightStore) -> None:
    """Rewrite `block`, whose arguments and terminator keep their types. Dead ops are removed."""
    if not any(isinstance(op, xnn.StaticTransposeOp) for op in block.ops):
        return
    erase_dead_ops(block)
    graph = Graph(block)
    choose(graph)
    Rewriter(graph, store).run(block)
    erase_dead_ops(block)
