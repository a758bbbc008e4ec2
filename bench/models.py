"""What is measured: networks of `xnnir.testing.zoo` at the sizes that people run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch

from xnnir.testing import zoo
from xnnir.testing.zoo import language, quantized, vision

FLOATS: Mapping[str, zoo.Builder] = {
    **{name: zoo.MODELS[name] for name in ("mobilenet_v2", "resnet50", "mobilenet_v1", "resnet18", "regnet")},
    "deit": partial(vision.deit, size=224, layers=12),
    "bert": partial(language.bert, layers=4, width=256, length=128, words=30522),
    "efficientnet": partial(vision.efficientnet, size=224),
    "mobilenet_v3": partial(vision.mobilenet_v3, size=224),
}
"""DeiT-tiny, BERT-mini on 128 tokens of which the mask leaves some out, EfficientNet-B0, MobileNetV3-Large."""

_LLAMA = {
    "vocab_size": 32000,
    "hidden_size": 512,
    "intermediate_size": 1376,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
}


@dataclass(frozen=True)
class Coded:
    """
    A model whose numbers are coded in few bits.

    onnx:
        How ONNX Runtime's own tools code it: `static` (QDQ), `dynamic`, or `four bits` (MatMulNBits by 32).
    tokens:
        How many tokens an inference goes through, where that is what people count.
    """

    base: str
    builder: zoo.Builder
    scheme: quantized.Scheme
    onnx: Literal["static", "dynamic", "four bits"]
    tokens: int | None = None


CODED: Mapping[str, Coded] = {
    "mobilenet_v2_int8": Coded("mobilenet_v2", FLOATS["mobilenet_v2"], quantized.static, "static"),
    "resnet50_int8": Coded("resnet50", FLOATS["resnet50"], quantized.static, "static"),
    "bert_dynamic": Coded("bert", FLOATS["bert"], quantized.dynamic, "dynamic"),
    "llama_prefill_8da4w": Coded(
        "llama_prefill",
        partial(language.llama_prefill, length=64, **_LLAMA),
        quantized.weights_of_four_bits(32, 4),
        "four bits",
        tokens=64,
    ),
    "llama_decode_8da4w": Coded(
        "llama_decode",
        partial(language.llama_decode, cache=128, **_LLAMA),
        quantized.weights_of_four_bits(32, 4),
        "four bits",
        tokens=1,
    ),
}
"""int8 by channels, BERT with inputs coded while it runs, and a Llama of 8 layers of 512 in 4 bits by 32."""

MODELS = (*FLOATS, *CODED)

INPUTS = "inputs.pt"
"""In a model's folder: what all peers are fed, so that none has to build the model for it."""


def load(name: str) -> zoo.ZooModel:
    """The model called `name` (one of `MODELS`)."""
    if name in FLOATS:
        return zoo.build(name, FLOATS[name])
    return replace(CODED[name].scheme(load_base(name)), name=name)


def load_base(name: str) -> zoo.ZooModel:
    """The model called `name` before its numbers are coded."""
    coded = CODED[name]
    model = zoo.build(coded.base, coded.builder)
    # The first token of a text: a model without state computes the same.
    return replace(model, inputs=partial(_first_of, model)) if model.keeps_state else model


def _first_of(model: zoo.ZooModel, seed: int) -> tuple[Any, ...]:
    del seed
    return model.inputs(0)


def onnx_source(name: str) -> zoo.ZooModel:
    """What becomes an ONNX model: no coded one, for ONNX Runtime has its own tools for that, and none with state."""
    if name in FLOATS:
        return load(name)
    if name != "llama_decode_8da4w":
        return load_base(name)
    return zoo.build("llama_prefill", partial(language.llama_prefill, length=1, **_LLAMA))


def load_inputs(folder: Path) -> tuple[torch.Tensor, ...]:
    """The tensors that `save_inputs` wrote."""
    inputs: Any = torch.load(folder / INPUTS, weights_only=True)
    return inputs


def save_inputs(model: zoo.ZooModel, folder: Path) -> None:
    """Write the model's inputs to its folder."""
    torch.save(model.example_inputs, folder / INPUTS)
