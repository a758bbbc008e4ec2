"""What the quantizer codes beyond what stock does, what it leaves in float, and what it says of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
from graphs import STATIC, Calls, annotated, annotation, image, notes, path, quantized
from torch import Tensor, nn
from torch.nn import functional as F

from xnnir.dialects import xnn
from xnnir.dialects.xnn.support import SUPPORT, Datatypes, Support
from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "relu_": lambda x: F.relu(x, inplace=True),
    "relu6": F.relu6,
    "hardtanh": lambda x: F.hardtanh(x, -0.5, 0.5),
    "clamp": lambda x: x.clamp(0, 0.7),
    "clamp_min": lambda x: x.clamp_min(0.1),
    "clamp_max": lambda x: torch.clamp_max(x, 0.1),
}
PRODUCERS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "conv2d": lambda m, x: m.conv(x),
    "conv_transpose2d": lambda m, x: m.deconv(x),
    "linear": lambda m, x: m.linear(x),
    "add": lambda m, x: x + m.scale,
    "sub": lambda m, x: m.scale - x,
    "mul": lambda m, x: x * m.scale,
}
MODULES: dict[str, Any] = {
    "conv": nn.Conv2d(4, 4, 3, padding="same"),
    "deconv": nn.ConvTranspose2d(4, 3, 3),
    "linear": nn.Linear(8, 8),
    "norm": nn.LayerNorm(8),
    "gru": nn.GRU(8, 8),
    "scale": nn.Parameter(torch.rand(8)),
}


def model(function: Callable[[Any, Tensor], Any]) -> Calls:
    return Calls(function, **MODULES)


def test_activations_become_part_of_what_is_before() -> None:
    """All pairs, side by side in one model."""
    pairs = [(before, after) for before in PRODUCERS for after in ACTIVATIONS]
    graph, quantizer = annotated(
        model(lambda m, x: [ACTIVATIONS[after](PRODUCERS[before](m, x)) for before, after in pairs]), image()
    )
    pending = dict.fromkeys(PRODUCERS, 0)
    for node in graph.graph.nodes:
        found = annotation(node)
        if found is None:
            continue
        before = str(node.target).split(".")[1]
        if before in PRODUCERS:
            pending[before] += 1
            assert found.input_qspec_map and found.output_qspec is None
            (user,) = node.users
            after = annotation(user)
            assert after is not None and not after.input_qspec_map
            assert after.output_qspec == STATIC.output_activation
    assert set(pending.values()) == {len(ACTIVATIONS)}
    assert not quantizer.explain().float_ops


# What follows the coded result of a convolution, and the path from there to the output.
SHARED: dict[str, Callable[[Any, Tensor], Any]] = {
    "max_pool2d": lambda m, x: F.max_pool2d(x, 2),
    "mean": lambda m, x: x.mean((2, 3)),
    "adaptive_avg_pool2d": lambda m, x: F.adaptive_avg_pool2d(x, 1),
    "pad": lambda m, x: F.pad(x, (1, 1)),
    "constant_pad_nd": lambda m, x: torch.constant_pad_nd(x, [1, 1]),
    "slice_1": lambda m, x: x[:, :, 2:],
    "select": lambda m, x: x[:, 0],
    "transpose": lambda m, x: x.transpose(1, 2),
    "permute": lambda m, x: x.permute(0, 2, 3, 1),
    "unsqueeze": lambda m, x: x.unsqueeze(0),
    "squeeze": lambda m, x: x.squeeze(0),
    "view": lambda m, x: x.view(1, -1),
    "flatten": lambda m, x: x.flatten(1),
    "upsample_bilinear2d": lambda m, x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    "upsample_nearest2d": lambda m, x: F.interpolate(x, scale_factor=2),
    "pixel_shuffle": lambda m, x: F.pixel_shuffle(x, 2),
    "dropout": lambda m, x: F.dropout(x, training=False),
    "clone": lambda m, x: x.clone(),
    "relu": lambda m, x: F.relu(x),
    "clamp": lambda m, x: x.clamp(0, 1),
}


def test_results_share_the_coding_of_what_they_are_made_of() -> None:
    graph, quantizer = annotated(
        model(lambda m, x: [y := m.conv(x), *(follow(m, y) for follow in SHARED.values())]), image()
    )
    found = notes(graph)
    assert found.pop("conv2d")[1] == STATIC.output_activation
    assert {name: output for name, (_, output) in found.items()} == dict.fromkeys(SHARED, ("as", "conv2d"))
    assert not quantizer.explain().float_ops


def test_pieces_share_the_coding_of_the_whole() -> None:
    converted = quantized(model(lambda m, x: m.conv(x).chunk(2, 1)), image())
    assert path(converted) == "q dq conv2d q dq chunk getitem q dq getitem q dq"
    scales = {node.args[1] for node in converted.graph.nodes if "quantize_per_tensor" in str(node.target)}
    assert len(scales) == 2


# What stays in float, and a part of the reason.
FLOAT: dict[str, tuple[Callable[[Any, Tensor], Any], str]] = {
    "softmax": (lambda m, x: m.conv(x).softmax(-1), "xnn.softmax for fp32, fp16, not for int8"),
    "avg_pool2d": (
        lambda m, x: F.avg_pool2d(m.conv(x), 2),
        "xnn.average_pooling_2d for fp32, fp16, not for int8",
    ),
    "adaptive_avg_pool2d": (
        lambda m, x: F.adaptive_avg_pool2d(m.conv(x), 4),
        r"got one of [8, 8] to [4, 4]",
    ),
    "prelu": (lambda m, x: F.prelu(m.conv(x), m.scale[:4]), "xnn.prelu"),
    "matmul": (lambda m, x: m.conv(x) @ m.conv(x).mT, "xnn.batch_matrix_multiply"),
    "div": (lambda m, x: m.conv(x) / x, "xnn.divide"),
    "layer_norm": (lambda m, x: m.norm(m.conv(x)), "XNNPACK computes it in float"),
    "pad": (lambda m, x: F.pad(m.conv(x), (1, 1), value=-100.0), "padding with -100 would stretch the range"),
    "add": (lambda m, x: m.norm(m.linear(x) + x), "it belongs to aten.layer_norm"),
    "add-before-view": (
        lambda m, x: m.norm((m.linear(x) + x).transpose(1, 2)),
        "it belongs to aten.layer_norm",
    ),
    "sub-alpha": (lambda m, x: torch.sub(x, x, alpha=2), "no factor for an operand, got alpha = 2"),
    "add-long": (lambda m, x: x.long() + torch.ones(1), "only float32 is coded"),
    "mul-large": (lambda m, x: x * 1e38, "observers cannot count numbers above 3.40282e+15, got 1e+38"),
    "linear": (lambda m, x: F.linear(x, x[0, 0]), "XNNPACK packs the weight when the model is loaded"),
    "conv_transpose2d": (
        lambda m, x: F.conv_transpose2d(x, m.conv.weight[:, :1], groups=4),
        "for one group, got 4",
    ),
    "gru": (lambda m, x: m.gru(x[0]), "XNNPACK has no GRU"),
}


def test_what_stays_in_float_says_why() -> None:
    graph, quantizer = annotated(model(lambda m, x: [call(m, x) for call, _ in FLOAT.values()]), image())
    report = quantizer.explain()
    for name, (_, reason) in FLOAT.items():
        matching = [
            one for one in report.float_ops if f"aten.{name.split('-')[0]}" in one.op and reason in one.reason
        ]
        assert matching, (name, [(one.op, one.reason) for one in report.float_ops])
        assert matching[0].place
    assert not any(annotation(node) for node in graph.graph.nodes if "norm" in node.name)


def test_report_is_a_table() -> None:
    _, quantizer = annotated(model(lambda m, x: m.conv(x).softmax(-1)), image())
    out = io.StringIO()
    quantizer.explain().print(out)
    assert "1 of 2 operators in int8" in out.getvalue()


class RMSNorm(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


def test_a_norm_that_is_written_out_stays_in_float() -> None:
    graph, quantizer = annotated(
        Calls(lambda m, x: m.linear(m.norm(x) * m.scale), **{**MODULES, "norm": RMSNorm()}), image()
    )
    assert list(notes(graph)) == ["linear"]
    assert {one.node: one.reason[:25] for one in quantizer.explain().float_ops if "mul" in one.op} == {
        "mul": "it belongs to aten.rsqrt,",
        "mul_1": "it belongs to aten.rsqrt,",
    }


def test_an_operator_that_is_named_is_coded_beside_a_norm() -> None:
    quantizer = XNNPACKQuantizer().set_operator_type(torch.ops.aten.add, STATIC)
    assert (
        path(quantized(model(lambda m, x: m.norm(x + 1)), image(), quantizer=quantizer))
        == "q dq add q dq layer_norm"
    )


def test_a_gru_that_is_named_has_coded_ends() -> None:
    quantizer = XNNPACKQuantizer().set_operator_type(torch.ops.aten.gru.input, STATIC)
    state = image(1, 4, 8)
    graph = quantized(
        Calls(lambda m, x, h: m.gru(x, h), **MODULES), image(5, 4, 8), state, quantizer=quantizer
    )
    assert path(graph) == "q dq q dq gru getitem q dq getitem q dq"


def test_the_table_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row for int8 is all that it takes; and without one nothing is coded that has none."""

    def rows(op: Any, *names: str) -> None:
        row = SUPPORT[op]
        types = tuple(Datatypes((name,), name) for name in names)
        monkeypatch.setitem(SUPPORT, op, Support(row.function, row.node, types))  # pyright: ignore[reportArgumentType]

    def both(m: Any, x: Tensor) -> Tensor:
        return F.max_pool2d(m.conv(x), 2).sigmoid()

    rows(xnn.SigmoidOp, "fp32")
    rows(xnn.MaxPooling2DOp, "fp32")
    assert list(notes(annotated(model(both), image())[0])) == ["conv2d"]
    rows(xnn.SigmoidOp, "fp32", "qint8")
    rows(xnn.MaxPooling2DOp, "fp32", "qint8")
    converted = quantized(model(both), image())
    assert path(converted) == "q dq conv2d q dq max_pool2d q dq sigmoid q dq"
    last = [node for node in converted.graph.nodes if "quantize_per_tensor" in str(node.target)][-1]
    assert last.args[1:3] == (1 / 256, -128)


