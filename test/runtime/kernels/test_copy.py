"""Kernels that copy a tensor as it is give what eager PyTorch gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .harness import check_kernel
from .strategies import calls


@pytest.mark.parametrize("operator", ["aten::clone.out"])
@settings(max_examples=50)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_copies(operator: str, data: st.DataObject, slack: int) -> None:
    args, kwargs = data.draw(calls(operator))
    assert check_kernel(operator, *args, slack=slack, **kwargs)
