"""
Between IR and bytes: `.pte` files, whoever wrote them, to `rt` and `xnn` IR, and back.

xnn-translate --pte-to-mlir model.pte -o model.mlir --weights=model.weights
xnn-translate --mlir-to-pte model.mlir -o model.pte
"""

from __future__ import annotations

import io
import mmap
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from xnnir.files import replacing

INLINE = "inline"
ELIDE = "elide"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--pte-to-mlir", "direction", flag_value="pte-to-mlir", help="Read a .pte file, print IR.")
@click.option("--mlir-to-pte", "direction", flag_value="mlir-to-pte", help="Read IR, write a .pte file.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "output", type=click.Path(path_type=Path), help="Where to write; - or nothing is stdout.")
@click.option(
    "--weights",
    default=ELIDE,
    metavar="elide|inline|FILE",
    show_default=True,
    help="Weights of printed IR: left out, in the text, or in FILE, to which the text refers.",
)
@click.option(
    "--data", "data", multiple=True, type=click.Path(path_type=Path), help="A .ptd file that SOURCE needs."
)
@click.option("--print-debuginfo", is_flag=True, help="Print the source location of each op.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(
    direction: str | None,
    source: Path,
    output: Path | None,
    weights: str,
    data: tuple[Path, ...],
    print_debuginfo: bool,
    debug: bool,
) -> None:
    """
    Translate SOURCE between a .pte file and IR (- is stdin).

    What this build has no op for (delegates of other backends, unknown nodes) stays bytes in the IR, and a
    warning says so.
    """
    from xnnir.tools._diagnostics import run_tool

    if direction is None:
        raise click.UsageError("expected --pte-to-mlir or --mlir-to-pte")
    if output == Path("-"):
        output = None
    sources: dict[str, str] = {}

    def body() -> int:
        if direction == "pte-to-mlir":
            _pte_to_mlir(source, output, weights, data, print_debuginfo)
        else:
            _mlir_to_pte(source, output, sources)
        return 0

    sys.exit(run_tool(body, debug=debug, sources=sources))


def _pte_to_mlir(
    source: Path, output: Path | None, weights: str, data: tuple[Path, ...], print_debuginfo: bool
) -> None:
    from xdsl.dialects.builtin import StringAttr

    from xnnir.context import make_context
    from xnnir.dialects.weights import WeightAttr, get_weight_store
    from xnnir.emit import read_flat_tensor, read_program
    from xnnir.errors import XnnirError
    from xnnir.tools._printing import ElidingPrinter
    from xnnir.verification import verify_module

    context = make_context()

    def warn(message: str) -> None:
        print(f"warning: {source}: {message}", file=sys.stderr)

    external = {
        key: entry.data for path in data for key, entry in read_flat_tensor(_read_bytes(path)).items()
    }
    module = read_program(_read_bytes(source), context, warn, external)
    try:
        verify_module(module)
    except XnnirError as error:
        warn(f"the program contradicts itself: {error}")
    stream = io.StringIO()
    printer = ElidingPrinter(stream=stream, print_debuginfo=print_debuginfo)
    printer.print_op(module)
    if weights not in (ELIDE, INLINE):
        named = [WeightAttr(StringAttr(handle)) for handle in sorted(printer.weight_handles())]
        get_weight_store(context).save(Path(weights).absolute(), named)
    if weights != ELIDE:
        printer.print_metadata(context.loaded_dialects)
    with _writing(output) as file:
        file.write(f"{stream.getvalue()}\n".encode())


def _mlir_to_pte(source: Path, output: Path | None, sources: dict[str, str]) -> None:
    from xnnir.context import make_context
    from xnnir.emit import write_program
    from xnnir.tools._parsing import forget_text_locations, parse_text
    from xnnir.verification import verify_module

    if output is None and sys.stdout.isatty():
        raise click.UsageError("expected -o FILE: a .pte file is no text for a terminal")
    context = make_context()
    name = str(source)
    sources[name] = text = _read_bytes(source)[:].tobytes().decode()
    module = parse_text(context, text, name)
    verify_module(module)
    # The places are for errors, and not for the file.
    forget_text_locations(module, name)
    program = write_program(module, context)
    with _writing(output) as file:
        program.write_to_file(file)


def _read_bytes(source: Path) -> memoryview:
    if source == Path("-"):
        return memoryview(sys.stdin.buffer.read())
    with source.open("rb") as file:
        if file.seek(0, io.SEEK_END) == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


@contextmanager
def _writing(output: Path | None) -> Generator[IO[bytes]]:
    """Open `output` for writing; an interrupted write leaves what was there before."""
    if output is None:
        yield sys.stdout.buffer
        return
    with replacing(output) as file:
        yield file


if __name__ == "__main__":
    main()
