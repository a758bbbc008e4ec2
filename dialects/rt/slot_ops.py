"""
Slots: the values of a method. Their order in the text is their order in the method's value table.

A slot is a place, not a number: instructions write to it, so one SSA value may change as the method runs.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    ArrayAttr,
    BoolAttr,
    DenseArrayBase,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
    f64,
    i1,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    base,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.rt.types import (
    BoolListType,
    BoolType,
    DoubleListType,
    DoubleType,
    IntListType,
    IntType,
    NullType,
    OptionalTensorListType,
    StringType,
    TensorListType,
)

AnyTensor = base(TensorType[Attribute])


class SlotOp(IRDLOperation, ABC):
    """Makes one value of the method."""

    irdl_options = (ParsePropInAttrDict(),)

    @property
    def value(self) -> SSAValue:
        """The slot."""
        return self.results[0]


@irdl_op_definition
class NullOp(SlotOp):
    """
    None.

    Example:
        %none = rt.null
    """

    name = "rt.null"

    result = result_def(NullType())
    assembly_format = "attr-dict"

    def __init__(self) -> None:
        super().__init__(result_types=[NullType()])


@irdl_op_definition
class IntOp(SlotOp):
    """
    An integer, or an enum of PyTorch as its number (ScalarType, Layout, MemoryFormat).

    Example:
        %dim = rt.int -1
    """

    name = "rt.int"

    number = prop_def(IntegerAttr.constr(type=base(IntegerType)))
    result = result_def(IntType())

    def __init__(self, number: int):
        super().__init__(properties={"number": IntegerAttr(number, i64)}, result_types=[IntType()])

    @classmethod
    def parse(cls, parser: Parser) -> IntOp:
        op = cls(parser.parse_integer(allow_boolean=False))
        op.attributes = parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.number.value.data}")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class BoolOp(SlotOp):
    """
    A bool.

    Example:
        %keepdim = rt.bool true
    """

    name = "rt.bool"

    boolean = prop_def(BoolAttr.constr(type=base(IntegerType)))
    result = result_def(BoolType())

    def __init__(self, boolean: bool):
        super().__init__(properties={"boolean": IntegerAttr(int(boolean), i1)}, result_types=[BoolType()])

    @classmethod
    def parse(cls, parser: Parser) -> BoolOp:
        op = cls(parser.parse_boolean())
        op.attributes = parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" true" if self.boolean.value.data else " false")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class DoubleOp(SlotOp):
    """
    A float; `inf` and `nan` are ones, too.

    Example:
        %eps = rt.double 1.0e-05
    """

    name = "rt.double"

    number = prop_def(FloatAttr[Float64Type])
    result = result_def(DoubleType())

    def __init__(self, number: float):
        super().__init__(properties={"number": FloatAttr(number, f64)}, result_types=[DoubleType()])

    @classmethod
    def parse(cls, parser: Parser) -> DoubleOp:
        is_negative = parser.parse_optional_punctuation("-") is not None
        if parser.parse_optional_keyword("inf") is not None:
            number = float("inf")
        elif parser.parse_optional_keyword("nan") is not None:
            number = float("nan")
        else:
            number = float(parser.parse_number(allow_boolean=False))
        op = cls(-number if is_negative else number)
        op.attributes = parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        text = repr(self.number.value.data)
        mantissa, exponent, power = text.partition("e")
        if exponent and "." not in mantissa:
            text = f"{mantissa}.0e{power}"  # a float is one by its dot
        printer.print_string(f" {text}")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class StringOp(SlotOp):
    """
    Text.

    Example:
        %approximate = rt.string "tanh"
    """

    name = "rt.string"

    text = prop_def(StringAttr)
    result = result_def(StringType())
    assembly_format = "$text attr-dict"

    def __init__(self, text: str):
        super().__init__(properties={"text": StringAttr(text)}, result_types=[StringType()])


@irdl_op_definition
class IntListOp(SlotOp):
    """
    A list of integers; its items are slots, so that sizes found at run time can be among them.

    Example:
        %size = rt.int_list(%batch, %c)
    """

    name = "rt.int_list"

    items = var_operand_def(IntType())
    result = result_def(IntListType())
    assembly_format = "`(` $items `)` attr-dict"

    def __init__(self, items: Sequence[SSAValue]):
        super().__init__(operands=[items], result_types=[IntListType()])


@irdl_op_definition
class DoubleListOp(SlotOp):
    """
    A list of floats.

    Example:
        %scales = rt.double_list [2.000000e+00 : f64, 2.000000e+00 : f64]
    """

    name = "rt.double_list"

    items = prop_def(ArrayAttr[FloatAttr[Float64Type]])
    result = result_def(DoubleListType())
    assembly_format = "$items attr-dict"

    def __init__(self, items: Sequence[float]):
        super().__init__(
            properties={"items": ArrayAttr([FloatAttr(item, f64) for item in items])},
            result_types=[DoubleListType()],
        )


@irdl_op_definition
class BoolListOp(SlotOp):
    """
    A list of bools.

    Example:
        %mask = rt.bool_list [true, false]
    """

    name = "rt.bool_list"

    items = prop_def(ArrayAttr[IntegerAttr[IntegerType]])
    result = result_def(BoolListType())
    assembly_format = "$items attr-dict"

    def __init__(self, items: Sequence[bool]):
        super().__init__(
            properties={"items": ArrayAttr([IntegerAttr(int(item), i1) for item in items])},
            result_types=[BoolListType()],
        )


@irdl_op_definition
class TensorListOp(SlotOp):
    """
    A list of tensors.

    Example:
        %list = rt.tensor_list(%a, %b) : (tensor<2xf32>, tensor<3xf32>)
    """

    name = "rt.tensor_list"

    items = var_operand_def(AnyTensor)
    result = result_def(TensorListType())
    assembly_format = "`(` $items `)` attr-dict `:` `(` type($items) `)`"

    def __init__(self, items: Sequence[SSAValue]):
        super().__init__(operands=[items], result_types=[TensorListType()])


@irdl_op_definition
class OptionalTensorListOp(SlotOp):
    """
    A list of tensors of which some are missing: `none` in the text, or an `rt.null` slot.

    Example:
        %indices = rt.optional_tensor_list(none, %index) : (tensor<3xi64>)
    """

    name = "rt.optional_tensor_list"

    items = var_operand_def(AnyTensor | base(NullType))
    missing = opt_prop_def(DenseArrayBase.constr(i64))
    """Places of the list that no slot fills, in rising order."""
    result = result_def(OptionalTensorListType())

    def __init__(self, items: Sequence[SSAValue | None]):
        missing = [index for index, item in enumerate(items) if item is None]
        super().__init__(
            operands=[[item for item in items if item is not None]],
            properties={"missing": DenseArrayBase.from_list(i64, missing) if missing else None},
            result_types=[OptionalTensorListType()],
        )

    def entries(self) -> list[SSAValue | None]:
        """The items, None where one is missing."""
        entries: list[SSAValue | None] = list(self.items)
        for index in _ints(self.missing):
            entries.insert(index, None)
        return entries

    @classmethod
    def parse(cls, parser: Parser) -> OptionalTensorListOp:
        operands = parser.parse_comma_separated_list(
            parser.Delimiter.PAREN,
            lambda: (
                None
                if parser.parse_optional_keyword("none") is not None
                else parser.parse_unresolved_operand()
            ),
        )
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        position = parser.pos
        types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        present = [operand for operand in operands if operand is not None]
        values = iter(parser.resolve_operands(present, types, position))
        op = cls([None if operand is None else next(values) for operand in operands])
        op.attributes = attributes
        return op

    def print(self, printer: Printer) -> None:
        with printer.in_parens():
            printer.print_list(
                self.entries(),
                lambda item: printer.print_string("none") if item is None else printer.print_ssa_value(item),
            )
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        with printer.in_parens():
            printer.print_list(self.items.types, printer.print_attribute)

    def verify_(self) -> None:
        missing = list(_ints(self.missing))
        length = len(missing) + len(self.items)
        if missing != sorted(set(missing)) or (missing and not 0 <= missing[0] <= missing[-1] < length):
            raise VerifyException(f"expected missing places in rising order below {length}, got {missing}")


def _ints(array: DenseArrayBase[IntegerType] | None) -> tuple[int, ...]:
    return () if array is None else array.get_values()
