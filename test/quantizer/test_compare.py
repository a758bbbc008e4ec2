"""The noise of each operator, against the same computed by hand, and the tables that show it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from graphs import Calls, image, quantized
from torch import Tensor, nn
from torch.nn import functional as F

from xnnir.errors import XnnirError
from xnnir.quantizer import Comparison, XNNPACKQuantizer, compare, get_symmetric_quantization_config


def decibel(wanted: Tensor, got: Tensor) -> float:
    return float(10 * torch.log10(wanted.double().square().sum() / (wanted - got).double().square().sum()))


def by_node(comparison: Comparison) -> dict[str, tuple[float, float]]:
    return {op.node: (op.signal_to_noise, op.own_signal_to_noise) for op in comparison.ops}


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.linear = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu6(self.linear(F.relu(self.norm(self.conv(x))))) * 2


def net() -> Net:
    torch.manual_seed(0)
    made = Net()
    made(torch.randn(16, 4, 8, 8) * 3 + 1)
    return made.eval()


def coded(x: Tensor, scale: float, zero_point: int) -> Tensor:
    return torch.fake_quantize_per_tensor_affine(x, scale, zero_point, -128, 127)


def test_noise_is_that_of_the_numbers() -> None:
    """A product in int8 alone: its noise is that of three roundings, which are written out here."""
    graph = quantized(Calls(lambda m, x: x * x.flip(0)), x := image(2, 8))
    parameters = [node.args[1:3] for node in graph.graph.nodes if "dequantize_per_tensor" in str(node.target)]
    (a, b, c) = parameters
    wanted = x * x.flip(0)
    got = coded(coded(x, *a) * coded(x.flip(0), *b), *c)
    found = by_node(compare(Calls(lambda m, x: x * x.flip(0)), graph, (x,)))
    assert found["mul"] == pytest.approx((decibel(wanted, got),) * 2, rel=1e-6)
    assert found["flip"] == pytest.approx((decibel(x.flip(0), coded(x.flip(0), *b)),) * 2, rel=1e-6)


def test_own_noise_leaves_out_that_of_inputs() -> None:
    """Weights of the first layer in two bits: it alone is to blame, though all results after it are wrong."""
    coarse = get_symmetric_quantization_config(weight_qmin=-2, weight_qmax=1)
    fine = get_symmetric_quantization_config(is_per_channel=True)
    quantizer = XNNPACKQuantizer().set_global(fine).set_module_name("conv", coarse)
    comparison = compare(net(), quantized(net(), image(), quantizer=quantizer), (image(),))
    first, *_ = comparison.worst(1)
    assert (first.op, first.is_quantized) == ("aten.conv2d.default", True)
    assert "test_compare.py" in first.place and '"conv"' in first.place
    found = by_node(comparison)
    assert found["conv2d"][1] < 15
    assert found["linear"][0] < 20 and found["linear"][1] > 30
    assert comparison.signal_to_noise == pytest.approx(found["mul"][0], abs=1e-6)
    # The batch norm is in the convolution, in the float model too.
    assert comparison.unmatched == 0


def test_a_model_is_its_own_equal() -> None:
    comparison = compare(net(), net(), [(image(),), (image() + 1,)])
    assert len(comparison.ops) == 6
    assert {op.signal_to_noise for op in comparison.ops} | {comparison.signal_to_noise} == {float("inf")}
    assert not any(op.is_quantized for op in comparison.ops)


def test_several_calls_are_one_sum() -> None:
    graph = quantized(net(), image())
    one, two = (compare(net(), graph, (image() * factor,)) for factor in (1, 0.1))
    both = compare(net(), graph, [(image(),), (image() * 0.1,)])
    assert two.signal_to_noise < both.signal_to_noise < one.signal_to_noise


def test_dynamic_codings_and_exported_programs() -> None:
    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True)
    graph = quantized(net(), image(), config=config)
    expected = by_node(compare(net(), graph, (image(),)))
    assert 20 < expected["linear"][0] < 70
    again = torch.export.export(graph, (image(),))
    found = by_node(compare(torch.export.export(net(), (image(),)), again, (image(),)))
    assert found.keys() == expected.keys()
    assert all(found[node] == pytest.approx(expected[node]) for node in found)


def test_tables(tmp_path: Path) -> None:
    comparison = compare(net(), quantized(net(), image()), (image(),))
    out = io.StringIO()
    comparison.print(out)
    path = tmp_path / "layers.html"
    comparison.save_html(path)
    for text in (out.getvalue(), path.read_text()):
        assert f"{comparison.signal_to_noise:.1f} dB" in text
        assert all(f"{op.own_signal_to_noise:.1f}" in text for op in comparison.ops)
        assert "linear" in text


def test_models_without_anything_in_common_are_refused() -> None:
    with pytest.raises(XnnirError, match="no operator in common; compare a model with what was made of it"):
        compare(Calls(lambda m, x: x + 1), Calls(lambda m, x: x.sin()), (image(),))
