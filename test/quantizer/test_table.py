"""
Every node that the table of support has in int8 is reached by quantising a model, and every operator that has none says
why: a new row without a pattern for it fails here.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch
from graphs import STATIC, Calls, annotated, annotation, exported, image, path, quantized
from torch import Tensor, nn
from torch.nn import functional as F
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from xdsl.ir import Operation

import xnnir
from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import element_type_of
from xnnir.dialects.xnn.support import SUPPORT, Target
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
from xnnir.quantizer import XNNPACKQuantizer
from xnnir.quantizer.operators import NODES, SENSITIVE
from xnnir.runtime import Runtime
from xnnir.testing import stock

Sample = Callable[[Any, Tensor], Tensor]

SAMPLES: dict[type[Operation], Sample] = {
    xnn.AbsOp: lambda m, y: y.abs(),
    xnn.AddOp: lambda m, y: y + y.flip(0),
    xnn.BankersRoundingOp: lambda m, y: y.round(),
    xnn.CeilingOp: lambda m, y: y.ceil(),
    xnn.ClampOp: lambda m, y: y.clamp(-0.25, 0.5),
    xnn.ConcatenateOp: lambda m, y: torch.stack([y, y.tanh()]),
    xnn.Convolution2DOp: lambda m, y: y,
    xnn.CosineOp: lambda m, y: y.cos(),
    xnn.Deconvolution2DOp: lambda m, y: m.deconv(y),
    xnn.DepthToSpace2DOp: lambda m, y: F.pixel_shuffle(y, 2),
    xnn.DepthwiseConvolution2DOp: lambda m, y: m.depthwise(y),
    xnn.EluOp: lambda m, y: F.elu(y),
    xnn.ExpOp: lambda m, y: y.exp(),
    xnn.FloorOp: lambda m, y: y.floor(),
    xnn.FullyConnectedOp: lambda m, y: m.linear(y),
    xnn.GeluOp: lambda m, y: F.gelu(y),
    xnn.GlobalAveragePooling2DOp: lambda m, y: y.mean((2, 3), keepdim=True),
    xnn.HardswishOp: lambda m, y: F.hardswish(y),
    xnn.LeakyReluOp: lambda m, y: F.prelu(F.leaky_relu(y), m.slope),
    xnn.MaxPooling2DOp: lambda m, y: F.max_pool2d(y, 2),
    xnn.MultiplyOp: lambda m, y: F.silu(y),
    xnn.NegateOp: lambda m, y: -y,
    xnn.SigmoidOp: lambda m, y: y.sigmoid(),
    xnn.SignOp: lambda m, y: y.sign(),
    xnn.SineOp: lambda m, y: y.sin(),
    xnn.SpaceToDepth2DOp: lambda m, y: F.pixel_unshuffle(y[:, :1], 2),
    xnn.SquareOp: lambda m, y: y.square(),
    xnn.StaticConstantPadOp: lambda m, y: F.pad(y, (1, 1)),
    xnn.StaticReduceOp: lambda m, y: y.sum((0, 1)),
    xnn.StaticReshapeOp: lambda m, y: y.flatten(1),
    xnn.StaticResizeBilinear2DOp: lambda m, y: F.interpolate(y, scale_factor=2, mode="bilinear"),
    xnn.StaticSliceOp: lambda m, y: y[:, :, 2:],
    xnn.StaticTransposeOp: lambda m, y: y.permute(0, 2, 1, 3),
    xnn.SubtractOp: lambda m, y: 1.0 - y,
    xnn.TanhOp: lambda m, y: y.tanh(),
}
"""An operator that becomes the node, for each that the table has in int8."""

NAMED = {
    *SENSITIVE,
    torch.ops.aten.sign.default,
    torch.ops.aten.sum.dim_IntList,
}
"""Operators that are coded only where they are named."""

BETWEEN: set[type[Operation]] = {xnn.ConvertOp, xnn.CopyOp}
"""Nodes that no operator of a model asks for: between codings, and for values that are moved."""

NO_OPERATOR: set[type[Operation]] = {xnn.ArgmaxPooling2DOp, xnn.SquaredDifferenceOp}
"""Nodes without int8 that stand for several operators of ATen."""

FLOAT: dict[str, tuple[Sample, str]] = {
    "avg_pool2d": (lambda m, y: F.avg_pool2d(y, 2), "xnn.average_pooling_2d for fp32, fp16, not for int8"),
    "atan2": (lambda m, y: torch.atan2(y, y), "xnn.atan2 for fp32, fp16, not for int8"),
    "matmul": (lambda m, y: y @ y.mT, "xnn.batch_matrix_multiply for fp32, fp16, not for int8"),
    "bmm": (lambda m, y: y[0].bmm(y[0].mT), "xnn.batch_matrix_multiply for fp32, fp16, not for int8"),
    "copysign": (lambda m, y: y.copysign(y), "xnn.copysign for fp32, fp16, not for int8"),
    "div": (lambda m, y: y / 3.0, "xnn.divide for fp32, fp16, not for int8"),
    "reciprocal": (lambda m, y: y.reciprocal(), "xnn.divide for fp32, fp16, not for int8"),
    "fmod": (lambda m, y: y.fmod(y), "xnn.modulus for fp32, fp16, not for int8"),
    "log": (lambda m, y: y.log(), "xnn.log for fp32, fp16, not for int8"),
    "maximum": (lambda m, y: y.maximum(y), "xnn.maximum for fp32, fp16, not for int8"),
    "minimum": (lambda m, y: y.minimum(y), "xnn.minimum for fp32, fp16, not for int8"),
    "pow": (lambda m, y: y.pow(y), "xnn.pow for fp32, fp16, not for int8"),
    "prelu": (lambda m, y: F.prelu(y, m.slopes), "xnn.prelu for fp32, fp16, not for int8"),
    "rsqrt": (lambda m, y: y.rsqrt(), "xnn.reciprocal_square_root for fp32, fp16, not for int8"),
    "sqrt": (lambda m, y: y.sqrt(), "xnn.square_root for fp32, fp16, not for int8"),
    "softmax": (lambda m, y: y.softmax(-1), "xnn.softmax for fp32, fp16, not for int8"),
    "exp": (lambda m, y: y.exp(), "a factor of its result; set_operator_type(torch.ops.aten.exp.default"),
    "square": (lambda m, y: y.square(), "small numbers would all be 0"),
    "sin": (lambda m, y: y.sin(), "a large part of the period"),
    "cos": (lambda m, y: y.cos(), "a large part of the period"),
    "ceil": (lambda m, y: y.ceil(), "off by one"),
    "floor": (lambda m, y: y.floor(), "off by one"),
    "round": (lambda m, y: y.round(), "files for ExecuTorch have no node for xnn.bankers_rounding"),
    "sign": (lambda m, y: y.sign(), "files for ExecuTorch have no node for xnn.sign"),
    "sum": (lambda m, y: y.sum((0, 1)), "files for ExecuTorch have no node for xnn.static_reduce"),
    "amax": (lambda m, y: y.amax(1), "files for ExecuTorch have no node for xnn.static_reduce"),
    "gelu": (lambda m, y: F.gelu(y, approximate="tanh"), "got approximate='tanh'"),
    "leaky_relu": (lambda m, y: F.leaky_relu(y, 1e-4), "XNNPACK has slopes from 0.00390625 on"),
    "hardsigmoid": (lambda m, y: F.hardsigmoid(y), "no node that XNNPACK has in int8 is this operator"),
}
"""What stays in float, and a part of the reason."""


def has_int8(op: type[Operation]) -> bool:
    return any(row.result == "qint8" for row in SUPPORT[op].datatypes)


def model(samples: list[Sample]) -> Calls:
    torch.manual_seed(0)
    return Calls(
        lambda m, x: [y := m.conv(x), *(sample(m, y) for sample in samples)],
        conv=nn.Conv2d(4, 4, 3, padding=1),
        deconv=nn.ConvTranspose2d(4, 3, 3),
        depthwise=nn.Conv2d(4, 4, 3, groups=4),
        linear=nn.Linear(8, 5),
        slope=nn.Parameter(torch.tensor([0.3])),
        slopes=nn.Parameter(torch.rand(4)),
    )


def test_the_table_is_covered() -> None:
    assert SAMPLES.keys() == {op for op in SUPPORT if has_int8(op)} - BETWEEN
    of_operators = set(NODES.values()) | NO_OPERATOR | BETWEEN
    # Depthwise convolutions are convolutions.
    assert set(SUPPORT) - of_operators == {xnn.DepthwiseConvolution2DOp}


@pytest.mark.parametrize("target", ["executorch", "xnnir"])
def test_every_node_is_reached(target: Target) -> None:
    """With sensitive operators named; ExecuTorch's own runtime runs the file for it as well."""
    quantizer = XNNPACKQuantizer().set_global(STATIC)
    for operator in NODES:
        if operator in NAMED and (target == "xnnir" or SUPPORT[NODES[operator]].target == target):
            quantizer.set_operator_type(operator, STATIC)
    expected = [op for op in SAMPLES if target == "xnnir" or SUPPORT[op].target == target]
    whole = model([SAMPLES[op] for op in expected])
    prepared = prepare_pt2e(exported(whole, image()), quantizer)
    prepared(image())
    graph = convert_pt2e(prepared)
    assert [one.op for one in quantizer.explain().float_ops] == ["aten.flip.default"]
    lowered = xnnir.to_edge_transform_and_lower(
        torch.export.export(graph, (image(),)), partitioner=[XnnpackPartitioner(target=target)]
    )
    reached = set(_coded(lowered.module))
    assert set(expected) - reached == set()
    file = lowered.to_executorch().buffer
    _compare(Runtime.get().load_program(file).load_method("forward").execute([image()]), graph)
    if target == "executorch" and importlib.util.find_spec("executorch"):
        _compare(stock.run(file, [image()]), graph)


