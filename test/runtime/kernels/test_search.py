"""Searches in sorted numbers and in sets give what eager PyTorch gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xnnir.runtime import StatusError

from .harness import Out, check_kernel, run_kernel
from .strategies import REAL, calls, fill, shapes

SPECIALS = [0.0, 1.0, -1.0, 2.5, float("inf"), -float("inf")]
FLAGS: dict[str, Any] = {"out_int32": st.booleans(), "right": st.booleans()}


@settings(max_examples=60)
@given(
    data=st.data(), dtype=st.sampled_from(REAL), count=st.integers(0, 12), flags=st.fixed_dictionaries(FLAGS)
)
def test_places_in_one_row(
    data: st.DataObject, dtype: torch.dtype, count: int, flags: dict[str, Any]
) -> None:
    boundaries = fill([count], dtype, data.draw(st.integers(0, 999)), SPECIALS).sort().values
    self = fill(data.draw(shapes()), dtype, data.draw(st.integers(0, 999)), [*SPECIALS, float("nan")])
    assert check_kernel("aten::bucketize.Tensor_out", self, boundaries, **flags)
    assert check_kernel("aten::searchsorted.Tensor_out", boundaries, self, **flags)
    assert check_kernel("aten::bucketize.Scalar_out", 2, boundaries, **flags)
    assert check_kernel(
        "aten::searchsorted.Scalar_out", boundaries, 2, side="left", out_int32=flags["out_int32"]
    )


@settings(max_examples=60)
@given(data=st.data(), dtype=st.sampled_from(REAL), flags=st.fixed_dictionaries(FLAGS))
def test_places_in_rows(data: st.DataObject, dtype: torch.dtype, flags: dict[str, Any]) -> None:
    rows = data.draw(shapes(min_rank=1, max_rank=3))
    sequence = fill([*rows, 7], dtype, data.draw(st.integers(0, 999)), SPECIALS).sort(-1).values
    self = fill([*rows, data.draw(st.integers(0, 5))], dtype, data.draw(st.integers(0, 999)), SPECIALS)
    assert check_kernel("aten::searchsorted.Tensor_out", sequence, self, **flags)


@settings(max_examples=60)
@given(data=st.data(), mixed=st.booleans())
def test_isin(data: st.DataObject, mixed: bool) -> None:
    dtypes = [dtype for dtype in REAL if dtype not in (torch.float16, torch.bfloat16)]
    args, _ = data.draw(calls("aten::isin.Tensor_Tensor_out", dtypes=dtypes, mixed=mixed, specials=SPECIALS))
    invert = data.draw(st.booleans())
    check_kernel("aten::isin.Tensor_Tensor_out", args[0], args[1], invert=invert)
    check_kernel("aten::isin.Tensor_Scalar_out", args[0], 3, invert=invert)
    check_kernel("aten::isin.Scalar_Tensor_out", 3, args[1], invert=invert)


def test_refusals_say_what_is_wrong() -> None:
    with pytest.raises(StatusError, match="boundaries has rank 2, expected 1"):
        run_kernel("aten::bucketize.Tensor_out", torch.ones(3), torch.ones(2, 2), out=[Out(torch.int64, [3])])
    with pytest.raises(StatusError, match="out has dtype int64, expected int32"):
        run_kernel(
            "aten::bucketize.Tensor_out",
            torch.ones(3),
            torch.ones(2),
            out_int32=True,
            out=[Out(torch.int64, [3])],
        )
    with pytest.raises(StatusError, match="expected 1, or the sizes of self but for the last"):
        run_kernel(
            "aten::searchsorted.Tensor_out",
            torch.ones(3, 2),
            torch.ones(2, 2),
            out=[Out(torch.int64, [2, 2])],
        )
