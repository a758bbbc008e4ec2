"""The parts of layout optimisation: what reshapes keep apart, what conversions cost, and how good the choice is."""

from __future__ import annotations

from itertools import permutations, product
from math import prod

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects import func
from xdsl.dialects.builtin import TensorType, f32
from xdsl.dialects.test import TestPureOp
from xdsl.ir import Block, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import Tensor
from xnnir.dialects.xnn.dims import DimAttr, tensor_type
from xnnir.passes._blocks import erase_dead_ops
from xnnir.passes._layout.choice import choose, total_cost
from xnnir.passes._layout.cost import NODE_OVERHEAD, Conversion, conversion
from xnnir.passes._layout.graph import Graph
from xnnir.passes._layout.groups import reshape_groups
from xnnir.passes._layout.perms import Perm, compose, expand, identity, keeps_order, relative
from xnnir.passes._layout.rules import ReshapeRule, rule_for

shapes = st.lists(st.sampled_from([1, 2, 3, 4, 6]), min_size=1, max_size=4)


@st.composite
def reshapes(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Two shapes of as many elements, made by merging and splitting."""
    before = draw(shapes)
    after = list(before)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(after) - 1))
        if draw(st.booleans()) and at + 1 < len(after):
            after[at : at + 2] = [after[at] * after[at + 1]]
        else:
            factor = draw(st.sampled_from([n for n in range(1, after[at] + 1) if after[at] % n == 0]))
            after[at : at + 1] = [factor, after[at] // factor]
    return before, after[:6] if prod(after[:6]) == prod(before) else list(before)


@given(reshapes())
@settings(max_examples=300, deadline=None)
def test_reshape_of_another_order(drawn: tuple[list[int], list[int]]) -> None:
    before, after = drawn
    x = np.arange(prod(before)).reshape(before)
    op = xnn.StaticReshapeOp(
        TestPureOp(result_types=[TensorType(f32, before)]).results[0], TensorType(f32, after)
    )
    rule = rule_for(op)
    assert isinstance(rule, ReshapeRule)
    possible = {
        tuple(x.transpose(perm).reshape(-1)): result
        for perm in permutations(range(len(before)))
        if (label := rule.label_for_operand(0, perm)) is not None and (result := rule.result_perm(label))
    }
    # The elements lie in memory as those of the transposed result do.
    y = x.reshape(after)
    for memory, perm in possible.items():
        assert tuple(y.transpose(perm).reshape(-1)) == memory
    # And no transpose of the result is missed that some transpose of the operand gives.
    transposed = {tuple(x.transpose(perm).reshape(-1)) for perm in permutations(range(len(before)))}
    for perm in permutations(range(len(after))):
        memory = tuple(y.transpose(perm).reshape(-1))
        assert memory not in transposed or memory in possible


def test_dynamic_reshape_groups() -> None:
    batch, tokens, unnamed = DimAttr("s0", 8), DimAttr("s1", 32), DimAttr("?", None)

    def groups(before: list[int | DimAttr], after: list[int | DimAttr]) -> object:
        return reshape_groups(tensor_type(f32, before), tensor_type(f32, after))

    assert groups([batch, 4, 6], [batch, 24]) == [((0,), (0,)), ((1, 2), (1,))]
    assert groups([batch, 14, 14, 3], [batch, 196, 3]) == [((0,), (0,)), ((1, 2), (1,)), ((3,), (2,))]
    assert groups([batch, tokens, 6], [DimAttr("s0*s1", 256), 6]) == [((0, 1), (0,)), ((2,), (1,))]
    assert groups([unnamed, 1, 6], [unnamed, 6]) == [((0,), (0,)), ((2,), (1,))]
    assert groups([unnamed, unnamed], [unnamed]) == [((0, 1), (0,))]
    # That the dynamic size is 1 is not known before the model runs.
    assert groups([batch, 6], [6]) is None


@given(st.data(), shapes)
def test_conversions(data: st.DataObject, shape: list[int]) -> None:
    """A conversion that costs nothing, or only a reshape, leaves the elements where they are."""
    rank = len(shape)
    added = data.draw(st.integers(0, 2))
    have = tuple(data.draw(st.permutations(range(rank))))
    want = tuple(data.draw(st.permutations(range(rank + added))))
    x = np.arange(prod(shape)).reshape(shape)
    stored = x.transpose(have)
    wanted = x.reshape([1] * added + shape).transpose(want)
    assert (wanted == stored.reshape([1] * added + list(stored.shape)).transpose(relative(have, want))).all()
    step = conversion(TensorType(f32, shape), have, want)
    in_place = (wanted.reshape(-1) == stored.reshape(-1)).all()
    if step in (Conversion.NOTHING, Conversion.RESHAPE):
        assert in_place
    if step is Conversion.NOTHING:
        assert np.broadcast_shapes(stored.shape, wanted.shape) == wanted.shape
        assert (np.broadcast_to(stored, wanted.shape) == wanted).all()
    if in_place and prod(shape) > 1:
        assert step in (Conversion.NOTHING, Conversion.RESHAPE)


@given(st.permutations(range(4)), st.permutations(range(4)))
def test_permutations(a: list[int], b: list[int]) -> None:
    x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    first, second = tuple(a), tuple(b)
    assert (x.transpose(first).transpose(second) == x.transpose(compose(first, second))).all()
    assert compose(first, relative(first, second)) == second
    assert (x[None].transpose(expand(first, 5)) == x.transpose(first)[None]).all()
    assert keeps_order(first, (2, 3, 4, 5)) == (first == identity(4))


SHAPE = (1, 2, 4, 3)


@st.composite
def networks(draw: st.DrawFn) -> func.FuncOp:
    """Elementwise ops, slices and transposes over values of one logical shape, read in three orders."""
    orders: list[Perm] = [(0, 1, 2, 3), (0, 2, 3, 1), (0, 3, 1, 2)]

    def type_in(perm: Perm) -> Tensor:
        return TensorType(f32, [SHAPE[axis] for axis in perm])

    given_orders = draw(st.lists(st.sampled_from(orders), min_size=1, max_size=3))
    block = Block(arg_types=[type_in(perm) for perm in given_orders])
    values: list[tuple[SSAValue, Perm]] = list(zip(block.args, given_orders, strict=True))

    def read(perm: Perm):
        value, stored = draw(st.sampled_from(values[-4:]))
        if stored == perm:
            return value
        transpose = xnn.StaticTransposeOp(value, type_in(perm), perm=relative(stored, perm))
        block.add_op(transpose)
        return transpose.output

    for _ in range(draw(st.integers(1, 6))):
        perm = draw(st.sampled_from(orders))
        if draw(st.booleans()):
            op = xnn.AddOp(read(perm), read(perm), type_in(perm))
        elif draw(st.booleans()):
            op = xnn.AbsOp(read(perm), type_in(perm))
        else:
            # The host takes what it is given.
            op = TestPureOp([read(perm)], [type_in(perm)])
        block.add_op(op)
        values.append((op.results[0], perm))
    results = [read(draw(st.sampled_from(orders))) for _ in range(2)]
    block.add_op(func.ReturnOp(*results))
    function = func.FuncOp("forward", (block.arg_types, [value.type for value in results]))
    function.body.detach_block(0)
    function.body.add_block(block)
    erase_dead_ops(block)
    return function


@given(networks())
@settings(max_examples=400, deadline=None, derandomize=True)
def test_the_choice_is_near_the_best(function: func.FuncOp) -> None:
    graph = Graph(function.body.block)
    before = total_cost(graph)
    choose(graph)
    chosen = total_cost(graph)
    assert chosen <= before
    nodes = list(graph.nodes.values())
    best = before
    for labels in product(*[node.labels for node in nodes]):
        for node, label in zip(nodes, labels, strict=True):
            node.label = label
        best = min(best, total_cost(graph))
    # Where a value has several readers, dynamic programming may miss a transpose that they could share.
    one_transpose = prod(SHAPE) * 4 + NODE_OVERHEAD
    assert chosen <= best + one_transpose
