# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportAttributeAccessIssue=false, reportPrivateUsage=false, reportOptionalMemberAccess=false
"""
Stock's tests with this compiler and this runtime in the places of stock's.

Stock's tests are written against a `Tester` that takes a model through stages: export, lower, serialise, run. `load`
imports a file of theirs unchanged, while the names that it imports from stock stand for the stages below. The checks
between the stages, the comparison with eager PyTorch, and the expected counts stay stock's own.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import importlib.util
import logging
import random
import sys
import unittest
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from unittest import mock

import executorch.kernels.quantized  # pyright: ignore[reportUnusedImport] # noqa: F401
import torch
from executorch.backends.test import harness
from executorch.backends.test.harness.stages import Export, Stage, StageType
from executorch.backends.xnnpack.test.tester.tester import Quantize
from executorch.exir._serialize._program import deserialize_pte_binary
from executorch.extension.pybindings import portable_lib
from stock_graph import graph_of
from torch import fx
from torch.export import ExportedProgram
from torch.utils._pytree import tree_flatten
from xdsl.dialects import func

import xnnir
from xnnir.dialects import aten
from xnnir.partition.config import ConfigPrecisionType
from xnnir.partition.xnnpack_partitioner import (
    XnnpackDynamicallyQuantizedPartitioner,
    XnnpackFloatingPointPartitioner,
    XnnpackPartitioner,
)
from xnnir.passes._quantization import QuantizationParameterError
from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from xnnir.runtime import Runtime, Verification

_STOCK_LOAD = portable_lib._load_for_executorch_from_buffer


def partitioner(
    *, force_fp32_dynamic_linear: object = None, precision_type: object = None, **options: Any
) -> XnnpackPartitioner:
    """`XnnpackPartitioner`, which refuses names of options that stock takes without a word and ignores."""
    return XnnpackPartitioner(**options)


class EdgeView:
    """A method of a lowered program, as an `ExportedProgram` of stock's."""

    def __init__(self, function: func.FuncOp) -> None:
        self.graph_module, self._specs = graph_of(function)

    run: Callable[..., list[Any]]
    """Runs the finished program."""

    def module(self) -> Any:
        def call(*inputs: Any) -> Any:
            results = self.run(*inputs)
            return results[0] if len(results) == 1 else results

        return mock.Mock(side_effect=call, code=self.graph_module.code)

    @property
    def graph(self) -> fx.Graph:
        return self.graph_module.graph

    @property
    def graph_signature(self) -> Any:
        return mock.Mock(input_specs=self._specs)

    def __str__(self) -> str:
        return str(self.graph_module.code)


class Edge:
    """Programs before and after delegation, as an `EdgeProgramManager` of stock's."""

    def __init__(self, manager: xnnir.EdgeProgramManager) -> None:
        self._manager = manager

    def to_backend(self, partitioner: XnnpackPartitioner) -> Edge:
        return Edge(self._manager.to_backend(partitioner))

    def exported_program(self, method_name: str = "forward") -> EdgeView:
        view = self._edge_programs[method_name]
        view.run = lambda *inputs: _execute(self.to_executorch().buffer, inputs)
        return view

    @property
    def methods(self) -> set[str]:
        return set(self._edge_programs)

    @property
    def _edge_programs(self) -> dict[str, EdgeView]:
        functions = [op for op in self._manager.module.ops if isinstance(op, func.FuncOp)]
        return {function.sym_name.data: EdgeView(function) for function in functions}

    def to_executorch(self, config: object = None) -> Executorch:
        return Executorch(self._manager.to_executorch())


