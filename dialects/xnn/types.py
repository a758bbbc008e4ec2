"""
Element types of quantised tensors: XNNPACK's datatypes with their parameters.

    tensor<1x56x56x24x!xnn.qint8<0.0235:-3>>              a real number is scale * (integer - zero point)
    tensor<16x3x3x3x!xnn.qcint8<0, [0.01, 0.02, ...]>>    one scale per slice of axis 0
    tensor<64x128x!xnn.qbint4<0, 32, #xnn.weight<...>>>   one scale per 32 elements of a row
    tensor<8x128x!xnn.qdint8<1>>                          parameters computed at run time for each row

Plain floats and integers use the builtin element types (f32, f16, bf16, i32).
"""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    BFloat16Type,
    Float16Type,
    Float32Type,
    FloatAttr,
    IntAttr,
    IntegerType,
    TensorType,
    f64,
)
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.weights import WeightAttr


def _verify_scale(scale: float) -> None:
    # XNNPACK refuses scales that are not normal positive numbers (validation.c and tensor.c of its subgraph API).
    if not (math.isfinite(scale) and scale >= 2.0**-126):
        raise VerifyException(f"expected a positive, finite, normal scale, got {scale}")


def _verify_scales(scales: ArrayAttr[FloatAttr] | WeightAttr) -> None:
    if isinstance(scales, ArrayAttr):
        for scale in scales:
            _verify_scale(scale.value.data)


def _scales_attr(scales: Sequence[float] | WeightAttr) -> ArrayAttr[FloatAttr] | WeightAttr:
    return (
        scales if isinstance(scales, WeightAttr) else ArrayAttr([FloatAttr(scale, f64) for scale in scales])
    )


def _print_float(printer: Printer, value: float) -> None:
    printer.print_float(value, f64)


class QuantizedType(ParametrizedAttribute, TypeAttribute, ABC):
    """Base of the element types whose integers stand for real numbers."""

    STORAGE_DTYPE: ClassVar[str]
    """NumPy's name of the integer that stores an element, or the byte that stores two 4-bit ones."""
    DATATYPE: ClassVar[str]
    """XNNPACK's name: `xnn_datatype_` + this."""
    ELEMENTS_PER_BYTE: ClassVar[int] = 1
    """How many share a byte, along the innermost dimension."""


class PerTensorType(QuantizedType, ABC):
    """One scale and one zero point for the whole tensor: `<scale:zero_point>`."""

    ZERO_POINT_RANGE: ClassVar[tuple[int, int]]

    scale: FloatAttr
    zero_point: IntAttr

    def __init__(self, scale: float, zero_point: int = 0):
        super().__init__(FloatAttr(scale, f64), IntAttr(zero_point))

    def verify(self) -> None:
        _verify_scale(self.scale.value.data)
        low, high = self.ZERO_POINT_RANGE
        if not low <= self.zero_point.data <= high:
            raise VerifyException(
                f"expected a zero point in {low}..{high} for {self.DATATYPE}, got {self.zero_point.data}"
            )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            position = parser.pos
            scale = float(parser.parse_number())
            parser.parse_punctuation(":")
            parameters = [FloatAttr(scale, f64), IntAttr(parser.parse_integer())]
        _raise_at(parser, cls, parameters, position)
        return parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            _print_float(printer, self.scale.value.data)
            printer.print_string(f":{self.zero_point.data}")


class PerChannelType(QuantizedType, ABC):
    """
    One scale per slice of one axis, zero point 0: `<axis, [scales]>` or `<axis, #xnn.weight<...>>` (f32 in
    the store).
    """

    axis: IntAttr
    scales: ArrayAttr[FloatAttr] | WeightAttr

    def __init__(self, axis: int, scales: Sequence[float] | WeightAttr):
        super().__init__(IntAttr(axis), _scales_attr(scales))

    def verify(self) -> None:
        if self.axis.data < 0:
            raise VerifyException(f"expected an axis of 0 or more, got {self.axis.data}")
        _verify_scales(self.scales)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            position = parser.pos
            axis = IntAttr(parser.parse_integer())
            parser.parse_punctuation(",")
            parameters = [axis, _parse_scales(parser)]
        _raise_at(parser, cls, parameters, position)
        return parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.axis.data}, ")
            _print_scales(printer, self.scales)


