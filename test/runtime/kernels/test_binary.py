"""Arithmetic, comparisons, bits and functions of two operands give what eager PyTorch gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xnnir.runtime import StatusError

from .harness import Out, check_kernel, expected, run_kernel, schemas
from .strategies import ALL, FLOATING, INTEGRAL, REAL, calls, scalars

ARITHMETIC = ["add", "sub", "mul", "div", "true_divide", "maximum", "minimum", "fmax", "fmin"]
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
LOGICAL = ["logical_and", "logical_or", "logical_xor"]
BITWISE = ["bitwise_and", "bitwise_or", "bitwise_xor"]
SHIFTS = ["bitwise_left_shift", "bitwise_right_shift", "__lshift__", "__rshift__"]
MATH = ["atan2", "copysign", "hypot", "logaddexp"]

TENSOR_OVERLOADS = {
    **{f"aten::{name}.out": REAL for name in ARITHMETIC},
    **{f"aten::{name}.Tensor_out": ALL for name in COMPARISONS},
    **{f"aten::{name}.out": ALL for name in LOGICAL},
    **{f"aten::{name}.Tensor_out": [*INTEGRAL, torch.bool] for name in BITWISE},
    **{f"aten::{name}.Tensor_out": INTEGRAL for name in SHIFTS},
    **{f"aten::{name}.out": FLOATING for name in MATH},
    "aten::rsub.Tensor_out": REAL,
    "aten::heaviside.out": REAL,
    "aten::xlogy.OutTensor": REAL,
    "aten::pow.Tensor_Tensor_out": FLOATING,
    "aten::floor_divide.out": FLOATING,
    "aten::fmod.Tensor_out": FLOATING,
    "aten::remainder.Tensor_out": FLOATING,
}
NUMBER_OVERLOADS = {
    **{f"aten::{name}.Scalar_out": REAL for name in ("add", "sub", "rsub", "mul", "div", *COMPARISONS)},
    **{f"aten::{name}.Scalar_out": INTEGRAL for name in BITWISE},
    **{f"aten::{name}.Scalar_Tensor_out": INTEGRAL for name in BITWISE},
    "aten::bitwise_left_shift.Tensor_Scalar_out": INTEGRAL,
    "aten::bitwise_right_shift.Scalar_Tensor_out": INTEGRAL,
    "aten::copysign.Scalar_out": REAL,
    "aten::xlogy.OutScalar_Self": FLOATING,
    "aten::xlogy.OutScalar_Other": FLOATING,
    "aten::pow.Tensor_Scalar_out": REAL,
    "aten::pow.Scalar_out": FLOATING,
}
# Magnitudes at which the rounding of intermediate results in 16 bits, or of fmod, is not all that is left.
PLAIN = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -3.0, float("inf"), -float("inf"), float("nan"), 100.0]


def alpha_of(drawn: dict[str, Any]) -> st.SearchStrategy[Any]:
    """PyTorch takes only integers where the result is one."""
    floating = any(isinstance(value, torch.Tensor) and value.is_floating_point() for value in drawn.values())
    return st.just(1) | st.integers(-3, 3) | (st.sampled_from([0.5, -2.0]) if floating else st.just(2))


def tolerances(args: list[Any]) -> dict[str, Any]:
    """What separates two ways of rounding."""
    half = any(isinstance(arg, torch.Tensor) and arg.dtype in (torch.half, torch.bfloat16) for arg in args)
    if half:
        return {"rtol": 2e-2, "atol": 1e-2}
    return {"rtol": 5e-6, "atol": 1e-6}


@pytest.mark.parametrize("operator", TENSOR_OVERLOADS)
@settings(max_examples=20)
@given(data=st.data(), mixed=st.booleans(), slack=st.sampled_from([0, 0, 2]))
def test_two_tensors(operator: str, data: st.DataObject, mixed: bool, slack: int) -> None:
    args, kwargs = data.draw(
        calls(operator, dtypes=TENSOR_OVERLOADS[operator], mixed=mixed, specials=PLAIN, alpha=alpha_of)
    )
    check_kernel(operator, *args, slack=slack, **tolerances(args), **kwargs)


@pytest.mark.parametrize("operator", NUMBER_OVERLOADS)
@settings(max_examples=20)
@given(data=st.data())
def test_tensor_and_number(operator: str, data: st.DataObject) -> None:
    dtypes = NUMBER_OVERLOADS[operator]
    numbers = st.integers(-9, 9) if dtypes == INTEGRAL else scalars()
    if "pow" in operator:
        numbers = st.sampled_from([0, 1, 2, 3, 0.5, 2.0, -1.0, 2.5])
    kinds = {argument.name: str(argument.type) for argument in schemas()[operator].arguments}
    own: dict[str, Any] = {
        name: numbers for name, kind in kinds.items() if kind == "number" and name != "alpha"
    }
    args, kwargs = data.draw(calls(operator, dtypes=dtypes, specials=PLAIN, alpha=alpha_of, **own))
    check_kernel(operator, *args, **tolerances(args), **kwargs)


@pytest.mark.parametrize(
    "operator", ["aten::floor_divide.out", "aten::fmod.Tensor_out", "aten::remainder.Tensor_out"]
)
@settings(max_examples=20)
@given(data=st.data())
def test_integer_division(operator: str, data: st.DataObject) -> None:
    args, _ = data.draw(calls(operator, dtypes=INTEGRAL))
    divisor = args[1]
    divisor[divisor == 0] = 3
    assert check_kernel(operator, args[0], divisor)


@pytest.mark.parametrize("mode", [None, "floor", "trunc"])
@settings(max_examples=20)
@given(data=st.data())
def test_rounding_modes(mode: str | None, data: st.DataObject) -> None:
    args, _ = data.draw(calls("aten::div.out_mode", dtypes=REAL, specials=PLAIN, rounding_mode=st.just(mode)))
    check_kernel("aten::div.out_mode", *args, rounding_mode=mode, **tolerances(args))
    check_kernel("aten::div.Scalar_mode_out", args[0], 3, rounding_mode=mode, **tolerances(args))


@settings(max_examples=60)
@given(data=st.data(), out_dtype=st.sampled_from(ALL))
def test_results_are_cast_to_out(data: st.DataObject, out_dtype: torch.dtype) -> None:
    """Where PyTorch lets an out tensor be of another dtype, it has the result's numbers; elsewhere it is refused."""
    args, _ = data.draw(calls("aten::mul.out", mixed=True, specials=PLAIN))
    (result,) = expected("aten::mul.out", args, {})
    if torch.can_cast(result.dtype, out_dtype):
        check_kernel("aten::mul.out", *args, out_dtype=out_dtype, **tolerances([result.to(out_dtype)]))
    else:
        with pytest.raises(StatusError, match="cannot be cast"):
            run_kernel("aten::mul.out", *args, out=[Out(out_dtype, result.shape)])


