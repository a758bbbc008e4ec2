# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false
"""Random models of what stock's quantizer has patterns for are annotated as stock annotates them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from graphs import exported, image, notes
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e, prepare_qat_pt2e

from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

pytest.importorskip("executorch")

from executorch.backends.xnnpack.quantizer import xnnpack_quantizer as stock

LAYERS = (
    "conv",
    "conv_relu",
    "bottleneck",
    "transposed",
    "linear",
    "linear_relu",
    "add",
    "add_relu",
    "mul_relu",
)
MOVES = ("scalar", "cat", "max_pool", "permute", "dropout", "mean", "adaptive")


class Net(nn.Module):
    """Layers one after the other on images of 4 channels; each may look back at an earlier result."""

    def __init__(self, layers: list[tuple[str, int]], *, has_norms: bool) -> None:
        super().__init__()
        self.layers = layers
        self.parts = nn.ModuleList(self.part(kind, has_norms) for kind, _ in layers)
        self.last = nn.LazyLinear(3)

    @staticmethod
    def part(kind: str, has_norms: bool) -> nn.Module:
        norm = nn.BatchNorm2d(4) if has_norms else nn.Identity()
        match kind:
            case "conv":
                return nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=not has_norms), norm)
            case "conv_relu":
                return nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, groups=2), norm, nn.ReLU())
            case "bottleneck":
                return nn.Sequential(
                    nn.Conv2d(4, 8, 1), nn.ReLU(inplace=True), nn.Conv2d(8, 4, 3, padding=1, groups=4)
                )
            case "transposed":
                return nn.ConvTranspose2d(4, 4, 3, padding=1)
            case "linear" | "linear_relu":
                return nn.LazyLinear(8)
            case _:
                return nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        results = [x]
        for (kind, back), part in zip(self.layers, self.parts, strict=True):
            last, earlier = results[-1], results[-1 - back % len(results)]
            same = earlier if earlier.shape == last.shape else last
            match kind:
                case "add":
                    y = last + same
                case "add_relu":
                    y = F.relu(last + same)
                case "mul_relu":
                    y = F.relu(last * same)
                case "scalar":
                    y = (last + 1.5) * 2
                case "cat":
                    y = torch.cat([last, same])[: len(last)]
                case "max_pool":
                    y = F.max_pool2d(last, 3, stride=1, padding=1)
                case "permute":
                    y = last.permute(0, 1, 3, 2)
                case "dropout":
                    y = F.dropout(last, training=False)
                case "mean":
                    y = last.mean(3, keepdim=True) * last
                case "adaptive":
                    y = F.adaptive_avg_pool2d(F.relu(last + 1), 1) * last
                case "linear_relu":
                    y = F.relu(part(last))
                case _:
                    y = part(last)
            results.append(y)
        return self.last(results[-1].flatten(1))


def nets(*, has_norms: bool, kinds: tuple[str, ...]) -> st.SearchStrategy[Net]:
    layers = st.lists(st.tuples(st.sampled_from(kinds), st.integers(0, 5)), min_size=2, max_size=8)
    return layers.map(lambda drawn: Net(drawn, has_norms=has_norms))


# Exporting takes seconds: a failure is shown as it was drawn.
QUICK: dict[str, Any] = {"suppress_health_check": list(HealthCheck), "phases": [Phase.generate]}

CONFIGS: list[dict[str, bool]] = [
    {},
    {"is_per_channel": True},
    {"is_per_channel": True, "is_qat": True},
    {"is_per_channel": True, "is_dynamic": True},
]


def both(net: Net, arguments: dict[str, bool]) -> tuple[Any, Any, Any]:
    """Stock's quantizer and ours with one configuration, and what they take."""
    config = stock.get_symmetric_quantization_config(**arguments)
    training = bool(arguments.get("is_qat"))
    x = image(2, 4, 8, 8)
    net(x)
    graph = exported(net, x, training=training)
    return stock.XNNPACKQuantizer().set_global(config), XNNPACKQuantizer().set_global(config), graph


@pytest.mark.parametrize("arguments", CONFIGS, ids=str)
def test_annotations_are_those_of_stock(arguments: dict[str, bool]) -> None:
    # Stock leaves a convolution in float whose input is coded while it runs and that has an activation.
    kinds = (
        ("conv", "transposed", "linear", "linear_relu", *MOVES)
        if "is_dynamic" in arguments
        else LAYERS + MOVES
    )

    @given(nets(has_norms="is_qat" in arguments, kinds=kinds))
    @settings(max_examples=3, **QUICK)
    def check(net: Net) -> None:
        theirs, ours, graph = both(net, arguments)
        copied = copy.deepcopy(graph)
        expected = notes(theirs.annotate(theirs.transform_for_annotation(graph)))
        assert notes(ours.annotate(ours.transform_for_annotation(copied))) == expected
        assert expected

    check()


@pytest.mark.exhaustive
@pytest.mark.parametrize("arguments", CONFIGS, ids=str)
def test_quantized_models_are_those_of_stock(arguments: dict[str, bool]) -> None:
    """To the last bit, through the whole flow."""

    @given(
        nets(
            has_norms=True, kinds=("conv", "linear", *MOVES) if "is_dynamic" in arguments else LAYERS + MOVES
        )
    )
    @settings(max_examples=3, **QUICK)
    def check(net: Net) -> None:
        theirs, ours, graph = both(net, arguments)
        prepare = prepare_qat_pt2e if "is_qat" in arguments else prepare_pt2e
        results: list[Tensor] = []
        codes: list[str] = []
        for quantizer, model in ((theirs, copy.deepcopy(graph)), (ours, graph)):
            prepared = prepare(model, quantizer)
            for seed in range(3):
                prepared(torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(seed)))
            converted = convert_pt2e(prepared)
            results.append(converted(image(2, 4, 8, 8)))
            codes.append(converted.code)
        assert codes[0] == codes[1]
        torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)

    check()


@pytest.mark.parametrize("is_qat", [False, True])
@pytest.mark.parametrize("is_dynamic", [False, True])
@pytest.mark.parametrize("is_per_channel", [False, True])
def test_configurations_are_those_of_stock(is_per_channel: bool, is_dynamic: bool, is_qat: bool) -> None:
    bounds: dict[str, Any] = {"act_qmin": -100, "act_qmax": 90, "weight_qmin": -8, "weight_qmax": 7}
    flags = {"is_per_channel": is_per_channel, "is_dynamic": is_dynamic, "is_qat": is_qat}
    ours = get_symmetric_quantization_config(**flags, **bounds)
    theirs = stock.get_symmetric_quantization_config(**flags, **bounds)
    for mine, other in zip(vars(ours).values(), vars(theirs).values(), strict=True):
        if not hasattr(mine, "observer_or_fake_quant_ctr"):
            assert mine == other
            continue
        one, two = dict(vars(mine)), dict(vars(other))
        made, wanted = one.pop("observer_or_fake_quant_ctr")(), two.pop("observer_or_fake_quant_ctr")()
        assert one == two
        assert str(made) == str(wanted) and type(made) is type(wanted)
        assert made.__dict__.keys() == wanted.__dict__.keys()
        assert getattr(made, "eps", None) == getattr(wanted, "eps", None)
