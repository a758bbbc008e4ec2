"""The ops that stand for calls of PyTorch operators: their arguments, their syntax and their checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, cast

from xdsl.dialects.builtin import (
    LocationAttr,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import EffectInstance, MemoryEffect, MemoryEffectKind
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.aten.checks import verify_argument, verify_dimensions, verify_results
from xnnir.dialects.aten.schema import Schema, fill_list, parse_schema
from xnnir.dialects.aten.values import (
    OPERAND,
    Arguments,
    Value,
    named_value,
    operand_count,
    parse_value,
    print_value,
    resolve,
    store,
)


class AtenOp(Operation):
    """
    A call of a PyTorch operator. There is a subclass for each overload in `schemas.txt`.

    Example:
        %1 = aten.conv2d(%x, %w, stride = [2, 2]) : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x3x3xf32>
        %2 = aten.cat([%a, %b], dim = 1) : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>

    Operands are the tensors among the arguments, and the numbers that are known at run time only (i64, f64, i1), in the
    order of the schema, those in lists too. All else is in the property `arguments`. In the text an argument that has
    its default value is left out.
    """

    schema_text: ClassVar[str]
    target: str
    """The overload as torch names it: `aten.conv2d.default`."""

    _schema: ClassVar[Schema | None] = None

    @property
    def schema(self) -> Schema:
        """The operator's schema: names, types and defaults of arguments, types of results."""
        return class_schema(type(self))

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        """The names of all arguments of this overload, in order."""
        return tuple(class_schema(cls).positions)

    @property
    def stored_arguments(self) -> tuple[Value, ...]:
        """All arguments in the order of the schema, with `OPERAND` in the places of operands."""
        return cast(Arguments, self.properties["arguments"]).data

    def arg(self, name: str) -> Any:
        """
        An argument by its name in the schema: an SSA value, None, a bool, int, float or str (`Dtype`, `MemoryFormat`,
        `Layout` and `Device` are strings), or a tuple of those. Defaults are filled in.

        Raises `KeyError` for a name that the schema lacks.
        """
        values = self.stored_arguments
        index = self.schema.positions[name]
        value = values[index]
        if not operand_count(value):
            return value
        before = sum(operand_count(value) for value in values[:index])
        return resolve(value, iter(self.operands[before:]))

    def args(self) -> dict[str, Any]:
        """All arguments by name, in the order of the schema."""
        operands = iter(self.operands)
        values = self.stored_arguments
        return {
            argument.name: resolve(value, operands)
            for argument, value in zip(self.schema.arguments, values, strict=True)
        }

    def with_args(self, /, result_types: Sequence[Attribute] | None = None, **changes: Any) -> Self:
        """A new op like this one but for `changes`. Raises `TypeError` for an unknown argument."""
        unknown = changes.keys() - self.schema.positions.keys()
        if unknown:
            raise TypeError(f"{self.name} has no argument {min(unknown)}")
        operands: list[SSAValue] = []
        stored = tuple(store(value, operands) for value in (self.args() | changes).values())
        return type(self).create(
            operands=operands,
            result_types=self.result_types if result_types is None else result_types,
            properties=self.properties | {"arguments": Arguments(stored)},
            attributes=self.attributes,
            location=self.location,
        )

    @classmethod
    def call(
        cls, args: Mapping[str, Any], result_types: Sequence[Attribute], location: LocationAttr | None = None
    ) -> Self:
        """
        A call of this overload. `args` holds Python values and SSA values by argument name; those left out take their
        defaults, and a single number for a list of known size stands for that many.

        Raises `TypeError` for an unknown or a missing argument.
        """
        operands: list[SSAValue] = []
        stored = tuple(store(value, operands) for value in complete(class_schema(cls), args, cls.name))
        return cls.create(
            operands=operands,
            result_types=result_types,
            properties={"arguments": Arguments(stored)},
            location=location,
        )

    @staticmethod
    def create_call(
        name: str,
        args: Mapping[str, Any],
        result_types: Sequence[Attribute],
        location: LocationAttr | None = None,
    ) -> AtenOp:
        """
        A call of the operator `name`, which may be "conv2d", "add.Tensor" or "aten.add.Tensor". See `call`.

        Raises `KeyError` when there is no such operator.
        """
        from xnnir.dialects.aten.registry import op_class

        return op_class(name).call(args, result_types, location)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        args = _parse_arguments(parser, class_schema(cls), cls.name)
        return cls.finish_parsing(parser, args, {})

    @classmethod
    def finish_parsing(cls, parser: Parser, args: Sequence[Any], properties: dict[str, Attribute]) -> Self:
        """Parse what follows the arguments `args`, in the order of the schema, and make the op."""
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        position = parser.pos
        types = parser.parse_function_type()
        unresolved: list[UnresolvedOperand] = []
        stored = tuple(_store_unresolved(value, unresolved) for value in args)
        if len(types.inputs) != len(unresolved):
            parser.raise_error(f"expected {len(unresolved)} operand types, got {len(types.inputs)}", position)
        return cls.create(
            operands=parser.resolve_operands(unresolved, types.inputs.data, position),
            result_types=types.outputs.data,
            properties={**properties, "arguments": Arguments(stored)},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        operands = iter(self.operands)
        print_operand = lambda: printer.print_operand(next(operands))  # noqa: E731
        is_first, is_positional = True, True
        with printer.in_parens():
            for argument, value in zip(self.schema.arguments, self.stored_arguments, strict=True):
                if argument.has_default and repr(value) == repr(argument.default):
                    is_positional = False
                    continue
                if not is_first:
                    printer.print_string(", ")
                is_positional = is_positional and argument.type.base == "Tensor"
                if not is_positional:
                    printer.print_string(f"{argument.name} = ")
                print_value(printer, value, print_operand)
                is_first = False
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)

    def verify_(self) -> None:
        arguments = self.properties.get("arguments")
        if not isinstance(arguments, Arguments):
            raise VerifyException(f"expected #aten.arguments<(...)> as property 'arguments', got {arguments}")
        schema = self.schema
        if len(arguments.data) != len(schema.arguments):
            raise VerifyException(f"expected {len(schema.arguments)} arguments, got {len(arguments.data)}")
        if (places := operand_count(arguments.data)) != len(self.operands):
            raise VerifyException(f"expected {places} operands for the arguments, got {len(self.operands)}")
        types = iter(self.operand_types)
        for argument, value in zip(schema.arguments, arguments.data, strict=True):
            verify_argument(argument, argument.type, value, types)
        verify_dimensions(schema, arguments.data, self.operand_types)
        verify_results(schema, self.result_types)