# Parameters of a class that is no dataclass would be none of its subclasses' when they are compared. Not as decorators:
# type checkers would lose the constructors.
for _base in (PerTensorType, PerChannelType):
    dataclass(frozen=True, init=False)(_base)


@irdl_attr_definition
class QInt8Type(PerTensorType):
    """`!xnn.qint8<scale:zero_point>`: signed 8-bit integers."""

    name = "xnn.qint8"
    STORAGE_DTYPE: ClassVar[str] = "int8"
    DATATYPE: ClassVar[str] = "qint8"
    ZERO_POINT_RANGE: ClassVar[tuple[int, int]] = (-128, 127)


@irdl_attr_definition
class QUInt8Type(PerTensorType):
    """`!xnn.quint8<scale:zero_point>`: unsigned 8-bit integers."""

    name = "xnn.quint8"
    STORAGE_DTYPE: ClassVar[str] = "uint8"
    DATATYPE: ClassVar[str] = "quint8"
    ZERO_POINT_RANGE: ClassVar[tuple[int, int]] = (0, 255)


@irdl_attr_definition
class QInt32Type(PerTensorType):
    """`!xnn.qint32<scale:0>`: 32-bit biases."""

    name = "xnn.qint32"
    STORAGE_DTYPE: ClassVar[str] = "int32"
    DATATYPE: ClassVar[str] = "qint32"
    ZERO_POINT_RANGE: ClassVar[tuple[int, int]] = (0, 0)


@irdl_attr_definition
class QCInt8Type(PerChannelType):
    """`!xnn.qcint8<axis, scales>`: 8-bit weights, symmetric."""

    name = "xnn.qcint8"
    STORAGE_DTYPE: ClassVar[str] = "int8"
    DATATYPE: ClassVar[str] = "qcint8"


@irdl_attr_definition
class QCInt32Type(PerChannelType):
    """`!xnn.qcint32<axis, scales>`: 32-bit biases, a scale per output channel."""

    name = "xnn.qcint32"
    STORAGE_DTYPE: ClassVar[str] = "int32"
    DATATYPE: ClassVar[str] = "qcint32"


@irdl_attr_definition
class QCInt4Type(PerChannelType):
    """`!xnn.qcint4<axis, scales>`: 4-bit weights, two to a byte (even index in the low half), stored plus 8."""

    name = "xnn.qcint4"
    STORAGE_DTYPE: ClassVar[str] = "uint8"
    DATATYPE: ClassVar[str] = "qcint4"
    ELEMENTS_PER_BYTE: ClassVar[int] = 2


@irdl_attr_definition
class QBInt4Type(QuantizedType):
    """
    `!xnn.qbint4<axis, block size, scales>`: 4-bit weights as qcint4, a scale per block of a row.

    Scales are float32 as those of other types. XNNPACK takes them as bfloat16; `xnn-fold-quant` rounds them for it.
    """

    name = "xnn.qbint4"
    STORAGE_DTYPE: ClassVar[str] = "uint8"
    DATATYPE: ClassVar[str] = "qbint4"
    ELEMENTS_PER_BYTE: ClassVar[int] = 2

    axis: IntAttr
    block_size: IntAttr
    scales: ArrayAttr[FloatAttr] | WeightAttr

    def __init__(self, axis: int, block_size: int, scales: Sequence[float] | WeightAttr):
        super().__init__(IntAttr(axis), IntAttr(block_size), _scales_attr(scales))

    def verify(self) -> None:
        if self.axis.data < 0:
            raise VerifyException(f"expected an axis of 0 or more, got {self.axis.data}")
        if self.block_size.data <= 0 or self.block_size.data % 32:
            raise VerifyException(
                f"expected a block size that is a multiple of 32, got {self.block_size.data}"
            )
        _verify_scales(self.scales)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            position = parser.pos
            axis = IntAttr(parser.parse_integer())
            parser.parse_punctuation(",")
            block_size = IntAttr(parser.parse_integer())
            parser.parse_punctuation(",")
            parameters = [axis, block_size, _parse_scales(parser)]
        _raise_at(parser, cls, parameters, position)
        return parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.axis.data}, {self.block_size.data}, ")
            _print_scales(printer, self.scales)


