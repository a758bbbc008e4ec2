"""Matrix kernels in float16: XNNPACK has others of them for each processor, and for wide layers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import xnnir
from xnnir.runtime import Runtime

LAYERS: dict[str, Callable[[int, int], nn.Module]] = {
    "linear": lambda inputs, outputs: nn.Linear(inputs, outputs),
    "pointwise": lambda inputs, outputs: nn.Conv2d(inputs, outputs, 1, bias=False),
    "convolution": lambda inputs, outputs: nn.Conv2d(inputs, outputs, 3, padding=1),
    "deconvolution": lambda inputs, outputs: nn.ConvTranspose2d(inputs, outputs, 3, stride=2),
}


@given(st.sampled_from(sorted(LAYERS)), st.integers(1, 40), st.integers(1, 200), st.integers(1, 9))
@example("linear", 16, 64, 1)
@example("linear", 40, 193, 9)
@example("convolution", 3, 128, 8)
@settings(max_examples=30)
def test_layers_of_any_width(kind: str, inputs: int, outputs: int, rows: int) -> None:
    torch.manual_seed(0)
    layer = LAYERS[kind](inputs, outputs).half().eval()
    x = torch.randn((rows, inputs) if kind == "linear" else (1, inputs, rows, 5)).half()
    program = Runtime.get().load_program(xnnir.compile(layer, (x,)).buffer)
    (result,) = program.load_method("forward").execute([x])
    assert isinstance(result, Tensor)
    with torch.no_grad():
        expected = layer.float()(x.float())
    # Sums of some hundred products, each a rounding of float16.
    torch.testing.assert_close(result.float(), expected, rtol=2e-2, atol=2e-2)
