# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""One exported graph: its nodes become ops of the `aten` dialect, in order."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import torch
from torch.fx import Node
from xdsl.dialects.builtin import UNKNOWN_LOC, LocationAttr, TensorType, i64
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.utils.hints import isa

from xnnir.dialects.aten import AtenOp, CallOperatorOp, ConstantOp, SchemaType, find_op_class, op_class
from xnnir.dialects.aten.operator import class_schema
from xnnir.dialects.aten.values import Device, Layout, MemoryFormat
from xnnir.dialects.qdq import find_qdq_class
from xnnir.dialects.xnn.dims import DimAttr, dims_of
from xnnir.dialects.xnn.expressions import build, parse_expression
from xnnir.frontend import training
from xnnir.frontend.control_flow import import_control_flow
from xnnir.frontend.errors import FrontendError
from xnnir.frontend.flatten import FlatGraph
from xnnir.frontend.locations import node_location
from xnnir.frontend.mutation import Mutations
from xnnir.frontend.scalars import SIZE_FUNCTIONS, evaluate, is_scalar_function, make_scalar_op
from xnnir.frontend.types import TypeConverter, flatten, torch_dtype
from xnnir.frontend.weights import WeightImporter

_OpOverload = torch._ops.OpOverload  # pyright: ignore[reportPrivateUsage]
_HigherOrderOperator = torch._ops.HigherOrderOperator  # pyright: ignore[reportPrivateUsage]

_CHECKED_BY_EXPORT = frozenset(
    f"aten::{name}"
    for name in (
        "_assert_async",
        "_assert_scalar",
        "_assert_tensor_metadata",
        "sym_constrain_range",
        "sym_constrain_range_for_size",
    )
)
"""Checks of what the types of the IR say anyway: element types, and the bounds of sizes."""


