"""
Reference semantics of the `xnn` dialect.

`run_graph` computes an `xnn.graph`, `xnn.subgraph` or `func.func` with PyTorch, in float32 for every float type, and
rounds each result to its element type. The definitions follow the ops' docstrings and nothing else, so that agreement
with XNNPACK or with eager PyTorch means something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from xdsl.dialects import func
from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import SymbolTable

from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore
from xnnir.dialects.xnn.base import F32, XnnOp, element_type_of, ints, shape_of, tensor_type_of
from xnnir.interpreter.coding import code, constant, real

Results: TypeAlias = Tensor | tuple[Tensor, ...]
Fallback: TypeAlias = Callable[[Operation, Sequence[Tensor]], Sequence[Tensor]]
"""Computes an op of another dialect from its operands."""


def run_graph(
    op: func.FuncOp | xnn.GraphOp | xnn.SubgraphOp,
    inputs: Sequence[Tensor],
    store: WeightStore,
    fallback: Fallback | None = None,
) -> list[Tensor]:
    """
    What `op` returns for `inputs`, which have the physical shapes of its arguments.

    Ops of other dialects are given to `fallback`. Raises `ValueError` for a wrong number or shape of inputs, and
    `NotImplementedError` for an op without reference semantics.
    """
    block = op.body.block
    if len(inputs) != len(block.args):
        raise ValueError(f"expected {len(block.args)} inputs, got {len(inputs)}")
    for index, (value, tensor) in enumerate(zip(block.args, inputs, strict=True)):
        shape = shape_of(value)
        if len(shape) != tensor.dim() or any(
            expected not in (DYNAMIC_INDEX, got) for expected, got in zip(shape, tensor.shape, strict=True)
        ):
            raise ValueError(
                f"input {index}: expected a tensor of type {value.type}, got shape {list(tensor.shape)}"
            )
    return _run_block(block, dict(zip(block.args, inputs, strict=True)), store, fallback)


def _run_block(
    block: Block, values: dict[SSAValue, Tensor], store: WeightStore, fallback: Fallback | None
) -> list[Tensor]:
    for op in block.ops:
        operands = [values[value] for value in op.operands]
        if isinstance(op, xnn.YieldOp | func.ReturnOp):
            return operands
        if isinstance(op, xnn.ConstantOp):
            results: Sequence[Tensor] = [constant(op.value, tensor_type_of(op.result), store)]
        elif isinstance(op, xnn.SubgraphOp):
            results = run_graph(op, operands, store, fallback)
        elif isinstance(op, xnn.CallOp):
            graph = SymbolTable.lookup_symbol(op, op.callee)
            assert isinstance(graph, xnn.GraphOp)
            results = run_graph(graph, operands, store, fallback)
        elif isinstance(op, XnnOp):
            results = evaluate(op, operands)
        elif fallback is not None:
            results = fallback(op, operands)
        else:
            raise NotImplementedError(f"no reference semantics for {op.name}")
        values.update(zip(op.results, results, strict=True))
    raise ValueError("expected a block that ends with xnn.yield or func.return")


def evaluate(op: XnnOp, operands: Sequence[Tensor]) -> list[Tensor]:
    """The results of one node."""
    function = SEMANTICS.get(type(op))
    if function is None:
        raise NotImplementedError(f"no reference semantics for {op.name}")
    results = function(op, *(real(operand) for operand in operands))
    tensors = [results] if isinstance(results, Tensor) else list(results)
    return [code(tensor, element_type_of(value)) for tensor, value in zip(tensors, op.results, strict=True)]


def _bounded(op: Operation, tensor: Tensor) -> Tensor:
    low, high = (cast(F32 | None, op.properties.get(name)) for name in ("output_min", "output_max"))
    if low is None and high is None:
        return tensor
    return torch.clamp(
        tensor, None if low is None else low.value.data, None if high is None else high.value.data
    )


def _nchw(tensor: Tensor) -> Tensor:
    return tensor.permute(0, 3, 1, 2)


def _nhwc(tensor: Tensor) -> Tensor:
    return tensor.permute(0, 2, 3, 1)


def _padded(op: xnn.Convolution2DOp | xnn.DepthwiseConvolution2DOp, x: Tensor) -> Tensor:
    top, right, bottom, left = ints(op.padding)
    return F.pad(_nchw(x), (left, right, top, bottom))


def _convolution(op: xnn.Convolution2DOp, x: Tensor, filter: Tensor, bias: Tensor | None = None) -> Tensor:
    result = F.conv2d(
        _padded(op, x),
        _nchw(filter),
        bias,
        stride=ints(op.subsampling),
        dilation=ints(op.dilation),
        groups=op.groups.value.data,
    )
    return _bounded(op, _nhwc(result))


def _depthwise_convolution(
    op: xnn.DepthwiseConvolution2DOp, x: Tensor, filter: Tensor, bias: Tensor | None = None
) -> Tensor:
    # [1, H, W, OC] to [OC, 1, H, W]: output channels of one input channel are neighbours in both.
    result = F.conv2d(
        _padded(op, x),
        filter.permute(3, 0, 1, 2),
        bias,
        stride=ints(op.subsampling),
        dilation=ints(op.dilation),
        groups=x.shape[3],
    )
    return _bounded(op, _nhwc(result))


def _deconvolution(
    op: xnn.Deconvolution2DOp, x: Tensor, filter: Tensor, bias: Tensor | None = None
) -> Tensor:
    groups = op.groups.value.data
    oc, kh, kw, ic = filter.shape
    # [groups * OC/g, KH, KW, IC/g] to PyTorch's [groups * IC/g, OC/g, KH, KW].
    weight = filter.reshape(groups, oc // groups, kh, kw, ic).permute(0, 4, 1, 2, 3)
    result = F.conv_transpose2d(
        _nchw(x),
        weight.reshape(groups * ic, oc // groups, kh, kw),
        bias,
        stride=ints(op.upsampling),
        dilation=ints(op.dilation),
        groups=groups,
    )
    # PyTorch crops by one padding for both sides and adds rows only below the stride; here both are general.
    top, right, bottom, left = ints(op.padding)
    adjustment = ints(op.adjustment)
    result = F.pad(result, (-left, adjustment[1] - right, -top, adjustment[0] - bottom))
    if bias is not None:
        result = _fill_adjustment(op, result, bias)
    return _bounded(op, _nhwc(result))


def _fill_adjustment(op: xnn.Deconvolution2DOp, result: Tensor, bias: Tensor) -> Tensor:
    # Rows and columns that no input reaches hold the bias, not the zeros they were padded with.
    _, right, bottom, _ = ints(op.padding)
    rows, columns = (max(a - p, 0) for a, p in zip(ints(op.adjustment), (bottom, right), strict=True))
    result = result.clone()
    if rows:
        result[:, :, -rows:, :] = bias.reshape(1, -1, 1, 1)
    if columns:
        result[:, :, :, -columns:] = bias.reshape(1, -1, 1, 1)
    return result


def _fully_connected(
    op: xnn.FullyConnectedOp, x: Tensor, filter: Tensor, bias: Tensor | None = None
) -> Tensor:
    return _bounded(op, F.linear(x, filter if op.transpose_weights is None else filter.T, bias))


def _batch_matrix_multiply(op: xnn.BatchMatrixMultiplyOp, a: Tensor, b: Tensor) -> Tensor:
    return torch.matmul(a, b if op.transpose_b is None else b.transpose(-1, -2))


def _windows(
    x: Tensor, padding: Sequence[int], pooling: Sequence[int], stride: Sequence[int], fill: float
) -> Tensor:
    """NHWC to [N, OH, OW, C, window elements], padding filled with `fill`; dilation is taken care of by the caller."""
    top, right, bottom, left = padding
    padded = F.pad(_nchw(x), (left, right, top, bottom), value=fill)
    windows = padded.unfold(2, pooling[0], stride[0]).unfold(3, pooling[1], stride[1])
    return windows.permute(0, 2, 3, 1, 4, 5)


def _average_pooling(op: xnn.AveragePooling2DOp, x: Tensor) -> Tensor:
    window = (ints(op.padding), ints(op.pooling), ints(op.stride))
    total = _windows(x, *window, 0.0).sum((-1, -2))
    return _bounded(op, total / _windows(torch.ones_like(x), *window, 0.0).sum((-1, -2)))


def _max_pooling(op: xnn.MaxPooling2DOp, x: Tensor) -> Tensor:
    dilation = ints(op.dilation)
    spread = [d * (k - 1) + 1 for d, k in zip(dilation, ints(op.pooling), strict=True)]
    windows = _windows(x, ints(op.padding), spread, ints(op.stride), float("-inf"))
    return _bounded(op, windows[..., :: dilation[0], :: dilation[1]].amax((-1, -2)))


def _argmax_pooling(op: xnn.ArgmaxPooling2DOp, x: Tensor) -> Results:
    windows = _windows(x, ints(op.padding), ints(op.pooling), ints(op.pooling), float("-inf")).flatten(-2)
    values, indices = windows.max(-1)
    return values, indices.int()


def _reduce(op: xnn.StaticReduceOp, x: Tensor) -> Tensor:
    reduce = torch.mean if op.kind.data == "mean" else torch.sum
    return reduce(x, ints(op.axes), keepdim=op.keep_dims is not None)


def _resize(op: xnn.StaticResizeBilinear2DOp, x: Tensor) -> Tensor:
    if op.tensorflow_legacy_mode is not None:
        raise NotImplementedError("no reference semantics for tensorflow_legacy_mode")
    align = op.align_corners is not None
    return _nhwc(F.interpolate(_nchw(x), size=ints(op.new_size), mode="bilinear", align_corners=align))


def _slice(op: xnn.StaticSliceOp, x: Tensor) -> Tensor:
    for axis, (offset, size) in enumerate(zip(ints(op.offsets), ints(op.sizes), strict=True)):
        x = x.narrow(axis, offset, size or x.shape[axis] - offset)
    return x


def _pad(op: xnn.StaticConstantPadOp, x: Tensor) -> Tensor:
    pairs = list(zip(ints(op.pre_paddings), ints(op.post_paddings), strict=True))
    return F.pad(x, [size for pair in reversed(pairs) for size in pair], value=op.value.value.data)


def _reshape(op: xnn.StaticReshapeOp, x: Tensor) -> Tensor:
    return x.reshape([-1 if size == DYNAMIC_INDEX else size for size in shape_of(op.output)])


def _depth_to_space(op: xnn.DepthToSpace2DOp, x: Tensor) -> Tensor:
    n, h, w, c = x.shape
    block = op.block_size.value.data
    blocks = x.reshape(n, h, w, block, block, c // (block * block)).permute(0, 1, 3, 2, 4, 5)
    return blocks.reshape(n, h * block, w * block, c // (block * block))


def _space_to_depth(op: xnn.SpaceToDepth2DOp, x: Tensor) -> Tensor:
    n, h, w, c = x.shape
    block = op.block_size.value.data
    blocks = x.reshape(n, h // block, block, w // block, block, c).permute(0, 1, 3, 2, 4, 5)
    return blocks.reshape(n, h // block, w // block, block * block * c)


def _modulus(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(b == 0, 0.0, torch.fmod(a, b))


def _of_one(function: Callable[[Tensor], Tensor]) -> Callable[[Operation, Tensor], Tensor]:
    return lambda op, x: function(x)


def _of_two(
    function: Callable[[Tensor, Tensor], Tensor],
) -> Callable[[Operation, Tensor, Tensor], Tensor]:
    return lambda op, a, b: _bounded(op, function(a, b))


def _concatenate(op: xnn.ConcatenateOp, *inputs: Tensor) -> Tensor:
    return torch.cat(inputs, op.axis.value.data)


def _elu(op: xnn.EluOp, x: Tensor) -> Tensor:
    return F.elu(x, op.alpha.value.data)


def _global_average(op: xnn.GlobalAveragePooling2DOp, x: Tensor) -> Tensor:
    return _bounded(op, x.mean((1, 2), keepdim=True))


def _leaky_relu(op: xnn.LeakyReluOp, x: Tensor) -> Tensor:
    return F.leaky_relu(x, op.negative_slope.value.data)


def _prelu(x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x >= 0, x, x * slope)


def _softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, -1)


def _squared_difference(a: Tensor, b: Tensor) -> Tensor:
    return torch.square(a - b)


def _transpose(op: xnn.StaticTransposeOp, x: Tensor) -> Tensor:
    return x.permute(ints(op.perm))


SEMANTICS: Mapping[type[Operation], Callable[..., Results]] = {
    xnn.AbsOp: _of_one(torch.abs),
    xnn.AddOp: _of_two(torch.add),
    xnn.ArgmaxPooling2DOp: _argmax_pooling,
    xnn.Atan2Op: _of_two(torch.atan2),
    xnn.AveragePooling2DOp: _average_pooling,
    xnn.BankersRoundingOp: _of_one(torch.round),
    xnn.BatchMatrixMultiplyOp: _batch_matrix_multiply,
    xnn.CeilingOp: _of_one(torch.ceil),
    xnn.ClampOp: _bounded,
    xnn.ConcatenateOp: _concatenate,
    xnn.ConvertOp: _of_one(torch.clone),
    xnn.Convolution2DOp: _convolution,
    xnn.CopyOp: _of_one(torch.clone),
    xnn.CopysignOp: _of_two(torch.copysign),
    xnn.CosineOp: _of_one(torch.cos),
    xnn.Deconvolution2DOp: _deconvolution,
    xnn.DepthToSpace2DOp: _depth_to_space,
    xnn.DepthwiseConvolution2DOp: _depthwise_convolution,
    xnn.DivideOp: _of_two(torch.div),
    xnn.EluOp: _elu,
    xnn.ExpOp: _of_one(torch.exp),
    xnn.FloorOp: _of_one(torch.floor),
    xnn.FullyConnectedOp: _fully_connected,
    xnn.GeluOp: _of_one(F.gelu),
    xnn.GlobalAveragePooling2DOp: _global_average,
    xnn.HardswishOp: _of_one(F.hardswish),
    xnn.LeakyReluOp: _leaky_relu,
    xnn.LogOp: _of_one(torch.log),
    xnn.MaxPooling2DOp: _max_pooling,
    xnn.MaximumOp: _of_two(torch.maximum),
    xnn.MinimumOp: _of_two(torch.minimum),
    xnn.ModulusOp: _of_two(_modulus),
    xnn.MultiplyOp: _of_two(torch.mul),
    xnn.NegateOp: _of_one(torch.neg),
    xnn.PowOp: _of_two(torch.pow),
    xnn.PreluOp: _of_two(_prelu),
    xnn.ReciprocalSquareRootOp: _of_one(torch.rsqrt),
    xnn.SigmoidOp: _of_one(torch.sigmoid),
    xnn.SignOp: _of_one(torch.sign),
    xnn.SineOp: _of_one(torch.sin),
    xnn.SoftmaxOp: _of_one(_softmax),
    xnn.SpaceToDepth2DOp: _space_to_depth,
    xnn.SquareOp: _of_one(torch.square),
    xnn.SquareRootOp: _of_one(torch.sqrt),
    xnn.SquaredDifferenceOp: _of_two(_squared_difference),
    xnn.StaticConstantPadOp: _pad,
    xnn.StaticReduceOp: _reduce,
    xnn.StaticReshapeOp: _reshape,
    xnn.StaticResizeBilinear2DOp: _resize,
    xnn.StaticSliceOp: _slice,
    xnn.StaticTransposeOp: _transpose,
    xnn.SubtractOp: _of_two(torch.sub),
    xnn.TanhOp: _of_one(torch.tanh),
}
"""The definition of every node: (op, operands as real numbers) to results, not yet rounded to their types."""
