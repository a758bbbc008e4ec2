"""Networks whose result is laid over the picture: segmentation and detection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from xnnir.testing.zoo.inputs import Fields, Inputs, pictures


def segformer() -> tuple[nn.Module, Inputs]:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    config = SegformerConfig(depths=[1, 1, 1, 1], decoder_hidden_size=64)
    config.num_labels = 20
    return Fields(SegformerForSemanticSegmentation(config), ("pixel_values",), ("logits",)), pictures(96)


def detr() -> tuple[nn.Module, Inputs]:
    """A convolutional backbone, a transformer's encoder and decoder, queries, and heads for classes and boxes."""
    from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

    # The classes declare fewer arguments than they take.
    make: Any = DetrConfig
    make_backbone: Any = ResNetConfig
    backbone = make_backbone(
        depths=[1, 1, 1, 1],
        hidden_sizes=[32, 64, 96, 128],
        embedding_size=32,
        layer_type="basic",
        out_features=["stage4"],
    )
    config = make(
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        backbone=None,
        backbone_config=backbone,
        num_queries=20,
        encoder_layers=2,
        decoder_layers=2,
        d_model=64,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        num_labels=10,
    )
    return Fields(DetrForObjectDetection(config), ("pixel_values",), ("logits", "pred_boxes")), pictures(96)


class Twice(nn.Sequential):
    """Two convolutions with batch norm and ReLU."""

    def __init__(self, source: int, target: int):
        layers: list[nn.Module] = []
        for channels in (source, target):
            layers += [
                nn.Conv2d(channels, target, 3, padding=1, bias=False),
                nn.BatchNorm2d(target),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class UNet(nn.Module):
    """
    Ronneberger et al., 2015: down by pooling, up by transposed convolutions, each level joined with its counterpart.

    Takes [n, 3, h, w] with h and w multiples of 16; returns logits [n, classes, h, w].
    """

    def __init__(self, width: int = 8, classes: int = 4):
        super().__init__()
        widths = [width * 2**level for level in range(5)]
        self.down = nn.ModuleList(
            Twice(source, target) for source, target in zip([3, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in widths[-2::-1])
        self.join = nn.ModuleList(Twice(2 * w, w) for w in widths[-2::-1])
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        levels: list[torch.Tensor] = []
        for block in self.down:
            if levels:
                x = nn.functional.max_pool2d(x, 2)
            x = block(x)
            levels.append(x)
        for up, join, skipped in zip(self.up, self.join, levels[-2::-1], strict=True):
            x = join(torch.cat([skipped, up(x)], dim=1))
        return self.head(x)


def unet() -> tuple[nn.Module, Inputs]:
    return UNet(), pictures(64)


BUILDERS: Mapping[str, Callable[[], tuple[nn.Module, Inputs]]] = {
    "segformer": segformer,
    "detr": detr,
    "unet": unet,
}
