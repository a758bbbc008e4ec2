"""Operators that are made of others run, and give what PyTorch gives, wherever their parts are computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from .whole_way import check, randint, randn

SIZES = st.integers(1, 5)
FEW = settings(max_examples=2)


ACTIVATIONS: list[Callable[[Tensor], Tensor]] = [
    F.silu, F.mish, F.softplus, F.hardsigmoid, F.hardswish, F.logsigmoid, F.softsign, F.tanhshrink, F.selu, F.celu,
    F.softshrink, F.hardshrink, F.relu6, torch.erfc, torch.exp2, torch.sinc, torch.signbit, torch.sgn, torch.frac,
    torch.logit, torch.square, torch.nan_to_num, torch.isfinite, torch.deg2rad,
    lambda x: F.threshold(x, 0.1, 2.0), lambda x: F.glu(torch.cat([x, x + 1], -1), -1), lambda x: x.clamp_min(0.2),
    lambda x: torch.where(x > 0, x, 0.5), lambda x: torch.xlogy(x.abs(), 2.0), lambda x: torch.special.log1p(x.abs()),
    lambda x: torch.copysign(x, -x), lambda x: torch.lerp(x, x * 2, 0.3), lambda x: torch.hypot(x, x + 1),
    lambda x: torch.addcdiv(x, x, x.abs() + 1), lambda x: torch.logaddexp(x, x * 2), lambda x: torch.fmax(x, -x),
]  # fmt: skip


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
@settings(max_examples=2)
def test_functions_of_elements(shape: list[int]) -> None:
    check(lambda x: [function(x) for function in ACTIVATIONS], randn(*shape))


@given(st.data())
@FEW
def test_attention(data: st.DataObject) -> None:
    batch, groups, queries, keys, size = (data.draw(st.integers(1, 4)) for _ in range(5))
    heads = groups * data.draw(st.integers(1, 3))
    kind = data.draw(st.sampled_from(["none", "bool", "float", "causal"]))
    mask = {
        "bool": randint(0, 2, queries, keys).bool(),
        "float": randn(batch, 1, queries, keys),
    }.get(kind)
    q = randn(batch, heads, queries, size)
    k, v = randn(batch, groups, keys, size), randn(batch, groups, keys, size + 1)
    scale = data.draw(st.sampled_from([None, 0.5]))
    inputs = (q, k, v) if mask is None else (q, k, v, mask)
    check(
        lambda q, k, v, mask=None: F.scaled_dot_product_attention(
            q, k, v, mask, is_causal=kind == "causal", scale=scale, enable_gqa=True
        ),
        *inputs,
    )


@given(st.data())
@FEW
def test_orders(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    dim, down = data.draw(st.integers(-len(shape), len(shape) - 1)), data.draw(st.booleans())
    k = data.draw(st.integers(1, shape[dim]))
    check(
        lambda x: (
            x.sort(dim, down), x.round().sort(dim=dim, descending=down, stable=True), x.argsort(dim),
            x.kthvalue(k, dim), x.median(dim), x.median(), x.cummax(dim), x.cummin(dim), x.cumprod(dim),
            x.logcumsumexp(dim), torch.quantile(x, 0.3, dim), x.nanmedian(dim).values,
        ),
        randn(*shape),
    )  # fmt: skip


@given(st.data())
@FEW
def test_reductions(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=3))
    dim, keep = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.booleans())
    check(
        lambda x: (
            x.var(dim, keepdim=keep), x.std(), torch.var_mean(x, dim), x.logsumexp(dim, keep), x.norm(), x.norm(1, dim),
            torch.linalg.vector_norm(x, 3, dim, keep), x.nansum(dim), x.nanmean(dim), x.all(), (x > 0).all(dim, keep),
            x.aminmax(dim=dim), torch.count_nonzero(x > 0, dim), x.diff(dim=dim), F.normalize(x, dim=dim),
            F.cosine_similarity(x, x + 1, dim=dim), x.sum(dim, dtype=torch.float64), x.mean(), x.prod(dim),
            F.softmin(x, dim), F.log_softmax(x, dim), torch.cdist(x.reshape(2, -1), x.reshape(2, -1)),
        ),
        randn(*shape, 2),
        tolerance=1e-3,
    )  # fmt: skip


@given(SIZES, SIZES, st.integers(1, 3), st.booleans())
@FEW
def test_volumes(depth: int, size: int, stride: int, is_transposed: bool) -> None:
    x, weight = randn(2, 2, depth + 2, size + 3, 5), randn(2, 2, 2, 3, 1)
    convolution = F.conv_transpose3d if is_transposed else F.conv3d

    def volumes(x: Tensor, weight: Tensor, grid: Tensor) -> Any:
        return (
            convolution(x, weight, x[0, :, 0, 0, 0], stride=stride, padding=(1, 0, 0)),
            F.avg_pool3d(x, 2, stride, padding=1, count_include_pad=False),
            F.max_pool3d(x, (2, 2, 1), stride, return_indices=True),
            F.adaptive_avg_pool3d(x, (2, 3, 1)),
            F.adaptive_max_pool3d(x, (2, 1, 3), return_indices=True),
            F.grid_sample(x, grid, align_corners=False, padding_mode="reflection"),
        )

    check(volumes, x, weight, randn(2, 2, 3, 2, 3))


@given(SIZES, st.integers(2, 9), st.integers(2, 9))
@FEW
def test_planes(channels: int, height: int, width: int) -> None:
    x = randn(2, channels, height, width)
    check(
        lambda x: (
            F.adaptive_avg_pool2d(x, (2, 3)), F.adaptive_max_pool2d(x, (1, 2), return_indices=True),
            F.interpolate(x, scale_factor=2, mode="nearest"), F.interpolate(x, size=(5, 7), mode="bicubic"),
            F.interpolate(x, size=(3, 4), mode="area"), F.interpolate(x, size=(3, 4), mode="nearest-exact"),
            F.pad(x, (1, 1, 1, 0), mode="reflect"), F.pad(x, (1, 2, 0, 1), mode="replicate"),
            F.pad(x, (1, 1, 1, 1), mode="circular"), F.unfold(x, 2), F.avg_pool2d(x, 2), F.lp_pool2d(x, 2.0, 2),
            F.max_pool2d(x, 2, return_indices=True), F.local_response_norm(x, 2), F.instance_norm(x),
            F.group_norm(x, channels), F.rms_norm(x, [width]), F.layer_norm(x, [height, width]),
            F.pixel_unshuffle(F.pad(x, (0, width % 2, 0, height % 2)), 2),
        ),
        x,
        tolerance=1e-3,
    )  # fmt: skip


@given(st.data())
@FEW
def test_indexing(data: st.DataObject) -> None:
    rows, columns, count = (
        data.draw(st.integers(2, 5)),
        data.draw(st.integers(2, 5)),
        data.draw(st.integers(1, 6)),
    )
    reduce = data.draw(st.sampled_from(["sum", "mean", "prod", "amax", "amin"]))
    include = data.draw(st.booleans())

    def indexing(x: Tensor, i: Tensor, source: Tensor) -> Any:
        wide = i.unsqueeze(1).expand(-1, columns)
        return (
            x.scatter_reduce(0, wide, source, reduce, include_self=include), x.index_add(0, i, source, alpha=0.5),
            x.index_copy(0, i[:1], source[:1]), x.take(i), x.put(i, source[:, 0], accumulate=True), F.one_hot(i, rows),
            x.tril(1), x.triu(-1), x.diag(), torch.diag_embed(x), torch.diagonal_scatter(x, x[0, :1], rows - 1),
            torch.searchsorted(x[0].sort().values, x, right=include), torch.bucketize(x, x[0].sort().values),
            torch.isin(i, i[:1]), x.gather(0, wide.int().long()), x.masked_fill(x > 0, 2.0), x[x[:, 0] > 10.0].shape[1],
            torch.take_along_dim(x, wide, 0), x.rot90(), x.roll(2, 1), x.index_fill(0, i, 1.5), x[i, :1], x.trace(),
        )  # fmt: skip

    check(indexing, randn(rows, columns), randint(0, rows, count), randn(count, columns))


@given(st.data())
@FEW
def test_shapes_that_vary(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 4))
    n = torch.export.Dim("n", min=2, max=9)

    def shapes(x: Tensor, y: Tensor) -> Any:
        return (
            F.layer_norm(x, [size]), x.unflatten(1, (1, -1)), x.movedim(0, 1), x.repeat(2, 1), x.tile(2),
            torch.einsum("ij,kj->ik", x, y), x @ y.T, x.flip(0).roll(1, 0), torch.stack([x, x * 2]),
            torch.meshgrid(x[:, 0], y[:, 0], indexing="ij"), x.repeat_interleave(2, 0), torch.outer(x[:, 0], y[:, 1]),
            F.silu(x).logsumexp(0), torch.ones_like(x), x.new_zeros(x.shape[0], 3), torch.arange(x.shape[0]) * 2,
            F.scaled_dot_product_attention(x[None], y[None], y[None]), x.var(0), torch.tril(x @ x.T),
            F.one_hot(x.argmax(1), size), x.shape[0] * 2, F.pad(x, (0, 0, 1, 2), value=1.0), x.flatten(), x.mean(0),
            torch.linspace(0, 1, 5) + x[:, :1], F.softmax(x, 0), torch.cat([x, y]), x.expand(2, -1, -1), x.sum(),
        )  # fmt: skip

    sizes = [(3, 4), (9, 2), (2, 9)]
    check(
        shapes,
        *[randn(rows, size) for rows in sizes[0]],
        dynamic=({0: n}, {0: torch.export.Dim("m", min=2, max=9)}),
        more_inputs=[[randn(rows, size) for rows in more] for more in sizes[1:]],
        tolerance=1e-3,
    )


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("is_bidirectional", [False, True])
def test_recurrent_layers(cell: Callable[..., nn.RNNBase], is_bidirectional: bool) -> None:
    model = cell(input_size=3, hidden_size=4, num_layers=2, batch_first=True, bidirectional=is_bidirectional)
    check(model, randn(2, 5, 3))
