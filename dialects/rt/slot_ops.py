"""
Slots: the values of a method. Their order in the text is their order in the method's value table.

A slot is a place, not a number: instructions write to it, so one SSA value may change as the method runs.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    BoolAttr,
    DenseArrayBase,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
    UnitAttr,
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
    Tensor,
    TensorListType,
    element_size,
)
from xnnir.dialects.weights import WeightAttr, parse_constant, print_constant, verify_constant

AnyTensor = base(TensorType[Attribute])
I64 = IntegerAttr.constr(type=base(IntegerType))


class SlotOp(IRDLOperation, ABC):
    """Makes one value of the method."""

    irdl_options = (ParsePropInAttrDict(),)

    @property
    def value(self) -> SSAValue:
        """The slot."""
        return self.results[0]


class TensorSlotOp(SlotOp, ABC):
    """
    A tensor. Its type has PyTorch's logical sizes; `dim_order` says how they lie in memory, outermost first
    (`array<i64: 0, 2, 3, 1>` is channels-last), row-major where it is absent.
    """

    result = result_def(AnyTensor)

    dim_order = opt_prop_def(DenseArrayBase.constr(i64))
    fully_qualified_name = opt_prop_def(StringAttr)
    """The tensor's name in the model, such as `features.0.weight`."""
    requires_grad = opt_prop_def(UnitAttr)

    @property
    def tensor_type(self) -> Tensor:
        return self.result.type

    def physical_dims(self) -> tuple[int, ...]:
        """The sizes as they lie in memory, outermost first."""
        shape = self.tensor_type.get_shape()
        if self.dim_order is None:
            return shape
        return tuple(shape[dim] for dim in self.dim_order.get_values())

    def verify_(self) -> None:
        shape = self.tensor_type.get_shape()
        if element_size(self.tensor_type.get_element_type()) is None:
            raise VerifyException(
                f"expected an element type that PyTorch has, got {self.tensor_type.get_element_type()}"
            )
        if DYNAMIC_INDEX in shape:
            raise VerifyException(
                f"expected the largest sizes and a dynamism for a tensor of dynamic shape, got {self.tensor_type}"
            )
        if self.dim_order is not None:
            dim_order = self.dim_order.get_values()
            if sorted(dim_order) != list(range(len(shape))):
                raise VerifyException(
                    f"expected dim_order to be a permutation of the {len(shape)} dimensions, got {list(dim_order)}"
                )


