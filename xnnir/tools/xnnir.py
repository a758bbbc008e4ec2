"""
`xnnir`, for people: from a saved model to a file, and what is in the file.

    xnnir compile model.pt2 -o model.pte
    xnnir explain model.pt2
    xnnir inspect model.pte
    xnnir run model.pte --input x.npy --output y.npy
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xnnir.errors import XnnirError
from xnnir.tools._diagnostics import run_tool
from xnnir.tools._partitioner_options import partitioner_options

if TYPE_CHECKING:
    from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
    from xnnir.pipelines import Level

FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="xnnir")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Lower PyTorch models to XNNPACK, look into the files, and run them."""
    ctx.obj = debug


@cli.command()
@click.argument("model", type=FILE)
@click.option("-o", "--output", type=FILE, help="Where to write; beside MODEL by default.")
@partitioner_options
@click.option(
    "--compile-to",
    type=click.Choice(["aten", "xnn", "rt"]),
    help="Stop at this level and write IR, with its weights in a file beside it.",
)
@click.option("--dump-dir", type=FILE, help="Write the IR after each pass to this folder.")
@click.option("--report", is_flag=True, help="Print what was delegated, and why the rest was not.")
@click.option("--time-passes", is_flag=True, help="Print the seconds of each pass and step.")
@click.option(
    "--verify-numerics",
    is_flag=True,
    help="Run the model on random inputs before and after each pass; fail at the first that changes its results.",
)
@click.pass_obj
def compile(
    debug: bool,
    model: Path,
    output: Path | None,
    partitioner: XnnpackPartitioner,
    compile_to: Level | None,
    dump_dir: Path | None,
    report: bool,
    time_passes: bool,
    verify_numerics: bool,
) -> None:
    """
    Lower MODEL to a .pte file.

    MODEL is a .pt2 file, as torch.export.save writes it, or IR of any level in a .mlir file.
    """
    from xnnir.files import format_bytes
    from xnnir.tools._compilation import Compilation

    sources: dict[str, str] = {}

    def body() -> int:
        job = Compilation(model, partitioner, compile_to, dump_dir, sources, verify_numerics)
        path = output or model.with_suffix(".pte" if compile_to is None else f".{compile_to}.mlir")
        module = job.load()
        job.lower(module, (lambda module: job.report(module).print()) if report else None)
        size = job.save(module, path)
        if time_passes:
            print(job.timing.table(), file=sys.stderr)
        print(f"{path}: {format_bytes(size)}", file=sys.stderr)
        return 0

    _run(body, debug, sources)


@cli.command()
@click.argument("model", type=FILE)
@partitioner_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.pass_obj
def explain(debug: bool, model: Path, partitioner: XnnpackPartitioner, as_json: bool) -> None:
    """
    Show which ops of MODEL XNNPACK takes, and for each of the others its place in the model and the reason.

    MODEL is a .pt2 file, as torch.export.save writes it, IR in a .mlir file, or a .pte file, which gives no reasons. An
    op that no kernel runs either is no error here.
    """
    from xnnir.report import report_console
    from xnnir.tools._compilation import Compilation

    sources: dict[str, str] = {}

    def body() -> int:
        report = Compilation(model, partitioner, "xnn", None, sources).explain()
        if as_json:
            print(report.to_json())
        else:
            report.print(report_console(sys.stdout))
        return 0

    _run(body, debug, sources)


@cli.command()
@click.argument("program", type=FILE)
@click.option("--nodes", is_flag=True, help="List each node of each delegate, with its place in the model.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.pass_obj
def inspect(debug: bool, program: Path, nodes: bool, as_json: bool) -> None:
    """Show the methods, delegates and segments of PROGRAM, a .pte file that anyone wrote."""
    from rich.console import Console

    from xnnir.tools._inspection import inspect_program, print_program

    def body() -> int:
        data = program.read_bytes()
        try:
            info = inspect_program(memoryview(data))
        except XnnirError as error:
            raise XnnirError(f"{program}: {error}") from error
        if as_json:
            print(json.dumps(asdict(info), indent=2))
        else:
            print_program(info, Console(markup=False, emoji=False), with_nodes=nodes)
        return 0

    _run(body, debug)


@cli.command()
@click.argument("programs", type=FILE, nargs=-1, required=True)
@click.option("-o", "--output", type=FILE, help="A header for CMake's XNNIR_SELECT_FROM, instead of a list.")
@click.pass_obj
def select(debug: bool, programs: tuple[Path, ...], output: Path | None) -> None:
    """
    Name the kernels and nodes of XNNPACK that PROGRAMS use.

    A runtime that is built with these alone is smaller; `cmake -DXNNIR_SELECT_FROM=model.pte` does both.
    """

    def body() -> int:
        from xnnir.emit.used_parts import UsedParts, selection_header, used_parts
        from xnnir.files import replacing

        found: list[UsedParts] = []
        for program in programs:
            try:
                found.append(used_parts(program.read_bytes()))
            except XnnirError as error:
                raise XnnirError(f"{program}: {error}") from error
        parts = UsedParts.union(found)
        if output is None:
            for title, names in asdict(parts).items():
                click.echo(f"{title}: {', '.join(names) or 'none'}")
            return 0
        with replacing(output) as file:
            file.write(selection_header(parts, [program.name for program in programs]).encode())
        return 0

    _run(body, debug)


@cli.command()
@click.argument("program", type=FILE)
@click.option("--method", default="forward", show_default=True, help="Which method to run.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE.npy",
    help="An input, once for each in order; a number where the method takes one. Random without.",
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    type=FILE,
    metavar="FILE.npy",
    help="Where to write an output, once for each in order.",
)
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="How often to run.")
@click.option(
    "--threads", type=click.IntRange(1, 1024), help="Threads to run with; by default one for each core."
)
@click.option("--seed", default=0, show_default=True, help="Of random inputs.")
@click.option("--profile", is_flag=True, help="Print where the time goes, op by op.")
@click.pass_obj
def run(
    debug: bool,
    program: Path,
    method: str,
    inputs: tuple[str, ...],
    outputs: tuple[Path, ...],
    repeat: int,
    threads: int | None,
    seed: int,
    profile: bool,
) -> None:
    """Run a method of PROGRAM, a .pte file, with this project's runtime."""
    from rich.console import Console

    from xnnir.tools import _running

    def body() -> int:
        loaded, load_ms = _running.load_method(program, method, threads, profile)
        result = _running.run_method(loaded, _running.read_inputs(loaded, inputs, seed), repeat, load_ms)
        if outputs:
            _running.write_outputs(result.outputs, outputs)
        _running.print_run(result, loaded, Console(markup=False, emoji=False), profile)
        return 0

    _run(body, debug)


def _run(body: Callable[[], int], debug: bool, sources: Mapping[str, str] | None = None) -> None:
    code = run_tool(body, debug=debug, sources=sources)
    if code:
        raise SystemExit(code)


def main() -> None:
    """Run the tool."""
    cli(prog_name="xnnir")


if __name__ == "__main__":
    main()
