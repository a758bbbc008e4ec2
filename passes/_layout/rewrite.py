"""Carrying out a choice of perms: ops change in place, transposes are made where they are first read."""

from __future__ import annotations

from xdsl.ir import Block, Operation, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore
from xnnir.dialects.xnn.base import Tensor
from xnnir.passes._constants import permuted_constant
from xnnir.passes._layout.cost import Conversion, conversion
from xnnir.passes._layout.graph import Graph, Read, Value
from xnnir.passes._layout.perms import Perm, expand_type, identity, permute_type, relative


class Rewriter:
    """Rewrites one block by the labels of its graph."""

    def __init__(self, graph: Graph, store: WeightStore):
        self.graph = graph
        self.store = store
        self.made: dict[tuple[Value, Perm], SSAValue] = {}
        """Values in other perms than they are stored in."""
        self.constants: dict[tuple[object, Perm], SSAValue] = {}
        self.stored: dict[Value, tuple[SSAValue, Perm]] = {}

    def run(self, block: Block) -> None:
        reads = self.graph.reads
        for op in [op for op in block.ops if op in reads]:
            node = self.graph.nodes.get(op)
            for read in reads[op]:
                want = (
                    read.perm if node is None or read.user is not op else node.wants(read.index, node.label)
                )
                read.user.operands[read.index] = self._in_perm(read, want, op)
            if node is not None:
                node.rule.apply(node.label)
                self.stored[node.result] = (op.results[0], node.result_perm(node.label))
                if isinstance(op, xnn.StaticReshapeOp):
                    self._shorten(op, node.result)
        for transpose in reversed(self.graph.transposes):
            if transpose.output.first_use is None:
                transpose.detach()
                transpose.erase()

    def _shorten(self, reshape: xnn.StaticReshapeOp, result: Value) -> None:
        """A reshape of a reshape is one reshape, and none when the type is the first one's."""
        while isinstance(reshape.input.owner, xnn.StaticReshapeOp):
            reshape.operands[0] = reshape.input.owner.input
        if reshape.input.type == reshape.output.type:
            self.stored[result] = (reshape.input, self.stored[result][1])

    def _in_perm(self, read: Read, want: Perm, before: Operation) -> SSAValue:
        """`read.value` in the perm `want`, from a node in front of `before` if it is not there yet."""
        value = read.value
        if value.costs is None:
            return read.through
        ssa, have = self.stored.get(value) or (value.ssa, identity(value.costs.rank))
        type = value.costs.type
        step = conversion(type, have, want)
        if step is Conversion.NOTHING:
            return ssa
        if (made := self.made.get((value, want))) is not None:
            return made
        if isinstance(ssa.owner, xnn.ConstantOp) and value.costs.free:
            made = self._permuted_constant(ssa.owner, want, before)
        else:
            made = self._converted(ssa, type, have, want, step, read, before)
        self.made[value, want] = made
        return made

    def _permuted_constant(self, constant: xnn.ConstantOp, want: Perm, before: Operation) -> SSAValue:
        key = (constant.value, constant.result.type), want
        if (made := self.constants.get(key)) is None:
            new = permuted_constant(constant, want, self.store)
            _insert(new, constant, before)
            made = self.constants[key] = new.result
            made.name_hint = constant.result.name_hint
        return made

    def _converted(
        self,
        ssa: SSAValue,
        type: Tensor,
        have: Perm,
        want: Perm,
        step: Conversion,
        read: Read,
        before: Operation,
    ) -> SSAValue:
        # The transposes that were there have the place and the name that people know.
        owner = read.through.owner
        origin = owner if isinstance(owner, xnn.StaticTransposeOp) else read.user
        stored = permute_type(type, have)
        perm = relative(have, want)
        if step is Conversion.EXPAND_AND_TRANSPOSE:
            stored = expand_type(stored, len(want))
            expanded = xnn.StaticReshapeOp(ssa, stored)
            _insert(expanded, origin, before)
            ssa = expanded.output
        result_type = permute_type(stored, perm)
        if step is Conversion.RESHAPE:
            while isinstance(ssa.owner, xnn.StaticReshapeOp):
                ssa = ssa.owner.input
            if ssa.type == result_type:
                return ssa
            op: xnn.StaticReshapeOp | xnn.StaticTransposeOp = xnn.StaticReshapeOp(ssa, result_type)
        else:
            op = xnn.StaticTransposeOp(ssa, result_type, perm=perm)
        _insert(op, origin, before)
        op.output.name_hint = read.through.name_hint
        return op.output


def _insert(op: Operation, origin: Operation, before: Operation) -> None:
    op.location = origin.location
    block = before.parent
    assert block is not None
    block.insert_op_before(op, before)