@pytest.mark.parametrize(
    "operator", ["aten::add.out", "aten::mul.out", "aten::gt.Tensor_out", "aten::div.out"]
)
def test_many_elements_on_threads(operator: str) -> None:
    """Large tensors are computed in parts: by rows that repeat, transposed, of other dtypes."""
    a = torch.randn(3, 130, 257)
    for b in (
        torch.randn(257),
        torch.randn(130, 1),
        torch.randn(3, 130, 257),
        torch.randn(3, 130, 257).half(),
    ):
        assert check_kernel(operator, a, b, num_threads=2)
    image = torch.randn(2, 19, 33, 65)
    other = image.flip(1).contiguous(memory_format=torch.channels_last)
    assert check_kernel(operator, image, other, num_threads=2)


@pytest.mark.parametrize(
    ("operator", "args"),
    [
        ("aten::add.out", (torch.ones(2, 3), torch.ones(3))),
        ("aten::sub.Scalar_out", (torch.ones(2, 3), 2)),
        ("aten::mul.out", (torch.ones(2, 3, dtype=torch.int8), torch.full((3,), 2.5))),
        ("aten::remainder.Tensor_out", (torch.tensor([5, 7]), torch.tensor([3, 4]))),
        ("aten::bitwise_left_shift.Tensor_out", (torch.tensor([1, 2]), torch.tensor([3, 1]))),
        ("aten::pow.Tensor_Scalar_out", (torch.tensor([2.0, 3.0]), 3)),
        ("aten::ge.Scalar_out", (torch.tensor([2.0, 3.0]), 3)),
        ("aten::atan2.out", (torch.tensor([2.0, 3.0]), torch.tensor([1.0]))),
    ],
)
def test_names_and_conventions_are_executorchs(operator: str, args: tuple[Any, ...]) -> None:
    """The same call runs in ExecuTorch's runtime, with the same result."""
    assert check_kernel(operator, *args, stock=True)
    assert check_kernel(operator, *args)


def test_refusals_say_what_is_wrong() -> None:
    ones = torch.ones(2, 3)
    with pytest.raises(StatusError, match="do not broadcast: dimension 1 from the end is 3 in one and 4"):
        run_kernel("aten::add.out", ones, torch.ones(4), out=[Out(torch.float32, [2, 3])])
    with pytest.raises(StatusError, match="an integer is divided by 0"):
        run_kernel(
            "aten::floor_divide.out",
            torch.tensor([1]),
            torch.tensor([0]),
            out=[Out(torch.int64, [1])],
        )
    with pytest.raises(StatusError, match=r"cannot resize a tensor of static shape \[2, 4\] to \[2, 3\]"):
        run_kernel("aten::add.out", ones, ones, out=[Out(torch.float32, [2, 4])])
    with pytest.raises(StatusError, match="rounding_mode is 'up', expected floor, trunc or None"):
        run_kernel("aten::div.out_mode", ones, ones, rounding_mode="up", out=[Out(torch.float32, [2, 3])])
