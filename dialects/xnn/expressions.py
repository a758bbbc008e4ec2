"""
Arithmetic on sizes as the dimensions of tensor types spell it: `"2*((s0 + 1)//2)"`.

The spelling is that of sympy with PyTorch's functions, which is Python but for a few names.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from typing import TypeAlias, TypeVar, cast

T = TypeVar("T")

Expression: TypeAlias = "int | str | tuple[str, tuple[Expression, ...]]"
"""A number, a symbol, or an operation (a key of `OPERATIONS`) and what it is applied to."""

OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "floordiv": lambda a, b: a // b,
    "max": max,
    "min": min,
    "mod": lambda a, b: a % b,
    "mul": operator.mul,
    "sub": operator.sub,
}
"""What sizes are computed with; each takes two numbers."""

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Mult: "mul",
    ast.Sub: "sub",
}
_FUNCTIONS = {
    "CleanDiv": "floordiv",
    "FloorDiv": "floordiv",
    "Max": "max",
    "Min": "min",
    "Mod": "mod",
    "PythonMod": "mod",
}
_LARGEST_POWER = 8


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Expression | None:
    """The expression that `text` spells; None for one with anything but integers, symbols and `OPERATIONS`."""
    try:
        return _convert(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _convert(node: ast.expr) -> Expression:
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case ast.Name(id=name):
            return name
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ("mul", (-1, _convert(operand)))
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power))):
            if not 1 <= power <= _LARGEST_POWER:
                raise ValueError("a power")
            base = _convert(left)
            return reduce(lambda product, factor: ("mul", (product, factor)), [base] * power)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return (_BINARY[type(op)], (_convert(left), _convert(right)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS and len(args) > 1:
            terms = [_convert(argument) for argument in args]
            return reduce(lambda left, right: (_FUNCTIONS[name], (left, right)), terms)
        case _:
            raise ValueError(type(node).__name__)


def symbols(expression: Expression) -> Iterator[str]:
    """The symbols of an expression, in order, repeated as often as they stand there."""
    if isinstance(expression, str):
        yield expression
    elif isinstance(expression, tuple):
        for argument in expression[1]:
            yield from symbols(argument)


def build(
    expression: Expression, leaf: Callable[[int | str], T], apply: Callable[[str, Sequence[T]], T]
) -> T:
    """Fold an expression: `leaf` makes what stands for a number or a symbol, `apply` for an operation."""
    if isinstance(expression, tuple):
        name, arguments = expression
        return apply(name, [build(argument, leaf, apply) for argument in arguments])
    return leaf(expression)


def evaluate(expression: Expression, values: Mapping[str, int]) -> int:
    """The number. Raises `KeyError` for a symbol without a value, `ZeroDivisionError` as Python does."""
    return build(
        expression,
        lambda item: values[item] if isinstance(item, str) else item,
        lambda name, arguments: OPERATIONS[name](*arguments),
    )


def as_linear(expression: Expression) -> tuple[int, str, int] | None:
    """(a, s, b) of an expression that is a*s + b with one symbol and a > 0; None for any other."""
    terms = _linear_terms(expression)
    if terms is None:
        return None
    by_symbol, offset = terms
    named = [(symbol, factor) for symbol, factor in by_symbol.items() if factor]
    if len(named) != 1 or named[0][1] < 1:
        return None
    return named[0][1], named[0][0], offset


def _linear_terms(expression: Expression) -> tuple[dict[str, int], int] | None:
    if isinstance(expression, int):
        return {}, expression
    if isinstance(expression, str):
        return {expression: 1}, 0
    name, arguments = expression
    parts = [_linear_terms(argument) for argument in arguments]
    if None in parts or name not in ("add", "sub", "mul"):
        return None
    (left, a), (right, b) = cast("list[tuple[dict[str, int], int]]", parts)
    if name == "mul":
        if left and right:
            return None
        factor, scaled, number = (b, left, a) if left else (a, right, b)
        return {symbol: factor * count for symbol, count in scaled.items()}, factor * number
    sign = 1 if name == "add" else -1
    names = dict.fromkeys([*left, *right])
    return {symbol: left.get(symbol, 0) + sign * right.get(symbol, 0) for symbol in names}, a + sign * b
