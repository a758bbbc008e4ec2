"""Products of matrices give what eager PyTorch gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from .harness import check_kernel
from .strategies import FLOATING, INTEGRAL, tensors

TOLERANCES = {torch.float16: 1e-2, torch.bfloat16: 8e-2, torch.float32: 1e-4, torch.float64: 1e-7}

SIZES = st.one_of(st.integers(0, 5), st.sampled_from([17, 33, 64, 70, 130, 300]))
"""Small ones, and those that end tiles and panels in all ways."""


def ranks(operator: str) -> tuple[list[str], list[str], list[str]]:
    """The letters of the sizes of the left and the right factor, and of their product."""
    match operator.removeprefix("aten::").removesuffix(".out"):
        case "mm" | "addmm":
            return [*"mk"], [*"kn"], [*"mn"]
        case "bmm" | "baddbmm":
            return [*"bmk"], [*"bkn"], [*"bmn"]
        case "mv" | "addmv":
            return [*"mk"], [*"k"], [*"m"]
        case "linear":
            return [*"bmk"], [*"nk"], [*"n"]
        case _:
            return [*"k"], [*"k"], []


@pytest.mark.parametrize("name", ["mm", "bmm", "mv", "dot", "addmm", "baddbmm", "addmv", "linear"])
@settings(max_examples=30)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_products(name: str, data: st.DataObject, slack: int) -> None:
    operator = f"aten::{name}.out"
    sizes = {letter: data.draw(SIZES) for letter in "mnk"} | {"b": data.draw(st.integers(0, 3))}
    dtypes = FLOATING if name == "linear" else [*FLOATING, *INTEGRAL]
    dtype = data.draw(st.sampled_from(dtypes))
    left, right, product = (
        data.draw(tensors([dtype], [sizes[letter] for letter in letters], specials=[0.0], low=-5, high=5))
        for letters in ranks(operator)
    )
    kwargs: dict[str, Any] = {}
    args: list[Any] = [left, right]
    if name.startswith(("add", "badd")):
        shape = [data.draw(st.sampled_from([size, size, 1])) for size in product.shape]
        added = data.draw(
            tensors([dtype], shape[data.draw(st.integers(0, len(shape))) :], specials=[], low=-9, high=9)
        )
        args = [added, *args]
        scales = [0, 1, 2] if dtype in INTEGRAL else [0, 1, 0.5, -2.0]
        if name == "baddbmm" and dtype == torch.float16:
            scales = scales[1:]  # PyTorch's takes NaN from memory that it has not set
        kwargs = {key: data.draw(st.sampled_from(scales)) for key in ("beta", "alpha")}
        if name == "addmv" and sizes["m"] == 0:
            args[0] = product  # PyTorch's result has the shape of `self`, whatever the matrix is
    elif name == "linear":
        args.append(data.draw(st.sampled_from([None, product])))
    tolerance = TOLERANCES.get(dtype, 0)
    if sizes["k"] > 100 and tolerance:
        tolerance *= 4
    check_kernel(operator, *args, slack=slack, rtol=tolerance, atol=tolerance, **kwargs)
