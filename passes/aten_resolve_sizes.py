"""
Compute sizes from the sizes of the inputs.

The size of a computed tensor is known before the tensor is: its type spells it. Asked of the inputs, it needs no
tensor that would otherwise have to leave its delegate, or be computed at all. Sizes that depend on data stay as they
are, and so do those of inputs.

    %y = aten.conv2d(%x, ...) -> tensor<1x4x?x?xf32, #xnn.dims<[1, 4, "(s0 - 1)//2 + 1" <= 8, ...]>>
    %n = aten.sym_size.int(%y, dim = 2)
    // becomes
    %s = aten.sym_size.int(%x, dim = 2)
    %a = aten.sub.int(a = %s, b = 1)
    %b = aten.floordiv.int(a = %a, b = 2)
    %n = aten.add.int(a = %b, b = 1)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple, cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.utils.hints import isa

from xnnir.dialects.aten import AtenOp, CallOperatorOp
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.dialects.xnn.dims import dims_of
from xnnir.dialects.xnn.expressions import (
    OPERATIONS,
    Expression,
    as_linear,
    build,
    parse_expression,
    symbols,
)

SYMBOL = "xnn.symbol"
"""Attribute of an i64 argument: the symbol that the types know it by."""

_OPERATORS = {
    "add": "add.int",
    "floordiv": "floordiv.int",
    "mod": "remainder.int",
    "mul": "mul.int",
    "sub": "sub.int",
}


@dataclass(frozen=True)
class AtenResolveSizesPass(ModulePass):
    """Compute sizes from the sizes of the inputs."""

    name = "aten-resolve-sizes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, func.FuncOp) and function.body.blocks:
                _Resolver(function).run()


class _Resolver:
    def __init__(self, function: func.FuncOp):
        self.function = function
        self.block = function.body.block
        self.first = self.block.first_op
        self.sources = dict(_sources(function))
        self.known: dict[object, SSAValue] = {}

    def run(self) -> None:
        for op in list(self.function.walk()):
            if isinstance(op, AtenOp) and op.name in ("aten.sym_size.int", "aten.sym_numel"):
                self._resolve(op)

    def _resolve(self, op: AtenOp) -> None:
        value = cast(SSAValue, op.arg("self"))
        if value in self.block.args:
            return
        expression = self._expression(op, value)
        if expression is None or any(symbol not in self.sources for symbol in symbols(expression)):
            return
        size = build(expression, self._leaf, self._apply)
        if isinstance(size, SSAValue):
            op.results[0].replace_all_uses_with(size)
            op.detach()
            op.erase()

    def _expression(self, op: AtenOp, value: SSAValue) -> Expression | None:
        dims = dims_of(tensor_type_of(value))
        if op.name == "aten.sym_numel":
            parsed = [parse_expression(dim.expression.data) for dim in dims]
            if not parsed or None in parsed:
                return None
            return reduce(_product, cast(Sequence[Expression], parsed))
        axis = op.arg("dim")
        if not isinstance(axis, int) or not -len(dims) <= axis < len(dims):
            return None
        return parse_expression(dims[axis].expression.data)

    def _leaf(self, item: int | str) -> int | SSAValue:
        if isinstance(item, int):
            return item
        if item not in self.known:
            source = self.sources[item]
            size: int | SSAValue = source.value
            if source.axis is not None:
                args = {"self": source.value, "dim": source.axis}
                size = self._add(AtenOp.create_call("sym_size.int", args, [i64]))
            # The size is scale * symbol + offset.
            for name, number, nothing in (("sub", source.offset, 0), ("floordiv", source.scale, 1)):
                if number != nothing:
                    size = self._apply(name, [size, number])
            self.known[item] = cast(SSAValue, size)
        return self.known[item]

    def _apply(self, name: str, arguments: Sequence[int | SSAValue]) -> int | SSAValue:
        a, b = arguments
        if isinstance(a, int) and isinstance(b, int):
            return OPERATIONS[name](a, b)
        key = (name, a, b)
        if key not in self.known:
            if name in ("max", "min"):
                op: Operation = CallOperatorOp.call_operator(
                    f"torch::sym_{name}", {"arg0": a, "arg1": b}, [i64]
                )
            else:
                op = AtenOp.create_call(_OPERATORS[name], {"a": a, "b": b}, [i64])
            self.known[key] = self._add(op)
        return self.known[key]

    def _add(self, op: Operation) -> SSAValue:
        # At the start of the function, where every op and region after it sees the number.
        op.location = self.function.location
        assert self.first is not None
        self.block.insert_op_before(op, self.first)
        return op.results[0]


def _product(a: Expression, b: Expression) -> Expression:
    return ("mul", (a, b))


class _Source(NamedTuple):
    """Where a symbol can be read: the argument that is the number, or one with a size of scale * symbol + offset."""

    value: SSAValue
    axis: int | None = None
    scale: int = 1
    offset: int = 0


def _sources(function: func.FuncOp) -> Iterator[tuple[str, _Source]]:
    """The symbols that the arguments give, the simplest source of each last."""
    arguments = function.body.block.args
    derived: list[tuple[str, _Source]] = []
    plain: list[tuple[str, _Source]] = []
    for argument in arguments:
        if argument.type == i64 and function.arg_attrs is not None:
            symbol = function.arg_attrs.data[argument.index].data.get(SYMBOL)
            if isinstance(symbol, StringAttr):
                plain.append((symbol.data, _Source(argument)))
        elif isa(argument.type, TensorType[Attribute]):
            for axis, dim in enumerate(dims_of(argument.type)):
                expression = None if dim.is_static else parse_expression(dim.expression.data)
                if expression is not None and (linear := as_linear(expression)) is not None:
                    scale, symbol, offset = linear
                    found = plain if (scale, offset) == (1, 0) else derived
                    found.append((symbol, _Source(argument, axis, scale, offset)))
    yield from reversed(derived)
    yield from reversed(plain)
