"""
Errors that a user can act on.

Everything in xnnir that refuses something raises `XnnirError` or a subclass. The tools print it as one line,
with the place it is about and what to do next:

    error: model.py:12 "features.3.conv.0": aten.conv3d has no lowering; expected a 1-d or 2-d convolution
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from xdsl.utils.exceptions import DiagnosticException

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ArrayAttr, LocationAttr
    from xdsl.ir import Attribute, Operation


class XnnirError(DiagnosticException):
    """
    A refusal with a reason, and where known a place and a way on.

    `message` says what was expected and what came instead, in lower case and without a full stop. `location`
    is that of the op at fault; `hint` says what to do next.
    """

    def __init__(self, message: str, location: LocationAttr | None = None, hint: str | None = None):
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint

    def __str__(self) -> str:
        place = format_location(self.location)
        text = f"{place}: {self.message}" if place else self.message
        return text if self.hint is None else f"{text}; {self.hint}"


class OpError(XnnirError):
    """An error about one op: its message begins with the name of the op."""

    def __init__(self, op: Operation, message: str, hint: str | None = None):
        super().__init__(f"{op.name}: {message}", op.location, hint)
        self.op = op


class InternalError(XnnirError):
    """Something that is a fault of xnnir and not of its user; the tools ask for a report."""


def format_location(location: Attribute | None) -> str:
    """
    A location as people read it: `file.mlir:12:5`, or `model.py:12 "features.3.conv.0"` where a module
    path is known.

    Of a fused location the first known part is shown, of a call site the callee. Empty for an unknown
    location.
    """
    if location is None:
        return ""

    from xdsl.dialects.builtin import CallSiteLoc, FileLineColLoc, FusedLoc, NameLoc

    match location:
        case FileLineColLoc():
            column = location.column.data
            place = f"{location.filename.data}:{location.line.data}"
            return f"{place}:{column}" if column else place
        case NameLoc():
            return f'{format_location(location.location)} "{location.desc.data}"'.lstrip()
        case CallSiteLoc():
            return format_location(location.callee) or format_location(location.caller)
        case FusedLoc():
            parts = cast("ArrayAttr[Attribute]", location.locations)
            return next((text for part in parts if (text := format_location(part))), "")
        case _:
            return ""
