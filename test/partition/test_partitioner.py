"""Partitioners: their arguments, several in a row, weights as inputs, and how many delegates there are."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from xdsl.dialects.builtin import TensorType, f16, f32
from xdsl.ir import Block

import xnnir
from xnnir.dialects import xnn
from xnnir.dialects.xnn.support import SUPPORT, precision_of, precision_of_row
from xnnir.partition.config import (
    ALL_PARTITIONER_CONFIGS,
    AddConfig,
    AddmmConfig,
    ConfigPrecisionType,
    LinearConfig,
    MMConfig,
    ReLUConfig,
    SigmoidConfig,
)
from xnnir.partition.xnnpack_partitioner import (
    XnnpackDynamicallyQuantizedPartitioner,
    XnnpackFloatingPointPartitioner,
    XnnpackPartitioner,
    XnnpackQuantizedPartitioner,
    partitioners,
)
from xnnir.passes._aten_to_xnn.selection import Selection
from xnnir.report import Report
from xnnir.runtime import Runtime
from xnnir.testing import stock

WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"configs": []}, ValueError, "at least one class"),
    ({"configs": [AddConfig()]}, TypeError, "got an instance of AddConfig"),
    ({"configs": [nn.Linear]}, TypeError, "classes of xnnir.partition.config, got Linear"),
    ({"configs": "AddConfig"}, TypeError, "list of config classes, got 'AddConfig'"),
    ({"config_precisions": []}, ValueError, "at least one of ConfigPrecisionType.FP32"),
    ({"config_precisions": "FP32"}, TypeError, "one or several of .*got 'FP32'"),
    ({"config_precisions": [1]}, TypeError, "ConfigPrecisionType.DYNAMIC_QUANT, got 1"),
    ({"per_op_mode": 1}, TypeError, "per_op_mode to be True or False, got 1"),
    ({"target": "coreml"}, ValueError, "one of executorch, xnnir, got 'coreml'"),
    ({"per_op": True}, TypeError, "no option per_op; did you mean per_op_mode"),
    ({"force_fp32_dynamic_linear": True}, TypeError, "did you mean force_non_static_weights_for_f32_linear"),
    ({"xyz": True}, TypeError, "no option xyz; expected one of configs, config_precisions"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), WRONG)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        XnnpackPartitioner(**arguments)


@pytest.mark.parametrize(
    ("partitioner", "precision"),
    [
        (XnnpackFloatingPointPartitioner, ConfigPrecisionType.FP32),
        (XnnpackQuantizedPartitioner, ConfigPrecisionType.STATIC_QUANT),
        (XnnpackDynamicallyQuantizedPartitioner, ConfigPrecisionType.DYNAMIC_QUANT),
    ],
)
def test_partitioners_of_one_precision(
    partitioner: Callable[..., XnnpackPartitioner], precision: ConfigPrecisionType
) -> None:
    made = partitioner(per_op_mode=True)
    assert made.config_precisions == (precision,) and made.per_op_mode
    with pytest.raises(ValueError, match="has its own precision"):
        partitioner(config_precisions=precision)


def test_lists_of_partitioners() -> None:
    one, two = XnnpackPartitioner(), XnnpackPartitioner(target="xnnir")
    assert partitioners(one) == partitioners([one]) == (one,)
    with pytest.raises(ValueError, match="partitioners of one target, got executorch and xnnir"):
        partitioners([one, two])
    with pytest.raises(ValueError, match="at least one partitioner"):
        partitioners([])
    wrong: Any = [XnnpackPartitioner]
    with pytest.raises(TypeError, match="got <class"):
        partitioners(wrong)


def test_datatypes_decide_the_precision_of_a_node() -> None:
    q = xnn.QInt8Type(0.5, 1)  # pyright: ignore[reportCallIssue]
    qd = xnn.QDInt8Type(1)
    floats, quantised, dynamic = (TensorType(type, [2, 3]) for type in (f32, q, qd))
    weights = TensorType(xnn.QCInt8Type(0, [0.5] * 4), [4, 3])  # pyright: ignore[reportCallIssue]
    bias, result = TensorType(f32, [4]), TensorType(f32, [2, 4])
    block = Block(arg_types=[floats, quantised, dynamic, weights, bias, TensorType(f16, [2, 3])])
    x, y, z, w, b, half = block.args
    expected = {
        xnn.AddOp(x, x, floats): "fp32",
        xnn.AddOp(half, half, half.type): "fp32",
        xnn.AddOp(y, y, quantised): "static_quant",
        xnn.ConvertOp(x, quantised): "static_quant",
        xnn.ConvertOp(y, floats): "static_quant",
        xnn.ConvertOp(x, dynamic): "dynamic_quant",
        xnn.FullyConnectedOp(z, w, b, result): "dynamic_quant",
        xnn.FullyConnectedOp(x, w, b, result): "fp32",
    }
    for node, precision in expected.items():
        assert precision_of(node) == precision
        for type in ConfigPrecisionType:
            refusal = Selection(precisions=(type.precision,)).why_not_node(node)
            assert (refusal is None) == (type.precision == precision)
    # The table of support has every precision, and so do the classes made from it.
    rows = {precision_of_row(row) for support in SUPPORT.values() for row in support.datatypes}
    assert rows == {type.precision for type in ConfigPrecisionType}


class Chain(nn.Module):
    """Layers that all could be one delegate."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 8), nn.Linear(8, 6)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.second(torch.relu(self.first(x)))) + x


