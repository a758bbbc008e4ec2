"""
Give nodes with a filter the codings around them.

Three schemes: integers with fixed scales in, weights and out (static); rows that are quantised while the model runs
against integer weights, floats out (dynamic); and floats against integer weights (weight-only, linear layers alone).
"""

from __future__ import annotations

from dataclasses import replace as with_changes

import numpy as np
from xdsl.dialects.builtin import Float16Type, Float32Type, TensorType, f32
from xdsl.ir import Attribute, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.weights import Array, WeightStore
from xnnir.dialects.xnn.base import XnnOp, element_type_of, shape_of, tensor_type_of, with_element_type
from xnnir.dialects.xnn.gemm_ops import ConvolutionLikeOp
from xnnir.dialects.xnn.packing import pack_four_bit
from xnnir.dialects.xnn.support import Target, why_unsupported
from xnnir.dialects.xnn.types import PerChannelType, PerTensorType, datatype
from xnnir.passes._constants import array_of
from xnnir.passes._fold_quant.codings import (
    MOVES,
    coded_source,
    insert,
    quantization,
    quantized_constant,
    rebuilt,
    replace,
    row_coded_source,
)
from xnnir.passes._fold_quant.ranges import why_out_of_range
from xnnir.passes._quantization import (
    Codes,
    Unrepresentable,
    codes_of,
    is_quantized_constant,
    note_float,
)

_FOUR_BIT: type[PerChannelType] = xnn.QCInt4Type
_EIGHT_BIT: type[PerChannelType] = xnn.QCInt8Type

_GROUPS_OF_FLOATS = (
    "XNNPACK has groups of weights for rows quantised while they are computed only; quantise rows as well "
    "(Int8DynamicActivationIntxWeightConfig), or give each output channel a scale (PerAxis(0))"
)

Weighted = xnn.FullyConnectedOp | ConvolutionLikeOp


