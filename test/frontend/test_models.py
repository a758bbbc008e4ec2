# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
"""Whole models from `transformers`, built from their configurations: imported, and run op by op against eager."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
import torch
from torch import nn
from xdsl.dialects.func import FuncOp

from xnnir.context import make_context
from xnnir.frontend import import_exported_program
from xnnir.testing import zoo


def counts(function: FuncOp) -> Counter[str]:
    return Counter(op.name for op in function.body.block.ops)


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo.NAMES)
def test_vision_models(run_imported: Any, name: str) -> None:
    entry = zoo.load(name)
    program = torch.export.export(entry.model, entry.example_inputs)
    with torch.no_grad():
        outputs, assigned = run_imported(program, entry.example_inputs)
        torch.testing.assert_close(outputs[0], entry.model(*entry.example_inputs), rtol=1e-6, atol=1e-6)
    assert not assigned


def test_mobilenet_v2_has_the_ops_of_its_definition_and_is_imported_quickly() -> None:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    with zoo.quiet():
        model = zoo.LogitsOnly(MobileNetV2ForImageClassification(MobileNetV2Config())).eval()
        program = torch.export.export(model, (torch.randn(1, 3, 224, 224),))
    import_exported_program(program, make_context())
    seconds: list[float] = []
    for _ in range(3):
        ctx = make_context()
        begin = time.perf_counter()
        import_exported_program(program, ctx)
        seconds.append(time.perf_counter() - begin)
    found = counts(import_exported_program(program, make_context()))
    convolutions = sum(isinstance(m, nn.Conv2d) for m in model.modules())
    assert found["aten.conv2d"] == found["aten.batch_norm"] == convolutions
    assert found["aten.linear"] == 1
    # 14 MB are hashed meanwhile. A loaded machine gets room; what would be noticed is ten times slower.
    assert min(seconds) < 0.5


def bert() -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
    )
    model = BertForSequenceClassification(config)

    class Logits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.model(input_ids=ids, attention_mask=mask).logits

    mask = torch.ones(2, 12, dtype=torch.int64)
    mask[1, 7:] = 0
    return Logits().eval(), (torch.randint(0, 99, (2, 12)), mask)


def vit() -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
    )
    return zoo.LogitsOnly(ViTForImageClassification(config)).eval(), (torch.randn(2, 3, 32, 32),)


@pytest.mark.parametrize("build", [bert, vit])
@pytest.mark.parametrize("form", ["exported", "core"])
def test_transformers(run_imported: Any, build: Any, form: str) -> None:
    torch.manual_seed(0)
    with zoo.quiet():
        model, inputs = build()
        program = torch.export.export(model, inputs)
    if form == "core":
        program = program.run_decompositions()
    with torch.no_grad():
        outputs, _ = run_imported(program, inputs)
        torch.testing.assert_close(outputs[0], model(*inputs), rtol=1e-5, atol=1e-5)


def test_a_transformer_with_dynamic_shapes(run_imported: Any) -> None:
    torch.manual_seed(0)
    with zoo.quiet():
        model, inputs = bert()
        batch, length = torch.export.Dim("batch", min=1, max=4), torch.export.Dim("length", min=2, max=64)
        shape = {0: batch, 1: length}
        program = torch.export.export(model, inputs, dynamic_shapes=(shape, shape))
    other = torch.randint(0, 99, (3, 20)), torch.ones(3, 20, dtype=torch.int64)
    with torch.no_grad():
        outputs, _ = run_imported(program, other)
        torch.testing.assert_close(outputs[0], model(*other), rtol=1e-5, atol=1e-5)
