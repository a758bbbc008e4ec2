"""Constants that are quantised: their integers, what those stand for, and the type that XNNPACK has for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, BFloat16Type, StringAttr, TensorType
from xdsl.ir import Operation, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp, StaticValueOp
from xnnir.dialects.weights import Array, WeightAttr, WeightStore, constant_array
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.packing import from_bfloat16, pack_four_bit, to_bfloat16, unpack_four_bit
from xnnir.dialects.xnn.types import PerChannelType, PerTensorType, QuantizedType
from xnnir.errors import OpError

NOT_QUANTIZED = "xnn.not_quantized"
"""The attribute of a node that the model quantises and XNNPACK computes in floats: why."""

SMALLEST_SCALE = 2.0**-126
"""XNNPACK wants scales that are normal numbers."""

BLOCK_MULTIPLE = 32
"""Blocks of 4-bit weights are a multiple of this (`XNN_MIN_BLOCKSIZE`)."""


_ONE_SCALE: dict[str, type[PerTensorType]] = {
    "int8": xnn.QInt8Type,
    "uint8": xnn.QUInt8Type,
    "int32": xnn.QInt32Type,
}
_SEVERAL_SCALES: dict[str, type[PerChannelType]] = {
    "int8": xnn.QCInt8Type,
    "int32": xnn.QCInt32Type,
}
"""By the dtype of the integers."""


class QuantizationParameterError(OpError):
    """
    A call that quantises has a scale or a zero point that no runtime computes with.

    `is_scale` says which of both, `value` what it is, and `index` where it is among those of the call.
    """

    def __init__(self, op: AtenOp, is_scale: bool, value: float | int, index: tuple[int, ...], expected: str):
        place = f" at {list(index)}" if index != (0,) else ""
        super().__init__(
            op,
            f"the {'scale' if is_scale else 'zero point'}{place} is {value}, expected {expected}",
            "see what range was observed for it, or leave it in floats: quantizer.set_module_name(name, None)",
        )
        self.is_scale = is_scale
        self.value = value
        self.index = index


_ZERO_POINT_RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int32": (-(2**31), 2**31 - 1)}


def check_parameters(op: AtenOp, store: WeightStore) -> None:
    """
    Check the shape of a call of the `qdq` dialect, and its scales and zero points where they are known.

    Raises `OpError`, and `QuantizationParameterError` for the numbers.
    """
    if op.name.startswith(("qdq.quantize_", "qdq.dequantize_")):
        expected, got = shape_of(op.operands[0]), shape_of(op.results[0])
        if expected != got:
            raise OpError(
                op, f"expected a result of shape {list(expected)}, that of its input, got {list(got)}"
            )
    args = op.args()
    scales = _known(args.get("scale", args.get("scales")), store)
    if scales is not None:
        scales = scales.astype(np.float32)
        good = np.isfinite(scales) & (scales >= SMALLEST_SCALE)
        for index in np.argwhere(~good)[:1]:
            place = tuple(int(i) for i in index)
            raise QuantizationParameterError(
                op, True, float(scales[place]), place, "a positive number that is finite and normal"
            )
    zero_points = _known(args.get("zero_point", args.get("zero_points")), store)
    limits = _ZERO_POINT_RANGES.get(str(args.get("dtype")))
    if zero_points is not None and limits is not None:
        for index in np.argwhere((zero_points < limits[0]) | (zero_points > limits[1]))[:1]:
            place = tuple(int(i) for i in index)
            value = zero_points[place].item()
            raise QuantizationParameterError(op, False, value, place, f"one of {limits[0]} to {limits[1]}")


def _known(value: Any, store: WeightStore) -> Array | None:
    """The numbers of an argument: a number, or a constant."""
    if isinstance(value, SSAValue):
        array = constant_numbers(cast(SSAValue, value), store)
        return array.reshape(1) if array is not None and array.ndim == 0 else array
    return np.array([value]) if isinstance(value, int | float) else None


def constant_numbers(value: SSAValue, store: WeightStore) -> Array | None:
    """The numbers of a constant of the model, bfloat16 as float32; None for what is computed."""
    owner = value.owner
    if not isinstance(owner, StaticValueOp):
        return None
    array = constant_array(owner.value, tensor_type_of(value), store)
    return from_bfloat16(array) if isinstance(element_type_of(value), BFloat16Type) else array


class Unrepresentable(Exception):
    """Why XNNPACK has no type for a quantised constant."""


@dataclass(frozen=True)
class Codes:
    """
    A constant by its integers: a real number is scale * (integer - zero point).

    `scales` (float32) and `zero_points` have an element for each block of `block` integers: `block` is the size of a
    block in each dimension, and their shapes are how many there are.
    """

    integers: Array
    scales: Array
    zero_points: Array | None
    block: tuple[int, ...]

    @staticmethod
    def make(integers: Array, scales: Array, zero_points: Array | None, block: tuple[int, ...]) -> Codes:
        """Raises `Unrepresentable` where blocks do not divide the constant, or scales and zero points do not fit."""
        shape = integers.shape
        if len(block) != len(shape) or any(b < 1 or size % b for b, size in zip(block, shape, strict=False)):
            raise Unrepresentable(f"blocks of {list(block)} do not divide a weight of shape {list(shape)}")
        counts = tuple(size // b for b, size in zip(block, shape, strict=True))
        if zero_points is not None and not np.any(zero_points):
            zero_points = None
        count = int(np.prod(counts, dtype=np.int64))
        if scales.size != count or (zero_points is not None and zero_points.size not in (1, count)):
            raise Unrepresentable(f"expected {count} scales and zero points, got {scales.size}")
        if zero_points is not None:
            zero_points = np.broadcast_to(zero_points.reshape(-1), (count,)).reshape(counts)
        return Codes(integers, scales.astype(np.float32).reshape(counts), zero_points, block)

    @property
    def axes(self) -> list[int]:
        """The dimensions that have more than one block."""
        return [axis for axis, count in enumerate(self.scales.shape) if count > 1]

    def real(self) -> Array:
        """The numbers, float32."""
        numbers = self.integers.astype(np.float32)
        if self.zero_points is not None:
            numbers = numbers - self._spread(self.zero_points).astype(np.float32)
        return numbers * self._spread(self.scales)

    def _spread(self, values: Array) -> Array:
        if values.size == 1:
            return values.reshape((1,) * self.integers.ndim)
        for axis, size in enumerate(self.block):
            if size > 1:
                values = np.repeat(values, size, axis)
        return values

    def fits_four_bits(self) -> bool:
        """Whether each integer is one of -8 to 7."""
        return self.integers.size > 0 and int(self.integers.min()) >= -8 and int(self.integers.max()) <= 7

    def arranged(self, arrange: Callable[[Array], Array]) -> Codes:
        """
        The constant after `arrange`, which reshapes and transposes. Raises `Unrepresentable` where the scales are not
        those of slices of one dimension afterwards.
        """
        integers = np.ascontiguousarray(arrange(self.integers))
        if self.scales.size == 1:
            return replace(
                self,
                integers=integers,
                scales=self.scales.reshape((1,) * integers.ndim),
                zero_points=None
                if self.zero_points is None
                else self.zero_points.reshape((1,) * integers.ndim),
                block=integers.shape,
            )
        # Which block each integer is of goes along.
        owners = self._spread(np.arange(self.scales.size).reshape(self.scales.shape))
        owners = np.broadcast_to(owners, self.integers.shape)
        owner = arrange(owners)
        if np.array_equal(owner, owners):
            return replace(self, integers=integers)
        for axis in range(integers.ndim):
            first = owner[tuple(np.s_[:] if i == axis else np.s_[:1] for i in range(integers.ndim))]
            if np.array_equal(np.broadcast_to(first, owner.shape), owner):
                picked = first.reshape(-1)
                counts = tuple(integers.shape[axis] if i == axis else 1 for i in range(integers.ndim))
                zeros = self.zero_points
                return Codes(
                    integers,
                    self.scales.reshape(-1)[picked].reshape(counts),
                    None if zeros is None else zeros.reshape(-1)[picked].reshape(counts),
                    tuple(1 if i == axis else size for i, size in enumerate(integers.shape)),
                )
        raise Unrepresentable("its scales are not those of slices of one dimension")

    def element_type(self, store: WeightStore) -> QuantizedType:
        """XNNPACK's type for the constant. Raises `Unrepresentable`."""
        scales = self.scales.reshape(-1)
        if not np.all(np.isfinite(scales)) or np.any(scales < SMALLEST_SCALE):
            raise Unrepresentable("XNNPACK wants scales that are positive, finite, normal numbers")
        dtype, axes = self.integers.dtype.name, self.axes
        if not axes:
            zero_point = 0 if self.zero_points is None else int(self.zero_points.reshape(-1)[0])
            kind = _ONE_SCALE.get(dtype)
            if kind is None:
                raise Unrepresentable(
                    f"XNNPACK has int8, uint8 and int32 constants with one scale, got {dtype}"
                )
            low, high = kind.ZERO_POINT_RANGE
            if not low <= zero_point <= high:
                raise Unrepresentable(f"XNNPACK wants a zero point of {low} to {high}, got {zero_point}")
            return kind(float(scales[0]), zero_point)
        if self.zero_points is not None:
            raise Unrepresentable(
                "XNNPACK wants zero points of 0 where there are several scales; quantise weights around zero "
                "(MappingType.SYMMETRIC)"
            )
        if len(axes) == 1 and self.block[axes[0]] == 1:
            several = _SEVERAL_SCALES.get(dtype)
            if several is None:
                raise Unrepresentable(
                    f"XNNPACK has int8 and int32 constants with a scale for each slice, got {dtype}"
                )
            return several(axes[0], store.add(scales))
        return self._block_type(store)

    def _block_type(self, store: WeightStore) -> QuantizedType:
        size = self.block[-1]
        if self.integers.ndim != 2 or self.block[0] != 1:
            raise Unrepresentable(
                f"XNNPACK has blocks along the rows of a matrix, got blocks of {list(self.block)}"
            )
        if not self.fits_four_bits():
            raise Unrepresentable(
                f"XNNPACK has groups of 4-bit weights only, got groups of {size} of {self.bits()} bits; a scale for "
                "each output channel will do (PerAxis(0))"
            )
        if size % BLOCK_MULTIPLE:
            raise Unrepresentable(
                f"XNNPACK has groups of a multiple of {BLOCK_MULTIPLE} weights, got groups of {size}; "
                f"PerGroup({BLOCK_MULTIPLE}) will do"
            )
        return xnn.QBInt4Type(0, size, store.add(self.scales.reshape(-1)))

    def rounded(self) -> Codes:
        """With scales that bfloat16 has, which is how XNNPACK takes those of blocks."""
        return replace(self, scales=from_bfloat16(to_bfloat16(self.scales)))

    def bits(self) -> int:
        """The bits that the largest integer needs."""
        largest = max(int(self.integers.max()), -int(self.integers.min()) - 1, 1)
        return largest.bit_length() + 1

    def constant(self, store: WeightStore) -> xnn.ConstantOp:
        """The constant as an op. Raises `Unrepresentable`."""
        element_type = self.element_type(store)
        packed = isinstance(element_type, xnn.QBInt4Type)
        numbers = pack_four_bit(self.integers) if packed else self.integers
        return xnn.ConstantOp(
            store.add(np.ascontiguousarray(numbers)), TensorType(element_type, self.integers.shape)
        )


