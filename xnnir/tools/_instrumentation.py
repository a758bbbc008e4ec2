"""What can be watched while passes run: IR before and after, time, and the IR that makes a pass fail."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from xnnir.errors import InternalError, OpError, XnnirError
from xnnir.passes._pipeline import flatten
from xnnir.tools._diagnostics import diagnose
from xnnir.tools._printing import PrintOptions, module_text, save_module
from xnnir.verification import verify_module


class PassInstrumentation:
    """Is told about each pass; subclasses override what they want to see."""

    def before(self, current: ModulePass, module: ModuleOp) -> None:
        """`current` is about to run."""

    def after(self, current: ModulePass, module: ModuleOp) -> None:
        """`current` has run, and what it left verifies."""

    def failed(self, current: ModulePass, module: ModuleOp, error: Exception) -> None:
        """`current` raised `error`, or left what does not verify."""


def run_passes(
    passes: Sequence[ModulePass],
    ctx: Context,
    module: ModuleOp,
    instrumentation: Iterable[PassInstrumentation] = (),
    verify_each: bool = True,
) -> None:
    """
    Run `passes` in order, those of named pipelines one by one.

    Raises what the passes raise; `InternalError` with the name of the pass where it raised what it should
    not, or left IR that does not verify.
    """
    watchers = list(instrumentation)
    for current in flatten(passes):
        for watcher in watchers:
            watcher.before(current, module)
        try:
            _run_pass(current, ctx, module, verify_each)
        except Exception as error:
            for watcher in watchers:
                watcher.failed(current, module, error)
            raise
        for watcher in watchers:
            watcher.after(current, module)


def _run_pass(current: ModulePass, ctx: Context, module: ModuleOp, verify: bool) -> None:
    try:
        current.apply(ctx, module)
    except XnnirError:
        raise
    except Exception as error:
        found = diagnose(error)
        raise InternalError(f"in pass {current.name}: {found.message}", hint=found.hint) from error
    if verify:
        try:
            verify_module(module)
        except OpError as error:
            raise InternalError(f"after pass {current.name}: {error.message}", error.location) from error


class PrintIR(PassInstrumentation):
    """Prints the module before or after chosen passes, without weights."""

    def __init__(
        self,
        stream: TextIO,
        ctx: Context,
        options: PrintOptions,
        before: Collection[str] | None = (),
        after: Collection[str] | None = (),
    ):
        """`before` and `after` are names of passes; None stands for all."""
        self.stream = stream
        self.ctx = ctx
        self.options = options
        self.names_before = before
        self.names_after = after

    def before(self, current: ModulePass, module: ModuleOp) -> None:
        if self.names_before is None or current.name in self.names_before:
            self._print("Before", current, module)

    def after(self, current: ModulePass, module: ModuleOp) -> None:
        if self.names_after is None or current.name in self.names_after:
            self._print("After", current, module)

    def failed(self, current: ModulePass, module: ModuleOp, error: Exception) -> None:
        if self.names_after is None or current.name in self.names_after:
            self._print("After", current, module, " Failed")

    def _print(self, when: str, current: ModulePass, module: ModuleOp, outcome: str = "") -> None:
        banner = f"IR Dump {when} {type(current).__name__}{outcome} ({current})"
        print(f"// -----// {banner} //----- //", file=self.stream)
        try:
            print(module_text(self.ctx, module, self.options), file=self.stream, flush=True)
        except Exception as error:
            # What a failed pass left behind may be too broken to print.
            print(f"// cannot be printed: {type(error).__name__}: {error}\n", file=self.stream, flush=True)


class IRTree(PassInstrumentation):
    """Writes the module before the first pass and after each one to `directory/<number>_<pass>.mlir`."""

    def __init__(self, directory: Path, ctx: Context, options: PrintOptions):
        self.directory = directory
        self.ctx = ctx
        self.options = options
        self.count = 0

    def before(self, current: ModulePass, module: ModuleOp) -> None:
        if self.count == 0:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._write("input", module)

    def after(self, current: ModulePass, module: ModuleOp) -> None:
        self._write(current.name, module)

    def _write(self, name: str, module: ModuleOp) -> None:
        path = self.directory / f"{self.count:02}_{name}.mlir"
        path.write_text(module_text(self.ctx, module, self.options))
        self.count += 1


class CrashReproducer(PassInstrumentation):
    """When a pass fails, writes the IR it was given, under the command that makes it fail again."""

    def __init__(self, path: Path, ctx: Context, stream: TextIO):
        self.path = path
        self.ctx = ctx
        self.stream = stream
        self.given: ModuleOp | None = None

    def before(self, current: ModulePass, module: ModuleOp) -> None:
        self.given = module.clone()

    def failed(self, current: ModulePass, module: ModuleOp, error: Exception) -> None:
        if self.given is None:
            return
        header = f"// RUN: xnn-opt %s -p '{current}'\n// {diagnose(error).message.splitlines()[0]}\n"
        save_module(self.ctx, self.given, self.path, header)
        note = f"note: {self.path} has the IR before {current.name}, and the command to repeat this"
        print(note, file=self.stream)


class VerifyNumerics(PassInstrumentation):
    """Runs each function before and after each pass on the same inputs, see `xnnir.interpreter.proof`."""

    def __init__(self, ctx: Context):
        # It is the one part of the tool that needs torch.
        from xnnir.interpreter.proof import NumericProof

        self.proof = NumericProof(ctx)
        self.has_begun = False

    def before(self, current: ModulePass, module: ModuleOp) -> None:
        if not self.has_begun:
            self.has_begun = True
            self.proof(None, module, current)

    def after(self, current: ModulePass, module: ModuleOp) -> None:
        self.proof(current, module, None)


class Timing(PassInstrumentation):
    """Wall time per pass and per step of the tool, as a table."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float]] = []
        self._started = 0.0

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Measure what happens inside the `with`, less the passes that run there."""
        start = time.perf_counter()
        known = len(self.rows)
        try:
            yield
        finally:
            inner = sum(seconds for _, seconds in self.rows[known:])
            self.rows.append((name, time.perf_counter() - start - inner))

    def before(self, current: ModulePass, module: ModuleOp) -> None:
        self._started = time.perf_counter()

    def after(self, current: ModulePass, module: ModuleOp) -> None:
        self.rows.append((str(current), time.perf_counter() - self._started))

    def table(self) -> str:
        """The rows in the order in which they ran, and the total."""
        total = sum(seconds for _, seconds in self.rows)
        lines = ["Execution time report, wall seconds", f"{'seconds':>9}  {'share':>6}  name"]
        for name, seconds in [*self.rows, ("total", total)]:
            lines.append(f"{seconds:9.4f}  {seconds / (total or 1):6.1%}  {name}")
        return "\n".join(lines)
