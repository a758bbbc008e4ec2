"""
`xnn-opt`: read IR, run passes, print IR.

    xnn-opt model.mlir -p 'xnn-fold-padding,xnn-partition{target=executorch}' --print-ir-after-all

It is xDSL's `xdsl-opt` with the dialects and passes of xnnir, and with the options people know from
`mlir-opt`.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isabstract
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.xdsl_opt_main import xDSLOptMain

from xnnir.dialects import get_all_dialects
from xnnir.errors import XnnirError
from xnnir.files import replacing
from xnnir.passes import get_all_passes
from xnnir.tools._arguments import add_arguments
from xnnir.tools._diagnostics import Diagnostic, diagnose, run_tool
from xnnir.tools._expected import check, expected_errors
from xnnir.tools._instrumentation import (
    CrashReproducer,
    IRTree,
    PassInstrumentation,
    PrintIR,
    Timing,
    VerifyNumerics,
    run_passes,
)
from xnnir.tools._parsing import parse_text
from xnnir.tools._pass_info import check_pass_name, list_passes, parse_passes
from xnnir.tools._printing import SMALL_CONSTANT, PrintOptions, module_text
from xnnir.verification import verify_module

_SEPARATOR = re.compile(r"^// -----.*$", re.MULTILINE)
_BINARY = {"pte": "xnn-translate --pte-to-mlir reads .pte files", "pt2": "xnnir compile reads .pt2 files"}


class XnnOpt(xDSLOptMain):
    """The tool. `exit_code` is set by `run`: 1 when `--verify-diagnostics` found something wrong."""

    exit_code = 0

    def __init__(self, args: Sequence[str] | None = None, sources: dict[str, str] | None = None):
        """`sources` receives the text of the input under its name, for errors that quote it."""
        self.sources = {} if sources is None else sources
        self.passes: list[ModulePass] = []
        self.timing = Timing()
        super().__init__("Run passes of xnnir on IR.", args)

    def register_all_dialects(self) -> None:
        super().register_all_dialects()
        for name, factory in get_all_dialects().items():
            # The entry point brings them when xnnir is installed, and not when it runs from its folder.
            if name not in self.ctx.registered_dialect_names:
                self.ctx.register_dialect(name, factory)

    def register_all_passes(self) -> None:
        super().register_all_passes()
        self.available_passes |= get_all_passes()

    def register_all_arguments(self, arg_parser: ArgumentParser) -> None:
        arg_parser.usage = "%(prog)s [options] [input_file]"
        add_arguments(arg_parser)

    def setup_pipeline(self) -> None:
        for path in self.args.load_pass_plugin:
            for pass_class in _load_passes(Path(path)):
                self.register_pass(pass_class.name, lambda loaded=pass_class: loaded)
        for name in (*self.args.print_ir_before, *self.args.print_ir_after):
            check_pass_name(name, self.available_passes)
        self.passes = parse_passes(self.args.passes, self.available_passes)

    def run(self) -> None:
        if self.args.list_passes:
            names = self.available_passes if self.args.list_passes == "all" else get_all_passes()
            print(list_passes({name: self.available_passes[name] for name in names}))
            return
        name = self.get_input_name()
        with self.timing.step("read"):
            self.sources[name] = text = self._read()
        outputs: list[str] = []
        wrong: list[Diagnostic] = []
        for section in _sections(text) if self.args.split_input_file else [text]:
            if not self.args.verify_diagnostics:
                outputs.append(self._process(section, name))
                continue
            error: Diagnostic | None = None
            try:
                outputs.append(self._process(section, name))
            except Exception as raised:
                error = diagnose(raised)
            wrong += check(expected_errors(section), error, name)
        with self.timing.step("write"):
            self._write("// -----\n".join(outputs))
        for diagnostic in wrong:
            print(diagnostic.render(self.sources), file=sys.stderr)
        if self.args.time_passes:
            print(self.timing.table(), file=sys.stderr)
        self.exit_code = 1 if wrong else 0

    def _read(self) -> str:
        kind = self.args.frontend or Path(self.get_input_name()).suffix[1:]
        if kind in _BINARY:
            raise XnnirError(f"{self.get_input_name()}: expected IR in text", hint=_BINARY[kind])
        piped = self.args.input_file in (None, "-")
        data = sys.stdin.buffer.read() if piped else Path(self.args.input_file).read_bytes()
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise XnnirError(
                f"{self.get_input_name()}: expected text, got byte 0x{data[error.start]:02x} at offset {error.start}"
            ) from error

    def _process(self, text: str, name: str) -> str:
        """Parse one section, run the passes on it, and print it."""
        with self.timing.step("parse"):
            module = parse_text(self.ctx, text, name, not self.args.no_implicit_module)
        if not self.args.disable_verify:
            with self.timing.step("verify"):
                verify_module(module)
        with self.timing.step("between passes") if self.passes else nullcontext():
            verify_each = self.args.verify_each and not self.args.disable_verify
            run_passes(self.passes, self.ctx, module, self._instrumentation(), verify_each)
        with self.timing.step("print"):
            return self.output_resulting_program(module)

    def output_resulting_program(self, prog: ModuleOp) -> str:
        if self.args.target != "mlir" or self.args.syntax_highlight:
            return super().output_resulting_program(prog)
        return module_text(self.ctx, prog, self._print_options())

    def _instrumentation(self) -> list[PassInstrumentation]:
        args = self.args
        # What is printed on the way is for reading, and weights would bury it.
        options = self._print_options(weights=False)
        watchers: list[PassInstrumentation] = [self.timing]
        before = None if args.print_ir_before_all else args.print_ir_before
        after = None if args.print_ir_after_all else args.print_ir_after
        if before != [] or after != []:
            watchers.append(PrintIR(sys.stderr, self.ctx, options, before, after))
        if args.print_ir_tree_dir:
            watchers.append(IRTree(Path(args.print_ir_tree_dir), self.ctx, options))
        if args.verify_numerics:
            watchers.append(VerifyNumerics(self.ctx))
        if args.crash_reproducer:
            watchers.append(CrashReproducer(Path(args.crash_reproducer), self.ctx, sys.stderr))
        return watchers

    def _print_options(self, weights: bool = True) -> PrintOptions:
        args = self.args
        largest = args.mlir_elide_elementsattrs_if_larger
        if largest is None and args.elide_weights:
            largest = SMALL_CONSTANT
        return PrintOptions(
            generic=args.print_op_generic,
            properties_as_attributes=args.print_no_properties,
            debuginfo=args.print_debuginfo,
            weights=weights and not args.elide_weights,
            largest_constant=largest,
        )

    def _write(self, text: str) -> None:
        if self.args.output_file in (None, "-"):
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            with replacing(Path(self.args.output_file)) as file:
                file.write(text.encode())


def _sections(text: str) -> list[str]:
    """The parts of `text` between separators, each behind as many empty lines as keep its line numbers."""
    sections: list[str] = []
    start = 0
    for match in [*_SEPARATOR.finditer(text), None]:
        end = len(text) if match is None else match.start()
        sections.append("\n" * text.count("\n", 0, start) + text[start:end])
        start = end if match is None else match.end()
    return sections


def _load_passes(path: Path) -> list[type[ModulePass]]:
    """The passes that a Python file defines."""
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise XnnirError(f"{path}: expected a Python file with passes")
    module = module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    found = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, ModulePass) and item.__module__ == path.stem
    ]
    passes = [item for item in found if not isabstract(item)]
    if not passes:
        raise XnnirError(f"{path}: expected a Python file with passes, found no subclass of ModulePass")
    return passes


def main(args: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit code: 0, or 1 after an error."""
    arguments = sys.argv[1:] if args is None else list(args)
    sources: dict[str, str] = {}

    def body() -> int:
        tool = XnnOpt(arguments, sources)
        tool.run()
        return tool.exit_code

    return run_tool(body, debug="--debug" in arguments, sources=sources)


if __name__ == "__main__":
    sys.exit(main())
