"""What a method demands of the sizes of its inputs."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, DictionaryAttr, IntegerType, StringAttr, TensorType, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, SSAValue
from xdsl.utils.hints import isa

from xnnir.dialects.xnn.base import ints
from xnnir.dialects.xnn.dims import dims_of
from xnnir.dialects.xnn.expressions import as_linear, parse_expression

RANGES = "xnn.ranges"
"""Attribute of a function: the smallest and the largest value of each symbol, `{s0 = array<i64: 2, 8>}`."""
SYMBOL = "xnn.symbol"
"""Attribute of an i64 argument: the symbol that the types know it by."""

_LARGEST = 2**62

Row = tuple[int, int, int, int, int, int, int]
"""Input, dimension (-1 for a number), scale, symbol, offset, smallest, largest."""


def input_sizes(function: FuncOp, orders: Sequence[Sequence[int] | None]) -> list[Row]:
    """A row for each size of an input that varies; `orders` are the memory orders of the inputs."""
    ranges = function.attributes.get(RANGES)
    symbols: dict[str, int] = {}
    rows: list[Row] = []
    for number, (argument, order) in enumerate(zip(function.body.block.args, orders, strict=True)):
        for place, text in _expressions(argument, function):
            expression = parse_expression(text)
            linear = None if expression is None else as_linear(expression)
            if linear is None:
                continue
            scale, symbol, offset = linear
            low, high = _range(ranges, symbol)
            dimension = place if order is None or place < 0 else order[place]
            index = symbols.setdefault(symbol, len(symbols))
            limits = (max(scale * low + offset, 0 if place >= 0 else -_LARGEST), scale * high + offset)
            rows.append((number, dimension, scale, index, offset, limits[0], min(limits[1], _LARGEST)))
    return rows


def is_free(argument: SSAValue, function: FuncOp) -> bool:
    """Whether an argument is a number that the caller chooses."""
    return argument.type == i64 and bool(_expressions(argument, function))


def _expressions(argument: SSAValue, function: FuncOp) -> list[tuple[int, str]]:
    """The dimensions of an argument that vary, by their places in memory, and what they are."""
    if isa(argument.type, TensorType[Attribute]):
        return [
            (axis, dim.expression.data)
            for axis, dim in enumerate(dims_of(argument.type))
            if not dim.is_static and dim.expression.data != "?"
        ]
    if argument.type != i64 or function.arg_attrs is None:
        return []
    assert isinstance(argument, BlockArgument)
    symbol = function.arg_attrs.data[argument.index].data.get(SYMBOL)
    return [(-1, symbol.data)] if isinstance(symbol, StringAttr) else []


def _range(ranges: Attribute | None, symbol: str) -> tuple[int, int]:
    found = ranges.data.get(symbol) if isinstance(ranges, DictionaryAttr) else None
    if not isa(found, DenseArrayBase[IntegerType]):
        return 0, _LARGEST
    low, high = ints(found)
    return low, high
