"""MobileNetV3-Large (Howard et al., 2019, table 1): inverted residuals with squeeze-and-excite and hard swish."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

_BLOCKS = (
    # kernel, expansion, output, squeeze, hard swish, stride
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)


def _round_to_8(channels: float) -> int:
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _conv(source: int, target: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(source, target, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(target, eps=0.001, momentum=0.01)]


class SqueezeExcite(nn.Module):
    """Scales channels by what a small network makes of their means."""

    def __init__(self, channels: int):
        super().__init__()
        squeezed = _round_to_8(channels / 4)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = nn.functional.relu(self.reduce(self.pool(x)))
        return x * nn.functional.hardsigmoid(self.expand(scale))


class InvertedResidual(nn.Module):
    """Expands, filters each channel, projects; adds its input when the shapes agree."""

    def __init__(
        self, source: int, kernel: int, expansion: int, target: int, squeeze: bool, swish: bool, stride: int
    ):
        super().__init__()
        activation = nn.Hardswish if swish else nn.ReLU
        layers: list[nn.Module] = []
        if expansion != source:
            layers += [*_conv(source, expansion, 1), activation()]
        layers += [*_conv(expansion, expansion, kernel, stride, groups=expansion), activation()]
        if squeeze:
            layers.append(SqueezeExcite(expansion))
        self.layers = nn.Sequential(*layers, *_conv(expansion, target, 1))
        self.is_residual = stride == 1 and source == target

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x) if self.is_residual else self.layers(x)


class MobileNetV3(nn.Module):
    """Takes pictures [n, 3, h, w], returns logits [n, 1000]."""

    def __init__(self, classes: int = 1000):
        super().__init__()
        blocks: list[nn.Module] = [*_conv(3, 16, 3, 2), nn.Hardswish()]
        for source, (kernel, expansion, target, squeeze, swish, stride) in zip(
            [16, *(block[2] for block, _ in pairwise(_BLOCKS))], _BLOCKS, strict=True
        ):
            blocks.append(InvertedResidual(source, kernel, expansion, target, squeeze, swish, stride))
        self.features = nn.Sequential(*blocks, *_conv(160, 960, 1), nn.Hardswish())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(960, 1280), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(1280, classes)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))
