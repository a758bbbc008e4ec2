# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Several methods in one file share weights; what goes in and comes out may be nested, and need not be tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.nn.utils.parametrizations import weight_norm
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint

import xnnir
from xnnir.testing.runtimes import assert_same, load


class Model(nn.Module):
    """An encoder and a decoder that share an embedding; the decoder's head is tied to it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(500, 64)
        self.encoder = nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64))
        self.head = nn.Linear(64, 500, bias=False)
        self.head.weight = self.embedding.weight

    def encode(self, tokens: Tensor) -> Tensor:
        return self.encoder(self.embedding(tokens))

    def decode(self, tokens: Tensor, memory: Tensor) -> Tensor:
        state = self.embedding(tokens) + memory.mean(1, keepdim=True)
        return self.head(self.encoder(state))


class Part(nn.Module):
    """One of the model's functions as a module of its own, over the same parameters."""

    def __init__(self, model: Model, name: str):
        super().__init__()
        self.model = model
        self.name = name

    def forward(self, *inputs: Tensor) -> Tensor:
        return getattr(self.model, self.name)(*inputs)


def test_methods_share_weights() -> None:
    model = Model().eval()
    tokens, memory = torch.randint(0, 500, (1, 6)), torch.randn(1, 6, 64)
    time = Dim("time", min=2, max=12)
    inputs: dict[str, tuple[Tensor, ...]] = {"encode": (tokens,), "decode": (tokens[:, :1], memory)}
    shapes: dict[str, Any] = {"encode": (({1: time},),), "decode": ((None, {1: time}),)}
    exported = {
        name: torch.export.export(Part(model, name), inputs[name], dynamic_shapes=shapes[name])
        for name in inputs
    }
    program = xnnir.to_edge_transform_and_lower(exported).to_executorch()
    weights = sum(parameter.numel() * 4 for parameter in model.parameters())
    # The table of the embedding is a constant of the method, and a weight of the delegate that has the head.
    table = model.embedding.weight.numel() * 4
    assert len(program.buffer) < weights + table + 40_000
    for name, given in inputs.items():
        for execute in load(program.buffer, name).values():
            assert_same(execute(given), getattr(model, name)(*given))
    longer = torch.randint(0, 500, (1, 12))
    for execute in load(program.buffer, "encode").values():
        assert_same(execute([longer]), model.encode(longer))


@dataclass
class Pair:
    """A container that torch is told of."""

    value: Tensor
    count: int


torch.export.register_dataclass(Pair)


class Nested(nn.Module):
    """All that inputs and outputs can be."""

    lifted: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.linear = weight_norm(nn.Linear(4, 4))
        self.register_buffer("offset", torch.arange(4.0), persistent=False)

    def forward(
        self, batch: dict[str, Any], pair: Pair, *, scale: float = 1.0, mask: Tensor | None = None
    ) -> dict[str, Any]:
        x = batch["x"][0] + torch.tensor([1.0, 2.0, 3.0, 4.0])
        y = self.linear(x) * scale + self.offset
        return {
            "pair": Pair(y, pair.count),
            "inputs": (batch["x"][0], [pair.value, None]),
            "constants": [self.offset, self.linear.bias, 2.5, True, mask],
        }


def test_inputs_and_outputs_are_flattened_as_torch_does() -> None:
    model = Nested().eval()
    batch, pair = {"x": [torch.randn(2, 4), None], "name": 3}, Pair(torch.randn(3), 7)
    exported = torch.export.export(model, (batch, pair), {"scale": 0.5})
    program = xnnir.to_edge_transform_and_lower(exported).to_executorch()
    given = tree_leaves(((batch, pair), {"scale": 0.5}))
    with torch.no_grad():
        expected = tree_leaves(model(batch, pair, scale=0.5))
    assert_same(load(program.buffer)["xnnir"](given), expected)
    assert_same(load(program.buffer)["executorch"](given), expected)


class Mixed(nn.Module):
    """What training code leaves in models: autocast regions, checkpoints, no_grad, in-place ops on views."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            y = checkpoint(self.a, x, use_reentrant=False)
        y.t()[1:].mul_(2)
        y.view(-1)[:3] = 0
        with torch.autocast("cpu", dtype=torch.bfloat16):
            z = self.a(self.dropout(y))
        return z.float() + y


def test_what_training_code_leaves_in_a_model() -> None:
    model, x = Mixed().eval(), torch.randn(3, 4)
    program = xnnir.compile(model, (x,))
    for execute in load(program.buffer).values():
        with torch.no_grad():
            assert_same(execute([x]), model(x), rtol=2e-2, atol=2e-2)
