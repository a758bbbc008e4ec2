"""Which wish of the user goes first, what stays in float on demand, and what is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
from graphs import STATIC, Calls, exported, image, notes
from torch import Tensor, nn
from torch.nn import functional as F
from torchao.quantization.pt2e import MinMaxObserver
from torchao.quantization.pt2e.quantizer import QuantizationConfig, QuantizationSpec

from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

TENSOR = get_symmetric_quantization_config()
NARROW = get_symmetric_quantization_config(weight_qmin=-8, weight_qmax=7)
aten = torch.ops.aten


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)
        self.linear = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.linear(self.conv(x)) + x)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first_block = Block()
        self.blocks = nn.ModuleList([Block()])
        self.last = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.blocks[0](self.first_block(x)))


GRAPH = exported(Net(), image())


def weights(quantizer: XNNPACKQuantizer) -> dict[str, str]:
    """The coding of each weight: c by channel, t by tensor, n by tensor in four bits; and of each sum."""
    graph = quantizer.annotate(quantizer.transform_for_annotation(copy.deepcopy(GRAPH)))
    names = {id(STATIC.weight): "c", id(TENSOR.weight): "t", id(NARROW.weight): "n"}
    found: dict[str, str] = {}
    coded = notes(graph)
    for node in graph.graph.nodes:
        inputs, _ = coded.get(node.name, ({}, None))
        for name, spec in inputs.items():
            if id(spec) in names:
                found[name.removesuffix("_weight")] = names[id(spec)]
        if node.name.startswith("add") and inputs:
            found[node.name] = "+"
    return found


ALL = ["first_block_conv", "first_block_linear", "add", "blocks_0_conv", "blocks_0_linear", "add_1", "last"]


def wish(text: str) -> dict[str, str]:
    """`c c + t t + .` for the operators in order."""
    return {name: code for name, code in zip(ALL, text.split(), strict=True) if code != "."}


CASES: list[tuple[Callable[[XNNPACKQuantizer], Any], str]] = [
    (lambda q: q.set_global(STATIC), "c c + c c + c"),
    (lambda q: q, ". . . . . . ."),
    (lambda q: q.set_module_name("first_block", TENSOR), "t t + . . . ."),
    (lambda q: q.set_global(STATIC).set_module_name("first_block", TENSOR), "t t + c c + c"),
    (lambda q: q.set_global(STATIC).set_module_name("blocks.0.conv", None), "c c + . c + c"),
    (
        lambda q: q.set_module_name("blocks.0", STATIC).set_module_name("blocks.0.conv", TENSOR),
        ". . . t c + .",
    ),
    (lambda q: q.set_module_type(nn.Conv2d, TENSOR), "t . . t . . ."),
    (lambda q: q.set_module_type(Block, TENSOR).set_module_name("blocks.0", NARROW), "t t + n n + ."),
    (lambda q: q.set_global(STATIC).set_module_type(nn.Linear, None), "c . + c . + ."),
    (lambda q: q.set_operator_type(aten.conv2d.default, TENSOR), "t . . t . . ."),
    (lambda q: q.set_operator_type(aten.add, TENSOR), ". . + . . + ."),
    (lambda q: q.set_global(STATIC).set_operator_type(aten.linear.default, NARROW), "c n + c n + n"),
    (lambda q: q.set_global(STATIC).set_operator_type(aten.add.Tensor, None), "c c . c c . c"),
    (
        lambda q: (
            q.set_global(STATIC).set_operator_type(aten.linear.default, NARROW).set_module_type(Block, TENSOR)
        ),
        "t t + t t + n",
    ),
    (
        lambda q: q.set_global(STATIC).set_filter_function(lambda node: "linear" not in node.name),
        "c . + c . + .",
    ),
]


@pytest.mark.parametrize(("wishes", "expected"), CASES)
def test_precedence(wishes: Callable[[XNNPACKQuantizer], Any], expected: str) -> None:
    quantizer = XNNPACKQuantizer()
    wishes(quantizer)
    assert weights(quantizer) == wish(expected)


def test_what_is_left_in_float_shares_no_coding() -> None:
    net = Calls(
        lambda m, x: m.drop(m.pool(m.conv(x))),
        conv=nn.Conv2d(4, 4, 1),
        pool=nn.MaxPool2d(2),
        drop=nn.Dropout(),
    )
    quantizer = XNNPACKQuantizer().set_global(STATIC).set_module_name("pool", None)
    assert list(notes(quantizer.annotate(exported(net, image())))) == ["conv2d"]


def config(**changes: Any) -> QuantizationConfig:
    spec = {
        "dtype": torch.int8,
        "qscheme": torch.per_tensor_affine,
        "observer_or_fake_quant_ctr": MinMaxObserver,
    }
    return QuantizationConfig(QuantizationSpec(**{**spec, **changes}), None, None, None)


WRONG: list[tuple[Callable[[XNNPACKQuantizer], Any], type[Exception], str]] = [
    (lambda q: q.set_global(cast(Any, "int8")), TypeError, "expected a QuantizationConfig.*got 'int8'"),
    (
        lambda q: q.set_global(config(dtype=torch.int16)),
        ValueError,
        "int8 with one scale.*got an input.*int16",
    ),
    (
        lambda q: q.set_global(config(qscheme=torch.per_channel_affine)),
        ValueError,
        "one scale a tensor; got an input activation of torch.int8 with torch.per_channel_affine",
    ),
    (
        lambda q: q.set_operator_type(aten.cumsum.default, STATIC),
        ValueError,
        "no pattern takes aten.cumsum.default",
    ),
    (
        lambda q: q.set_module_name("block.0", STATIC).annotate(GRAPH),
        ValueError,
        "comes from a module 'block.0'; did you mean 'blocks.0'",
    ),
    (
        lambda q: get_symmetric_quantization_config(act_qmin=-129),
        ValueError,
        "-128 <= act_qmin < act_qmax <= 127",
    ),
    (
        lambda q: get_symmetric_quantization_config(weight_qmin=0, weight_qmax=15),
        ValueError,
        "coded around zero",
    ),
    (
        lambda q: cast(Any, get_symmetric_quantization_config)(per_channel=True),
        TypeError,
        "unexpected keyword.*per_channel",
    ),
    (lambda q: cast(Any, XNNPACKQuantizer)(is_qat=True), TypeError, "unexpected keyword"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_wrong_wishes_are_refused(
    call: Callable[[XNNPACKQuantizer], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(XNNPACKQuantizer())


def test_configurations_are_one_object_each() -> None:
    assert get_symmetric_quantization_config(False, is_qat=True) is get_symmetric_quantization_config(
        is_qat=True
    )
    assert len(XNNPACKQuantizer.get_supported_quantization_configs()) == 4
    assert [nn.Linear] in XNNPACKQuantizer.get_supported_operator_for_quantization_config(STATIC)
    assert XNNPACKQuantizer.get_supported_operator_for_quantization_config(NARROW) == []
