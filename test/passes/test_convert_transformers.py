"""Normalisation and attention compute what torch does."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from .aten_calls import Static, assert_converts, randn


@given(st.integers(1, 3), st.booleans(), st.sampled_from(["layer_norm", "native_layer_norm"]))
def test_layer_norm(dims: int, is_affine: bool, name: str) -> None:
    x = randn(2, 5, 6, 7) * 3 + 1
    shape = x.shape[4 - dims :]
    weight, bias = (Static(randn(*shape)), Static(randn(*shape) + 1)) if is_affine else (None, None)
    args = {"input": x, "normalized_shape": list(shape), "weight": weight, "bias": bias, "eps": 1e-5}
    assert_converts(name, args, returned=1)


@given(st.sampled_from([None, 1e-6]))
def test_rms_norm(eps: float | None) -> None:
    args = {"input": randn(2, 5, 8), "normalized_shape": [8], "weight": Static(randn(8)), "eps": eps}
    assert_converts("rms_norm", args)


@settings(max_examples=40)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(2, 4), st.booleans())
def test_group_norm(groups: int, per_group: int, rank: int, is_affine: bool) -> None:
    # Torch refuses groups of one element.
    assume(rank > 2 or per_group > 1)
    x = randn(2, groups * per_group, *(3, 4)[: rank - 2])
    channels = x.shape[1]
    weight, bias = (Static(randn(channels)), Static(randn(channels))) if is_affine else (None, None)
    assert_converts("group_norm", {"input": x, "num_groups": groups, "weight": weight, "bias": bias})
    if rank > 2:
        sizes = {"N": 2, "C": channels, "HxW": x[0, 0].numel(), "group": groups, "eps": 1e-5}
        args = {"input": x, "weight": weight, "bias": bias, **sizes}
        assert_converts("native_group_norm", args, returned=1)


@given(st.integers(3, 4), st.booleans())
def test_instance_norm(rank: int, is_affine: bool) -> None:
    args: dict[str, Any] = {
        "input": randn(2, 3, *(4, 5)[: rank - 2]),
        "weight": Static(randn(3)) if is_affine else None,
        "bias": Static(randn(3)) if is_affine else None,
        "running_mean": None,
        "running_var": None,
        "use_input_stats": True,
        "momentum": 0.1,
        "eps": 1e-5,
        "cudnn_enabled": False,
    }
    assert_converts("instance_norm", args)


def test_instance_norm_with_running_statistics() -> None:
    args: dict[str, Any] = {
        "input": randn(2, 3, 4, 5),
        "weight": None,
        "bias": None,
        "running_mean": Static(randn(3)),
        "running_var": Static(randn(3).abs() + 0.5),
        "use_input_stats": False,
        "momentum": 0.1,
        "eps": 1e-5,
        "cudnn_enabled": False,
    }
    assert_converts("instance_norm", args)


@given(st.integers(2, 4), st.integers(1, 3))
def test_batch_norm_of_the_batch(rank: int, batch: int) -> None:
    assume(rank > 2 or batch > 1)
    args = {"input": randn(batch, 3, *(4, 5)[: rank - 2]), "weight": Static(randn(3)), "bias": None}
    options = {"training": True, "momentum": 0.1, "eps": 1e-5}
    assert_converts("_native_batch_norm_legit.no_stats", {**args, **options}, returned=1)


@given(
    st.integers(3, 4),
    st.sampled_from(["nothing", "float", "static bool", "causal"]),
    st.sampled_from([None, 0.3]),
)
def test_attention(rank: int, mask: str, scale: float | None) -> None:
    batch = (2, 3)[: rank - 2]
    args = {"query": randn(*batch, 4, 8), "key": randn(*batch, 5, 8), "value": randn(*batch, 5, 6)}
    allowed = torch.ones(4, 5, dtype=torch.bool).tril(1)
    masks = {"nothing": None, "causal": None, "float": randn(4, 5), "static bool": Static(allowed)}
    options = {"attn_mask": masks[mask], "is_causal": mask == "causal", "scale": scale}
    assert_converts("scaled_dot_product_attention", {**args, **options})


@given(st.sampled_from(["nothing", "float", "float of heads", "static bool", "causal"]), st.integers(1, 3))
def test_attention_with_shared_keys(mask: str, groups: int) -> None:
    args = {"query": randn(2, 2 * groups, 4, 8), "key": randn(2, 2, 5, 8), "value": randn(2, 2, 5, 6)}
    allowed = torch.ones(4, 5, dtype=torch.bool).tril(1)
    masks = {
        "float": randn(4, 5),
        "float of heads": randn(1, 2 * groups, 4, 5),
        "static bool": Static(allowed),
    }
    options = {"attn_mask": masks.get(mask), "is_causal": mask == "causal", "enable_gqa": True}
    assert_converts("scaled_dot_product_attention", {**args, **options})


@settings(max_examples=25)
@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=3, max_size=3))
def test_attention_with_rows_that_see_nothing(allowed: list[list[bool]]) -> None:
    """Such rows are zero, as in PyTorch, whatever the scores are."""
    args = {"query": randn(2, 3, 8) * 20, "key": randn(2, 4, 8), "value": randn(2, 4, 5)}
    mask = Static(torch.tensor(allowed))
    assert_converts("scaled_dot_product_attention", {**args, "attn_mask": mask})
