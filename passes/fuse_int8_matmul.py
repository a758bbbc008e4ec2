"""
Write linear layers that a model computes in integers itself as linear layers of dequantised numbers.

torchao's `Int8WeightOnlyConfig` multiplies by the integers of a weight and then by its scales;
`Int8DynamicActivationInt8WeightConfig` multiplies integers by integers (`_int_mm`). Both are a linear layer whose
weight is dequantised, the second also one whose input is, which is what XNNPACK has nodes for:

    %i = aten._to_copy(%integers_transposed, dtype = torch.float32) : (tensor<8x4xi8>) -> tensor<8x4xf32>
    %p = aten.mm(%x, %i) : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
    %y = aten.mul.Tensor(%p, %scales) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
    // becomes
    %s = aten.view(%scales, size = [4, 1]) : (tensor<4xf32>) -> tensor<4x1xf32>
    %w = qdq.dequantize_affine(%integers, block_size = [1, 8], scale = %s, ...) : (...) -> tensor<4x8xf32>
    %y = aten.linear(%x, %w) : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>

Where the CPU multiplies uint8 by int8 only, torchao adds 128 to one side and takes the product with 128 off again; both
spellings are known. Rows that were coded around zero, for want of a zero point in such a product, get one: that is how
XNNPACK codes rows, with steps that are no larger. Anything else stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, ModuleOp, TensorType
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects import aten
from xnnir.dialects.aten import DTYPES, AtenOp, StaticValueOp
from xnnir.dialects.aten.values import Dtype
from xnnir.dialects.qdq import qdq_classes
from xnnir.dialects.xnn.base import element_type_of, shape_of, with_element_type
from xnnir.passes._blocks import erase_dead_ops, function_blocks
from xnnir.passes._casts import cast_op

_CASTS = ("aten._to_copy", "aten.to.dtype")
_VIEWS = ("aten.flatten.using_ints", "aten.reshape", "aten.view", "aten.squeeze.dim")


@dataclass(frozen=True)
class FuseInt8MatmulPass(ModulePass):
    """Write linear layers that a model computes in integers itself as linear layers of dequantised numbers."""

    name = "fuse-int8-matmul"

    max_relative_error: ClassVar[float] = 5e-2
    """Rows have a zero point afterwards: each number is within half a step of the finer of two codings."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for block in function_blocks(op):
            written = {node.target.data for node in block.ops if isinstance(node, aten.AssignBufferOp)}
            products = [
                node
                for node in block.ops
                if isinstance(node, AtenOp) and node.name in ("aten.mm", "aten._int_mm")
            ]
            for product in products:
                layer = (_dynamic if product.name == "aten._int_mm" else _weight_only)(product)
                owner = None if layer is None else layer.weight.owner
                if layer is not None and not (isinstance(owner, aten.BufferOp) and owner.fqn.data in written):
                    layer.replace()
            if products:
                erase_dead_ops(block)