class Folder:
    """Folds nodes with filters; equal constants are made once."""

    def __init__(self, store: WeightStore, target: Target):
        self.store = store
        self.target: Target = target

    def fold(self, op: Weighted) -> None:
        """Fold one node; where XNNPACK does not have it for these types, the node says why."""
        filter = quantized_constant(op.filter)
        dynamic = _dynamic_input(op.input)
        source, convert = coded_source(op.input), quantization(op.results[0])
        try:
            if filter is None:
                if dynamic is not None or (source is not None and convert is not None):
                    raise Unrepresentable("its input is quantised, and its weight is not")
            elif dynamic is not None:
                self._fold_dynamic(op, dynamic, codes_of(filter, self.store))
            elif source is not None and convert is not None:
                self._fold_static(op, source, codes_of(filter, self.store), convert)
            elif isinstance(op, xnn.FullyConnectedOp):
                self._fold_weight_only(op, codes_of(filter, self.store))
            else:
                raise Unrepresentable(
                    "XNNPACK has quantised weights for float activations in linear layers only"
                )
        except Unrepresentable as reason:
            note_float(op, str(reason))

    def _fold_static(self, op: Weighted, source: SSAValue, codes: Codes, convert: xnn.ConvertOp) -> None:
        coding = element_type_of(source)
        assert isinstance(coding, PerTensorType)
        if isinstance(coding, xnn.QUInt8Type):
            codes = _unsigned(codes)
        elif codes.zero_points is not None:
            raise Unrepresentable("XNNPACK wants weights with a zero point of 0 for int8 activations")
        filter = codes.constant(self.store)
        if isinstance(element_type_of(filter.result), xnn.QBInt4Type):
            filter.erase()
            raise Unrepresentable(_GROUPS_OF_FLOATS)
        scale = codes.scales.reshape(-1).astype(np.float64) * coding.scale.value.data
        bias = self._static_bias(op, scale)
        self._finish(op, source, filter, bias, convert.output.type, convert)

    def _static_bias(self, op: Weighted, scale: Array) -> xnn.ConstantOp | None:
        if op.bias is None:
            return None
        numbers = np.rint(self._numbers(op.bias).astype(np.float64) / scale)
        if not np.all(np.abs(numbers) < 2.0**31):
            raise Unrepresentable("its bias is beyond 32 bits at the scale of input and weights")
        codes = Codes.make(
            numbers.astype(np.int32),
            scale.astype(np.float32),
            None,
            (1,) if len(scale) > 1 else numbers.shape,
        )
        return codes.constant(self.store)

    def _fold_dynamic(self, op: Weighted, x: SSAValue, codes: Codes) -> None:
        if codes.zero_points is not None:
            raise Unrepresentable("XNNPACK wants weights with a zero point of 0")
        if isinstance(op, xnn.FullyConnectedOp):
            inner, filter = 1, self._linear_filter(op, codes)
        else:
            inner, filter = 3, self._channel_constant(codes, _channel_axis(op))
        moved = self._repeat_moves(op.input, x)
        rows = xnn.ConvertOp(moved, with_element_type(moved, xnn.QDInt8Type(inner)))
        rows.output.name_hint = moved.name_hint
        insert(rows, op)
        bias = None if op.bias is None else self._float_bias(op.bias)
        try:
            self._finish(op, rows.output, filter, bias, op.results[0].type)
        except Unrepresentable:
            rows.detach()
            rows.erase()
            raise

    def _fold_weight_only(self, op: xnn.FullyConnectedOp, codes: Codes) -> None:
        if codes.zero_points is not None:
            raise Unrepresentable("XNNPACK wants weights with a zero point of 0")
        filter = self._linear_filter(op, codes)
        if isinstance(element_type_of(filter.result), xnn.QBInt4Type):
            filter.erase()
            raise Unrepresentable(_GROUPS_OF_FLOATS)
        if (bias := op.bias) is not None:
            # XNNPACK multiplies a bias by the scales of these weights.
            op.operands = [op.input, op.filter]
            add = xnn.AddOp(op.output, bias, op.output.type)
            _insert_behind(add, op)
        if not isinstance(element_type_of(op.input), Float16Type):
            self._finish(op, op.input, filter, None, op.output.type)
            return
        # XNNPACK computes with integer weights in float32.
        wide = xnn.ConvertOp(op.input, with_element_type(op.input, f32))
        insert(wide, op)
        wide.output.name_hint = op.input.name_hint
        _insert_behind(xnn.ConvertOp(op.output, op.output.type), op)
        self._finish(op, wide.output, filter, None, with_element_type(op.output, f32))

    def _linear_filter(self, op: xnn.FullyConnectedOp, codes: Codes) -> xnn.ConstantOp:
        """The filter of a dynamic or weight-only linear layer: of 4 bits where all integers are."""
        if op.transpose_weights is not None:
            raise Unrepresentable("its weight is transposed")
        if codes.axes not in ([], [0]) or (codes.axes and codes.block[0] != 1):
            is_block = isinstance(codes.element_type(self.store), xnn.QBInt4Type)
            return (codes.rounded() if is_block else codes).constant(self.store)
        if not codes.fits_four_bits() or codes.integers.shape[1] % 2:
            return self._channel_constant(codes, 0)
        codes = _per_channel(codes, 0)
        type = TensorType(_FOUR_BIT(0, self.store.add(codes.scales.reshape(-1))), codes.integers.shape)
        codes.element_type(self.store)  # refuses scales that XNNPACK does not take
        return xnn.ConstantOp(self.store.add(pack_four_bit(codes.integers)), type)

    def _channel_constant(self, codes: Codes, axis: int) -> xnn.ConstantOp:
        """The weights as qcint8, also where one scale would do: rows quantised at run time want that."""
        if codes.axes:
            return codes.constant(self.store)
        if not isinstance(codes.element_type(self.store), xnn.QInt8Type):
            raise Unrepresentable(f"expected weights of int8, got {codes.integers.dtype}")
        scales = self.store.add(_per_channel(codes, axis).scales.reshape(-1))
        type = TensorType(_EIGHT_BIT(axis, scales), codes.integers.shape)
        return xnn.ConstantOp(self.store.add(np.ascontiguousarray(codes.integers)), type)

    def _float_bias(self, bias: SSAValue) -> xnn.ConstantOp:
        numbers = np.ascontiguousarray(self._numbers(bias), dtype=np.float32)
        return xnn.ConstantOp(self.store.add(numbers), TensorType(f32, shape_of(bias)))

    def _numbers(self, value: SSAValue) -> Array:
        constant = quantized_constant(value) or value.owner
        if not isinstance(constant, xnn.ConstantOp):
            raise Unrepresentable("its bias is computed while the model runs")
        if is_quantized_constant(constant):
            return codes_of(constant, self.store).real()
        if datatype(element_type_of(constant.result)) not in ("fp32", "fp16"):
            raise Unrepresentable(f"expected a bias of floats, got {constant.result.type}")
        return array_of(constant, self.store)

    def _finish(
        self,
        op: Weighted,
        x: SSAValue,
        filter: xnn.ConstantOp,
        bias: xnn.ConstantOp | None,
        result_type: Attribute,
        convert: xnn.ConvertOp | None = None,
    ) -> None:
        """Replace `op`, and `convert` behind it. Raises `Unrepresentable`, and changes nothing, if XNNPACK lacks it."""
        new = rebuilt(op, [x, filter.result, None if bias is None else bias.result], result_type)
        reason = why_unsupported(new, self.target) or why_out_of_range(new, self.store)
        if reason is not None:
            for made in (new, filter, bias):
                if made is not None:
                    made.erase()
            raise Unrepresentable(reason)
        filter.result.name_hint, old_bias = op.filter.name_hint, op.bias
        insert(filter, op)
        if bias is not None:
            insert(bias, op)
            bias.result.name_hint = old_bias.name_hint if old_bias is not None else None
        insert(new, op)
        if convert is not None:
            new.results[0].name_hint = convert.output.name_hint or op.results[0].name_hint
            replace(convert, new.results[0])
            op.detach()
            op.erase()
        else:
            replace(op, new.results[0])

    def _repeat_moves(self, value: SSAValue, x: SSAValue) -> SSAValue:
        """`x` through the nodes that lead from its quantisation to `value`."""
        moves: list[XnnOp] = []
        source = value
        while row_coded_source(source) is None:
            move = source.owner
            assert isinstance(move, XnnOp)
            moves.append(move)
            source = move.operands[0]
        for move in reversed(moves):
            new = rebuilt(move, [x], with_element_type(move.results[0], element_type_of(x)))
            x = insert(new, move)
        return x


