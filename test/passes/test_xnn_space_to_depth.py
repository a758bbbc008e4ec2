"""Convolutions over blocks of pixels compute the integers of those over pixels."""

from __future__ import annotations

from unittest import mock

import numpy as np
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Block, Region

import xnnir
from xnnir.context import make_context
from xnnir.dialects import xnn
from xnnir.dialects.weights import get_weight_store
from xnnir.dialects.xnn.types import QInt8Type
from xnnir.interpreter.xnn import run_graph
from xnnir.passes.xnn_space_to_depth import XnnSpaceToDepthPass
from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from xnnir.runtime import Runtime


@settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    blocks=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    kernel=st.tuples(st.integers(2, 7), st.integers(2, 7)),
    padding=st.tuples(*[st.integers(0, 5)] * 4),
    channels=st.integers(1, 4),
    seed=st.integers(0, 2**31),
)
def test_integers_stay(
    stride: tuple[int, int],
    blocks: tuple[int, int],
    kernel: tuple[int, int],
    padding: tuple[int, int, int, int],
    channels: int,
    seed: int,
) -> None:
    # A power of two, so that sums of products are exact in floats.
    q, k, out = (QInt8Type(scale, zero) for scale, zero in ((0.5, 3), (0.25, 0), (4.0, -7)))  # pyright: ignore[reportCallIssue]
    height, width = (s * b for s, b in zip(stride, blocks, strict=True))
    top, right, bottom, left = padding
    sizes = [
        (n + p - f) // s + 1
        for n, p, f, s in zip((height, width), (top + bottom, left + right), kernel, stride, strict=True)
    ]
    assume(min(sizes) >= 1)
    ctx = make_context()
    store, rng = get_weight_store(ctx), np.random.default_rng(seed)
    filter = rng.integers(-127, 128, (2, *kernel, channels), np.int8)
    block = Block(arg_types=[TensorType(q, [1, channels, height, width])])
    constant = xnn.ConstantOp(store.add(filter), TensorType(k, filter.shape))
    transpose = xnn.StaticTransposeOp(
        block.args[0], TensorType(q, [1, height, width, channels]), perm=(0, 2, 3, 1)
    )
    convolution = xnn.Convolution2DOp(
        transpose.output,
        constant.result,
        None,
        TensorType(out, [1, *sizes, 2]),
        padding=padding,
        subsampling=stride,
    )
    block.add_ops([constant, transpose, convolution, func.ReturnOp(convolution.output)])
    function = func.FuncOp("f", (block.arg_types, [convolution.output.type]), Region(block))
    module = ModuleOp([function])
    x = torch.from_numpy(rng.integers(-131, 125, (1, channels, height, width)) * 0.5).float()
    (expected,) = run_graph(function, [x], store)
    with mock.patch("xnnir.passes.xnn_space_to_depth._WORTH", 10.0):
        XnnSpaceToDepthPass().apply(ctx, module)
    module.verify()
    (got,) = run_graph(function, [x], store)
    assert torch.equal(got, expected)
    # What cannot be in blocks is rare, and for a reason: the last window ends before the last block begins.
    if any(isinstance(op, xnn.StaticReshapeOp) for op in block.ops):
        assert set(convolution.subsampling.get_values()) == {1}
    else:
        assert any(
            (o - 1) * s + f - p <= n - s
            for o, s, f, p, n in zip(sizes, stride, kernel, (top, left), (height, width), strict=True)
        )


def test_runtime_computes_the_same() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3), nn.ReLU(), nn.Conv2d(16, 8, 3)).eval()
    x = torch.randn(2, 3, 36, 28)
    config = get_symmetric_quantization_config(is_per_channel=True)
    shapes = ({0: torch.export.Dim("batch", max=4)},)
    prepared = prepare_pt2e(
        torch.export.export(model, (x,), dynamic_shapes=shapes).module(),
        XNNPACKQuantizer().set_global(config),
    )
    prepared(x)
    program = torch.export.export(convert_pt2e(prepared), (x,), dynamic_shapes=shapes)

    def file() -> bytes:
        return xnnir.to_edge_transform_and_lower(program).to_executorch().buffer

    in_blocks = file()
    with mock.patch.object(XnnSpaceToDepthPass, "apply"):
        in_pixels = file()
    assert in_blocks != in_pixels
    methods = [Runtime.get().load_program(data).load_method("forward") for data in (in_blocks, in_pixels)]
    for batch in (1, 4, 2):
        image = torch.randn(batch, 3, 36, 28)
        (blocks,), (pixels,) = (method.execute([image]) for method in methods)
        assert torch.equal(blocks, pixels)
