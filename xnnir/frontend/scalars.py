# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Arithmetic on sizes: the Python functions that stand between the tensor operators of an exported graph."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, LocationAttr, f64, i1, i64
from xdsl.ir import Attribute, SSAValue

from xnnir.dialects.aten import AtenOp, CallOperatorOp, find_op_class

_OPERATORS: dict[Callable[..., Any], str] = {
    operator.add: "add",
    operator.and_: "__and__",
    operator.eq: "eq",
    operator.floordiv: "floordiv",
    operator.ge: "ge",
    operator.gt: "gt",
    operator.le: "le",
    operator.lt: "lt",
    operator.mod: "remainder",
    operator.mul: "mul",
    operator.ne: "ne",
    operator.neg: "neg",
    operator.or_: "__or__",
    operator.pow: "pow",
    operator.sub: "sub",
    operator.truediv: "div",
    math.ceil: "ceil",
    math.floor: "floor",
    torch.sym_float: "Float",
    torch.sym_int: "Int",
    torch.sym_not: "__not__",
}
"""TorchScript's names of Python's operators on numbers; their schemas are in the `aten` dialect."""

SIZE_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "floordiv": operator.floordiv,
    "max": torch.sym_max,
    "min": torch.sym_min,
    "mod": operator.mod,
    "mul": operator.mul,
    "sub": operator.sub,
}
"""Python's functions for the operations of `xnnir.dialects.xnn.expressions`."""


def is_scalar_function(target: Any) -> bool:
    """Whether the target of a node is a function on numbers rather than an operator of torch."""
    return callable(target) and (
        target in _OPERATORS
        or getattr(target, "__module__", "") in ("_operator", "math", "torch", "torch.fx.experimental")
    )


def evaluate(target: Callable[..., Any], args: Sequence[Any]) -> Any:
    """The function's value where all arguments are known."""
    return target(*args)


def make_scalar_op(
    target: Callable[..., Any], args: Sequence[Any], result_type: Attribute, location: LocationAttr
) -> AtenOp:
    """
    The op for `target(*args)`, of which some arguments are SSA values: `aten.add.int(%s0, b = 1)`. What TorchScript has
    no operator for becomes a call by the function's Python name: `aten.call_operator "torch::sym_max"`.
    """
    name = _OPERATORS.get(target)
    if name is not None:
        kinds = [_kind(arg) for arg in args]
        overloads = [kinds[0], "_".join(kinds), "Scalar"] if len(set(kinds)) == 1 else ["_".join(kinds)]
        if name == "pow" and set(kinds) == {"int"} and result_type != f64:
            overloads = ["int_to_int"]
        for overload in [*overloads, "default"]:
            op_class = find_op_class(f"{name}.{overload}")
            if op_class is not None:
                names = op_class.argument_names()
                if len(names) == len(args):
                    return op_class.call(dict(zip(names, args, strict=True)), [result_type], location)
    module = (target.__module__ or "builtins").removeprefix("_")
    named = {f"arg{index}": arg for index, arg in enumerate(args)}
    return CallOperatorOp.call_operator(f"{module}::{target.__name__}", named, [result_type], location)


def number_attribute(value: Any) -> IntegerAttr | FloatAttr | None:
    """The attribute of a number; None for anything else."""
    match value:
        case bool():
            return IntegerAttr(int(value), i1)
        case int():
            return IntegerAttr(value, i64)
        case float():
            return FloatAttr(value, f64)
        case _:
            return None


def _kind(arg: Any) -> str:
    if isinstance(arg, SSAValue):
        return {i1: "bool", f64: "float"}.get(arg.type, "int")
    return type(arg).__name__
