"""Interpolation and averaging along one dimension as products with matrices known while compiling."""

from __future__ import annotations

import math

import numpy as np
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.weights import Array
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, tensor_type
from xnnir.passes._aten_to_xnn.conversion import Conversion


def mapped(to: Conversion, x: SSAValue, axis: int, matrix: Array) -> SSAValue:
    """
    `matrix` ([new size, old size]) times the vectors along `axis` of `x`.

    Where a vector has an infinity or a NaN the whole result has, since 0 times that is no number.
    """
    if matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(matrix.shape[0])):
        return x
    rank = len(shape_of(x))
    perm = [*(other for other in range(rank) if other != axis), axis]
    moved = to.transpose(x, perm)
    type = tensor_type(element_type_of(x), [*dims_of(tensor_type_of(moved))[:-1], matrix.shape[0]])
    weight = to.constant(matrix, element_type_of(x))
    result = to.emit(xnn.FullyConnectedOp(moved, weight, None, type))
    return to.transpose(result, [perm.index(place) for place in range(rank)])


def averages(old: int, new: int) -> Array:
    """
    The windows of adaptive average pooling.

    Window i is from floor(i * old / new) to ceil((i + 1) * old / new), as in PyTorch.
    """
    matrix = np.zeros((new, old))
    for place, (start, end) in enumerate(windows(old, new)):
        matrix[place, start:end] = 1.0 / (end - start)
    return matrix


def windows(old: int, new: int) -> list[tuple[int, int]]:
    """Start and end of each window of adaptive pooling."""
    return [(place * old // new, -(-(place + 1) * old // new)) for place in range(new)]


def _centres(old: int, new: int, scale: float | None, align_corners: bool) -> Array:
    """Where each new element lies among the old ones; `scale` is the user's factor, where there is one."""
    places = np.arange(new, dtype=np.float64)
    if align_corners:
        return places * ((old - 1) / (new - 1) if new > 1 else 0.0)
    step = 1.0 / scale if scale else old / new
    return step * (places + 0.5) - 0.5


def linear(old: int, new: int, scale: float | None, align_corners: bool) -> Array:
    """Linear interpolation between two neighbours; to the same size PyTorch copies, whatever the factor is."""
    if old == new:
        return np.eye(new)
    centres = np.maximum(_centres(old, new, scale, align_corners), 0.0)
    matrix = np.zeros((new, old))
    for place, centre in enumerate(centres):
        left = min(math.floor(centre), old - 1)
        weight = min(centre - left, 1.0)
        matrix[place, left] += 1.0 - weight
        matrix[place, min(left + 1, old - 1)] += weight
    return matrix


def cubic(old: int, new: int, scale: float | None, align_corners: bool) -> Array:
    """
    Cubic convolution over four neighbours (Keys 1981) with PyTorch's coefficient -0.75; beyond the edge the outermost
    element goes on.
    """
    a = -0.75
    matrix = np.zeros((new, old))
    for place, centre in enumerate(_centres(old, new, scale, align_corners)):
        left = math.floor(centre)
        for neighbour in range(left - 1, left + 3):
            d = abs(centre - neighbour)
            inner = (a + 2.0) * d**3 - (a + 3.0) * d**2 + 1.0
            weight = inner if d <= 1.0 else a * (d**3 - 5.0 * d**2 + 8.0 * d - 4.0)
            matrix[place, min(max(neighbour, 0), old - 1)] += weight
    return matrix
