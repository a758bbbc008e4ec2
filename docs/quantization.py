"""
A small CNN and a small transformer, trained on scikit-learn's digits and quantised in each way there is.

    python docs/quantization.py [--write]

Each model is lowered and run by the runtime; what is counted are its right answers on images that it has not seen. With
--write the table and the plot in `quantization.md` are written anew.
"""

from __future__ import annotations

import argparse
import copy
import io
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DOCS = Path(__file__).resolve().parent
BATCH = {0: torch.export.Dim("batch", min=2, max=512)}


@dataclass(frozen=True)
class Digits:
    """Images of 8x8 pixels between 0 and 1, and what they show."""

    images: Tensor
    labels: Tensor


@cache
def digits() -> tuple[Digits, Digits]:
    """Images to learn from, and others to be asked about."""
    from sklearn.datasets import load_digits

    data = load_digits()
    images = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16
    labels = torch.tensor(data.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    first, last = order[:1297], order[1297:]
    return Digits(images[first], labels[first]), Digits(images[last], labels[last])


class Cnn(nn.Module):
    """Two convolutions with batch norms, a depthwise one between them, a pool, a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.depthwise = nn.Sequential(
            nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.BatchNorm2d(16), nn.ReLU6()
        )
        self.pointwise = nn.Sequential(nn.Conv2d(16, 32, 1), nn.BatchNorm2d(32), nn.ReLU())
        self.classifier = nn.Linear(32 * 16, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        x = F.max_pool2d(self.pointwise(x + self.depthwise(x)), 2)
        return self.classifier(x.flatten(1))


class Block(nn.Module):
    """Attention and a perceptron, each on a normalised residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(-1, (4, -1)).transpose(1, 2) for part in self.qkv(self.norms[0](x)).chunk(3, -1)
        )
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norms[1](x))))


class Transformer(nn.Module):
    """Each row of an image is a token."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.embed = nn.Linear(8, width)
        self.places = nn.Parameter(torch.randn(8, width) / 8)
        self.blocks = nn.Sequential(Block(width), Block(width))
        self.norm = nn.LayerNorm(width)
        self.classifier = nn.Linear(8 * width, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.blocks(self.embed(image.squeeze(1)) + self.places)
        return self.classifier(self.norm(x).flatten(1))


def train(model: nn.Module, epochs: int, rate: float = 3e-3, seed: int = 0) -> nn.Module:
    """A few passes over the images to learn from."""
    learn, _ = digits()
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    steps = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * 20)
    for _ in range(epochs):
        for batch in torch.randperm(len(learn.labels), generator=generator)[:1280].view(20, 64):
            optimizer.zero_grad()
            F.cross_entropy(model(learn.images[batch]), learn.labels[batch]).backward()
            optimizer.step()
            steps.step()
    return model


def exported(model: nn.Module, *, training: bool = False) -> Any:
    """The graph of `model` for any number of images."""
    images = digits()[0].images[:64]
    return torch.export.export(model.train(training), (images,), dynamic_shapes=(BATCH,)).module()


def post_training(model: nn.Module, **scheme: Any) -> nn.Module:
    """Calibrated on a part of the images, where there is anything to calibrate."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(**scheme))
    prepared = prepare_pt2e(exported(model), quantizer)
    prepared(digits()[0].images[:512])
    return convert_pt2e(prepared)


def quantization_aware(model: nn.Module) -> nn.Module:
    """Trained a little more, with numbers rounded as they will be."""
    from torchao.quantization.pt2e import move_exported_model_to_eval, move_exported_model_to_train
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_qat_pt2e

    from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

    config = get_symmetric_quantization_config(is_per_channel=True, is_qat=True)
    prepared = prepare_qat_pt2e(
        exported(copy.deepcopy(model), training=True), XNNPACKQuantizer().set_global(config)
    )
    move_exported_model_to_train(prepared)
    train(prepared, epochs=4, rate=5e-4, seed=1)
    move_exported_model_to_eval(prepared)
    return convert_pt2e(prepared)


