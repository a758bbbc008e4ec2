"""
Write down in types what a model says in calls: quantising and dequantising become `xnn.convert`.

PyTorch and torchao have a dozen calls for it, with the parameters as arguments; XNNPACK has codings of tensors. A
quantisation to fewer integers than the coding has is a clamp and a conversion. Where the integers themselves are seen
(by an op, or by the caller), `qdq.scast` goes to them and costs nothing. Parameters that are found at run time are
XNNPACK's own to find: the three calls of a dynamic quantisation become one conversion to `qdint8`.

    %q = qdq.quantize_per_tensor(%x, scale = 0.1, zero_point = 3, ...) : (tensor<4xf32>) -> tensor<4xi8>
    %y = qdq.dequantize_per_tensor(%q, scale = 0.1, zero_point = 3, ...) : (tensor<4xi8>) -> tensor<4xf32>
    // becomes
    %q = xnn.convert %x : (tensor<4xf32>) -> tensor<4x!xnn.qint8<0.1:3>>
    %y = xnn.convert %q : (tensor<4x!xnn.qint8<0.1:3>>) -> tensor<4xf32>

Numbers of uint8 that nobody sees become int8, with a zero point that is 128 less: XNNPACK has more for those. What has
no coding stays a call, and runs on a kernel; so does a dynamic quantisation whose numbers the caller alone reads.
Weights stay calls as well until an op takes them. A scale that is no positive number, or a zero point out of its range,
is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type, ModuleOp, f32
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp, StaticValueOp
from xnnir.dialects.qdq import ScastOp
from xnnir.dialects.weights import WeightStore, constant_array, get_weight_store
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of, with_element_type
from xnnir.dialects.xnn.dims import dims_of, tensor_type
from xnnir.dialects.xnn.types import PerTensorType
from xnnir.passes._blocks import erase_dead_ops, function_blocks
from xnnir.passes._casts import cast_op
from xnnir.passes._quantization import check_parameters

_SIGNED: type[PerTensorType] = xnn.QInt8Type

_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}

_STATIC_QUANTIZE = frozenset({"qdq.quantize_per_tensor", "qdq.quantize_per_tensor.tensor"})
_STATIC_DEQUANTIZE = frozenset({"qdq.dequantize_per_tensor", "qdq.dequantize_per_tensor.tensor"})

# The call that dequantises, the one that quantises, and those that choose the parameters.
_DYNAMIC = {
    "qdq.dequantize_per_tensor.tensor": (
        "qdq.quantize_per_tensor.tensor",
        ("qdq.choose_qparams.tensor", "qdq.choose_qparams_symmetric.tensor"),
    ),
    "qdq.dequantize_per_token": (
        "qdq.quantize_per_token",
        ("qdq.choose_qparams_per_token", "qdq.choose_qparams_per_token_asymmetric"),
    ),
    "qdq.dequantize_affine": ("qdq.quantize_affine", ("qdq.choose_qparams_affine",)),
}


@dataclass(frozen=True)
class NormalizeQuantPass(ModulePass):
    """Turn the calls that quantise and dequantise into conversions between codings."""

    name = "normalize-quant"

    precisions: tuple[str, ...] | None = None
    """The codings to make: `static_quant` for fixed parameters, `dynamic_quant` for others; both by default."""

    bf16: bool = False
    """Whether rows of bfloat16 are quantised while the model runs, by way of float32: XNNPACK has no such coding."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        store = get_weight_store(ctx)
        is_static, is_dynamic = (
            self.precisions is None or name in self.precisions for name in ("static_quant", "dynamic_quant")
        )
        for block in list(function_blocks(op)):
            calls = [call for call in block.ops if isinstance(call, AtenOp) and call.name.startswith("qdq.")]
            for call in calls:
                check_parameters(call, store)
            for call in calls:
                if call.parent is None:
                    continue  # taken over by the call whose result it read
                if is_dynamic and (made := _dynamic(call, self.bf16)):
                    _replace(call, made)
                elif is_static and call.name in _STATIC_DEQUANTIZE and (made := _dequantize(call, store)):
                    _replace(call, made)
                elif is_static and call.name in _STATIC_QUANTIZE and (made := _quantize(call, store)):
                    _replace(call, made)
            if calls:
                erase_dead_ops(block)


