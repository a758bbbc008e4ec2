# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""
Control flow: `torch.cond`, `while_loop`, `map` and `scan` as ops of the `scf` dialect, whose regions see the values
around them.

    cond(p, true, false, (x,))      %y = scf.if %p -> (tensor<4xf32>) { ... scf.yield %a } else { ... scf.yield %b }
    while_loop(cond, body, (x,))    %y = scf.while (%a = %x) { scf.condition(%p) %a } do { ... scf.yield %b }
    scan(f, [h], [xs])              %h1, %ys = scf.for %i = 0 to n iter_args(%a = %h, %b = %empty) { ... }

An iteration of `map` or `scan` takes slice %i of its inputs and puts its results into slice %i of what it stacks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from torch.fx import GraphModule, Node
from xdsl.dialects import scf
from xdsl.dialects.builtin import IntegerAttr, TensorType, i1, i64
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.utils.hints import isa

from xnnir.dialects.aten import DTYPES, ConstantOp, NoneOp
from xnnir.dialects.xnn.dims import dims_of, tensor_type
from xnnir.frontend.aliasing import AliasAnalysis, is_mutable
from xnnir.frontend.errors import FrontendError
from xnnir.frontend.flatten import flatten_graph
from xnnir.frontend.mutation import Mutations
from xnnir.frontend.scalars import number_attribute
from xnnir.frontend.types import flatten

if TYPE_CHECKING:
    from xnnir.frontend.graph import GraphImporter


def import_control_flow(importer: GraphImporter, node: Node) -> Any:
    """The op of a higher-order operator that `flatten` keeps; its results as a tuple."""
    return _IMPORTERS[str(node.target)](importer, node)


def _import_cond(importer: GraphImporter, node: Node) -> Any:
    predicate, true_graph, false_graph, operands = node.args
    condition = _as_condition(importer, importer.value_of(predicate))
    if isinstance(condition, bool):
        chosen = true_graph if condition else false_graph
        return _inline(importer, chosen, importer.value_of(operands))
    values = importer.value_of(operands)
    types = importer.types.results(node.meta["val"])
    true_region, false_region = (
        _region(importer, graph, [], lambda _: values, types) for graph in (true_graph, false_graph)
    )
    return _results(importer, scf.IfOp(condition, types, true_region, false_region), node)


def _import_while(importer: GraphImporter, node: Node) -> Any:
    condition_graph, body_graph, carried, extra = cast("tuple[Any, Any, Any, Any]", node.args)
    initial = [_as_value(importer, value) for value in importer.value_of(carried)]
    outer = list(importer.value_of(extra))
    types = importer.types.results(node.meta["val"])
    # Numbers that are carried have the type of what they begin as.
    types = [
        type if isinstance(type, TensorType) else value.type
        for type, value in zip(types, initial, strict=True)
    ]
    initial = [_cast(importer, value, type) for value, type in zip(initial, types, strict=True)]

    def take(arguments: Sequence[SSAValue]) -> Sequence[Any]:
        return [*arguments, *outer]

    def condition_op(inner: GraphImporter, results: Sequence[Any], block: Block) -> None:
        condition = _as_condition(inner, results[0])
        if isinstance(condition, bool):
            condition = inner.add(ConstantOp("condition", IntegerAttr(int(condition), i1), i1))
        block.add_op(scf.ConditionOp(condition, *block.args))

    before = _region(importer, condition_graph, types, take, types, condition_op)
    after = _region(importer, body_graph, types, take, types)
    return _results(importer, scf.WhileOp(initial, types, before, after), node)


def _import_map(importer: GraphImporter, node: Node) -> Any:
    graph, inputs, extra = node.args
    return _loop(importer, node, graph, (), inputs, extra)


def _import_scan(importer: GraphImporter, node: Node) -> Any:
    graph, initial, inputs, extra = node.args
    return _loop(importer, node, graph, initial, inputs, extra)


_IMPORTERS: dict[str, Callable[[GraphImporter, Node], Any]] = {
    "cond": _import_cond,
    "map_impl": _import_map,
    "scan": _import_scan,
    "while_loop": _import_while,
}


def _loop(importer: GraphImporter, node: Node, graph: Any, carried: Any, inputs: Any, extra: Any) -> Any:
    initial = [_as_value(importer, value) for value in importer.value_of(carried)]
    sequences = list(importer.value_of(inputs))
    outer = list(importer.value_of(extra))
    if not sequences:
        raise FrontendError(f"expected {node.target} to have an input to iterate over, got none")
    types = importer.types.results(node.meta["val"])
    first = dims_of(sequences[0].type)[0]
    zero, one = (importer.add(ConstantOp("index", IntegerAttr(n, i64), i64)) for n in (0, 1))
    if first.is_static:
        count = importer.add(ConstantOp("length", IntegerAttr(int(first.expression.data), i64), i64))
    else:
        count = importer.make_call("sym_size.int", [sequences[0], 0], [i64], "length")
    stacked = types[len(initial) :]
    initial = [_cast(importer, value, type) for value, type in zip(initial, types, strict=False)]
    stacks = [_empty(importer, type, count) for type in stacked]

    def take(arguments: Sequence[SSAValue]) -> Sequence[Any]:
        inner = importer.inner(cast(Block, arguments[0].owner))
        slices = [_slice(inner, sequence, arguments[0]) for sequence in sequences]
        return [*arguments[1 : 1 + len(initial)], *slices, *outer]

    def yield_op(inner: GraphImporter, results: Sequence[Any], block: Block) -> None:
        index, *arguments = block.args
        values = [_as_value(inner, value) for value in results]
        begin = types[: len(initial)]
        new = [_cast(inner, value, type) for value, type in zip(values, begin, strict=False)]
        for stack, value in zip(arguments[len(initial) :], values[len(initial) :], strict=True):
            new.append(inner.make_call("select_scatter", [stack, value, 0, index], [stack.type], "stacked"))
        block.add_op(scf.YieldOp(*new))

    body = _region(importer, graph, [i64, *types], take, types, yield_op)
    return _results(importer, scf.ForOp(zero, count, one, [*initial, *stacks], body), node)


