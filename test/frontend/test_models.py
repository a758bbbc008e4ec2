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


LARGE = ("efficientnet", "mobilenet_v2", "regnet", "resnet50")
"""Models that take long in core operators, and have none that smaller ones do not have."""


def _form(name: str, form: str) -> Any:
    takes_long = form == "core" and name in LARGE
    marks = pytest.mark.exhaustive if takes_long else ()
    return pytest.param(name, form, marks=marks, id=f"{form}-{name}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "form"), [_form(name, form) for form in ("exported", "core") for name in zoo.NAMES]
)
def test_models_of_the_zoo(run_imported: Any, name: str, form: str) -> None:
    entry = zoo.load(name)
    program = entry.export()
    if form == "core":
        program = program.run_decompositions()
    with torch.no_grad():
        outputs, assigned = run_imported(program, entry.example_inputs)
        expected = entry.fresh()(*entry.example_inputs)
    for got, wanted in zip(outputs, expected if isinstance(expected, tuple) else (expected,), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)
    assert bool(assigned) == entry.keeps_state


def test_mobilenet_v2_has_the_ops_of_its_definition_and_is_imported_quickly() -> None:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    with zoo.quiet():
        mobilenet = MobileNetV2ForImageClassification(MobileNetV2Config())
        model = zoo.Fields(mobilenet, ("pixel_values",), ("logits",)).eval()
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
    model = zoo.Fields(BertForSequenceClassification(config), ("input_ids", "attention_mask"), ("logits",))
    mask = torch.ones(2, 12, dtype=torch.int64)
    mask[1, 7:] = 0
    return model.eval(), (torch.randint(0, 99, (2, 12)), mask)


def test_a_transformer_with_dynamic_shapes(run_imported: Any) -> None:
    torch.manual_seed(0)
    with zoo.quiet():
        model, inputs = bert()
        batch, length = torch.export.Dim("batch", min=1, max=4), torch.export.Dim("length", min=2, max=64)
        shape = {0: batch, 1: length}
        program = torch.export.export(model, inputs, dynamic_shapes=((shape, shape),))
    other = torch.randint(0, 99, (3, 20)), torch.ones(3, 20, dtype=torch.int64)
    with torch.no_grad():
        outputs, _ = run_imported(program, other)
        torch.testing.assert_close(outputs[0], model(*other), rtol=1e-5, atol=1e-5)
