"""Calls of delegates."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Block, Operation, SSAValue

from xnnir.dialects import rt, xnn
from xnnir.dialects.xnn.base import element_type_of, shape_of
from xnnir.dialects.xnn.graph_ops import yielded
from xnnir.dialects.xnn.support import Target
from xnnir.passes._method_builder import MethodBuilder


def call_delegate(builder: MethodBuilder, op: xnn.CallOp, target: Target) -> None:
    """Add the call of the delegate that `op` names. The slots of its results are there."""
    inputs = [builder.lookup(value) for value in op.inputs]
    outputs = [builder.lookup(value) for value in op.outputs]
    graph = _graph(op)
    given = list(outputs)
    if target == "executorch" and graph is not None:
        for index, inner in enumerate(yielded(graph)):
            if not shape_of(inner) and _has_a_dimension(inner):
                given[index] = builder.slot(rt.TensorOp(TensorType(element_type_of(inner), [1])), op.location)
    builder.append(rt.DelegateCallOp(op.callee.root_reference.data, [*inputs, *given]), op)
    for made, output in zip(given, outputs, strict=True):
        if made is not output:
            builder.call("aten::view_copy.out", [made, builder.int_list([])], output, op)


def _has_a_dimension(value: SSAValue) -> bool:
    """
    Whether ExecuTorch's XNNPACK gives the shape [1] to a value of a graph that should have no dimensions. It does so
    for the results of a reshape and for constants, and for what is computed from them.
    """
    if isinstance(value.owner, Block):
        return False
    if isinstance(value.owner, xnn.ConstantOp) or any(shape_of(operand) for operand in value.owner.operands):
        return True
    return any(_has_a_dimension(operand) for operand in value.owner.operands)


def _graph(op: xnn.CallOp) -> xnn.GraphOp | None:
    module: Operation | None = op
    while module is not None and not isinstance(module, ModuleOp):
        module = module.parent_op()
    name = op.callee.root_reference.data
    graphs = (graph for graph in module.ops if isinstance(graph, xnn.GraphOp)) if module is not None else ()
    return next((graph for graph in graphs if graph.sym_name.data == name), None)
