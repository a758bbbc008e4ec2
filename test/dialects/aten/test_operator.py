"""Calls as passes make and read them."""

from __future__ import annotations

import io
import math
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects import test
from xdsl.dialects.builtin import Float32Type, ModuleOp, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.parser import Parser
from xdsl.printer import Printer

from xnnir.context import make_context
from xnnir.dialects.aten import Arguments, AtenOp, CallOperatorOp, Device, Dtype, MemoryFormat, op_class

TENSOR = TensorType(Float32Type(), [4])


def values(*types: Any) -> tuple[SSAValue, ...]:
    return tuple(test.TestOp(result_types=types).results)


def test_arguments_are_read_by_name() -> None:
    x, w, s = values(TENSOR, TENSOR, i64)
    op = AtenOp.create_call("conv2d", {"input": x, "weight": w, "stride": 2, "padding": [s, 1]}, [TENSOR])
    assert op.name == "aten.conv2d" and op.target == "aten.conv2d.default"
    assert tuple(op.operands) == (x, w, s)
    assert op.args() == {
        "input": x,
        "weight": w,
        "bias": None,
        "stride": (2, 2),
        "padding": (s, 1),
        "dilation": (1, 1),
        "groups": 1,
    }
    assert op.arg("padding") == (s, 1) and op.arg("weight") is w
    with pytest.raises(KeyError, match="kernel"):
        op.arg("kernel")


def test_a_call_can_be_changed() -> None:
    x, w, b = values(TENSOR, TENSOR, TENSOR)
    op = AtenOp.create_call("conv2d", {"input": x, "weight": w}, [TENSOR])
    changed = op.with_args(bias=b, groups=4)
    assert tuple(changed.operands) == (x, w, b)
    assert changed.arg("groups") == 4 and op.arg("groups") == 1
    assert changed.result_types == (TENSOR,)
    with pytest.raises(TypeError, match=r"aten\.conv2d has no argument kernel"):
        op.with_args(kernel=1)


def test_a_call_needs_its_arguments() -> None:
    with pytest.raises(TypeError, match=r"aten\.relu: expected a value for the argument self"):
        AtenOp.create_call("relu", {}, [TENSOR])
    with pytest.raises(KeyError, match="no operator rulu"):
        AtenOp.create_call("rulu", {}, [TENSOR])


def test_other_operators_have_arguments_by_name_too() -> None:
    (x,) = values(TENSOR)
    op = CallOperatorOp.call_operator("mine::scale.by", {"factor": 2.0, "input": x}, [TENSOR])
    assert op.target == "mine.scale.by"
    assert op.arg("input") is x and op.arg("factor") == 2.0
    assert CallOperatorOp.call_operator("mine::op", {}, []).target == "mine.op.default"
    op.verify()


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(),
    st.sampled_from(["float32", "int64", "bool"]).map(Dtype),
    st.sampled_from(["channels_last", "preserve_format"]).map(MemoryFormat),
    st.sampled_from(["cpu", "cuda:0"]).map(Device),
)
arguments = st.lists(st.recursive(scalars, lambda inner: st.lists(inner).map(tuple), max_leaves=5))


def same(a: Any, b: Any) -> bool:
    """Equal in type, value, and sign of zero."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        first, second = cast(tuple[Any, ...], a), cast(tuple[Any, ...], b)
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(a, str):
        return (type(a), a) == (type(b), b)
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    return type(a) is type(b) and a == b and (a != 0 or str(a) == str(b))


@given(arguments)
def test_any_value_survives_printing(items: list[Any]) -> None:
    """Values come back with their type and their last bit, in both forms of the text."""
    ctx = make_context()
    op = CallOperatorOp.call_operator("mine::op", {f"a{i}": item for i, item in enumerate(items)}, [])
    for is_generic in (False, True):
        stream = io.StringIO()
        Printer(stream, print_generic_format=is_generic).print_op(ModuleOp([op.clone()]))
        again = next(iter(Parser(ctx, stream.getvalue()).parse_module().ops))
        assert isinstance(again, CallOperatorOp)
        assert same(tuple(items), tuple(again.args().values()))


@given(arguments, arguments)
def test_arguments_are_equal_when_python_prints_them_so(a: list[Any], b: list[Any]) -> None:
    first, second = Arguments(tuple(a)), Arguments(tuple(b))
    assert (first == second) == same(tuple(a), tuple(b))
    assert first != second or hash(first) == hash(second)


def test_numbers_of_different_kinds_differ() -> None:
    kinds = [Arguments((value,)) for value in (1, 1.0, True, "1", Dtype("1"), (1,), -0.0, 0.0)]
    assert len(set(kinds)) == len(kinds)


def test_overloads_are_found_by_either_name() -> None:
    assert op_class("relu") is op_class("aten.relu") is op_class("aten.relu.default")
    assert op_class("add.Tensor").name == "aten.add.Tensor"
