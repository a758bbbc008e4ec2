"""Config classes: what they select is converted, what no config selects never is. A module for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

import xnnir
from xnnir import pipelines
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import XnnOp
from xnnir.partition.config import ALL_PARTITIONER_CONFIGS, CONFIGS_BY_NAME, ConfigPrecisionType
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
from xnnir.passes._aten_to_xnn import CONVERTERS
from xnnir.report import place_of

# Which configs select the operator of a case, by the names of ExecuTorch's classes and PyTorch's decompositions.
CASES: list[tuple[str, Callable[[Any, Tensor], Tensor]]] = [
    ("AbsConfig", lambda m, x: x.abs()),
    ("AddConfig", lambda m, x: x + x),
    ("AddConfig", lambda m, x: x + 2.0),
    ("AddmmConfig", lambda m, x: torch.addmm(m.bias, m.rows, m.square)),
    ("AddmmConfig LinearConfig", lambda m, x: F.linear(x, m.square, m.bias)),
    ("AvgPoolingConfig", lambda m, x: F.avg_pool2d(x, 2)),
    ("AvgPoolingConfig MeanDimConfig", lambda m, x: F.adaptive_avg_pool2d(x, 1)),
    ("AvgPoolingConfig", lambda m, x: F.adaptive_avg_pool2d(x, (2, 1))),
    ("BMMConfig", lambda m, x: torch.bmm(m.batch, m.batch)),
    ("BMMConfig", lambda m, x: m.batch @ m.batch),
    ("BatchNormConfig", lambda m, x: F.batch_norm(x, m.mean, m.variance)),
    ("CatConfig", lambda m, x: torch.cat([x, x], 1)),
    ("CatConfig", lambda m, x: torch.stack([x, x], 1)),
    ("CeilConfig", lambda m, x: x.ceil()),
    ("ClampConfig", lambda m, x: x.clamp(-0.5, 0.5)),
    ("ConstantPadConfig", lambda m, x: F.pad(x, (1, 1), value=3.0)),
    ("ConvolutionConfig", lambda m, x: F.conv2d(x, m.filter)),
    ("ConvolutionConfig", lambda m, x: F.conv_transpose2d(x, m.filter)),
    ("CosConfig", lambda m, x: x.cos()),
    ("DivConfig", lambda m, x: x / m.image),
    ("EluConfig", lambda m, x: F.elu(x)),
    ("ExpConfig", lambda m, x: x.exp()),
    ("FloorConfig", lambda m, x: x.floor()),
    ("GeluConfig", lambda m, x: F.gelu(x)),
    ("CompositeConfig", lambda m, x: F.group_norm(x, 2)),
    ("CompositeConfig", lambda m, x: F.hardsigmoid(x)),
    ("HardswishConfig", lambda m, x: F.hardswish(x)),
    ("HardtanhConfig", lambda m, x: F.hardtanh(x)),
    ("HardtanhConfig", lambda m, x: F.relu6(x)),
    ("CompositeConfig", lambda m, x: F.layer_norm(x, (4,))),
    ("LeakyReLUConfig", lambda m, x: F.leaky_relu(x)),
    ("LogConfig", lambda m, x: x.log()),
    ("CompositeConfig", lambda m, x: x.log_softmax(-1)),
    ("MMConfig", lambda m, x: torch.mm(m.rows, m.square)),
    ("MMConfig", lambda m, x: m.rows @ m.square),
    ("LinearConfig MMConfig", lambda m, x: F.linear(x, m.square)),
    ("MaxDimConfig", lambda m, x: x.amax((2, 3))),
    ("CompositeConfig", lambda m, x: x.amin((2, 3))),
    ("MaxPool2dConfig", lambda m, x: F.max_pool2d(x, 2)),
    ("MaximumConfig", lambda m, x: torch.maximum(x, m.image)),
    ("MeanDimConfig", lambda m, x: x.mean((2, 3), keepdim=True)),
    ("MinimumConfig", lambda m, x: torch.minimum(x, m.image)),
    ("MulConfig", lambda m, x: x * m.image),
    ("NegConfig", lambda m, x: -x),
    ("PermuteConfig", lambda m, x: x.permute(0, 2, 1, 3)),
    ("PermuteConfig", lambda m, x: x.transpose(1, 3)),
    ("PowConfig", lambda m, x: x.pow(2)),
    ("PreluConfig", lambda m, x: F.prelu(x, m.bias)),
    ("ReLUConfig", lambda m, x: x.relu()),
    ("ReciprocalSquareRootConfig", lambda m, x: x.rsqrt()),
    ("CompositeConfig", lambda m, x: F.scaled_dot_product_attention(x, x, x)),
    ("SigmoidConfig", lambda m, x: x.sigmoid()),
    ("CompositeConfig", lambda m, x: F.silu(x)),
    ("SinConfig", lambda m, x: x.sin()),
    ("SliceCopyConfig", lambda m, x: x[:, 1:3]),
    ("SliceCopyConfig", lambda m, x: x.split(2, 1)[1]),
    ("SoftmaxConfig", lambda m, x: x.softmax(-1)),
    ("SquareRootConfig", lambda m, x: x.sqrt()),
    ("SubConfig", lambda m, x: x - m.image),
    ("SubConfig", lambda m, x: 1.0 - x),
    ("CompositeConfig", lambda m, x: x.sum((2, 3))),
    ("TanhConfig", lambda m, x: x.tanh()),
    ("ToDimOrderCopyConfig", lambda m, x: x.to(torch.float16)),
    ("UnsqueezeCopyConfig", lambda m, x: x.unsqueeze(-1)),
    ("UpsampleBilinear2dConfig", lambda m, x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    ("CompositeConfig", lambda m, x: x.var((2, 3))),
    ("ViewCopyConfig", lambda m, x: x.reshape(4, 16)),
]
SELECTED_BY = {f"cases.{index}": frozenset(names.split()) for index, (names, _) in enumerate(CASES)}
"""By the path of the case's module."""