def codes_of(constant: xnn.ConstantOp, store: WeightStore) -> Codes:
    """The integers of a constant of a quantised type. Raises `MissingWeightError` when the store lacks them."""
    type = tensor_type_of(constant.result)
    element_type, shape = type.get_element_type(), type.get_shape()
    array = constant_array(constant.value, type, store)
    if array.shape != shape:
        array = unpack_four_bit(array, shape[-1])
    match element_type:
        case PerTensorType():
            scales = np.full((1,) * len(shape), element_type.scale.value.data, np.float32)
            zero_point = np.full((1,) * len(shape), element_type.zero_point.data)
            return Codes.make(array, scales, zero_point, shape)
        case PerChannelType():
            axis = element_type.axis.data
            block = tuple(1 if i == axis else size for i, size in enumerate(shape))
            return Codes.make(array, scales_of(element_type, store), None, block)
        case xnn.QBInt4Type():
            return Codes.make(array, scales_of(element_type, store), None, (1, element_type.block_size.data))
        case _:
            raise ValueError(f"expected a constant of a quantised type, got {type}")


def scales_of(element_type: PerChannelType | xnn.QBInt4Type, store: WeightStore) -> Array:
    """The scales of a type that has several, float32, in one dimension."""
    scales = element_type.scales
    if isinstance(scales, WeightAttr):
        data = store.bytes(scales)
        return np.frombuffer(data, np.float32)
    assert isinstance(scales, ArrayAttr)
    return np.array([scale.value.data for scale in scales], np.float32)


def is_quantized_constant(op: Operation | object) -> bool:
    """Whether `op` is a constant of a quantised type."""
    return isinstance(op, xnn.ConstantOp) and isinstance(
        tensor_type_of(op.result).get_element_type(), QuantizedType
    )


def note_float(op: Operation, reason: str) -> None:
    """Say on a node why it computes in floats what the model quantises; the first reason stays."""
    op.attributes.setdefault(NOT_QUANTIZED, StringAttr(reason))
