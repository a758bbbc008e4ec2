"""Nodes that move numbers without changing them: transpose, reshape, slice, pad, concatenate."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    Float32Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.xnn.base import (
    AnyTensor,
    Shape,
    XnnOp,
    expect_length,
    f32_attr,
    format_shape,
    i64_array,
    ints,
    shape_of,
)


@irdl_op_definition
class StaticTransposeOp(XnnOp):
    """
    Dimension i of the result is dimension perm[i] of the operand (`xnn_define_static_transpose`).

    Example:
        %y = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>}
             : (tensor<1x3x224x224xf32>) -> tensor<1x224x224x3xf32>
    """

    name = "xnn.static_transpose"

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)
    perm = prop_def(DenseArrayBase.constr(i64))

    def __init__(self, input: SSAValue, result_type: Attribute, *, perm: Sequence[int]):
        super().__init__(operands=[input], result_types=[result_type], properties={"perm": i64_array(perm)})

    def infer_shape(self) -> Shape:
        shape, perm = shape_of(self.input), ints(self.perm)
        if sorted(perm) != list(range(len(shape))):
            raise VerifyException(
                f"expected perm to be a permutation of 0..{len(shape) - 1}, got {list(perm)}"
            )
        return tuple(shape[axis] for axis in perm)


@irdl_op_definition
class StaticReshapeOp(XnnOp):
    """
    The same elements in row-major order with another shape (`xnn_define_static_reshape`). The shape is
    the result's; at most one of its sizes is dynamic, and XNNPACK works that one out.

    Example:
        %y = xnn.static_reshape %x : (tensor<1x1x1x1280xf32>) -> tensor<1x1280xf32>
    """

    name = "xnn.static_reshape"

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)

    def __init__(self, input: SSAValue, result_type: Attribute):
        super().__init__(operands=[input], result_types=[result_type])

    def infer_shape(self) -> Shape:
        before, after = shape_of(self.input), shape_of(self.output)
        if DYNAMIC_INDEX not in (*before, *after) and _numel(before) != _numel(after):
            raise VerifyException(
                f"expected a result of {_numel(before)} elements, got {format_shape(after)} with {_numel(after)}"
            )
        if after.count(DYNAMIC_INDEX) > 1:
            raise VerifyException(
                f"expected at most one dynamic size in the result, got {format_shape(after)}"
            )
        return after


@irdl_op_definition
class StaticSliceOp(XnnOp):
    """
    `sizes` elements from `offsets` on in each dimension (`xnn_define_static_slice`); size 0 means all that follow.

    Example:
        %y = xnn.static_slice %x {offsets = array<i64: 0, 4>, sizes = array<i64: 2, 4>}
             : (tensor<2x8xf32>) -> tensor<2x4xf32>
    """

    name = "xnn.static_slice"

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)
    offsets = prop_def(DenseArrayBase.constr(i64))
    sizes = prop_def(DenseArrayBase.constr(i64))

    def __init__(
        self, input: SSAValue, result_type: Attribute, *, offsets: Sequence[int], sizes: Sequence[int]
    ):
        super().__init__(
            operands=[input],
            result_types=[result_type],
            properties={"offsets": i64_array(offsets), "sizes": i64_array(sizes)},
        )

    def infer_shape(self) -> Shape:
        shape = shape_of(self.input)
        offsets = expect_length(self.offsets, len(shape), "offsets", 0)
        sizes = expect_length(self.sizes, len(shape), "sizes", 0)
        result: list[int] = []
        for axis, (whole, offset, size) in enumerate(zip(shape, offsets, sizes, strict=True)):
            if whole == DYNAMIC_INDEX:
                result.append(size or DYNAMIC_INDEX)
                continue
            if offset + size > whole:
                raise VerifyException(
                    f"expected offset + size of at most {whole} in dimension {axis}, got {offset} + {size}"
                )
            result.append(size or whole - offset)
        return tuple(result)


@irdl_op_definition
class StaticConstantPadOp(XnnOp):
    """
    The operand with `value` around it (`xnn_define_static_constant_pad`).

    Example:
        %y = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 0, 0, 0>, post_paddings = array<i64: 0, 1, 1, 0>,
               value = 0.0 : f32} : (tensor<1x8x8x3xf32>) -> tensor<1x9x9x3xf32>
    """

    name = "xnn.static_constant_pad"

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)
    pre_paddings = prop_def(DenseArrayBase.constr(i64))
    post_paddings = prop_def(DenseArrayBase.constr(i64))
    value = prop_def(FloatAttr[Float32Type])

    def __init__(
        self,
        input: SSAValue,
        result_type: Attribute,
        *,
        pre_paddings: Sequence[int],
        post_paddings: Sequence[int],
        value: float = 0.0,
    ):
        super().__init__(
            operands=[input],
            result_types=[result_type],
            properties={
                "pre_paddings": i64_array(pre_paddings),
                "post_paddings": i64_array(post_paddings),
                "value": f32_attr(value),
            },
        )

    def infer_shape(self) -> Shape:
        shape = shape_of(self.input)
        before = expect_length(self.pre_paddings, len(shape), "pre_paddings", 0)
        after = expect_length(self.post_paddings, len(shape), "post_paddings", 0)
        return tuple(
            DYNAMIC_INDEX if size == DYNAMIC_INDEX else size + a + b
            for size, a, b in zip(shape, before, after, strict=True)
        )


@irdl_op_definition
class ConcatenateOp(XnnOp):
    """
    Two to five tensors one after the other along `axis` (`xnn_define_concatenate2` to `5`).

    Example:
        %y = xnn.concatenate %a, %b {axis = 1 : i64} : (tensor<2x4xf32>, tensor<2x3xf32>) -> tensor<2x7xf32>
    """

    name = "xnn.concatenate"

    inputs = var_operand_def(AnyTensor)
    output = result_def(AnyTensor)
    axis = prop_def(IntegerAttr[IntegerType])

    MAX_INPUTS: ClassVar[int] = 5

    def __init__(self, inputs: Sequence[SSAValue], result_type: Attribute, *, axis: int):
        super().__init__(
            operands=[inputs], result_types=[result_type], properties={"axis": IntegerAttr(axis, i64)}
        )

    def infer_shape(self) -> Shape:
        if not 2 <= len(self.inputs) <= self.MAX_INPUTS:
            raise VerifyException(f"expected 2 to {self.MAX_INPUTS} operands, got {len(self.inputs)}")
        shapes = [shape_of(value) for value in self.inputs]
        axis = self.axis.value.data
        rank = len(shapes[0])
        if not 0 <= axis < rank:
            raise VerifyException(f"expected axis in 0..{rank - 1}, got {axis}")
        result = list(shapes[0])
        for shape in shapes[1:]:
            if len(shape) != rank or any(
                a != b and DYNAMIC_INDEX not in (a, b) and index != axis
                for index, (a, b) in enumerate(zip(result, shape, strict=False))
            ):
                raise VerifyException(
                    f"expected operands that differ only in dimension {axis}, "
                    f"got {format_shape(shapes[0])} and {format_shape(shape)}"
                )
            result[axis] = (
                DYNAMIC_INDEX if DYNAMIC_INDEX in (result[axis], shape[axis]) else result[axis] + shape[axis]
            )
        return tuple(result)


class _BlocksOp(XnnOp, ABC):
    """What moves elements between channels and blocks of `block_size` rows and columns of an NHWC tensor."""

    input = operand_def(AnyTensor)
    output = result_def(AnyTensor)
    block_size = prop_def(IntegerAttr[IntegerType])

    def __init__(self, input: SSAValue, result_type: Attribute, *, block_size: int):
        super().__init__(
            operands=[input],
            result_types=[result_type],
            properties={"block_size": IntegerAttr(block_size, i64)},
        )

    def _nhwc_and_block(self) -> tuple[Shape, int]:
        shape = shape_of(self.input)
        if len(shape) != 4:
            raise VerifyException(f"expected an NHWC input of rank 4, got {self.input.type}")
        return shape, self.block_size.value.data


@irdl_op_definition
class DepthToSpace2DOp(_BlocksOp):
    """Channels to blocks of `block_size` rows and columns of an NHWC tensor (`xnn_define_depth_to_space_2d`)."""

    name = "xnn.depth_to_space_2d"

    def infer_shape(self) -> Shape:
        (n, h, w, c), block = self._nhwc_and_block()
        if block < 1 or (c != DYNAMIC_INDEX and c % (block * block)):
            raise VerifyException(f"expected channels that are a multiple of {block} * {block}, got {c}")
        rows, columns = [DYNAMIC_INDEX if size == DYNAMIC_INDEX else size * block for size in (h, w)]
        return (n, rows, columns, c if c == DYNAMIC_INDEX else c // (block * block))


@irdl_op_definition
class SpaceToDepth2DOp(_BlocksOp):
    """Blocks of `block_size` rows and columns of an NHWC tensor to channels (`xnn_define_space_to_depth_2d`)."""

    name = "xnn.space_to_depth_2d"

    def infer_shape(self) -> Shape:
        (n, h, w, c), block = self._nhwc_and_block()
        if block < 1 or any(size != DYNAMIC_INDEX and size % block for size in (h, w)):
            raise VerifyException(f"expected rows and columns that are multiples of {block}, got {h} and {w}")
        rows, columns = [DYNAMIC_INDEX if size == DYNAMIC_INDEX else size // block for size in (h, w)]
        return (n, rows, columns, c if c == DYNAMIC_INDEX else c * block * block)


def _numel(shape: Sequence[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
