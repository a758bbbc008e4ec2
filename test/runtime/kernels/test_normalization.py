"""Kernels that normalise, along a dimension or by statistics, give what eager PyTorch gives."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from .harness import assert_results, check_kernel, out_like, run_kernel
from .strategies import FLOATING, calls, fill, shapes, tensors

SLACK = st.sampled_from([0, 0, 2])
TOLERANCES = {torch.float16: 2e-3, torch.bfloat16: 2e-2, torch.float32: 1e-5, torch.float64: 1e-7}


@pytest.mark.parametrize("operator", ["aten::_softmax.out", "aten::_log_softmax.out"])
@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_softmax(operator: str, data: st.DataObject, slack: int) -> None:
    shape = st.one_of(shapes(), st.sampled_from([[3, 70], [70, 3], [2, 33, 17], [5000]]))
    specials = data.draw(st.sampled_from([[], [80.0, -80.0, -math.inf], [math.inf, -math.inf, math.nan]]))
    args, kwargs = data.draw(
        calls(operator, dtypes=FLOATING, shape=shape, specials=specials, half_to_float=st.just(False))
    )
    tolerance = TOLERANCES[args[0].dtype]
    check_kernel(operator, *args, slack=slack, rtol=tolerance, atol=tolerance, **kwargs)


@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_layer_norm(data: st.DataObject, slack: int) -> None:
    shape = data.draw(st.one_of(shapes(min_rank=1, min_size=1), st.sampled_from([[3, 1000], [2, 5, 33]])))
    kept = data.draw(st.integers(0, len(shape) - 1))
    dtype = data.draw(st.sampled_from(FLOATING))
    x = data.draw(tensors([dtype], shape, specials=data.draw(st.sampled_from([[], [1000.0]]))))
    parameters = [data.draw(st.none() | tensors([dtype], shape[kept:], specials=[])) for _ in range(2)]
    eps = data.draw(st.sampled_from([1e-5, 0.1]))
    tolerance = TOLERANCES[dtype]
    assert check_kernel(
        "aten::native_layer_norm.out",
        *(x, shape[kept:], *parameters, eps),
        slack=slack,
        rtol=10 * tolerance,
        atol=10 * tolerance,
    )


@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_group_norm(data: st.DataObject, slack: int) -> None:
    groups, depth, batch = (data.draw(st.integers(1, 3)) for _ in range(3))
    plane = data.draw(shapes(max_rank=3, min_size=1))
    dtype = data.draw(st.sampled_from(FLOATING))
    channels = groups * depth
    x = data.draw(tensors([dtype], [batch, channels, *plane], specials=[], layouts=False))
    parameters = [data.draw(st.none() | tensors([dtype], [channels], specials=[])) for _ in range(2)]
    tolerance = 10 * TOLERANCES[dtype]
    assert check_kernel(
        "aten::native_group_norm.out",
        *(x, *parameters, batch, channels, math.prod(plane), groups, 1e-3),
        slack=slack,
        rtol=tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize(
    "operator",
    [
        "aten::_native_batch_norm_legit_no_training.out",
        "aten::_native_batch_norm_legit.no_stats_out",
        "aten::native_batch_norm.out",
    ],
)
@settings(max_examples=30)
@given(data=st.data(), slack=SLACK)
def test_batch_norm(operator: str, data: st.DataObject, slack: int) -> None:
    channels = data.draw(st.integers(1, 5))
    shape = [data.draw(st.integers(2, 4)), channels, *data.draw(shapes(max_rank=3, min_size=1))]
    dtype = data.draw(st.sampled_from([torch.float32, torch.float64]))
    x = data.draw(tensors([dtype], shape, specials=[], layouts=False))
    parameters = [data.draw(st.none() | tensors([dtype], [channels], specials=[])) for _ in range(2)]
    seed = data.draw(st.integers(0, 99))
    running = [fill([channels], dtype, seed, []), fill([channels], dtype, seed + 1, []).abs() + 0.1]
    if "no_stats" in operator:
        args = [x, *parameters, True]
    elif "no_training" in operator:
        args = [x, *parameters, *running]
    else:
        args = [x, *parameters, *running, False]
    assert check_kernel(operator, *args, 0.2, 1e-3, slack=slack, rtol=1e-4, atol=1e-4)


@settings(max_examples=20)
@given(data=st.data())
def test_batch_norm_that_owns_its_running_statistics(data: st.DataObject) -> None:
    channels = data.draw(st.integers(1, 5))
    shape = [data.draw(st.integers(2, 4)), channels, *data.draw(shapes(max_rank=2, min_size=1))]
    seed = data.draw(st.integers(0, 99))
    x = fill(shape, torch.float32, seed, [])
    parameters = [fill([channels], torch.float32, seed + i, []) for i in (1, 2)]
    training = data.draw(st.booleans())
    running = [fill([channels], torch.float32, seed + 3, []), torch.full([channels], 0.7)]
    copies = [tensor.clone() for tensor in running]
    operator = "aten::_native_batch_norm_legit.out"
    wanted = torch.ops.aten._native_batch_norm_legit(x, *parameters, *copies, training, 0.2, 1e-3)
    outs = [out_like(tensor) for tensor in wanted]
    got = run_kernel(operator, x, *parameters, *running, training, 0.2, 1e-3, out=outs)
    assert_results(got, [*wanted, *copies], rtol=1e-4, atol=1e-4)
