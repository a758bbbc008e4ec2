"""Classifiers and encoders of pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from xnnir.testing.zoo.inputs import Fields, Inputs, pictures
from xnnir.testing.zoo.mobilenet_v3 import MobileNetV3

Build = Callable[[], tuple[nn.Module, Inputs]]


def _logits(model: nn.Module, size: int) -> tuple[nn.Module, Inputs]:
    return Fields(model, ("pixel_values",), ("logits",)), pictures(size)


def _labels(config: Any, count: int = 1000) -> Any:
    """`config` for a classifier of `count` classes."""
    config.num_labels = count
    return config


def mobilenet_v1() -> tuple[nn.Module, Inputs]:
    from transformers import MobileNetV1Config, MobileNetV1ForImageClassification

    return _logits(MobileNetV1ForImageClassification(_labels(MobileNetV1Config(), 1001)), 224)


def mobilenet_v2() -> tuple[nn.Module, Inputs]:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    return _logits(MobileNetV2ForImageClassification(_labels(MobileNetV2Config(), 1001)), 224)


def mobilenet_v3(size: int = 224) -> tuple[nn.Module, Inputs]:
    return MobileNetV3(), pictures(size)


def resnet18() -> tuple[nn.Module, Inputs]:
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512], layer_type="basic")
    return _logits(ResNetForImageClassification(_labels(config)), 224)


def resnet50() -> tuple[nn.Module, Inputs]:
    from transformers import ResNetConfig, ResNetForImageClassification

    return _logits(ResNetForImageClassification(_labels(ResNetConfig())), 224)


def regnet() -> tuple[nn.Module, Inputs]:
    from transformers import RegNetConfig, RegNetForImageClassification

    return _logits(RegNetForImageClassification(_labels(RegNetConfig())), 224)


def efficientnet(size: int = 128) -> tuple[nn.Module, Inputs]:
    """B0."""
    from transformers import EfficientNetConfig, EfficientNetForImageClassification

    config = EfficientNetConfig(
        width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280, image_size=size
    )
    return _logits(EfficientNetForImageClassification(_labels(config)), size)


def convnext() -> tuple[nn.Module, Inputs]:
    from transformers import ConvNextConfig, ConvNextForImageClassification

    config = ConvNextConfig(depths=[1, 1, 3, 1], hidden_sizes=[32, 64, 128, 256], image_size=96)
    return _logits(ConvNextForImageClassification(_labels(config, 100)), 96)


def swin() -> tuple[nn.Module, Inputs]:
    from transformers import SwinConfig, SwinForImageClassification

    # Windows of 4 patches are shifted on the grids of 16 and 8 patches, and fill that of 4.
    config = SwinConfig(image_size=64, window_size=4, embed_dim=32, depths=[2, 2, 2], num_heads=[2, 4, 8])
    return _logits(SwinForImageClassification(_labels(config, 100)), 64)


def vit() -> tuple[nn.Module, Inputs]:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        image_size=96, hidden_size=128, num_hidden_layers=3, num_attention_heads=4, intermediate_size=512
    )
    return _logits(ViTForImageClassification(_labels(config, 100)), 96)


def deit(size: int = 96, layers: int = 3) -> tuple[nn.Module, Inputs]:
    """DeiT-tiny but for `layers` (12 when published, on pictures of 224)."""
    from transformers import DeiTConfig, DeiTForImageClassificationWithTeacher

    config = DeiTConfig(
        image_size=size,
        hidden_size=192,
        num_hidden_layers=layers,
        num_attention_heads=3,
        intermediate_size=768,
    )
    return _logits(DeiTForImageClassificationWithTeacher(_labels(config)), size)


def dinov2() -> tuple[nn.Module, Inputs]:
    from transformers import Dinov2Config, Dinov2Model

    config = Dinov2Config(
        image_size=140, patch_size=14, hidden_size=96, num_hidden_layers=3, num_attention_heads=3
    )
    # Pictures of another size than the positions are for: these are interpolated.
    model = Fields(Dinov2Model(config), ("pixel_values",), ("last_hidden_state", "pooler_output"))
    return model, pictures(98)


def mobilevit() -> tuple[nn.Module, Inputs]:
    from transformers import MobileViTConfig, MobileViTForImageClassification

    config = MobileViTConfig(
        image_size=128,
        hidden_sizes=[48, 64, 80],
        neck_hidden_sizes=[16, 16, 24, 32, 40, 48, 160],
        num_attention_heads=4,
    )
    return _logits(MobileViTForImageClassification(_labels(config, 100)), 128)


def clip_vision() -> tuple[nn.Module, Inputs]:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=3,
        num_attention_heads=4,
        image_size=96,
        patch_size=16,
        projection_dim=64,
    )
    return Fields(CLIPVisionModelWithProjection(config), ("pixel_values",), ("image_embeds",)), pictures(96)


BUILDERS: Mapping[str, Build] = {
    "mobilenet_v1": mobilenet_v1,
    "mobilenet_v2": mobilenet_v2,
    "mobilenet_v3": partial(mobilenet_v3, 128),
    "efficientnet": efficientnet,
    "regnet": regnet,
    "resnet18": resnet18,
    "resnet50": resnet50,
    "convnext": convnext,
    "swin": swin,
    "vit": vit,
    "deit": deit,
    "dinov2": dinov2,
    "mobilevit": mobilevit,
    "clip_vision": clip_vision,
}
