"""Kernels that copy a tensor, in another dtype or layout, give what eager PyTorch gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xnnir.runtime import StatusError

from .harness import Out, assert_results, check_kernel, out_like, run_kernel
from .strategies import ALL, calls, fill, scalars, tensors

UNSIGNED = [torch.uint16, torch.uint32, torch.uint64]
# What every integer can hold: casts of larger floats are of the machine's own making.
SPECIALS = [0.0, -0.0, 1.5, -2.5, 100.0]


@pytest.mark.parametrize(
    "operator",
    [
        f"aten::{name}.out"
        for name in ("clone", "detach_copy", "alias_copy", "lift", "lift_fresh_copy", "copy")
    ],
)
@settings(max_examples=20)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_copies(operator: str, data: st.DataObject, slack: int) -> None:
    args, kwargs = data.draw(calls(operator, mixed=True, specials=SPECIALS))
    check_kernel(operator, *args, slack=slack, **kwargs)


@pytest.mark.parametrize("dtype", [*ALL, *UNSIGNED])
@settings(max_examples=20)
@given(self=tensors([*ALL, *UNSIGNED], specials=SPECIALS, low=0, high=100), slack=st.sampled_from([0, 0, 2]))
def test_casts(dtype: torch.dtype, self: torch.Tensor, slack: int) -> None:
    # PyTorch's schema of _to_copy.out has no dtype: it is out's. Negative floats have no unsigned integer.
    if not dtype.is_signed:
        self = self.clone().clamp(0, 100) if self.dtype not in (torch.bool, *UNSIGNED) else self
    wanted = self.to(dtype)
    got = run_kernel("aten::_to_copy.out", self, out=[out_like(wanted, slack=slack)])
    assert_results(got, [wanted])


@settings(max_examples=40)
@given(self=tensors(specials=SPECIALS, low=0, high=9), data=st.data())
def test_dtype_and_dim_order_change_together(self: torch.Tensor, data: st.DataObject) -> None:
    """A copy may be in any dim_order, here checked through a second one back."""
    order = data.draw(st.permutations(range(self.dim())))
    there = Out(torch.float64, self.shape, dim_order=order)
    args = (False, list(order))
    (moved,) = run_kernel("dim_order_ops::_to_dim_order_copy.out", self, *args, out=[there])
    assert_results([moved], [self.double()])
    if order != list(range(self.dim())):
        with pytest.raises(StatusError, match="not the one that out was planned with"):
            run_kernel(
                "dim_order_ops::_clone_dim_order.out",
                self,
                False,
                list(range(self.dim())),
                out=[Out(self.dtype, self.shape, dim_order=order)],
            )


@settings(max_examples=40)
@given(data=st.data())
def test_assignments_broadcast_and_cast(data: st.DataObject) -> None:
    args, _ = data.draw(calls("aten::copy_", mixed=True, specials=SPECIALS))
    if not args[0].dtype.is_signed:
        args[1] = args[1].abs() if args[1].dtype != torch.bool else args[1]
    check_kernel("aten::copy_", *args)


@settings(max_examples=40)
@given(self=tensors(), value=scalars(int, bool), slack=st.sampled_from([0, 2]))
def test_fill(self: torch.Tensor, value: Any, slack: int) -> None:
    value = value if isinstance(value, bool) else value % 100
    assert check_kernel("aten::fill.Scalar_out", self, value, slack=slack)
    assert check_kernel("aten::fill.Tensor_out", self, torch.tensor(value), slack=slack)


def test_large_fills_reach_the_end() -> None:
    assert check_kernel("aten::fill.Scalar_out", torch.zeros(3, 5, 7001), 2.5)
    assert check_kernel("aten::_to_copy.out", fill([3, 130, 257], torch.float32, 1))


def test_names_and_conventions_are_executorchs() -> None:
    self = torch.tensor([[0.25, 0.5], [0.125, 0.75]])
    for operator in (
        "aten::clone.out",
        "aten::_to_copy.out",
        "aten::lift_fresh_copy.out",
        "aten::detach_copy.out",
    ):
        assert check_kernel(operator, self, stock=True)
    assert check_kernel("aten::copy.out", self, torch.ones(2), stock=True)
    assert check_kernel("aten::fill.Scalar_out", self, 3, stock=True)
    assert check_kernel("aten::copy_", self, torch.ones(2), stock=True)
