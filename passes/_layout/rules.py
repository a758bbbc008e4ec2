"""
For each op that does not care how its data is stored: in which perms it can run, and what changes then.

A rule speaks of a *label*: what stands for one way to run the op. For most ops that is the perm of the
result; for a reshape it is an order of the groups of dimensions that it merges and splits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Operation
from xdsl.rewriter import Rewriter

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import XnnOp, element_type_of, i64_array, ints, shape_of, tensor_type_of
from xnnir.dialects.xnn.binary_ops import BinaryOp
from xnnir.dialects.xnn.types import PerChannelType, QBInt4Type, QDInt8Type
from xnnir.dialects.xnn.unary_ops import UnaryOp
from xnnir.passes._layout.groups import Group, reshape_groups
from xnnir.passes._layout.perms import (
    Perm,
    expand,
    identity,
    order_with_ones_in_place,
    permute_type,
)


@dataclass
class Rule(ABC):
    """How one op runs under another label. The op has one result."""

    op: XnnOp
    rank: int
    """Of a label."""

    @property
    def identity(self) -> Perm:
        """The label under which the op is as it stands."""
        return identity(self.rank)

    @abstractmethod
    def operand_perm(self, index: int, label: Perm) -> Perm:
        """
        How operand `index` must be stored. A perm longer than the operand's rank means the operand with
        leading dimensions of size 1.
        """

    @abstractmethod
    def result_perm(self, label: Perm) -> Perm:
        """How the result comes out."""

    @abstractmethod
    def label_for_operand(self, index: int, perm: Perm) -> Perm | None:
        """A label for which operand `index` may be stored by `perm`; None when there is none."""

    @abstractmethod
    def label_for_result(self, perm: Perm) -> Perm | None:
        """A label that stores the result by `perm`; None when there is none."""

    @abstractmethod
    def set_properties(self, label: Perm) -> None:
        """Change the op's properties to those of `label`."""

    def apply(self, label: Perm) -> None:
        """Change the op's properties and its result's type to those of `label`."""
        if label == self.identity:
            return
        self.set_properties(label)
        result = self.op.results[0]
        Rewriter.replace_value_with_new_type(
            result, permute_type(tensor_type_of(result), self.result_perm(label))
        )


@dataclass
class ElementwiseRule(Rule):
    """
    Elementwise ops with broadcasting, and ops along the last dimensions alone (`fixed` many of them,
    which stay last and in order); operands from `others` on are read as they are.
    """

    fixed: int = 0
    others: int = 1 << 30

    def operand_perm(self, index: int, label: Perm) -> Perm:
        return label if index < self.others else identity(len(shape_of(self.op.operands[index])))

    def result_perm(self, label: Perm) -> Perm:
        return label

    def label_for_operand(self, index: int, perm: Perm) -> Perm | None:
        return self.label_for_result(expand(perm, self.rank)) if index < self.others else None

    def label_for_result(self, perm: Perm) -> Perm | None:
        free = self.rank - self.fixed
        return perm if perm[free:] == self.identity[free:] else None

    def set_properties(self, label: Perm) -> None:
        pass


@dataclass
class PropertiesRule(ElementwiseRule):
    """Ops with a number per dimension in each of the properties `names`: slice and pad."""

    names: tuple[str, ...] = ()

    def set_properties(self, label: Perm) -> None:
        for name in self.names:
            array = self.op.properties[name]
            numbers = ints(array)  # pyright: ignore[reportArgumentType]
            self.op.properties[name] = i64_array([numbers[axis] for axis in label])


@dataclass
class ConcatenateRule(ElementwiseRule):
    """Concatenation, along the dimension where its axis has gone."""

    def set_properties(self, label: Perm) -> None:
        axis = self.op.properties["axis"]
        assert isinstance(axis, IntegerAttr)
        self.op.properties["axis"] = IntegerAttr(label.index(axis.value.data), i64)


@dataclass
class ReduceRule(Rule):
    """Reductions: the label is the perm of the operand, the result's is what is left of it."""

    axes: tuple[int, ...]
    keep_dims: bool

    def operand_perm(self, index: int, label: Perm) -> Perm:
        return label

    def result_perm(self, label: Perm) -> Perm:
        if self.keep_dims:
            return label
        left = [axis for axis in range(self.rank) if axis not in self.axes]
        return tuple(left.index(axis) for axis in label if axis not in self.axes)

    def label_for_operand(self, index: int, perm: Perm) -> Perm | None:
        return perm

    def label_for_result(self, perm: Perm) -> Perm | None:
        if self.keep_dims:
            return perm
        left = [axis for axis in range(self.rank) if axis not in self.axes]
        others = iter([left[axis] for axis in perm])
        return tuple(axis if axis in self.axes else next(others) for axis in range(self.rank))

    def set_properties(self, label: Perm) -> None:
        self.op.properties["axes"] = i64_array(sorted(label.index(axis) for axis in self.axes))


