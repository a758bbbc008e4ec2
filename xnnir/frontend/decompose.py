# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""
Composite operators as the calls that PyTorch makes of them: the operator runs on fake tensors of the op's types, its
decomposition is traced, and the trace becomes ops. What an operator means is said by PyTorch alone, and sizes that vary
stay symbols.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cache
from typing import Any, cast

import torch
from torch._decomp import core_aten_decompositions, decomposition_table
from torch._dispatch.python import enable_python_dispatcher
from torch.fx import Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.attention import SDPBackend, sdpa_kernel
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from xnnir.dialects.aten import AtenOp
from xnnir.dialects.aten.kernels import find_kernel
from xnnir.dialects.weights import WeightStore
from xnnir.dialects.xnn.dims import dims_of
from xnnir.frontend.decompositions import DECOMPOSITIONS
from xnnir.frontend.errors import FrontendError
from xnnir.frontend.flatten import FlatGraph, flatten_graph
from xnnir.frontend.graph import GraphImporter, named_outputs
from xnnir.frontend.symbols import FakeValues
from xnnir.frontend.types import TypeConverter
from xnnir.frontend.weights import WeightImporter
from xnnir.interpreter.aten import evaluate


class Decomposer:
    """Decomposes ops of one module; equal calls are traced once."""

    def __init__(self, store: WeightStore, *, only_stock: bool):
        """`only_stock`: down to the operators that ExecuTorch's runtime has kernels for, and not those of ours."""
        self._weights = WeightImporter(store)
        self._known = _decompositions()
        self._table = {
            operator: decomposition
            for operator, decomposition in self._known.items()
            if operator in DECOMPOSITIONS or not _has_kernel(str(operator), only_stock)
        }
        self._traces: dict[tuple[Any, ...], _Trace] = {}

    def decompose(self, op: AtenOp) -> tuple[list[Operation], list[SSAValue]]:
        """
        New ops, in no block, that compute what `op` computes, and the value for each of its results.

        Raises `FrontendError` when PyTorch has no decomposition, or only one for some of the sizes.
        """
        key = (op.name, op.properties["arguments"], tuple(op.operand_types), tuple(op.result_types))
        numbers = [operand for operand in op.operands if not isinstance(operand.type, TensorType)]
        if (trace := self._traces.get(key)) is None or numbers:
            # Numbers differ by how they were computed.
            # The op itself is taken apart even if it has a kernel, for that does not take these arguments.
            own = {operator: made for operator, made in self._known.items() if str(operator) == op.target}
            trace = self._traces[key] = _trace(op, {**self._table, **own})
        return trace.ops(op, self._weights)


class _Trace:
    """The graph of a decomposition."""

    def __init__(self, graph: FlatGraph, fake: FakeValues):
        self._graph = graph
        self._fake = fake

    def ops(self, op: AtenOp, weights: WeightImporter) -> tuple[list[Operation], list[SSAValue]]:
        """The graph as ops on the operands of `op`."""
        outputs = named_outputs(self._graph)
        types = _Types(self._fake.ranges)
        for output, result in zip(outputs, op.results, strict=True):
            if isinstance(output, Node) and isinstance(result.type, TensorType):
                types.rename(output.meta["val"], cast(TensorType[Attribute], result.type))
        block = Block()
        importer = _Importer(block, self._graph, types, weights)
        importer.location = op.location
        operands = iter(dict.fromkeys(op.operands))
        for node in self._graph.nodes:
            if node.op == "placeholder":
                importer.bind(node, next(operands))
            elif node.op == "get_attr":
                importer.bind_constant(node)
            else:
                importer.bind(node, importer.make(node))
        results: list[SSAValue] = []
        for output, old in zip(outputs, op.results, strict=True):
            value = importer.value_of(output) if isinstance(output, Node) else output
            if not isinstance(value, SSAValue):
                raise FrontendError(f"expected a tensor as a result of {op.name}, got {value}")
            if value.type != old.type:
                raise FrontendError(
                    f"PyTorch decomposes {op.name} for some sizes only: its result is {value.type}, not {old.type}"
                )
            results.append(cast(SSAValue, value))
        ops = list(block.ops)
        for new in ops:
            new.detach()
        return ops, results