NOTHING_TO_SELECT = {
    "CloneConfig": "a copy of a value is the value",
    "CloneDimOrderConfig": "a copy of a value is the value",
    **dict.fromkeys(
        (
            "ChooseQParamsAffineConfig",
            "DeQuantizeAffineConfig",
            "DeQuantizedPerTensorConfig",
            "QuantizeAffineConfig",
            "QuantizedPerTensorConfig",
        ),
        "quantisation is in types",
    ),
}


class Case(nn.Module):
    """One line of the table."""

    def __init__(self, function: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function
        self.square = nn.Parameter(torch.rand(4, 4), requires_grad=False)
        self.filter = nn.Parameter(torch.rand(4, 4, 2, 2), requires_grad=False)
        self.bias = nn.Parameter(torch.rand(4), requires_grad=False)
        self.image = nn.Parameter(torch.rand(1, 4, 4, 4), requires_grad=False)
        self.mean, self.variance = (nn.Parameter(torch.rand(4), requires_grad=False) for _ in range(2))

    def forward(self, x: Tensor, rows: Tensor, batch: Tensor) -> Tensor:
        return self.function(SimpleNamespace(**dict(self.named_parameters()), rows=rows, batch=batch), x)


class EveryOp(nn.Module):
    """Computes each case from the inputs alone, so that nothing fuses with anything."""

    def __init__(self) -> None:
        super().__init__()
        self.cases = nn.ModuleList(Case(function) for _, function in CASES)

    def forward(self, inputs: list[tuple[Tensor, Tensor, Tensor]]) -> list[Tensor]:
        return [case(*own) for case, own in zip(self.cases, inputs, strict=True)]


# No fixture: hypothesis prints the arguments of an example that fails, and the text of an op with all that it is
# connected with has no end.
@cache
def imported() -> tuple[Context, ModuleOp]:
    # Each case has inputs of its own, since what is computed twice is computed once.
    inputs = [(torch.rand(1, 4, 4, 4), torch.rand(16, 4), torch.rand(4, 4, 4)) for _ in CASES]
    edge = xnnir.to_edge(torch.export.export(EveryOp().eval(), (inputs,)))
    return edge.context, edge.module


def outcome(partitioner: XnnpackPartitioner) -> tuple[set[str], set[str]]:
    """The cases with nodes of XNNPACK, and those with operators that are left."""
    context, module = imported()[0], imported()[1].clone()
    passes = [*pipelines.aten_to_xnn(partitioner, is_last=False), *pipelines.xnn_to_graphs(partitioner)]
    pipelines.run(passes, context, module)
    found: dict[type[Operation], set[str]] = {XnnOp: set(), AtenOp: set()}
    for op in module.walk():
        for kind, cases in found.items():
            if isinstance(op, kind):
                cases.add(place_of(op.location)[2])
    return found[XnnOp], found[AtenOp]


def expect(names: Sequence[str]) -> None:
    converted, left = outcome(XnnpackPartitioner(configs=[CONFIGS_BY_NAME[name] for name in names]))
    selected = {case for case, configs in SELECTED_BY.items() if configs & set(names)}
    assert _names(converted) == _names(selected)
    assert _names(left) == _names(SELECTED_BY.keys() - selected)


def _names(cases: Iterable[str]) -> list[str]:
    return sorted(f"{case} {'/'.join(sorted(SELECTED_BY[case]))}" for case in cases)


def test_every_config_has_a_case_or_a_reason() -> None:
    names = {name for configs in SELECTED_BY.values() for name in configs}
    stock = {name for name, config in CONFIGS_BY_NAME.items() if "composite" not in config.__module__}
    assert len(stock) == 53
    assert stock - names == set(NOTHING_TO_SELECT)


def test_configs_name_only_what_has_a_conversion() -> None:
    named = {op for config in ALL_PARTITIONER_CONFIGS for op in config.ops}
    assert sorted(named - set(CONVERTERS)) == []


def test_names_and_precisions_are_those_of_executorch() -> None:
    from executorch.backends.xnnpack.partition import config as stock
    from executorch.backends.xnnpack.partition.config import generic_node_configs

    for theirs in (*stock.ALL_PARTITIONER_CONFIGS, generic_node_configs.EluConfig):
        ours = CONFIGS_BY_NAME[theirs.__name__]
        assert ours.__module__.rpartition(".")[2] == theirs.__module__.rpartition(".")[2]
        precisions = {type.name for type in ours.supported_precision_types()}
        expected = {type.name for type in theirs().supported_precision_types()}
        # What ExecuTorch has an operator in is there; XNNPACK may have more. It does not use its EluConfig.
        if theirs.__name__ not in {*NOTHING_TO_SELECT, "EluConfig"}:
            assert expected <= precisions, theirs.__name__


@pytest.mark.parametrize("name", sorted({name for configs in SELECTED_BY.values() for name in configs}))
def test_a_config_alone_selects_its_operators_and_no_others(name: str) -> None:
    expect([name])


@given(names=st.sets(st.sampled_from(sorted(CONFIGS_BY_NAME)), min_size=1))
@settings(max_examples=20, deadline=None)
def test_a_selection_is_all_that_is_delegated(names: set[str]) -> None:
    expect(sorted(names))


def test_all_configs_are_the_default() -> None:
    expect(list(CONFIGS_BY_NAME))
    assert outcome(XnnpackPartitioner()) == outcome(XnnpackPartitioner(configs=ALL_PARTITIONER_CONFIGS))


@pytest.mark.parametrize("precision", ConfigPrecisionType)
def test_float_models_have_floats_only(precision: ConfigPrecisionType) -> None:
    partitioner = XnnpackPartitioner(config_precisions=precision)
    converted, left = outcome(partitioner)
    if precision is ConfigPrecisionType.FP32:
        assert (converted, left) == outcome(XnnpackPartitioner())
    else:
        assert not converted
