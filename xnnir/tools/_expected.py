"""
`--verify-diagnostics`: the errors that a test expects are written beside the lines that cause them.

    // expected-error@+1 {{expected a result of shape [1, 8], got [1, 9]}}
    %y = xnn.softmax %x : (tensor<1x8xf32>) -> tensor<1x9xf32>

The text in braces is part of the message. The line is given as an offset (`@+1`, `@-2`), as `@above` or
`@below`, or as `@unknown` for an error without a place; otherwise it is that of the comment. The tool stops
at its first error, so each section of a file (`--split-input-file`) can expect one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xnnir.tools._diagnostics import Diagnostic

_COMMENT = re.compile(
    r"//\s*expected-error(?:@(?P<line>[+-]\d+|above|below|unknown))?\s*\{\{(?P<text>.*?)\}\}"
)


@dataclass(frozen=True)
class Expected:
    """An error that a comment announces."""

    text: str
    line: int
    """0 for an error without a place."""
    comment_line: int


def expected_errors(source: str) -> list[Expected]:
    """The errors that the comments in `source` announce."""
    found: list[Expected] = []
    for number, line in enumerate(source.split("\n"), start=1):
        for match in _COMMENT.finditer(line):
            at = match["line"] or "+0"
            offset = {"above": -1, "below": 1, "unknown": -number}.get(at)
            found.append(Expected(match["text"], number + (int(at) if offset is None else offset), number))
    return found


def check(expected: list[Expected], got: Diagnostic | None, file: str) -> list[Diagnostic]:
    """What is wrong when `got`, the one error of a section, is held against what it should have been."""
    wrong: list[Diagnostic] = []
    met = False
    for item in expected:
        if got is not None and not met and item.text in got.message and item.line == got.line:
            met = True
            continue
        text = f'expected error "{item.text}" was not produced'
        wrong.append(Diagnostic(text, f"{file}:{item.comment_line}", file, item.comment_line))
    if got is not None and not met:
        wrong.append(
            Diagnostic(
                f"unexpected error: {got.message}", got.place, got.file, got.line, got.column, got.hint
            )
        )
    return wrong
