"""Which dimensions a reshape merges and splits."""

from __future__ import annotations

from math import prod

from xnnir.dialects.xnn.base import Tensor
from xnnir.dialects.xnn.dims import dims_of

Group = tuple[tuple[int, ...], tuple[int, ...]]
"""Dimensions of the operand, and those of the result that hold the same elements; none of size 1."""


def reshape_groups(before: Tensor, after: Tensor) -> list[Group] | None:
    """
    The smallest groups of dimensions that a reshape from `before` to `after` keeps apart, in order.

    A dynamic dimension is a group with one of the same expression on the other side, or else with all between
    what matches in front of it and behind it. None when some dimension has no counterpart, since it will be 1
    at run time.
    """
    a, b = _sizes(before), _sizes(after)
    front = _matching(a, b)
    used_a, used_b = sum(len(group[0]) for group in front), sum(len(group[1]) for group in front)
    rest_a, rest_b = a[used_a:], b[used_b:]
    back = [(left[::-1], right[::-1]) for left, right in _matching(rest_a[::-1], rest_b[::-1])][::-1]
    end_a = len(rest_a) - sum(len(group[0]) for group in back)
    end_b = len(rest_b) - sum(len(group[1]) for group in back)
    middle = (tuple(axis for axis, _ in rest_a[:end_a]), tuple(axis for axis, _ in rest_b[:end_b]))
    if not middle[0] and not middle[1]:
        return [*front, *back]
    if middle[0] and middle[1]:
        return [*front, middle, *back]
    return None


def _sizes(type: Tensor) -> list[tuple[int, int | str]]:
    """The dimensions that are not 1: a number, or the expression of a dynamic one."""
    return [
        (axis, int(dim.expression.data) if dim.is_static else dim.expression.data)
        for axis, dim in enumerate(dims_of(type))
        if dim.expression.data != "1"
    ]


def _matching(a: list[tuple[int, int | str]], b: list[tuple[int, int | str]]) -> list[Group]:
    """The groups from the front on, up to a dynamic dimension that has no match."""
    groups: list[Group] = []
    i = j = 0
    while i < len(a) and j < len(b):
        left, right = [a[i]], [b[j]]
        i, j = i + 1, j + 1
        if isinstance(left[0][1], str) or isinstance(right[0][1], str):
            if left[0][1] != right[0][1] or left[0][1] == "?":
                break
        else:
            while (x := _product(left)) != (y := _product(right)):
                side, sizes, index = (left, a, i) if x < y else (right, b, j)
                if index >= len(sizes) or isinstance(sizes[index][1], str):
                    return groups
                side.append(sizes[index])
                i, j = (i + 1, j) if x < y else (i, j + 1)
        groups.append((tuple(axis for axis, _ in left), tuple(axis for axis, _ in right)))
    return groups


def _product(sizes: list[tuple[int, int | str]]) -> int:
    return prod(size for _, size in sizes if isinstance(size, int))
