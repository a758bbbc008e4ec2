"""
How each `xnn` op lies in a delegate file: the member of the node union, and which field holds what. Writing and reading
go by the same rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, FloatAttr, IntegerAttr, StringAttr
from xdsl.ir import Operation

from xnnir.dialects import xnn
from xnnir.dialects.xnn.base import I64Array, XnnOp, ints, shape_of
from xnnir.emit.errors import FormatError

Table: TypeAlias = dict[str, Any]
Arguments: TypeAlias = dict[str, Any]
"""Keyword arguments of an op's constructor."""

FLAG_TRANSPOSE_WEIGHTS = 0x1  # XNN_FLAG_TRANSPOSE_WEIGHTS, and XNN_FLAG_TRANSPOSE_B
FLAG_TENSORFLOW_LEGACY_MODE = 0x4  # XNN_FLAG_TENSORFLOW_LEGACY_MODE
FLAG_ALIGN_CORNERS = 0x8  # XNN_FLAG_ALIGN_CORNERS
FLAG_KEEP_DIMS = 0x40  # XNN_FLAG_KEEP_DIMS


class Part(ABC):
    """Some fields of a node's table, and what they are in the op."""

    @abstractmethod
    def write(self, op: Operation, table: Table) -> None:
        """Fill in the fields of `op`."""

    def read(self, table: Table, arguments: Arguments) -> None:
        """Fill in the constructor's arguments."""
        return

    def check(self, op: Operation, table: Table, where: str) -> None:
        """Hold fields that say nothing new against `op`, which was made from the others."""
        return


@dataclass(frozen=True)
class Numbers(Part):
    """The items of an integer array, each in a field of its own."""

    attribute: str
    fields: tuple[str, ...]

    def write(self, op: Operation, table: Table) -> None:
        values = ints(cast(I64Array, op.properties[self.attribute]))
        table.update(zip(self.fields, values, strict=True))

    def read(self, table: Table, arguments: Arguments) -> None:
        arguments[self.attribute] = [table[field] for field in self.fields]


@dataclass(frozen=True)
class Vector(Part):
    """An integer array in a vector field."""

    attribute: str
    field: str
    counted: bool = False
    """Whether the field `num_dims` says how many there are."""

    def write(self, op: Operation, table: Table) -> None:
        values = ints(cast(I64Array, op.properties[self.attribute]))
        table[self.field] = values
        if self.counted:
            table["num_dims"] = len(values)

    def read(self, table: Table, arguments: Arguments) -> None:
        arguments[self.attribute] = table[self.field]

    def check(self, op: Operation, table: Table, where: str) -> None:
        if self.counted and table["num_dims"] != len(table[self.field]):
            raise FormatError(
                f"{where}.num_dims", f"expected {len(table[self.field])}, got {table['num_dims']}"
            )


@dataclass(frozen=True)
class Number(Part):
    """A float or an integer."""

    attribute: str
    field: str

    def write(self, op: Operation, table: Table) -> None:
        attribute = op.properties[self.attribute]
        table[self.field] = cast(FloatAttr | IntegerAttr, attribute).value.data

    def read(self, table: Table, arguments: Arguments) -> None:
        arguments[self.attribute] = table[self.field]


@dataclass(frozen=True)
class Choice(Part):
    """A word, as its place among those that there are."""

    attribute: str
    field: str
    words: tuple[str, ...]

    def write(self, op: Operation, table: Table) -> None:
        table[self.field] = self.words.index(cast(StringAttr, op.properties[self.attribute]).data)

    def read(self, table: Table, arguments: Arguments) -> None:
        number = table[self.field]
        arguments[self.attribute] = self.words[number] if number < len(self.words) else str(number)


@dataclass(frozen=True)
class Derived(Part):
    """Fields that follow from the shapes of operands and results."""

    fields: Callable[[Any], Mapping[str, int | Sequence[int]]]

    def write(self, op: Operation, table: Table) -> None:
        table.update(self.fields(op))

    def check(self, op: Operation, table: Table, where: str) -> None:
        for field, expected in self.fields(op).items():
            if table[field] != expected:
                raise FormatError(
                    f"{where}.{field}", f"expected {expected} as the shapes say, got {table[field]}"
                )


