"""
Give each `xnn.subgraph` of a function a name: an `xnn.graph` of the module, and an `xnn.call` in the
subgraph's place.

    func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
      %y = xnn.subgraph (%a = %x : tensor<4xf32>) -> (tensor<4xf32>) { ... }
      func.return %y : tensor<4xf32>
    }
    // becomes
    xnn.graph @forward_delegate_0(%a: tensor<4xf32>) -> tensor<4xf32> { ... }
    func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
      %y = xnn.call @forward_delegate_0(%x) : (tensor<4xf32>) -> tensor<4xf32>
      func.return %y : tensor<4xf32>
    }
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import FunctionType, ModuleOp, StringAttr
from xdsl.passes import ModulePass

from xnnir.dialects import xnn


@dataclass(frozen=True)
class XnnOutlineSubgraphsPass(ModulePass):
    """Make each subgraph a graph of the module that the function calls."""

    name = "xnn-outline-subgraphs"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        taken = {
            name.data for inner in op.ops if isinstance(name := inner.properties.get("sym_name"), StringAttr)
        }
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp)]:
            prefix = f"{function.sym_name.data}_delegate_"
            names = (name for number in count() if (name := f"{prefix}{number}") not in taken)
            _outline(function, names, op)


def _outline(function: func.FuncOp, names: Iterator[str], module: ModuleOp) -> None:
    for subgraph in [inner for inner in function.walk() if isinstance(inner, xnn.SubgraphOp)]:
        name = next(names)
        type = FunctionType.from_lists(list(subgraph.inputs.types), list(subgraph.outputs.types))
        graph = xnn.GraphOp(name, type, subgraph.detach_region(subgraph.body))
        graph.location = subgraph.location
        graph.attributes = dict(subgraph.attributes)
        module.body.block.insert_op_before(graph, function)
        call = xnn.CallOp(name, list(subgraph.inputs), list(subgraph.outputs.types))
        call.location = subgraph.location
        block = subgraph.parent
        assert block is not None
        block.insert_op_before(call, subgraph)
        for old, new in zip(subgraph.outputs, call.outputs, strict=True):
            new.name_hint = old.name_hint
            old.replace_all_uses_with(new)
        subgraph.detach()
        subgraph.erase()
