"""
Compute in integers what stands between conversions, where XNNPACK can.

A node that reads dequantised numbers, and whose result is quantised, takes the codings itself, and the conversions go.
With a filter there are two more ways: rows quantised while the model runs against integer weights, and floats against
integer weights. Biases become integers at the scale of input times weight; weights of 4 bits are packed. What XNNPACK
lacks stays in floats between conversions, and says why in the attribute `xnn.not_quantized`.

    %a = xnn.convert %x : (tensor<1x8x!xnn.qint8<0.1:3>>) -> tensor<1x8xf32>
    %b = xnn.convert %w : (tensor<4x8x!xnn.qcint8<0, ...>>) -> tensor<4x8xf32>
    %c = xnn.fully_connected %a, %b : (...) -> tensor<1x4xf32>
    %y = xnn.convert %c : (tensor<1x4xf32>) -> tensor<1x4x!xnn.qint8<0.2:-5>>
    // becomes
    %y = xnn.fully_connected %x, %w : (...) -> tensor<1x4x!xnn.qint8<0.2:-5>>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightStore, get_weight_store
from xnnir.dialects.xnn.base import XnnOp, element_type_of
from xnnir.dialects.xnn.gemm_ops import ConvolutionLikeOp
from xnnir.dialects.xnn.support import Target, moves_data_only
from xnnir.dialects.xnn.types import QuantizedType
from xnnir.passes._blocks import all_blocks, erase_dead_ops
from xnnir.passes._fold_quant.codings import quantized_constant, replace, row_coded_source
from xnnir.passes._fold_quant.moves import rise, sink
from xnnir.passes._fold_quant.nodes import fold_node
from xnnir.passes._fold_quant.weights import Folder, dequantize
from xnnir.passes._quantization import note_float

_NO_WAY_BACK = "XNNPACK takes rows quantised while the model runs in linear layers and convolutions"


@dataclass(frozen=True)
class XnnFoldQuantPass(ModulePass):
    """Compute in integers what stands between conversions, where XNNPACK can."""

    name = "xnn-fold-quant"

    max_relative_error: ClassVar[float] = 5e-2
    """Biases are rounded to integers, and rows are quantised one by one: results differ by a step of their coding."""

    target: Target = "executorch"
    """Who will run the file; decides which nodes there are."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        store = get_weight_store(ctx)
        for block in list(all_blocks(op)):
            if any(isinstance(node, xnn.ConvertOp) for node in block.ops):
                _fold_block(block, store, self.target)


def _fold_block(block: Block, store: WeightStore, target: Target) -> None:
    sink(block, target)
    rise(block, target)
    folder = Folder(store, target)
    for node in list(block.ops):
        if isinstance(node, ConvolutionLikeOp | xnn.FullyConnectedOp):
            folder.fold(node)
        elif isinstance(node, XnnOp) and not isinstance(node, xnn.ConvertOp):
            fold_node(node, target)
    # What is left of conversions has not been taken.
    for convert in list(block.ops):
        if not isinstance(convert, xnn.ConvertOp) or isinstance(
            element_type_of(convert.output), QuantizedType
        ):
            continue
        if quantized_constant(convert.output) is not None:
            dequantize(convert, store)
        elif (x := row_coded_source(convert.output)) is not None:
            _drop_row_coding(convert, x)
    erase_dead_ops(block)


def _drop_row_coding(convert: xnn.ConvertOp, x: SSAValue) -> None:
    """XNNPACK has no way back from rows quantised while the model runs; floats are what they stand for."""
    readers = [use.operation for use in convert.output.uses]
    for reader in [op for op in readers if not moves_data_only(op)] or readers:
        note_float(reader, _NO_WAY_BACK)
    if element_type_of(x) == element_type_of(convert.output):
        replace(convert, x)
    else:
        convert.operands[0] = x
