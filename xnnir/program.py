"""
From a `torch.export` program to a file, under the names that ExecuTorch users know:

    program = xnnir.to_edge_transform_and_lower(torch.export.export(model, inputs),
    partitioner=[XnnpackPartitioner()]) program.to_executorch().write_to_file(file)
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from xnnir import pipelines
from xnnir.context import make_context
from xnnir.dialects.xnn.support import Target
from xnnir.files import replacing
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner, partitioners

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram

    from xnnir.report import Report

_LOG = logging.getLogger(__name__)


class EdgeProgramManager:
    """
    A model whose delegates are settled: `xnn.graph` ops, and what stays outside them.

    `module` is the IR, `context` the context that holds its weights; both may be looked at and rewritten before
    `to_executorch`.
    """

    def __init__(self, context: Context, module: ModuleOp, target: Target = "executorch"):
        self.context = context
        self.module = module
        self.target: Target = target

    @property
    def methods(self) -> set[str]:
        """Names of the methods."""
        return {op.sym_name.data for op in self.module.ops if isinstance(op, FuncOp)}

    def to_backend(self, partitioner: XnnpackPartitioner) -> EdgeProgramManager:
        """
        Give to XNNPACK what it supports: the second half of `to_edge_transform_and_lower`, which does both halves
        in one call and is the one to use.
        """
        _LOG.warning(
            "DEPRECATION WARNING: to_edge() + to_backend() is ExecuTorch's old way to lower a model; "
            "to_edge_transform_and_lower() does both"
        )
        lowered = EdgeProgramManager(self.context, self.module.clone(), self.target)
        _delegate(lowered, partitioners(partitioner))
        return lowered

    def to_executorch(self, *, observer: pipelines.Observer | None = None) -> ExecutorchProgramManager:
        """
        Lower to instructions with planned memory.

        Raises `XnnirError` naming every op that no kernel of the runtime can run.
        """
        module = self.module.clone()
        pipelines.run(pipelines.xnn_to_rt(self.target), self.context, module, observer)
        return ExecutorchProgramManager(self.context, module, self.explain)

    def explain(self) -> Report:
        """What is delegated and what is not, where that stands in the model, and why."""
        from xnnir.report import report

        return report(self.module, self.context, self.target)


class ExecutorchProgramManager:
    """A program that is ready to run: `rt` IR, and the bytes of the `.pte` file made from it."""

    def __init__(self, context: Context, module: ModuleOp, explain: Callable[[], Report]):
        from xnnir.emit import write_program

        self.context = context
        self.module = module
        self._explain = explain
        self._writer = write_program(module, context)

    def explain(self) -> Report:
        """As it is said of the program that this one was lowered from, see `EdgeProgramManager.explain`."""
        return self._explain()

    @property
    def buffer(self) -> bytes:
        """The file's bytes. `write_to_file` needs less memory."""
        stream = io.BytesIO()
        self.write_to_file(stream)
        return stream.getvalue()

    def write_to_file(self, file: IO[bytes]) -> None:
        """Write the `.pte` file to an open binary file."""
        self._writer.write_to_file(file)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the `.pte` file to `path`. An interrupted write leaves what was there before."""
        with replacing(Path(path)) as file:
            self.write_to_file(file)


def to_edge_transform_and_lower(
    programs: ExportedProgram | Mapping[str, ExportedProgram],
    *,
    transform_passes: Sequence[ModulePass] = (),
    partitioner: Sequence[XnnpackPartitioner] | XnnpackPartitioner | None = None,
    observer: pipelines.Observer | None = None,
) -> EdgeProgramManager:
    """
    Import exported programs and give to XNNPACK what it supports.

    programs:
        What `torch.export.export` returned; or several by name, which become the methods of one file and share
        weights.
    transform_passes:
        Passes to run on the `aten` IR before anything else.
    partitioner:
        How to delegate; without one, an `XnnpackPartitioner()`. Of several, each takes what it can of what those
        before it left.
    observer:
        Called between passes, see `xnnir.pipelines.run`.

    Raises `XnnirError` with the place in the model's source when the model cannot be imported.
    """
    chosen = partitioners(partitioner)
    edge = to_edge(programs)
    _delegate(edge, chosen, transform_passes, observer)
    return edge


def to_edge(programs: ExportedProgram | Mapping[str, ExportedProgram]) -> EdgeProgramManager:
    """
    Import exported programs, and leave delegation to `to_backend`.

    programs:
        As `to_edge_transform_and_lower` takes them.

    Raises `XnnirError` with the place in the model's source when the model cannot be imported.
    """
    from xnnir.frontend import import_exported_program

    context = make_context()
    module = ModuleOp([])
    named = programs if isinstance(programs, Mapping) else {"forward": programs}
    for name, program in named.items():
        module.body.block.add_op(import_exported_program(program, context, method_name=name))
    return EdgeProgramManager(context, module)


def compile(
    model: torch.nn.Module,
    example_inputs: Sequence[Any],
    *,
    dynamic_shapes: Any = None,
    partitioner: Sequence[XnnpackPartitioner] | XnnpackPartitioner | None = None,
    verify_numerics: bool = False,
    observer: pipelines.Observer | None = None,
) -> ExecutorchProgramManager:
    """
    Export `model` and lower it: `torch.export.export`, `to_edge_transform_and_lower`, `to_executorch` in one call.

    model:
        In eval mode.
    example_inputs:
        Positional arguments of its `forward`; their shapes are the model's, except where `dynamic_shapes` says
        otherwise.
    dynamic_shapes:
        As `torch.export.export` takes it.
    verify_numerics:
        Run the model on the example inputs before and after each pass, in PyTorch, and raise `XnnirError` naming the
        first pass and op that change its results by more than the pass declares. Costs one run of the model per pass,
        and the memory of all its intermediate results.

    Raises `XnnirError` for what cannot be imported or lowered.
    """
    import torch

    program = torch.export.export(model, tuple(example_inputs), dynamic_shapes=dynamic_shapes)
    edge = to_edge(program)
    if verify_numerics:
        from torch.utils._pytree import tree_leaves

        from xnnir.interpreter.proof import NumericProof

        inputs: dict[str, list[Any]] = {"forward": tree_leaves(tuple(example_inputs))}
        observer = _both(NumericProof(edge.context, inputs), observer)
    _delegate(edge, partitioners(partitioner), observer=observer)
    return edge.to_executorch(observer=observer)


def _both(first: pipelines.Observer, second: pipelines.Observer | None) -> pipelines.Observer:
    def observe(previous: ModulePass | None, module: ModuleOp, current: ModulePass | None) -> None:
        if second is not None:
            second(previous, module, current)
        first(previous, module, current)

    return observe


def _delegate(
    edge: EdgeProgramManager,
    chosen: Sequence[XnnpackPartitioner],
    transform_passes: Sequence[ModulePass] = (),
    observer: pipelines.Observer | None = None,
) -> None:
    edge.target = chosen[0].target
    pipelines.run([*transform_passes, *pipelines.delegation(chosen)], edge.context, edge.module, observer)
    if any(one.verbose for one in chosen):
        edge.explain().print()
