"""Kernels that reduce dimensions give what eager PyTorch gives."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from .harness import check_kernel
from .strategies import FLOATING, calls, shapes

# What overflows a float does so at different places, depending on the order of sums.
SPECIALS = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan]

SHAPES = st.one_of(shapes(), st.sampled_from([[3, 70], [70, 3], [2, 40, 3], [1030], [3, 5, 1, 90], [600, 2]]))
"""Beside small ones some that reach every path: rows of several vectors, columns of several blocks."""


def optional_dims(drawn: dict[str, Any]) -> st.SearchStrategy[list[int] | None]:
    return st.none() | dims(drawn)


def dims(drawn: dict[str, Any]) -> st.SearchStrategy[list[int]]:
    rank = max(drawn["self"].dim(), 1)
    return st.lists(st.integers(-rank, rank - 1), unique_by=lambda dim: dim % rank, max_size=rank)


def dtypes(drawn: dict[str, Any]) -> st.SearchStrategy[torch.dtype | None]:
    # Infinities and NaN have no integer that they become everywhere.
    to_integer = [torch.int64, torch.int32] if drawn["self"].isfinite().all() else []
    return st.sampled_from([None, None, torch.float32, torch.float64, *to_integer])


OVER_ALL = [
    "aten::sum.out",
    "aten::mean.dtype_out",
    "aten::prod.out",
    "aten::any.all_out",
    "aten::all.all_out",
]
OVER_DIM = ["aten::prod.int_out", "aten::any.out", "aten::all.out", "aten::count_nonzero.out"]
OVER_DIMS = [
    *(
        "aten::sum.IntList_out",
        "aten::nansum.out",
        "aten::mean.out",
        "aten::any.dims_out",
        "aten::all.dims_out",
    ),
    *("aten::amax.out", "aten::amin.out", "aten::count_nonzero.dim_IntList_out"),
]
EXTREMA = [
    *(
        "aten::max.unary_out",
        "aten::min.unary_out",
        "aten::aminmax.out",
        "aten::argmax.out",
        "aten::argmin.out",
    ),
    *("aten::max.dim_max", "aten::min.dim_min"),
]
LISTS = {"aten::amax.out", "aten::amin.out", "aten::count_nonzero.dim_IntList_out"}
WITH_DTYPE = {
    *OVER_ALL[:3],
    "aten::sum.IntList_out",
    "aten::nansum.out",
    "aten::mean.out",
    "aten::prod.int_out",
}


@pytest.mark.parametrize("operator", [*OVER_ALL, *OVER_DIM, *OVER_DIMS, *EXTREMA])
@settings(max_examples=30)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_reductions(operator: str, data: st.DataObject, slack: int) -> None:
    constraints: dict[str, Any] = {}
    if operator in OVER_DIMS:
        constraints["dim"] = dims if operator in LISTS else optional_dims
    if operator in WITH_DTYPE:
        constraints["dtype"] = dtypes
    args, kwargs = data.draw(calls(operator, shape=SHAPES, specials=SPECIALS, **constraints))
    check_kernel(operator, *args, slack=slack, **kwargs)


VARIANCES = [
    *("aten::var.out", "aten::std.out", "aten::var.correction_out", "aten::std.correction_out"),
    *("aten::var_mean.correction_out", "aten::std_mean.correction_out"),
]


@pytest.mark.parametrize("operator", VARIANCES)
@settings(max_examples=30)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_variances(operator: str, data: st.DataObject, slack: int) -> None:
    correction = st.none() | st.sampled_from([0, 1, 2, 0.5])
    constraints: dict[str, Any] = {"correction": correction} if "correction" in operator else {}
    specials = data.draw(st.sampled_from([[], [math.nan]]))
    args, kwargs = data.draw(
        calls(operator, dtypes=FLOATING, shape=SHAPES, specials=specials, dim=optional_dims, **constraints)
    )
    check_kernel(operator, *args, slack=slack, **kwargs)


NORMS = ["aten::linalg_vector_norm.out", "aten::norm.out", "aten::norm.Scalar_out", "aten::logsumexp.out"]


@pytest.mark.parametrize("operator", NORMS)
@settings(max_examples=30)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_norms(operator: str, data: st.DataObject, slack: int) -> None:
    order = st.sampled_from([0, 1, 2, 3, 0.5, -1, math.inf, -math.inf])
    constraints: dict[str, Any] = {"ord": order, "p": order, "dtype": st.sampled_from([None, torch.float64])}
    constraints["dim"] = optional_dims if operator == "aten::linalg_vector_norm.out" else dims
    specials = data.draw(st.sampled_from([[], SPECIALS]))
    args, kwargs = data.draw(calls(operator, dtypes=FLOATING, shape=SHAPES, specials=specials, **constraints))
    check_kernel(operator, *args, slack=slack, **kwargs)


SCANS = [
    "aten::cumsum.out",
    "aten::cumprod.out",
    "aten::cummax.out",
    "aten::cummin.out",
    "aten::logcumsumexp.out",
]


@pytest.mark.parametrize("operator", SCANS)
@settings(max_examples=30)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_scans(operator: str, data: st.DataObject, slack: int) -> None:
    args, kwargs = data.draw(calls(operator, shape=shapes(), specials=SPECIALS, dtype=dtypes))
    check_kernel(operator, *args, slack=slack, **kwargs)
