"""Clamps, selections and functions of three tensors give what eager PyTorch gives."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xnnir.runtime import StatusError

from .harness import Out, check_kernel, run_kernel
from .strategies import ALL, FLOATING, INTEGRAL, REAL, calls, tensors

SPECIALS = [0.0, -0.0, 1.0, -1.0, 2.5, -3.0, math.inf, -math.inf, math.nan]
SMALL = st.integers(-5, 5)

OPERATORS: dict[str, tuple[list[torch.dtype], dict[str, Any]]] = {
    "aten::clamp.out": (REAL, {"min": SMALL, "max": st.none() | SMALL | st.sampled_from([0.5, math.inf])}),
    "aten::clamp_min.out": (REAL, {"min": SMALL}),
    "aten::clamp_max.out": (FLOATING, {"max": SMALL | st.sampled_from([0.5, 2.5])}),
    "aten::hardtanh.out": (FLOATING, {"min_val": st.integers(-5, 0), "max_val": st.integers(0, 5)}),
    "aten::clamp.Tensor_out": (REAL, {}),
    "aten::clamp_min.Tensor_out": (REAL, {}),
    "aten::clamp_max.Tensor_out": (REAL, {}),
    "aten::nan_to_num.out": (REAL, {name: st.none() | st.just(1.5) for name in ("nan", "posinf", "neginf")}),
    "aten::where.self_out": (ALL, {}),
    "aten::masked_fill.Scalar_out": (ALL, {"value": st.integers(0, 5)}),
    "aten::masked_fill.Tensor_out": (
        ALL,
        {"value": tensors([torch.int64, torch.float32], [], low=0, high=5)},
    ),
    "aten::addcmul.out": (REAL, {"value": SMALL}),
    "aten::addcdiv.out": (FLOATING, {"value": SMALL | st.just(0.5)}),
    "aten::lerp.Scalar_out": (FLOATING, {"weight": st.sampled_from([0, 1, 0.25, 0.75, -1.5, 2.0])}),
    "aten::lerp.Tensor_out": (FLOATING, {}),
}


@pytest.mark.parametrize("operator", OPERATORS)
@settings(max_examples=30)
@given(data=st.data(), mixed=st.booleans(), slack=st.sampled_from([0, 0, 2]))
def test_three_operands(operator: str, data: st.DataObject, mixed: bool, slack: int) -> None:
    dtypes, own = OPERATORS[operator]
    args, kwargs = data.draw(calls(operator, dtypes=dtypes, mixed=mixed, specials=SPECIALS, **own))
    if "where" in operator:
        args[0] = args[0].bool()
    if "masked_fill" in operator:
        args[1] = args[1].bool()
    half = any(isinstance(arg, torch.Tensor) and arg.dtype in (torch.half, torch.bfloat16) for arg in args)
    tolerances: dict[str, Any] = {"rtol": 2e-2, "atol": 2e-2} if half else {"rtol": 5e-6, "atol": 2e-6}
    check_kernel(operator, *args, slack=slack, **tolerances, **kwargs)


def test_wide_integers_are_selected_as_they_are() -> None:
    """uint64 has no arithmetic, but every bit of it is copied."""
    a, b = torch.tensor([2**64 - 1, 5], dtype=torch.uint64), torch.tensor([3, 2**63], dtype=torch.uint64)
    assert check_kernel("aten::where.self_out", torch.tensor([True, False]), a, b)
    with pytest.raises(StatusError, match="no arithmetic on uint64"):
        run_kernel("aten::maximum.out", a, b, out=[Out(torch.uint64, [2])])


@pytest.mark.parametrize(
    ("operator", "args"),
    [
        ("aten::clamp.out", (torch.tensor([1.0, 5.0]), 2, None)),
        ("aten::clamp.Tensor_out", (torch.tensor([1.0, 5.0]), None, torch.tensor([2.0]))),
        ("aten::where.self_out", (torch.tensor([True, False]), torch.ones(2), torch.zeros(2, 2))),
        ("aten::masked_fill.Scalar_out", (torch.ones(2), torch.tensor([True, False]), -math.inf)),
        ("aten::hardtanh.out", (torch.tensor([1.0, 5.0]), 0.0, 6.0)),
    ],
)
def test_names_and_conventions_are_executorchs(operator: str, args: tuple[Any, ...]) -> None:
    assert check_kernel(operator, *args, stock=True)
    assert check_kernel(operator, *args)


@settings(max_examples=30)
@given(data=st.data())
def test_clamping_integers_by_floats_gives_floats(data: st.DataObject) -> None:
    args, _ = data.draw(calls("aten::clamp.out", dtypes=INTEGRAL, min=st.just(-1.5), max=st.just(2.5)))
    assert check_kernel("aten::clamp.out", *args)