@dataclass(frozen=True)
class _Layer:
    """A linear layer by its parts, and the multiplication by the scales of its weight that ends it."""

    end: AtenOp
    x: SSAValue
    """[rows, columns], integers where the call that quantised them is known."""
    quantize: AtenOp | None
    weight: SSAValue
    """A parameter, [output channels, columns]."""
    scales: SSAValue
    """One for each output channel."""

    def replace(self) -> None:
        block = self.end.parent
        assert isinstance(block, Block)
        result = self.end.results[0]
        dtype = DTYPES[element_type_of(result)]
        made: list[Operation] = []

        def add(op: AtenOp) -> SSAValue:
            made.append(op)
            op.location = self.end.location
            return op.results[0]

        channels, columns = shape_of(self.weight)
        scale_type = TensorType(element_type_of(self.scales), [channels, 1])
        scales = add(AtenOp.create_call("view", {"self": self.scales, "size": (channels, 1)}, [scale_type]))
        float_weight = TensorType(element_type_of(result), [channels, columns])
        weight = add(_dequantize(self.weight, (1, columns), scales, None, dtype, float_weight))
        weight.name_hint = self.weight.name_hint
        x = self.x if self.quantize is None else self._real(add, dtype)
        summed = _sum_with_bias(self.end, channels)
        bias = None if summed is None else _other(*summed)
        owner = None if bias is None else bias.owner
        if isinstance(owner, StaticValueOp) and not owner.is_before_in_block(self.end):
            # It stands where it is first read.
            owner.detach()
            block.insert_op_before(owner, self.end)
        if bias is not None and element_type_of(bias) != element_type_of(result):
            bias = add(cast_op(bias, element_type_of(result)))  # what a sum of both types is computed in
        args = {"input": x, "weight": weight, "bias": bias}
        linear = add(AtenOp.create_call("linear", args, [result.type]))
        linear.name_hint = result.name_hint
        block.insert_ops_before(made, self.end)
        result.replace_all_uses_with(linear)
        if summed is not None:
            sum, product = summed
            sum.results[0].replace_all_uses_with(linear if product is result else product)

    def _real(self, add: Any, dtype: Dtype) -> SSAValue:
        """The numbers that the input's integers stand for, in the shape in which they are multiplied."""
        quantize = self.quantize
        assert quantize is not None
        choose = cast(SSAValue, quantize.arg("scale")).owner
        assert isinstance(choose, AtenOp)
        # Others may read the integers around zero.
        chosen = choose.with_args(mapping_type="ASYMMETRIC")
        add(chosen)
        scale, zero_point = chosen.results
        codes = add(quantize.with_args(scale=scale, zero_point=zero_point))
        codes.name_hint = quantize.results[0].name_hint
        element_type = element_type_of(self.end.results[0])
        type = with_element_type(codes, element_type)
        real = add(_dequantize(codes, quantize.arg("block_size"), scale, zero_point, dtype, type))
        for view in _views_between(quantize.results[0], self.x):
            real = add(view.with_args([with_element_type(view.results[0], element_type)], self=real))
        return real


def _dequantize(
    codes: SSAValue, block: tuple[Any, ...], scale: SSAValue, zero_point: Any, dtype: Dtype, type: Attribute
) -> AtenOp:
    return qdq_classes()["qdq.dequantize_affine"].call(
        {
            "input": codes,
            "block_size": block,
            "scale": scale,
            "zero_point": zero_point,
            "input_dtype": Dtype("int8"),
            "quant_min": -128,
            "quant_max": 127,
            "output_dtype": dtype,
        },
        [type],
    )


def _weight_only(product: AtenOp) -> _Layer | None:
    x, factor = (cast(SSAValue, product.arg(name)) for name in ("self", "mat2"))
    cast_op = _owner(factor, *_CASTS)
    weight = None if cast_op is None else _transposed_weight(cast_op.operands[0])
    end = _only_reader(product, "aten.mul.Tensor")
    if weight is None or end is None or element_type_of(x) != element_type_of(end.results[0]):
        return None
    scales = _channel_scales(_other(end, product.results[0]), weight)
    return None if scales is None else _Layer(end, x, None, weight, scales)


def _dynamic(product: AtenOp) -> _Layer | None:
    factor = cast(SSAValue, product.arg("mat2"))
    weight = _transposed_weight(factor)
    integers, last = _centred(product, factor)
    quantize = None if integers is None else _source(integers, *_VIEWS, of="qdq.quantize_affine")
    widen = _only_reader(last, *_CASTS)
    by_rows = None if widen is None else _only_reader(widen, "aten.mul.Tensor")
    if weight is None or quantize is None or integers is None or widen is None or by_rows is None:
        return None
    # The scales of the rows come first, and those of the channels after a cast that may be there.
    scale = _strip(_other(by_rows, widen.results[0]), *_VIEWS, *_CASTS)
    narrow = _only_reader(by_rows, *_CASTS) or by_rows
    end = _only_reader(narrow, "aten.mul.Tensor")
    if end is None or scale is not quantize.arg("scale"):
        return None
    # Rows have one scale each, and integers around 0: the product knows of no other zero point.
    if not _is_symmetric(quantize) or quantize.arg("block_size")[-1] != shape_of(integers)[-1]:
        return None
    scales = _channel_scales(_other(end, narrow.results[0]), weight)
    return None if scales is None else _Layer(end, integers, quantize, weight, scales)