@irdl_op_definition
class TensorOp(TensorSlotOp):
    """
    A tensor whose memory is a part of an arena, or is given when the method runs.

    Arenas are numbered from 1, as in the file. `initial` are the bytes of a mutable tensor when the method is
    loaded. `dynamism` is "bound" when the sizes are upper bounds and "unbound" when they mean nothing. `external`
    takes the bytes from a .ptd file, by the fully qualified name.

    Example:
        %x = rt.tensor : tensor<1x3x224x224xf32>
        %y = rt.tensor arena 1 offset 602112 {dynamism = "bound"} : tensor<8x1000xf32>
        %state = rt.tensor arena 1 offset 0 initial #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<4xf32>
    """

    name = "rt.tensor"

    arena = opt_prop_def(IntegerAttr.constr(type=base(IntegerType)))
    offset = opt_prop_def(IntegerAttr.constr(type=base(IntegerType)))
    initial = opt_prop_def(WeightAttr)
    dynamism = opt_prop_def(StringAttr)
    external = opt_prop_def(UnitAttr)
    device = opt_prop_def(DenseArrayBase.constr(i64))
    """Device type and index, where it is not the CPU: 1 is CUDA."""

    def __init__(
        self,
        type: Attribute,
        *,
        arena: int | None = None,
        offset: int | None = None,
        initial: WeightAttr | None = None,
        dynamism: str | None = None,
        dim_order: Sequence[int] | None = None,
        fully_qualified_name: str | None = None,
        requires_grad: bool = False,
        external: bool = False,
        device: tuple[int, int] | None = None,
    ):
        super().__init__(
            result_types=[type],
            properties={
                "initial": initial,
                "dynamism": None if dynamism is None else StringAttr(dynamism),
                "external": UnitAttr() if external else None,
                "device": None if device is None else DenseArrayBase.from_list(i64, list(device)),
                **_tensor_properties(dim_order, fully_qualified_name, requires_grad),
            },
        )
        if arena is not None and offset is not None:
            self.place(arena, offset)

    def place(self, arena: int, offset: int) -> None:
        """Put the tensor `offset` bytes into `arena` (1 is the first)."""
        self.properties["arena"] = IntegerAttr(arena, i64)
        self.properties["offset"] = IntegerAttr(offset, i64)

    @classmethod
    def parse(cls, parser: Parser) -> TensorOp:
        arena = offset = initial = None
        if parser.parse_optional_keyword("arena") is not None:
            arena = parser.parse_integer(allow_boolean=False, allow_negative=False)
            parser.parse_keyword("offset")
            offset = parser.parse_integer(allow_boolean=False, allow_negative=False)
        if parser.parse_optional_keyword("initial") is not None:
            position = parser.pos
            initial = parser.parse_attribute()
            if not isinstance(initial, WeightAttr):
                parser.raise_error(f"expected #xnn.weight<...>, got {initial}", position, parser.pos)
        op_attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        op = cls(parser.parse_type(), arena=arena, offset=offset, initial=initial)
        _take_attributes(op, op_attributes)
        return op

    def print(self, printer: Printer) -> None:
        if self.arena is not None and self.offset is not None:
            printer.print_string(f" arena {self.arena.value.data} offset {self.offset.value.data}")
        if self.initial is not None:
            printer.print_string(" initial ")
            printer.print_attribute(self.initial)
        _print_attributes(printer, self, ("arena", "offset", "initial"))
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)

    def verify_(self) -> None:
        super().verify_()
        if (self.arena is None) != (self.offset is None):
            raise VerifyException("expected both an arena and an offset, got one of them")
        if self.arena is not None and self.offset is not None:
            if self.arena.value.data < 1:
                raise VerifyException(f"expected an arena of 1 or more, got {self.arena.value.data}")
            if self.offset.value.data < 0:
                raise VerifyException(f"expected an offset of 0 or more, got {self.offset.value.data}")
        elif self.initial is not None:
            raise VerifyException("expected an arena for a tensor with initial bytes, got none")
        if self.dynamism is not None and self.dynamism.data not in ("bound", "unbound"):
            raise VerifyException(f'expected dynamism to be "bound" or "unbound", got "{self.dynamism.data}"')
        if self.external is not None and self.fully_qualified_name is None:
            raise VerifyException("expected a fully_qualified_name for an external tensor, got none")
        if self.device is not None and len(self.device) != 2:
            raise VerifyException(f"expected a device type and an index, got {len(self.device)} numbers")


@irdl_op_definition
class ConstantOp(TensorSlotOp):
    """
    A tensor whose bytes are in the program.

    Example:
        %w = rt.constant #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<768xf32> {fully_qualified_name = "norm.weight"}
    """

    name = "rt.constant"

    data = prop_def(Attribute)

    def __init__(
        self,
        data: Attribute,
        type: Attribute,
        *,
        dim_order: Sequence[int] | None = None,
        fully_qualified_name: str | None = None,
        requires_grad: bool = False,
    ):
        super().__init__(
            result_types=[type],
            properties={"data": data, **_tensor_properties(dim_order, fully_qualified_name, requires_grad)},
        )

    @classmethod
    def parse(cls, parser: Parser) -> ConstantOp:
        data, type = parse_constant(parser)
        op = cls(data, type)
        _take_attributes(op, parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        print_constant(printer, self.data, self.result.type)
        _print_attributes(printer, self, ("data",))

    def verify_(self) -> None:
        super().verify_()
        verify_constant(self.data, self.result.type)


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


def _tensor_properties(
    dim_order: Sequence[int] | None, fully_qualified_name: str | None, requires_grad: bool
) -> dict[str, Attribute | None]:
    return {
        "dim_order": None if dim_order is None else DenseArrayBase.from_list(i64, list(dim_order)),
        "fully_qualified_name": None if fully_qualified_name is None else StringAttr(fully_qualified_name),
        "requires_grad": UnitAttr() if requires_grad else None,
    }


def _take_attributes(op: TensorSlotOp, attributes: dict[str, Attribute]) -> None:
    names = op.get_irdl_definition().properties
    for name, attribute in attributes.items():
        (op.properties if name in names else op.attributes)[name] = attribute


def _print_attributes(printer: Printer, op: TensorSlotOp, printed: tuple[str, ...]) -> None:
    properties = {name: value for name, value in op.properties.items() if name not in printed}
    printer.print_op_attributes({**properties, **op.attributes})
