# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""
`torch.export` programs to functions of the `aten` dialect.

The graph is taken as `torch.export` gives it; nothing is decomposed. The user's inputs are the arguments of the
function, and its results are what the program returns. Parameters, buffers and lifted constants are ops that name their
weights; the numbers are in the context's weight store.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.export.graph_signature import (
    ConstantArgument,
    InputKind,
    InputSpec,
    OutputKind,
    OutputSpec,
    SymIntArgument,
)
from torch.fx import Node
from xdsl.context import Context
from xdsl.dialects.builtin import (
    UNKNOWN_LOC,
    ArrayAttr,
    DictionaryAttr,
    IntegerAttr,
    NoneType,
    StringAttr,
    i64,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from xnnir.dialects.aten import (
    AssignBufferOp,
    AssignInputOp,
    BufferOp,
    ConstantOp,
    NoneOp,
    ParameterOp,
    StaticValueOp,
)
from xnnir.dialects.weights import get_weight_store
from xnnir.frontend.aliasing import AliasAnalysis, is_mutable
from xnnir.frontend.errors import MAKE_FUNCTIONAL, FrontendError
from xnnir.frontend.flatten import FlatGraph, flatten_graph
from xnnir.frontend.graph import GraphImporter
from xnnir.frontend.locations import make_location
from xnnir.frontend.mutation import Mutations
from xnnir.frontend.scalars import number_attribute
from xnnir.frontend.types import TypeConverter, dim_order, flatten
from xnnir.frontend.weights import WeightImporter

NAME = "xnn.name"
"""Attribute of a function's argument: its name in the model's `forward`."""
DIM_ORDER = "xnn.dim_order"
"""Attribute of arguments and results: dimensions in the order of their strides, where that is channels-last."""
CONSTANT_INPUT = "xnn.constant"
"""Attribute of an argument that is no tensor: its value when the program was exported."""
RANGES = "xnn.ranges"
"""Attribute of a function: the smallest and the largest value of each symbol of a size, `{s0 = array<i64: 2, 8>}`."""
SYMBOL = "xnn.symbol"
"""Attribute of an i64 argument: the symbol that the types know it by."""

_STATIC_OPS: dict[InputKind, type[StaticValueOp]] = {
    InputKind.PARAMETER: ParameterOp,
    InputKind.BUFFER: BufferOp,
    InputKind.CONSTANT_TENSOR: ConstantOp,
}


def import_exported_program(
    program: ExportedProgram, ctx: Context, *, method_name: str = "forward"
) -> FuncOp:
    """
    A function called `method_name` for `program`, which may be in training IR as `torch.export.export` gives it,
    decomposed, or loaded from a file. Its weights are added to the weight store of `ctx`; they keep the model's memory.

    Raises `FrontendError`, with the place in the model's source, for what cannot be imported: a graph in training mode,
    control flow, and values that are neither tensors nor numbers.
    """
    if not isinstance(program, ExportedProgram):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise FrontendError(
            f"expected a torch.export.ExportedProgram, got {type(program).__name__}",
            hint="call torch.export.export(model.eval(), example_inputs) first",
        )
    try:
        return _ProgramImporter(program, ctx, method_name).run()
    except FrontendError as error:
        if error.hint != MAKE_FUNCTIONAL:
            raise
        # What writes to views in ways that have no functional form here may have one in torch.
        return _ProgramImporter(_functional(program, error), ctx, method_name).run()


def _functional(program: ExportedProgram, refusal: FrontendError) -> ExportedProgram:
    """`program` without operators that write to their arguments. Raises `refusal` where torch cannot do that either."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return program.run_decompositions({})
    except Exception as error:
        raise refusal from error


class _ProgramImporter:
    def __init__(self, program: ExportedProgram, ctx: Context, method_name: str):
        self.program = program
        self.method_name = method_name
        self.types = TypeConverter(program.range_constraints)
        self.weights = WeightImporter(get_weight_store(ctx))
        self.graph: FlatGraph = flatten_graph(program.graph_module)
        self.block = Block()
        self.importer = GraphImporter(self.block, self.graph, self.types, self.weights)
        self.arg_attrs: list[DictionaryAttr] = []
        # Tensors that outlive a call, by their placeholders.
        self.inputs: dict[Node, InputSpec] = {}

    def run(self) -> FuncOp:
        placeholders = {node.name: node for node in self.graph.nodes if node.op == "placeholder"}
        for spec in self.program.graph_signature.input_specs:
            node = placeholders[spec.arg.name]
            self.inputs[node] = spec
            self._import_input(node, spec)
        outputs = [
            self.graph.of(leaf) if isinstance(leaf, Node) else leaf for leaf in flatten(self.graph.outputs)
        ]
        mutations: Mutations | None = None
        if any(is_mutable(node) for node in self.graph.nodes):
            mutations = Mutations(self.importer, AliasAnalysis(self.graph, outputs, set(self.inputs)))
            outputs = [self.graph.of(output) if isinstance(output, Node) else output for output in outputs]
        self.importer.mutations = mutations
        self.importer.run()
        self.importer.location = UNKNOWN_LOC
        for node in mutations.written if mutations is not None else ():
            if node in self.inputs:
                self._assign(self.inputs[node], self.importer.value_of(node))
        return self._finish(outputs)

    def _import_input(self, node: Node, spec: InputSpec) -> None:
        if spec.kind is InputKind.USER_INPUT:
            self._import_user_input(node, spec)
        elif (op_type := _STATIC_OPS.get(spec.kind)) is not None:
            assert spec.target is not None
            self._import_static(node, op_type, spec.target)
        else:
            raise FrontendError(
                f"expected tensors and numbers as inputs, got {spec.kind.name.lower()} {spec.target}"
            )

    def _import_user_input(self, node: Node, spec: InputSpec) -> None:
        value: Any = spec.arg.value if isinstance(spec.arg, ConstantArgument) else node.meta.get("val")
        attributes: dict[str, Attribute] = {NAME: StringAttr(node.name)}
        if isinstance(spec.arg, ConstantArgument):
            is_text = isinstance(value, str)
            constant = StringAttr(value) if is_text else number_attribute(value)
            if constant is None and value is not None:
                raise FrontendError(
                    f"expected tensors and numbers as inputs, got {type(value).__name__} for {node.name}",
                    hint="fix its value in a module that wraps the model",
                )
            self.importer.bind(node, value)
            if constant is not None:
                attributes[CONSTANT_INPUT] = constant
        elif isinstance(spec.arg, SymIntArgument) and isinstance(value, torch.SymInt):
            attributes[SYMBOL] = StringAttr(str(value.node.expr))
            if isinstance(value.node.hint, int):
                attributes[CONSTANT_INPUT] = IntegerAttr(value.node.hint, i64)
        elif (order := dim_order(value)) is not None:
            attributes[DIM_ORDER] = order
        try:
            # A string has no type of its own; nothing but the runtime's check sees it.
            type_ = NoneType() if isinstance(value, str) else self.types.value(value)
            argument = self.block.insert_arg(type_, len(self.block.args))
        except FrontendError as error:
            error.message = f"input {node.name}: {error.message}"
            raise
        argument.name_hint = node.name
        self.arg_attrs.append(DictionaryAttr(attributes))
        if not isinstance(spec.arg, ConstantArgument):
            self.importer.bind(node, argument)

    def _import_static(self, node: Node, op_type: type[StaticValueOp], target: str) -> None:
        def make() -> Operation:
            tensor = self._tensor(target)
            op = op_type(target, self.weights.add(target, tensor), self.types.tensor(tensor))
            op.location = make_location(target.rpartition(".")[0], "", 0)
            return op

        # Ops of weights stand where they are first used; batch norm's counters, which nothing uses, are left out.
        self.importer.bind_lazily(node, make)

    def _tensor(self, target: str) -> torch.Tensor:
        for tensors in (self.program.state_dict, self.program.constants):
            if isinstance(tensor := tensors.get(target), torch.Tensor):
                return tensor
        raise FrontendError(
            f"expected the tensor {target} among the program's weights, got none",
            hint="export the model again",
        )

    def _assign(self, spec: InputSpec | OutputSpec, value: SSAValue) -> None:
        is_input = spec.kind in (InputKind.USER_INPUT, OutputKind.USER_INPUT_MUTATION)
        target = spec.target if spec.target is not None else spec.arg.name
        self.block.add_op(AssignInputOp(target, value) if is_input else AssignBufferOp(target, value))

    def _finish(self, outputs: list[Any]) -> FuncOp:
        results: list[SSAValue] = []
        res_attrs: list[DictionaryAttr] = []
        for spec, output in zip(self.program.graph_signature.output_specs, outputs, strict=True):
            value = self.importer.value_of(output)
            match spec.kind:
                case OutputKind.USER_OUTPUT:
                    results.append(
                        value if isinstance(value, SSAValue) else self._constant(len(results), value)
                    )
                    order = dim_order(output.meta.get("val")) if isinstance(output, Node) else None
                    res_attrs.append(DictionaryAttr({} if order is None else {DIM_ORDER: order}))
                case OutputKind.BUFFER_MUTATION | OutputKind.USER_INPUT_MUTATION:
                    self._assign(spec, value)
                case _:
                    kind = spec.kind.name.lower().replace("_", " ")
                    raise FrontendError(f"expected a program for inference, got one that returns a {kind}")
        self.block.add_op(ReturnOp(*results))
        types = [argument.type for argument in self.block.args], [result.type for result in results]
        function = FuncOp(
            self.method_name,
            types,
            Region(self.block),
            arg_attrs=ArrayAttr(self.arg_attrs) if self.arg_attrs else None,
            res_attrs=ArrayAttr(res_attrs) if any(attrs.data for attrs in res_attrs) else None,
        )
        if ranges := self.types.ranges():
            function.attributes[RANGES] = DictionaryAttr(ranges)
        return function

    def _constant(self, index: int, value: Any) -> SSAValue:
        if value is None:
            return self.importer.add(NoneOp())
        number = number_attribute(value)
        if number is None:
            raise FrontendError(
                f"expected tensors and numbers as outputs, got {type(value).__name__} as output {index}",
                hint="return it from a module that wraps the model instead",
            )
        return self.importer.add(ConstantOp(f"output_{index}", number, number.type))


__all__ = ["CONSTANT_INPUT", "DIM_ORDER", "NAME", "SYMBOL", "NoneType", "import_exported_program"]
