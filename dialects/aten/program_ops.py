"""The ops around the calls: the static tensors of a model, and what it writes to besides its results."""

from __future__ import annotations

from abc import ABC
from typing import Self, cast

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, NoneType, StringAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.weights import parse_constant, print_constant, verify_constant


class StaticValueOp(IRDLOperation, ABC):
    """A named tensor of the model whose numbers are known: base of `aten.parameter`, `aten.buffer`, `aten.constant`."""

    fqn = prop_def(StringAttr)
    """Its qualified name in the model: `features.0.conv.weight`."""
    value = prop_def(AnyAttr())
    result = result_def(AnyAttr())

    traits = traits_def(Pure())

    def __init__(self, fqn: str, value: Attribute, result_type: Attribute):
        super().__init__(properties={"fqn": StringAttr(fqn), "value": value}, result_types=[result_type])

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        fqn = parser.parse_str_literal(" naming the tensor")
        value, result_type = _parse_value(parser)
        attributes = parser.parse_optional_attr_dict()
        op = cls(fqn, value, result_type)
        op.attributes = attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_string_literal(self.fqn.data)
        printer.print_string(" ")
        if _is_number(self.value):
            printer.print_attribute(self.value)
        else:
            print_constant(printer, self.value, self.result.type)
        printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        verify_constant(self.value, self.result.type)


def _is_number(value: Attribute) -> bool:
    return isinstance(value, IntegerAttr | FloatAttr)


def _parse_value(parser: Parser) -> tuple[Attribute, Attribute]:
    number = parser.parse_optional_builtin_int_or_float_attr()
    return parse_constant(parser) if number is None else (number, number.type)


@irdl_op_definition
class ParameterOp(StaticValueOp):
    """
    A parameter.

    Example:
        %w = aten.parameter "conv.weight" #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<16x3x3x3xf32>
    """

    name = "aten.parameter"


@irdl_op_definition
class BufferOp(StaticValueOp):
    """
    A buffer, as it is when the program begins.

    Example:
        %m = aten.buffer "bn.running_mean" dense<[0.5, 0.25]> : tensor<2xf32>
    """

    name = "aten.buffer"


@irdl_op_definition
class ConstantOp(StaticValueOp):
    """
    A tensor that the model's code made while it was exported, or a number that it returns.

    Example:
        %c = aten.constant "lifted_tensor_0" dense<1.0> : tensor<f32>
        %n = aten.constant "output_1" 3 : i64
    """

    name = "aten.constant"

    def verify_(self) -> None:
        if _is_number(self.value):
            number = cast("IntegerAttr | FloatAttr", self.value)
            if number.type != self.result.type:
                raise VerifyException(f"expected a result of type {number.type}, got {self.result.type}")
            return
        super().verify_()


@irdl_op_definition
class NoneOp(IRDLOperation):
    """
    Python's None, where a program returns it.

    Example:
        %0 = aten.none : none
    """

    name = "aten.none"

    result = result_def(NoneType)

    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self) -> None:
        super().__init__(result_types=[NoneType()])


class _AssignOp(IRDLOperation, ABC):
    target = prop_def(StringAttr)
    value = operand_def(AnyAttr())

    traits = traits_def(MemoryWriteEffect())
    assembly_format = "$target `=` $value attr-dict `:` type($value)"

    def __init__(self, target: str, value: SSAValue):
        super().__init__(operands=[value], properties={"target": StringAttr(target)})


@irdl_op_definition
class AssignBufferOp(_AssignOp):
    """
    What a buffer holds when the program ends, for a program that changes it.

    Example:
        aten.assign_buffer "cache" = %k : tensor<1x8x64xf32>
    """

    name = "aten.assign_buffer"


@irdl_op_definition
class AssignInputOp(_AssignOp):
    """
    What an input tensor holds when the program ends, for a program that writes to its input.

    Example:
        aten.assign_input "x" = %y : tensor<4xf32>
    """

    name = "aten.assign_input"
