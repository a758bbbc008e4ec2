"""Arithmetic on dimensions, some of which are only known at run time."""

from __future__ import annotations

from collections.abc import Sequence

from xnnir.dialects.xnn.dims import DimAttr, static_dim
from xnnir.passes._aten_to_xnn.arguments import Refusal


def add_to_dim(dim: DimAttr, number: int) -> DimAttr:
    """A dimension larger by `number`."""
    if number == 0:
        return dim
    if dim.is_static:
        return static_dim(int(dim.expression.data) + number)
    bound = dim.upper_bound
    return DimAttr(f"{dim.expression.data} + {number}", None if bound is None else bound + number)


def product_dim(dims: Sequence[DimAttr]) -> DimAttr:
    """The number of elements of `dims`, of which at most one is dynamic. Raises `Refusal` otherwise."""
    count = 1
    dynamic: DimAttr | None = None
    for dim in dims:
        if dim.is_static:
            count *= int(dim.expression.data)
        elif dynamic is None:
            dynamic = dim
        else:
            raise Refusal("two dynamic dimensions would have to become one")
    if dynamic is None:
        return static_dim(count)
    if count == 1:
        return dynamic
    bound = dynamic.upper_bound
    return DimAttr(f"{count}*({dynamic.expression.data})", None if bound is None else count * bound)


def broadcast_dims(a: Sequence[DimAttr], b: Sequence[DimAttr]) -> list[DimAttr]:
    """NumPy's broadcast. Raises `Refusal` when sizes do not fit."""
    one = static_dim(1)
    rank = max(len(a), len(b))
    result: list[DimAttr] = []
    for x, y in zip([one] * (rank - len(a)) + list(a), [one] * (rank - len(b)) + list(b), strict=True):
        if x != y and one not in (x, y):
            raise Refusal(f"expected sizes that broadcast, got {x.expression.data} and {y.expression.data}")
        result.append(y if x == one else x)
    return result
