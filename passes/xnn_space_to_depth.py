"""
Compute strided convolutions of few int8 channels as ones of stride 1 whose channels are the pixels of a block.

XNNPACK's int8 kernels take input channels four at a time, and follow a pointer for each place of the filter. On images
of three channels, where networks have their largest filters, that is most of the time. With blocks of stride x stride
pixels as channels the filter has fewer places, and each has full groups of four. The transpose to NHWC in front of it
makes the blocks; what the filter gains at its edges are zeros, and the sums are the same integers.

    %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x224x224x!q>) -> tensor<1x224x224x3x!q>
    %y = xnn.convolution_2d %t, %w, %b {padding = array<i64: 3, 3, 3, 3>, subsampling = array<i64: 2, 2>, ...}
         : (tensor<1x224x224x3x!q>, tensor<64x7x7x3x!k>, ...) -> tensor<1x112x112x64x!q>

becomes

    %a = xnn.static_reshape %x : (tensor<1x3x224x224x!q>) -> tensor<1x3x112x2x112x2x!q>
    %b = xnn.static_transpose %a {perm = array<i64: 0, 2, 4, 1, 3, 5>} : (...) -> tensor<1x112x112x3x2x2x!q>
    %c = xnn.static_reshape %b : (...) -> tensor<1x112x112x12x!q>
    %y = xnn.convolution_2d %c, %v, %b {padding = array<i64: 2, 1, 1, 2>, subsampling = array<i64: 1, 1>, ...}
         : (tensor<1x112x112x12x!q>, tensor<64x4x4x12x!k>, ...) -> tensor<1x112x112x64x!q>

Floats stay as they are: their kernels waste nothing on three channels, and zero times infinity is no zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import DYNAMIC_INDEX, ModuleOp, TensorType
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects import xnn
from xnnir.dialects.weights import Array, WeightStore, get_weight_store
from xnnir.dialects.xnn.base import element_type_of, i64_array, ints, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, tensor_type
from xnnir.dialects.xnn.types import datatype
from xnnir.passes._constants import array_of, constant_like

_NHWC = (0, 2, 3, 1)
_POINTER = 1.75
"""What it costs to go to another place of the filter, in groups of four channels; measured with AVX512-VNNI."""
_WORTH = 0.8
"""Of the cost of the convolution as it was; below, for a transpose of blocks takes longer than one of pixels."""


class Axis(NamedTuple):
    """A convolution along rows or columns: sizes in pixels, or in blocks of them."""

    size: int
    kernel: int
    before: int
    after: int

    def in_blocks(self, stride: int, outputs: int) -> Axis | None:
        """The same with one step a block; None where blocks of `stride` do not cover the axis, or padding is cut."""
        if self.size % stride:
            return None
        size, before = self.size // stride, -(-self.before // stride)
        kernel = -(-(self.kernel + self.offset(stride)) // stride)
        after = outputs - 1 + kernel - size - before
        return Axis(size, kernel, before, after) if after >= 0 else None

    def offset(self, stride: int) -> int:
        """Zeros before the filter, so that windows begin where blocks do."""
        return -self.before % stride


def _cost(places: int, channels: int) -> float:
    return places * (_POINTER + -(-channels // 4))


class _Blocks:
    """A convolution that may be computed over blocks."""

    def __init__(self, op: xnn.Convolution2DOp, transpose: xnn.StaticTransposeOp, filter: xnn.ConstantOp):
        self.op, self.transpose, self.filter = op, transpose, filter
        _, *sizes, self.channels = tensor_type_of(op.input).get_shape()
        _, *outputs, _ = tensor_type_of(op.output).get_shape()
        self.outputs = outputs
        self.strides = ints(op.subsampling)
        kernel = tensor_type_of(filter.result).get_shape()[1:3]
        top, right, bottom, left = ints(op.padding)
        self.rows = Axis(sizes[0], kernel[0], top, bottom)
        self.columns = Axis(sizes[1], kernel[1], left, right)

    @classmethod
    def of(cls, op: xnn.Convolution2DOp) -> _Blocks | None:
        """None where blocks would not compute the same, or there is no transpose that could make them."""
        transpose, filter = op.input.owner, op.filter.owner
        if (
            not isinstance(transpose, xnn.StaticTransposeOp)
            or ints(transpose.perm) != _NHWC
            or not isinstance(filter, xnn.ConstantOp)
            or datatype(element_type_of(op.input)) != "qint8"
            or datatype(element_type_of(op.filter)) not in ("qint8", "qcint8")
            or op.groups.value.data != 1
            or set(ints(op.dilation)) != {1}
            or DYNAMIC_INDEX in tensor_type_of(op.input).get_shape()[1:]
        ):
            return None
        return cls(op, transpose, filter)

    def rewrite(self, store: WeightStore) -> None:
        """Compute over blocks, where that is possible and pays."""
        rows = self.rows.in_blocks(self.strides[0], self.outputs[0])
        columns = self.columns.in_blocks(self.strides[1], self.outputs[1])
        if rows is None or columns is None:
            return
        channels = self.channels * self.strides[0] * self.strides[1]
        before = _cost(self.rows.kernel * self.columns.kernel, self.channels)
        if _cost(rows.kernel * columns.kernel, channels) > _WORTH * before:
            return
        op, type = self.op, tensor_type_of(self.filter.result)
        filter = constant_like(
            self.filter,
            self._filter(array_of(self.filter, store), rows.kernel, columns.kernel),
            TensorType(type.element_type, [type.get_shape()[0], rows.kernel, columns.kernel, channels]),
            store,
        )
        filter.location, filter.result.name_hint = self.filter.location, self.filter.result.name_hint
        block = op.parent
        assert block is not None
        block.insert_op_before(filter, op)
        op.operands[0], op.operands[1] = self._input(rows, columns, channels), filter.result
        op.properties["padding"] = i64_array((rows.before, columns.after, rows.after, columns.before))
        op.properties["subsampling"] = i64_array((1, 1))
        if self.transpose.output.first_use is None:
            self.transpose.detach()
            self.transpose.erase()

    def _filter(self, filter: Array, height: int, width: int) -> Array:
        """[O, KH, KW, C] with zeros around it, as [O, height, width, C * blocks' rows * blocks' columns]."""
        (sh, sw), (o, kh, kw, c) = self.strides, filter.shape
        top, left = self.rows.offset(sh), self.columns.offset(sw)
        margins = ((0, 0), (top, height * sh - top - kh), (left, width * sw - left - kw), (0, 0))
        padded = np.pad(filter, margins).reshape(o, height, sh, width, sw, c)
        return np.ascontiguousarray(padded.transpose(0, 1, 3, 5, 2, 4)).reshape(o, height, width, -1)

    def _input(self, rows: Axis, columns: Axis, channels: int) -> SSAValue:
        x = self.transpose.input
        batch, *_ = dims_of(tensor_type_of(x))
        pixels: Sequence[int | DimAttr] = (
            *(batch, self.channels),
            *(rows.size, self.strides[0], columns.size, self.strides[1]),
        )
        perm = (0, 2, 4, 1, 3, 5)
        element_type = element_type_of(x)
        split = xnn.StaticReshapeOp(x, tensor_type(element_type, pixels))
        blocks = xnn.StaticTransposeOp(
            split.output, tensor_type(element_type, [pixels[axis] for axis in perm]), perm=perm
        )
        merged = xnn.StaticReshapeOp(
            blocks.output, tensor_type(element_type, (batch, rows.size, columns.size, channels))
        )
        for new in (split, blocks, merged):
            new.location = self.transpose.location
            new.results[0].name_hint = self.transpose.output.name_hint
            block = self.op.parent
            assert block is not None
            block.insert_op_before(new, self.op)
        return merged.output


@dataclass(frozen=True)
class XnnSpaceToDepthPass(ModulePass):
    """Compute strided convolutions of few int8 channels over blocks of pixels, where that is faster."""

    name = "xnn-space-to-depth"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        store = get_weight_store(ctx)
        for node in [node for node in op.walk() if isinstance(node, xnn.Convolution2DOp)]:
            if (blocks := _Blocks.of(node)) is not None:
                blocks.rewrite(store)