def _coded(module: Any) -> Iterator[type[Operation]]:
    for op in module.walk():
        assert "xnn.not_quantized" not in op.attributes, op
        if type(op) in SUPPORT and str(element_type_of(op.results[0])).startswith("!xnn.qint8"):
            yield type(op)


def _compare(results: Sequence[Any], graph: torch.fx.GraphModule) -> None:
    """Each result is within a step of its coding, where half a step was rounded the other way before."""
    output = next(node for node in graph.graph.nodes if node.op == "output")
    for result, expected, node in zip(results, graph(image()), output.args[0], strict=True):
        quantum = node.args[1]
        apart = (result - expected).abs()
        assert float(apart.max()) <= 1.01 * quantum, (node.args[0].args[0], float(apart.max() / quantum))


def test_what_stays_in_float_says_why() -> None:
    graph, quantizer = annotated(model([sample for sample, _ in FLOAT.values()]), image())
    reasons = {(one.op.split(".")[1], one.reason) for one in quantizer.explain().float_ops}
    for name, (_, expected) in FLOAT.items():
        found = [reason for op, reason in reasons if op == name]
        assert any(expected in reason for reason in found), (name, found)
    coded = {node.name for node in graph.graph.nodes if annotation(node)}
    assert not coded & FLOAT.keys()