def _centred(product: AtenOp, factor: SSAValue) -> tuple[SSAValue | None, AtenOp]:
    """The int8 operand of a product, which may be moved by 128, and the op that has the product of those."""
    operand = cast(SSAValue, product.arg("self"))
    if element_type_of(operand) == IntegerType(8):
        return operand, product
    narrow = _owner(operand, *_CASTS)
    shift = None if narrow is None else _owner(narrow.operands[0], "aten.add.Tensor", "aten.add.Scalar")
    wide = None if shift is None else _owner(shift.operands[0], *_CASTS)
    end = _only_reader(product, "aten.sub.Tensor")
    if shift is None or wide is None or end is None or shift.arg("other") != 128 or shift.arg("alpha") != 1:
        return None, product
    moved = _owner(_other(end, product.results[0]), "aten.mul.Tensor", "aten.mul.Scalar")
    total = None if moved is None else _owner(moved.operands[0], "aten.sum.dim_IntList")
    if (
        moved is None
        or total is None
        or end.operands[0] is not product.results[0]
        or moved.arg("other") != 128
        or total.arg("dim") != (0,)
        or _transposed_weight(total.operands[0]) is not _transposed_weight(factor)
    ):
        return None, product
    return wide.operands[0], end


def _is_symmetric(quantize: AtenOp) -> bool:
    choose = cast(SSAValue, quantize.arg("scale")).owner
    return (
        isinstance(choose, AtenOp)
        and choose.name == "qdq.choose_qparams_affine"
        and choose.arg("mapping_type") == "SYMMETRIC"
        and list(choose.results) == [quantize.arg("scale"), quantize.arg("zero_point")]
        and choose.arg("input") is quantize.arg("input")
        and choose.arg("block_size") == quantize.arg("block_size")
        and str(quantize.arg("output_dtype")) == "int8"
    )


def _transposed_weight(value: SSAValue) -> SSAValue | None:
    """The int8 parameter of which `value` is the transpose."""
    op = _owner(value, "aten.t", "aten.transpose.int", "aten.permute")
    if op is None or not isinstance(op.operands[0].owner, StaticValueOp):
        return None
    is_int8 = element_type_of(value) == IntegerType(8)
    return op.operands[0] if is_int8 and shape_of(value) == shape_of(op.operands[0])[::-1] else None


def _channel_scales(value: SSAValue | None, weight: SSAValue) -> SSAValue | None:
    """`value`, where it is made of a parameter and has a number for each row of `weight`."""
    if value is None or shape_of(value) not in ((shape_of(weight)[0],), (1, shape_of(weight)[0])):
        return None
    source = _strip(value, *_VIEWS, *_CASTS)
    return value if isinstance(source.owner, StaticValueOp) else None


def _owner(value: SSAValue | None, *names: str) -> AtenOp | None:
    owner = None if value is None else value.owner
    return owner if isinstance(owner, AtenOp) and owner.name in names else None


def _strip(value: SSAValue | None, *names: str) -> SSAValue:
    assert value is not None
    while (op := _owner(value, *names)) is not None:
        value = op.operands[0]
    return value


def _source(value: SSAValue, *names: str, of: str) -> AtenOp | None:
    return _owner(_strip(value, *names), of)


def _views_between(first: SSAValue, last: SSAValue) -> list[AtenOp]:
    """The views that lead from one value to another, the first one first."""
    views: list[AtenOp] = []
    while last is not first:
        assert isinstance(last.owner, AtenOp)
        views.append(last.owner)
        last = last.owner.operands[0]
    return views[::-1]


def _sum_with_bias(end: AtenOp, channels: int) -> tuple[AtenOp, SSAValue] | None:
    """The sum of a product, or of a view of it with the same channels, and a parameter for each channel."""
    op: AtenOp | None = end
    while op is not None and shape_of(op.results[0])[-1:] == (channels,):
        product = op.results[0]
        sum = _only_reader(op, "aten.add.Tensor")
        bias = None if sum is None else _other(sum, product)
        if sum is not None and bias is not None:
            is_bias = isinstance(bias.owner, StaticValueOp) and shape_of(bias) == (channels,)
            is_plain = sum.arg("alpha") == 1 and sum.results[0].type == product.type
            return (sum, product) if is_bias and is_plain else None
        op = _only_reader(op, *_VIEWS)
    return None


def _only_reader(op: AtenOp, *names: str) -> AtenOp | None:
    uses = list(op.results[0].uses)
    reader = uses[0].operation if len(uses) == 1 else None
    return reader if isinstance(reader, AtenOp) and reader.name in names else None


def _other(op: AtenOp, value: SSAValue) -> SSAValue | None:
    """The other operand of an op with two; None where there is one only."""
    others = [operand for operand in op.operands if operand is not value]
    return others[0] if len(others) == 1 else None
