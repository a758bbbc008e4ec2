"""
The shapes that nodes infer are those that PyTorch computes, and a dynamic size stays one unless the node
fixes it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor
from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType, f32
from xdsl.dialects.test import TestPureOp
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import XnnOp

UNKNOWN = TensorType(f32, [])
"""A result type that nothing looks at: shapes are asked for, not checked."""

sizes = st.integers(1, 12)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.tuples(*[st.integers(0, 3)] * 4)


def value(shape: Sequence[int]) -> SSAValue:
    return TestPureOp(result_types=[TensorType(f32, list(shape))]).results[0]


def nhwc(tensor: Tensor) -> tuple[int, ...]:
    n, c, h, w = tensor.shape
    return (n, h, w, c)


def expect(op: XnnOp, dynamic: XnnOp, expected: Sequence[int], fixed: Sequence[int] = ()) -> None:
    """`op` has the shape `expected`; `dynamic`, all of whose sizes are unknown, has none but those of `fixed`."""
    assert op.infer_shape() == tuple(expected)
    assert dynamic.infer_shape() == tuple(
        size if axis in fixed else DYNAMIC_INDEX for axis, size in enumerate(expected)
    )


@given(st.tuples(sizes, sizes, sizes, sizes), sizes, pairs, paddings, pairs, pairs, st.integers(1, 3))
def test_convolution(
    shape: tuple[int, int, int, int],
    outputs: int,
    kernel: tuple[int, int],
    padding: tuple[int, int, int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> None:
    n, h, w, c = shape
    top, right, bottom, left = padding
    assume(
        h + top + bottom > dilation[0] * (kernel[0] - 1) and w + left + right > dilation[1] * (kernel[1] - 1)
    )
    padded = F.pad(torch.zeros(n, c * groups, h, w), (left, right, top, bottom))
    weight = torch.zeros(outputs * groups, c, *kernel)
    expected = nhwc(F.conv2d(padded, weight, stride=stride, dilation=dilation, groups=groups))
    filter = value([outputs * groups, *kernel, c])
    op, dynamic = (
        xnn.Convolution2DOp(
            value(input),
            filter,
            value([outputs * groups]),
            UNKNOWN,
            padding=padding,
            subsampling=stride,
            dilation=dilation,
            groups=groups,
        )
        for input in ([n, h, w, c * groups], [DYNAMIC_INDEX] * 4)
    )
    expect(op, dynamic, expected, fixed=[3])

    multiplier = outputs
    weight = torch.zeros(c * groups * multiplier, 1, *kernel)
    expected = nhwc(F.conv2d(padded, weight, stride=stride, dilation=dilation, groups=c * groups))
    filter = value([1, *kernel, c * groups * multiplier])
    op, dynamic = (
        xnn.DepthwiseConvolution2DOp(
            value(input), filter, None, UNKNOWN, padding=padding, subsampling=stride, dilation=dilation
        )
        for input in ([n, h, w, c * groups], [DYNAMIC_INDEX] * 4)
    )
    expect(op, dynamic, expected, fixed=[3])


@given(st.tuples(sizes, sizes, sizes, sizes), sizes, pairs, pairs, pairs, pairs, pairs, st.integers(1, 3))
def test_deconvolution(
    shape: tuple[int, int, int, int],
    outputs: int,
    kernel: tuple[int, int],
    padding: tuple[int, int],
    adjustment: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> None:
    n, h, w, c = shape
    padding = (padding[0] - 1, padding[1] - 1)
    adjustment = (adjustment[0] - 1, adjustment[1] - 1)
    for extent, k, p, a, s, d in zip((h, w), kernel, padding, adjustment, stride, dilation, strict=True):
        assume((a < s or a < d) and (extent - 1) * s + a + d * (k - 1) + 1 > 2 * p)
    expected = nhwc(
        F.conv_transpose2d(
            torch.zeros(n, c * groups, h, w),
            torch.zeros(c * groups, outputs, *kernel),
            stride=stride,
            padding=padding,
            output_padding=adjustment,
            dilation=dilation,
            groups=groups,
        )
    )
    op, dynamic = (
        xnn.Deconvolution2DOp(
            value(input),
            value([outputs * groups, *kernel, c]),
            None,
            UNKNOWN,
            padding=(padding[0], padding[1], padding[0], padding[1]),
            adjustment=adjustment,
            upsampling=stride,
            dilation=dilation,
            groups=groups,
        )
        for input in ([n, h, w, c * groups], [DYNAMIC_INDEX] * 4)
    )
    expect(op, dynamic, expected, fixed=[3])


@given(st.tuples(sizes, sizes, sizes, sizes), pairs, paddings, pairs, pairs)
def test_pooling(
    shape: tuple[int, int, int, int],
    kernel: tuple[int, int],
    padding: tuple[int, int, int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> None:
    n, h, w, c = shape
    top, right, bottom, left = padding
    padded = F.pad(torch.zeros(n, c, h, w), (left, right, top, bottom))
    inputs = ([n, h, w, c], [DYNAMIC_INDEX] * 4)
    if padded.shape[2] >= kernel[0] and padded.shape[3] >= kernel[1]:
        op, dynamic = (
            xnn.AveragePooling2DOp(value(input), UNKNOWN, padding=padding, pooling=kernel, stride=stride)
            for input in inputs
        )
        expect(op, dynamic, nhwc(F.avg_pool2d(padded, kernel, stride)))
        op, dynamic = (
            xnn.ArgmaxPooling2DOp(value(input), UNKNOWN, UNKNOWN, padding=padding, pooling=kernel)
            for input in inputs
        )
        expect(op, dynamic, nhwc(F.max_pool2d(padded, kernel)))
    span = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if (
        padded.shape[2] > span[0]
        and padded.shape[3] > span[1]
        and stride[0] <= kernel[0]
        and stride[1] <= kernel[1]
    ):
        op, dynamic = (
            xnn.MaxPooling2DOp(
                value(input), UNKNOWN, padding=padding, pooling=kernel, stride=stride, dilation=dilation
            )
            for input in inputs
        )
        expect(op, dynamic, nhwc(F.max_pool2d(padded, kernel, stride, dilation=dilation)))
    op, dynamic = (xnn.GlobalAveragePooling2DOp(value(input), UNKNOWN) for input in inputs)
    expect(op, dynamic, nhwc(F.adaptive_avg_pool2d(torch.zeros(n, c, h, w), 1)), fixed=[1, 2])
    op, dynamic = (xnn.StaticResizeBilinear2DOp(value(input), UNKNOWN, new_size=kernel) for input in inputs)
    expected = nhwc(F.interpolate(torch.zeros(n, c, h, w), kernel, mode="bilinear"))
    expect(op, dynamic, expected, fixed=[1, 2])
    block = kernel[0]
    op, dynamic = (
        xnn.DepthToSpace2DOp(value(input), UNKNOWN, block_size=block)
        for input in ([n, h, w, c * block * block], [DYNAMIC_INDEX] * 4)
    )
    expect(op, dynamic, nhwc(F.pixel_shuffle(torch.zeros(n, c * block * block, h, w), block)))


@given(st.data(), st.lists(sizes, min_size=1, max_size=6))
def test_moves(data: st.DataObject, shape: list[int]) -> None:
    rank = len(shape)
    x = torch.zeros(shape)
    inputs = (shape, [DYNAMIC_INDEX] * rank)

    perm = data.draw(st.permutations(range(rank)))
    op, dynamic = (xnn.StaticTransposeOp(value(input), UNKNOWN, perm=perm) for input in inputs)
    expect(op, dynamic, x.permute(*perm).shape)

    before, after = (data.draw(st.lists(st.integers(0, 3), min_size=rank, max_size=rank)) for _ in range(2))
    op, dynamic = (
        xnn.StaticConstantPadOp(value(input), UNKNOWN, pre_paddings=before, post_paddings=after)
        for input in inputs
    )
    pairs = [amount for pair in list(zip(before, after, strict=True))[::-1] for amount in pair]
    expect(op, dynamic, F.pad(x, pairs).shape)

    offsets = [data.draw(st.integers(0, size - 1)) for size in shape]
    counts = [data.draw(st.integers(0, size - offset)) for size, offset in zip(shape, offsets, strict=True)]
    op, dynamic = (
        xnn.StaticSliceOp(value(input), UNKNOWN, offsets=offsets, sizes=counts) for input in inputs
    )
    cuts = tuple(slice(a, a + n if n else None) for a, n in zip(offsets, counts, strict=True))
    expect(op, dynamic, x[cuts].shape, fixed=[axis for axis, count in enumerate(counts) if count])

    axis = data.draw(st.integers(0, rank - 1))
    others = data.draw(st.lists(sizes, min_size=1, max_size=4))
    parts = [shape, *([*shape[:axis], size, *shape[axis + 1 :]] for size in others)]
    op = xnn.ConcatenateOp([value(part) for part in parts], UNKNOWN, axis=axis)
    dynamic = xnn.ConcatenateOp([value(inputs[1]) for _ in parts], UNKNOWN, axis=axis)
    expect(op, dynamic, torch.cat([torch.zeros(part) for part in parts], axis).shape)

    axes = sorted(data.draw(st.sets(st.integers(0, rank - 1), min_size=1)))
    for keep in (False, True):
        op, dynamic = (
            xnn.StaticReduceOp(value(input), UNKNOWN, kind="mean", axes=axes, keep_dims=keep)
            for input in inputs
        )
        expect(op, dynamic, x.mean(axes, keepdim=keep).shape, fixed=axes if keep else ())


@given(st.data(), st.lists(sizes, min_size=0, max_size=4), sizes, sizes, sizes)
def test_products_and_broadcasts(data: st.DataObject, batch: list[int], m: int, k: int, n: int) -> None:
    # Some of one operand's sizes are 1, and some leading ones are missing.
    other = [data.draw(st.sampled_from([1, size])) for size in batch][data.draw(st.integers(0, len(batch))) :]
    a, b = torch.zeros([*batch, m, k]), torch.zeros([*other, k, n])
    op = xnn.BatchMatrixMultiplyOp(value(a.shape), value(b.shape), UNKNOWN)
    assert op.infer_shape() == (a @ b).shape
    op = xnn.BatchMatrixMultiplyOp(value(a.shape), value(b.mT.shape), UNKNOWN, transpose_b=True)
    assert op.infer_shape() == (a @ b).shape
    op = xnn.FullyConnectedOp(value(a.shape), value([n, k]), None, UNKNOWN)
    assert op.infer_shape() == F.linear(a, torch.zeros(n, k)).shape
    op = xnn.AddOp(value(batch), value(other), UNKNOWN)
    assert op.infer_shape() == (torch.zeros(batch) + torch.zeros(other)).shape
    op = xnn.AddOp(value(other), value([DYNAMIC_INDEX] * len(batch)), UNKNOWN)
    padded = [1] * (len(batch) - len(other)) + other
    assert op.infer_shape() == tuple(DYNAMIC_INDEX if size == 1 else size for size in padded)
