# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false
"""The tests of stock's quantizer, as the `executorch` package carries them, with this quantizer in its place."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import xnnir.quantizer

pytest.importorskip("executorch")

PACKAGE = "executorch.backends.xnnpack.test.quantizer"
MODULES = ("test_xnnpack_quantizer", "test_representation", "test_pt2e_quantization")

# Codes of 0 to 15 around zero lose every negative weight, and the lowering takes none of them.
REFUSED = "test_xnnpack_quantizer::TestXNNPACKQuantizer::test_dynamic_linear_int4_weight"
NEEDS_TORCHVISION = "test_xnnpack_quantizer::TestXNNPACKQuantizerModels::test_resnet18"
# The others run for minutes.
QUICK = (
    "test_set_module_name",
    "test_cat_same_node",
    "test_add_mul_scalar",
    "test_set_filter_fn",
    "test_add_mul_long",
)


def _folder() -> Path:
    spec = importlib.util.find_spec("executorch.backends")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "xnnpack" / "test" / "quantizer"


def _cases() -> Iterator[Any]:
    for module in MODULES:
        for node in ast.parse((_folder() / f"{module}.py").read_text()).body:
            for item in node.body if isinstance(node, ast.ClassDef) else []:
                if not isinstance(item, ast.FunctionDef) or not item.name.startswith("test_"):
                    continue
                assert isinstance(node, ast.ClassDef)
                case = f"{module}::{node.name}::{item.name}"
                if case != NEEDS_TORCHVISION:
                    marks: list[Any] = [] if item.name in QUICK else [pytest.mark.exhaustive]
                    if case == REFUSED:
                        marks.append(pytest.mark.xfail(raises=ValueError, strict=True))
                    yield pytest.param(case, id=case, marks=marks)


CASES = list(_cases())


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module_name, class_name, name = case.split("::")
    module = importlib.import_module(f"{PACKAGE}.{module_name}")
    for replaced in ("XNNPACKQuantizer", "get_symmetric_quantization_config"):
        if hasattr(module, replaced):
            monkeypatch.setattr(module, replaced, getattr(xnnir.quantizer, replaced))
    getattr(module, class_name)(name).debug()


def test_there_are_cases() -> None:
    assert len(CASES) >= 50
