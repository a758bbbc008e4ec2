"""Tensors among a method's slots: with memory from an arena or from the caller, and constants."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    IntegerAttr,
    IntegerType,
    StringAttr,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute
from xdsl.irdl import base, irdl_op_definition, opt_prop_def, prop_def, result_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.rt.slot_ops import AnyTensor, SlotOp
from xnnir.dialects.rt.types import Tensor, element_size
from xnnir.dialects.weights import WeightAttr, parse_constant, print_constant, verify_constant


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

    Arenas are numbered from 1, as in the file. `initial` are the bytes of a mutable tensor when the method is loaded; a
    named tensor without them, which begins as zeros, is mutable too. `dynamism` is "bound" when the sizes are upper
    bounds and "unbound" when they mean nothing. `external` takes the bytes from a .ptd file, by the fully qualified
    name.

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

    @property
    def is_state(self) -> bool:
        """Whether the tensor is a buffer of the model that keeps its numbers from one call to the next."""
        return self.initial is not None or (self.fully_qualified_name is not None and self.external is None)

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
