"""Models of the zoo with their numbers coded in 8, 4 and 2 bits, by PT2E and by torchao."""

# torchao's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from xnnir.testing import zoo
from xnnir.testing.zoo.inputs import quiet

Scheme = Callable[["zoo.ZooModel"], "zoo.ZooModel"]
"""Makes a coded model of one in floats."""

CALIBRATION_SEEDS = range(2, 5)


def static(model: zoo.ZooModel) -> zoo.ZooModel:
    """Weights int8 with a scale for each channel, activations int8 with the ranges of a few inputs."""
    return _pt2e(model, is_dynamic=False)


def dynamic(model: zoo.ZooModel) -> zoo.ZooModel:
    """Weights int8 with a scale for each channel, inputs of linear layers coded while the model runs."""
    return _pt2e(model, is_dynamic=True)


def _pt2e(model: zoo.ZooModel, is_dynamic: bool) -> zoo.ZooModel:
    with quiet():
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

        config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=is_dynamic)
        prepared = prepare_pt2e(model.export().module(), XNNPACKQuantizer().set_global(config))
        with torch.no_grad():
            for seed in CALIBRATION_SEEDS:
                prepared(*model.inputs(seed))
        return replace(model, model=convert_pt2e(prepared))


def weights_of_four_bits(group: int | None, embedding_bits: int) -> Scheme:
    """
    torchao's 8da4w: weights of linear layers in 4 bits with a scale for each `group` of inputs (None: for each
    output), rows of inputs int8, embeddings of `embedding_bits` in the same groups.
    """

    def quantize(model: zoo.ZooModel) -> zoo.ZooModel:
        with quiet():
            from torchao.quantization import (
                Int8DynamicActivationIntxWeightConfig,
                IntxWeightOnlyConfig,
                PerAxis,
                PerGroup,
                quantize_,
            )
            from torchao.utils import unwrap_tensor_subclass

            granularity: Any = PerAxis(0) if group is None else PerGroup(group)
            coded = _with_untied_weights(copy.deepcopy(model.model))
            quantize_(
                coded,
                IntxWeightOnlyConfig(weight_dtype=_dtype(embedding_bits), granularity=granularity),
                lambda module, _: isinstance(module, nn.Embedding),
            )
            quantize_(
                coded,
                Int8DynamicActivationIntxWeightConfig(weight_dtype=_dtype(4), weight_granularity=granularity),
                lambda module, _: isinstance(module, nn.Linear),
            )
            return replace(model, model=unwrap_tensor_subclass(coded))

    return quantize


def _dtype(bits: int) -> torch.dtype:
    return getattr(torch, f"int{bits}")


def _with_untied_weights(model: nn.Module) -> nn.Module:
    """Give layers that share a weight one each: they are coded in different ways."""
    seen: set[int] = set()
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if isinstance(module, nn.Embedding | nn.Linear) and isinstance(weight, nn.Parameter):
            if id(weight) in seen:
                module.weight = nn.Parameter(weight.detach().clone())
            seen.add(id(weight))
    return model


SCHEMES: Mapping[str, tuple[str, Scheme]] = {
    "mobilenet_v2_int8": ("mobilenet_v2", static),
    "resnet50_int8": ("resnet50", static),
    "vit_int8": ("vit", static),
    "bert_dynamic": ("bert", dynamic),
    "llama_prefill_8da4w": ("llama_prefill", weights_of_four_bits(32, 4)),
    "llama_prefill_8da4w_axis": ("llama_prefill", weights_of_four_bits(None, 2)),
    "llama_decode_8da4w": ("llama_decode", weights_of_four_bits(32, 4)),
}
"""The model in floats and the scheme of each coded model."""

NAMES = tuple(SCHEMES)


def load(name: str) -> zoo.ZooModel:
    """The coded model called `name` (one of `NAMES`). Raises `KeyError` for another name."""
    base, scheme = SCHEMES[name]
    return replace(scheme(zoo.load(base)), name=name)
