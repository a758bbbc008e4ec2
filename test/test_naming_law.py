"""
One name in four places: `passes/xnn_fold_padding.py`, the pass `xnn-fold-padding`, the class
`XnnFoldPaddingPass`, the test `test/passes/xnn_fold_padding.mlir`. A new pass or dialect that lacks one of
them fails here, and the message says which.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest
from xdsl.passes import ModulePass

from xnnir.context import make_context
from xnnir.dialects import get_all_dialects
from xnnir.passes import get_all_passes, pass_class_name
from xnnir.tools._pass_info import pass_options, pass_summary

ROOT = Path(__file__).resolve().parent.parent
STEMS = sorted(path.stem for path in (ROOT / "passes").glob("[!_]*.py"))
DIALECTS = sorted(
    path.stem
    for path in (ROOT / "dialects").iterdir()
    if path.name[0] not in "_." and (path / "__init__.py").exists()
)


def test_there_are_passes_and_dialects() -> None:
    assert len(STEMS) > 10
    assert DIALECTS == ["aten", "qdq", "rt", "xnn"]


@pytest.mark.parametrize("stem", STEMS)
def test_file_holds_one_pass_under_its_name(stem: str) -> None:
    tree = ast.parse((ROOT / "passes" / f"{stem}.py").read_text())
    classes = [
        node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith("Pass")
    ]
    assert classes == [pass_class_name(stem)]


@pytest.mark.parametrize("stem", STEMS)
def test_pass_is_registered_under_its_name(stem: str) -> None:
    name = stem.replace("_", "-")
    pass_class = get_all_passes()[name]()
    assert issubclass(pass_class, ModulePass)
    assert pass_class.name == name
    assert pass_class.__name__ == pass_class_name(stem)


@pytest.mark.parametrize("stem", STEMS)
def test_pass_has_a_lit_test_that_runs_it(stem: str) -> None:
    path = ROOT / "test" / "passes" / f"{stem}.mlir"
    assert path.exists(), f"{path.relative_to(ROOT)} is missing"
    text = path.read_text()
    runs = [line for line in text.splitlines() if line.startswith("// RUN:")]
    assert any(re.search(rf"\bxnn-opt\b.*\b{stem.replace('_', '-')}\b", line) for line in runs)
    assert "CHECK" in text or "expected-error" in text


@pytest.mark.parametrize("stem", STEMS)
def test_pass_is_documented(stem: str) -> None:
    pass_class = get_all_passes()[stem.replace("_", "-")]()
    summary = pass_summary(pass_class)
    assert summary.endswith("."), "the class needs a docstring with a summary for xnn-opt --list-passes"
    for option in pass_options(pass_class):
        assert option.doc, f"the option {option.name} needs a docstring below its field"
    module_doc = ast.get_docstring(ast.parse((ROOT / "passes" / f"{stem}.py").read_text()), clean=False) or ""
    shown = [line for line in module_doc.splitlines() if line.startswith("    ") and "%" in line]
    assert shown, "the docstring of the file needs IR, indented by four, before and after the pass"


@pytest.mark.parametrize("stem", STEMS)
def test_pass_can_be_written_in_a_pipeline(stem: str) -> None:
    pass_class = get_all_passes()[stem.replace("_", "-")]()
    assert dataclasses.is_dataclass(pass_class)
    assert not pass_class.required_fields(), "every option has a default"
    again = pass_class.from_spec(pass_class().spec(include_default=True))
    assert again == pass_class()


def test_every_lit_test_of_a_pass_has_its_pass() -> None:
    assert sorted(path.stem for path in (ROOT / "test" / "passes").glob("*.mlir")) == STEMS


def test_dialects_are_those_in_the_folder() -> None:
    assert sorted(get_all_dialects()) == DIALECTS


@pytest.mark.parametrize("name", DIALECTS)
def test_dialect_has_tests_for_printing_and_for_errors(name: str) -> None:
    folder = ROOT / "test" / "dialects" / name
    tests = {path: path.read_text() for path in folder.glob("*.mlir")}
    assert any("CHECK" in text for text in tests.values()), f"{folder.relative_to(ROOT)} needs a round trip"
    assert any("expected-error" in text for text in tests.values()), (
        f"{folder.relative_to(ROOT)} needs errors"
    )


@pytest.mark.parametrize("name", DIALECTS)
def test_dialect_has_its_name_and_documented_ops(name: str) -> None:
    dialect = make_context().get_dialect(name)
    assert dialect.name == name
    for op in dialect.operations:
        assert op.name.startswith(f"{name}.")
        # A class without a docstring of its own would show that of its base.
        assert op.__dict__.get("__doc__"), f"{op.__name__} has no docstring"


def test_a_context_has_a_weight_store_of_its_own() -> None:
    from xnnir.dialects.weights import get_weight_store

    first, second = make_context(), make_context()
    weight = get_weight_store(first).add(b"four")
    assert weight in get_weight_store(first)
    assert weight not in get_weight_store(second)