def _insert_behind(new: XnnOp, op: XnnOp) -> None:
    """Put `new`, whose first operand is the result of `op`, behind it, for all that reads that result."""
    new.results[0].name_hint = op.results[0].name_hint
    op.results[0].replace_all_uses_with(new.results[0])
    new.operands[0] = op.results[0]
    following = op.next_op
    assert following is not None
    insert(new, following, op)


def _dynamic_input(value: SSAValue) -> SSAValue | None:
    """What is quantised while the model runs, and then moved, to make `value`."""
    while (source := row_coded_source(value)) is None:
        move = value.owner
        if not isinstance(move, (*MOVES, xnn.StaticSliceOp, xnn.StaticConstantPadOp)):
            return None
        if isinstance(move, xnn.StaticConstantPadOp) and move.value.value.data != 0.0:
            return None
        value = move.input
    return source if isinstance(element_type_of(source), Float32Type | Float16Type) else None


def _channel_axis(op: Weighted) -> int:
    """The dimension of the filter that counts output channels."""
    return 3 if isinstance(op, xnn.DepthwiseConvolution2DOp) else 0


def _per_channel(codes: Codes, axis: int) -> Codes:
    """`codes` with a scale for each slice of `axis`, also where one would do."""
    if codes.axes:
        return codes
    shape = codes.integers.shape
    counts = tuple(size if i == axis else 1 for i, size in enumerate(shape))
    return with_changes(
        codes,
        scales=np.broadcast_to(codes.scales, counts).copy(),
        block=tuple(1 if i == axis else size for i, size in enumerate(shape)),
    )


def _unsigned(codes: Codes) -> Codes:
    """The same weights as uint8, for uint8 activations."""
    if codes.axes:
        raise Unrepresentable("XNNPACK has one scale for weights of uint8 activations, got several")
    if codes.integers.dtype == np.uint8:
        return codes
    if codes.integers.dtype != np.int8:
        raise Unrepresentable(f"expected weights of int8 or uint8, got {codes.integers.dtype}")
    zero = 0 if codes.zero_points is None else int(codes.zero_points.reshape(-1)[0])
    return with_changes(
        codes,
        integers=(codes.integers.astype(np.int16) + 128).astype(np.uint8),
        zero_points=np.full(codes.scales.shape, zero + 128),
    )


def dequantize(convert: xnn.ConvertOp, store: WeightStore) -> None:
    """Make a constant that nothing takes in integers one of floats."""
    constant = quantized_constant(convert.output)
    assert constant is not None
    type = tensor_type_of(convert.output)
    dtype = np.float16 if isinstance(type.get_element_type(), Float16Type) else np.float32
    numbers = codes_of(constant, store).real().astype(dtype)
    new = xnn.ConstantOp(store.add(np.ascontiguousarray(numbers)), type)
    new.result.name_hint = convert.output.name_hint
    replace(convert, insert(new, convert))