def blockwise(model: nn.Module) -> nn.Module:
    """torchao's: weights in 4 bits with a scale for each 32, inputs coded row by row. For linear layers only."""
    from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
    from torchao.quantization.granularity import PerGroup
    from torchao.utils import unwrap_tensor_subclass

    quantized = copy.deepcopy(model).eval()
    config = Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(32))
    quantize_(
        quantized, config, lambda module, _: isinstance(module, nn.Linear) and module.in_features % 32 == 0
    )
    return unwrap_tensor_subclass(quantized)


SCHEMES: Mapping[str, Callable[[nn.Module], nn.Module]] = {
    "float": lambda model: model,
    "static, a scale for each tensor": post_training,
    "static, a scale for each channel": lambda model: post_training(model, is_per_channel=True),
    "dynamic": lambda model: post_training(model, is_per_channel=True, is_dynamic=True),
    "dynamic, weights in 4 bits": lambda model: post_training(
        model, is_per_channel=True, is_dynamic=True, weight_qmin=-8, weight_qmax=7
    ),
    "torchao, weights in 4 bits by 32": blockwise,
    "static, quantisation-aware training": quantization_aware,
}
MODELS: Mapping[str, Callable[[], nn.Module]] = {"CNN": Cnn, "transformer": Transformer}


@dataclass(frozen=True)
class Outcome:
    """A model that was quantised in one way, as the runtime runs it."""

    model: str
    scheme: str
    accuracy: float
    """Right answers, in percent."""
    size: int
    """Of the file, in bytes."""


def trained(name: str) -> nn.Module:
    """The float model `name`, trained in seconds."""
    torch.manual_seed(0)
    return train(MODELS[name](), epochs=12).eval()


def run(model: nn.Module) -> tuple[float, int]:
    """Percent of right answers on images that the model has not seen, and the size of the file that gives them."""
    import xnnir
    from xnnir.runtime import Runtime

    _, unseen = digits()
    program = torch.export.export(model, (unseen.images,), dynamic_shapes=(BATCH,))
    file = xnnir.to_edge_transform_and_lower(program).to_executorch().buffer
    (logits,) = Runtime.get().load_program(file).load_method("forward").execute([unseen.images])
    return 100 * float((logits.argmax(-1) == unseen.labels).float().mean()), len(file)


def outcomes(name: str) -> list[Outcome]:
    """The model `name` in each way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = trained(name)
        return [Outcome(name, scheme, *run(quantize(model))) for scheme, quantize in SCHEMES.items()]


def plot(results: list[Outcome]) -> str:
    """Accuracy against size, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(MODELS), figsize=(9, 4), sharey=True, layout="constrained")
    for axis, name in zip(axes, MODELS, strict=True):
        for one in (one for one in results if one.model == name):
            axis.scatter(one.size / 1000, one.accuracy, label=one.scheme)
        axis.set(title=name, xlabel="file, kB")
    axes[0].set_ylabel("right answers, %")
    axes[-1].legend(fontsize="small")
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def table(results: list[Outcome]) -> str:
    """All outcomes, as Markdown."""
    rows = "".join(
        f"| {one.model} | {one.scheme} | {one.accuracy:.1f} % | {one.size / 1000:.1f} kB |\n"
        for one in results
    )
    return f"| model | scheme | right answers | file |\n|---|---|---|---|\n{rows}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--write", action="store_true", help="write the table and the plot of quantization.md"
    )
    arguments = parser.parse_args()
    results = [outcome for name in MODELS for outcome in outcomes(name)]
    print(table(results), end="")
    if arguments.write:
        (DOCS / "quantization.svg").write_text(plot(results))
        document = DOCS / "quantization.md"
        part = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.DOTALL)
        document.write_text(
            part.sub(lambda found: f"{found[1]}{table(results)}{found[2]}", document.read_text())
        )


if __name__ == "__main__":
    main()