class Executorch:
    """A finished program, as an `ExecutorchProgramManager` of stock's."""

    def __init__(self, program: xnnir.ExecutorchProgramManager) -> None:
        self._program = program
        self.write_to_file = program.write_to_file

    @property
    def buffer(self) -> bytes:
        return self._program.buffer

    @property
    def executorch_program(self) -> Any:
        return deserialize_pte_binary(self.buffer).program

    @property
    def _named_data(self) -> Any:
        """Weights by their keys, as stock's reader finds them; our places in the model's source are none."""
        named = deserialize_pte_binary(self.buffer).named_data
        weights = {key: entry for key, entry in named.pte_data.items() if key != "xnnir.locations"}
        used = {entry.buffer_index for entry in weights.values()}
        return mock.Mock(pte_data=weights, buffers=sorted(used), external_data=named.external_data)

    @property
    def _emitter_output(self) -> Any:
        return mock.Mock(program=self.executorch_program)


def to_edge(programs: Any, **_: object) -> Edge:
    """`executorch.exir.to_edge`."""
    return Edge(xnnir.to_edge(programs))


def to_edge_transform_and_lower(programs: Any, partitioner: Any = None, **_: object) -> Edge:
    """`executorch.exir.to_edge_transform_and_lower`, with stock's wording of errors that its tests compare."""
    try:
        return Edge(xnnir.to_edge_transform_and_lower(programs, partitioner=partitioner))
    except QuantizationParameterError as error:
        assert isinstance(error.op, aten.AtenOp)
        what = (
            f"Scales must be finite and normal, however found scale value: {error.value} in scale tensor"
            if error.is_scale
            else f"Found invalid zeropoint {error.value} in zero point tensor"
        )
        raise ValueError(
            f"Invalid quantization scale or zero point for {error.op.target.replace('.', '_')}: "
            f"{what} at index: {error.index}"
        ) from error


def no_delegation_info(*_: object) -> None:
    """Stock counts nodes of its own graph inside of delegates; no case reads that."""


class RunPasses(Stage):
    """Functions of stock's on the exported program; a pass over stock's own edge graph has nothing to run on here."""

    artifact: Any = None

    def __init__(self, pass_list: Sequence[Any] = (), pass_functions: Sequence[Any] = ()) -> None:
        if pass_list:
            raise NotImplementedError("passes over stock's edge graph")
        self.pass_functions = pass_functions

    def stage_type(self) -> StageType:
        return StageType.RUN_PASSES

    def run(self, artifact: Any, inputs: object = None) -> None:
        for function in self.pass_functions:
            artifact = function(artifact)
        self.artifact = artifact

    @property
    def graph_module(self) -> Any:
        return self.artifact.graph_module


class _EdgeStage(Stage):
    artifact: Any = None

    @property
    def graph_module(self) -> Any:
        return self.artifact.exported_program().graph_module

    def run_artifact(self, inputs: tuple[Any, ...]) -> list[Any]:
        return _execute(self.artifact.to_executorch().buffer, inputs)


class ToEdge(_EdgeStage):
    def __init__(self, edge_compile_config: object = None) -> None: ...

    def stage_type(self) -> StageType:
        return StageType.TO_EDGE

    def run(self, artifact: ExportedProgram, inputs: object = None) -> None:
        self.artifact = to_edge(artifact)


class ToEdgeTransformAndLower(_EdgeStage):
    def __init__(
        self,
        partitioners: Sequence[XnnpackPartitioner] | None = None,
        edge_compile_config: object = None,
    ) -> None:
        self.partitioners = partitioners or [XnnpackPartitioner()]

    def stage_type(self) -> StageType:
        return StageType.TO_EDGE_TRANSFORM_AND_LOWER

    def run(self, artifact: ExportedProgram, inputs: object = None, generate_etrecord: bool = False) -> None:
        self.artifact = to_edge_transform_and_lower(artifact, self.partitioners)


class Partition(_EdgeStage):
    def __init__(self, partitioner: XnnpackPartitioner | None = None) -> None:
        self.partitioner = partitioner or XnnpackPartitioner()

    def stage_type(self) -> StageType:
        return StageType.PARTITION

    def run(self, artifact: Edge, inputs: object = None) -> None:
        self.artifact = artifact.to_backend(self.partitioner)


