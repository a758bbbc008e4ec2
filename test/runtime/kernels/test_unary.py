"""Functions of one tensor, activations among them, give what eager PyTorch gives."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xnnir.runtime import StatusError

from .harness import Out, check_kernel, expected, run_kernel, schemas
from .strategies import ALL, FLOATING, INTEGRAL, REAL, calls, fill, shapes

FLOAT_FUNCTIONS = (
    "acos acosh asin asinh atan atanh cos cosh deg2rad erf erfc exp exp2 expm1 lgamma log log10 log1p log2 rad2deg"
    " reciprocal rsqrt sigmoid sin sinc sinh sqrt tan tanh logit"
).split()
OTHERS = {
    **dict.fromkeys(["abs", "neg", "square", "sgn", "sign", "relu", "ceil", "floor", "round", "trunc"], REAL),
    **dict.fromkeys(["frac", "gelu", "hardsigmoid", "hardswish", "silu", "mish", "log_sigmoid"], FLOATING),
    **dict.fromkeys(["leaky_relu", "elu", "celu", "softplus", "hardshrink", "softshrink"], FLOATING),
    **dict.fromkeys(["logical_not", "isnan", "isinf", "isposinf", "isneginf", "signbit"], ALL),
    "bitwise_not": [*INTEGRAL, torch.bool],
    "threshold": REAL,
    "round.decimals": FLOATING,
}
# In arguments where the conditioning of sin and tan does not hide errors.
FINITE = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -2.5, math.pi, 20.0, -20.0, 1e-6, 100.0, -100.0]
SPECIALS = [*FINITE, math.inf, -math.inf, math.nan]


def full_name(name: str) -> str:
    return f"aten::{name}_out" if "." in name else f"aten::{name}.out"


def tolerances(dtype: torch.dtype) -> dict[str, Any]:
    if dtype == torch.float16:
        return {"rtol": 3e-3, "atol": 1e-3}
    if dtype == torch.bfloat16:
        return {"rtol": 2e-2, "atol": 8e-3}
    if dtype == torch.float64:
        return {"rtol": 1e-7, "atol": 1e-7}
    return {"rtol": 5e-6, "atol": 2e-6}


@pytest.mark.parametrize("name", FLOAT_FUNCTIONS)
@settings(max_examples=15)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_functions_that_give_floats(name: str, data: st.DataObject, slack: int) -> None:
    args, _ = data.draw(calls(full_name(name), dtypes=[*FLOATING, *ALL], specials=SPECIALS))
    assert check_kernel(full_name(name), *args, slack=slack, **tolerances(args[0].dtype))


@pytest.mark.parametrize("name", OTHERS)
@settings(max_examples=15)
@given(data=st.data(), slack=st.sampled_from([0, 0, 2]))
def test_functions_of_one_tensor(name: str, data: st.DataObject, slack: int) -> None:
    own: dict[str, Any] = {
        argument.name: st.just(argument.default_value) | st.sampled_from([0.5, 2, 1.25])
        for argument in schemas()[full_name(name)].arguments
        if str(argument.type) == "number"
    }
    # PyTorch's vector code gives NaN for gelu(inf), its code for single numbers gives inf.
    specials = FINITE if name == "gelu" else SPECIALS
    own |= {"approximate": st.sampled_from(["none", "tanh"]), "decimals": st.integers(-2, 3)}
    if name == "threshold":
        own |= {"threshold": st.integers(-2, 2), "value": st.integers(0, 9)}
    args, kwargs = data.draw(calls(full_name(name), dtypes=OTHERS[name], specials=specials, **own))
    # PyTorch has no default for some of them.
    numbers = [0.5 if value is None else value for value in args[1:]]
    check_kernel(full_name(name), args[0], *numbers, slack=slack, **tolerances(args[0].dtype), **kwargs)


@settings(max_examples=40)
@given(data=st.data(), dtype=st.sampled_from(FLOATING))
def test_glu(data: st.DataObject, dtype: torch.dtype) -> None:
    shape = data.draw(shapes(min_rank=1))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    shape[dim] *= 2
    self = fill(shape, dtype, data.draw(st.integers(0, 99)), SPECIALS)
    assert check_kernel("aten::glu.out", self, dim, **tolerances(dtype))


@settings(max_examples=30)
@given(data=st.data(), out_dtype=st.sampled_from(ALL))
def test_results_are_cast_to_out(data: st.DataObject, out_dtype: torch.dtype) -> None:
    args, _ = data.draw(calls("aten::neg.out", dtypes=REAL, specials=[0.0, 2.5, -3.0]))
    (result,) = expected("aten::neg.out", args, {})
    if torch.can_cast(result.dtype, out_dtype):
        assert check_kernel("aten::neg.out", *args, out_dtype=out_dtype)
    else:
        with pytest.raises(StatusError, match="cannot be cast"):
            run_kernel("aten::neg.out", *args, out=[Out(out_dtype, result.shape)])


@pytest.mark.parametrize(
    "name",
    ["exp", "log", "sin", "cos", "tanh", "sigmoid", "erf", "sqrt", "rsqrt", "gelu", "silu", "hardswish"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_accuracy_over_the_whole_range(name: str, dtype: torch.dtype) -> None:
    """Every 40,000th float32 and every float16: a few units in the last place from what float64 gives."""
    if dtype == torch.float16:
        self = torch.arange(-(2**15), 2**15).to(torch.int16).view(torch.float16)
    else:
        self = torch.arange(-(2**31), 2**31, 40_009).to(torch.int32).view(torch.float32)
    (result,) = run_kernel(full_name(name), self, out=[Out(dtype, self.shape)])
    (exact,) = expected(full_name(name), [self.double()], {})
    wanted = exact.to(dtype)
    same = (result == wanted) | (result.isnan() & wanted.isnan())
    step = torch.finfo(dtype).eps
    error = (result.double() - exact).abs() / (exact.abs() * step + torch.finfo(dtype).tiny)
    # gelu subtracts nearly equal numbers where the result is next to 0.
    # silu's divisor overflows where the result is next to the smallest normal number.
    slack = 6e-7 if name == "gelu" else 1e-36
    good = same | (error <= 5) | ((result.double() - exact).abs() <= slack)
    assert bool(good.all()), f"{self[~good][:5]} gave {result[~good][:5]}, expected {wanted[~good][:5]}"


@pytest.mark.parametrize(
    "name", ["abs", "exp", "rsqrt", "gelu", "logical_not", "round", "leaky_relu", "logit", "glu"]
)
def test_names_and_conventions_are_executorchs(name: str) -> None:
    self = torch.tensor([[0.25, 0.5], [0.125, 0.75]])
    assert check_kernel(full_name(name), self, stock=True)
    assert check_kernel(full_name(name), self)


def test_refusals_say_what_is_wrong() -> None:
    ones = torch.ones(3, dtype=torch.int32)
    with pytest.raises(StatusError, match="self has size 3 in dimension 0, expected an even one"):
        run_kernel("aten::glu.out", torch.ones(3), -1, out=[Out(torch.float32, [1])])
    with pytest.raises(StatusError, match="of dtype int32, which the operator does not take"):
        run_kernel("aten::silu.out", ones, out=[Out(torch.int32, [3])])
    with pytest.raises(StatusError, match="approximate is 'x', expected none or tanh"):
        run_kernel("aten::gelu.out", torch.ones(3), approximate="x", out=[Out(torch.float32, [3])])
