"""
How much there is to do in an op, estimated from shapes alone.

A product of matrices, a convolution or an attention is counted by its multiplications and additions, any other op by
its elements. What an op costs is the larger of two times, in bytes that a core moves meanwhile:

    cost = max(flops / FLOPS_PER_BYTE, bytes read + bytes written)

Dynamic sizes count as their upper bounds. This is to weigh ops of one model against each other, and says nothing about
how well a kernel uses the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.hints import isa

from xnnir.dialects import rt, xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import numpy_dtype
from xnnir.dialects.xnn.dims import dims_of
from xnnir.dialects.xnn.support import moves_data_only

FLOPS_PER_BYTE = 8
"""Floating-point operations that a core does while it moves one byte to or from memory: few CPUs are far from it."""

UNBOUNDED_SIZE = 64
"""Stands for a dynamic size without a bound."""


@dataclass(frozen=True)
class Work:
    """What an op does: arithmetic, a multiplication and an addition being two, and bytes in and out."""

    flops: int
    bytes: int

    @property
    def cost(self) -> float:
        """In bytes moved."""
        return max(self.flops / FLOPS_PER_BYTE, self.bytes)


def work(op: Operation) -> Work:
    """The work of an op of `aten` or `xnn`, or of an instruction of `rt`; none for one without tensors."""
    outputs = [value for value in op.results if _is_tensor(value)]
    inputs = [value for value in dict.fromkeys(op.operands) if _is_tensor(value)]
    if isinstance(op, rt.KernelCallOp):
        # Operands are the inputs, then the outputs, which are there twice.
        inputs, outputs = inputs[:-1], inputs[-1:]
    read = [_bytes(value) for value in inputs]
    written = sum(_bytes(value) for value in outputs)
    if isinstance(op, xnn.StaticSliceOp) or (isinstance(op, AtenOp) and _base_name(op) in _PICKS):
        # What is picked from is read no more than what comes out.
        read = [min(size, written) for size in read]
    count = _MULTIPLICATIONS.get(op.name if not isinstance(op, AtenOp) else _base_name(op))
    if count is not None:
        flops = 2 * count(op)
    elif moves_data_only(op):
        flops = 0
    else:
        flops = max((_elements(value) for value in (*inputs, *outputs)), default=0)
    return Work(flops, sum(read) + written)


_PICKS = frozenset(
    (
        "as_strided",
        "chunk",
        "embedding",
        "gather",
        "index",
        "index_select",
        "narrow",
        "select",
        "select_copy",
        "slice",
        "slice_copy",
        "split",
        "split_with_sizes",
        "take",
        "unbind",
        "unfold",
    )
)
"""Operators that read only some elements of an operand."""


def _is_tensor(value: SSAValue) -> bool:
    return isinstance(value.type, TensorType)


def _shape(value: SSAValue) -> tuple[int, ...]:
    type = value.type
    assert isa(type, TensorType[Attribute])
    return tuple(
        size if size != DYNAMIC_INDEX else (dim.upper_bound or UNBOUNDED_SIZE)
        for size, dim in zip(type.get_shape(), dims_of(type), strict=True)
    )


def _elements(value: SSAValue) -> int:
    return prod(_shape(value))


def _bytes(value: SSAValue) -> int:
    type = value.type
    assert isa(type, TensorType[Attribute])
    try:
        item = numpy_dtype(type.get_element_type()).itemsize
    except ValueError:
        item = 4
    return _elements(value) * item


def _base_name(op: AtenOp) -> str:
    """`slice` of `aten.slice.Tensor`."""
    return op.name.split(".")[1]


def _tensor(op: Operation, *names: str) -> SSAValue:
    assert isinstance(op, AtenOp)
    name = next(name for name in names if name in op.schema.positions)
    return cast(SSAValue, op.arg(name))


def _aten_convolution(op: Operation) -> int:
    assert isinstance(op, AtenOp)
    weight = _shape(_tensor(op, "weight"))
    is_transposed = "transpose" in op.name or ("transposed" in op.schema.positions and op.arg("transposed"))
    # A transposed one has its input channels first: each element of the input meets one slice of the weight.
    per_element = prod(weight[1:])
    return _elements(_tensor(op, "input") if is_transposed else op.results[0]) * per_element


def _aten_product(op: Operation) -> int:
    a = _tensor(op, "mat1", "batch1", "input", "self")
    return _elements(op.results[0]) * (_shape(a) or (1,))[-1]


def _aten_linear(op: Operation) -> int:
    return _elements(op.results[0]) * _shape(_tensor(op, "weight"))[-1]


def _aten_attention(op: Operation) -> int:
    query, key, value = (_shape(_tensor(op, name)) for name in ("query", "key", "value"))
    return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _aten_recurrent(op: Operation) -> int:
    assert isinstance(op, AtenOp)
    steps = _shape(_tensor(op, "input", "data"))[:-1]
    weights: Any = op.arg("params")
    return prod(steps) * sum(_elements(weight) for weight in weights if len(_shape(weight)) == 2)


def _convolution(op: Operation) -> int:
    assert isinstance(op, xnn.Convolution2DOp | xnn.DepthwiseConvolution2DOp)
    filter = _shape(op.filter)
    channels = filter[-1] if isinstance(op, xnn.DepthwiseConvolution2DOp) else filter[0]
    return _elements(op.output) * prod(filter) // max(channels, 1)


def _deconvolution(op: Operation) -> int:
    assert isinstance(op, xnn.Deconvolution2DOp)
    return _elements(op.input) * prod(_shape(op.filter)) // max(_shape(op.input)[-1], 1)


def _product(op: Operation) -> int:
    return _elements(op.results[0]) * _shape(op.operands[0])[-1]


_MULTIPLICATIONS: Mapping[str, Callable[[Operation], int]] = {
    **dict.fromkeys(
        (
            "_convolution",
            "conv1d",
            "conv2d",
            "conv3d",
            "conv_transpose1d",
            "conv_transpose2d",
            "conv_transpose3d",
            "convolution",
        ),
        _aten_convolution,
    ),
    **dict.fromkeys(("addmm", "baddbmm", "bmm", "matmul", "mm"), _aten_product),
    **dict.fromkeys(("gru", "lstm", "rnn_relu", "rnn_tanh"), _aten_recurrent),
    "linear": _aten_linear,
    "scaled_dot_product_attention": _aten_attention,
    xnn.BatchMatrixMultiplyOp.name: _product,
    xnn.Convolution2DOp.name: _convolution,
    xnn.Deconvolution2DOp.name: _deconvolution,
    xnn.DepthwiseConvolution2DOp.name: _convolution,
    xnn.FullyConnectedOp.name: _product,
}
"""How many multiplications, by the name of the node, or of the operator without its overload."""
