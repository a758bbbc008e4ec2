"""
Reference semantics of a function: ops of `aten`, `xnn` and `scf` side by side, as they stand between two passes.

Values are tensors, numbers, or None. A trace can be taken of every result, which is what tells two stages of a lowering
apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from xdsl.context import Context
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, TensorType, i1
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.traits import SymbolTable
from xdsl.utils.hints import isa

from xnnir.dialects import aten, qdq, xnn
from xnnir.dialects.weights import get_weight_store
from xnnir.dialects.xnn.base import XnnOp, tensor_type_of
from xnnir.interpreter import aten as aten_semantics
from xnnir.interpreter import control_flow
from xnnir.interpreter import xnn as xnn_semantics
from xnnir.interpreter.coding import constant, plain_constant, storage_cast

Number: TypeAlias = IntegerAttr | FloatAttr

Observe: TypeAlias = Callable[[Operation, Sequence[Any]], None]
"""Is told the results of each op as it has been computed, those inside delegates too."""


@dataclass
class Outcome:
    """
    outputs:
        What the function returns.
    assigned:
        What buffers and inputs hold afterwards, by name, where the function changes them.
    """

    outputs: list[Any]
    assigned: dict[str, Any] = field(default_factory=dict[str, Any])


def run_function(
    function: func.FuncOp, inputs: Sequence[Any], ctx: Context, observe: Observe | None = None
) -> Outcome:
    """
    What `function` does with `inputs`, which have the shapes of its arguments.

    Raises `ValueError` for a wrong number of inputs, `NotImplementedError` for an op without reference semantics, and
    what torch raises for arguments that do not fit.
    """
    block = function.body.block
    if len(inputs) != len(block.args):
        raise ValueError(f"expected {len(block.args)} inputs, got {len(inputs)}")
    run = _Run(ctx, observe)
    with torch.no_grad():
        outputs = run.block(block, dict(zip(block.args, inputs, strict=True)))
    return Outcome(list(outputs), run.assigned)


class _Run:
    """One run of a function."""

    def __init__(self, ctx: Context, observe: Observe | None):
        self.store = get_weight_store(ctx)
        self.observe = observe
        self.assigned: dict[str, Any] = {}

    def block(self, block: Block, values: dict[SSAValue, Any]) -> Sequence[Any]:
        """What the terminator is given."""
        for op in block.ops:
            if isinstance(op, func.ReturnOp | scf.YieldOp | scf.ConditionOp | xnn.YieldOp):
                return [values[operand] for operand in op.operands]
            results = self._results(op, values)
            values.update(zip(op.results, results, strict=True))
            if self.observe is not None:
                self.observe(op, results)
        raise ValueError("expected a block that ends with a terminator")

    def _results(self, op: Operation, values: dict[SSAValue, Any]) -> Sequence[Any]:
        match op:
            case aten.CallOperatorOp() if op.operator == "torch::sym_max":
                return [max(values.get(arg, arg) for arg in op.args().values())]
            case aten.AtenOp():
                results = aten_semantics.evaluate(op, values)
                return results if op.results else ()
            case aten.StaticValueOp():
                return [self._static(op)]
            case aten.NoneOp():
                return [None]
            case aten.AssignBufferOp() | aten.AssignInputOp():
                self.assigned[op.target.data] = values[op.value]
                return ()
            case xnn.ConstantOp():
                return [constant(op.value, tensor_type_of(op.result), self.store)]
            case qdq.ScastOp():
                return [storage_cast(values[op.input], op)]
            case xnn.SubgraphOp():
                inputs = zip(op.body.block.args, op.operands, strict=True)
                return self.block(op.body.block, {inner: values[outer] for inner, outer in inputs})
            case xnn.CallOp():
                graph = SymbolTable.lookup_symbol(op, op.callee)
                assert isinstance(graph, xnn.GraphOp)
                inputs = zip(graph.body.block.args, op.operands, strict=True)
                return self.block(graph.body.block, {inner: values[outer] for inner, outer in inputs})
            case XnnOp():
                return xnn_semantics.evaluate(op, [values[operand] for operand in op.operands])
            case _:
                return control_flow.evaluate(op, values, lambda block, inner: self.block(block, dict(inner)))

    def _static(self, op: aten.StaticValueOp) -> Any:
        if isa(op.value, Number):
            number = op.value.value.data
            return bool(number) if op.result.type == i1 else number
        type = op.result.type
        assert isa(type, TensorType[Attribute])
        return plain_constant(op.value, type, self.store)
