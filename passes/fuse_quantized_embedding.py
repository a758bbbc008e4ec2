"""
Look rows up in tables of integers: a table that the model dequantises, all of it, is read a row at a time.

ExecuTorch's runtime and this one have kernels for tables of 8, 4 and 2 bits with a scale for each row, or for each of
the equal groups in it. The integers decide which it is, so that 3 bits are stored in 4; they are packed here, and stay
packed in the file and in memory.

    %codes = aten.parameter "embedding.weight" #xnn.weight<w...> : tensor<100x64xi8>
    %table = qdq.dequantize_affine(%codes, block_size = [1, 32], scale = %scales, ...) : (...) -> tensor<100x64xf32>
    %rows = aten.embedding(%table, %tokens) : (tensor<100x64xf32>, tensor<1x8xi64>) -> tensor<1x8x64xf32>
    // becomes
    %packed = aten.constant "embedding.weight.packed" #xnn.weight<w...> : tensor<100x32xui8>
    %rows = qdq.embedding_4bit(%packed, %scales, weight_quant_min = -8, weight_quant_max = 7, indices = %tokens)
        : (tensor<100x32xui8>, tensor<100x2xf32>, tensor<1x8xi64>) -> tensor<1x8x64xf32>

Numbers are those that the model has: (integer - zero point) * scale. A table that the kernels cannot read becomes one
of floats later, and the op says why in the attribute `xnn.not_quantized`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import (
    BFloat16Type,
    Float16Type,
    Float32Type,
    IntegerType,
    ModuleOp,
    Signedness,
    TensorType,
    f32,
    i8,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects import aten
from xnnir.dialects.aten import AtenOp, StaticValueOp
from xnnir.dialects.aten.values import Dtype
from xnnir.dialects.qdq import qdq_classes
from xnnir.dialects.weights import Array, WeightStore, get_weight_store
from xnnir.dialects.xnn.base import element_type_of
from xnnir.dialects.xnn.packing import from_bfloat16, pack_table, to_bfloat16
from xnnir.passes._aten_to_xnn.dequantized import DEQUANTIZE, dequantized_codes, is_whole
from xnnir.passes._blocks import erase_dead_ops, function_blocks
from xnnir.passes._quantization import Codes, Unrepresentable, constant_numbers, note_float

_DTYPES: dict[type[Attribute], str] = {
    Float32Type: "float32",
    Float16Type: "float16",
    BFloat16Type: "bfloat16",
}
"""What the kernels write, and have scales in."""


@dataclass(frozen=True)
class FuseQuantizedEmbeddingPass(ModulePass):
    """Look rows up in tables of integers that the model dequantises."""

    name = "fuse-quantized-embedding"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        store = get_weight_store(ctx)
        for block in function_blocks(op):
            lookups = [call for call in block.ops if isinstance(call, AtenOp) and _is_lookup(call)]
            tables: dict[SSAValue, _Table | Unrepresentable] = {}
            for lookup in lookups:
                weight: SSAValue = lookup.arg("weight")
                if weight not in tables:
                    tables[weight] = _read_table(weight, store)
                table = tables[weight]
                if isinstance(table, Unrepresentable):
                    note_float(lookup, str(table))
                else:
                    table.look_up(lookup, store)
            if lookups:
                erase_dead_ops(block)


def _is_lookup(op: AtenOp) -> bool:
    if op.name != "aten.embedding":
        return False
    owner = op.arg("weight").owner
    return (
        isinstance(owner, AtenOp)
        and owner.name in DEQUANTIZE
        and isinstance(owner.operands[0].owner, StaticValueOp)
    )


@dataclass(frozen=True)
class _Table:
    """Rows of integers as a kernel reads them: `bits` wide, scales and zero points float32 [rows, groups]."""

    name: str
    bits: int
    integers: Array
    scales: Array
    zero_points: Array | None
    scale_type: Attribute

    def look_up(self, op: AtenOp, store: WeightStore) -> None:
        """Replace `op`, an `aten.embedding` of the table, by a call that reads the integers."""
        block = op.parent
        assert block is not None
        result = op.results[0]
        made: list[Operation] = []

        def constant(what: str, array: Array, element_type: Attribute) -> SSAValue:
            type = TensorType(element_type, array.shape)
            new = aten.ConstantOp(f"{self.name}.{what}", store.add(np.ascontiguousarray(array)), type)
            made.append(new)
            return new.result

        def floats(what: str, array: Array) -> SSAValue:
            return constant(what, _stored(array, self.scale_type), self.scale_type)

        is_signed = self.bits == 8 and self.integers.dtype == np.int8
        low, high = (0, 255) if self.integers.dtype == np.uint8 else _range(self.bits)
        args: dict[str, Any] = {
            "weight": constant(
                "packed" if self.bits < 8 else "integers",
                pack_table(self.integers, self.bits),
                i8 if is_signed else IntegerType(8, Signedness.UNSIGNED),
            ),
            "weight_scales": floats("scales", self.scales),
            "weight_zero_points": None
            if self.zero_points is None
            else floats("zero_points", self.zero_points),
            "weight_quant_min": low,
            "weight_quant_max": high,
            "indices": op.arg("indices"),
        }
        kind = "byte" if self.bits == 8 else f"{self.bits}bit"
        overload = ""
        if element_type_of(result) != self.scale_type:
            args["dtype"] = Dtype(_DTYPES[type(element_type_of(result))])
            overload = ".dtype"
        made.append(qdq_classes()[f"qdq.embedding_{kind}{overload}"].call(args, [result.type]))
        for new in made:
            new.location = op.location
        block.insert_ops_before(made, op)
        made[-1].results[0].name_hint = result.name_hint
        result.replace_all_uses_with(made[-1].results[0])
        op.detach()
        op.erase()


def _read_table(weight: SSAValue, store: WeightStore) -> _Table | Unrepresentable:
    """The table behind what the model dequantises, or why no kernel reads it."""
    call = weight.owner
    assert isinstance(call, AtenOp)
    integers = call.operands[0].owner
    assert isinstance(integers, StaticValueOp)
    try:
        codes = dequantized_codes(call, lambda value: constant_numbers(value, store), any_zero_points=True)
        if codes is None:
            raise Unrepresentable("its scales are computed while the model runs")
        if type(element_type_of(weight)) not in _DTYPES:
            raise Unrepresentable(f"no kernel gives rows of {element_type_of(weight)}")
        if codes.integers.ndim != 2:
            raise Unrepresentable(f"kernels read tables of two dimensions, got {list(codes.integers.shape)}")
        scale = call.arg("scale" if "scale" in call.schema.positions else "scales")
        scale_type = element_type_of(cast(SSAValue, scale)) if isinstance(scale, SSAValue) else f32
        return _table(integers.fqn.data, codes, scale_type)
    except Unrepresentable as reason:
        return reason


def _table(name: str, codes: Codes, scale_type: Attribute) -> _Table:
    rows = len(codes.integers)
    bits, codes = _narrow(codes)
    # A block may reach over several rows, and a row has scales of its own here.
    scales = np.repeat(codes.scales, rows // codes.scales.shape[0], 0)
    zeros = codes.zero_points
    if zeros is not None:
        zeros = np.repeat(zeros, rows // zeros.shape[0], 0).astype(np.float32)
    # Kernels take both in one type.
    if type(scale_type) not in _DTYPES or (zeros is not None and not _fits(zeros, scale_type)):
        scale_type = f32
    return _Table(name, bits, codes.integers, scales, zeros, scale_type)


def _narrow(codes: Codes) -> tuple[int, Codes]:
    """The fewest bits that a kernel has for the integers, and those as integers around zero."""
    integers = codes.integers
    columns = integers.shape[1]
    least, most = int(integers.min(initial=0)), int(integers.max(initial=0))
    for bits in (2, 4, 8):
        low, high = _range(bits)
        if columns % (8 // bits):
            continue
        if low <= least and most <= high:
            return bits, replace(codes, integers=integers.astype(np.int8))
        if least >= 0 and most <= high - low:
            if bits == 8:
                return bits, replace(codes, integers=integers.astype(np.uint8))
            # Integers from 0 on are those around zero with another zero point.
            zeros = np.zeros(codes.scales.shape) if codes.zero_points is None else codes.zero_points
            if not is_whole(zeros):
                continue
            shifted = (integers.astype(np.int16) + low).astype(np.int8)
            return bits, Codes.make(shifted, codes.scales, zeros + low, codes.block)
    raise Unrepresentable(f"kernels read tables of 8 bits at most, got integers of {least} to {most}")


def _range(bits: int) -> tuple[int, int]:
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def _fits(numbers: Array, element_type: Attribute) -> bool:
    """Whether float32 numbers are numbers of `element_type`."""
    stored = _stored(numbers, element_type)
    back = from_bfloat16(stored) if isinstance(element_type, BFloat16Type) else stored.astype(np.float32)
    return np.array_equal(back, numbers)


def _stored(array: Array, element_type: Attribute) -> Array:
    """float32 numbers as the store keeps those of `element_type`."""
    if isinstance(element_type, BFloat16Type):
        return to_bfloat16(array)
    return array.astype(np.float16 if isinstance(element_type, Float16Type) else np.float32)
