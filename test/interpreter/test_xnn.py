"""The reference semantics cover every node, and code numbers as torch's own quantisers do."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import TensorType, f16, f32
from xdsl.ir import Block, Region

from xnnir.context import make_context
from xnnir.dialects import xnn
from xnnir.dialects.weights import get_weight_store
from xnnir.interpreter.coding import code, constant
from xnnir.interpreter.xnn import SEMANTICS, run_graph


def test_every_node_has_semantics() -> None:
    assert set(SEMANTICS) == set(xnn.NODE_OPS)


@settings(deadline=None)
@given(st.floats(2**-8, 4.0), st.integers(-128, 127))
def test_rounding_to_a_quantised_type(scale: float, zero_point: int) -> None:
    x = torch.linspace(-300, 300, 997)
    expected = torch.fake_quantize_per_tensor_affine(x, scale, zero_point, -128, 127)
    got = code(x, xnn.QInt8Type(scale, zero_point))  # pyright: ignore[reportCallIssue]
    # Quotients that end in a half may be computed to either side.
    assert ((got - expected).abs() > 1e-3 * scale).float().mean() < 0.01


@settings(deadline=None)
@given(st.lists(st.floats(2**-8, 4.0), min_size=3, max_size=3), st.integers(0, 1))
def test_constants_with_a_scale_per_channel(scales: list[float], axis: int) -> None:
    store = get_weight_store(make_context())
    integers = torch.randint(-127, 128, (3, 3), dtype=torch.int8)
    type_ = TensorType(xnn.QCInt8Type(axis, scales), [3, 3])  # pyright: ignore[reportCallIssue]
    expected = torch.fake_quantize_per_channel_affine(
        # Integers times their scales are on the grid already: quantising them again changes nothing.
        integers * torch.tensor(scales).reshape((3, 1) if axis == 0 else (1, 3)),
        torch.tensor(scales),
        torch.zeros(3, dtype=torch.int32),
        axis,
        -127,
        127,
    )
    got = constant(store.add(integers.numpy()), type_, store)
    torch.testing.assert_close(got, expected)


def test_rounding_to_half_precision_happens_after_computing() -> None:
    type_ = TensorType(f16, [1, 1])
    block = Block(arg_types=[type_, type_])
    add = xnn.AddOp(block.args[0], block.args[1], type_)
    double = xnn.SubtractOp(add.output, block.args[1], type_)
    block.add_ops([add, double, xnn.YieldOp([double.output])])
    op = xnn.SubgraphOp([], [], Region(block))
    big, small = torch.tensor([[2048.0]]).half(), torch.tensor([[1.0]]).half()
    # 2049 is not a float16, so the one is lost.
    assert run_graph(op, [small, big], get_weight_store(make_context()))[0].item() == 0.0


def test_inputs_are_checked() -> None:
    block = Block(arg_types=[TensorType(f32, [2, 3])])
    block.add_op(xnn.YieldOp([block.args[0]]))
    op = xnn.SubgraphOp([], [], Region(block))
    store = get_weight_store(make_context())
    with pytest.raises(ValueError, match="expected 1 inputs, got 0"):
        run_graph(op, [], store)
    with pytest.raises(
        ValueError, match=r"input 0: expected a tensor of type tensor<2x3xf32>, got shape \[2, 2\]"
    ):
        run_graph(op, [torch.zeros(2, 2)], store)
