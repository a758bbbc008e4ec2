# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
"""Runs imported programs with torch's own operators, one op at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest
import torch
from torch.export import ExportedProgram
from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp, i1
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, SSAValue
from xdsl.parser import Parser

from xnnir.context import make_context
from xnnir.dialects.aten import (
    DTYPES,
    AssignBufferOp,
    AssignInputOp,
    AtenOp,
    CallOperatorOp,
    NoneOp,
    StaticValueOp,
)
from xnnir.dialects.weights import constant_array, get_weight_store
from xnnir.frontend import import_exported_program
from xnnir.interpreter import control_flow
from xnnir.interpreter.aten import evaluate

Run: TypeAlias = Callable[[ExportedProgram, Sequence[Any]], tuple[list[Any], dict[str, Any]]]


@pytest.fixture
def run_imported() -> Run:
    """
    Imports a program and runs it: its outputs, and what it assigns to buffers and inputs by their names.

    The module is verified, and what it prints is read back first.
    """
    return _run


def _run(program: ExportedProgram, inputs: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    ctx = make_context()
    function = import_exported_program(program, ctx)
    module = ModuleOp([function])
    module.verify()
    text = str(module)
    again = Parser(ctx, text).parse_module()
    again.verify()
    assert str(again) == text
    return run_function(function, ctx, inputs)


def run_function(function: FuncOp, ctx: Context, inputs: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    values: dict[SSAValue, Any] = dict(zip(function.body.block.args, inputs, strict=True))
    assigned: dict[str, Any] = {}
    return _run_block(function.body.block, values, ctx, assigned), assigned


def _run_block(
    block: Block, values: dict[SSAValue, Any], ctx: Context, assigned: dict[str, Any]
) -> list[Any]:
    for op in block.ops:
        match op:
            case CallOperatorOp() if op.operator == "torch::sym_max":
                values[op.results[0]] = max(values.get(arg, arg) for arg in op.args().values())
            case AtenOp():
                results = evaluate(op, values)
                values.update(zip(op.results, results, strict=True) if op.results else ())
            case StaticValueOp():
                values[op.result] = _static(op, ctx)
            case NoneOp():
                values[op.result] = None
            case AssignBufferOp() | AssignInputOp():
                assigned[op.target.data] = values[op.value]
            case ReturnOp() | scf.YieldOp() | scf.ConditionOp():
                return [values[operand] for operand in op.operands]
            case _:
                results = control_flow.evaluate(
                    op, values, lambda block, values: _run_block(block, dict(values), ctx, assigned)
                )
                values.update(zip(op.results, results, strict=True))
    raise AssertionError("the block does not end")


def _static(op: StaticValueOp, ctx: Context) -> Any:
    if isinstance(op.value, IntegerAttr | FloatAttr):
        number: Any = op.value.value.data
        return bool(number) if op.result.type == i1 else number
    type_: Any = op.result.type
    array = constant_array(op.value, type_, get_weight_store(ctx)).copy()
    dtype = getattr(torch, DTYPES[type_.element_type])
    tensor = torch.from_numpy(array)
    return tensor.view(dtype) if tensor.dtype != dtype else tensor
