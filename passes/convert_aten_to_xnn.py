"""
Turn `aten` ops into nodes of XNNPACK.

Values keep PyTorch's logical layout (batch, channels, rows, columns); spatial nodes get a transpose to NHWC before them
and one back after them, which `xnn-optimize-layout` then moves and cancels. Weights are laid out here, once. An op that
XNNPACK does not have, or not with these types and attributes, stays as it is and says why:

    %1 = aten.conv2d(%x, %w, %b, padding = [1, 1]) : (...) -> tensor<1x16x8x8xf32>
    %2 = aten.cumsum(%1, dim = 1) : (tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32>
    // becomes
    %0 = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (...) -> tensor<1x8x8x3xf32>
    %3 = xnn.convolution_2d %0, %w, %b {padding = array<i64: 1, 1, 1, 1>, ...} : (...) -> tensor<1x8x8x16xf32>
    %1 = xnn.static_transpose %3 {perm = array<i64: 0, 3, 1, 2>} : (...) -> tensor<1x16x8x8xf32>
    %2 = aten.cumsum(%1, dim = 1) {xnn.refused = "xnnir has no conversion of aten.cumsum to XNNPACK"} : (...)

Arguments and results of functions become physical: one whose attribute `xnn.dim_order` says that it is channels-last
has an NHWC type from here on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FunctionType,
    ModuleOp,
    StringAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Attribute, Block, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter
from xdsl.utils.hints import isa

from xnnir.dialects import aten, xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import get_weight_store
from xnnir.dialects.xnn.base import element_type_of, ints, tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, tensor_type
from xnnir.dialects.xnn.support import Target
from xnnir.errors import XnnirError
from xnnir.passes._aten_to_xnn import CONVERTERS
from xnnir.passes._aten_to_xnn.arguments import NotSelected, Refusal
from xnnir.passes._aten_to_xnn.conversion import Conversion
from xnnir.passes._aten_to_xnn.intent import intended_precision
from xnnir.passes._aten_to_xnn.selection import Selection
from xnnir.passes._blocks import blocks_within, erase_dead_ops

REFUSED = "xnn.refused"
"""The attribute that says why an op is not a node of XNNPACK."""

PHYSICAL = "xnn.physical"
"""The attribute of a function whose arguments and results have the types that `xnn.dim_order` asks for."""

DIM_ORDER = "xnn.dim_order"
"""The attribute of an argument or result: entry i is the logical dimension at place i in memory."""


@dataclass(frozen=True)
class ConvertAtenToXnnPass(ModulePass):
    """Turn `aten` ops into nodes of XNNPACK, where it has them."""

    name = "convert-aten-to-xnn"

    max_relative_error: ClassVar[float] = 1e-4
    """Norms, attention and activations are made of the nodes that XNNPACK has."""

    makes_layout_physical: ClassVar[bool] = True
    """Arguments and results of functions are as they lie in memory from here on."""

    target: Target = "executorch"
    """Who will run the file: `executorch` is any ExecuTorch runtime, `xnnir` ours, which has more nodes."""

    configs: tuple[str, ...] | None = None
    """The config classes of the partitioner (`AddConfig`), which say which ops to convert; all of them by default."""

    precisions: tuple[str, ...] | None = None
    """What nodes may compute in: `fp32`, `static_quant`, `dynamic_quant`; everything by default."""

    bf16: bool = False
    """Whether linear layers of bfloat16 with quantised weights become nodes of float32 between casts."""

    runtime_linear_weights: bool = False
    """Whether weights of float32 linear layers stay outside, so that they become inputs of the delegate."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        selection = Selection.parse(self.configs, self.precisions, self.bf16, self.runtime_linear_weights)
        store = get_weight_store(ctx)
        for function in op.ops:
            if isinstance(function, func.FuncOp) and function.body.blocks:
                block = function.body.block
                written = {node.target.data for node in block.ops if isinstance(node, aten.AssignBufferOp)}
                # Another partitioner may have come before.
                is_physical = PHYSICAL in function.attributes
                if not is_physical:
                    _make_arguments_physical(function)
                blocks = list(blocks_within(function))
                for inner in blocks:
                    self._convert_block(inner, Conversion(inner, store, self.target, written, selection))
                if not is_physical:
                    _make_results_physical(function)
                    if _has_dim_orders(function):
                        function.attributes[PHYSICAL] = UnitAttr()
                # Parameters that were laid out anew, and what only converted ops read.
                for inner in reversed(blocks):
                    erase_dead_ops(inner)

    def _convert_block(self, block: Block, to: Conversion) -> None:
        for op in list(block.ops):
            # Arithmetic on sizes is never a node, and nobody would ask why.
            if isinstance(op, AtenOp) and any(isinstance(type, TensorType) for type in op.result_types):
                try:
                    self._convert(op, to)
                except NotSelected as reason:
                    # What XNNPACK refused an earlier partitioner is the better reason.
                    op.attributes.setdefault(REFUSED, StringAttr(str(reason)))
                except Refusal as reason:
                    op.attributes[REFUSED] = StringAttr(str(reason))

    def _convert(self, op: AtenOp, to: Conversion) -> None:
        """Replace `op`. Raises `Refusal`, and leaves it, when it cannot be."""
        name = op.name.removeprefix("aten.")
        converter = CONVERTERS.get(name)
        if converter is None:
            raise Refusal(f"xnnir has no conversion of {op.name} to XNNPACK")
        if (reason := to.selection.why_not_op(op)) is not None:
            raise NotSelected(reason)
        to.precision = intended_precision(op)
        try:
            returned = converter(op, to)
            results = [returned] if isinstance(returned, SSAValue) else list(returned)
            for index, unused in enumerate(op.results[len(results) :], len(results)):
                if unused.first_use is not None:
                    raise Refusal(f"XNNPACK does not compute result {index}, which is used")
        except Refusal:
            to.drop()
            raise
        to.place(op)
        for old, new in zip(op.results, results, strict=False):
            if new.name_hint is None:
                new.name_hint = old.name_hint
            old.replace_all_uses_with(new)
        op.detach()
        op.erase()


