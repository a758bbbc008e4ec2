"""
Remove calls that change nothing, and give each op one spelling.

Values are logical tensors here, so copies, views of the same shape, casts to the same type and calls that only ask
for a memory format change nothing; nor does dropout in eval mode. ReLU6 is a hardtanh, padding with a constant has
one op.

    %1 = aten.dropout(%x, p = 0.5, train = false) : (tensor<1x8xf32>) -> tensor<1x8xf32>
    %2 = aten.relu6(%1) : (tensor<1x8xf32>) -> tensor<1x8xf32>
    %3 = aten.pad(%2, pad = [0, 1]) : (tensor<1x8xf32>) -> tensor<1x9xf32>
    // becomes
    %2 = aten.hardtanh(%x, min_val = 0.0, max_val = 6.0) : (tensor<1x8xf32>) -> tensor<1x8xf32>
    %3 = aten.constant_pad_nd(%2, pad = [0, 1]) : (tensor<1x8xf32>) -> tensor<1x9xf32>
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects.aten import AtenOp
from xnnir.passes._blocks import erase_dead_ops, function_blocks

Rule: TypeAlias = Callable[[AtenOp], AtenOp | SSAValue | None]
"""Gives the value or the op that stands for an op, or None to leave it."""


def _operand(op: AtenOp) -> SSAValue | None:
    value = op.operands[0]
    return value if value.type == op.results[0].type else None


def _no_dropout(op: AtenOp) -> SSAValue | None:
    trains = op.arg("train") if "train" in op.schema.positions else op.arg("training")
    return None if trains else _operand(op)


def _identity_permutation(op: AtenOp) -> SSAValue | None:
    dims = op.arg("dims")
    rank = len(dims)
    return _operand(op) if [dim % rank for dim in dims] == list(range(rank)) else None


def _relu6(op: AtenOp) -> AtenOp:
    args = {"self": op.operands[0], "min_val": 0.0, "max_val": 6.0}
    return AtenOp.create_call("hardtanh", args, op.result_types)


def _pad(op: AtenOp) -> AtenOp | SSAValue | None:
    amounts = op.arg("pad")
    if all(isinstance(amount, int) and amount == 0 for amount in amounts):
        return _operand(op)
    if op.name == "aten.pad" and op.arg("mode") == "constant":
        args = {"self": op.operands[0], "pad": amounts, "value": op.arg("value") or 0.0}
        return AtenOp.create_call("constant_pad_nd", args, op.result_types)
    return None


def _source(op: AtenOp) -> SSAValue | None:
    """A copy over all of a tensor is what it is copied from."""
    source = op.arg("src")
    return source if source.type == op.results[0].type else None


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        ("alias", "clone", "contiguous", "detach", "lift", "lift_fresh", "lift_fresh_copy", "view_as"),
        _operand,
    ),
    **dict.fromkeys(("_unsafe_view", "expand", "flatten.using_ints", "reshape", "squeeze", "view"), _operand),
    **dict.fromkeys(("squeeze.dim", "squeeze.dims", "slice.Tensor", "narrow"), _operand),
    **dict.fromkeys(("_to_copy", "to.device", "to.dtype", "to.dtype_layout", "type_as"), _operand),
    **dict.fromkeys(("alpha_dropout", "dropout", "feature_dropout"), _no_dropout),
    "constant_pad_nd": _pad,
    "copy": _source,
    "pad": _pad,
    "permute": _identity_permutation,
    "relu6": _relu6,
}
"""By the operator's name. A view of the operand's own type is the operand, because only whole tensors have that
type."""


@dataclass(frozen=True)
class AtenCanonicalizePass(ModulePass):
    """Remove ATen calls that change nothing, and give each op one spelling."""

    name = "aten-canonicalize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for block in function_blocks(op):
            _canonicalize(block)
            erase_dead_ops(block)


def _canonicalize(block: Block) -> None:
    for op in list(block.ops):
        if not isinstance(op, AtenOp) or (rule := RULES.get(op.name.removeprefix("aten."))) is None:
            continue
        replacement = rule(op)
        if replacement is None:
            continue
        if isinstance(replacement, AtenOp):
            replacement.location = op.location
            replacement.attributes = dict(op.attributes)
            replacement.results[0].name_hint = op.results[0].name_hint
            block.insert_op_before(replacement, op)
            replacement = replacement.results[0]
        op.results[0].replace_all_uses_with(replacement)
        op.detach()
        op.erase()