class _Importer(GraphImporter):
    """Imports the nodes of a trace; all have the place of the op that was traced."""

    def bind_constant(self, node: Node) -> None:
        self._import_attribute(node)


class _Types(TypeConverter):
    """Types of traced values, in which sizes of results have the names that the op's results have them by."""

    def rename(self, tensor: torch.Tensor, type: TensorType[Attribute]) -> None:
        if tensor.dim() != len(type.get_shape()):
            return  # no type of this op's; whoever asks for the value will say so
        for size, dim in zip(tensor.shape, dims_of(type), strict=True):
            if isinstance(size, torch.SymInt) and not dim.is_static:
                self._dims[size.node.expr] = dim


def _trace(op: AtenOp, table: Mapping[Any, Callable[..., Any]]) -> _Trace:
    fake = FakeValues()
    operands = list(dict.fromkeys(op.operands))
    try:
        stand_ins = [fake.of(operand) for operand in operands]
    except KeyError as error:
        raise FrontendError(f"expected element types that torch has, got {error}") from error

    def call(*values: Any) -> list[Any]:
        return list(_flat(evaluate(op, dict(zip(operands, values, strict=True)))))

    try:
        # The dispatcher in Python has decompositions of composite operators that are cleaner than those in C++.
        with (
            fake.mode,
            torch.no_grad(),
            sdpa_kernel(SDPBackend.MATH),
            _without_mkldnn(),
            enable_python_dispatcher(),
        ):
            module = make_fx(call, decomposition_table=dict(table))(*stand_ins)
            if any(_is_mutable(node) for node in module.graph.nodes):
                functional = torch.func.functionalize(module)
                module = make_fx(functional, decomposition_table=dict(table))(*stand_ins)
    except Exception as error:
        raise FrontendError(f"PyTorch cannot decompose it for these sizes: {_first_line(error)}") from error
    fake.check_guards()
    module.graph.eliminate_dead_code()
    calls = [node for node in module.graph.nodes if isinstance(node.target, torch._ops.OpOverload)]  # pyright: ignore
    if [str(node.target) for node in calls] == [op.target]:
        raise FrontendError("PyTorch has no decomposition of it")
    return _Trace(flatten_graph(module), fake)


@contextlib.contextmanager
def _without_mkldnn() -> Generator[None]:
    """Recurrent layers in parts, which oneDNN would run whole."""
    # torch.backends.mkldnn.flags sets other flags too, and warns about them.
    enabled = torch._C._get_mkldnn_enabled()  # pyright: ignore[reportPrivateUsage]
    torch._C._set_mkldnn_enabled(False)  # pyright: ignore[reportPrivateUsage]
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(enabled)  # pyright: ignore[reportPrivateUsage]


@cache
def _decompositions() -> Mapping[Any, Callable[..., Any]]:
    """All decompositions that PyTorch has, and those of this project, by overload."""
    known = {**decomposition_table, **core_aten_decompositions(), **DECOMPOSITIONS}
    return {
        operator: decomposition
        for operator, decomposition in known.items()
        if isinstance(operator, torch._ops.OpOverload)  # pyright: ignore[reportPrivateUsage]
    }


def _has_kernel(operator: str, only_stock: bool) -> bool:
    return (
        operator.startswith("aten.")
        and find_kernel(operator.removesuffix(".default"), only_stock=only_stock) is not None
    )


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for item in cast(list[Any], value):
            yield from _flat(item)
    else:
        yield value


def _is_mutable(node: Node) -> bool:
    schema: Any = getattr(node.target, "_schema", None)
    return schema is not None and schema.is_mutable


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