def test_a_known_range_is_read_as_it_is_written() -> None:
    """Without a second coding in between; but not by a concatenation, whose other parts need more of a range."""
    graph = quantized(model([lambda m, y: F.silu(y), lambda m, y: y * y.sigmoid().transpose(2, 3)]), image())
    # A number that several operators read is dequantised for each.
    once = re.sub(r"(dq )+", "dq ", path(graph))
    assert once == "q dq conv2d q dq sigmoid q dq mul q dq sigmoid q dq transpose q dq mul q dq"
    graph = quantized(model([lambda m, y: torch.cat([y.sigmoid(), y * 4])]), image())
    (cat,) = (node for node in graph.graph.nodes if "cat" in node.name)
    scales = {part.args[1] for part in cat.args[0]}
    assert len(scales) == 1 and scales.pop() > 1 / 256


RANGES = {"sigmoid": (1 / 256, -128), "tanh": (1 / 128, 0), "silu": (1 / 256, -128)}


@pytest.mark.parametrize("name", RANGES)
def test_results_with_a_known_range_have_all_of_int8_for_it(name: str) -> None:
    function = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "silu": F.silu}[name]
    prepared = prepare_pt2e(
        exported(model([lambda m, y: function(y * 20)]), image()), XNNPACKQuantizer().set_global(STATIC)
    )
    prepared(image())
    graph = convert_pt2e(prepared)
    target = torch.ops.aten.tanh.default if name == "tanh" else torch.ops.aten.sigmoid.default
    (node,) = (node for node in graph.graph.nodes if node.target is target)
    (quantize,) = node.users
    assert quantize.args[1:3] == RANGES[name]
