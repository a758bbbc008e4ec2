"""Arithmetic on numbers against Python's own, and the operators that make numbers of tensors."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import pytest
import torch
from executorch.runtime import Runtime as StockRuntime  # pyright: ignore[reportMissingTypeStubs]
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Region

from xnnir.dialects import rt
from xnnir.emit import write_program
from xnnir.runtime import Runtime, StatusError

from . import harness
from .harness import ResultKind, run_kernel

INT64 = range(-(2**63), 2**63)
ints = st.integers(-20, 20) | st.integers(INT64[0], INT64[-1])
# Exact as a double, so that comparing with a double is exact.
small_ints = st.integers(-(2**53), 2**53)
doubles = st.floats(-20, 20).map(lambda x: round(x * 4) / 4) | st.floats(width=64)

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": operator.floordiv,
    "truediv": operator.truediv,
    "mod": operator.mod,
    "eq": operator.eq,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "sym_max": max,
    "sym_min": min,
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": operator.neg,
    "sym_float": float,
    "sym_int": int,
    "ceil": math.ceil,
    "round": round,
    "trunc": math.trunc,
}


def check(name: str, function: Callable[..., Any], *args: Any) -> None:
    """The same number comes out, or both refuse: Python what has no result, the runtime also what needs more bits."""
    try:
        wanted = function(*args)
    except (ZeroDivisionError, OverflowError, ValueError):
        wanted = None
    if wanted is None or (type(wanted) is int and wanted not in INT64):
        with pytest.raises(StatusError, match=r"division by zero|64.bit"):
            run_kernel(f"executorch_prim::{name}", *args, out=[float])
        return
    kind: ResultKind = type(wanted)
    (got,) = run_kernel(f"executorch_prim::{name}", *args, out=[kind])
    assert type(got) is kind
    assert got == wanted or (math.isnan(got) and math.isnan(wanted))


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=50)
@given(st.tuples(ints, ints) | st.tuples(doubles, doubles) | st.tuples(small_ints, doubles))
def test_binary(name: str, operands: tuple[Any, Any]) -> None:
    a, b = operands
    if name == "truediv" and isinstance(a, int) and isinstance(b, int):
        # Quotients are those of doubles; Python divides large integers exactly.
        a, b = a % 2**53, b % 2**53
    check(f"{name}.Scalar", BINARY[name], a, b)
    if not isinstance(a, float) and not isinstance(b, int):
        check(f"{name}.Scalar", BINARY[name], b, a)


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=50)
@given(ints | doubles)
def test_unary(name: str, operand: Any) -> None:
    check(f"{name}.Scalar", UNARY[name], operand)


@given(ints, ints)
def test_int_overloads(a: int, b: int) -> None:
    check("floordiv.int", operator.floordiv, a, b)
    check("mod.int", operator.mod, a, b)


@given(st.booleans(), ints | doubles | st.booleans(), ints | doubles | st.booleans())
def test_conditions(condition: bool, then: Any, otherwise: Any) -> None:
    check("sym_not.Scalar", operator.not_, condition)
    check("sym_ite.Scalar", lambda c, t, f: t if c else f, condition, then, otherwise)
    check("sym_float.Scalar", float, condition)
    check("eq.Scalar", operator.eq, condition, not condition)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.data())
def test_sizes(sizes: list[int], data: st.DataObject) -> None:
    tensor = torch.zeros(sizes)
    dim = data.draw(st.integers(-len(sizes), len(sizes) - 1))
    assert run_kernel("aten::sym_size.int", tensor, dim, out=[int]) == [tensor.size(dim)]
    assert run_kernel("aten::sym_numel", tensor, out=[int]) == [tensor.numel()]
    with pytest.raises(StatusError, match="dim is"):
        run_kernel("aten::sym_size.int", tensor, len(sizes), out=[int])


@pytest.mark.parametrize(
    "dtype",
    [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
    + [torch.float16, torch.bfloat16, torch.float32, torch.float64],
)
@settings(max_examples=10)
@given(st.integers(-3, 127))
def test_local_scalar_dense(dtype: torch.dtype, number: int) -> None:
    tensor = torch.tensor(number).to(dtype)
    wanted = tensor.item()
    (got,) = run_kernel("aten::_local_scalar_dense", tensor, out=[type(wanted)])
    assert type(got) is type(wanted) and got == wanted


@given(st.lists(st.integers(0, 4), max_size=3), st.integers(1, 4), st.data())
def test_copy_index(sizes: list[int], count: int, data: st.DataObject) -> None:
    stacked = torch.arange(math.prod([count, *sizes])).reshape(count, *sizes)
    part = -torch.ones(sizes, dtype=torch.int64)
    index = data.draw(st.integers(0, count - 1))
    wanted = stacked.clone()
    wanted[index] = part
    assert run_copy_index(stacked, part, index).equal(wanted)
    with pytest.raises(StatusError, match=r"index is -1|static shape"):
        run_copy_index(stacked, part, data.draw(st.sampled_from([-1, count])))


def run_copy_index(stacked: torch.Tensor, part: torch.Tensor, index: int) -> torch.Tensor:
    """What et_copy_index makes of a copy of `stacked`; it returns nothing, so run_kernel cannot call it."""
    builder = harness._MethodBuilder()  # pyright: ignore[reportPrivateUsage]
    target = builder.result(harness.out_like(stacked))
    copied = [target, builder.input(stacked), builder.number(False, None), target]
    operands = [target, builder.input(part), builder.number(index, None)]
    builder.block.add_ops(
        [
            rt.InputsOp(builder.inputs),
            rt.KernelCallOp("aten::copy_", copied),
            rt.KernelCallOp("executorch_prim::et_copy_index.tensor", operands),
            rt.ReturnOp([target]),
        ]
    )
    method = rt.MethodOp("forward", Region([builder.block]), arenas=[builder.arena])
    program = write_program(ModuleOp([method]), harness._context()).buffer  # pyright: ignore[reportPrivateUsage]
    return (
        Runtime.get().load_program(program, num_threads=1).load_method("forward").execute(builder.tensors)[0]
    )


def test_every_primitive_of_executorch_is_there() -> None:
    stock = {name for name in StockRuntime.get().operator_registry.operator_names if "prim::" in name}
    stock |= {"aten::sym_size.int", "aten::sym_numel", "aten::_local_scalar_dense"}
    assert stock and stock <= Runtime.get().operator_registry.operator_names
