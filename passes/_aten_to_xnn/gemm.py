"""Matrix products: linear layers and products of computed matrices."""

from __future__ import annotations

from xdsl.dialects.builtin import BFloat16Type, Float16Type, f32
from xdsl.ir import Attribute, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, static_dim, tensor_type
from xnnir.passes._aten_to_xnn.arguments import (
    NotSelected,
    Refusal,
    float_arg,
    optional_tensor_arg,
    tensor_arg,
)
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, require_float, transposed_source
from xnnir.passes._aten_to_xnn.sizes import product_dim
from xnnir.passes._casts import cast_op


def fully_connected(to: Conversion, x: SSAValue, filter: SSAValue, bias: SSAValue | None) -> SSAValue:
    """x @ filter.T + bias, for operands as `aten` has them; the filter is [output channels, input channels]."""
    x, weight = to.operand(x), to.linear_weight(filter)
    dims: list[int | DimAttr] = [*dims_of(tensor_type_of(x))[:-1], dims_of(tensor_type_of(weight))[0]]
    type = tensor_type(element_type_of(x), dims)
    # XNNPACK packs the bias with the filter, so one that is computed is added by a node of its own.
    is_packed = bias is not None and to.array(bias) is not None and len(shape_of(bias)) == 1
    packed = _bias(to, bias) if is_packed and bias is not None else None
    if packed is not None and shape_of(packed) != (shape_of(weight)[0],):
        packed, is_packed = None, False
    if to.array(weight) is None and isinstance(element_type_of(weight), Float16Type):
        # Filters of float16 must be static; as a matrix product they need not be.
        result = to.emit(xnn.BatchMatrixMultiplyOp(x, weight, type, transpose_b=True))
        is_packed = False
    else:
        result = to.emit(xnn.FullyConnectedOp(x, weight, packed, type))
    if bias is not None and not is_packed:
        result = to.emit(xnn.AddOp(result, to.operand(bias), result.type))
    return result


def _bias(to: Conversion, bias: SSAValue) -> SSAValue:
    array = to.array(bias) if to.is_dequantized(bias) else None
    return (
        to.linear_weight(bias) if array is None else to.constant(array, element_type_of(bias), bias.name_hint)
    )


def linear(op: AtenOp, to: Conversion) -> SSAValue:
    bias = optional_tensor_arg(op, "bias")
    weight = tensor_arg(op, "weight")
    if len(shape_of(weight)) != 2:
        raise Refusal(f"expected a weight [output channels, input channels], got {weight.type}")
    x = tensor_arg(op, "input")
    if isinstance(element_type_of(x), BFloat16Type) and to.is_dequantized(weight):
        return _in_float32(to, x, weight, bias)
    return fully_connected(to, x, weight, bias)


def _in_float32(to: Conversion, x: SSAValue, weight: SSAValue, bias: SSAValue | None) -> SSAValue:
    """A linear layer of bfloat16 with a quantised weight, between casts: XNNPACK has those for float32 and float16."""
    if not to.selection.bf16:
        raise NotSelected(
            "it computes in bfloat16, which the partitioner takes, by way of float32, with enable_bf16=True only"
        )
    wide = fully_connected(
        to,
        _widened(to, x),
        to.arranged(weight, lambda numbers: numbers, "weight"),
        None if bias is None else to.constant(to.static(bias, "bias"), f32, bias.name_hint),
    )
    narrow = cast_op(wide, BFloat16Type())
    to.nodes.append(narrow)
    return narrow.results[0]


def _widened(to: Conversion, x: SSAValue) -> SSAValue:
    """`x` in float32: what it was before a cast to bfloat16, where it is coded row by row; those are its numbers."""
    owner = x.owner
    if isinstance(owner, AtenOp) and owner.name == "aten._to_copy":
        source = owner.operands[0]
        if isinstance(source.owner, xnn.ConvertOp) and element_type_of(source) == f32:
            return source
    wide = cast_op(x, f32)
    to.nodes.append(wide)
    return wide.results[0]


def _product(to: Conversion, a: SSAValue, b: SSAValue, bias: SSAValue | None = None) -> SSAValue | None:
    """A product with a matrix that is the same for all batches, as a linear layer; None when it is not one."""
    if len(shape_of(b)) != 2:
        return None
    if (array := to.array(b)) is not None:
        if to.is_dequantized(b):
            return fully_connected(to, a, to.arranged(b, lambda w: w.T, "weight", element_type_of(b)), bias)
        return fully_connected(to, a, to.constant(array.T, element_type_of(b), b.name_hint), bias)
    source = transposed_source(b)
    if source is not None and to.array(source) is not None:
        return fully_connected(to, a, source, bias)
    return None


def matmul(op: AtenOp, to: Conversion) -> SSAValue:
    """`mm`, `bmm`, `mv`, `dot` and `matmul`: a vector is a matrix with one row, or on the right with one column."""
    a = tensor_arg(op, "self")
    b = tensor_arg(
        op, next(name for name in ("mat2", "vec", "tensor", "other") if name in op.schema.positions)
    )
    return _matrix_product(to, a, b, op.results[0])


