"""
Errors as the tools print them: one line with a place, and the line of text it is about.

error: test.mlir:3:8: xnn.softmax: expected a result of shape [1, 8], got [1, 9]
%y = xnn.softmax %x : (tensor<1x8xf32>) -> tensor<1x9xf32>
^
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr, CallSiteLoc, FileLineColLoc, FusedLoc, NameLoc
from xdsl.ir import Attribute
from xdsl.utils.exceptions import ArgSpecParseError, DiagnosticException, ParseError
from xdsl.utils.hints import isa

from xnnir.errors import InternalError, XnnirError, format_location
from xnnir.verification import one_line


@dataclass(frozen=True)
class Diagnostic:
    """An error in words."""

    message: str
    place: str = ""
    """As people read it; empty when unknown."""
    file: str = ""
    line: int = 0
    """From 1; 0 when unknown."""
    column: int = 0
    """From 1; 0 when unknown."""
    hint: str | None = None
    severity: str = "error"

    def render(self, sources: Mapping[str, str]) -> str:
        """The line to print; below it the line of `sources[file]` that it is about, where that is at hand."""
        parts = [self.severity, self.place, self.message] if self.place else [self.severity, self.message]
        text = ": ".join(parts) + (f"; {self.hint}" if self.hint else "")
        lines = sources.get(self.file, "").split("\n")
        if 0 < self.line <= len(lines) and (source := lines[self.line - 1]).strip() and len(source) < 400:
            indent = len(source) - len(source.lstrip())
            text += f"\n  {source.strip()}"
            if self.column > indent:
                text += f"\n  {' ' * (self.column - 1 - indent)}^"
        return text


def diagnose(error: BaseException) -> Diagnostic:
    """`error` in words. What is not known as an error of the user comes out as an internal one."""
    match error:
        case ParseError():
            place = error.span.get_location()
            return Diagnostic(one_line(error.msg), str(place), *place)
        case XnnirError():
            severity = "internal error" if isinstance(error, InternalError) else "error"
            file, line, column = _position(error.location)
            place = format_location(error.location)
            return Diagnostic(error.message, place, file, line, column, error.hint, severity)
        case ArgSpecParseError():
            # The text is a heading, the place, the pipeline, a caret and the message, one to a line.
            _, place, pipeline, caret, message = (str(error).splitlines() + [""] * 5)[:5]
            at = place.rpartition(":")[2]
            return Diagnostic(f"pipeline, column {at}: {one_line(message)}\n  {pipeline}\n  {caret}")
        case RecursionError():
            return Diagnostic("the input is nested too deeply")
        case MemoryError():
            return Diagnostic("there is not enough memory" + (f": {error}".lower() if str(error) else ""))
        case UnicodeDecodeError():
            return Diagnostic(
                f"expected text, got byte 0x{error.object[error.start]:02x} at offset {error.start}"
            )
        case OSError() if error.strerror is not None:
            # Writing to a full disk by way of stdout names no file.
            name = "" if error.filename is None else f"{error.filename}: "
            return Diagnostic(name + error.strerror.lower())
        case DiagnosticException():
            return Diagnostic(one_line(str(error)))
        case _:
            hint = "this is a fault of the tool; --debug shows where it happened"
            text = f"{type(error).__name__}: {one_line(str(error))}" if str(error) else type(error).__name__
            return Diagnostic(text, hint=hint, severity="internal error")


def run_tool(body: Callable[[], int], *, debug: bool, sources: Mapping[str, str] | None = None) -> int:
    """
    Run `body` and return its exit code; print an error as one line and return 1. With `debug` the
    traceback comes first.

    `sources` has the texts, by file name, from which the line in question is quoted; `body` may add to it.
    """
    try:
        return body()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of stdout has gone, as `head` does. Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, ArgSpecParseError) as error:
        if debug:
            traceback.print_exc()
        print(diagnose(error).render(sources or {}), file=sys.stderr)
        return 1


def _position(location: Attribute | None) -> tuple[str, int, int]:
    """File, line and column of a location; ("", 0, 0) when it has none."""
    match location:
        case FileLineColLoc():
            return location.filename.data, location.line.data, location.column.data
        case NameLoc():
            return _position(location.location)
        case CallSiteLoc():
            return _position(location.callee)
        case FusedLoc() if isa(location.locations, ArrayAttr[Attribute]):
            return next((place for part in location.locations if (place := _position(part))[1]), ("", 0, 0))
        case _:
            return "", 0, 0