@dataclass(frozen=True)
class Flags(Part):
    """Bits of the field `flags`: unit attributes, and bits that are always set."""

    attributes: tuple[tuple[str, int], ...] = ()
    always: int = 0

    def write(self, op: Operation, table: Table) -> None:
        flags = self.always
        for attribute, bit in self.attributes:
            if attribute in op.properties:
                flags |= bit
        table["flags"] = flags

    def read(self, table: Table, arguments: Arguments) -> None:
        for attribute, bit in self.attributes:
            if table["flags"] & bit:
                arguments[attribute] = True

    def check(self, op: Operation, table: Table, where: str) -> None:
        known = FLAG_KEEP_DIMS | self.always
        for _, bit in self.attributes:
            known |= bit
        if table["flags"] & ~known:
            raise FormatError(f"{where}.flags", f"expected only the bits {known:#x}, got {table['flags']:#x}")


@dataclass(frozen=True)
class NodeFormat:
    """A row: one op, one member of the node union."""

    op: type[XnnOp]
    member: str
    operands: tuple[str, ...]
    """Fields with the ids of the operands; the last one may be left out where `optional`."""
    parts: tuple[Part, ...] = (Flags(),)
    results: tuple[str, ...] = ("output_id",)
    optional: bool = False
    bounded: bool = False
    """Whether the node's output_min_max means something for this op."""


def _conv(op: xnn.Convolution2DOp | xnn.Deconvolution2DOp) -> Mapping[str, int]:
    oc, kh, kw, ic = shape_of(op.filter)
    groups = op.groups.value.data
    return {
        "kernel_height": kh,
        "kernel_width": kw,
        "group_input_channels": ic,
        "group_output_channels": oc // groups,
    }


def _depthwise(op: xnn.DepthwiseConvolution2DOp) -> Mapping[str, int]:
    _, kh, kw, oc = shape_of(op.filter)
    channels = shape_of(op.input)[3]
    return {
        "kernel_height": kh,
        "kernel_width": kw,
        "group_input_channels": 1,
        "group_output_channels": oc // channels,
        "groups": channels,
    }


def _reshape(op: xnn.StaticReshapeOp) -> Mapping[str, int | Sequence[int]]:
    shape = [0 if size == DYNAMIC_INDEX else size for size in shape_of(op.output)] or [1]
    return {"num_dims": len(shape), "new_shape": shape}


def _no_dilation(op: Operation) -> Mapping[str, int]:
    return {"dilation_height": 0, "dilation_width": 0}


_PADDING = Numbers("padding", ("padding_top", "padding_right", "padding_bottom", "padding_left"))
_SUBSAMPLING = Numbers("subsampling", ("subsampling_height", "subsampling_width"))
_UPSAMPLING = Numbers("upsampling", ("subsampling_height", "subsampling_width"))
_DILATION = Numbers("dilation", ("dilation_height", "dilation_width"))
_ADJUSTMENT = Numbers("adjustment", ("adjustment_height", "adjustment_width"))
_POOLING = Numbers("pooling", ("pooling_height", "pooling_width"))
_STRIDE = Numbers("stride", ("stride_height", "stride_width"))
_KEEP_DIMS = Flags(always=FLAG_KEEP_DIMS)
_BLOCKS = (Number("block_size", "block_size"), Flags())
_GEMM = ("input1_id", "filter_id", "bias_id")


def _unary(op: type[XnnOp], member: str) -> NodeFormat:
    return NodeFormat(op, member, ("input_id",))


def _binary(op: type[XnnOp], member: str, *, bounded: bool = False) -> NodeFormat:
    return NodeFormat(op, member, ("input1_id", "input2_id"), bounded=bounded)


