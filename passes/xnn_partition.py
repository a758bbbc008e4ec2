"""
Gather the nodes that XNNPACK runs into as few `xnn.subgraph` as data flow allows: each becomes a delegate.

Ops run in phases: phase 0 on the host, then in a delegate, phase 1 on the host, and so on. An op's phase is
the number of times its data has to leave a delegate before it. The nodes of one phase are convex, since a
path that leaves the delegate comes back in a later phase, and no order of ops needs fewer delegates. What is
not tied to a phase goes where it is used. A phase that would leave all numbers in their order stays on the host.

    %a = xnn.exp %x : (tensor<4xf32>) -> tensor<4xf32>
    %b = "aten.sort"(%a) : (tensor<4xf32>) -> tensor<4xf32>
    %c = xnn.abs %x : (tensor<4xf32>) -> tensor<4xf32>
    %d = xnn.add %b, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    // becomes
    %a = xnn.subgraph (%x_1 = %x : tensor<4xf32>) -> (tensor<4xf32>) { ... xnn.exp ... }
    %b = "aten.sort"(%a) : (tensor<4xf32>) -> tensor<4xf32>
    %d = xnn.subgraph (%x_1 = %x : tensor<4xf32>, %b_1 = %b : tensor<4xf32>) -> (tensor<4xf32>) {
      ... xnn.abs ... xnn.add ...
    }
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation
from xdsl.passes import ModulePass
from xdsl.traits import is_side_effect_free

from xnnir.dialects import xnn
from xnnir.dialects.xnn.support import Target
from xnnir.passes._blocks import erase_dead_ops, function_blocks, values_read
from xnnir.passes._subgraphs import allowed_op_types, delegable_ops, erase_unused_constants, wrap_in_subgraph


@dataclass(frozen=True)
class XnnPartitionPass(ModulePass):
    """Gather nodes into the fewest subgraphs that data flow allows."""

    name = "xnn-partition"

    target: Target = "executorch"
    """Who will run the file; decides which nodes there are."""
    ops: tuple[str, ...] | None = None
    """Names of the ops that may be delegated, with or without `xnn.`; all by default."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        allowed = allowed_op_types(self.ops)
        for block in list(function_blocks(op)):
            if block.last_op is not None:
                erase_dead_ops(block)
                _Partitioner(block, delegable_ops(block, allowed, self.target)).run()


class _Partitioner:
    """Partitions one block. Ops are known by their positions in it."""

    def __init__(self, block: Block, delegable: set[Operation]):
        self.block = block
        *body, terminator = block.ops
        self.ops: list[Operation] = body
        self.terminator = terminator
        self.delegable = [op in delegable for op in body]
        position: dict[object, int] = {op: index for index, op in enumerate(body)}
        self.producers: list[list[int]] = []
        last_effect: int | None = None
        for index, op in enumerate(body):
            # A set would do, but its order must not depend on the run.
            producers = dict.fromkeys(
                position[owner] for value in values_read(op) if (owner := value.owner) in position
            )
            if not is_side_effect_free(op):
                if last_effect is not None:
                    producers[last_effect] = None
                last_effect = index
            self.producers.append(list(producers))
        self.users: list[list[int]] = [[] for _ in body]
        for index, producers in enumerate(self.producers):
            for producer in producers:
                self.users[producer].append(index)

    def run(self) -> None:
        phases = self._phases()
        while idle := self._idle_phases(phases):
            for index, phase in enumerate(phases):
                if phase in idle and self.delegable[index]:
                    self.delegable[index] = False
            phases = self._phases()
        if any(self.delegable):
            self._rewrite(phases)

    def _phases(self) -> list[int]:
        """
        The phase of each op: the earliest, then for nodes the latest that has their users in the same
        delegate.
        """
        phases: list[int] = []
        for index, producers in enumerate(self.producers):
            # Only a node's result crosses from a delegate to the host; a constant is wherever it is wanted.
            phases.append(
                max(
                    (phases[p] + (self.delegable[p] and not self.delegable[index]) for p in producers),
                    default=0,
                )
            )
        for members in self._components(phases):
            phase = phases[members[0]]
            bounds = [
                (phases[user] - (not self.delegable[user]), self.delegable[user])
                for member in members
                for user in self.users[member]
                if phases[user] != phase or not self.delegable[user]
            ]
            latest = min((bound for bound, _ in bounds), default=phase)
            if latest > phase and (latest, True) in bounds:
                for member in members:
                    phases[member] = latest
        return phases

    def _components(self, phases: list[int]) -> list[list[int]]:
        """The connected nodes of each phase, from the last phase to the first."""
        root = list(range(len(self.ops)))

        def find(index: int) -> int:
            while root[index] != index:
                root[index] = root[root[index]]
                index = root[index]
            return index

        for index, producers in enumerate(self.producers):
            for producer in producers:
                if self.delegable[index] and self.delegable[producer] and phases[index] == phases[producer]:
                    root[find(index)] = find(producer)
        members: defaultdict[int, list[int]] = defaultdict(list)
        for index in range(len(self.ops)):
            if self.delegable[index]:
                members[find(index)].append(index)
        return sorted(members.values(), key=lambda component: -phases[component[0]])

    def _idle_phases(self, phases: list[int]) -> set[int]:
        """Phases that only reshape and copy. What moves numbers is no slower in a delegate than on the host."""
        used = {phase for index, phase in enumerate(phases) if self.delegable[index]}
        return used - {
            phase
            for index, phase in enumerate(phases)
            if self.delegable[index] and not isinstance(self.ops[index], xnn.StaticReshapeOp | xnn.CopyOp)
        }

    def _rewrite(self, phases: list[int]) -> None:
        """
        Put the ops into an order in which each phase's nodes stand together, close to the old one, and
        wrap them.
        """
        # A unit is what stays together: a host op, or the nodes of a phase. It is known by its first
        # position.
        first: dict[int, int] = {}
        unit = [
            first.setdefault(phases[index], index) if self.delegable[index] else index
            for index in range(len(self.ops))
        ]
        members: defaultdict[int, list[int]] = defaultdict(list)
        waits_for: defaultdict[int, set[int]] = defaultdict(set)
        wakes: defaultdict[int, set[int]] = defaultdict(set)
        for index in range(len(self.ops)):
            members[unit[index]].append(index)
            for producer in self.producers[index]:
                if unit[producer] != unit[index]:
                    waits_for[unit[index]].add(unit[producer])
                    wakes[unit[producer]].add(unit[index])
        pending = {key: len(waits_for[key]) for key in members}
        ready = [key for key, count in pending.items() if count == 0]
        heapq.heapify(ready)
        order: list[int] = []
        while ready:
            key = heapq.heappop(ready)
            order.append(key)
            for woken in wakes[key]:
                pending[woken] -= 1
                if pending[woken] == 0:
                    heapq.heappush(ready, woken)
        assert len(order) == len(members), "the phases of a partition have a cycle"
        for key in order:
            ops = [self.ops[index] for index in members[key]]
            if self.delegable[key]:
                wrap_in_subgraph(ops, self.terminator)
            else:
                ops[0].detach()
                self.block.insert_op_before(ops[0], self.terminator)
        erase_unused_constants(op for op in self.ops if isinstance(op, xnn.ConstantOp))
