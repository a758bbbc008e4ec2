"""Copies, picks and tensors of many dimensions: what moves numbers computes what torch does, to the bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from .aten_calls import Static, assert_converts, assert_refused, call, randn

small = st.integers(1, 3)


@settings(max_examples=25)
@given(st.lists(small, min_size=1, max_size=4), st.lists(st.integers(1, 40), max_size=2), st.data())
def test_expand(shape: list[int], outer: list[int], data: st.DataObject) -> None:
    own = [1 if data.draw(st.booleans()) else size for size in shape]
    x = randn(*own)
    x.view(-1)[0] = -0.0 if data.draw(st.booleans()) else float("inf")
    for name, args in (("expand", {"size": [*outer, *shape]}), ("broadcast_to", {"size": [*outer, *shape]})):
        assert_converts(name, {"self": x, **args}, tolerance=0.0)
    assert_converts("expand_as", {"self": x, "other": randn(*outer, *shape)}, tolerance=0.0)


def test_broadcast_tensors() -> None:
    assert_converts("broadcast_tensors", {"tensors": [randn(3, 1), randn(4), randn(2, 1, 1)]}, tolerance=0.0)


@settings(max_examples=25)
@given(st.lists(small, min_size=1, max_size=3), st.lists(st.sampled_from([1, 2, 5, 6, 40]), max_size=2))
def test_repeat(shape: list[int], counts: list[int]) -> None:
    repeats = [*counts, *(1 for _ in shape)][: max(len(shape), len(counts))]
    repeats = [*repeats, *(1 for _ in range(len(shape) - len(repeats)))]
    assert_converts("repeat", {"self": randn(*shape), "repeats": repeats}, tolerance=0.0)
    assert_converts("tile", {"self": randn(*shape), "dims": repeats[:1]}, tolerance=0.0)


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(1, 7), st.sampled_from([None, 0, 1, -1]))
def test_repeat_interleave(size: int, count: int, dim: int | None) -> None:
    args = {"self": randn(size, 3), "repeats": count, "dim": dim}
    assert_converts("repeat_interleave.self_int", args, tolerance=0.0)


@settings(max_examples=25)
@given(st.integers(1, 14), st.integers(-16, 16), st.integers(-16, 16) | st.just(2**63 - 1), st.integers(1, 5))
def test_slice_with_a_step(size: int, start: int, end: int, step: int) -> None:
    assume(len(range(size)[start:end:step]) > 0)
    args = {"self": randn(2, size, 3), "dim": 1, "start": start, "end": end, "step": step}
    assert_converts("slice.Tensor", args, tolerance=0.0)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=3), st.data())
def test_roll_and_flip(shape: list[int], data: st.DataObject) -> None:
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=2, unique=True))
    axes = [axis - len(shape) if data.draw(st.booleans()) else axis for axis in axes]
    shifts = [data.draw(st.integers(-7, 7)) for _ in axes]
    x = randn(*shape)
    assert_converts("roll", {"self": x, "shifts": shifts, "dims": axes}, tolerance=0.0)
    assert_converts("roll", {"self": x, "shifts": shifts[:1], "dims": []}, tolerance=0.0)
    assert_converts("flip", {"self": x, "dims": axes}, tolerance=0.0)


@settings(max_examples=25)
@given(st.lists(st.integers(-5, 4), min_size=1, max_size=8), st.integers(0, 1))
def test_indices_known_while_compiling(places: list[int], axis: int) -> None:
    x = randn(5, 5, 2)
    index = torch.tensor(places)
    args = {"self": x, "dim": axis, "index": Static(index % 5)}
    assert_converts("index_select", args, tolerance=0.0)
    indices = [None] * axis + [Static(index.reshape(1, -1))]
    assert_converts("index.Tensor", {"self": x, "indices": indices}, tolerance=0.0)


def test_what_is_picked_at_run_time_or_in_many_pieces_is_refused() -> None:
    x = randn(60)
    assert_refused(
        "index_select", {"self": x, "dim": 0, "index": torch.tensor([1])}, "computed while the model runs"
    )
    assert_refused("flip", {"self": x, "dims": [0]}, "no gather, and these positions make 60 pieces")
    two = [Static(torch.tensor([0])), Static(torch.tensor([1]))]
    assert_refused("index.Tensor", {"self": randn(3, 3), "indices": two}, "several dimensions at once")


@settings(max_examples=25)
@given(st.lists(st.integers(-1, 2), min_size=2, max_size=6).filter(lambda pads: len(pads) % 2 == 0))
def test_pad_with_a_number(pads: list[int]) -> None:
    assert_converts("constant_pad_nd", {"self": randn(3, 4, 5), "pad": pads, "value": 0.5}, tolerance=0.0)


@settings(max_examples=25)
@given(
    st.sampled_from(["reflect", "replicate", "circular"]),
    st.lists(st.integers(0, 3), min_size=2, max_size=4).filter(lambda pads: len(pads) % 2 == 0),
)
def test_pad_with_the_image(mode: str, pads: list[int]) -> None:
    args = {"self": randn(1, 2, 4, 5), "pad": pads, "mode": mode}
    if len(pads) == 2:
        args["self"] = randn(2, 4, 5)
    assert_converts("pad", args, tolerance=0.0)
    name = {"reflect": "reflection", "replicate": "replication"}.get(mode)
    if name is not None:
        args = {"self": args["self"], "padding": pads}
        assert_converts(f"{name}_pad{len(pads) // 2}d", args, tolerance=0.0)


SPELLINGS = ["reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d"]


@pytest.mark.parametrize("name", SPELLINGS)
def test_padding_of_images_by_its_own_ops(name: str) -> None:
    dims = int(name[-2])
    assert_converts(
        name, {"self": randn(1, 2, 4, 5)[0] if dims == 1 else randn(1, 2, 4, 5), "padding": [1, 2] * dims}
    )


@settings(max_examples=25)
@given(st.lists(small, min_size=7, max_size=9), st.data())
def test_tensors_of_many_dimensions(shape: list[int], data: st.DataObject) -> None:
    rank = len(shape)
    axis = data.draw(st.integers(0, rank - 1))
    x = randn(*shape)
    assert_converts("exp", {"self": x})
    assert_converts("cat", {"tensors": [x, x], "dim": axis})
    assert_converts("slice.Tensor", {"self": x, "dim": axis, "start": shape[axis] - 1}, tolerance=0.0)
    assert_converts("softmax.int", {"self": x, "dim": axis})
    assert_converts("linear", {"input": x, "weight": Static(randn(4, shape[-1]))})
    pads = [0] * (2 * axis) + [1, 2]
    assert_converts("constant_pad_nd", {"self": x, "pad": pads, "value": 0.5}, tolerance=0.0)


@settings(max_examples=25)
@given(st.permutations(range(7)), st.lists(st.sampled_from([1, 1, 2, 3]), min_size=7, max_size=7))
def test_permutations_of_many_dimensions(perm: list[int], shape: list[int]) -> None:
    args = {"self": randn(*shape), "dims": perm}
    outcome = call("permute", args)
    if outcome.refusals:
        assert sum(size > 1 for size in shape) > 6
    else:
        assert_converts("permute", args, tolerance=0.0)


@settings(max_examples=25)
@given(
    st.lists(small, min_size=7, max_size=8),
    st.sets(st.integers(0, 7)),
    st.sampled_from(["add.Tensor", "mean.dim"]),
    st.sampled_from(["executorch", "xnnir"]),
)
def test_broadcasts_and_reductions_of_many_dimensions(
    shape: list[int], axes: set[int], name: str, target: Any
) -> None:
    ones = [1 if axis in axes else size for axis, size in enumerate(shape)]
    args = {"self": randn(*shape), "other": randn(*ones)}
    if name == "mean.dim":
        args = {"self": randn(*shape), "dim": [axis for axis in axes if axis < len(shape)], "keepdim": True}
    outcome = call(name, args, target)
    if outcome.refusals:
        assert "at most 6 dimensions" in outcome.refusals[0]
    else:
        assert_converts(name, args, target)