def _replace(call: AtenOp, made: list[Operation]) -> None:
    block = call.parent
    assert isinstance(block, Block)
    for op in made:
        op.location = call.location
    block.insert_ops_before(made, call)
    made[-1].results[0].name_hint = call.results[0].name_hint
    call.results[0].replace_all_uses_with(made[-1].results[0])
    call.detach()
    call.erase()


def _coding(call: AtenOp, store: WeightStore) -> tuple[type[PerTensorType], float, int] | None:
    """The type, the scale and the zero point of a call with fixed parameters, where there is a coding for them."""
    scale, zero_point = (_number(call.arg(name), store) for name in ("scale", "zero_point"))
    if scale is None or zero_point is None or zero_point != int(zero_point):
        return None
    dtype = str(call.arg("dtype"))
    low, high = _RANGES.get(dtype, (1, 0))
    if not low <= zero_point <= high or not 2.0**-126 <= scale < float("inf"):
        return None
    return (xnn.QInt8Type if dtype == "int8" else xnn.QUInt8Type), float(scale), int(zero_point)


def _quantize(call: AtenOp, store: WeightStore) -> list[Operation]:
    coding = _coding(call, store)
    x: SSAValue = call.operands[0]
    if (
        coding is None
        or isinstance(x.owner, StaticValueOp)
        or 0 in shape_of(x)
        or not isinstance(element_type_of(x), Float32Type | Float16Type)
    ):
        return []
    kind, scale, zero_point = coding
    low, high = _RANGES[str(call.arg("dtype"))]
    made: list[Operation] = []
    # Integers that are not used are never reached.
    least, most = max(low, call.arg("quant_min")), min(high, call.arg("quant_max"))
    if least > low or most < high:
        clamp = xnn.ClampOp(
            x,
            x.type,
            None if least == low else (least - zero_point) * scale,
            None if most == high else (most - zero_point) * scale,
        )
        made.append(clamp)
        x = clamp.output
    dims = dims_of(tensor_type_of(x))
    is_seen = not all(_is_dequantized_alike(use.operation, coding, store) for use in call.results[0].uses)
    if kind.DATATYPE == xnn.QUInt8Type.DATATYPE and not is_seen:
        kind, zero_point = _SIGNED, zero_point - 128
    made.append(xnn.ConvertOp(x, tensor_type(kind(scale, zero_point), dims)))
    if is_seen:
        made.append(ScastOp(made[-1].results[0], call.results[0].type))
        return made
    # Those that read it are in the coding already, and go on as a conversion.
    for use in list(call.results[0].uses):
        reader = use.operation
        convert = xnn.ConvertOp(made[-1].results[0], reader.results[0].type)
        convert.location = reader.location
        convert.output.name_hint = reader.results[0].name_hint
        block = reader.parent
        assert block is not None
        block.insert_op_before(convert, reader)
        reader.results[0].replace_all_uses_with(convert.output)
        reader.detach()
        reader.erase()
    return made


def _is_dequantized_alike(
    op: Operation, coding: tuple[type[PerTensorType], float, int], store: WeightStore
) -> bool:
    return isinstance(op, AtenOp) and op.name in _STATIC_DEQUANTIZE and _coding(op, store) == coding


def _dequantize(call: AtenOp, store: WeightStore) -> list[Operation]:
    coding = _coding(call, store)
    codes: SSAValue = call.operands[0]
    if coding is None or isinstance(codes.owner, StaticValueOp) or 0 in shape_of(codes):
        return []
    # A call that quantises alike, and is looked at before, has taken this one over.
    kind, scale, zero_point = coding
    type = with_element_type(codes, kind(scale, zero_point))
    if isinstance(codes.owner, ScastOp) and codes.owner.input.type == type:
        return [xnn.ConvertOp(codes.owner.input, call.results[0].type)]
    scast = ScastOp(codes, type)
    return [scast, xnn.ConvertOp(scast.output, call.results[0].type)]