def class_schema(cls: type[AtenOp]) -> Schema:
    """The schema of an overload's class; its text is parsed when it is first asked for."""
    schema = cls._schema  # pyright: ignore[reportPrivateUsage]
    if schema is None:
        schema = cls._schema = parse_schema(cls.schema_text)  # pyright: ignore[reportPrivateUsage]
    return schema


def complete(schema: Schema, args: Mapping[str, Any], name: str) -> list[Any]:
    """The values of all arguments in order, from those given by name and the defaults. Raises `TypeError`."""
    values: list[Any] = []
    for argument in schema.arguments:
        if argument.name in args:
            value = args[argument.name]
            values.append(fill_list(argument.type, _as_tuple(value)) if argument.type.is_list else value)
        elif argument.has_default:
            values.append(argument.default)
        else:
            raise TypeError(f"{name}: expected a value for the argument {argument.name}")
    if unknown := args.keys() - schema.positions.keys():
        raise TypeError(f"{name} has no argument {min(unknown)}; it has {', '.join(schema.positions)}")
    return values


def _as_tuple(value: Any) -> Any:
    return tuple(cast(list[Any], value)) if isinstance(value, list) else value


class CallEffects(MemoryEffect):
    """
    The effects of operators that draw random numbers, write to an argument, or only check something.

    An operator that draws random numbers in training only has no effect where its arguments say that it does not train.
    """

    @classmethod
    def get_effects(cls, op: Operation) -> frozenset[EffectInstance]:
        assert isinstance(op, AtenOp)
        positions = op.schema.positions
        for name, idle in (("train", False), ("training", False), ("dropout_p", 0.0), ("p", 0.0)):
            if (
                name in positions
                and op.stored_arguments[positions[name]] == idle
                and not op.schema.is_mutable
            ):
                return frozenset()
        return frozenset((EffectInstance(MemoryEffectKind.READ), EffectInstance(MemoryEffectKind.WRITE)))


def parse_argument(parser: Parser) -> tuple[str, Any, int]:
    """One `value` or `name = value`: the name (empty without one), the value, and where it stands."""
    position = parser.pos
    if (word := parser.parse_optional_identifier()) is not None:
        if parser.parse_optional_punctuation("=") is None:
            return "", named_value(parser, word), position
        return word, parse_value(parser, parser.parse_optional_unresolved_operand), position
    return "", parse_value(parser, parser.parse_optional_unresolved_operand), position


def _parse_arguments(parser: Parser, schema: Schema, op_name: str) -> list[Any]:
    begin = parser.pos
    given: dict[str, Any] = {}
    for name, value, position in parser.parse_comma_separated_list(
        parser.Delimiter.PAREN, lambda: parse_argument(parser)
    ):
        if not name:
            if len(given) >= len(schema.arguments):
                parser.raise_error(f"{op_name} takes {len(schema.arguments)} arguments, got more", position)
            name = schema.arguments[len(given)].name
        if name in given:
            parser.raise_error(f"{op_name}: the argument {name} is given twice", position)
        given[name] = value
    try:
        return complete(schema, given, op_name)
    except TypeError as error:
        parser.raise_error(str(error), begin)


def _store_unresolved(value: Any, unresolved: list[UnresolvedOperand]) -> Value:
    if isinstance(value, UnresolvedOperand):
        unresolved.append(value)
        return OPERAND
    if isinstance(value, tuple):
        return tuple(_store_unresolved(item, unresolved) for item in cast(tuple[Any, ...], value))
    return value