def _region(
    importer: GraphImporter,
    graph: Any,
    argument_types: Sequence[Attribute],
    take: Callable[[Sequence[SSAValue]], Sequence[Any]],
    types: Sequence[Attribute],
    finish: Callable[[GraphImporter, Sequence[Any], Block], None] | None = None,
) -> Region:
    """A region of one block for the subgraph `graph`; `take` says what its inputs are, `finish` ends the block."""
    block = Block(arg_types=argument_types)
    inner = importer.inner(block)
    results = _import_into(inner, _module(importer, graph), take(block.args))
    if finish is not None:
        finish(inner, results, block)
    else:
        values = [_as_value(inner, value) for value in results]
        block.add_op(
            scf.YieldOp(*(_cast(inner, value, type) for value, type in zip(values, types, strict=True)))
        )
    return Region(block)


def _inline(importer: GraphImporter, graph: Any, values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_import_into(importer.inner(importer.block), _module(importer, graph), values))


def _import_into(inner: GraphImporter, module: tuple[str, GraphModule], inputs: Sequence[Any]) -> list[Any]:
    """Import the graph of a module; what it returns."""
    path, graph_module = module
    graph = flatten_graph(graph_module, f"{path}.")
    inner.graph = graph
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    for node, value in zip(placeholders, inputs, strict=True):
        inner.bind(node, value)
    outputs = [graph.of(leaf) if isinstance(leaf, Node) else leaf for leaf in flatten([graph.outputs])]
    if any(is_mutable(node) for node in graph.nodes):
        inner.mutations = Mutations(inner, AliasAnalysis(graph, outputs, set(placeholders)))
        outputs = [graph.of(output) if isinstance(output, Node) else output for output in outputs]
    inner.run()
    if inner.mutations is not None and (written := inner.mutations.written & set(placeholders)):
        names = ", ".join(sorted(node.name for node in written))
        raise FrontendError(
            f"expected a branch or loop that writes to no value from outside, got writes to {names}"
        )
    return [inner.value_of(output) for output in outputs]


def _module(importer: GraphImporter, graph: Any) -> tuple[str, GraphModule]:
    return importer.graph.modules[graph]


def _results(importer: GraphImporter, op: Any, node: Node) -> tuple[Any, ...]:
    op.location = importer.location
    result = importer.add(op, node.name)
    return result if isinstance(result, tuple) else (result,)


def _as_value(importer: GraphImporter, value: Any) -> SSAValue:
    """`value` as an SSA value; numbers and None become ops."""
    if isinstance(value, SSAValue):
        return cast(SSAValue, value)
    if value is None:
        return importer.add(NoneOp())
    number = number_attribute(value)
    if number is None:
        raise FrontendError(
            f"expected a branch or loop to give tensors and numbers, got {type(value).__name__}"
        )
    return importer.add(ConstantOp("number", number, number.type))


def _as_condition(importer: GraphImporter, value: Any) -> SSAValue | bool:
    if not isinstance(value, SSAValue):
        return bool(value)
    if isinstance(value.type, TensorType):
        return importer.make_call("item", [value], [i1], "condition")
    return cast(SSAValue, value)


def _cast(importer: GraphImporter, value: SSAValue, type: Attribute) -> SSAValue:
    """`value` with the sizes that the types around it spell: those of branches may be spelled differently."""
    if (
        value.type == type
        or not isa(type, TensorType[Attribute])
        or not isa(value.type, TensorType[Attribute])
    ):
        return value
    sizes: list[Any] = [
        int(dim.expression.data)
        if dim.is_static
        else importer.make_call("sym_size.int", [value, axis], [i64], "size")
        for axis, dim in enumerate(dims_of(type))
    ]
    return importer.make_call("view", [value, tuple(sizes)], [type], "as_result")


def _empty(importer: GraphImporter, type: Attribute, count: SSAValue) -> SSAValue:
    """The tensor that results are stacked in."""
    if not isa(type, TensorType[Attribute]):
        raise FrontendError(f"expected a loop to stack tensors, got a result of type {type}")
    sizes: list[Any] = []
    for axis, dim in enumerate(dims_of(type)):
        if dim.is_static:
            sizes.append(int(dim.expression.data))
        elif axis == 0:
            sizes.append(count)
        else:
            sizes.append(importer.size(dim))
    # The first two arguments: size and dtype.
    return importer.make_call(
        "empty.memory_format", [tuple(sizes), DTYPES[type.get_element_type()]], [type], "stack"
    )


def _slice(inner: GraphImporter, sequence: SSAValue, index: SSAValue) -> SSAValue:
    type = cast("TensorType[Attribute]", sequence.type)
    result = tensor_type(type.get_element_type(), dims_of(type)[1:])
    return inner.make_call("select.int", [sequence, 0, index], [result], "slice")