class ReshapeRule(Rule):
    """A reshape merges and splits groups of dimensions; stored in another order of whole groups, it still does."""

    def __init__(self, op: xnn.StaticReshapeOp, groups: list[Group]):
        super().__init__(op, len(groups))
        self.before, self.after = shape_of(op.input), shape_of(op.output)
        self.groups = groups

    def operand_perm(self, index: int, label: Perm) -> Perm:
        order = [axis for group in label for axis in self.groups[group][0]]
        return order_with_ones_in_place(order, self.before)

    def result_perm(self, label: Perm) -> Perm:
        order = [axis for group in label for axis in self.groups[group][1]]
        return order_with_ones_in_place(order, self.after)

    def label_for_operand(self, index: int, perm: Perm) -> Perm | None:
        return self._label([axis for axis in perm if self.before[axis] != 1], 0)

    def label_for_result(self, perm: Perm) -> Perm | None:
        return self._label([axis for axis in perm if self.after[axis] != 1], 1)

    def set_properties(self, label: Perm) -> None:
        pass

    def _label(self, order: list[int], side: int) -> Perm | None:
        first = {group[side][0]: index for index, group in enumerate(self.groups)}
        label: list[int] = []
        position = 0
        while position < len(order):
            group = first.get(order[position])
            if group is None:
                return None
            axes = self.groups[group][side]
            if tuple(order[position : position + len(axes)]) != axes:
                return None
            label.append(group)
            position += len(axes)
        return tuple(label)


def rule_for(op: Operation) -> Rule | None:
    """How `op` runs in other perms; None for an op that must stay as it is."""
    match op:
        case xnn.StaticTransposeOp():
            return None
        case xnn.PreluOp():
            # The slopes of nodes in delegate files are those of the innermost dimension.
            slopes = shape_of(op.rhs)
            if any(size != 1 for size in slopes[:-1]):
                return None
            per_channel = slopes != () and slopes[-1] != 1
            return ElementwiseRule(op, _rank(op), fixed=1 if per_channel else 0, others=1)
        case UnaryOp():
            types = [element_type_of(op.input), element_type_of(op.output)]
            if any(isinstance(type, PerChannelType | QBInt4Type) for type in types):
                return None
            rows = [type.num_nonbatch_dims.data for type in types if isinstance(type, QDInt8Type)]
            return ElementwiseRule(op, _rank(op), fixed=max(rows, default=0))
        case BinaryOp():
            return ElementwiseRule(op, _rank(op))
        case xnn.SoftmaxOp():
            return ElementwiseRule(op, _rank(op), fixed=1)
        case xnn.FullyConnectedOp():
            type = element_type_of(op.input)
            fixed = type.num_nonbatch_dims.data if isinstance(type, QDInt8Type) else 1
            return ElementwiseRule(op, _rank(op), fixed=max(1, fixed), others=1)
        case xnn.BatchMatrixMultiplyOp():
            if len(shape_of(op.lhs)) != len(shape_of(op.rhs)):
                return None
            return ElementwiseRule(op, _rank(op), fixed=2)
        case xnn.StaticSliceOp():
            return PropertiesRule(op, _rank(op), names=("offsets", "sizes"))
        case xnn.StaticConstantPadOp():
            return PropertiesRule(op, _rank(op), names=("pre_paddings", "post_paddings"))
        case xnn.ConcatenateOp():
            return ConcatenateRule(op, _rank(op))
        case xnn.StaticReduceOp():
            return ReduceRule(op, len(shape_of(op.input)), ints(op.axes), op.keep_dims is not None)
        case xnn.StaticReshapeOp():
            groups = reshape_groups(tensor_type_of(op.input), tensor_type_of(op.output))
            if groups is None or isinstance(element_type_of(op.input), QDInt8Type):
                return None
            return ReshapeRule(op, groups)
        case _:
            return None


def _rank(op: XnnOp) -> int:
    return len(shape_of(op.results[0]))
