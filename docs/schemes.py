"""What becomes of a layer in each scheme that it can be quantised in, for the table in `quantization.md`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

Scheme = tuple[str, Callable[[], tuple[nn.Module, Tensor]], bool]
"""How a user writes it, a small model in it with its input, and whether the partitioner is asked for bfloat16."""


def rows() -> Iterator[str]:
    """The lines of a table in Markdown: what the file has of each scheme, or why it has floats."""
    import xnnir
    from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner

    yield "| scheme | in the file |"
    yield "|---|---|"
    for name, build, is_narrow in _schemes():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, x = build()
            program = torch.export.export(model, (x,))
        partitioner = XnnpackPartitioner(enable_bf16=is_narrow)
        lowered = xnnir.to_edge_transform_and_lower(program, partitioner=[partitioner])
        yield f"| {name} | {_outcome(lowered.module)} |"


def _outcome(module: Any) -> str:
    from xnnir.dialects import xnn
    from xnnir.dialects.xnn.base import element_type_of
    from xnnir.dialects.xnn.gemm_ops import ConvolutionLikeOp
    from xnnir.dialects.xnn.types import datatype
    from xnnir.passes._quantization import NOT_QUANTIZED

    for op in module.walk():
        if NOT_QUANTIZED in op.attributes:
            return f"floats: {op.attributes[NOT_QUANTIZED].data}"
        if isinstance(op, xnn.FullyConnectedOp | ConvolutionLikeOp):
            *operands, result = (datatype(element_type_of(value)) for value in (*op.operands, op.results[0]))
            return f"`{op.name}` ({', '.join(map(str, operands))}) -> {result}"
        if "embedding" in op.name:
            return f"`{op.name.replace('qdq.', 'quantized_decomposed::')}`"
    raise AssertionError("expected a layer")


def _linear(dtype: torch.dtype = torch.float32) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 8)).to(dtype).eval(), torch.randn(2, 64, dtype=dtype)


def _torchao(config: Any, dtype: torch.dtype = torch.float32) -> Callable[[], tuple[nn.Module, Tensor]]:
    def build() -> tuple[nn.Module, Tensor]:
        from torchao.quantization import quantize_
        from torchao.utils import unwrap_tensor_subclass

        model, x = _linear(dtype)
        quantize_(model, config)
        return unwrap_tensor_subclass(model), x

    return build


def _table(config: Any) -> Callable[[], tuple[nn.Module, Tensor]]:
    def build() -> tuple[nn.Module, Tensor]:
        from torchao.quantization import quantize_
        from torchao.utils import unwrap_tensor_subclass

        torch.manual_seed(0)
        model: Any = nn.Sequential(nn.Embedding(8, 64)).eval()
        quantize_(model, config, lambda module, _: isinstance(module, nn.Embedding))
        return unwrap_tensor_subclass(model), torch.tensor([1, 2])

    return build


def _pt2e(
    layer: Callable[[], nn.Module], x: Tensor, **arguments: Any
) -> Callable[[], tuple[nn.Module, Tensor]]:
    def build() -> tuple[nn.Module, Tensor]:
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

        torch.manual_seed(0)
        quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(**arguments))
        prepared = prepare_pt2e(torch.export.export(nn.Sequential(layer()).eval(), (x,)).module(), quantizer)
        prepared(x)
        return convert_pt2e(prepared), x

    return build


def _schemes() -> Iterator[Scheme]:
    from torchao.quantization import MappingType, PerAxis, PerGroup
    from torchao.quantization.quant_api import (
        Int8DynamicActivationInt8WeightConfig,
        Int8DynamicActivationIntxWeightConfig,
        Int8WeightOnlyConfig,
        IntxWeightOnlyConfig,
    )

    def bits(count: int) -> torch.dtype:
        return getattr(torch, f"int{count}")

    image, features = torch.rand(1, 4, 8, 8), torch.randn(2, 64)
    conv, linear = lambda: nn.Conv2d(4, 8, 3), lambda: nn.Linear(64, 8)
    depthwise = lambda: nn.Conv2d(4, 4, 3, groups=4)  # noqa: E731
    layers = [
        ("convolution", conv, image),
        ("depthwise convolution", depthwise, image),
        ("linear", linear, features),
    ]
    for name, layer, x in layers:
        yield f"PT2E, static: {name}", _pt2e(layer, x), False
        yield f"PT2E, static, `is_per_channel`: {name}", _pt2e(layer, x, is_per_channel=True), False
    for name, layer, x in (layers[0], layers[2]):
        yield f"PT2E, `is_dynamic`: {name}", _pt2e(layer, x, is_per_channel=True, is_dynamic=True), False
    four: dict[str, Any] = {"is_per_channel": True, "is_dynamic": True, "weight_qmin": -8, "weight_qmax": 7}
    yield "PT2E, `is_dynamic`, weights of -8 to 7: linear", _pt2e(linear, features, **four), False
    name = "Int8DynamicActivationIntxWeightConfig"
    for count, granularity in (
        (8, PerAxis(0)), (8, PerGroup(32)), (4, PerAxis(0)), (4, PerGroup(32)), (4, PerGroup(16)), (2, PerGroup(32)),
    ):  # fmt: skip
        config = Int8DynamicActivationIntxWeightConfig(
            weight_dtype=bits(count), weight_granularity=granularity
        )
        yield f"`{name}`, int{count}, {_short(granularity)}", _torchao(config), False
    config = Int8DynamicActivationIntxWeightConfig(
        weight_dtype=bits(4), weight_granularity=PerGroup(32), weight_mapping_type=MappingType.ASYMMETRIC
    )
    yield f"`{name}`, int4, PerGroup(32), asymmetric weights", _torchao(config), False
    config = Int8DynamicActivationIntxWeightConfig(weight_dtype=bits(4), weight_granularity=PerGroup(32))
    yield f"`{name}`, int4, PerGroup(32), of float16", _torchao(config, torch.float16), False
    yield (
        f"`{name}`, int4, PerGroup(32), of bfloat16, `enable_bf16=True`",
        _torchao(config, torch.bfloat16),
        True,
    )
    yield "`Int8DynamicActivationInt8WeightConfig`", _torchao(Int8DynamicActivationInt8WeightConfig()), False
    yield "`Int8WeightOnlyConfig`", _torchao(Int8WeightOnlyConfig()), False
    for count, granularity in ((8, PerAxis(0)), (4, PerAxis(0)), (4, PerGroup(32))):
        config = IntxWeightOnlyConfig(weight_dtype=bits(count), granularity=granularity)
        yield f"`IntxWeightOnlyConfig`, int{count}, {_short(granularity)}", _torchao(config), False
    for count, granularity in ((8, PerAxis(0)), (5, PerGroup(32)), (4, PerGroup(32)), (2, PerGroup(32))):
        config = IntxWeightOnlyConfig(weight_dtype=bits(count), granularity=granularity)
        yield f"`IntxWeightOnlyConfig`, int{count}, {_short(granularity)}: embedding", _table(config), False


def _short(granularity: Any) -> str:
    return "PerAxis(0)" if hasattr(granularity, "axis") else f"PerGroup({granularity.group_size})"
