"""
Programs that verify, and that no model would give: numbers in the IR of the passes' tests are changed. The pipeline
lowers them, or says what is wrong with them; it never fails in another way.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

from xnnir import pipelines
from xnnir.context import make_context
from xnnir.emit import write_program
from xnnir.errors import InternalError, XnnirError
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
from xnnir.runtime import Runtime
from xnnir.tools._diagnostics import diagnose
from xnnir.tools._parsing import parse_text
from xnnir.verification import verify_module

_NUMBER = re.compile(r"(?<![\w.%#@])-?\d+(?![\w.])|(?<=[<x])\d+(?=x)")
_SECTIONS = [
    section
    for path in sorted(Path(__file__).parent.glob("*.mlir"))
    for text in path.read_text().split("// -----")
    if "func.func" in (section := re.sub(r"(?m)^\s*//.*\n", "", text)) and len(section) < 3000
]


@st.composite
def _programs(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(_SECTIONS))
    for _ in range(draw(st.integers(0, 2))):
        places = list(_NUMBER.finditer(text))
        if places:
            place = draw(st.sampled_from(places))
            new = draw(st.sampled_from(["0", "-1", "1", "2", "3", "5", "7", "17", "100", "-9", "2147483648"]))
            if draw(st.booleans()):  # the same size wherever it is
                text = re.sub(rf"(?<=[<x]){re.escape(place.group())}(?=x)", new, text)
            else:
                text = text[: place.start()] + new + text[place.end() :]
    return text.replace("f32", draw(st.sampled_from(["f32"] * 6 + ["f16", "bf16", "f64", "i64"])))


@given(_programs(), st.sampled_from(["executorch", "xnnir"]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_pipeline_lowers_or_refuses(text: str, target: pipelines.Target, per_op: bool) -> None:
    context = make_context()
    try:
        module = parse_text(context, text, "program.mlir")
        verify_module(module)
    except Exception as error:
        assert diagnose(error).severity == "error", error
        assume(False)
        return
    try:
        _lower(
            module,
            pipelines.default_pipeline([XnnpackPartitioner(per_op_mode=per_op, target=target)]),
            context,
        )
        assert write_program(module, context).buffer
    except XnnirError as error:
        assert not isinstance(error, InternalError)


def _lower(module: ModuleOp, passes: list[pipelines.ModulePass], context: pipelines.Context) -> None:
    for current in passes:
        current.apply(context, module)
        try:
            verify_module(module)
        except (XnnirError, VerifyException) as error:
            raise AssertionError(f"{current.name} made invalid IR: {error}") from error


_ORDER = (
    "func.func @f(%x: tensor<4x5xf32> {{xnn.dim_order = {}}}) -> tensor<4x5xf32> {{"
    " func.return %x : tensor<4x5xf32> }}"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_ORDER.format("array<i64: 0, 9>"), "permutation of dimensions"),
        (_ORDER.format("array<i64: 1, 1>"), "permutation of dimensions"),
        (_ORDER.format('"a"'), "permutation of dimensions"),
        (_ORDER.format("array<i64: 0>"), "to have 2 dimensions"),
        (
            "func.func @f(%x: tensor<4x5xf32>) -> tensor<4x5xf32> {"
            " %y = aten.softmax.int(%x, dim = 99) : (tensor<4x5xf32>) -> tensor<4x5xf32>"
            " func.return %y : tensor<4x5xf32> }",
            "expected dim to be between -2 and 1, got 99",
        ),
        ("func.func @f(%x: tensor<4xi17>) -> tensor<4xi17> { func.return %x : tensor<4xi17> }", "i17"),
        ("func.func @f(%x: index) -> index { func.return %x : index }", "got index for argument 0"),
        (
            "func.func @f(%x: tensor<99999999999999999999xf32>) -> tensor<99999999999999999999xf32> {"
            " func.return %x : tensor<99999999999999999999xf32> }",
            "bytes of memory",
        ),
    ],
)
def test_refusals(text: str, message: str) -> None:
    context = make_context()
    module = parse_text(context, text, "program.mlir")
    with pytest.raises(XnnirError, match=message) as raised:
        verify_module(module)
        pipelines.run(pipelines.default_pipeline(), context, module)
    assert not isinstance(raised.value, InternalError)


def test_a_constant_of_rank_0_is_written() -> None:
    context = make_context()
    module = parse_text(
        context,
        "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {"
        " %k = xnn.constant dense<3.0> : tensor<f32>"
        " %y = xnn.add %x, %k : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>"
        " func.return %y : tensor<4xf32> }",
        "program.mlir",
    )
    pipelines.run(pipelines.default_pipeline(), context, module)
    method = Runtime.get().load_program(write_program(module, context).buffer).load_method("f")
    np.testing.assert_array_equal(method.execute([np.ones(4, np.float32)])[0], np.full(4, 4.0))