class ToExecutorch(Stage):
    artifact: Any = None

    def __init__(self, config: object = None) -> None: ...

    def stage_type(self) -> StageType:
        return StageType.TO_EXECUTORCH

    def run(self, artifact: Edge, inputs: object = None) -> None:
        self.artifact = artifact.to_executorch()

    @property
    def graph_module(self) -> None:
        return None


class Serialize(Stage):
    artifact: Any = None

    def stage_type(self) -> StageType:
        return StageType.SERIALIZE

    def run(self, artifact: Executorch, inputs: object = None) -> None:
        self.artifact = artifact.buffer

    @property
    def graph_module(self) -> None:
        return None

    def run_artifact(self, inputs: tuple[Any, ...]) -> BothOutputs:
        flat, _ = tree_flatten(inputs)
        stock = _STOCK_LOAD(self.artifact).run_method("forward", tuple(flat))
        return BothOutputs(_execute(self.artifact, inputs), copy.deepcopy(stock))


class BothOutputs:
    """What this runtime and stock's return for the same file and the same inputs."""

    def __init__(self, ours: list[Any], stock: list[Any]) -> None:
        self.ours = ours
        self.stock = stock


class Tester(harness.Tester):
    """Stock's tester with the stages above; both runtimes' results have to agree with eager PyTorch's."""

    __test__ = False

    STAGES: ClassVar[dict[StageType, Any]] = {
        StageType.EXPORT: Export,
        StageType.QUANTIZE: Quantize,
        StageType.RUN_PASSES: RunPasses,
        StageType.TO_EDGE: ToEdge,
        StageType.TO_EDGE_TRANSFORM_AND_LOWER: ToEdgeTransformAndLower,
        StageType.PARTITION: Partition,
        StageType.TO_EXECUTORCH: ToExecutorch,
        StageType.SERIALIZE: Serialize,
    }

    def __init__(
        self, module: torch.nn.Module, example_inputs: Any, dynamic_shapes: Any = None, **options: Any
    ) -> None:
        super().__init__(module, example_inputs, self.STAGES, dynamic_shapes, **options)
        self.made.append(self)

    made: ClassVar[list[Tester]] = []
    """Every tester, in the order of their making, until somebody clears the list."""

    def finish(self, atol: float) -> None:
        """Go through the stages that are left, and compare the outputs."""
        if self.cur in (StageType.TO_EDGE_TRANSFORM_AND_LOWER, StageType.PARTITION):
            self.to_executorch().serialize().run_method_and_compare_outputs(atol=atol)

    @staticmethod
    def _compare_outputs(reference_output: Any, stage_output: Any, *args: Any, **options: Any) -> None:
        both = isinstance(stage_output, BothOutputs)
        for outputs in (stage_output.ours, stage_output.stock) if both else (stage_output,):
            harness.Tester._compare_outputs(reference_output, outputs, *args, **options)


class LoadedModule:
    """A program loaded from memory, as stock's `portable_lib` has it."""

    def __init__(self, buffer: bytes) -> None:
        self._program = Runtime.get().load_program(buffer)

    def run_method(self, name: str, inputs: Sequence[Any]) -> list[Any]:
        return self._program.load_method(name).execute(list(inputs))


def _execute(buffer: bytes, inputs: tuple[Any, ...]) -> list[Any]:
    flat, _ = tree_flatten(inputs)
    return LoadedModule(buffer).run_method("forward", flat)


