"""Who reads what through which transposes: the graph on which perms are chosen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import IsolatedFromAbove

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import ints, tensor_type_of
from xnnir.passes._blocks import captured_values
from xnnir.passes._layout.cost import ConversionCosts
from xnnir.passes._layout.perms import Perm, compose, identity, is_packed
from xnnir.passes._layout.rules import Rule, rule_for


@dataclass(eq=False)
class Value:
    """A tensor that something other than a transpose makes, and the perms in which it is wanted."""

    ssa: SSAValue
    costs: ConversionCosts | None
    """None for what is no tensor, which nothing transposes."""
    producer: Node | None = None
    """The op that makes it, where that op can run in several perms."""
    wanted: Counter[Perm] = field(default_factory=lambda: Counter[Perm]())
    """Perms in which ops that have no choice read it."""
    readers: list[tuple[Node, int]] = field(default_factory=lambda: list[tuple[Node, int]]())
    """Ops with a choice that read it, with the index of their operand."""

    def cost(self, have: Perm, want: Perm) -> float:
        return 0.0 if self.costs is None else self.costs(have, want)


@dataclass(frozen=True, eq=False)
class Read:
    """An operand of `user` (or of an op in its regions): `value` through transposes that make up `perm`."""

    user: Operation
    index: int
    value: Value
    perm: Perm
    through: SSAValue
    """The operand as it was."""


@dataclass(eq=False)
class Node:
    """An op that can run in several perms."""

    rule: Rule
    result: Value
    operands: list[Read]
    labels: list[Perm] = field(default_factory=lambda: list[Perm]())
    """Those to choose from, the one that leaves the op as it is first."""
    label: Perm = ()
    """The one that is chosen."""

    def wants(self, index: int, label: Perm) -> Perm:
        """The perm of the value behind operand `index` that `label` asks for."""
        return compose(self.operands[index].perm, self.rule.operand_perm(index, label))

    def result_perm(self, label: Perm) -> Perm:
        return self.rule.result_perm(label)


class Graph:
    """The ops of a block but its transposes, which are only perms of the reads here."""

    def __init__(self, block: Block):
        self.values: dict[SSAValue, Value] = {}
        self.nodes: dict[Operation, Node] = {}
        self.reads: dict[Operation, list[Read]] = {}
        self.transposes: list[xnn.StaticTransposeOp] = []
        self._source: dict[SSAValue, tuple[Value, Perm]] = {}
        for op in block.ops:
            if isinstance(op, xnn.StaticTransposeOp):
                value, perm = self._resolve(op.input)
                self._source[op.output] = (value, compose(perm, ints(op.perm)))
                self.transposes.append(op)
            elif not isinstance(op, xnn.ConstantOp):
                self._add(op)

    def _add(self, op: Operation) -> None:
        reads = [self._read(op, index) for index in range(len(op.operands))]
        rule = rule_for(op)
        if rule is not None:
            result = self._value(op.results[0])
            node = Node(rule, result, reads, [rule.identity], rule.identity)
            result.producer = node
            self.nodes[op] = node
            for index, read in enumerate(reads):
                read.value.readers.append((node, index))
        else:
            if op.regions and not op.has_trait(IsolatedFromAbove, value_if_unregistered=False):
                reads += self._captured(op)
            for read in reads:
                read.value.wanted[read.perm] += 1
        self.reads[op] = reads

    def _captured(self, op: Operation) -> list[Read]:
        captured = set(captured_values(op))
        return [
            self._read(inner, index)
            for inner in op.walk()
            if inner is not op
            for index, value in enumerate(inner.operands)
            if value in captured
        ]

    def _read(self, user: Operation, index: int) -> Read:
        operand = user.operands[index]
        value, perm = self._resolve(operand)
        return Read(user, index, value, perm, operand)

    def _resolve(self, ssa: SSAValue) -> tuple[Value, Perm]:
        source = self._source.get(ssa)
        if source is None:
            value = self._value(ssa)
            source = self._source[ssa] = (value, identity(0 if value.costs is None else value.costs.rank))
        return source

    def _value(self, ssa: SSAValue) -> Value:
        value = self.values.get(ssa)
        if value is None:
            value = self.values[ssa] = Value(ssa, _costs(ssa))
        return value


def _costs(ssa: SSAValue) -> ConversionCosts | None:
    if not isinstance(ssa.type, TensorType):
        return None
    type = tensor_type_of(ssa)
    # A constant is transposed when the model is compiled, unless NumPy cannot.
    free = isinstance(ssa.owner, xnn.ConstantOp) and not is_packed(type.get_element_type())
    return ConversionCosts(type, free)