def test_dynamic_convolutions() -> None:
    """An image's, its activation included; neither one for each channel nor one of a sequence."""
    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True)
    _, quantizer = annotated(
        model(
            lambda m, x: [
                F.relu(m.conv(x)),
                m.deconv(x),
                F.conv2d(x, m.conv.weight[:, :1], groups=4),
                F.conv1d(x[:, :, 0], m.conv.weight[:, :, 0]),
                m.linear(x) + x,
            ]
        ),
        image(),
        config=config,
    )
    decisions = {one.node: one.pattern or one.reason for one in quantizer.explain().decisions}
    assert decisions["conv2d"] == "conv"
    assert decisions["conv_transpose2d"] == "conv_transpose"
    assert "no depthwise convolution" in decisions["conv2d_1"]
    assert "for images only" in decisions["conv1d"]
    assert decisions["linear"] == "linear"
    assert decisions["add"] == "no configuration is for it"


def test_rewrites_keep_numbers() -> None:
    cases: list[Callable[[Any, Tensor], Any]] = [
        lambda m, x: 3 - x,
        lambda m, x: (x + 1) * 2 - 0.5,
        lambda m, x: x.clamp(-0.5, 0.5),
        lambda m, x: m.conv(x),
        lambda m, x: F.conv2d(x, m.conv.weight, stride=2, padding="valid"),
        lambda m, x: F.conv2d(x, m.conv.weight, dilation=2, padding="same"),
        lambda m, x: F.conv2d(x, m.conv.weight[:, :, :2, :2], padding="same"),
        lambda m, x: F.conv1d(x[:, :, 0], m.conv.weight[:, :, 0], padding="same"),
        lambda m, x: x.clone().add_(3).mul_(2),
        lambda m, x: x.long() + 1,
        lambda m, x: F.silu(x),
        lambda m, x: F.silu(x.clone(), inplace=True),
    ]
    whole = model(lambda m, x: [case(m, x) for case in cases])
    graph = XNNPACKQuantizer().transform_for_annotation(annotated(whole, image())[0])
    torch.testing.assert_close(graph(image()), whole(image()), rtol=0, atol=1e-6)
    calls = {str(node.target) for node in graph.graph.nodes}
    assert not calls & {
        "aten.rsub.Scalar",
        "aten.clamp.default",
        "aten.conv1d.padding",
        "aten.silu.default",
        "aten.silu_.default",
    }
