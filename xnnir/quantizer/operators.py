"""
ATen operators by what the quantizer does with them, and the nodes of XNNPACK that they become.

Which of the nodes take int8 is asked of the table in `xnnir.dialects.xnn.support`, never written down here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch._ops import OpOverload, OpOverloadPacket
from xdsl.ir import Operation

from xnnir.dialects import xnn
from xnnir.dialects.xnn.support import SUPPORT

Target: TypeAlias = OpOverload | OpOverloadPacket
"""What `torch.fx` calls the target of a node, and what a user names an operator by."""

_aten = torch.ops.aten

LINEAR = frozenset({_aten.linear.default})
CONV = frozenset(
    {
        _aten.conv1d.default,
        _aten.conv1d.padding,
        _aten.conv2d.default,
        _aten.conv2d.padding,
        _aten.convolution.default,
    }
)
CONV_TRANSPOSE = frozenset({_aten.conv_transpose1d.default, _aten.conv_transpose2d.input})
BATCH_NORM = frozenset({_aten.batch_norm.default})
ADD = frozenset({_aten.add.Tensor, _aten.add_.Tensor})
SUB = frozenset({_aten.sub.Tensor, _aten.sub_.Tensor})
MUL = frozenset({_aten.mul.Tensor, _aten.mul_.Tensor})
CAT = frozenset({_aten.cat.default, _aten.concat.default, _aten.stack.default})
ADAPTIVE_AVG_POOL2D = frozenset({_aten.adaptive_avg_pool2d.default})
LEAKY_RELU = frozenset({_aten.leaky_relu.default, _aten.leaky_relu_.default})
PRELU = frozenset({_aten.prelu.default})
GRU = frozenset({_aten.gru.input})

ACTIVATIONS = frozenset(
    {
        _aten.relu.default,
        _aten.relu_.default,
        _aten.relu6.default,
        _aten.relu6_.default,
        _aten.hardtanh.default,
        _aten.hardtanh_.default,
        _aten.clamp.default,
        _aten.clamp_.default,
        _aten.clamp_min.default,
        _aten.clamp_min_.default,
        _aten.clamp_max.default,
        _aten.clamp_max_.default,
    }
)
"""What becomes the output bounds of the node before."""

NORMS = frozenset(
    {
        _aten.layer_norm.default,
        _aten.native_layer_norm.default,
        _aten.group_norm.default,
        _aten.instance_norm.default,
        _aten.rms_norm.default,
    }
)
"""Normalisation by statistics of the values themselves, which XNNPACK computes in float."""

NORM_PARTS = frozenset(
    {
        _aten.rsqrt.default,
        _aten.sqrt.default,
        _aten.reciprocal.default,
        _aten.pow.Tensor_Scalar,
        _aten.square.default,
        _aten.var.default,
        _aten.var.dim,
        _aten.var.correction,
        _aten.std.default,
        _aten.std.dim,
        _aten.std.correction,
    }
)
"""What normalisations are made of where they are written out, as of RMS in language models."""

COMPUTED: Mapping[Target, type[Operation]] = {
    _aten.abs.default: xnn.AbsOp,
    _aten.abs_.default: xnn.AbsOp,
    _aten.neg.default: xnn.NegateOp,
    _aten.neg_.default: xnn.NegateOp,
    _aten.sign.default: xnn.SignOp,
    _aten.sgn.default: xnn.SignOp,
    _aten.hardswish.default: xnn.HardswishOp,
    _aten.hardswish_.default: xnn.HardswishOp,
    _aten.sigmoid.default: xnn.SigmoidOp,
    _aten.sigmoid_.default: xnn.SigmoidOp,
    _aten.tanh.default: xnn.TanhOp,
    _aten.tanh_.default: xnn.TanhOp,
    _aten.elu.default: xnn.EluOp,
    _aten.elu_.default: xnn.EluOp,
    _aten.gelu.default: xnn.GeluOp,
    _aten.gelu_.default: xnn.GeluOp,
    _aten.leaky_relu.default: xnn.LeakyReluOp,
    _aten.leaky_relu_.default: xnn.LeakyReluOp,
    _aten.softmax.int: xnn.SoftmaxOp,
    _aten._softmax.default: xnn.SoftmaxOp,
    _aten.prelu.default: xnn.PreluOp,
    _aten.avg_pool1d.default: xnn.AveragePooling2DOp,
    _aten.avg_pool2d.default: xnn.AveragePooling2DOp,
    _aten.div.Tensor: xnn.DivideOp,
    _aten.div_.Tensor: xnn.DivideOp,
    _aten.reciprocal.default: xnn.DivideOp,
    _aten.maximum.default: xnn.MaximumOp,
    _aten.max.other: xnn.MaximumOp,
    _aten.minimum.default: xnn.MinimumOp,
    _aten.min.other: xnn.MinimumOp,
    _aten.matmul.default: xnn.BatchMatrixMultiplyOp,
    _aten.bmm.default: xnn.BatchMatrixMultiplyOp,
    _aten.log.default: xnn.LogOp,
    _aten.sqrt.default: xnn.SquareRootOp,
    _aten.rsqrt.default: xnn.ReciprocalSquareRootOp,
    _aten.atan2.default: xnn.Atan2Op,
    _aten.fmod.Tensor: xnn.ModulusOp,
    _aten.pow.Tensor_Tensor: xnn.PowOp,
    _aten.copysign.Tensor: xnn.CopysignOp,
    _aten.sum.default: xnn.StaticReduceOp,
    _aten.sum.dim_IntList: xnn.StaticReduceOp,
    _aten.amax.default: xnn.StaticReduceOp,
    _aten.amin.default: xnn.StaticReduceOp,
}
"""
Operators whose result has a range of its own. They are coded where the table has int8 for their node, and left in
float, with the table's reason, where it has not.
"""

_OF_ANGLES = "a step of the coding of its input may be a large part of the period"
_IN_JUMPS = "where its input is rounded over a whole number, its result is off by one"

SENSITIVE: Mapping[Target, tuple[type[Operation], str]] = {
    _aten.exp.default: (xnn.ExpOp, "a step of the coding of its input is a factor of its result"),
    _aten.square.default: (xnn.SquareOp, "small numbers would all be 0: their squares take twice the digits"),
    _aten.sin.default: (xnn.SineOp, _OF_ANGLES),
    _aten.cos.default: (xnn.CosineOp, _OF_ANGLES),
    _aten.ceil.default: (xnn.CeilingOp, _IN_JUMPS),
    _aten.floor.default: (xnn.FloorOp, _IN_JUMPS),
    _aten.round.default: (xnn.BankersRoundingOp, _IN_JUMPS),
}
"""
Operators that XNNPACK has in int8, and that lose more than an operator should by a coding of their input: why. They are
coded where the user names them, and only there.
"""

MOVEMENTS: Mapping[Target, type[Operation]] = {
    **dict.fromkeys(
        (
            _aten.permute.default,
            _aten.permute_copy.default,
            _aten.transpose.int,
            _aten.t.default,
            _aten.mT.default,
            _aten.swapaxes.default,
            _aten.swapdims.default,
            _aten.movedim.int,
        ),
        xnn.StaticTransposeOp,
    ),
    **dict.fromkeys(
        (
            _aten.squeeze.default,
            _aten.squeeze.dim,
            _aten.squeeze.dims,
            _aten.squeeze_copy.dim,
            _aten.unsqueeze.default,
            _aten.unsqueeze_copy.default,
            _aten.view.default,
            _aten.view_copy.default,
            _aten.reshape.default,
            _aten.flatten.using_ints,
            _aten.unflatten.int,
        ),
        xnn.StaticReshapeOp,
    ),
    **dict.fromkeys(
        (_aten.slice.Tensor, _aten.slice_copy.Tensor, _aten.narrow.default, _aten.select.int),
        xnn.StaticSliceOp,
    ),
    # Identity once not training, which is how a quantised model is deployed; the others are about memory.
    **dict.fromkeys(
        (
            _aten.dropout.default,
            _aten.dropout_.default,
            _aten.contiguous.default,
            _aten.clone.default,
            _aten.detach.default,
            _aten.alias.default,
        ),
        xnn.CopyOp,
    ),
    _aten.pad.default: xnn.StaticConstantPadOp,
    _aten.constant_pad_nd.default: xnn.StaticConstantPadOp,
    _aten.pixel_shuffle.default: xnn.DepthToSpace2DOp,
    _aten.pixel_unshuffle.default: xnn.SpaceToDepth2DOp,
    _aten.upsample_nearest2d.default: xnn.ConcatenateOp,
    _aten.upsample_nearest2d.vec: xnn.ConcatenateOp,
}
"""Operators that change no number."""

SPLITS: Mapping[Target, type[Operation]] = dict.fromkeys(
    (_aten.chunk.default, _aten.split.Tensor, _aten.split_with_sizes.default, _aten.unbind.int),
    xnn.StaticSliceOp,
)
"""Movements with several results, of which each is an `operator.getitem`."""

SHARING: Mapping[Target, type[Operation]] = {
    **MOVEMENTS,
    **dict.fromkeys(ACTIVATIONS, xnn.ClampOp),
    _aten.max_pool1d.default: xnn.MaxPooling2DOp,
    _aten.max_pool2d.default: xnn.MaxPooling2DOp,
    _aten.mean.default: xnn.StaticReduceOp,
    _aten.mean.dim: xnn.StaticReduceOp,
    _aten.adaptive_avg_pool2d.default: xnn.GlobalAveragePooling2DOp,
    _aten.upsample_bilinear2d.default: xnn.StaticResizeBilinear2DOp,
    _aten.upsample_bilinear2d.vec: xnn.StaticResizeBilinear2DOp,
}
"""Operators whose result is within the range of their input, and is coded as that is."""


NODES: Mapping[Target, type[Operation]] = {
    **dict.fromkeys(LINEAR, xnn.FullyConnectedOp),
    **dict.fromkeys(CONV, xnn.Convolution2DOp),
    **dict.fromkeys(CONV_TRANSPOSE, xnn.Deconvolution2DOp),
    **dict.fromkeys(ADD, xnn.AddOp),
    **dict.fromkeys(SUB, xnn.SubtractOp),
    **dict.fromkeys(MUL, xnn.MultiplyOp),
    **dict.fromkeys(CAT, xnn.ConcatenateOp),
    **COMPUTED,
    **{target: node for target, (node, _) in SENSITIVE.items()},
    **SHARING,
    **SPLITS,
}
"""What XNNPACK computes an operator with. Of some kinds there is another node for some attributes: depthwise ones."""


def why_not_int8(node: type[Operation]) -> str | None:
    """Why XNNPACK does not compute `node` in int8; None where it does."""
    support = SUPPORT[node]
    if any("qint8" == row.result for row in support.datatypes):
        return None
    names = dict.fromkeys(row.result for row in support.datatypes)
    return f"{support.function} has {node.name} for {', '.join(names)}, not for int8"


def why_only_by_name(target: Target) -> str | None:
    """Why an operator is coded only where the user names it; None for others."""
    node, reason = SENSITIVE.get(target, (COMPUTED.get(target), None))
    if node is not None and SUPPORT[node].target != "executorch":
        reason = f"files for ExecuTorch have no node for {node.name}"
    if reason is None:
        return None
    return f"{reason}; set_operator_type(torch.ops.{functional(target)}, config) codes it nevertheless"


def functional(target: Target) -> str:
    """The name of an operator, `aten.add.Tensor`; that of the variant that writes to its input too."""
    if isinstance(target, OpOverloadPacket):
        return str(target).removesuffix("_")
    packet, _, overload = str(target).rpartition(".")
    return f"{packet.removesuffix('_')}.{overload}"
