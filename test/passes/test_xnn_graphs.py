"""Passes on random graphs of `xnn` nodes: they keep what a graph computes, the types at its border, and valid IR."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.dialects.test import TestPureOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from xnnir.context import make_context
from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore, get_weight_store
from xnnir.dialects.xnn.base import XnnOp, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, tensor_type
from xnnir.dialects.xnn.support import moves_data_only, why_unsupported
from xnnir.interpreter.xnn import run_graph
from xnnir.passes._blocks import erase_dead_ops
from xnnir.passes._layout.cost import tensor_bytes
from xnnir.passes.verify_xnn_legal import VerifyXnnLegalPass
from xnnir.passes.xnn_canonicalize import XnnCanonicalizePass
from xnnir.passes.xnn_optimize_layout import XnnOptimizeLayoutPass
from xnnir.passes.xnn_outline_subgraphs import XnnOutlineSubgraphsPass
from xnnir.passes.xnn_partition import XnnPartitionPass
from xnnir.passes.xnn_split_per_op import XnnSplitPerOpPass

BATCH = DimAttr("s0", 8)
UNARY = [xnn.AbsOp, xnn.NegateOp, xnn.SigmoidOp, xnn.TanhOp]
BINARY = [xnn.AddOp, xnn.SubtractOp, xnn.MultiplyOp, xnn.MaximumOp, xnn.MinimumOp]


class Builder:
    """Draws a function op by op. Sizes are small, and often equal or 1, so that things fit and coincide."""

    def __init__(self, draw: st.DrawFn, host_ops: bool, moves: bool):
        self.draw = draw
        self.moves = moves
        self.ctx = make_context()
        self.store: WeightStore = get_weight_store(self.ctx)
        self.host_ops = host_ops
        count = draw(st.integers(1, 3))
        types = [tensor_type(f32, self._dims()) for _ in range(count)]
        self.block = Block(arg_types=types)
        self.values: list[SSAValue] = list(self.block.args)

    def _dims(self) -> list[int | DimAttr]:
        sizes = self.draw(st.lists(st.sampled_from([1, 2, 2, 3, 4]), min_size=1, max_size=4))
        return [BATCH, *sizes[1:]] if self.draw(st.booleans()) else list(sizes)

    def function(self) -> func.FuncOp:
        """The function with what was drawn, the same one each time; some of its values are results."""
        if isinstance(self.block.last_op, func.ReturnOp):
            function = self.block.parent_op()
            assert isinstance(function, func.FuncOp)
            return function
        results = self.draw(st.lists(st.sampled_from(self.values), min_size=1, max_size=3))
        # The last value keeps most of what was drawn alive.
        results.append(self.values[-1])
        self.block.add_op(func.ReturnOp(*results))
        types = (self.block.arg_types, [value.type for value in results])
        return func.FuncOp("forward", types, Region(self.block))

    def add(self, op: Operation) -> None:
        self.block.add_op(op)
        op.verify()
        self.values.extend(op.results)

    def constant(self, shape: Sequence[int]) -> SSAValue:
        numbers = np.random.default_rng(prod(shape) + len(shape)).standard_normal(shape).astype(np.float32)
        op = xnn.ConstantOp(self.store.add(numbers), tensor_type(f32, list(shape)))
        self.block.add_op(op)
        return op.result

    def step(self) -> None:
        """Add one op on a value that was drawn."""
        # Often what the op before made: chains give transposes something to move through.
        value = self.values[-1] if self.draw(st.booleans()) else self.draw(st.sampled_from(self.values))
        kinds = [
            self.unary,
            self.binary,
            self.binary,
            self.reduce,
            self.softmax,
            self.linear,
            self.convolution,
        ]
        if self.moves:
            kinds += [self.transpose, self.transpose, self.transpose, self.reshape, self.reshape]
            kinds += [self.concatenate, self.slice, self.pad]
        if self.host_ops:
            kinds += [self.host]
        self.draw(st.sampled_from(kinds))(value)

    def transpose(self, value: SSAValue) -> None:
        dims = dims_of(tensor_type_of(value))
        # Few perms, so that they cancel.
        common = {2: [(1, 0)], 3: [(0, 2, 1), (1, 0, 2)], 4: [(0, 2, 3, 1), (0, 3, 1, 2)]}
        perms = st.sampled_from(common.get(len(dims), [tuple(range(len(dims)))]))
        perm = self.draw(perms | st.permutations(range(len(dims))))
        type = tensor_type(f32, [dims[axis] for axis in perm])
        self.add(xnn.StaticTransposeOp(value, type, perm=perm))

    def unary(self, value: SSAValue) -> None:
        self.add(self.draw(st.sampled_from(UNARY))(value, value.type))

    def binary(self, value: SSAValue) -> None:
        dims = dims_of(tensor_type_of(value))
        same = [other for other in self.values if other.type == value.type]
        other = self.draw(st.sampled_from(same))
        if self.draw(st.booleans()):
            rank = self.draw(st.integers(0, len(dims)))
            sizes = [
                1 if not dim.is_static or self.draw(st.booleans()) else int(dim.expression.data)
                for dim in dims[len(dims) - rank :]
            ]
            other = self.constant(sizes)
            if self.draw(st.booleans()) and len(sizes) > 0:
                self.add(xnn.AbsOp(other, other.type))
                other = self.values[-1]
        operands = (value, other) if self.draw(st.booleans()) else (other, value)
        self.add(self.draw(st.sampled_from(BINARY))(*operands, value.type))

    def concatenate(self, value: SSAValue) -> None:
        dims = dims_of(tensor_type_of(value))
        axes = [axis for axis, dim in enumerate(dims) if dim.is_static and int(dim.expression.data) < 6]
        if not axes:
            return
        axis = self.draw(st.sampled_from(axes))
        same = [other for other in self.values if other.type == value.type]
        inputs = [value, *self.draw(st.lists(st.sampled_from(same), min_size=1, max_size=2))]
        size = int(dims[axis].expression.data) * len(inputs)
        type = tensor_type(f32, [*dims[:axis], size, *dims[axis + 1 :]])
        self.add(xnn.ConcatenateOp(inputs, type, axis=axis))

    def slice(self, value: SSAValue) -> None:
        dims = dims_of(tensor_type_of(value))
        offsets, sizes, after = [0] * len(dims), [0] * len(dims), list(dims)
        for axis, dim in enumerate(dims):
            if dim.is_static:
                whole = int(dim.expression.data)
                offsets[axis] = self.draw(st.integers(0, whole - 1))
                sizes[axis] = self.draw(st.integers(0, whole - offsets[axis]))
                size = sizes[axis] or whole - offsets[axis]
                after[axis] = DimAttr(str(size), size)
        self.add(xnn.StaticSliceOp(value, tensor_type(f32, after), offsets=offsets, sizes=sizes))

    def pad(self, value: SSAValue) -> None:
        dims = dims_of(tensor_type_of(value))
        amounts = st.sampled_from([0, 0, 1])
        pre, post = ([self.draw(amounts) if dim.is_static else 0 for dim in dims] for _ in range(2))
        after = [
            int(dim.expression.data) + a + b if dim.is_static else dim
            for dim, a, b in zip(dims, pre, post, strict=True)
        ]
        type = tensor_type(f32, after)
        if tensor_bytes(type) < 4000:
            self.add(xnn.StaticConstantPadOp(value, type, pre_paddings=pre, post_paddings=post, value=0.5))

    def reduce(self, value: SSAValue) -> None:
        dims = dims_of(tensor_type_of(value))
        if len(dims) < 2:
            return
        axes = self.draw(st.sets(st.integers(0, len(dims) - 1), min_size=1, max_size=len(dims) - 1))
        keep_dims = self.draw(st.booleans())
        after = [1 if axis in axes else dim for axis, dim in enumerate(dims) if keep_dims or axis not in axes]
        kind = self.draw(st.sampled_from(["sum", "mean"]))
        type = tensor_type(f32, after)
        self.add(xnn.StaticReduceOp(value, type, kind=kind, axes=sorted(axes), keep_dims=keep_dims))

    def softmax(self, value: SSAValue) -> None:
        if dims_of(tensor_type_of(value)):
            self.add(xnn.SoftmaxOp(value, value.type))

    def reshape(self, value: SSAValue) -> None:
        """Split, merge, and add or drop dimensions of size 1."""
        dims = list(dims_of(tensor_type_of(value)))
        position = self.draw(st.integers(0, len(dims)))
        action = self.draw(st.sampled_from(["merge", "split", "add", "drop"]))
        if action == "add":
            dims.insert(position, DimAttr("1", 1))
        elif position < len(dims):
            first = dims[position]
            second = dims[position + 1] if position + 1 < len(dims) else None
            if action == "split" and first.is_static and int(first.expression.data) % 2 == 0:
                half = int(first.expression.data) // 2
                dims[position : position + 1] = [DimAttr("2", 2), DimAttr(str(half), half)]
            elif action == "drop" and first.expression.data == "1" and len(dims) > 1:
                del dims[position]
            elif action == "merge" and second is not None:
                dims[position : position + 2] = [_product(first, second)]
        if len(dims) <= 5 and sum(not dim.is_static for dim in dims) <= 1:
            self.add(xnn.StaticReshapeOp(value, tensor_type(f32, dims)))

    def linear(self, value: SSAValue) -> None:
        dims = dims_of(tensor_type_of(value))
        if not dims or not dims[-1].is_static:
            return
        channels = int(dims[-1].expression.data)
        filter, bias = self.constant([2, channels]), self.constant([2])
        self.add(xnn.FullyConnectedOp(value, filter, bias, tensor_type(f32, [*dims[:-1], 2])))

    def convolution(self, value: SSAValue) -> None:
        dims = dims_of(tensor_type_of(value))
        if len(dims) != 4 or not dims[3].is_static:
            return
        filter = self.constant([3, 1, 1, int(dims[3].expression.data)])
        self.add(xnn.Convolution2DOp(value, filter, None, tensor_type(f32, [*dims[:3], 3])))

    def host(self, value: SSAValue) -> None:
        self.add(TestPureOp([value], [value.type]))


def _product(a: DimAttr, b: DimAttr) -> DimAttr:
    if a.is_static and b.is_static:
        size = int(a.expression.data) * int(b.expression.data)
        return DimAttr(str(size), size)
    bounds = (a.upper_bound or 0) * (b.upper_bound or 0)
    return DimAttr(f"({a.expression.data})*({b.expression.data})", bounds)


@st.composite
def graphs(draw: st.DrawFn, host_ops: bool = False, max_steps: int = 14, moves: bool = True) -> Builder:
    builder = Builder(draw, host_ops, moves)
    for _ in range(draw(st.integers(1, max_steps))):
        builder.step()
    return builder


def evaluate(function: func.FuncOp, store: WeightStore) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    inputs = [
        torch.randn(
            [2 if size < 0 else size for size in tensor_type_of(value).get_shape()], generator=generator
        )
        for value in function.body.block.args
    ]
    return run_graph(function, inputs, store, lambda op, operands: [operand * 2 for operand in operands])


def check(builder: Builder, passes: Sequence[ModulePass], tolerance: float = 0.0) -> func.FuncOp:
    """Run `passes` on the function that was drawn and hold it against what it was. Returns what became of it."""
    function = builder.function()
    module = ModuleOp([function])
    module.verify()
    before = evaluate(function, builder.store)
    types = function.function_type
    for step in passes:
        step.apply(builder.ctx, module)
        module.verify()
    function = next(op for op in module.ops if isinstance(op, func.FuncOp))
    assert function.function_type == types
    terminator = function.get_return_op()
    assert terminator is not None
    assert [value.type for value in terminator.operands] == list(types.outputs)
    after = evaluate(function, builder.store)
    for expected, got in zip(before, after, strict=True):
        torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)
    return function


def transposed_bytes(function: func.FuncOp) -> int:
    constants = (xnn.ConstantOp,)
    return sum(
        tensor_bytes(tensor_type_of(op.input))
        for op in function.body.block.ops
        if isinstance(op, xnn.StaticTransposeOp) and not isinstance(op.input.owner, constants)
    )


@given(graphs())
@settings(max_examples=400, deadline=None)
def test_layout_keeps_what_a_graph_computes(builder: Builder) -> None:
    # Sums may be taken in another order.
    check(builder, [XnnOptimizeLayoutPass()], tolerance=1e-5)


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_layout_is_done_after_one_run(builder: Builder) -> None:
    function = check(builder, [XnnOptimizeLayoutPass()], tolerance=1e-5)
    first = transposed_bytes(function)
    module = function.parent_op()
    assert isinstance(module, ModuleOp)
    XnnOptimizeLayoutPass().apply(builder.ctx, module)
    assert transposed_bytes(function) <= first


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_canonicalize_keeps_what_a_graph_computes(builder: Builder) -> None:
    check(builder, [XnnCanonicalizePass()])


@given(graphs(host_ops=True, max_steps=25))
@settings(max_examples=150, deadline=None)
def test_partition_keeps_what_a_graph_computes(builder: Builder) -> None:
    passes = [XnnPartitionPass("xnnir"), XnnOutlineSubgraphsPass(), VerifyXnnLegalPass("xnnir")]
    function = check(builder, passes)
    for op in function.body.block.ops:
        # What is left outside is for the host, or leaves all numbers in their order.
        assert (
            not isinstance(op, XnnOp)
            or isinstance(op, xnn.StaticReshapeOp | xnn.CopyOp)
            or why_unsupported(op, "xnnir") is not None
        )


@given(graphs(host_ops=True, max_steps=25, moves=False))
@settings(max_examples=150, deadline=None)
def test_partition_needs_no_more_delegates_than_data_flow_does(builder: Builder) -> None:
    # Along each path, nodes between two host ops are one delegate at best; the worst path needs so many.
    builder.function()
    erase_dead_ops(builder.block)
    delegates: dict[object, int] = {}
    for op in builder.block.ops:
        if not isinstance(op, xnn.ConstantOp | func.ReturnOp):
            host = isinstance(op, TestPureOp)
            producers = [value.owner for value in op.operands if value.owner in delegates]
            delegates[op] = max(
                (
                    delegates[producer] + (isinstance(producer, TestPureOp) and not host)
                    if delegates[producer]
                    else not host
                    for producer in producers
                ),
                default=not host,
            )
    needed = max(delegates.values(), default=0)
    function = check(builder, [XnnPartitionPass("xnnir")])
    assert sum(isinstance(op, xnn.SubgraphOp) for op in function.body.block.ops) == needed


@given(graphs(host_ops=True, max_steps=25))
@settings(max_examples=100, deadline=None)
def test_split_per_op_has_one_node_that_computes_in_each_graph(builder: Builder) -> None:
    passes = [XnnSplitPerOpPass("xnnir"), XnnOutlineSubgraphsPass(), VerifyXnnLegalPass("xnnir")]
    function = check(builder, passes)
    module = function.parent_op()
    assert isinstance(module, ModuleOp)
    for graph in module.ops:
        if isinstance(graph, xnn.GraphOp):
            nodes = [op for op in graph.body.block.ops if isinstance(op, XnnOp)]
            assert sum(not moves_data_only(op) for op in nodes) <= 1
    assert not any(
        isinstance(op, XnnOp) and why_unsupported(op, "xnnir") is None for op in function.body.block.ops
    )


@given(graphs(host_ops=True))
@settings(max_examples=100, deadline=None)
def test_passes_follow_each_other(builder: Builder) -> None:
    passes = [
        XnnOptimizeLayoutPass(),
        XnnCanonicalizePass(),
        XnnPartitionPass("xnnir"),
        XnnOutlineSubgraphsPass(),
    ]
    check(builder, passes, tolerance=1e-5)
