# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Types of exported values: element types, and shapes with their symbols and bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch.utils._sympy.value_ranges import bound_sympy
from xdsl.dialects.builtin import DenseArrayBase, NoneType, TensorType, f64, i1, i64
from xdsl.ir import Attribute

from xnnir.dialects.aten import ELEMENT_TYPES, Dtype
from xnnir.dialects.xnn.dims import DimAttr, tensor_type
from xnnir.frontend.errors import FrontendError

_NO_BOUND = 2**62
"""Larger than any size."""

CHANNELS_LAST_ORDER = (0, 2, 3, 1)


def torch_dtype(dtype: torch.dtype) -> Dtype:
    """torch's dtype by its name."""
    return Dtype(str(dtype).removeprefix("torch."))


class TypeConverter:
    """Types of the values of one program, whose symbols have `ranges`; equal types are made once."""

    def __init__(self, ranges: Mapping[Any, Any]):
        self._ranges = dict(ranges)
        self._tensors: dict[tuple[torch.dtype, tuple[int, ...]], TensorType[Attribute]] = {}
        self._dims: dict[Any, DimAttr] = {}

    def ranges(self) -> dict[str, Attribute]:
        """The smallest and the largest value of each symbol that has bounds, by its name."""
        found: dict[str, Attribute] = {}
        for symbol, bounds in self._ranges.items():
            low = int(bounds.lower) if bounds.lower.is_Integer else 0
            high = int(bounds.upper) if bounds.upper.is_Integer else _NO_BOUND
            if symbol.is_Symbol and (low > 0 or high < _NO_BOUND):
                found[str(symbol)] = DenseArrayBase.from_list(i64, [low, min(high, _NO_BOUND)])
        return found

    def results(self, value: Any) -> list[Attribute]:
        """The types of what a node gives (the `val` of its meta data), tuples and lists flattened."""
        if isinstance(value, (tuple, list)):
            return [type_ for item in value for type_ in self.results(item)]
        return [self.value(value)]

    def value(self, value: Any) -> Attribute:
        """The type of one value. Raises `FrontendError` for one that the IR has no type for."""
        match value:
            case torch.Tensor():
                return self.tensor(value)
            case bool() | torch.SymBool():
                return i1
            case int() | torch.SymInt():
                return i64
            case float() | torch.SymFloat():
                return f64
            case None:
                return NoneType()
            case _:
                raise FrontendError(f"expected a tensor or a number, got {type(value).__name__}")

    def tensor(self, tensor: torch.Tensor) -> TensorType[Attribute]:
        """The type of a tensor, real or fake: symbolic dimensions keep their expression and upper bound."""
        shape, dtype = tuple(tensor.shape), tensor.dtype
        is_static = all(type(size) is int for size in shape)
        if is_static and (found := self._tensors.get((dtype, shape))) is not None:
            return found
        element = ELEMENT_TYPES.get(torch_dtype(dtype))
        if element is None:
            raise FrontendError(f"expected elements of a plain type such as float32 or int8, got {dtype}")
        if tensor.layout is not torch.strided:
            raise FrontendError(f"expected a dense tensor, got one of layout {tensor.layout}")
        if not is_static:
            return tensor_type(element, [self._dim(size) for size in shape])
        made = self._tensors[dtype, shape] = TensorType(element, shape)
        return made

    def _dim(self, size: int | torch.SymInt) -> int | DimAttr:
        if isinstance(size, int):
            return size
        expression = size.node.expr
        if expression.is_number:
            return int(expression)
        if (found := self._dims.get(expression)) is None:
            upper: Any = bound_sympy(expression, self._ranges).upper
            is_bound = upper.is_Integer and upper < _NO_BOUND
            found = DimAttr(str(expression), int(upper) if is_bound else None)
            self._dims[expression] = found
        return found


def dim_order(value: Any) -> DenseArrayBase | None:
    """The order of dimensions in memory, outermost first, of a channels-last tensor; None for any other value."""
    if not isinstance(value, torch.Tensor) or value.dim() != 4 or value.is_contiguous():
        return None
    if not value.is_contiguous(memory_format=torch.channels_last):
        return None
    return DenseArrayBase.from_list(i64, CHANNELS_LAST_ORDER)


def flatten(values: Iterable[Any]) -> list[Any]:
    """The leaves of nested tuples and lists."""
    return [
        leaf for value in values for leaf in (flatten(value) if isinstance(value, (tuple, list)) else [value])
    ]
