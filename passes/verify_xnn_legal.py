"""
Check that graphs hold only what the runtime will take, and that nothing but graphs needs XNNPACK. The IR
is not changed.

    xnn.graph @forward_delegate_0(%x: tensor<4xi8>) -> tensor<4xi8> {
      %y = xnn.exp %x : (tensor<4xi8>) -> tensor<4xi8> // error: xnn_define_unary takes ...
      xnn.yield %y : tensor<4xi8>
    }
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import BlockArgument, Operation
from xdsl.passes import ModulePass

from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore, get_weight_store
from xnnir.dialects.xnn.base import XnnOp, element_type_of
from xnnir.dialects.xnn.graph_ops import yielded
from xnnir.dialects.xnn.support import Target, moves_data_only, why_unsupported
from xnnir.dialects.xnn.types import QDInt8Type
from xnnir.errors import OpError
from xnnir.passes._fold_quant.ranges import why_out_of_range


@dataclass(frozen=True)
class VerifyXnnLegalPass(ModulePass):
    """
    Check that every op of a graph is one that XNNPACK runs, and that no node that computes is left
    outside.
    """

    name = "verify-xnn-legal"

    target: Target = "executorch"
    """Who will run the file; decides which nodes there are."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        store = get_weight_store(ctx)
        for inner in op.ops:
            if isinstance(inner, func.FuncOp):
                self._verify_function(inner, store)
            elif isinstance(inner, xnn.GraphOp):
                self._verify_graph(inner, store)

    def _verify_function(self, function: func.FuncOp, store: WeightStore) -> None:
        for op in function.walk():
            if isinstance(op, xnn.SubgraphOp):
                self._verify_graph(op, store)
            elif isinstance(op, XnnOp) and not _is_in_graph(op) and not moves_data_only(op):
                reason = why_unsupported(op, self.target)
                raise OpError(
                    op,
                    f"expected to be in a graph, got it in @{function.sym_name.data}"
                    + (f": {reason}" if reason is not None else ""),
                    hint="run xnn-partition or xnn-split-per-op before",
                )

    def _verify_graph(self, graph: xnn.GraphOp | xnn.SubgraphOp, store: WeightStore) -> None:
        for op in graph.body.block.ops:
            if isinstance(op, xnn.ConstantOp | xnn.YieldOp):
                continue
            if not isinstance(op, XnnOp):
                raise OpError(op, "expected a node of XNNPACK in a graph")
            reason = why_unsupported(op, self.target) or why_out_of_range(op, store)
            if (
                reason is None
                and isinstance(op, xnn.ConvertOp)
                and isinstance(op.input.owner, xnn.ConstantOp)
            ):
                reason = "expected constants to be converted while compiling"
            if reason is not None:
                raise OpError(op, reason)
        for value in (*graph.body.block.args, *yielded(graph)):
            if isinstance(element_type_of(value), QDInt8Type):
                raise OpError(
                    graph,
                    f"expected {value.type} inside a graph only: nobody else knows the scales of its rows",
                )
        for value in yielded(graph):
            if isinstance(value, BlockArgument) or isinstance(value.owner, xnn.ConstantOp):
                what = "one of its arguments" if isinstance(value, BlockArgument) else "a constant"
                raise OpError(
                    graph,
                    f"expected results that nodes compute, got {what} (a delegate copies nothing through)",
                )


def _is_in_graph(op: Operation) -> bool:
    return isinstance(op.parent_op(), xnn.GraphOp | xnn.SubgraphOp)