def _concatenate(count: int) -> NodeFormat:
    ids = tuple(f"input{index}_id" for index in range(1, count + 1))
    return NodeFormat(xnn.ConcatenateOp, f"XNNConcatenate{count}", ids, (Number("axis", "axis"), Flags()))


NODE_FORMATS: tuple[NodeFormat, ...] = (
    _unary(xnn.AbsOp, "XNNAbs"),
    _binary(xnn.AddOp, "XNNAdd", bounded=True),
    NodeFormat(
        xnn.ArgmaxPooling2DOp,
        "XNNArgMaxPooling2d",
        ("input_id",),
        (_PADDING, _POOLING, Flags()),
        results=("output_value_id", "output_index_id"),
    ),
    _binary(xnn.Atan2Op, "XNNAtan2"),
    NodeFormat(
        xnn.AveragePooling2DOp,
        "XNNAvgPooling2d",
        ("input_id",),
        (_PADDING, _POOLING, _STRIDE, Derived(_no_dilation), _KEEP_DIMS),
        bounded=True,
    ),
    _unary(xnn.BankersRoundingOp, "XNNBankersRounding"),
    NodeFormat(
        xnn.BatchMatrixMultiplyOp,
        "XNNBatchMatrixMultiply",
        ("input1_id", "input2_id"),
        (Flags((("transpose_b", FLAG_TRANSPOSE_WEIGHTS),)),),
    ),
    _unary(xnn.CeilingOp, "XNNCeiling"),
    NodeFormat(xnn.ClampOp, "XNNClamp", ("input_id",), bounded=True),
    _concatenate(2),
    _concatenate(3),
    _concatenate(4),
    _concatenate(5),
    _unary(xnn.ConvertOp, "XNNConvert"),
    NodeFormat(
        xnn.Convolution2DOp,
        "XNNConv2d",
        _GEMM,
        (_PADDING, _SUBSAMPLING, _DILATION, Number("groups", "groups"), Derived(_conv), Flags()),
        optional=True,
        bounded=True,
    ),
    _unary(xnn.CopyOp, "XNNCopy"),
    _binary(xnn.CopysignOp, "XNNCopysign"),
    _unary(xnn.CosineOp, "XNNCos"),
    NodeFormat(
        xnn.Deconvolution2DOp,
        "XNNConvTranspose2d",
        _GEMM,
        (_PADDING, _UPSAMPLING, _DILATION, _ADJUSTMENT, Number("groups", "groups"), Derived(_conv), Flags()),
        optional=True,
        bounded=True,
    ),
    NodeFormat(xnn.DepthToSpace2DOp, "XNNDepthToSpace2D", ("input_id",), _BLOCKS),
    NodeFormat(
        xnn.DepthwiseConvolution2DOp,
        "XNNDepthwiseConv2d",
        _GEMM,
        (_PADDING, _SUBSAMPLING, _DILATION, Derived(_depthwise), Flags()),
        optional=True,
        bounded=True,
    ),
    _binary(xnn.DivideOp, "XNNDiv", bounded=True),
    NodeFormat(xnn.EluOp, "XNNELU", ("input_id",), (Number("alpha", "alpha"), Flags())),
    _unary(xnn.ExpOp, "XNNExp"),
    _unary(xnn.FloorOp, "XNNFloor"),
    NodeFormat(
        xnn.FullyConnectedOp,
        "XNNFullyConnected",
        _GEMM,
        (Flags((("transpose_weights", FLAG_TRANSPOSE_WEIGHTS),)),),
        optional=True,
        bounded=True,
    ),
    _unary(xnn.GeluOp, "XNNGelu"),
    NodeFormat(
        xnn.GlobalAveragePooling2DOp, "XNNGlobalAvgPooling2d", ("input_id",), (_KEEP_DIMS,), bounded=True
    ),
    _unary(xnn.HardswishOp, "XNNHardswish"),
    NodeFormat(
        xnn.LeakyReluOp, "XNNLeakyReLU", ("input_id",), (Number("negative_slope", "negative_slope"), Flags())
    ),
    _unary(xnn.LogOp, "XNNLog"),
    NodeFormat(
        xnn.MaxPooling2DOp,
        "XNNMaxPooling2d",
        ("input_id",),
        (_PADDING, _POOLING, _STRIDE, _DILATION, _KEEP_DIMS),
        bounded=True,
    ),
    _binary(xnn.MaximumOp, "XNNMaximum"),
    _binary(xnn.MinimumOp, "XNNMinimum"),
    _binary(xnn.ModulusOp, "XNNModulus"),
    _binary(xnn.MultiplyOp, "XNNMultiply", bounded=True),
    _unary(xnn.NegateOp, "XNNNegate"),
    _binary(xnn.PowOp, "XNNPow"),
    _binary(xnn.PreluOp, "XNNPReLU"),
    _unary(xnn.ReciprocalSquareRootOp, "XNNReciprocalSquareRoot"),
    _unary(xnn.SigmoidOp, "XNNSigmoid"),
    _unary(xnn.SignOp, "XNNSign"),
    _unary(xnn.SineOp, "XNNSin"),
    _unary(xnn.SoftmaxOp, "XNNSoftmax"),
    NodeFormat(xnn.SpaceToDepth2DOp, "XNNSpaceToDepth2D", ("input_id",), _BLOCKS),
    _unary(xnn.SquareOp, "XNNSquare"),
    _unary(xnn.SquareRootOp, "XNNSquareRoot"),
    _binary(xnn.SquaredDifferenceOp, "XNNSquaredDifference"),
    NodeFormat(
        xnn.StaticConstantPadOp,
        "XNNStaticConstantPad",
        ("input_id",),
        (
            Vector("pre_paddings", "pre_paddings"),
            Vector("post_paddings", "post_paddings"),
            Number("value", "padding_value"),
            Flags(),
        ),
    ),
    NodeFormat(
        xnn.StaticReduceOp,
        "XNNStaticReduce",
        ("input_id",),
        (
            Choice("kind", "reduce_operator", ("sum", "mean")),
            Vector("axes", "axes"),
            Flags((("keep_dims", FLAG_KEEP_DIMS),)),
        ),
    ),
    NodeFormat(xnn.StaticReshapeOp, "XNNStaticReshape", ("input_id",), (Derived(_reshape), Flags())),
    NodeFormat(
        xnn.StaticResizeBilinear2DOp,
        "XNNStaticResizeBilinear2D",
        ("input_id",),
        (
            Numbers("new_size", ("new_height", "new_width")),
            Flags(
                (
                    ("align_corners", FLAG_ALIGN_CORNERS),
                    ("tensorflow_legacy_mode", FLAG_TENSORFLOW_LEGACY_MODE),
                )
            ),
        ),
    ),
    NodeFormat(
        xnn.StaticSliceOp,
        "XNNStaticSlice",
        ("input_id",),
        (Vector("offsets", "offsets", counted=True), Vector("sizes", "sizes"), Flags()),
    ),
    NodeFormat(
        xnn.StaticTransposeOp,
        "XNNStaticTranspose",
        ("input_id",),
        (Vector("perm", "perm", counted=True), Flags()),
    ),
    _binary(xnn.SubtractOp, "XNNSubtract", bounded=True),
    _unary(xnn.TanhOp, "XNNTanh"),
)

FORMAT_OF_MEMBER: Mapping[str, NodeFormat] = {row.member: row for row in NODE_FORMATS}
_FORMATS_OF_OP: dict[type[Operation], list[NodeFormat]] = {}
for _row in NODE_FORMATS:
    _FORMATS_OF_OP.setdefault(_row.op, []).append(_row)


def format_of_op(op: Operation) -> NodeFormat:
    """The row of `op`. Raises `FormatError` when the format has no node for it."""
    for row in _FORMATS_OF_OP.get(type(op), ()):
        if len(row.operands) == len(op.operands) or (
            row.optional and len(row.operands) - 1 == len(op.operands)
        ):
            return row
    raise FormatError(
        op.name, f"the delegate format has no node for it with {len(op.operands)} operands", op.location
    )
