# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Values of the IR as torch traces them: fake tensors and symbolic numbers, with the names and bounds of the types."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

import sympy
import torch
from torch._subclasses import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv, ValueRangesSLoc
from torch.utils._sympy import functions
from torch.utils._sympy.numbers import int_oo
from torch.utils._sympy.value_ranges import ValueRanges
from xdsl.dialects.builtin import TensorType, f64, i1
from xdsl.ir import Attribute, SSAValue

from xnnir.dialects.aten import DTYPES, AtenOp
from xnnir.dialects.xnn.dims import DimAttr, dims_of
from xnnir.frontend.errors import FrontendError

_HINTS = (13, 11, 7, 5, 17, 19, 23, 29, 31, 37, 41, 43)
"""Sizes that symbols have while torch traces: different ones, so that no two are equal by chance."""

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.FloorDiv: functions.FloorDiv,
    ast.Mod: functions.PythonMod,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.Sub: operator.sub,
}

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "Max": functions.Max,
    "Min": functions.Min,
    **{
        name: getattr(functions, name)
        for name in ("CeilDiv", "CleanDiv", "FloorDiv", "Mod", "ModularIndexing", "PowByNatural", "PythonMod")
    },
}

_ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "add": operator.add,
    "floordiv": functions.FloorDiv,
    "mul": operator.mul,
    "neg": operator.neg,
    "remainder": functions.PythonMod,
    "sub": operator.sub,
}


class FakeValues:
    """Makes the stand-ins of values; equal expressions of sizes become equal symbolic numbers."""

    def __init__(self) -> None:
        self.shape_env = ShapeEnv()
        self.mode = FakeTensorMode(shape_env=self.shape_env)
        self._symbols: dict[str, sympy.Symbol] = {}
        self._count = 0

    def of(self, value: SSAValue) -> Any:
        """What stands for `value`: a fake tensor, or a symbolic number."""
        if isinstance(value.type, TensorType):
            return self.tensor(cast(TensorType[Attribute], value.type))
        if value.type == f64:
            return self.shape_env.create_unbacked_symfloat()
        if value.type == i1:
            return self.shape_env.create_unbacked_symbool()
        return self._number(self._expression_of(value))

    def tensor(self, type: TensorType[Attribute]) -> torch.Tensor:
        """A fake tensor of `type`. Raises `KeyError` for an element type that torch does not have."""
        dtype: torch.dtype = getattr(torch, DTYPES[type.get_element_type()])
        sizes = [self._number(self._expression(dim)) for dim in dims_of(type)]
        with self.mode:
            return torch.empty(sizes, dtype=dtype)

    @property
    def ranges(self) -> Mapping[sympy.Symbol, ValueRanges[Any]]:
        """The bounds of all symbols."""
        return self.shape_env.var_to_range

    def check_guards(self) -> None:
        """
        Refuse what was traced when it depends on sizes that were made up: conditions on sizes that torch decided have
        to hold for the largest ones, too. Raises `FrontendError`.
        """
        largest = {symbol: range.upper for symbol, range in self.ranges.items() if range.upper is not int_oo}
        for guard in self.shape_env.guards:
            if guard.expr.xreplace(largest) == sympy.false:
                raise FrontendError(f"PyTorch decomposes it for sizes with {guard.expr} only")

    def _number(self, expression: Any) -> Any:
        if expression.is_number:
            return int(expression)
        return self.shape_env.create_symintnode(expression, hint=None)

    def _expression_of(self, value: SSAValue) -> Any:
        """The expression of a number that was computed from sizes; a symbol of its own for any other."""
        op = value.owner
        if isinstance(op, AtenOp):
            if op.name == "aten.sym_size.int" and isinstance(dim := op.arg("dim"), int):
                return self._expression(dims_of(cast(TensorType[Attribute], op.operands[0].type))[dim])
            kind = op.name.removeprefix("aten.").partition(".")[0]
            if kind in _ARITHMETIC:
                args = [
                    self._expression_of(arg) if isinstance(arg, SSAValue) else sympy.Integer(arg)
                    for arg in op.args().values()
                ]
                return _ARITHMETIC[kind](*args)
        return self._unknown()

    def _expression(self, dim: DimAttr) -> Any:
        text, bound = dim.expression.data, dim.upper_bound
        if text == "?":
            return self._unknown(0)
        try:
            return self._evaluate(ast.parse(text, mode="eval").body, bound)
        except (SyntaxError, ValueError):
            return self._symbol(text, bound)

    def _evaluate(self, node: ast.expr, bound: int | None) -> Any:
        match node:
            case ast.Constant(value=int(number)):
                return sympy.Integer(number)
            case ast.Name(id=name):
                return self._symbol(name, bound)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self._evaluate(left, None), self._evaluate(right, None))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._evaluate(operand, None)
            case ast.Call(func=ast.Name(id=name), args=args) if name in _FUNCTIONS:
                return _FUNCTIONS[name](*(self._evaluate(arg, None) for arg in args))
            case _:
                raise ValueError(f"unknown expression {ast.unparse(node)}")

    def _symbol(self, name: str, bound: int | None, least: int | None = None) -> sympy.Symbol:
        """The symbol `name`, at most `bound` where that is known."""
        if (symbol := self._symbols.get(name)) is not None:
            return symbol
        upper = int_oo if bound is None else bound
        # As torch names them: u for numbers that depend on data, others for sizes of inputs.
        if name.startswith("u"):
            symbol = sympy.Symbol(name, integer=True)
            self.shape_env.var_to_range[symbol] = ValueRanges(0 if least is None else least, upper)
        else:
            symbol = sympy.Symbol(name, integer=True, positive=True)
            # As in torch.export: what holds for all sizes of 2 and more is taken to hold for 1, too.
            self.shape_env.var_to_range[symbol] = ValueRanges(min(2, upper), upper)
            hint = _HINTS[len(self._symbols) % len(_HINTS)]
            self.shape_env.add_backed_var_to_val(symbol, min(hint, int(upper)) if bound is not None else hint)
        sloc = self.shape_env._get_sloc()  # pyright: ignore[reportPrivateUsage]
        self.shape_env.var_to_range_sloc[symbol] = ValueRangesSLoc(sloc, sloc)
        self._symbols[name] = symbol
        return symbol

    def _unknown(self, least: int | None = None) -> sympy.Symbol:
        """A number of which nothing is known but that it is at least `least`."""
        self._count += 1
        return self._symbol(f"u_{self._count}", None, -int_oo if least is None else least)
