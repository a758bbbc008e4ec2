"""From a model file to IR or to a .pte file, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from xnnir import pipelines
from xnnir.context import make_context
from xnnir.dialects import rt, xnn
from xnnir.errors import XnnirError
from xnnir.files import replacing
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
from xnnir.tools._instrumentation import IRTree, PassInstrumentation, Timing, VerifyNumerics, run_passes
from xnnir.tools._parsing import forget_text_locations, parse_text
from xnnir.tools._printing import PrintOptions, save_module
from xnnir.verification import verify_module

if TYPE_CHECKING:
    from xnnir.report import Report


@dataclass
class Compilation:
    """One model on its way down. Steps are timed in `timing`."""

    source: Path
    partitioner: XnnpackPartitioner = pipelines.DEFAULT_PARTITIONER
    compile_to: pipelines.Level | None = None
    """The level of IR to stop at; None goes on to a .pte file."""
    dump_dir: Path | None = None
    """Receives the IR after each pass."""

    sources: dict[str, str] = field(default_factory=dict[str, str])
    """Receives the text of the input under its name, for errors that quote it."""
    verify_numerics: bool = False
    """Hold the results of the model before and after each pass against each other."""
    timing: Timing = field(default_factory=Timing)
    context: Context = field(default_factory=make_context)

    def load(self) -> ModuleOp:
        """The model as `aten` IR, or the IR in the file at whatever level it is."""
        if not self.source.exists():
            raise XnnirError(f"{self.source}: no such file or directory")
        if self.source.suffix == ".mlir":
            with self.timing.step("parse"):
                self.sources[str(self.source)] = text = self.source.read_text()
                module = parse_text(self.context, text, str(self.source))
                verify_module(module)
                # The places of the text were for its errors; the file gets those of the model.
                forget_text_locations(module, str(self.source))
            return module
        if self.source.suffix != ".pt2":
            raise XnnirError(
                f"{self.source}: expected a .pt2 file (torch.export.save) or a .mlir file",
                hint="xnnir.compile(model, example_inputs) takes a model in Python",
            )
        return self._import_pt2()

    def lower(self, module: ModuleOp, report: Callable[[ModuleOp], None] | None = None) -> None:
        """
        Run the passes from the level of `module` to the one asked for. `report` sees it once graphs are
        settled.
        """
        stop = self.compile_to or "rt"
        at = level_of(module)
        levels = get_args(pipelines.Level)
        if levels.index(at) > levels.index(stop):
            raise XnnirError(f"{self.source}: expected IR of level {stop} or above, got level {at}")
        if self.partitioner.per_op_mode and at != "aten":
            raise XnnirError(
                f"{self.source}: expected IR that has no graphs yet, got level {at}",
                hint="use --per-op where the graphs are made",
            )
        passes: list[ModulePass] = []
        if at == "aten" and stop != "aten":
            passes = pipelines.delegation([self.partitioner])
        watchers: list[PassInstrumentation] = [self.timing]
        if self.dump_dir is not None:
            watchers.append(IRTree(self.dump_dir, self.context, PrintOptions(weights=False, debuginfo=True)))
        if self.verify_numerics:
            watchers.append(VerifyNumerics(self.context))
        run_passes(passes, self.context, module, watchers)
        if report is not None and at != "rt" and stop != "aten":
            report(module)
        if at != "rt" and stop == "rt":
            run_passes(pipelines.xnn_to_rt(self.partitioner.target), self.context, module, watchers)

    def report(self, module: ModuleOp) -> Report:
        """What is delegated of `module`, whose graphs are settled."""
        from xnnir.report import report

        return report(module, self.context, self.partitioner.target)

    def explain(self) -> Report:
        """
        What is delegated of the model, or of the program in a .pte file. What no kernel runs is no error.

        Raises `XnnirError` when the file cannot be read.
        """
        module = self._read_program() if self.source.suffix == ".pte" else self.load()
        if level_of(module) != "rt":
            self.lower(module)
        return self.report(module)

    def save(self, module: ModuleOp, output: Path) -> int:
        """Write IR, its weights beside it, or a .pte file; returns the bytes of the file."""
        with self.timing.step("write"):
            if self.compile_to is not None:
                save_module(self.context, module, output)
            else:
                from xnnir.emit import write_program

                program = write_program(module, self.context)
                with replacing(output) as file:
                    program.write_to_file(file)
        return output.stat().st_size

    def _read_program(self) -> ModuleOp:
        from xnnir.emit import read_program

        try:
            return read_program(memoryview(self.source.read_bytes()), self.context)
        except XnnirError as error:
            raise XnnirError(f"{self.source}: {error}") from error

    def _import_pt2(self) -> ModuleOp:
        from zipfile import is_zipfile

        if not is_zipfile(self.source):
            raise XnnirError(f"{self.source}: expected a file of torch.export.save, got something else")
        with self.timing.step("load torch and the model"):
            try:
                import torch
            except ImportError as error:
                raise XnnirError(
                    "torch is needed to read .pt2 files", hint="pip install 'xnnir[torch]'"
                ) from error
            from xnnir.frontend.operator_libraries import register_operators_of

            try:
                register_operators_of(self.source)
                program = torch.export.load(self.source)
            except ImportError as error:
                raise XnnirError(
                    f"{self.source}: a library that registers its operators is not installed: {error}",
                    hint="pip install torchao",
                ) from error
            except Exception as error:
                raise XnnirError(f"{self.source}: torch.export.load: {error}") from error
        with self.timing.step("import"):
            from xnnir.frontend import import_exported_program

            module = ModuleOp([])
            module.body.block.add_op(import_exported_program(program, self.context, method_name="forward"))
        return module


def level_of(module: ModuleOp) -> pipelines.Level:
    """The level at which `module` is: `xnn` once it has graphs, `rt` once it has methods."""
    if any(isinstance(op, rt.MethodOp) for op in module.ops):
        return "rt"
    if any(isinstance(op, xnn.GraphOp) for op in module.ops):
        return "xnn"
    return "aten"