def _dynamic(call: AtenOp, bf16: bool) -> list[Operation]:
    if call.name not in _DYNAMIC:
        return []
    quantize_name, choose_names = _DYNAMIC[call.name]
    quantize = call.operands[0].owner
    if not isinstance(quantize, AtenOp) or quantize.name != quantize_name:
        return []
    x, *parameters = quantize.operands
    choose = parameters[0].owner if parameters else None
    if (
        not isinstance(choose, AtenOp)
        or choose.name not in choose_names
        or choose.operands[0] is not x
        or list(choose.results) != parameters
        or list(call.operands[1:]) != parameters
        or not isinstance(element_type_of(x), (Float32Type, Float16Type, *((BFloat16Type,) if bf16 else ())))
        or not all(_is_full_int8(op) for op in (choose, quantize, call))
    ):
        return []
    if all(isinstance(use.operation, func.ReturnOp) for use in call.results[0].uses):
        return []  # the rounded numbers are what is wanted, and kernels give them
    rank = len(shape_of(x))
    match call.name:
        case "qdq.dequantize_per_tensor.tensor":
            inner = rank
        case "qdq.dequantize_per_token":
            inner = 1
        case _:
            blocks = {op.arg("block_size") for op in (choose, quantize, call)}
            inner = _inner_dims(blocks.pop(), shape_of(x)) if len(blocks) == 1 else 0
    if inner < 1:
        return []
    dims = dims_of(tensor_type_of(x))
    made: list[Operation] = [cast_op(x, f32)] if isinstance(element_type_of(x), BFloat16Type) else []
    coded = xnn.ConvertOp(made[0].results[0] if made else x, tensor_type(xnn.QDInt8Type(inner), dims))
    coded.output.name_hint = quantize.results[0].name_hint
    result = element_type_of(call.results[0])
    is_narrow = isinstance(result, BFloat16Type)
    real = xnn.ConvertOp(coded.output, tensor_type(f32 if is_narrow else result, dims))
    made += [coded, real]
    return [*made, cast_op(real.output, result)] if is_narrow else made


def _is_full_int8(op: AtenOp) -> bool:
    """Whether a call of a dynamic quantisation has the integers of int8, all of them but maybe the lowest."""
    args = op.args()
    dtypes = [args[name] for name in ("dtype", "target_dtype", "output_dtype", "input_dtype") if name in args]
    low, high = args.get("quant_min"), args.get("quant_max")
    return str(dtypes[0 if op.name != "qdq.dequantize_affine" else -1]) == "int8" and (
        (low is None or low in (-128, -127)) and (high is None or high == 127)
    )


def _inner_dims(block: Any, shape: tuple[int, ...]) -> int:
    """How many of the last dimensions a block covers, where it covers one place of the others; else 0."""
    sizes = cast(tuple[Any, ...], block) if isinstance(block, tuple) else ()
    if len(sizes) != len(shape):
        return 0
    inner = 0
    for size, whole in zip(reversed(sizes), reversed(shape), strict=True):
        if size != whole:
            break
        inner += 1
    outer = sizes[: len(sizes) - inner]
    # Dimensions of one element are covered either way; the fewest are those that the layer reads as a row.
    while inner > 1 and shape[len(shape) - inner] == 1:
        inner -= 1
    return inner if all(isinstance(size, int) and size == 1 for size in outer) else 0


def _number(value: Any, store: WeightStore) -> float | int | None:
    """An argument that is a number, or a constant with one element."""
    if isinstance(value, SSAValue):
        owner = cast(SSAValue, value).owner
        if not isinstance(owner, StaticValueOp):
            return None
        array = constant_array(owner.value, tensor_type_of(owner.result), store)
        return array.reshape(-1)[0].item() if array.size == 1 else None
    return value if isinstance(value, int | float) else None
