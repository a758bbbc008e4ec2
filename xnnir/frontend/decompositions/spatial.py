# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Convolutions, pools and samplers over volumes from those over planes, which XNNPACK and the runtimes have."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from xnnir.frontend.decompositions.registry import DECOMPOSITIONS

aten = torch.ops.aten


def _planes(volume: Tensor) -> Tensor:
    """[N, C, D, H, W] as [N*D, C, H, W]."""
    n, c, d, h, w = volume.shape
    return volume.transpose(1, 2).reshape(n * d, c, h, w)


def _volume(planes: Tensor, n: int) -> Tensor:
    """The reverse of `_planes`."""
    _, c, h, w = planes.shape
    return planes.reshape(n, -1, c, h, w).transpose(1, 2)


def _convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Any:
    """A convolution over volumes as the sum of those over planes, one for each plane of the kernel."""
    if weight.dim() != 5:
        return NotImplemented
    if input.dim() == 4:
        rest = (weight, bias, stride, padding, dilation, transposed, output_padding, groups)
        return _convolution(input.unsqueeze(0), *rest).squeeze(0)
    args = (stride, padding, dilation, output_padding)
    (s, *strides), (p, *paddings), (d, *dilations), (extra, *extras) = args
    n, depth, planes_of_kernel = input.shape[0], input.shape[2], weight.shape[2]

    def convolve(volume: Tensor, index: int) -> Tensor:
        rest = (strides, paddings, dilations, transposed, extras, groups)
        return _volume(aten.convolution(_planes(volume), weight[:, :, index], None, *rest), n)

    if transposed:
        out = (depth - 1) * s - 2 * p + d * (planes_of_kernel - 1) + extra + 1
        total = _sum(
            _spread(convolve(input, index), s, index * d, p, out) for index in range(planes_of_kernel)
        )
    else:
        out = (depth + 2 * p - d * (planes_of_kernel - 1) - 1) // s + 1
        padded = aten.constant_pad_nd(input, [0, 0, 0, 0, p, p]) if p else input
        total = _sum(
            convolve(padded[:, :, index * d : index * d + (out - 1) * s + 1 : s], index)
            for index in range(planes_of_kernel)
        )
    return total if bias is None else total + bias.reshape(1, -1, 1, 1, 1)


def _spread(volume: Tensor, stride: int, offset: int, cut: int, depth: int) -> Tensor:
    """Plane i of `volume` at `offset + i * stride - cut` of a volume with `depth` planes, zeros between."""
    n, c, planes, h, w = volume.shape
    if stride > 1:
        apart = aten.constant_pad_nd(volume.unsqueeze(3), [0, 0, 0, 0, 0, stride - 1])
        volume = apart.reshape(n, c, planes * stride, h, w)[:, :, : (planes - 1) * stride + 1]
    last = offset - cut + volume.shape[2]
    return aten.constant_pad_nd(volume, [0, 0, 0, 0, offset - cut, depth - last])


def _sum(terms: Any) -> Tensor:
    first, *others = terms
    for term in others:
        first = first + term
    return first


def _triple(values: Sequence[int], default: Sequence[int]) -> tuple[int, int, int]:
    full = list(values) or list(default)
    return tuple(full if len(full) == 3 else full * 3)  # pyright: ignore[reportReturnType]


def _columns(planes: Tensor, n: int) -> Tensor:
    """[N*D, C, H, W] as [N, C, D, H*W], to work along D."""
    volume = _volume(planes, n)
    return volume.reshape(*volume.shape[:3], -1)