def _lowered(model: nn.Module, x: Tensor, *chosen: XnnpackPartitioner) -> xnnir.ExecutorchProgramManager:
    program = torch.export.export(model.eval(), (x,))
    return xnnir.to_edge_transform_and_lower(program, partitioner=list(chosen)).to_executorch()


def _check(program: xnnir.ExecutorchProgramManager, model: nn.Module, x: Tensor) -> None:
    with torch.no_grad():
        expected = model(x)
    for outputs in (
        Runtime.get().load_program(program.buffer).load_method("forward").execute([x]),
        stock.run(program.buffer, [x]),
    ):
        torch.testing.assert_close(outputs[0], expected, rtol=1e-4, atol=1e-5)


def test_each_partitioner_takes_what_those_before_it_left() -> None:
    model, x = Chain(), torch.randn(3, 6)
    linear = XnnpackPartitioner(configs=[LinearConfig])
    program = _lowered(model, x, linear, XnnpackPartitioner(configs=[LinearConfig, SigmoidConfig]))
    names = [[op.op for op in delegate.ops] for delegate in program.explain().delegates]
    # One delegate for each partitioner between two ops of the host, though the nodes are neighbours.
    assert names == [["xnn.fully_connected"], ["xnn.fully_connected"], ["xnn.sigmoid"]]
    left = {op.op: op.reason for op in program.explain().not_delegated}
    assert left.keys() == {"aten.relu", "aten.add.Tensor"}
    assert all("ReLUConfig" in left[op] or "AddConfig" in left[op] for op in left)
    _check(program, model, x)
    together = _lowered(model, x, linear, XnnpackPartitioner(configs=[ReLUConfig, SigmoidConfig, AddConfig]))
    assert [len(delegate.ops) for delegate in together.explain().delegates] == [1, 1, 1, 2]
    assert not together.explain().not_delegated
    _check(together, model, x)
    # What is left for the second one is nothing.
    assert len(_lowered(model, x, XnnpackPartitioner(), linear).explain().delegates) == 1
    # Floats are what a partitioner of quantised nodes leaves.
    recipe = _lowered(model, x, XnnpackDynamicallyQuantizedPartitioner(), XnnpackPartitioner())
    assert len(recipe.explain().delegates) == 1 and not recipe.explain().not_delegated


def test_channels_last_inputs_and_results_survive_several_partitioners() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sigmoid(), nn.Conv2d(4, 3, 3))
    x = torch.randn(2, 3, 8, 7).to(memory_format=torch.channels_last)
    rest = [config for config in ALL_PARTITIONER_CONFIGS if config is not SigmoidConfig]
    program = _lowered(model, x, XnnpackPartitioner(configs=rest), XnnpackPartitioner())
    assert len(program.explain().delegates) == 3
    _check(program, model, x)


