"""Folding padding and clamps changes which nodes there are, and no number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.ir import Block, Operation, Region, SSAValue

from xnnir.context import make_context
from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore, get_weight_store
from xnnir.dialects.xnn.base import XnnOp, shape_of
from xnnir.interpreter.xnn import run_graph
from xnnir.passes.xnn_fold_padding import XnnFoldPaddingPass
from xnnir.passes.xnn_fuse_activation import XnnFuseActivationPass

NHWC = (0, 2, 3, 1)
UNTYPED = TensorType(f32, [])


class Chain:
    """A function of one argument that is built node by node, with the types that the nodes infer."""

    def __init__(self, store: WeightStore, shape: Sequence[int]):
        self.store = store
        self.block = Block(arg_types=[TensorType(f32, shape)])
        self.value: SSAValue = self.block.args[0]
        self.rng = np.random.default_rng(sum(shape))

    def add(self, node: type[XnnOp], *operands: SSAValue | None, **attributes: Any) -> None:
        draft = node(self.value, *operands, UNTYPED, **attributes)  # pyright: ignore[reportCallIssue]
        type_ = TensorType(f32, draft.infer_shape())
        draft.erase()
        op = node(self.value, *operands, type_, **attributes)  # pyright: ignore[reportCallIssue]
        self.block.add_op(op)
        self.value = op.results[0]

    def constant(self, *shape: int) -> SSAValue:
        numbers = self.rng.standard_normal(shape).astype(np.float32)
        op = xnn.ConstantOp(self.store.add(numbers), TensorType(f32, shape))
        self.block.add_op(op)
        return op.result

    def finish(self) -> ModuleOp:
        self.block.add_op(func.ReturnOp(self.value))
        types = (self.block.arg_types, [self.value.type])
        module = ModuleOp([func.FuncOp("f", types, Region(self.block))])
        module.verify()
        return module


def nodes(module: ModuleOp) -> list[Operation]:
    function = module.ops.first
    assert isinstance(function, func.FuncOp)
    return [op for op in function.body.block.ops if isinstance(op, XnnOp)]


def run(module: ModuleOp, x: Tensor, store: WeightStore) -> Tensor:
    function = module.ops.first
    assert isinstance(function, func.FuncOp)
    return run_graph(function, [x], store)[0]


amount = st.integers(0, 2)


@settings(max_examples=150, deadline=None)
@given(
    pad=st.tuples(amount, amount, amount, amount),
    own=st.tuples(amount, amount, amount, amount),
    node=st.sampled_from(["convolution", "depthwise", "deconvolution", "max_pool", "average_pool"]),
    stride=st.integers(1, 2),
    before=st.sampled_from(["nothing", "clamp", "sigmoid"]),
    number=st.sampled_from([0.0, 0.0, 0.0, 1.0, float("-inf")]),
    is_logical=st.booleans(),
)
def test_fold_padding(
    pad: tuple[int, ...],
    own: tuple[int, ...],
    node: str,
    stride: int,
    before: str,
    number: float,
    is_logical: bool,
) -> None:
    # Minus infinity makes products that are no numbers.
    assume(number != float("-inf") or "pool" in node)
    ctx = make_context()
    chain = Chain(get_weight_store(ctx), (1, 3, 6, 7) if is_logical else (1, 6, 7, 3))
    if before == "clamp":
        chain.add(xnn.ClampOp, output_min=0.0)
    elif before == "sigmoid":
        chain.add(xnn.SigmoidOp)
    top, right, bottom, left = pad
    first, last = (0, 0, top, left) if is_logical else (0, top, left, 0), (0, 0, bottom, right)
    last = last if is_logical else (0, bottom, right, 0)
    chain.add(xnn.StaticConstantPadOp, pre_paddings=first, post_paddings=last, value=number)
    if is_logical:
        chain.add(xnn.StaticTransposeOp, perm=NHWC)
    strides = (stride, stride)
    match node:
        case "convolution":
            weights = (chain.constant(4, 3, 2, 3), chain.constant(4))
            chain.add(xnn.Convolution2DOp, *weights, padding=own, subsampling=strides)
        case "depthwise":
            chain.add(xnn.DepthwiseConvolution2DOp, chain.constant(1, 3, 3, 3), None, padding=own)
        case "deconvolution":
            weights = (chain.constant(4, 3, 2, 3), chain.constant(4))
            chain.add(xnn.Deconvolution2DOp, *weights, padding=own, upsampling=strides)
        case "max_pool":
            own = tuple(min(size, 1) for size in own)
            chain.add(xnn.MaxPooling2DOp, padding=own, pooling=(3, 3), stride=strides)
        case _:
            own = tuple(min(size, 1) for size in own)
            chain.add(xnn.AveragePooling2DOp, padding=own, pooling=(3, 3), stride=strides)
    module, x = chain.finish(), torch.randn(shape_of(chain.block.args[0]))
    store = get_weight_store(ctx)
    expected = run(module, x, store)
    XnnFoldPaddingPass().apply(ctx, module)
    module.verify()
    torch.testing.assert_close(run(module, x, store), expected, rtol=1e-5, atol=1e-5)
    if number == 0.0 and node in ("convolution", "depthwise"):
        assert not any(isinstance(op, xnn.StaticConstantPadOp) for op in nodes(module))


bound = st.sampled_from([None, -1.0, -0.25, 0.0, 0.5, 6.0])


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([xnn.AddOp, xnn.SubtractOp, xnn.MultiplyOp, xnn.MaximumOp, xnn.SigmoidOp, xnn.SquareOp]),
    st.lists(st.tuples(bound, bound), min_size=1, max_size=4),
    st.booleans(),
)
def test_fuse_activation(
    node: type[XnnOp], bounds: list[tuple[float | None, float | None]], is_transposed: bool
) -> None:
    assume(all(low is None or high is None or low < high for low, high in bounds))
    ctx = make_context()
    chain = Chain(get_weight_store(ctx), (2, 3, 4, 5))
    chain.add(node, *(() if node in (xnn.SigmoidOp, xnn.SquareOp) else (chain.constant(5),)))
    if is_transposed:
        chain.add(xnn.StaticTransposeOp, perm=NHWC)
    for low, high in bounds:
        chain.add(xnn.ClampOp, output_min=low, output_max=high)
    module, x = chain.finish(), torch.randn(2, 3, 4, 5) * 3
    store = get_weight_store(ctx)
    expected = run(module, x, store)
    XnnFuseActivationPass().apply(ctx, module)
    module.verify()
    torch.testing.assert_close(run(module, x, store), expected, rtol=0, atol=0)
    highest = min((high for _, high in bounds if high is not None), default=float("inf"))
    lowest = max((low for low, _ in bounds if low is not None), default=float("-inf"))
    if lowest < highest and node in (xnn.AddOp, xnn.SubtractOp, xnn.MultiplyOp):
        assert not any(isinstance(op, xnn.ClampOp) for op in nodes(module))
