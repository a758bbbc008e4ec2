"""Kernels that make tensors of sizes and numbers give what eager PyTorch gives."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xnnir.runtime import StatusError

from .harness import Out, assert_results, out_like, run_kernel
from .strategies import ALL, FLOATING, INTEGRAL, REAL, scalars, shapes, tensors

SLACK = st.sampled_from([0, 0, 2])


def check(operator: str, wanted: torch.Tensor, *args: Any, slack: int = 0, **tolerances: float) -> None:
    """The kernel gives `wanted` into an out of its dtype and shape."""
    assert_results(run_kernel(operator, *args, out=[out_like(wanted, slack=slack)]), [wanted], **tolerances)


@settings(max_examples=60)
@given(size=shapes(), dtype=st.sampled_from(ALL), value=scalars(int, bool), slack=SLACK)
def test_filled(size: list[int], dtype: torch.dtype, value: Any, slack: int) -> None:
    value = value if isinstance(value, bool) else value % 100
    check("aten::full.out", torch.full(size, value, dtype=dtype), size, value, slack=slack)
    check("aten::zeros.out", torch.zeros(size, dtype=dtype), size, slack=slack)
    check("aten::ones.out", torch.ones(size, dtype=dtype), size, slack=slack)
    check("aten::scalar_tensor.out", torch.tensor(value, dtype=dtype), value)


@settings(max_examples=60)
@given(self=tensors(), value=scalars(int), size=shapes(), slack=SLACK)
def test_filled_like(self: torch.Tensor, value: int, size: list[int], slack: int) -> None:
    value %= 100
    check("aten::full_like.out", torch.full_like(self, value), self, value, slack=slack)
    check("aten::zeros_like.out", torch.zeros_like(self), self, slack=slack)
    check("aten::ones_like.out", torch.ones_like(self), self, slack=slack)
    check("aten::new_full.out", self.new_full(size, value), self, size, value, slack=slack)
    check("aten::new_zeros.out", self.new_zeros(size), self, size, slack=slack)
    check("aten::new_ones.out", self.new_ones(size), self, size, slack=slack)
    for operator, args in (
        ("aten::empty.out", (size, None)),
        ("aten::empty_like.out", (self, None)),
        ("aten::new_empty.out", (self, size)),
        ("dim_order_ops::_empty_dim_order.out", (size, None)),
    ):
        wanted = self.shape if "like" in operator else torch.Size(size)
        (got,) = run_kernel(operator, *args, out=[Out(self.dtype, [n + slack for n in wanted], slack > 0)])
        assert got.shape == wanted


@settings(max_examples=60)
@given(
    start=st.integers(-20, 20) | st.sampled_from([0.5, -1.25]),
    length=st.integers(0, 30) | st.sampled_from([3.7, 0.3]),
    step=st.sampled_from([1, 2, 3, -1, -4, 0.5, -0.25]),
    dtype=st.sampled_from(FLOATING),
    slack=SLACK,
)
def test_arange(start: Any, length: Any, step: Any, dtype: torch.dtype, slack: int) -> None:
    end = start + length * (1 if step > 0 else -1)
    if all(isinstance(number, int) for number in (start, end, step)):
        dtype = torch.int64
    wanted = torch.arange(start, end, step, dtype=dtype)
    check("aten::arange.start_out", wanted, start, end, step, slack=slack)
    check("aten::arange.out", torch.arange(length, dtype=dtype), length, slack=slack)


@settings(max_examples=40)
@given(
    start=st.floats(-9, 9, width=16), end=st.floats(-9, 9, width=16), steps=st.integers(0, 40), slack=SLACK
)
def test_linspace(start: float, end: float, steps: int, slack: int) -> None:
    for dtype in FLOATING:
        wanted = torch.linspace(start, end, steps, dtype=torch.float64).to(dtype)
        tolerance = torch.finfo(dtype).eps * 20
        args = (start, end, steps)
        check("aten::linspace.out", wanted, *args, slack=slack, rtol=tolerance, atol=tolerance)


@settings(max_examples=40)
@given(
    rows=st.integers(0, 6),
    columns=st.integers(0, 6),
    offset=st.integers(-8, 8),
    dtype=st.sampled_from(REAL),
    slack=SLACK,
)
def test_matrices(rows: int, columns: int, offset: int, dtype: torch.dtype, slack: int) -> None:
    check("aten::eye.out", torch.eye(rows, dtype=dtype), rows, slack=slack)
    check("aten::eye.m_out", torch.eye(rows, columns, dtype=dtype), rows, columns, slack=slack)
    for name, function in (("tril", torch.tril_indices), ("triu", torch.triu_indices)):
        wanted = function(rows, columns, offset)
        check(f"aten::{name}_indices.out", wanted, rows, columns, offset)


@pytest.mark.parametrize("dtype", FLOATING)
def test_random_numbers_are_distributed_as_they_should(dtype: torch.dtype) -> None:
    size = [200, 100]
    (uniform,) = run_kernel("aten::rand.out", size, out=[Out(dtype, size)])
    assert uniform.min() >= 0 and uniform.max() < 1
    assert float(uniform.double().mean()) == pytest.approx(0.5, abs=0.02)
    assert float(uniform.double().std()) == pytest.approx(1 / math.sqrt(12), abs=0.02)
    (normal,) = run_kernel("aten::randn.out", size, out=[Out(dtype, size)])
    assert float(normal.double().mean()) == pytest.approx(0, abs=0.05)
    assert float(normal.double().std()) == pytest.approx(1, abs=0.05)
    (other,) = run_kernel("aten::randn_like.out", normal, None, out=[Out(dtype, size)])
    assert not torch.equal(normal, other)
    p = torch.full(size, 0.25, dtype=dtype)
    (heads,) = run_kernel("aten::bernoulli.out", p, None, out=[Out(dtype, size)])
    assert set(heads.unique().tolist()) == {0.0, 1.0}
    assert float(heads.double().mean()) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("dtype", INTEGRAL)
def test_random_integers_are_in_range(dtype: torch.dtype) -> None:
    (drawn,) = run_kernel("aten::randint.low_out", 3, 9, [500], out=[Out(dtype, [500])])
    assert sorted(set(drawn.tolist())) == [3, 4, 5, 6, 7, 8]
    with pytest.raises(StatusError, match="expected a higher high"):
        run_kernel("aten::randint.low_out", 3, 3, [5], out=[Out(dtype, [5])])


def test_dropout() -> None:
    """In inference the input as it is; in training what is kept is scaled, and the mask says what that is."""
    self = torch.rand(100, 100) + 1
    out = [Out(torch.float32, self.shape), Out(torch.bool, self.shape)]
    result, mask = run_kernel("aten::native_dropout.out", self, 0.25, False, out=out)
    assert torch.equal(result, self) and bool(mask.all())
    result, mask = run_kernel("aten::native_dropout.out", self, 0.25, True, out=out)
    torch.testing.assert_close(result, self * mask / 0.75)
    assert float(mask.float().mean()) == pytest.approx(0.75, abs=0.03)


def test_names_and_conventions_are_executorchs() -> None:
    f32 = torch.float32
    ones = torch.ones(2, 3)
    for operator, args, wanted in (
        ("aten::full.out", ([2, 3], 1.5), torch.full((2, 3), 1.5)),
        ("aten::full_like.out", (ones, 1.5), torch.full((2, 3), 1.5)),
        ("aten::zeros.out", ([2, 3],), torch.zeros(2, 3)),
        ("aten::ones.out", ([2, 3],), ones),
        ("aten::arange.start_out", (1, 7, 2), torch.arange(1, 7, 2, dtype=f32)),
        ("aten::arange.out", (4,), torch.arange(4, dtype=f32)),
        ("aten::scalar_tensor.out", (4,), torch.tensor(4.0)),
    ):
        assert_results(run_kernel(operator, *args, out=[out_like(wanted)], stock=True), [wanted])
        assert_results(run_kernel(operator, *args, out=[out_like(wanted)]), [wanted])


def test_refusals_say_what_is_wrong() -> None:
    for start, end, step in ((0, 5, 0), (0, 5, -1), (0.0, math.inf, 1.0)):
        with pytest.raises(StatusError, match="expected steps that lead to the end"):
            run_kernel("aten::arange.start_out", start, end, step, out=[Out(torch.float32, [5])])
    with pytest.raises(StatusError, match="size 0 of the result is -1"):
        run_kernel("aten::zeros.out", [-1], out=[Out(torch.float32, [5])])
    with pytest.raises(StatusError, match="size 0 of the result is 1099511627776"):
        run_kernel("aten::full.out", [2**40], 0, out=[Out(torch.float32, [5])])
