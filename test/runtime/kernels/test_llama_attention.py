"""Attention over a cache gives what PyTorch's attention gives over the part of the cache that is filled."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xnnir.runtime import StatusError

from .harness import Out, run_kernel

DTYPES = st.sampled_from([torch.float32, torch.float16, torch.bfloat16])


@settings(max_examples=60)
@given(
    dtype=DTYPES,
    batch=st.integers(1, 2),
    key_heads=st.integers(1, 2),
    groups=st.integers(1, 3),
    size=st.integers(1, 19),
    start=st.integers(0, 5),
    length=st.integers(1, 5),
    spare=st.integers(0, 3),
    masking=st.sampled_from(["causal", "mask", "none"]),
    scale=st.none() | st.just(0.3),
    seed=st.integers(0, 99),
)
def test_custom_sdpa(
    dtype: torch.dtype,
    batch: int,
    key_heads: int,
    groups: int,
    size: int,
    start: int,
    length: int,
    spare: int,
    masking: str,
    scale: float | None,
    seed: int,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    positions = start + length + spare
    query = torch.randn(batch, length, groups * key_heads, size, generator=generator).to(dtype)
    key, value = torch.randn(2, batch, positions, key_heads, size, generator=generator).to(dtype)
    mask = torch.randn(length, positions, generator=generator)
    mask[torch.rand(length, positions, generator=generator) < 0.3] = -torch.inf
    mask[:, 0] = 0
    allowed = torch.ones(length, start + length).tril(start).log()
    # In float, as the kernel computes; PyTorch has the heads before the positions.
    end = positions if masking == "mask" else start + length
    wanted = torch.nn.functional.scaled_dot_product_attention(
        query.float().transpose(1, 2),
        key.float().transpose(1, 2)[:, :, :end],
        value.float().transpose(1, 2)[:, :, :end],
        attn_mask={"causal": allowed, "mask": mask, "none": None}[masking],
        scale=scale,
        enable_gqa=True,
    ).transpose(1, 2)
    (got,) = run_kernel(
        "llama::custom_sdpa.out",
        *(query, key, value, start, mask if masking == "mask" else None, 0.0, masking == "causal", scale),
        out=[Out(dtype, list(query.shape))],
    )
    torch.testing.assert_close(got, wanted.to(dtype))


def test_refuses_positions_beyond_the_cache() -> None:
    query, cache = torch.zeros(1, 2, 4, 8), torch.zeros(1, 6, 2, 8)
    for start in (5, -1, 2**62):
        with pytest.raises(StatusError, match="start_pos is"):
            run_kernel(
                "llama::custom_sdpa.out",
                *(query, cache, cache, start, None, 0.0, True, None),
                out=[Out(torch.float32, [1, 2, 4, 8])],
            )
    with pytest.raises(StatusError, match="do not belong together"):
        run_kernel(
            "llama::custom_sdpa.out",
            *(query[:, :, :3].clone(), cache, cache, 0, None, 0.0, True, None),
            out=[Out(torch.float32, [1, 2, 3, 8])],
        )