_TESTER: Mapping[str, object] = {
    "Partition": Partition,
    "Quantize": Quantize,
    "RunPasses": RunPasses,
    "Serialize": Serialize,
    "Tester": Tester,
    "ToEdge": ToEdge,
    "ToEdgeTransformAndLower": ToEdgeTransformAndLower,
    "ToExecutorch": ToExecutorch,
}
_SUBSTITUTES: Mapping[str, Mapping[str, object]] = {
    "executorch.backends.xnnpack.test.tester": _TESTER,
    "executorch.backends.xnnpack.test.tester.tester": _TESTER,
    "executorch.backends.xnnpack.partition.config.xnnpack_config": {
        "ConfigPrecisionType": ConfigPrecisionType
    },
    "executorch.backends.xnnpack.partition.xnnpack_partitioner": {
        "XnnpackDynamicallyQuantizedPartitioner": XnnpackDynamicallyQuantizedPartitioner,
        "XnnpackFloatingPointPartitioner": XnnpackFloatingPointPartitioner,
        "XnnpackPartitioner": partitioner,
    },
    "executorch.exir": {
        "to_edge": to_edge,
        "to_edge_transform_and_lower": to_edge_transform_and_lower,
    },
    "executorch.extension.pybindings.portable_lib": {"_load_for_executorch_from_buffer": LoadedModule},
    "executorch.runtime": {"Runtime": Runtime, "Verification": Verification},
}
"""What stock's tests import, by module."""

_USED_BY_RECIPES: Mapping[str, Mapping[str, object]] = {
    "executorch.backends.xnnpack.recipes.xnnpack_recipe_provider": {
        "XnnpackPartitioner": partitioner,
        "XNNPACKQuantizer": XNNPACKQuantizer,
        "get_symmetric_quantization_config": get_symmetric_quantization_config,
    },
    "executorch.export.stages": {
        "get_delegation_info": no_delegation_info,
        "to_edge_transform_and_lower": to_edge_transform_and_lower,
    },
    "executorch.runtime": {"Runtime": Runtime, "Verification": Verification},
}
"""What stock's recipes use while they run, by module."""


class _ToStocksLogger(logging.Handler):
    """Stock's tests listen to stock's logger."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger("executorch.backends.xnnpack.partition.xnnpack_partitioner").handle(record)


logging.getLogger("xnnir.program").addHandler(_ToStocksLogger())


@contextlib.contextmanager
def _substituted(substitutes: Mapping[str, Mapping[str, object]]) -> Generator[None]:
    with contextlib.ExitStack() as stack:
        for name, attributes in substitutes.items():
            module = importlib.import_module(name)
            for attribute, substitute in attributes.items():
                stack.enter_context(mock.patch.object(module, attribute, substitute))
        yield


@cache
def load(path: Path) -> ModuleType:
    """The test file at `path` over the stages above; other importers of stock's modules do not see them."""
    with _substituted(_SUBSTITUTES):
        spec = importlib.util.spec_from_file_location(f"stock_tests_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    return module


def run(test_class: type[unittest.TestCase], name: str) -> None:
    """Run a case."""
    recipes = _USED_BY_RECIPES if "recipes" in test_class.__module__ else {}
    with _substituted(recipes):
        test_class(name).debug()


def run_without_expectations(test_class: type[unittest.TestCase], name: str, atol: float) -> None:
    """
    Run a case without its checks of graphs and of refusals, and to the end: models that the case only lowers run too,
    and what they return is within `atol` of what eager PyTorch does.
    """

    def skip(tester: Tester, _: object) -> Tester:
        return tester

    def is_taken(*_: object) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()

    Tester.made.clear()
    with (
        mock.patch.multiple(Tester, check=skip, check_not=skip, check_count=skip, check_node_count=skip),
        mock.patch.multiple(test_class, assertRaises=is_taken, assertRaisesRegex=is_taken),
    ):
        run(test_class, name)
    for tester in Tester.made:
        tester.finish(atol)


@contextlib.contextmanager
def unchanged_random_state() -> Generator[None]:
    """Fixed random numbers inside, and the caller's after: inputs by torch, their sizes by Python."""
    sizes = random.getstate()
    try:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            random.seed(0)
            yield
    finally:
        random.setstate(sizes)