@irdl_attr_definition
class QDInt8Type(QuantizedType):
    """
    `!xnn.qdint8<num_nonbatch_dims>`: 8-bit integers whose scale and zero point are found at run time for
    each batch.
    """

    name = "xnn.qdint8"
    STORAGE_DTYPE: ClassVar[str] = "int8"
    DATATYPE: ClassVar[str] = "qdint8"

    num_nonbatch_dims: IntAttr

    def __init__(self, num_nonbatch_dims: int):
        super().__init__(IntAttr(num_nonbatch_dims))

    def verify(self) -> None:
        if self.num_nonbatch_dims.data < 1:
            raise VerifyException(
                f"expected 1 or more non-batch dimensions, got {self.num_nonbatch_dims.data}"
            )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            position = parser.pos
            parameters = [IntAttr(parser.parse_integer())]
        _raise_at(parser, cls, parameters, position)
        return parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(str(self.num_nonbatch_dims.data))


def verify_quantised_axis(type: TensorType[Attribute]) -> None:
    """Raise `VerifyException` where the axis of the scales of `type` is none of its axes."""
    element_type, rank = type.get_element_type(), len(type.get_shape())
    if isinstance(element_type, PerChannelType | QBInt4Type) and element_type.axis.data >= rank:
        raise VerifyException(
            f"expected an axis of scales below {rank}, got {element_type.axis.data} in {type}"
        )


def datatype(element_type: Attribute) -> str | None:
    """
    XNNPACK's name for `element_type` without its `xnn_datatype_` prefix; None when XNNPACK has no such
    datatype.
    """
    match element_type:
        case QuantizedType():
            return element_type.DATATYPE
        case Float32Type():
            return "fp32"
        case Float16Type():
            return "fp16"
        case BFloat16Type():
            return "bf16"
        case IntegerType():
            return "int32" if element_type.width.data == 32 else None
        case _:
            return None


def _parse_scales(parser: AttrParser) -> Attribute:
    if (attribute := parser.parse_optional_attribute()) is not None and isinstance(attribute, WeightAttr):
        return attribute
    if isinstance(attribute, ArrayAttr):
        numbers: list[Attribute] = []
        for item in cast(ArrayAttr[Attribute], attribute):
            if not isinstance(item, FloatAttr):
                parser.raise_error(f"expected a list of scales such as [0.01, 0.02], got {attribute}")
            numbers.append(FloatAttr(item.value.data, f64))
        return ArrayAttr(numbers)
    parser.raise_error("expected a list of scales or #xnn.weight<...>")


def _print_scales(printer: Printer, scales: ArrayAttr[FloatAttr] | WeightAttr) -> None:
    if isinstance(scales, WeightAttr):
        printer.print_attribute(scales)
        return
    with printer.in_square_brackets():
        printer.print_list(scales, lambda scale: _print_float(printer, scale.value.data))


def _raise_at(
    parser: AttrParser, cls: type[QuantizedType], parameters: Sequence[Attribute], position: int
) -> None:
    # A verifier that fails while a type is built carries no place in the text; building it here gives it one.
    try:
        cls.new(parameters)
    except VerifyException as error:
        parser.raise_error(str(error), position, parser.pos)


__all__ = [
    "PerChannelType",
    "PerTensorType",
    "QBInt4Type",
    "QCInt4Type",
    "QCInt8Type",
    "QCInt32Type",
    "QDInt8Type",
    "QInt8Type",
    "QInt32Type",
    "QUInt8Type",
    "QuantizedType",
    "datatype",
]
