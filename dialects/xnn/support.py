"""
What XNNPACK supports: the one table that the partitioner, the conversions, the verifier, the report and
the docs read.

Each row gives an op's function in XNNPACK, the name of its node in delegate files, who has that node (every runtime
of ExecuTorch, or only ours), the combinations of datatypes it takes, and further
conditions as predicates with the reason they refuse. Datatypes are XNNPACK's names without `xnn_datatype_`;
sources are the `xnn_define_*` functions of XNNPACK's src/subgraph and the operators behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, TypeAlias

from xdsl.ir import Operation, SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import XnnOp, element_type_of, format_shape, ints, shape_of
from xnnir.dialects.xnn.gemm_ops import ConvolutionLikeOp
from xnnir.dialects.xnn.types import PerChannelType, PerTensorType, datatype

Target: TypeAlias = Literal["executorch", "xnnir"]
"""Who will run the file: any ExecuTorch runtime, or only ours (which has all of XNNPACK's nodes)."""

Precision: TypeAlias = Literal["fp32", "static_quant", "dynamic_quant"]
"""What a node computes in: floats; integers coded as the model says; integers coded row by row while it runs."""

BACKEND_IDS: Mapping[Target, str] = {"executorch": "XnnpackBackend", "xnnir": "XnnirXnnpackBackend"}
"""
The backend that a delegate names in a file. One with a node of ours has an id of ours, so that a stock runtime refuses
the file by that name instead of failing in the middle of it.
"""

MAX_TENSOR_DIMS = 6
"""XNN_MAX_TENSOR_DIMS"""

Condition: TypeAlias = Callable[[Operation], str | None]
"""Says why XNNPACK refuses an op, or None when it does not."""


@dataclass(frozen=True)
class Datatypes:
    """
    One combination: a datatype per operand (an optional operand that is absent is not looked at), and the
    result's.
    """

    operands: tuple[str, ...]
    result: str

    def __str__(self) -> str:
        return f"({', '.join(self.operands)}) -> {self.result}"


@dataclass(frozen=True)
class Support:
    """A row of the table."""

    function: str
    """The function of XNNPACK that defines the node."""
    node: str
    """The node's name in a delegate file."""
    datatypes: tuple[Datatypes, ...]
    conditions: tuple[Condition, ...] = ()
    moves_data_only: bool = False
    """The op changes no number: not worth a delegate of its own."""
    target: Target = "executorch"
    """Who has the node: every runtime of ExecuTorch, or ours alone."""
    packed: range = range(0)
    """Operands whose constants XNNPACK lays out anew when a graph is loaded; others it reads where they lie."""


_FILTER_AND_BIAS = range(1, 3)
_FLOAT = ("fp32", "fp16")
_STATIC_QUANT = ("qint8", "quint8")


def _same(arity: int, *names: str) -> tuple[Datatypes, ...]:
    return tuple(Datatypes((name,) * arity, name) for name in names)


def _rows(*rows: str) -> tuple[Datatypes, ...]:
    parsed: list[Datatypes] = []
    for row in rows:
        operands, _, result = row.partition("->")
        parsed.append(Datatypes(tuple(operands.split()), result.strip()))
    return tuple(parsed)


_CONVOLUTION = _rows(
    "fp32 fp32 fp32 -> fp32",
    "fp16 fp32 fp32 -> fp16",
    "qint8 qint8 qint32 -> qint8",
    "qint8 qcint8 qcint32 -> qint8",
    "quint8 quint8 qint32 -> quint8",
)
_DYNAMIC_CONVOLUTION = _rows("qdint8 qcint8 fp32 -> fp32", "qdint8 qcint8 fp32 -> fp16")
_FULLY_CONNECTED = _rows(
    "fp32 fp32 fp32 -> fp32",
    "fp16 fp32 fp32 -> fp16",
    "fp16 fp16 fp16 -> fp16",
    "fp32 qcint8 fp32 -> fp32",
    "fp32 qcint4 fp32 -> fp32",
    "qdint8 qcint8 fp32 -> fp32",
    "qdint8 qcint8 fp32 -> fp16",
    "qdint8 qcint4 fp32 -> fp32",
    "qdint8 qcint4 fp32 -> fp16",
    "qdint8 qbint4 fp32 -> fp32",
    "qdint8 qbint4 fp32 -> fp16",
    "qint8 qint8 qint32 -> qint8",
    "qint8 qcint8 qcint32 -> qint8",
    "quint8 quint8 qint32 -> quint8",
)
_CONVERT = tuple(
    Datatypes((a,), b) for a, b in product((*_FLOAT, *_STATIC_QUANT), (*_FLOAT, *_STATIC_QUANT)) if a != b
) + _rows("fp32 -> qdint8", "fp16 -> qdint8")


def _is_static(value: SSAValue) -> bool:
    # What is converted from a constant will be one, when the quantisations around it are settled.
    owner = value.owner
    source = owner.input.owner if isinstance(owner, xnn.ConvertOp) else owner
    return isinstance(source, xnn.ConstantOp)


def _static(*names: str) -> Condition:
    def check(op: Operation) -> str | None:
        for name in names:
            value: SSAValue | None = getattr(op, name)
            if value is not None and not _is_static(value):
                return f"XNNPACK packs the {name} when the model is loaded, and this one is computed while it runs"
        return None

    return check


def _static_unless_fp32(op: Operation) -> str | None:
    assert isinstance(op, xnn.FullyConnectedOp)
    if datatype(element_type_of(op.filter)) == datatype(element_type_of(op.input)) == "fp32":
        return None
    return _static("filter", "bias")(op)


def _no_bias_for_floats_with_integers(op: Operation) -> str | None:
    assert isinstance(op, xnn.FullyConnectedOp)
    types = [datatype(element_type_of(value)) for value in (op.input, op.filter)]
    if op.bias is not None and types[0] == "fp32" and types[1] in ("qcint8", "qcint4"):
        return "XNNPACK multiplies the bias by the scales of the weights; it wants to be added by a node of its own"
    return None


def _scales_of_output_channels(op: Operation) -> str | None:
    assert isinstance(op, ConvolutionLikeOp | xnn.FullyConnectedOp)
    type = element_type_of(op.filter)
    wanted = 3 if isinstance(op, xnn.DepthwiseConvolution2DOp) else 0
    if isinstance(type, PerChannelType) and type.axis.data != wanted:
        return (
            f"XNNPACK has a scale for each output channel, dimension {wanted} of the filter; "
            f"got one for each index of dimension {type.axis.data}"
        )
    return None


def _scale(value: SSAValue) -> float | None:
    type = element_type_of(value)
    return type.scale.value.data if isinstance(type, PerTensorType) else None


def _scales_near_the_result(op: Operation) -> str | None:
    # The ranges that xnn_init_qs8_add_minmax_scalar_params asserts; the library is built without assertions.
    scales, result = [_scale(operand) for operand in op.operands], _scale(op.results[0])
    for scale in scales:
        if scale is not None and result is not None and not 2.0**-10 <= scale / result < 2.0**8:
            return f"XNNPACK wants operand scale / result scale in 2^-10 to 2^8, got {scale / result:g}"
    return None


def _product_scale_near_the_result(op: Operation) -> str | None:
    # As above, xnn_init_qs8_mul_minmax_scalar_params.
    a, b, result = (_scale(value) for value in (*op.operands, op.results[0]))
    if a is not None and b is not None and result is not None and not 2.0**-16 <= a * b / result < 2.0**8:
        return f"XNNPACK wants the product of scales / result scale in 2^-16 to 2^8, got {a * b / result:g}"
    return None


def _slopes_that_requantise(op: Operation) -> str | None:
    # As above, xnn_init_qs8_lrelu_scalar_params.
    assert isinstance(op, xnn.LeakyReluOp)
    source, result = _scale(op.input), _scale(op.output)
    if source is None or result is None:
        return None
    positive = source / result
    negative = positive * op.negative_slope.value.data
    if not 2.0**-8 <= positive <= 2.0**7 or not (2.0**-8 <= abs(negative) <= 127.99):
        return (
            "XNNPACK wants input scale / result scale, and that times the slope, in 2^-8 to 2^7, "
            f"got {positive:g} and {negative:g}"
        )
    return None


def _equal_quantisation(op: Operation) -> str | None:
    types = {element_type_of(value) for value in (*op.operands, *op.results)}
    if len(types) > 1:
        return f"XNNPACK moves numbers without requantising them, got {', '.join(sorted(map(str, types)))}"
    return None


def _window_larger_than_one(op: Operation) -> str | None:
    assert isinstance(op, xnn.AveragePooling2DOp | xnn.MaxPooling2DOp | xnn.ArgmaxPooling2DOp)
    if all(size == 1 for size in op.pooling.get_values()):
        return "XNNPACK has no pooling with a window of one element"
    return None


def _adjustment_below_stride(op: Operation) -> str | None:
    assert isinstance(op, xnn.Deconvolution2DOp)
    adjustment, stride = ints(op.adjustment), ints(op.upsampling)
    if any(a >= s for a, s in zip(adjustment, stride, strict=True)):
        return f"XNNPACK wants an adjustment below the stride {list(stride)}, got {list(adjustment)}"
    return None


def _sizes_to_the_end_from_the_start(op: Operation) -> str | None:
    assert isinstance(op, xnn.StaticSliceOp)
    # Size 0 makes XNNPACK take the size of the operand for that of the result, whatever the offset.
    if any(offset and not size for offset, size in zip(ints(op.offsets), ints(op.sizes), strict=True)):
        return "XNNPACK slices to the end of a dynamic dimension only from its start"
    return None


def _ours(
    function: str,
    node: str,
    datatypes: tuple[Datatypes, ...],
    conditions: tuple[Condition, ...] = (),
    *,
    moves_data_only: bool = False,
) -> Support:
    """A row for a node that stock runtimes lack."""
    return Support(function, node, datatypes, conditions, moves_data_only, "xnnir")


# Integers go through a table that XNNPACK makes of the reference kernel (init_lut_op of unary-elementwise-nc.c).
_UNARY = _same(1, *_FLOAT, *_STATIC_QUANT)
_MOVE = _same(1, *_FLOAT, *_STATIC_QUANT)

SUPPORT: Mapping[type[Operation], Support] = {
    xnn.AbsOp: Support("xnn_define_unary", "Abs", _UNARY),
    xnn.AddOp: Support(
        "xnn_define_binary", "Add", _same(2, *_FLOAT, *_STATIC_QUANT), (_scales_near_the_result,)
    ),
    xnn.ArgmaxPooling2DOp: Support(
        "xnn_define_argmax_pooling_2d", "ArgMaxPooling2d", _same(1, "fp32"), (_window_larger_than_one,)
    ),
    xnn.Atan2Op: _ours("xnn_define_binary", "Atan2", _same(2, *_FLOAT)),
    xnn.AveragePooling2DOp: Support(
        "xnn_define_average_pooling_2d", "AvgPooling2d", _same(1, *_FLOAT), (_window_larger_than_one,)
    ),
    xnn.BankersRoundingOp: _ours("xnn_define_unary", "BankersRounding", _UNARY),
    xnn.BatchMatrixMultiplyOp: Support(
        "xnn_define_batch_matrix_multiply",
        "BatchMatrixMultiply",
        (*_same(2, *_FLOAT), *_rows("qdint8 qcint8 -> fp32")),
        packed=range(1, 2),
    ),
    xnn.CeilingOp: Support("xnn_define_unary", "Ceiling", _UNARY),
    xnn.ClampOp: Support("xnn_define_unary", "Clamp", _same(1, *_FLOAT, *_STATIC_QUANT)),
    xnn.ConcatenateOp: Support(
        "xnn_define_concatenate2..5", "Concatenate2..5", _MOVE, (_equal_quantisation,), moves_data_only=True
    ),
    xnn.ConvertOp: Support("xnn_define_unary", "Convert", _CONVERT),
    xnn.Convolution2DOp: Support(
        "xnn_define_convolution_2d",
        "Conv2d",
        (*_CONVOLUTION, *_DYNAMIC_CONVOLUTION),
        (_static("filter", "bias"), _scales_of_output_channels),
        packed=_FILTER_AND_BIAS,
    ),
    xnn.CopyOp: Support("xnn_define_copy", "Copy", _MOVE, (_equal_quantisation,), moves_data_only=True),
    xnn.CopysignOp: _ours("xnn_define_binary", "Copysign", _same(2, *_FLOAT)),
    xnn.CosineOp: Support("xnn_define_unary", "Cos", _UNARY),
    xnn.Deconvolution2DOp: Support(
        "xnn_define_deconvolution_2d",
        "ConvTranspose2d",
        (*_CONVOLUTION, *_rows("qdint8 qcint8 fp32 -> fp32")),
        (_static("filter", "bias"), _scales_of_output_channels, _adjustment_below_stride),
        packed=_FILTER_AND_BIAS,
    ),
    xnn.DepthToSpace2DOp: _ours(
        "xnn_define_depth_to_space_2d",
        "DepthToSpace2D",
        _MOVE,
        (_equal_quantisation,),
        moves_data_only=True,
    ),
    xnn.DepthwiseConvolution2DOp: Support(
        "xnn_define_depthwise_convolution_2d",
        "DepthwiseConv2d",
        _CONVOLUTION,
        (_static("filter", "bias"), _scales_of_output_channels),
        packed=_FILTER_AND_BIAS,
    ),
    xnn.DivideOp: Support("xnn_define_binary", "Div", _same(2, *_FLOAT)),
    xnn.EluOp: Support("xnn_define_unary", "ELU", _UNARY),
    xnn.ExpOp: Support("xnn_define_unary", "Exp", _UNARY),
    xnn.FloorOp: Support("xnn_define_unary", "Floor", _UNARY),
    xnn.FullyConnectedOp: Support(
        "xnn_define_fully_connected",
        "FullyConnected",
        _FULLY_CONNECTED,
        (_static_unless_fp32, _no_bias_for_floats_with_integers, _scales_of_output_channels),
        packed=_FILTER_AND_BIAS,
    ),
    xnn.GeluOp: Support("xnn_define_unary", "Gelu", _UNARY),
    xnn.GlobalAveragePooling2DOp: Support(
        "xnn_define_static_reduce", "GlobalAvgPooling2d", _same(1, *_FLOAT, *_STATIC_QUANT)
    ),
    xnn.HardswishOp: Support("xnn_define_unary", "Hardswish", _UNARY),
    xnn.LeakyReluOp: Support("xnn_define_unary", "LeakyReLU", _UNARY, (_slopes_that_requantise,)),
    xnn.LogOp: Support("xnn_define_unary", "Log", _same(1, *_FLOAT)),
    xnn.MaxPooling2DOp: Support(
        "xnn_define_max_pooling_2d",
        "MaxPooling2d",
        _same(1, *_FLOAT, *_STATIC_QUANT),
        (_window_larger_than_one, _equal_quantisation),
    ),
    xnn.MaximumOp: Support("xnn_define_binary", "Maximum", _same(2, *_FLOAT)),
    xnn.MinimumOp: Support("xnn_define_binary", "Minimum", _same(2, *_FLOAT)),
    xnn.ModulusOp: _ours("xnn_define_binary", "Modulus", _same(2, *_FLOAT)),
    xnn.MultiplyOp: Support(
        "xnn_define_binary",
        "Multiply",
        _same(2, *_FLOAT, *_STATIC_QUANT),
        (_product_scale_near_the_result,),
    ),
    xnn.NegateOp: Support("xnn_define_unary", "Negate", _UNARY),
    xnn.PowOp: _ours("xnn_define_binary", "Pow", _same(2, *_FLOAT)),
    xnn.PreluOp: Support("xnn_define_binary", "PReLU", _same(2, *_FLOAT), (_static("rhs"),)),
    xnn.ReciprocalSquareRootOp: Support("xnn_define_unary", "ReciprocalSquareRoot", _same(1, *_FLOAT)),
    xnn.SigmoidOp: Support("xnn_define_unary", "Sigmoid", _UNARY),
    xnn.SignOp: _ours("xnn_define_unary", "Sign", _UNARY),
    xnn.SineOp: Support("xnn_define_unary", "Sin", _UNARY),
    xnn.SoftmaxOp: Support("xnn_define_softmax", "Softmax", _same(1, *_FLOAT)),
    xnn.SpaceToDepth2DOp: _ours(
        "xnn_define_space_to_depth_2d",
        "SpaceToDepth2D",
        _MOVE,
        (_equal_quantisation,),
        moves_data_only=True,
    ),
    xnn.SquareOp: Support("xnn_define_unary", "Square", _UNARY),
    xnn.SquareRootOp: Support("xnn_define_unary", "SquareRoot", _same(1, *_FLOAT)),
    xnn.SquaredDifferenceOp: _ours("xnn_define_binary", "SquaredDifference", _same(2, *_FLOAT)),
    xnn.StaticConstantPadOp: Support(
        "xnn_define_static_constant_pad",
        "StaticConstantPad",
        _MOVE,
        (_equal_quantisation,),
        moves_data_only=True,
    ),
    xnn.StaticReduceOp: _ours("xnn_define_static_reduce", "StaticReduce", _same(1, *_FLOAT, *_STATIC_QUANT)),
    xnn.StaticReshapeOp: Support(
        "xnn_define_static_reshape", "StaticReshape", _MOVE, (_equal_quantisation,), moves_data_only=True
    ),
    xnn.StaticResizeBilinear2DOp: Support(
        "xnn_define_static_resize_bilinear_2d",
        "StaticResizeBilinear2D",
        _same(1, *_FLOAT, *_STATIC_QUANT),
        (_equal_quantisation,),
    ),
    xnn.StaticSliceOp: Support(
        "xnn_define_static_slice",
        "StaticSlice",
        _MOVE,
        (_equal_quantisation, _sizes_to_the_end_from_the_start),
        moves_data_only=True,
    ),
    xnn.StaticTransposeOp: Support(
        "xnn_define_static_transpose", "StaticTranspose", _MOVE, (_equal_quantisation,), moves_data_only=True
    ),
    xnn.SubtractOp: Support(
        "xnn_define_binary", "Subtract", _same(2, *_FLOAT, *_STATIC_QUANT), (_scales_near_the_result,)
    ),
    xnn.TanhOp: Support("xnn_define_unary", "Tanh", _UNARY),
}


def why_unsupported(op: Operation, target: Target = "executorch") -> str | None:
    """The reason why XNNPACK (or the stock format, for target "executorch") cannot run `op`; None when it can."""
    support = SUPPORT.get(type(op))
    if support is None:
        return f"{op.name} is no node of XNNPACK"
    if target == "executorch" and support.target != "executorch":
        return f"files for ExecuTorch have no node for {op.name}; XNNPACK has it with target='xnnir'"
    for value in (*op.operands, *op.results):
        shape = shape_of(value)
        if len(shape) > MAX_TENSOR_DIMS:
            return f"XNNPACK takes tensors of at most {MAX_TENSOR_DIMS} dimensions, got {format_shape(shape)}"
        if 0 in shape:
            return f"XNNPACK takes no empty tensors, got {format_shape(shape)}"
    if (reason := _why_wrong_datatypes(op, support)) is not None:
        return reason
    return next((reason for condition in support.conditions if (reason := condition(op)) is not None), None)


def precision_of(op: Operation) -> Precision:
    """
    What a node computes in, by its datatypes: those of its first operand and its result, so that float nodes with
    quantised weights are float.
    """
    return _precision([datatype(element_type_of(value)) for value in (*op.operands[:1], op.results[0])])


def precision_of_row(row: Datatypes) -> Precision:
    """`precision_of` for a combination of datatypes."""
    return _precision([*row.operands[:1], row.result])


def _precision(datatypes: Sequence[str | None]) -> Precision:
    if "qdint8" in datatypes:
        return "dynamic_quant"
    return "static_quant" if any(name and name.startswith("q") for name in datatypes) else "fp32"


def backend_id(nodes: Iterable[Operation]) -> str:
    """The backend that runs a graph of `nodes`: ExecuTorch's, or our own where it lacks one of them."""
    targets = {support.target for node in nodes if (support := SUPPORT.get(type(node))) is not None}
    return BACKEND_IDS["xnnir" if "xnnir" in targets else "executorch"]


def packed_operands(op: Operation) -> range:
    """Which operands of `op` XNNPACK lays out anew when a graph is loaded, where they are constants."""
    support = SUPPORT.get(type(op))
    return range(0) if support is None else support.packed


def moves_data_only(op: Operation) -> bool:
    """Whether `op` changes no number."""
    support = SUPPORT.get(type(op))
    return support is not None and support.moves_data_only


def supported_ops() -> Iterator[tuple[type[XnnOp], Support]]:
    """The table's rows, by name of the op."""
    for op, support in sorted(SUPPORT.items(), key=lambda row: row[0].name):
        assert issubclass(op, XnnOp)
        yield op, support


def _why_wrong_datatypes(op: Operation, support: Support) -> str | None:
    types = [element_type_of(value) for value in (*op.operands, op.results[0])]
    *operands, result = [datatype(type) or str(type) for type in types]
    for row in support.datatypes:
        # Nodes of any number of operands (concatenate) give the type of one; an absent bias leaves the last one out.
        wanted = row.operands if len(row.operands) > 1 else row.operands * len(operands)
        if result == row.result and all(a == b for a, b in zip(operands, wanted, strict=False)):
            return None
    known = dict.fromkeys(name for row in support.datatypes for name in (*row.operands, row.result))
    unknown = next((name for name in (*operands, result) if name not in known), None)
    if unknown is not None:
        return f"{support.function} takes {', '.join(known)}; got {unknown}"
    got = f"({', '.join(operands)}) -> {result}"
    return f"{support.function} takes {'; '.join(map(str, support.datatypes))}; got {got}"