def _dim_orders(attributes: ArrayAttr[DictionaryAttr] | None, count: int) -> list[tuple[int, ...] | None]:
    if attributes is None:
        return [None] * count
    return [_dim_order(attribute.data.get(DIM_ORDER)) for attribute in attributes]


def _dim_order(attribute: Attribute | None) -> tuple[int, ...] | None:
    if attribute is None:
        return None
    order = ints(attribute) if isa(attribute, DenseArrayBase) else ()
    if not order or sorted(order) != list(range(len(order))):
        raise XnnirError(f"expected {DIM_ORDER} to be a permutation of dimensions, got {attribute}")
    return order


def _has_dim_orders(function: func.FuncOp) -> bool:
    lists = (function.arg_attrs, function.res_attrs)
    return any(
        DIM_ORDER in entry.data for attributes in lists if attributes is not None for entry in attributes
    )


def _permuted(value: SSAValue, perm: Sequence[int]) -> Attribute:
    dims = dims_of(tensor_type_of(value))
    if len(perm) != len(dims):
        raise XnnirError(
            f"expected {DIM_ORDER} to have {len(dims)} dimensions for {value.type}, got {len(perm)}"
        )
    return tensor_type(element_type_of(value), [dims[axis] for axis in perm])


def _make_arguments_physical(function: func.FuncOp) -> None:
    """Give channels-last arguments their physical types, and their users the logical values."""
    block = function.body.block
    first = block.first_op
    assert first is not None
    for arg, order in zip(block.args, _dim_orders(function.arg_attrs, len(block.args)), strict=True):
        if order is None:
            continue
        logical_type = arg.type
        physical = Rewriter.replace_value_with_new_type(arg, _permuted(arg, order))
        uses = list(physical.uses)
        inverse = [order.index(axis) for axis in range(len(order))]
        transpose = xnn.StaticTransposeOp(physical, logical_type, perm=inverse)
        transpose.location = first.location
        block.insert_op_before(transpose, first)
        for use in uses:
            if use.operation.name == "aten.sym_size.int":
                _ask_physical_size(cast(AtenOp, use.operation), order)
            else:
                use.operation.operands[use.index] = transpose.output
    _update_type(function)


def _ask_physical_size(op: AtenOp, order: Sequence[int]) -> None:
    """Have `op` ask for the same size of a tensor whose dimensions are now in `order`; it needs no transpose."""
    physical = op.with_args(dim=order.index(op.arg("dim") % len(order)))
    Rewriter.replace_op(op, physical)


def _make_results_physical(function: func.FuncOp) -> None:
    block = function.body.block
    last = block.last_op
    assert isinstance(last, func.ReturnOp)
    orders = _dim_orders(function.res_attrs, len(last.operands))
    for index, (value, order) in enumerate(zip(last.operands, orders, strict=True)):
        if order is None:
            continue
        transpose = xnn.StaticTransposeOp(value, _permuted(value, order), perm=order)
        transpose.location = last.location
        block.insert_op_before(transpose, last)
        last.operands[index] = transpose.output
    _update_type(function)


def _update_type(function: func.FuncOp) -> None:
    block = function.body.block
    last = block.last_op
    assert last is not None
    function.properties["function_type"] = FunctionType.from_lists(block.arg_types, last.operand_types)
