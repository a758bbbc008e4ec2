"""
The choice of a perm for each op, so that few bytes are transposed.

Two sweeps collect the perms worth a thought: those of neighbours, carried over. Then dynamic programming: a
sweep in order adds up what the best choices before an op cost for each of its perms, and a sweep back picks.
That is exact where values have one reader. Where they have several, two more sweeps over single ops mend what
the sharing of transposes changes. What costs more than the graph as it stands is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import inf

from xnnir.passes._layout.graph import Graph, Node, Read, Value
from xnnir.passes._layout.perms import Perm, relative

MAX_LABELS = 6
"""Perms considered per op; networks know two or three."""


def choose(graph: Graph) -> None:
    """Set `label` of each node of `graph`."""
    nodes = list(graph.nodes.values())
    _collect_labels(nodes)
    if all(len(node.labels) == 1 for node in nodes):
        return
    before = total_cost(graph)
    _Solver(nodes).solve()
    if total_cost(graph) >= before:
        for node in nodes:
            node.label = node.labels[0]


def total_cost(graph: Graph) -> float:
    """What all transposes cost with the labels that are set."""
    return sum(_value_cost(value, _demands(value), _stored(value)) for value in graph.values.values())


def _collect_labels(nodes: list[Node]) -> None:
    for node in nodes:
        _add_labels(node, _from_operands(node))
    for node in reversed(nodes):
        _add_labels(node, _from_readers(node))
    for node in nodes:
        _add_labels(node, _from_operands(node))


def _add_labels(node: Node, labels: Iterable[Perm | None]) -> None:
    for label in labels:
        if len(node.labels) >= MAX_LABELS:
            return
        if label is not None and label not in node.labels:
            node.labels.append(label)


def _from_operands(node: Node) -> Iterable[Perm | None]:
    """The labels that take an operand as it is, or as something else already wants it."""
    for index, read in enumerate(node.operands):
        for perm in _available(read.value):
            yield node.rule.label_for_operand(index, relative(read.perm, perm))


def _available(value: Value) -> list[Perm]:
    if value.costs is None or value.costs.free:
        return []
    perms = _stored_perms(value)
    perms += [perm for perm in value.wanted if len(perm) == value.costs.rank]
    return perms


def _stored_perms(value: Value) -> list[Perm]:
    if value.producer is not None:
        return [value.producer.result_perm(label) for label in value.producer.labels]
    return [_as_it_is(value)]


def _from_readers(node: Node) -> Iterable[Perm | None]:
    """The labels that make the result as a reader wants it."""
    value = node.result
    assert value.costs is not None
    wanted = list(value.wanted)
    wanted += [reader.wants(index, label) for reader, index in value.readers for label in reader.labels]
    for perm in wanted:
        if len(perm) == value.costs.rank:
            yield node.rule.label_for_result(perm)


class _Solver:
    def __init__(self, nodes: list[Node]):
        self.nodes = nodes
        self.totals: dict[Node, dict[Perm, float]] = {}
        """For each label of a node, the least that all before it costs, its share where others read that too.
        """

    def solve(self) -> None:
        for node in self.nodes:
            self.totals[node] = {
                label: self._upstream(node, label)
                + _value_cost(node.result, node.result.wanted, node.result_perm(label))
                for label in node.labels
            }
        for node in reversed(self.nodes):
            demands = _demands(node.result)
            node.label = min(
                node.labels,
                key=lambda label: (
                    self._upstream(node, label) + _value_cost(node.result, demands, node.result_perm(label))
                ),
            )
        for node in self.nodes:
            _improve(node)
        for node in reversed(self.nodes):
            _improve(node)

    def _upstream(self, node: Node, label: Perm) -> float:
        return sum(
            self._operand_cost(read, node.wants(index, label)) for index, read in enumerate(node.operands)
        )

    def _operand_cost(self, read: Read, want: Perm) -> float:
        value = read.value
        share = max(1, len(value.readers))
        # What an op without a choice wants as well is there already.
        is_there = want in value.wanted
        producer = value.producer
        if producer is None:
            return 0.0 if is_there else value.cost(_as_it_is(value), want) / share
        return min(
            total / share + (0.0 if is_there else value.cost(producer.result_perm(label), want))
            for label, total in self.totals[producer].items()
        )


def _improve(node: Node) -> None:
    """
    Give `node` the label that is best for the labels that its neighbours have, when it beats the one it
    has.
    """
    if len(node.labels) == 1:
        return
    # Each value that the node touches, with the demands of all readers but this node.
    others: dict[Value, Counter[Perm]] = {}
    for index, read in enumerate(node.operands):
        demands = others.setdefault(read.value, _demands(read.value))
        demands[node.wants(index, node.label)] -= 1
    results = _demands(node.result)

    def cost(label: Perm) -> float:
        added: dict[Value, Counter[Perm]] = {}
        for index, read in enumerate(node.operands):
            demands = added.setdefault(read.value, Counter(others[read.value]))
            demands[node.wants(index, label)] += 1
        return _value_cost(node.result, results, node.result_perm(label)) + sum(
            _value_cost(value, demands, _stored(value)) for value, demands in added.items()
        )

    current = cost(node.label)
    best = min(node.labels, key=cost)
    if cost(best) < current - 1e-6:
        node.label = best


def _demands(value: Value) -> Counter[Perm]:
    """The perms in which `value` is read, with the labels that are set."""
    demands = Counter(value.wanted)
    for reader, index in value.readers:
        demands[reader.wants(index, reader.label)] += 1
    return demands


def _stored(value: Value) -> Perm:
    """How `value` is stored, with the labels that are set."""
    producer = value.producer
    return _as_it_is(value) if producer is None else producer.result_perm(producer.label)


def _as_it_is(value: Value) -> Perm:
    return tuple(range(0 if value.costs is None else value.costs.rank))


def _value_cost(value: Value, demands: Counter[Perm], stored: Perm) -> float:
    """
    What it costs to have `value` in all perms that it is read in; one transpose serves all readers of a
    perm.
    """
    cost = 0.0
    for perm, count in demands.items():
        if count > 0 and perm != stored:
            step = value.cost(stored, perm)
            if step == inf:
                return inf
            cost += step
    return cost
