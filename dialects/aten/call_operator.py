"""Calls of operators that are not ATen's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, cast

from xdsl.dialects.builtin import ArrayAttr, LocationAttr, StringAttr, UnitAttr
from xdsl.ir import Attribute, Operation, OpTraits, SSAValue
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import EffectInstance
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.aten.operator import AtenOp, CallEffects, parse_argument
from xnnir.dialects.aten.schema import Argument, Schema, SchemaType
from xnnir.dialects.aten.values import Arguments, store


class CallOperatorOp(AtenOp):
    """
    A call of an operator that is not one of ATen's: a custom op, or one that the pinned version of torch lacks.

    Example:
        %q = aten.call_operator "quantized_decomposed::quantize_per_tensor"(input = %x, scale = 0.02, zero_point = 0) :
            (tensor<4xf32>) -> tensor<4xi8>

    The names of the arguments are in the property `names`, for there is no schema here to look them up in. The unit
    property `effects` marks calls that must be neither dropped nor merged.
    """

    name = "aten.call_operator"

    @property
    def target(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        namespace, _, name = self.operator.partition("::")
        return f"{namespace}.{name}" if "." in name else f"{namespace}.{name}.default"

    @property
    def schema(self) -> Schema:
        namespaced, _, overload = self.operator.partition(".")
        any_type = SchemaType("Any")
        arguments = tuple(Argument(name, any_type) for name in self.names)
        return Schema(
            namespaced, "" if overload == "default" else overload, arguments, (SchemaType("Any", True),)
        )

    @property
    def operator(self) -> str:
        """`namespace::name.overload`, with the overload `default` left out."""
        return cast(StringAttr, self.properties["operator"]).data

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arguments of this call."""
        names = cast(ArrayAttr[StringAttr], self.properties["names"])
        return tuple(name.data for name in names)

    @staticmethod
    def call_operator(
        operator: str,
        args: Mapping[str, Any],
        result_types: Sequence[Attribute],
        location: LocationAttr | None = None,
        *,
        has_effects: bool = False,
    ) -> CallOperatorOp:
        """A call of `operator` (`namespace::name.overload`) with all of its arguments, by name and in order."""
        operands: list[SSAValue] = []
        stored = tuple(store(value, operands) for value in args.values())
        return CallOperatorOp.create(
            operands=operands,
            result_types=result_types,
            properties={
                "operator": StringAttr(operator),
                "names": ArrayAttr(StringAttr(name) for name in args),
                "arguments": Arguments(stored),
                **({"effects": UnitAttr()} if has_effects else {}),
            },
            location=location,
        )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        properties: dict[str, Attribute] = {}
        if parser.parse_optional_keyword("effects") is not None:
            properties["effects"] = UnitAttr()
        properties["operator"] = StringAttr(parser.parse_str_literal())
        items = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: parse_argument(parser))
        if not all(name for name, _, _ in items):
            parser.raise_error("expected 'name = value' for every argument of an operator without a schema")
        properties["names"] = ArrayAttr(StringAttr(name) for name, _, _ in items)
        return cls.finish_parsing(parser, [value for _, value, _ in items], properties)

    def print(self, printer: Printer) -> None:
        if "effects" in self.properties:
            printer.print_string(" effects")
        printer.print_string(" ")
        printer.print_string_literal(self.operator)
        super().print(printer)

    def verify_(self) -> None:
        operator = self.properties.get("operator")
        if not isinstance(operator, StringAttr) or "::" not in operator.data:
            raise VerifyException(f"expected 'namespace::name' as the operator, got {operator}")
        if not isinstance(self.properties.get("names"), ArrayAttr):
            raise VerifyException("expected the names of the arguments as property 'names', got none")
        super().verify_()


class OperatorEffects(CallEffects):
    """The effects of `aten.call_operator`."""

    @classmethod
    def get_effects(cls, op: Operation) -> frozenset[EffectInstance]:
        return super().get_effects(op) if "effects" in op.properties else frozenset()


CallOperatorOp.traits = OpTraits(lambda: (OperatorEffects(),))
