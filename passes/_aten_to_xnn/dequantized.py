"""Constants that the model dequantises: what each of the calls that PyTorch and torchao have for that means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
from xdsl.ir import SSAValue

from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import Array
from xnnir.passes._quantization import Codes, Unrepresentable

GetArray: TypeAlias = Callable[[SSAValue], Array | None]
"""The numbers of a constant; None for what is computed."""

DEQUANTIZE = frozenset(
    {
        "qdq.dequantize_affine",
        "qdq.dequantize_per_channel",
        "qdq.dequantize_per_channel_group",
        "qdq.dequantize_per_tensor",
        "qdq.dequantize_per_tensor.tensor",
        "qdq.dequantize_per_token",
    }
)
"""The calls that make floats of integers."""


def dequantized_codes(op: AtenOp, array: GetArray, *, any_zero_points: bool = False) -> Codes | None:
    """
    The integers behind the result of `op`, where it dequantises constants.

    Raises `Unrepresentable`, also for zero points that are no integers, which XNNPACK lacks, without `any_zero_points`.
    """
    if op.name not in DEQUANTIZE or (integers := array(op.operands[0])) is None:
        return None
    args = op.args()
    shape = integers.shape
    match op.name:
        case "qdq.dequantize_affine":
            names, block = ("scale", "zero_point"), tuple(args["block_size"])
        case "qdq.dequantize_per_channel":
            axis = args["axis"] % max(len(shape), 1)
            names, block = (
                ("scales", "zero_points"),
                tuple(1 if i == axis else s for i, s in enumerate(shape)),
            )
        case "qdq.dequantize_per_channel_group":
            names, block = ("scales", "zero_points"), (*[1] * (len(shape) - 1), args["group_size"])
        case "qdq.dequantize_per_token":
            names, block = ("scales", "zero_points"), (*[1] * (len(shape) - 1), shape[-1])
        case _:
            names, block = ("scale", "zero_point"), shape
    scales, zero_points = (_numbers(args[name], array) for name in names)
    if scales is None or (zero_points is None and args[names[1]] is not None):
        return None
    if not any_zero_points and zero_points is not None and not is_whole(zero_points):
        raise Unrepresentable("XNNPACK wants zero points that are integers")
    return Codes.make(integers, scales, zero_points, block)


def is_whole(numbers: Array) -> bool:
    """Whether all numbers are integers."""
    return np.array_equal(numbers, np.rint(numbers))


def _numbers(value: Any, array: GetArray) -> Array | None:
    if isinstance(value, SSAValue):
        return array(cast(SSAValue, value))
    return None if value is None else np.asarray(value)