class GraphImporter:
    """Makes ops in `block` for the nodes of `graph`."""

    def __init__(self, block: Block, graph: FlatGraph, types: TypeConverter, weights: WeightImporter):
        self.block = block
        self.graph = graph
        self.types = types
        self._weights = weights
        self._values: dict[Node, Any] = {}
        self._lazy: dict[Node, Callable[[], Operation]] = {}
        self.mutations: Mutations | None = None
        self.location: LocationAttr = UNKNOWN_LOC

    def inner(self, block: Block) -> GraphImporter:
        """An importer for a subgraph whose ops go to `block`."""
        inner = GraphImporter(block, self.graph, self.types, self._weights)
        inner.location = self.location
        return inner

    def bind(self, node: Node, value: Any) -> None:
        """`node` has `value`: an SSA value, a Python constant, or a tuple of those."""
        self._values[node] = value

    def bind_lazily(self, node: Node, make: Callable[[], Operation]) -> None:
        """As `bind`, with the result of an op that is made just before its first use."""
        self._lazy[node] = make

    def is_bound(self, node: Node) -> bool:
        return node in self._values or node in self._lazy

    def value_of(self, arg: Any) -> Any:
        """The value of a node, of nodes in lists, or of a constant."""
        if isinstance(arg, (list, tuple)):
            return tuple(self.value_of(item) for item in arg)
        if not isinstance(arg, Node):
            return arg
        node = self.graph.of(arg)
        if not isinstance(node, Node):
            return node
        if node not in self._values and node in self._lazy:
            self._values[node] = self.add(self._lazy[node](), node.name)
        return self._values[node]

    def add(self, op: Operation, name: str | None = None) -> Any:
        """Append `op`; its result, or a tuple of its results where it has not exactly one."""
        self.block.add_op(op)
        results = op.results
        if len(results) != 1:
            for result in results:
                result.name_hint = name
            return tuple(results)
        results[0].name_hint = name
        return results[0]

    def run(self) -> None:
        """Import all nodes. Raises `FrontendError` with the place of the node."""
        for index, node in enumerate(self.graph.nodes):
            if node.op == "placeholder":
                continue
            self.location = node_location(node)
            try:
                if node.op == "get_attr":
                    self._import_attribute(node)
                elif self.mutations is not None and self.mutations.is_mutation(node):
                    self.mutations.apply(index, node)
                else:
                    self.bind(node, self.make(node))
            except FrontendError as error:
                error.location = error.location or self.location
                raise

    def make(self, node: Node) -> Any:
        """Make the ops for a functional `call_function` node; its value."""
        target: Any = node.target
        if isinstance(target, _OpOverload):
            return self._make_operator(node, target)
        if isinstance(target, _HigherOrderOperator):
            return import_control_flow(self, node)
        if target is operator.getitem:
            source = self.value_of(node.args[0])
            return source[cast(int, node.args[1])]
        if target is torch.sym_sum:
            return self._make_sum(node)
        if is_scalar_function(target):
            args = self.value_of(node.args)
            if not any(isinstance(arg, SSAValue) for arg in args):
                return evaluate(target, args)
            return self.add(
                make_scalar_op(target, args, self._result_types(node)[0], self.location), node.name
            )
        raise FrontendError(f"expected an operator of torch, got {target}")

    def make_call(self, name: str, args: Sequence[Any], result_types: Sequence[Attribute], hint: str) -> Any:
        """A call of the overload `name` with the first arguments as given; its result."""
        return self.make_typed_call(op_class(name), args, result_types, hint)

    def make_typed_call(
        self, overload: type[AtenOp], args: Sequence[Any], result_types: Sequence[Attribute], hint: str
    ) -> Any:
        """As `make_call`, for the class of an overload."""
        arguments = class_schema(overload).arguments
        typed = {
            argument.name: _typed(argument.type, _constant(value))
            for argument, value in zip(arguments, args, strict=False)
        }
        return self.add(overload.call(typed, result_types, self.location), hint)

    def size(self, dim: DimAttr) -> Any:
        """
        The size that `dim` spells, computed from sizes of the values that are known so far.

        Raises `FrontendError` where they do not give it.
        """
        expression = parse_expression(dim.expression.data)
        if expression is None:
            raise FrontendError(f"expected a size made of +, -, * and //, got {dim.expression.data}")
        return build(expression, self._symbol, self.arithmetic)

    def _symbol(self, item: int | str) -> Any:
        if isinstance(item, int):
            return item
        for value in self._values.values():
            if isinstance(value, SSAValue) and isa(value.type, TensorType[Attribute]):
                for axis, dim in enumerate(dims_of(value.type)):
                    if dim.expression.data == item:
                        return self.make_call("sym_size.int", [value, axis], [i64], item)
        raise FrontendError(f"expected a tensor with a dimension of size {item}, got none")

    def arithmetic(self, name: str, args: Sequence[Any]) -> Any:
        """The number that an operation of `xnnir.dialects.xnn.expressions` gives for numbers, known or not."""
        target = SIZE_FUNCTIONS[name]
        if not any(isinstance(arg, SSAValue) for arg in args):
            return evaluate(target, args)
        return self.add(make_scalar_op(target, args, i64, self.location), "size")

    def _import_attribute(self, node: Node) -> None:
        name, value = self.graph.tensors[node]
        if not isinstance(value, torch.Tensor):
            self.bind(node, value)
            return
        type_ = self.types.tensor(value)
        self.bind_lazily(node, lambda: ConstantOp(name, self._weights.add(name, value), type_))

    def _make_operator(self, node: Node, target: Any) -> Any:
        schema = target._schema
        if schema.name in _CHECKED_BY_EXPORT:
            return ()
        value = node.meta.get("val")
        if isinstance(value, (int, float)) and target.namespace == "aten" and len(schema.returns) == 1:
            return value  # the size of a dimension that turned out static
        result_types = self._result_types(node) if schema.returns else []
        args = self.arguments(node, schema)
        training.check(schema.name, args)
        overload = find_op_class(str(target)) if target.namespace == "aten" else find_qdq_class(str(target))
        if overload is not None and overload.argument_names() == tuple(args):
            result = self.make_typed_call(overload, list(args.values()), result_types, node.name)
        else:
            result = self.add(self._foreign_call(target, args, result_types), node.name)
        if not schema.returns:
            return ()
        returns_list = len(schema.returns) != 1 or isinstance(value, (tuple, list))
        if returns_list and not isinstance(result, tuple):
            return (result,)
        return _nested(value, iter(result)) if isinstance(result, tuple) else result

    def _foreign_call(self, target: Any, args: dict[str, Any], result_types: Sequence[Attribute]) -> AtenOp:
        schema = target._schema
        operator_name = f"{schema.name}.{schema.overload_name}" if schema.overload_name else schema.name
        has_effects = not schema.returns or torch.Tag.nondeterministic_seeded in target.tags
        return CallOperatorOp.call_operator(
            operator_name, args, result_types, self.location, has_effects=has_effects
        )

    def arguments(self, node: Node, schema: Any) -> dict[str, Any]:
        """All arguments of a call by name, converted to values of the IR, defaults filled in."""
        args: dict[str, Any] = {}
        for position, argument in enumerate(schema.arguments):
            name = argument.name
            if position < len(node.args) and not argument.kwarg_only:
                value = node.args[position]
            elif name in node.kwargs:
                value = node.kwargs[name]
            elif argument.has_default_value():
                value = argument.default_value
            else:
                raise FrontendError(f"{schema.name}: expected a value for the argument {name}")
            args[name] = _constant(self.value_of(value))
        return args

    def _result_types(self, node: Node) -> list[Attribute]:
        if "val" not in node.meta:
            raise FrontendError(
                f"expected the type of the result of {node.target} in the graph, got none",
                hint="give the program that torch.export.export returns",
            )
        return self.types.results(node.meta["val"])

    def _make_sum(self, node: Node) -> Any:
        terms = self.value_of(node.args[0])
        total = terms[0]
        for term in terms[1:]:
            if isinstance(total, SSAValue) or isinstance(term, SSAValue):
                op = make_scalar_op(operator.add, [total, term], self._result_types(node)[0], self.location)
                total = self.add(op, node.name)
            else:
                total = total + term
        return total


