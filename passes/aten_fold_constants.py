"""
Compute, once, what depends on parameters only.

Weight norm, parametrisations and tables of positions are ops over parameters: their results become constants before
anything asks whether a weight is static. Torch itself computes them, and is imported only when there is something to
compute. Calls that draw random numbers or write to something stay, and so do those that make floats of the integers of
a quantised weight, for XNNPACK takes the integers.

    %w = aten.parameter "weight" #xnn.weight<w...> : tensor<4x3xf32>
    %t = aten.t(%w) : (tensor<4x3xf32>) -> tensor<3x4xf32>
    // becomes
    %t = aten.constant "weight.t" #xnn.weight<w...> : tensor<3x4xf32>
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.traits import is_side_effect_free
from xdsl.utils.hints import isa

from xnnir.dialects import aten
from xnnir.dialects.aten import AtenOp, StaticValueOp
from xnnir.dialects.weights import WeightStore, get_weight_store, numpy_dtype
from xnnir.errors import XnnirError
from xnnir.passes._aten_to_xnn.dequantized import DEQUANTIZE
from xnnir.passes._blocks import erase_dead_ops, function_blocks

if TYPE_CHECKING:
    import torch

FACTORIES = frozenset({"aten.arange", "aten.arange.start", "aten.full", "aten.ones", "aten.zeros"})
"""Calls that make a tensor out of numbers alone."""

MAX_BYTES = 1 << 28
"""A larger result is not computed while compiling, unless that is asked for."""


@dataclass(frozen=True)
class AtenFoldConstantsPass(ModulePass):
    """Compute what depends on parameters only."""

    name = "aten-fold-constants"

    max_bytes: int = MAX_BYTES
    """Largest result that is computed; a tensor that an op makes out of a small one stays with the op above it."""

    dequantize: bool = False
    """Whether weights that the model dequantises become floats: only where nothing can take their integers."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        store = get_weight_store(ctx)
        for block in function_blocks(op):
            foldable = list(foldable_calls(block, self.max_bytes, self.dequantize))
            if foldable:
                _fold(foldable, block, store)
                erase_dead_ops(block)


def foldable_calls(block: Block, max_bytes: int = MAX_BYTES, dequantize: bool = False) -> Iterator[AtenOp]:
    """The calls whose operands are all constant or foldable, in order."""
    written = {op.target.data for op in block.ops if isinstance(op, aten.AssignBufferOp)}
    constant: set[SSAValue] = set()
    for op in block.ops:
        if isinstance(op, StaticValueOp):
            # What a buffer that the program writes to holds is known for the first run only.
            if not (isinstance(op, aten.BufferOp) and op.fqn.data in written):
                constant.add(op.result)
        elif (
            isinstance(op, AtenOp)
            and (op.operands or op.name in FACTORIES)
            and constant.issuperset(op.operands)
            and is_side_effect_free(op)
            and (dequantize or op.name not in DEQUANTIZE)
            and all(_bytes(result) <= max_bytes for result in op.results)
        ):
            constant.update(op.results)
            yield op


def _bytes(value: SSAValue) -> float:
    type = value.type
    if not isa(type, TensorType[Attribute]) or not type.has_static_shape():
        return float("inf")
    count = 1
    for size in type.get_shape():
        count *= size
    try:
        return count * numpy_dtype(type.get_element_type()).itemsize
    except ValueError:
        return float("inf")


def _fold(foldable: list[AtenOp], block: Block, store: WeightStore) -> None:
    # Torch takes seconds to import; most models have nothing to fold.

    from xnnir.interpreter.aten import evaluate
    from xnnir.interpreter.constants import constant_numbers, constant_tensor

    values: dict[SSAValue, torch.Tensor] = {}
    folded = set[Operation](foldable)
    for op in foldable:
        for operand in op.operands:
            if operand not in values:
                assert isinstance(operand.owner, StaticValueOp)
                values[operand] = constant_tensor(operand.owner, store)
        try:
            results = evaluate(op, values)
        except Exception as error:
            raise XnnirError(
                f"{op.name}: torch cannot compute it from constants: {error}", op.location
            ) from error
        # Values of the IR have no strides, and `contiguous` is no op of it: what it made viewable must stay so.
        values.update((value, result.contiguous()) for value, result in zip(op.results, results, strict=True))
    for op in foldable:
        for index, result in enumerate(op.results):
            if all(use.operation in folded for use in result.uses):
                continue
            owner = op.operands[0].owner if op.operands else None
            base = owner.fqn.data if isinstance(owner, StaticValueOp) else "folded"
            suffix = op.name.removeprefix("aten.") + (f".{index}" if index else "")
            constant = aten.ConstantOp(
                f"{base}.{suffix}", store.add(constant_numbers(values[result])), result.type
            )
            constant.location = op.location
            # `t` alone would not say of which weight.
            source = op.operands[0].name_hint if isinstance(owner, StaticValueOp) else None
            constant.result.name_hint = f"{source}_{op.name.split('.')[1]}" if source else result.name_hint
            block.insert_op_before(constant, op)
            result.replace_all_uses_with(constant.result)
