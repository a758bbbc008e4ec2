# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false
"""A lowered function as the `torch.fx` graph that stock counts: delegate calls, and stock's names of the rest."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from executorch.exir.delegate import executorch_call_delegate
from executorch.exir.dialects._ops import ops as exir_ops
from torch import fx
from torch.export.graph_signature import InputKind, InputSpec, TensorArgument
from xdsl.dialects import func
from xdsl.ir import Operation, SSAValue

from xnnir.dialects import aten, qdq, xnn

_HOST_OPS: Mapping[type[Operation], str] = {
    xnn.ConcatenateOp: "aten.cat.default",
    xnn.CopyOp: "aten.clone.default",
    xnn.StaticConstantPadOp: "aten.constant_pad_nd.default",
    xnn.StaticReshapeOp: "aten.view_copy.default",
    xnn.StaticSliceOp: "aten.slice_copy.Tensor",
    xnn.StaticTransposeOp: "aten.permute_copy.default",
}
"""What stock calls the nodes that also run on the host."""

_KINDS = {"p": InputKind.PARAMETER, "b": InputKind.BUFFER, "c": InputKind.CONSTANT_TENSOR}
"""What the first letter of an exported static tensor's name says."""


def edge_operator(op: Operation) -> Callable[..., Any]:
    """The operator of stock's edge dialect that `op` is a call of; views are copies there."""
    target = _HOST_OPS.get(type(op))
    if target is None:
        if isinstance(op, aten.CallOperatorOp):
            target = op.target
        elif isinstance(op, aten.AtenOp):
            target = _functional(op.target)
        else:
            raise NotImplementedError(f"{op.name} has no counterpart in stock's edge dialect")
    found: Any = exir_ops.edge
    for part in target.replace("::", ".").split("."):
        found = getattr(found, part)
    return found


def graph_of(function: func.FuncOp) -> tuple[fx.GraphModule, list[InputSpec]]:
    """The graph of `function`, in stock's order: static tensors that no delegate holds, inputs, calls, results."""
    graph, root = fx.Graph(), torch.nn.Module()
    nodes: dict[SSAValue, fx.Node] = {}
    specs: list[InputSpec] = []
    body = function.body.block

    def placeholder(value: SSAValue, name: str, kind: InputKind) -> None:
        nodes[value] = node = graph.placeholder(name)
        node.target = node.name  # two inputs may have one name, their nodes have not
        target = None if kind is InputKind.USER_INPUT else name
        specs.append(InputSpec(kind, TensorArgument(node.name), target, persistent=True))

    for op in body.ops:
        if isinstance(op, xnn.ConstantOp | aten.StaticValueOp) and op.result.first_use is not None:
            name = op.result.name_hint or "c_constant"
            placeholder(op.result, name, _KINDS.get(name.split("_")[0], InputKind.CONSTANT_TENSOR))
    names = _input_names(function)
    for value, name in zip(body.args, names, strict=True):
        placeholder(value, name, InputKind.USER_INPUT)
    delegates = 0
    for op in body.ops:
        operands = [nodes.get(operand) for operand in op.operands]
        if isinstance(op, xnn.ConstantOp | aten.StaticValueOp | aten.NoneOp):
            continue
        if isinstance(op, func.ReturnOp):
            graph.create_node("output", "output", (tuple(operands),), name="output_1")
        elif isinstance(op, xnn.CallOp):
            name = f"lowered_module_{delegates}"
            delegates += 1
            root.add_module(name, torch.nn.Module())
            call = graph.call_function(executorch_call_delegate, (graph.get_attr(name), *operands))
            _bind(graph, nodes, op, call)
        elif isinstance(op, aten.AssignBufferOp | aten.AssignInputOp):
            continue
        elif isinstance(op, qdq.ScastOp):
            nodes[op.output] = nodes[op.input]
        else:
            call = graph.call_function(edge_operator(op), tuple(operands))
            if len(op.results) == 1:
                nodes[op.results[0]] = call
            else:
                _bind(graph, nodes, op, call)
    return fx.GraphModule(root, graph), specs


def _bind(graph: fx.Graph, nodes: dict[SSAValue, fx.Node], op: Operation, call: fx.Node) -> None:
    for index, result in enumerate(op.results):
        nodes[result] = graph.call_function(operator.getitem, (call, index))


def _functional(target: str) -> str:
    """`aten.view.default` is `aten.view_copy.default` in the edge dialect: nothing aliases there."""
    namespace, name, overload = target.split(".")
    if namespace != "aten":
        return target
    packet = getattr(torch.ops.aten, name)
    alias = [result.alias_info for result in getattr(packet, overload)._schema.returns]
    copy = getattr(torch.ops.aten, f"{name}_copy", None)
    if copy is not None and any(info is not None and not info.is_write for info in alias):
        return f"aten.{name}_copy.{overload}"
    return target


def _input_names(function: func.FuncOp) -> Sequence[str]:
    attributes = function.arg_attrs
    names: list[str] = []
    for index, argument in enumerate(function.body.block.args):
        given = None if attributes is None else attributes.data[index].data.get("xnn.name")
        names.append(getattr(given, "data", None) or argument.name_hint or f"input_{index}")
    return names
