"""
Names and bounds of dynamic dimensions, as the encoding of a tensor type.

    tensor<?x3x224x224xf32, #xnn.dims<["s0" <= 8, 3, 224, 224]>>

Two dimensions with the same expression are equal at run time. The upper bound is what memory is planned for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from xdsl.dialects.builtin import DYNAMIC_INDEX, ArrayAttr, IntAttr, NoneAttr, StringAttr, TensorType
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException


@irdl_attr_definition
class DimAttr(ParametrizedAttribute):
    """
    One dimension: `"2*s0 + 1" <= 17`, or `"s0"` when nothing bounds it (bound -1). A static one has the
    number as both.
    """

    name = "xnn.dim"

    expression: StringAttr
    bound: IntAttr

    def __init__(self, expression: str, bound: int | None):
        super().__init__(StringAttr(expression), IntAttr(-1 if bound is None else bound))

    @property
    def is_static(self) -> bool:
        return self.expression.data.isdigit()

    @property
    def upper_bound(self) -> int | None:
        """The largest size at run time; None when there is no bound."""
        return None if self.bound.data < 0 else self.bound.data


@irdl_attr_definition
class DimsAttr(ParametrizedAttribute):
    """The dimensions of a tensor of which some are dynamic, in order: `#xnn.dims<["s0" <= 8, 3]>`."""

    name = "xnn.dims"

    dims: ArrayAttr[DimAttr]

    def __init__(self, dims: Sequence[DimAttr]):
        super().__init__(ArrayAttr(dims))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [
                ArrayAttr(
                    parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: _parse_dim(parser))
                )
            ]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets(), printer.in_square_brackets():
            printer.print_list(self.dims, lambda dim: _print_dim(printer, dim))


def _parse_dim(parser: AttrParser) -> DimAttr:
    if (size := parser.parse_optional_integer(allow_boolean=False, allow_negative=False)) is not None:
        return DimAttr(str(size), size)
    expression = parser.parse_str_literal()
    if parser.parse_optional_punctuation("<") is None:
        return DimAttr(expression, None)
    parser.parse_punctuation("=")
    return DimAttr(expression, parser.parse_integer(allow_negative=False))


def _print_dim(printer: Printer, dim: DimAttr) -> None:
    if dim.is_static:
        printer.print_string(dim.expression.data)
        return
    printer.print_string_literal(dim.expression.data)
    if (bound := dim.upper_bound) is not None:
        printer.print_string(f" <= {bound}")


@lru_cache(maxsize=4096)
def static_dim(size: int) -> DimAttr:
    """A dimension of known size. Made once for each size: attributes are slow to make, and never change."""
    return DimAttr(str(size), size)


def dims_of(type: TensorType[Attribute]) -> tuple[DimAttr, ...]:
    """The dimensions of `type` with their expressions; a `?` without an encoding is the expression "?", unbounded."""
    if isinstance(type.encoding, DimsAttr):
        return tuple(type.encoding.dims)
    return tuple(
        DimAttr("?", None) if size == DYNAMIC_INDEX else static_dim(size) for size in type.get_shape()
    )


def tensor_type(element_type: Attribute, dims: Sequence[int | DimAttr]) -> TensorType[Attribute]:
    """A tensor type of `dims`, with an encoding only where some dimension is dynamic."""
    full = [dim if isinstance(dim, DimAttr) else static_dim(dim) for dim in dims]
    shape = [int(dim.expression.data) if dim.is_static else DYNAMIC_INDEX for dim in full]
    if DYNAMIC_INDEX not in shape:
        return TensorType(element_type, shape)
    return TensorType(element_type, shape, DimsAttr(full))


def upper_bound_shape(type: TensorType[Attribute]) -> tuple[int, ...] | None:
    """The largest shape a value of `type` can have; None when some dimension has no bound."""
    bounds = [dim.upper_bound for dim in dims_of(type)]
    return None if None in bounds else tuple(bound for bound in bounds if bound is not None)


def verify_dims(type: TensorType[Attribute]) -> None:
    """Check that an encoding, where there is one, fits the shape; raise `VerifyException` otherwise."""
    if isinstance(type.encoding, NoneAttr):
        return
    if not isinstance(type.encoding, DimsAttr):
        raise VerifyException(f"expected #xnn.dims as the encoding of a tensor type, got {type.encoding}")
    shape = [int(dim.expression.data) if dim.is_static else DYNAMIC_INDEX for dim in type.encoding.dims]
    if tuple(shape) != type.get_shape():
        raise VerifyException(
            f"expected the dimensions of {type.encoding} to be those of the shape, got {type}"
        )