def test_per_op_mode_of_one_partitioner_of_two() -> None:
    model, x = Chain(), torch.randn(3, 6)
    program = _lowered(
        model, x, XnnpackPartitioner(configs=[LinearConfig], per_op_mode=True), XnnpackPartitioner()
    )
    assert [len(delegate.ops) for delegate in program.explain().delegates] == [1, 1, 1, 2]
    _check(program, model, x)


class Products(nn.Module):
    """A linear layer, a product with a parameter, and one with a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(5, 7)
        self.matrix = nn.Parameter(torch.randn(7, 4))
        self.last, self.bias = nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, self.linear(x) @ self.matrix, self.last)


@pytest.mark.parametrize("selected", [None, [AddmmConfig, LinearConfig, MMConfig]])
def test_weights_of_linear_layers_can_be_inputs(selected: Any) -> None:
    model, x = Products(), torch.randn(2, 5)
    plain = _lowered(model, x, XnnpackPartitioner(configs=selected)).explain()
    program = _lowered(
        model, x, XnnpackPartitioner(configs=selected, force_non_static_weights_for_f32_linear=True)
    )
    _check(program, model, x)
    explained = program.explain()
    assert [len(delegate.ops) for delegate in explained.delegates] == [len(d.ops) for d in plain.delegates]
    assert sum(delegate.weight_bytes for delegate in plain.delegates) > 0
    assert sum(delegate.weight_bytes for delegate in explained.delegates) == 0
    # They are constants of the program instead: ExecuTorch's own reader finds them there.
    serializer = importlib.import_module("executorch.exir._serialize._program")
    (plan,) = serializer.deserialize_pte_binary(program.buffer).program.execution_plan
    constants = [value.val for value in plan.values if getattr(value.val, "data_buffer_idx", 0)]
    assert sorted(tuple(tensor.sizes) for tensor in constants) == [(3,), (3, 4), (4, 7), (7,), (7, 5)]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=4, deadline=None, derandomize=True)  # so that ExecuTorch lowers each once
def test_there_are_no_more_delegates_than_executorch_makes(seed: int) -> None:
    model, x = RandomGraph(seed), torch.randn(4, 4)
    program = torch.export.export(model.eval(), (x,))
    ours = xnnir.to_edge_transform_and_lower(program).to_executorch()
    theirs = stock.delegates(stock.lower(program))
    assert len(ours.explain().delegates) <= len(theirs)
    assert {op.op for op in ours.explain().not_delegated} <= {"aten.cumsum"}
    _check(ours, model, x)


class RandomGraph(nn.Module):
    """Ops that XNNPACK has between running sums, which it has not."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def forward(self, x: Tensor) -> Tensor:
        choose = random.Random(self.seed)
        values = [x]
        for _ in range(choose.randint(4, 9)):
            a, b = choose.choice(values), choose.choice(values)
            values.append(
                choose.choice(
                    [
                        lambda a=a, b=b: torch.maximum(a, b.neg()),
                        lambda a=a, b=b: a.sigmoid() - b,
                        lambda a=a: torch.cumsum(a, 1),
                        lambda a=a: torch.tanh(a),
                    ]
                )()
            )
        return values[-1] + values[-2]


def test_verbose_prints_the_report(capfd: pytest.CaptureFixture[str]) -> None:
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid()), torch.randn(2, 3)
    program = torch.export.export(model.eval(), (x,))
    quiet = xnnir.to_edge_transform_and_lower(program)
    assert capfd.readouterr().err == ""
    assert isinstance(quiet.explain(), Report)
    xnnir.to_edge_transform_and_lower(
        program, partitioner=XnnpackPartitioner(configs=[LinearConfig], verbose=True)
    )
    text = capfd.readouterr().err
    assert "forward_delegate_0" in text and "aten.sigmoid" in text and "SigmoidConfig" in text