def _nested(value: Any, results: Iterator[Any]) -> Any:
    """`results` in tuples as `value` has them."""
    if not isinstance(value, (tuple, list)):
        return next(results)
    return tuple(_nested(item, results) for item in value)


def _constant(value: Any) -> Any:
    """A constant of torch as a value of the IR."""
    match value:
        case tuple() | list():
            return tuple(_constant(item) for item in cast(Sequence[Any], value))
        case torch.dtype():
            return torch_dtype(value)
        case torch.memory_format():
            return MemoryFormat(str(value).removeprefix("torch."))
        case torch.layout():
            return Layout(str(value).removeprefix("torch."))
        case torch.device():
            return Device(str(value))
        case None | bool() | int() | float() | str() | SSAValue():
            return value
        case _:
            raise FrontendError(
                f"expected a tensor, a number, a string or a list as an argument, got {value!r}"
            )


def _typed(type_: SchemaType, value: Any) -> Any:
    """`value` as Python converts it for an argument of `type_`."""
    if isinstance(value, tuple):
        return tuple(_typed(type_.element, item) for item in value) if type_.is_list else value
    match type_.base:
        case "float" if isinstance(value, int):
            return float(value)
        case "int" | "SymInt" if isinstance(value, bool):
            return int(value)
        case "Device" if type(value) is str:
            return Device(value)
        case "ScalarType" | "MemoryFormat" | "Layout" if type(value) is int:
            # The default of an enumeration comes as a number; the schema's text has it by name.
            return _enumerator(type_.base, value)
        case _:
            return value


def _enumerator(base: str, value: int) -> Any:
    from xnnir.dialects.aten.schema import typed_value

    return typed_value(SchemaType(base), value)


def named_outputs(graph: FlatGraph) -> list[Any]:
    """The outputs of the graph as nodes and constants, flat."""
    return [graph.of(leaf) if isinstance(leaf, Node) else leaf for leaf in flatten(graph.outputs)]
