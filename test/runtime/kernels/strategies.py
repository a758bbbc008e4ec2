"""
Hypothesis strategies for calls of kernels: dtypes, shapes that broadcast, tensors full of special values, and whole
calls made from an operator's schema.

Hypothesis draws shapes, dtypes and a seed; PyTorch's generator fills the tensors, which is a hundred times faster than
drawing each number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from .harness import schemas

FLOATING = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
INTEGRAL = [torch.int32, torch.int64, torch.uint8, torch.int8, torch.int16]
REAL = [*FLOATING, *INTEGRAL]
ALL = [*REAL, torch.bool]

SPECIAL_FLOATS = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, math.pi, -3.0, 7.25),
    *(math.inf, -math.inf, math.nan, 1e-8, -1e-8, 88.0, -88.0, 120.0, -120.0, 3e4, -3e4, 1e-38, 3e38, -3e38),
]
SMALL_FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0]


def shapes(
    *, min_rank: int = 0, max_rank: int = 4, min_size: int = 0, max_size: int = 5
) -> SearchStrategy[list[int]]:
    """Sizes; with `min_size` 0 some tensors are empty."""
    return st.lists(st.integers(min_size, max_size), min_size=min_rank, max_size=max_rank)


@composite
def broadcastable(draw: DrawFn, count: int, shape: SearchStrategy[list[int]]) -> list[list[int]]:
    """Sizes of `count` tensors that broadcast together: leading dimensions are missing, some are 1."""
    whole = draw(shape)
    result: list[list[int]] = []
    for _ in range(count):
        start = draw(st.integers(0, len(whole))) if draw(st.booleans()) else 0
        result.append([1 if draw(st.integers(0, 3)) == 0 else size for size in whole[start:]])
    return result


def fill(
    sizes: Sequence[int],
    dtype: torch.dtype,
    seed: int,
    specials: Sequence[float] = SPECIAL_FLOATS,
    *,
    low: int | None = None,
    high: int | None = None,
) -> torch.Tensor:
    """
    A tensor of random numbers, a third of them from `specials` where they are floats. `low` and `high` (both included)
    bound integers, which are else small or at the ends of the dtype's range.
    """
    generator = torch.Generator().manual_seed(seed)
    sizes = list(sizes)
    if dtype == torch.bool:
        return torch.randint(0, 2, sizes, generator=generator).bool()
    if dtype.is_floating_point:
        values = torch.randn(sizes, generator=generator, dtype=torch.float64) * 3
        table = torch.tensor(specials or [1.0], dtype=torch.float64)
        chosen = table[torch.randint(0, len(table), sizes, generator=generator)]
        use = torch.randint(0, 3 if specials else 1, sizes, generator=generator) == 1
        return torch.where(use, chosen, values).to(dtype)
    limits = torch.iinfo(dtype)
    if low is not None or high is not None:
        low, high = max(limits.min, -9 if low is None else low), min(limits.max, 9 if high is None else high)
        return torch.randint(low, high + 1, sizes, generator=generator).to(dtype)
    values = torch.randint(max(limits.min, -9), 10, sizes, generator=generator)
    table = torch.tensor([min(limits.max, 2**63 - 1), limits.min, 0, 100, limits.min + 1])
    chosen = table[torch.randint(0, len(table), sizes, generator=generator)]
    use = torch.randint(0, 6, sizes, generator=generator) == 1
    return torch.where(use, chosen, values).to(dtype)


@composite
def tensors(
    draw: DrawFn,
    dtypes: Sequence[torch.dtype] = ALL,
    shape: SearchStrategy[list[int]] | Sequence[int] | None = None,
    *,
    specials: Sequence[float] = SPECIAL_FLOATS,
    low: int | None = None,
    high: int | None = None,
    layouts: bool = True,
) -> torch.Tensor:
    """A tensor; with `layouts` one of rank 4 or 5 is channels-last at times."""
    if shape is None:
        shape = shapes()
    sizes = draw(shape) if isinstance(shape, SearchStrategy) else list(shape)
    seed = draw(st.integers(0, 2**16))
    tensor = fill(sizes, draw(st.sampled_from(dtypes)), seed, specials, low=low, high=high)
    if layouts and tensor.dim() in (4, 5) and draw(st.integers(0, 3)) == 0:
        format = torch.channels_last if tensor.dim() == 4 else torch.channels_last_3d
        return tensor.contiguous(memory_format=format)
    return tensor


def scalars(*kinds: type) -> SearchStrategy[Any]:
    """Numbers that a Scalar argument can be: int, float, bool."""
    strategies: dict[type, SearchStrategy[Any]] = {
        int: st.integers(-9, 9) | st.sampled_from([0, 1, 255, -128, 2**31, -(2**40)]),
        float: st.sampled_from([*SMALL_FLOATS, math.inf, -math.inf, math.nan, 1e-3, 40.0]),
        bool: st.booleans(),
    }
    return st.one_of([strategies[kind] for kind in kinds or (int, float, bool)])


Constraint = SearchStrategy[Any] | Callable[[dict[str, Any]], SearchStrategy[Any]]
"""What an argument may be; a function gets the arguments drawn so far."""


@composite
def calls(
    draw: DrawFn,
    operator: str,
    *,
    dtypes: Sequence[torch.dtype] = ALL,
    shape: SearchStrategy[list[int]] | None = None,
    specials: Sequence[float] = SPECIAL_FLOATS,
    mixed: bool = False,
    **constraints: Constraint,
) -> tuple[list[Any], dict[str, Any]]:
    """
    Positional and keyword arguments for `operator`, by its schema. Tensors broadcast together and have one dtype of
    `dtypes`, or with `mixed` one each. Dimensions suit the first tensor. `constraints` say what
    arguments may be otherwise.
    """
    arguments = [argument for argument in schemas()[operator].arguments if not argument.is_out]
    count = sum("Tensor" in str(argument.type) for argument in arguments)
    sizes = iter(draw(broadcastable(count, shapes() if shape is None else shape)))
    dtype = draw(st.sampled_from(dtypes))
    drawn: dict[str, Any] = {}
    for argument in arguments:
        own = next(sizes) if "Tensor" in str(argument.type) else []
        if (constraint := constraints.get(argument.name)) is not None:
            strategy = constraint(drawn) if callable(constraint) else constraint
        elif "Tensor" in str(argument.type):
            strategy = tensors(dtypes if mixed else [dtype], st.just(own), specials=specials)
            if str(argument.type).startswith("Optional"):
                strategy = st.none() | strategy
        else:
            first = next((value for value in drawn.values() if isinstance(value, torch.Tensor)), None)
            strategy = _by_type(str(argument.type), argument, 0 if first is None else first.dim())
        drawn[argument.name] = draw(strategy)
    places = [argument for argument in arguments if not argument.kwarg_only]
    return (
        [drawn[argument.name] for argument in places],
        {argument.name: drawn[argument.name] for argument in arguments if argument.kwarg_only},
    )


def _by_type(type: str, argument: Any, rank: int) -> SearchStrategy[Any]:
    if argument.name in ("memory_format", "generator", "layout", "device", "pin_memory"):
        return st.none()
    dims = st.integers(-max(rank, 1), max(rank, 1) - 1)
    match type:
        case "int" if argument.name.startswith("dim"):
            return dims
        case "Optional[int]" if argument.name.startswith("dim"):
            return st.none() | dims
        case "bool":
            return st.booleans()
        case "float":
            return st.sampled_from([argument.default_value or 0.5, 0.25, 2.0])
        case "number":
            return scalars()
        case "Optional[number]":
            return st.none() | scalars()
        case "Optional[bool]":
            return st.none() | st.booleans()
        case _ if argument.has_default_value():
            return st.just(argument.default_value)
        case _:
            raise TypeError(f"expected a constraint for {argument.name}, which is of type {type}")
