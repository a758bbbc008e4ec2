"""Whatever the text, xnn-opt answers with IR or with an error that has a place; never with an internal error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xnnir.context import make_context
from xnnir.tools._diagnostics import Diagnostic, diagnose
from xnnir.tools._parsing import parse_text
from xnnir.tools._printing import PrintOptions, module_text
from xnnir.verification import verify_module

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = [
    section
    for path in sorted((ROOT / "dialects").rglob("*.mlir")) + sorted((ROOT / "passes").glob("*.mlir"))
    for section in path.read_text().split("// -----")
    if len(section) < 4000
]
PIECES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "-1",
            "0",
            "9223372036854775808",
            "1e400",
            "nan",
            "?",
            "<",
            ">",
            "[",
            "]",
            "{",
            "}",
            "(",
            ")",
            '"',
            ",",
            ":",
        ]
        + [
            "tensor<",
            "x",
            "f32",
            "i64",
            "array<i64: ",
            "dense<",
            "%0",
            "@f",
            "#xnn.weight<w0>",
            "loc(",
            "loc(unknown)",
        ]
    ),
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A section of a test with a few places cut out or written over."""
    text = draw(st.sampled_from(SECTIONS))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(PIECES) + text[end:]
    return text


def _answer(text: str) -> Diagnostic | str:
    ctx = make_context()
    try:
        module = parse_text(ctx, text, "input.mlir")
        verify_module(module)
        return module_text(ctx, module, PrintOptions())
    except Exception as error:
        return diagnose(error)


@settings(max_examples=300)
@given(damaged())
def test_damaged_ir_is_refused_in_words(text: str) -> None:
    answer = _answer(text)
    if isinstance(answer, Diagnostic):
        assert answer.severity == "error", answer
        assert answer.line >= 1 and answer.file == "input.mlir"
        assert "\n" not in answer.message and answer.message


@settings(max_examples=100)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    answer = _answer(text)
    assert isinstance(answer, str) or answer.severity == "error"


@settings(max_examples=100)
@given(damaged())
def test_what_is_accepted_prints_as_what_reads_the_same(text: str) -> None:
    first = _answer(text)
    if isinstance(first, str):
        assert _answer(first) == first


@pytest.mark.parametrize(
    ("before", "opening", "middle", "closing", "after"),
    [
        ("", "builtin.module {\n", "", "}\n", ""),
        ("func.func private @f(", "tuple<", "i32", ">", ")"),
        ("#a = ", "[", "", "]", "\nbuiltin.module {}"),
        ("#a = ", "{a = ", "1", "}", "\nbuiltin.module {}"),
    ],
)
@pytest.mark.parametrize("depth", [10, 300, 100_000])
def test_deep_nesting_is_read_or_refused(
    before: str, opening: str, middle: str, closing: str, after: str, depth: int
) -> None:
    answer = _answer(before + opening * depth + middle + closing * depth + after)
    if depth == 10:
        assert isinstance(answer, str)
    elif isinstance(answer, Diagnostic):
        assert answer.message == "the input is nested too deeply"


@pytest.mark.parametrize("quoted", ['"' + "a" * 100_000, '"' + "ab\\" * 50, '"' + "\\22" * 1000])
def test_a_quote_that_is_not_closed_is_refused_at_once(quoted: str) -> None:
    answer = _answer(f"func.func @f() attributes {{a = {quoted}")
    assert isinstance(answer, Diagnostic) and answer.line == 1 and answer.severity == "error"


def test_a_constant_that_is_too_large_is_refused() -> None:
    answer = _answer("%0 = xnn.constant dense<1.0> : tensor<9223372036854775807xf32>")
    assert isinstance(answer, Diagnostic) and answer.line == 1 and answer.severity == "error"
