"""Schemas as the dialect reads them, against torch's own reading of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch

from xnnir.dialects.aten import Device, Dtype, MemoryFormat, SchemaError, op_class, op_classes, parse_schema
from xnnir.dialects.aten.operator import class_schema
from xnnir.frontend.generate_aten_schemas import aten_schemas

SCHEMAS = Path(__file__).parents[3] / "dialects" / "aten" / "schemas.txt"


def test_the_file_is_what_the_installed_torch_gives() -> None:
    assert SCHEMAS.read_text().splitlines() == aten_schemas()


def test_every_schema_reads_as_torch_reads_it() -> None:
    theirs = {
        (schema.name, schema.overload_name): schema
        for schema in torch._C._jit_get_all_schemas()  # pyright: ignore
    }
    for name, overload in op_classes().items():
        ours = class_schema(overload)
        schema: Any = theirs[ours.name, ours.overload]
        assert [argument.name for argument in ours.arguments] == [a.name for a in schema.arguments], name
        assert [argument.is_keyword_only for argument in ours.arguments] == [
            a.kwarg_only for a in schema.arguments
        ], name
        assert len(ours.returns) == len(schema.returns), name
        for argument, expected in zip(ours.arguments, schema.arguments, strict=True):
            assert argument.has_default == expected.has_default_value(), f"{name} {argument.name}"
            if argument.has_default:
                assert_same_default(argument.default, expected.default_value, f"{name} {argument.name}")


def assert_same_default(ours: Any, theirs: Any, where: str) -> None:
    if isinstance(ours, Dtype | MemoryFormat | Device):  # torch gives the numbers of enumerators
        assert isinstance(theirs, int), where
    elif isinstance(ours, tuple):
        items = list(cast(tuple[Any, ...], ours))
        assert items == (theirs if isinstance(theirs, list) else [theirs] * len(items)), where
    else:
        assert ours == theirs and type(ours) is type(theirs), where


def test_defaults_of_enumerations_have_names() -> None:
    assert class_schema(op_class("tril_indices")).arguments[3].default == "int64"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aten::f(Tensor x", "expected ',', got ''"),
        ("aten::f(Tensor) -> Tensor", "expected a name, got ')'"),
        ("aten::f(Tensor x) Tensor", "expected '->', got 'Tensor'"),
        ("aten::f(int x=y) -> Tensor", "expected a default value, got 'y'"),
        ("aten::f(Tensor x) -> Tensor y z", "expected the end, got 'z'"),
        ("aten::f($) -> Tensor", "unexpected '$'"),
    ],
)
def test_bad_schemas_are_refused(text: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message.replace("$", r"\$").replace(")", r"\)")):
        parse_schema(text)
