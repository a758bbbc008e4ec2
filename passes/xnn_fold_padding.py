"""
Turn padding nodes into the padding of the convolution or pool that follows.

Models pad asymmetrically (TensorFlow's SAME) with an op of its own, which costs a copy of the whole tensor.
XNNPACK's spatial nodes take any padding on each of the four sides for nothing.

    %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 0, 0, 0>,
           post_paddings = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : (...) -> tensor<1x9x9x3xf32>
    %y = xnn.convolution_2d %p, %w {padding = array<i64: 0, 0, 0, 0>, ...} : (...)

becomes

    %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 1, 1, 0>, ...} : (...)

A convolution's own padding is zeros; a max pool's is lower than every number; an average pool does not count
its own, so padding with zeros never folds into it.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue, Use
from xdsl.passes import ModulePass

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import element_type_of, i64_array, ints, tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, tensor_type
from xnnir.passes.xnn_fuse_activation import output_bounds

Padding = tuple[int, int, int, int]
"""Top, right, bottom, left."""

Padded = xnn.Convolution2DOp | xnn.DepthwiseConvolution2DOp | xnn.Deconvolution2DOp | xnn.MaxPooling2DOp

NOT_NEGATIVE = (xnn.AbsOp, xnn.ExpOp, xnn.SigmoidOp, xnn.SoftmaxOp, xnn.SquareOp, xnn.SquareRootOp)
KEEPS_SIGN = (
    xnn.AveragePooling2DOp,
    xnn.ConcatenateOp,
    xnn.GlobalAveragePooling2DOp,
    xnn.MaxPooling2DOp,
    xnn.StaticReshapeOp,
    xnn.StaticSliceOp,
    xnn.StaticTransposeOp,
)


def is_not_negative(value: SSAValue, depth: int = 8) -> bool:
    """Whether no number of `value` can be below zero, as far as up to `depth` ops before it tell."""
    owner = value.owner
    if not isinstance(owner, Operation):
        return False
    if isinstance(owner, NOT_NEGATIVE) or output_bounds(owner)[0] >= 0.0:
        return True
    return (
        isinstance(owner, KEEPS_SIGN)
        and depth > 0
        and all(is_not_negative(v, depth - 1) for v in owner.operands)
    )


def spatial_padding(pad: xnn.StaticConstantPadOp, perm: tuple[int, ...]) -> Padding | None:
    """
    What `pad` adds around rows and columns, seen after a transpose by `perm` to NHWC. None when it pads
    batch or channels.
    """
    before, after = ints(pad.pre_paddings), ints(pad.post_paddings)
    if len(before) != 4:
        return None
    before, after = [before[axis] for axis in perm], [after[axis] for axis in perm]
    if before[0] or after[0] or before[3] or after[3]:
        return None
    return before[1], after[2], after[1], before[2]


def folded_padding(user: Operation, pad: xnn.StaticConstantPadOp, added: Padding) -> Padding | None:
    """The padding with which `user` computes the same from the operand of `pad`; None when there is none."""
    value = pad.value.value.data
    if not isinstance(user, Padded):
        return None
    top, right, bottom, left = ints(user.padding)
    if isinstance(user, xnn.Deconvolution2DOp):
        # Its padding crops the output, to which each row or column of zeros adds one step.
        height, width = ints(user.upsampling)
        sides = (
            top - added[0] * height,
            right - added[1] * width,
            bottom - added[2] * height,
            left - added[3] * width,
        )
        return sides if value == 0.0 and min(sides) >= 0 else None
    total = (top + added[0], right + added[1], bottom + added[2], left + added[3])
    if not isinstance(user, xnn.MaxPooling2DOp):
        return total if value == 0.0 else None
    # Zeros lose against numbers that are not negative, if each window has such a number.
    ignored = value == float("-inf") or (value == 0.0 and is_not_negative(pad.input))
    height, width = (d * (k - 1) + 1 for k, d in zip(ints(user.pooling), ints(user.dilation), strict=True))
    one_real_element = max(total[0], total[2]) < height and max(total[1], total[3]) < width
    return total if ignored and one_real_element else None


class Folder:
    """Folds one padding node into its users, and makes each transpose of its operand once."""

    def __init__(self, pad: xnn.StaticConstantPadOp):
        self.pad = pad
        self.transposed: dict[tuple[int, ...], SSAValue] = {}

    def run(self) -> None:
        for use in list(self.pad.output.uses):
            self._fold_use(use, (0, 1, 2, 3))
        if self.pad.output.first_use is None:
            self.pad.detach()
            self.pad.erase()

    def _fold_use(self, use: Use, perm: tuple[int, ...]) -> None:
        user = use.operation
        if isinstance(user, xnn.StaticTransposeOp):
            if perm != (0, 1, 2, 3) or len(ints(user.perm)) != 4:
                return
            for inner in list(user.output.uses):
                self._fold_use(inner, ints(user.perm))
            if user.output.first_use is None:
                user.detach()
                user.erase()
            return
        added = spatial_padding(self.pad, perm) if use.index == 0 else None
        padding = None if added is None else folded_padding(user, self.pad, added)
        if padding is not None:
            user.operands[0] = self._unpadded(perm)
            user.properties["padding"] = i64_array(padding)

    def _unpadded(self, perm: tuple[int, ...]) -> SSAValue:
        if perm == (0, 1, 2, 3):
            return self.pad.input
        if perm not in self.transposed:
            dims = dims_of(tensor_type_of(self.pad.input))
            type = tensor_type(element_type_of(self.pad.input), [dims[axis] for axis in perm])
            transpose = xnn.StaticTransposeOp(self.pad.input, type, perm=perm)
            transpose.location = self.pad.location
            transpose.output.name_hint = self.pad.input.name_hint
            block = self.pad.parent
            assert block is not None
            block.insert_op_before(transpose, self.pad)
            self.transposed[perm] = transpose.output
        return self.transposed[perm]


def merge_into_previous(pad: xnn.StaticConstantPadOp) -> None:
    """Make two paddings in a row with the same number one."""
    previous = pad.input.owner
    if not isinstance(previous, xnn.StaticConstantPadOp) or previous.value != pad.value:
        return
    pad.properties["pre_paddings"] = i64_array(
        [a + b for a, b in zip(ints(previous.pre_paddings), ints(pad.pre_paddings), strict=True)]
    )
    pad.properties["post_paddings"] = i64_array(
        [a + b for a, b in zip(ints(previous.post_paddings), ints(pad.post_paddings), strict=True)]
    )
    pad.operands[0] = previous.input
    if previous.output.first_use is None:
        previous.detach()
        previous.erase()


@dataclass(frozen=True)
class XnnFoldPaddingPass(ModulePass):
    """Fold padding nodes into the convolutions and max pools that follow."""

    name = "xnn-fold-padding"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for pad in [node for node in op.walk() if isinstance(node, xnn.StaticConstantPadOp)]:
            merge_into_previous(pad)
            Folder(pad).run()