def _matrix_product(to: Conversion, a: SSAValue, b: SSAValue, result: SSAValue) -> SSAValue:
    for value in (a, b):
        require_float(value)
        if not shape_of(value):
            raise Refusal(f"expected matrices, got {a.type} and {b.type}")
    if len(shape_of(b)) >= 2 and (product := _product(to, a, b)) is not None:
        return product
    dims = list(dims_of(tensor_type_of(result)))
    if len(shape_of(b)) == 1:
        dims.append(static_dim(1))
        b = _vector(to, b, is_row=False)
    if len(shape_of(a)) == 1:
        dims.insert(len(dims) - 1, static_dim(1))
        a = _vector(to, a, is_row=True)
    product = _batch_product(tensor_type(element_type_of(result), dims), to, a, b)
    return to.reshape(product, dims_of(tensor_type_of(result)))


def _vector(to: Conversion, value: SSAValue, *, is_row: bool) -> SSAValue:
    (size,) = dims_of(tensor_type_of(value))
    return to.reshape(to.operand(value), [1, size] if is_row else [size, 1])


def _batch_product(type: Attribute, to: Conversion, a: SSAValue, b: SSAValue) -> SSAValue:
    source = transposed_source(b)
    if source is not None:
        return to.emit(xnn.BatchMatrixMultiplyOp(to.operand(a), source, type, transpose_b=True))
    return to.emit(xnn.BatchMatrixMultiplyOp(to.operand(a), to.operand(b), type))


def addmm(op: AtenOp, to: Conversion) -> SSAValue:
    """beta * self + alpha * (mat1 @ mat2), and the same over batches."""
    first, second = ("mat1", "mat2") if "mat1" in op.schema.positions else ("batch1", "batch2")
    a, b, summand = tensor_arg(op, first), tensor_arg(op, second), tensor_arg(op, "self")
    alpha, beta = float_arg(op, "alpha"), float_arg(op, "beta")
    type = op.results[0].type
    if alpha == beta == 1.0 and (product := _product(to, a, b, summand)) is not None:
        return product
    product = _product(to, a, b) or _batch_product(type, to, a, b)
    if alpha != 1.0:
        product = to.emit(xnn.MultiplyOp(product, to.number(alpha, type), type))
    if beta == 0.0:
        return product
    summand = to.operand(summand)
    if beta != 1.0:
        summand = to.emit(xnn.MultiplyOp(summand, to.number(beta, type), summand.type))
    return to.emit(xnn.AddOp(product, summand, type))


def add_product_with_vector(op: AtenOp, to: Conversion) -> SSAValue:
    """`addmv`: beta * self + alpha * (mat @ vec)"""
    result = op.results[0]
    product = _matrix_product(to, tensor_arg(op, "mat"), tensor_arg(op, "vec"), result)
    alpha, beta = float_arg(op, "alpha"), float_arg(op, "beta")
    if alpha != 1.0:
        product = to.emit(xnn.MultiplyOp(product, to.number(alpha, product), product.type))
    if beta == 0.0:
        return product
    summand = to.operand(tensor_arg(op, "self"))
    if beta != 1.0:
        summand = to.emit(xnn.MultiplyOp(summand, to.number(beta, summand), summand.type))
    return to.emit(xnn.AddOp(product, summand, result.type))


def inner(op: AtenOp, to: Conversion) -> SSAValue:
    """The products of the innermost dimensions of two tensors."""
    a, b = (require_float(tensor_arg(op, name)) for name in ("self", "other"))
    if not shape_of(a) or not shape_of(b):
        raise Refusal(f"expected tensors with dimensions, got {a.type} and {b.type}")
    dims = dims_of(tensor_type_of(b))
    rows = to.reshape(to.operand(b), [product_dim(dims[:-1]), dims[-1]])
    type_dims = [*dims_of(tensor_type_of(a))[:-1], product_dim(dims[:-1])]
    type = tensor_type(element_type_of(a), type_dims)
    product = to.emit(xnn.FullyConnectedOp(to.operand(a), rows, None, type))
    return to.reshape(product, dims_of(tensor_type_of(op.results[0])))


def outer(op: AtenOp, to: Conversion) -> SSAValue:
    """A column times a row, which broadcasts."""
    a, b = (require_float(tensor_arg(op, name)) for name in ("self", "vec2"))
    column = _vector(to, a, is_row=False)
    return to.emit(xnn.MultiplyOp(column, to.operand(b), op.results[0].type))


CONVERTERS: dict[str, Converter] = {
    "addmm": addmm,
    "baddbmm": addmm,
    "addmv": add_product_with_vector,
    "bmm": matmul,
    "dot": matmul,
    "inner": inner,
    "linear": linear,
    "matmul": matmul,
    "mm": matmul,
    "mv": matmul,
    "outer": outer,
}
"""By the name of the op, without `aten.`"""
