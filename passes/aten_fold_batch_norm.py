"""
Fold a batch norm into the weights of the convolution or linear before it.

In eval mode a batch norm multiplies each channel by gamma / sqrt(variance + eps) and adds beta - mean * that
factor: the convolution does the same with scaled weights and a bias. Factors are computed in float64. Other uses
of the convolution's result, or weights that are not constants, leave the batch norm to the conversion.

    %1 = aten.conv2d(%x, %w) : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
    %2 = aten.batch_norm(%1, %gamma, %beta, %mean, %variance, training = false, ...) : (...) -> tensor<1x4x6x6xf32>
    // becomes
    %w2 = aten.parameter "conv.weight" #xnn.weight<w...> : tensor<4x3x3x3xf32>
    %b2 = aten.parameter "conv.bias" #xnn.weight<w...> : tensor<4xf32>
    %2 = aten.conv2d(%x, %w2, %b2) : (...) -> tensor<1x4x6x6xf32>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import Float16Type, Float32Type, Float64Type, ModuleOp, TensorType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects.aten import AtenOp, ParameterOp, StaticValueOp
from xnnir.dialects.weights import Array, WeightStore, constant_array, get_weight_store
from xnnir.dialects.xnn.base import element_type_of, tensor_type_of
from xnnir.passes._blocks import erase_dead_ops, function_blocks
from xnnir.passes._rewriting import fused_location

BATCH_NORMS = frozenset({"aten.batch_norm", "aten._native_batch_norm_legit_no_training"})
"""The ops that normalise with running statistics."""

PRODUCERS = frozenset(
    {
        "aten.conv1d",
        "aten.conv1d.padding",
        "aten.conv2d",
        "aten.conv2d.padding",
        "aten.conv_transpose1d",
        "aten.conv_transpose2d.input",
        "aten.convolution",
        "aten.linear",
    }
)
"""The ops that a batch norm can be folded into."""


@dataclass(frozen=True)
class AtenFoldBatchNormPass(ModulePass):
    """Fold batch norms in eval mode into the weights before them."""

    name = "aten-fold-batch-norm"

    max_relative_error: ClassVar[float] = 1e-4
    """Factors of the norm are multiplied into weights, instead of into sums of products with them."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        store = get_weight_store(ctx)
        for block in function_blocks(op):
            for norm in list(block.ops):
                if isinstance(norm, AtenOp) and norm.name in BATCH_NORMS:
                    _fold(block, norm, store)
            erase_dead_ops(block)


def _fold(block: Block, norm: AtenOp, store: WeightStore) -> None:
    if norm.name == "aten.batch_norm" and norm.arg("training"):
        return
    if any(result.first_use is not None for result in norm.results[1:]):
        return
    source = norm.operands[0]
    producer = source.owner
    if not isinstance(producer, AtenOp) or producer.name not in PRODUCERS or not source.has_one_use():
        return
    weight = _constant(producer.arg("weight"))
    bias = _constant(producer.arg("bias"))
    statistics = [_constant(norm.arg(name)) for name in ("weight", "bias", "running_mean", "running_var")]
    missing_bias = producer.arg("bias") is not None and bias is None
    given = [norm.arg(name) is not None for name in ("weight", "bias", "running_mean", "running_var")]
    if weight is None or missing_bias or not given[2] or not given[3]:
        return
    if any(is_given and value is None for is_given, value in zip(given, statistics, strict=True)):
        return
    element_type = element_type_of(weight.result)
    # A norm over another axis than the channels (a linear's output of rank 3) has another count of statistics.
    axis, channels, groups = _output_channels(producer, weight)
    if not isinstance(element_type, Float16Type | Float32Type | Float64Type) or (
        producer.name == "aten.linear" and len(tensor_type_of(source).get_shape()) != 2
    ):
        return
    gamma, beta, mean, variance = (None if value is None else _numbers(value, store) for value in statistics)
    assert mean is not None and variance is not None
    factor = 1.0 / np.sqrt(variance + norm.arg("eps"))
    factor = factor if gamma is None else factor * gamma
    if len(factor) != channels:
        return
    old_bias = 0.0 if bias is None else _numbers(bias, store)
    new_bias = (old_bias - mean) * factor + (0.0 if beta is None else beta)
    numbers = constant_array(weight.value, tensor_type_of(weight.result), store)
    new_weight = _scale(numbers, factor, axis, groups)
    place = fused_location([producer, norm])
    folded: list[SSAValue] = []
    for array, name in ((new_weight, weight.fqn.data), (new_bias, _bias_name(weight, bias))):
        array = np.ascontiguousarray(array, dtype=numbers.dtype)
        parameter = ParameterOp(name, store.add(array), TensorType(element_type, array.shape))
        parameter.location = place
        parameter.result.name_hint = weight.result.name_hint if array is new_weight else None
        block.insert_op_before(parameter, producer)
        folded.append(parameter.result)
    replacement = producer.with_args([norm.result_types[0]], weight=folded[0], bias=folded[1])
    replacement.location = place
    replacement.results[0].name_hint = norm.results[0].name_hint
    block.insert_op_before(replacement, producer)
    norm.results[0].replace_all_uses_with(replacement.results[0])
    for dead in (norm, producer):
        dead.detach()
        dead.erase()


def _output_channels(producer: AtenOp, weight: StaticValueOp) -> tuple[int, int, int]:
    """The axis of the weight that counts output channels, how many there are, and the groups that split them."""
    shape = tensor_type_of(weight.result).get_shape()
    is_transposed = "transpose" in producer.name or (
        producer.name == "aten.convolution" and producer.arg("transposed")
    )
    if not is_transposed:
        return 0, shape[0], 1
    groups = producer.arg("groups")
    return 1, shape[1] * groups, groups


def _scale(numbers: Array, factor: Array, axis: int, groups: int) -> Array:
    factor = factor.astype(numbers.dtype if numbers.dtype != np.float16 else np.float32)
    if axis == 0:
        return numbers * factor.reshape(-1, *[1] * (numbers.ndim - 1))
    # A transposed convolution's weight is [in, out / groups, ...]; each group of inputs has its own outputs.
    grouped = numbers.reshape(groups, -1, *numbers.shape[1:])
    return (grouped * factor.reshape(groups, 1, -1, *[1] * (numbers.ndim - 2))).reshape(numbers.shape)


def _constant(value: SSAValue | None) -> StaticValueOp | None:
    owner: Operation | Block | None = None if value is None else value.owner
    return owner if isinstance(owner, StaticValueOp) else None


def _numbers(op: StaticValueOp, store: WeightStore) -> Array:
    return constant_array(op.value, tensor_type_of(op.result), store).astype(np.float64)


def _bias_name(weight: StaticValueOp, bias: StaticValueOp | None) -> str:
    return bias.fqn.data if bias is not None else f"{weight.fqn.data.removesuffix('weight')}bias"
