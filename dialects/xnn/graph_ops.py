"""The ops around the nodes: constants, and the graphs that become delegates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FlatSymbolRefAttr,
    FunctionType,
    StringAttr,
    SymbolRefAttr,
)
from xdsl.dialects.utils import parse_func_op_like, print_func_op_like
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, IsTerminator, Pure, SymbolOpInterface, SymbolTable
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.weights import parse_constant, print_constant, verify_constant
from xnnir.dialects.xnn.base import AnyTensor
from xnnir.dialects.xnn.types import verify_quantised_axis


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """
    A static tensor: a value whose numbers are known when the graph is made.

    Example:
        %w = xnn.constant #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<16x3x3x3xf32>
        %b = xnn.constant dense<[1.0, 2.0]> : tensor<2xf32>
    """

    name = "xnn.constant"

    value = prop_def(AnyAttr())
    result = result_def(AnyTensor)

    traits = traits_def(Pure())

    def __init__(self, value: Attribute, result_type: Attribute):
        super().__init__(properties={"value": value}, result_types=[result_type])

    @classmethod
    def parse(cls, parser: Parser) -> ConstantOp:
        value, result_type = parse_constant(parser)
        op = cls(value, result_type)
        op.attributes = parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        print_constant(printer, self.value, self.result.type)
        printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        verify_constant(self.value, self.result.type)
        verify_quantised_axis(self.result.type)


@irdl_op_definition
class YieldOp(IRDLOperation):
    """
    Ends a graph or a subgraph: its operands are the results.

    Example:
        xnn.yield %y : tensor<1x1000xf32>
    """

    name = "xnn.yield"

    values = var_operand_def(AnyTensor)

    traits = traits_def(IsTerminator())
    assembly_format = "($values^ `:` type($values))? attr-dict"

    def __init__(self, values: Sequence[SSAValue]):
        super().__init__(operands=[values])


@irdl_op_definition
class SubgraphOp(IRDLOperation):
    """
    Nodes that become one delegate, where they stand in the method. Nothing of the method is visible
    inside but the block arguments, which are bound to the operands.

    Example:
        %y = xnn.subgraph (%a = %x : tensor<1x8xf32>) -> (tensor<1x8xf32>) {
          %r = xnn.clamp %a {output_min = 0.0 : f32} : (tensor<1x8xf32>) -> tensor<1x8xf32>
          xnn.yield %r : tensor<1x8xf32>
        }
    """

    name = "xnn.subgraph"

    inputs = var_operand_def(AnyTensor)
    outputs = var_result_def(AnyTensor)
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), Pure())

    def __init__(self, inputs: Sequence[SSAValue], result_types: Sequence[Attribute], body: Region):
        super().__init__(operands=[inputs], result_types=[result_types], regions=[body])

    @classmethod
    def parse(cls, parser: Parser) -> SubgraphOp:
        arguments: list[Parser.Argument] = []
        operands: list[SSAValue] = []

        def binding() -> None:
            argument = parser.parse_argument(expect_type=False)
            parser.parse_punctuation("=")
            operand: UnresolvedOperand = parser.parse_unresolved_operand()
            parser.parse_punctuation(":")
            type = parser.parse_type()
            arguments.append(argument.resolve(type))
            operands.append(parser.resolve_operand(operand, type))

        parser.parse_comma_separated_list(parser.Delimiter.PAREN, binding)
        parser.parse_punctuation("->")
        result_types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        body = parser.parse_region(arguments)
        op = cls(operands, result_types, body)
        op.attributes = parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        with printer.in_parens():
            for index, (argument, operand) in enumerate(zip(self.body.block.args, self.inputs, strict=True)):
                if index:
                    printer.print_string(", ")
                printer.print_ssa_value(argument)
                printer.print_string(" = ")
                printer.print_ssa_value(operand)
                printer.print_string(" : ")
                printer.print_attribute(operand.type)
        printer.print_string(" -> ")
        with printer.in_parens():
            printer.print_list(self.outputs.types, printer.print_attribute)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
        printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        _verify_body(self.body, self.inputs.types, self.outputs.types)


@irdl_op_definition
class GraphOp(IRDLOperation):
    """
    A subgraph that was given a name: what one delegate runs.

    Example:
        xnn.graph @delegate_0(%a: tensor<1x8xf32>) -> tensor<1x8xf32> {
          %r = xnn.clamp %a {output_min = 0.0 : f32} : (tensor<1x8xf32>) -> tensor<1x8xf32>
          xnn.yield %r : tensor<1x8xf32>
        }
    """

    name = "xnn.graph"

    sym_name = prop_def(StringAttr)
    function_type = prop_def(FunctionType)
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())

    def __init__(self, name: str, function_type: FunctionType, body: Region | None = None):
        super().__init__(
            properties={"sym_name": StringAttr(name), "function_type": function_type},
            regions=[body if body is not None else Region(Block(arg_types=function_type.inputs))],
        )

    RESERVED: ClassVar[tuple[str, ...]] = ("sym_name", "function_type", "arg_attrs", "res_attrs")

    @classmethod
    def parse(cls, parser: Parser) -> GraphOp:
        name, inputs, outputs, body, attributes, arg_attrs, res_attrs = parse_func_op_like(
            parser, reserved_attr_names=cls.RESERVED
        )
        op = cls(name, FunctionType.from_lists(inputs, outputs), body)
        if attributes is not None:
            op.attributes = dict(attributes.data)
        if arg_attrs is not None:
            op.arg_attrs = arg_attrs
        if res_attrs is not None:
            op.res_attrs = res_attrs
        return op

    def print(self, printer: Printer) -> None:
        print_func_op_like(
            printer,
            self.sym_name,
            self.function_type,
            self.body,
            self.attributes,
            arg_attrs=self.arg_attrs,
            res_attrs=self.res_attrs,
            reserved_attr_names=self.RESERVED,
        )

    def verify_(self) -> None:
        _verify_body(self.body, self.function_type.inputs.data, self.function_type.outputs.data)


@irdl_op_definition
class CallOp(IRDLOperation):
    """
    Runs a graph: one delegate call.

    Example:
        %y = xnn.call @delegate_0(%x) : (tensor<1x8xf32>) -> tensor<1x8xf32>
    """

    name = "xnn.call"

    callee = prop_def(FlatSymbolRefAttr)
    inputs = var_operand_def(AnyTensor)
    outputs = var_result_def(AnyTensor)

    traits = traits_def(Pure())
    assembly_format = "$callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)"

    def __init__(self, callee: str, inputs: Sequence[SSAValue], result_types: Sequence[Attribute]):
        super().__init__(
            operands=[inputs], properties={"callee": SymbolRefAttr(callee)}, result_types=[result_types]
        )

    def verify_(self) -> None:
        graph = SymbolTable.lookup_symbol(self, self.callee)
        name = self.callee.root_reference.data
        if not isinstance(graph, GraphOp):
            raise VerifyException(
                f"expected @{name} to be an xnn.graph, got {graph.name if graph else 'nothing'}"
            )
        for what, expected, got in (
            ("operands", graph.function_type.inputs.data, self.inputs.types),
            ("results", graph.function_type.outputs.data, self.outputs.types),
        ):
            if tuple(expected) != tuple(got):
                raise VerifyException(
                    f"expected {what} of types {_list(expected)} for @{name}, got {_list(got)}"
                )


def _verify_body(body: Region, inputs: Sequence[Attribute], outputs: Sequence[Attribute]) -> None:
    if tuple(body.block.arg_types) != tuple(inputs):
        raise VerifyException(
            f"expected block arguments of types {_list(inputs)}, got {_list(body.block.arg_types)}"
        )
    last = body.block.last_op
    if not isinstance(last, YieldOp):
        raise VerifyException(
            f"expected xnn.yield at the end, got {last.name if last is not None else 'nothing'}"
        )
    if tuple(last.values.types) != tuple(outputs):
        raise VerifyException(f"expected xnn.yield of types {_list(outputs)}, got {_list(last.values.types)}")


def _list(types: Sequence[Attribute]) -> str:
    return "(" + ", ".join(str(type) for type in types) + ")"


def yielded(op: SubgraphOp | GraphOp) -> Sequence[SSAValue]:
    """The values that a graph's terminator returns."""
    return cast(YieldOp, op.body.block.last_op).values


def nodes(op: SubgraphOp | GraphOp) -> list[Operation]:
    """The ops of a graph but its constants and its terminator: what XNNPACK runs."""
    return [node for node in op.body.block.ops if not isinstance(node, ConstantOp | YieldOp)]
