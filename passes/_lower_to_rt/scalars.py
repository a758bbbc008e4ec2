"""
Numbers that are known only when the model runs: sizes, what is read out of a tensor, and arithmetic on both. Each
becomes a call of one of ExecuTorch's kernels on numbers (`executorch_prim::add.Scalar`), whose last argument is the
slot of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import TensorType, f64
from xdsl.ir import Operation, SSAValue

from xnnir.dialects import rt
from xnnir.dialects.aten import AtenOp, CallOperatorOp
from xnnir.passes._lower_to_rt.slots import value_slot
from xnnir.passes._method_builder import MethodBuilder

_PRIM_OPS = {
    "Float": "sym_float",
    "Int": "sym_int",
    "__not__": "sym_not",
    "add": "add",
    "ceil": "ceil",
    "div": "truediv",
    "eq": "eq",
    "floordiv": "floordiv",
    "ge": "ge",
    "gt": "gt",
    "le": "le",
    "lt": "lt",
    "mul": "mul",
    "neg": "neg",
    "remainder": "mod",
    "sub": "sub",
    "builtins::round": "round",
    "math::trunc": "trunc",
    "torch::sym_ite": "sym_ite",
    "torch::sym_max": "sym_max",
    "torch::sym_min": "sym_min",
}
"""Kernels on numbers by the operators they run, without overloads."""

_LARGEST_POWER = 8

Lowering: TypeAlias = Callable[[MethodBuilder, AtenOp, SSAValue], None]
"""Adds the calls that give the result of an op, which goes to the slot."""


def find_scalar_lowering(op: Operation) -> Lowering | None:
    """How an op that gives one number is computed; None for any other op, and where no kernel can compute it."""
    if not isinstance(op, AtenOp) or len(op.results) != 1 or isinstance(op.results[0].type, TensorType):
        return None
    name = _name(op)
    if name in _PRIM_OPS:
        return _prim_op
    if name == "pow" and not (isinstance(op.arg("b"), int) and 1 <= op.arg("b") <= _LARGEST_POWER):
        return None
    return _COMPOSED.get(name)


def lower_scalar(builder: MethodBuilder, op: AtenOp, lowering: Lowering) -> None:
    """Add the slot of the number that `op` gives, and the calls that compute it."""
    slot = builder.slot(value_slot(op.results[0]), op.location)
    builder.bind(op.results[0], slot)
    lowering(builder, op, slot)


def prim(builder: MethodBuilder, name: str, args: list[SSAValue], result: SSAValue, at: Operation) -> None:
    """Add a call of `executorch_prim::{name}.Scalar`."""
    builder.compute(f"executorch_prim::{name}.Scalar", args, result, at)


def argument_slot(builder: MethodBuilder, value: Any) -> SSAValue:
    """The slot of an argument that is a number, known or not, or a tensor."""
    if isinstance(value, SSAValue):
        return builder.lookup(cast(SSAValue, value))
    if isinstance(value, bool):
        return builder.bool(value)
    return builder.double(value) if isinstance(value, float) else builder.int(value)


def _name(op: AtenOp) -> str:
    if isinstance(op, CallOperatorOp):
        return op.operator
    return op.name.removeprefix("aten.").partition(".")[0]


def _slots(builder: MethodBuilder, op: AtenOp) -> list[SSAValue]:
    return [argument_slot(builder, value) for value in op.args().values()]


def _prim_op(builder: MethodBuilder, op: AtenOp, result: SSAValue) -> None:
    prim(builder, _PRIM_OPS[_name(op)], _slots(builder, op), result, op)


def _kernel(operator: str) -> Lowering:
    def lower(builder: MethodBuilder, op: AtenOp, result: SSAValue) -> None:
        builder.compute(operator, _slots(builder, op), result, op)

    return lower


def _not_equal(builder: MethodBuilder, op: AtenOp, result: SSAValue) -> None:
    equal = builder.slot(rt.BoolOp(False), op.location)
    prim(builder, "eq", _slots(builder, op), equal, op)
    prim(builder, "sym_not", [equal], result, op)


def _and(builder: MethodBuilder, op: AtenOp, result: SSAValue) -> None:
    a, b = _slots(builder, op)
    prim(builder, "sym_ite", [a, b, builder.bool(False)], result, op)


def _or(builder: MethodBuilder, op: AtenOp, result: SSAValue) -> None:
    a, b = _slots(builder, op)
    prim(builder, "sym_ite", [a, builder.bool(True), b], result, op)


def _floor(builder: MethodBuilder, op: AtenOp, result: SSAValue) -> None:
    """As -ceil(-x): there is no kernel that rounds down."""
    negative = builder.slot(rt.DoubleOp(0.0), op.location)
    prim(builder, "neg", _slots(builder, op), negative, op)
    up = builder.slot(rt.IntOp(0), op.location)
    prim(builder, "ceil", [negative], up, op)
    prim(builder, "neg", [up], result, op)


def _power(builder: MethodBuilder, op: AtenOp, result: SSAValue) -> None:
    """A small integer power, by multiplication."""
    x = argument_slot(builder, op.arg("a"))
    exponent: int = op.arg("b")
    factor = builder.double(1.0) if op.results[0].type == f64 else builder.int(1)
    prim(builder, "mul", [x, factor], result, op)
    for _ in range(exponent - 1):
        prim(builder, "mul", [result, x], result, op)


def _size(builder: MethodBuilder, op: AtenOp, result: SSAValue) -> None:
    """The op counts dimensions as they lie in memory, the slot as the caller does."""
    tensor, dimension = _slots(builder, op)
    order = tensor.owner.dim_order if isinstance(tensor.owner, rt.TensorSlotOp) else None
    if order is not None:
        dimension = builder.int(cast(int, order.get_values()[op.arg("dim")]))
    builder.compute("aten::sym_size.int", [tensor, dimension], result, op)


_COMPOSED: dict[str, Lowering] = {
    "__and__": _and,
    "__or__": _or,
    "_local_scalar_dense": _kernel("aten::_local_scalar_dense"),
    "floor": _floor,
    "item": _kernel("aten::_local_scalar_dense"),
    "ne": _not_equal,
    "pow": _power,
    "sym_numel": _kernel("aten::sym_numel"),
    "sym_size": _size,
}
