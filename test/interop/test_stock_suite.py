# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false
"""
The tests of stock's XNNPACK backend, as the `executorch` package carries them, over this compiler and this runtime.

Cases that are not to pass stand in `stock_suite.toml` with the reason. The list is strict: one that passes all the
same is a failure, and so is a name that is no case.
"""

from __future__ import annotations

import ast
import importlib.util
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("executorch")


def _stock_tests() -> Path:
    spec = importlib.util.find_spec("executorch.backends")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "xnnpack" / "test"


ROOT = _stock_tests()
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in (
        "ops/test_*.py",
        "models/*.py",
        "fragments/test_*.py",
        "recipes/test_*.py",
        "test_xnnpack_partitioner.py",
    )
    for path in ROOT.glob(pattern)
)
LIST: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "stock_suite.toml").read_text()
)


def _cases() -> Iterator[str]:
    """`ops/test_add.py::TestAdd::test_fp32_add`, read from the source: importing all of it takes long."""
    for file in FILES:
        for node in ast.parse((ROOT / file).read_text()).body:
            if isinstance(node, ast.ClassDef):
                for item in node.body:
                    if isinstance(item, ast.FunctionDef) and item.name.startswith("test_"):
                        yield f"{file}::{node.name}::{item.name}"


CASES = list(_cases())


def _load(case: str) -> tuple[Any, str]:
    """The class and the method of a case."""
    import stock_tester

    file, class_name, name = case.split("::")
    return getattr(stock_tester.load(ROOT / file), class_name), name


def _marks(case: str) -> Iterator[Any]:
    for group in LIST["refuses_more"] + LIST["cannot_run"]:
        if case in group["cases"]:
            yield pytest.mark.xfail(strict=True, reason=group["reason"])
    for group in LIST["needs"]:
        if case in group["cases"] and importlib.util.find_spec(group["module"]) is None:
            yield pytest.mark.xfail(raises=ModuleNotFoundError, strict=True, reason=group["reason"])
    yield from _takes_long(case)


def _takes_long(case: str) -> list[Any]:
    return [pytest.mark.exhaustive] if any(case in group["cases"] for group in LIST["takes_long"]) else []


def _parameter(case: str) -> Any:
    return pytest.param(case, marks=list(_marks(case)), id=case)


@pytest.mark.parametrize("case", map(_parameter, CASES))
def test_case(case: str) -> None:
    import stock_tester

    with stock_tester.unchanged_random_state():
        stock_tester.run(*_load(case))


@pytest.mark.parametrize(
    ("case", "atol"),
    [
        pytest.param(case, group.get("atol", 1e-3), id=case, marks=_takes_long(case))
        for group in LIST["refuses_more"]
        for case in group["cases"]
    ],
)
def test_what_stock_refuses_runs(case: str, atol: float) -> None:
    import stock_tester

    with stock_tester.unchanged_random_state():
        stock_tester.run_without_expectations(*_load(case), atol)


def test_list_names_cases() -> None:
    names = [case for section in LIST.values() for group in section for case in group["cases"]]
    assert len(CASES) >= 300
    expected = [group for section, groups in LIST.items() if section != "takes_long" for group in groups]
    names_of_expected = [case for group in expected for case in group["cases"]]
    assert len(names_of_expected) == len(set(names_of_expected))
    assert set(names) <= set(CASES)