def _avg_pool3d(
    self: Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The average over planes, and then over depth: the number of elements in a window is a product, too."""
    if self.dim() == 4:
        rest = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
        return _avg_pool3d(self.unsqueeze(0), *rest).squeeze(0)
    kernel = _triple(kernel_size, ())
    strides, paddings = _triple(stride, kernel), _triple(padding, ())
    flags = (ceil_mode, count_include_pad)
    once = None if divisor_override is None else 1
    flat = aten.avg_pool2d(_planes(self), kernel[1:], strides[1:], paddings[1:], *flags, once)
    columns = _columns(flat, self.shape[0])
    args = [kernel[0], 1], [strides[0], 1], [paddings[0], 0]
    pooled = aten.avg_pool2d(columns, *args, *flags, divisor_override)
    return pooled.reshape(*pooled.shape[:3], *flat.shape[2:])


def _max_pool3d_with_indices(
    self: Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    """The maximum over planes, and then over depth; an index counts through D, H and W."""
    if self.dim() == 4:
        results = _max_pool3d_with_indices(
            self.unsqueeze(0), kernel_size, stride, padding, dilation, ceil_mode
        )
        return results[0].squeeze(0), results[1].squeeze(0)
    kernel = _triple(kernel_size, ())
    strides, paddings, dilations = _triple(stride, kernel), _triple(padding, ()), _triple(dilation, ())
    n, _, _, h, w = self.shape
    flat, inner = aten.max_pool2d_with_indices(
        _planes(self), kernel[1:], strides[1:], paddings[1:], dilations[1:], ceil_mode
    )
    columns = _columns(flat, n)
    args = [kernel[0], 1], [strides[0], 1], [paddings[0], 0], [dilations[0], 1]
    values, outer = aten.max_pool2d_with_indices(columns, *args, ceil_mode)
    shape = (*values.shape[:3], *flat.shape[2:])
    area = columns.shape[3]
    batch_channels = values.shape[:2]
    within = torch.gather(
        _columns(inner, n).reshape(*batch_channels, -1), 2, outer.reshape(*batch_channels, -1)
    )
    indices = torch.div(outer, area, rounding_mode="floor").reshape(shape) * (h * w) + within.reshape(shape)
    return values.reshape(shape), indices


def _adaptive_avg_pool3d(self: Tensor, output_size: Sequence[int]) -> Tensor:
    if self.dim() == 4:
        return _adaptive_avg_pool3d(self.unsqueeze(0), output_size).squeeze(0)
    flat = aten._adaptive_avg_pool2d(_planes(self), output_size[1:])
    columns = _columns(flat, self.shape[0])
    pooled = aten._adaptive_avg_pool2d(columns, [output_size[0], columns.shape[3]])
    return pooled.reshape(*pooled.shape[:3], *flat.shape[2:])


def _adaptive_max_pool(self: Tensor, output_size: Sequence[int]) -> Any:
    """Each element is the maximum of a window: of [floor(i * in / out), ceil((i + 1) * in / out)) in each dimension."""
    rank = len(output_size)
    sizes = self.shape[-rank:]
    if any(isinstance(size, torch.SymInt) for size in sizes):
        return NotImplemented
    windows = [
        [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
        for size, count in zip(sizes, output_size, strict=True)
    ]
    values: list[Tensor] = []
    places: list[Tensor] = []
    numbers = torch.arange(_product(sizes)).reshape(tuple(sizes))
    for window in itertools.product(*windows):
        part = tuple(slice(begin, end) for begin, end in window)
        value, index = torch.max(self[(..., *part)].flatten(-rank), -1)
        values.append(value)
        places.append(
            torch.index_select(numbers[part].reshape(-1), 0, index.reshape(-1)).reshape(index.shape)
        )
    shape = (*self.shape[:-rank], *output_size)
    return torch.stack(values, -1).reshape(shape), torch.stack(places, -1).reshape(shape)


def _product(sizes: Sequence[int]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """
    The value of a volume at each point of `grid`, whose last dimension is x, y, z from -1 to 1: trilinear (mode 0) or
    nearest (1); outside of the volume zeros (padding mode 0), the border (1) or the reflection (2).
    """
    n, c, *sizes = input.shape
    points = [grid[..., 2 - axis] for axis in range(3)]
    coordinates = [
        _source_coordinate(point, size, padding_mode, align_corners)
        for point, size in zip(points, sizes, strict=True)
    ]
    flat = input.reshape(n, c, -1)
    out_shape = grid.shape[1:4]

    def read(corner: Sequence[Tensor]) -> Tensor:
        inside = torch.ones(corner[0].shape, dtype=torch.bool)
        index = torch.zeros(corner[0].shape, dtype=torch.int64)
        for place, size in zip(corner, sizes, strict=True):
            inside = inside & (place >= 0) & (place <= size - 1)
            index = index * size + torch.clamp(place, 0, size - 1).to(torch.int64)
        found = torch.gather(flat, 2, index.reshape(n, 1, -1).expand(n, c, -1)).reshape(n, c, *out_shape)
        return torch.where(inside.unsqueeze(1), found, 0.0).to(input.dtype)

    if interpolation_mode == 1:
        return read([torch.round(coordinate) for coordinate in coordinates])
    low = [torch.floor(coordinate) for coordinate in coordinates]
    terms: list[Tensor] = []
    for step in itertools.product((0, 1), repeat=3):
        weight = None
        for coordinate, base, up in zip(coordinates, low, step, strict=True):
            share = coordinate - base if up else base + 1 - coordinate
            weight = share if weight is None else weight * share
        assert weight is not None
        corner = [base + up for base, up in zip(low, step, strict=True)]
        terms.append(read(corner) * weight.unsqueeze(1))
    return _sum(terms)


def _source_coordinate(point: Tensor, size: int, padding_mode: int, align_corners: bool) -> Tensor:
    x = (point + 1) * ((size - 1) / 2) if align_corners else ((point + 1) * size - 1) / 2
    if padding_mode == 2:
        low, span = (0.0, size - 1) if align_corners else (-0.5, size)
        if span == 0:
            x = x * 0
        else:
            x = torch.abs(x - low)
            over = torch.fmod(x, span)
            is_even = torch.fmod(torch.floor(x / span), 2) == 0
            x = torch.where(is_even, over + low, span - over + low)
    return torch.clamp(x, 0, size - 1) if padding_mode else x


DECOMPOSITIONS.update(
    {
        aten._adaptive_avg_pool3d.default: _adaptive_avg_pool3d,
        aten.adaptive_max_pool2d.default: _adaptive_max_pool,
        aten.adaptive_max_pool3d.default: _adaptive_max_pool,
        aten.avg_pool3d.default: _avg_pool3d,
        aten.convolution.default: _convolution,
        aten.grid_sampler_3d.default: _grid_sampler_3d,
        aten.max_pool3d_with_indices.default: _max_pool3d_with_indices,
    }
)
