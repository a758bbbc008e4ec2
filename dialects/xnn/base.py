"""What the ops of the `xnn` dialect share: how they print, and how a result is checked against its operands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AnyFloat,
    DenseArrayBase,
    Float32Type,
    FloatAttr,
    IntegerType,
    TensorType,
    f32,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, ParsePropInAttrDict, base, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.xnn.dims import dims_of, tensor_type, verify_dims
from xnnir.dialects.xnn.types import verify_quantised_axis

Tensor: TypeAlias = TensorType[Attribute]
AnyTensor = base(TensorType[Attribute])
"""Constraint of every operand and result: a tensor, of any element type (the support table decides which)."""

Shape: TypeAlias = tuple[int, ...]
I64Array: TypeAlias = DenseArrayBase[IntegerType]
F32: TypeAlias = FloatAttr[Float32Type]


def shape_of(value: SSAValue) -> Shape:
    """The shape of a tensor value, with `DYNAMIC_INDEX` where a size is only known at run time."""
    return tensor_type_of(value).get_shape()


def tensor_type_of(value: SSAValue) -> Tensor:
    """The type of a tensor value."""
    return cast(Tensor, value.type)


def element_type_of(value: SSAValue) -> Attribute:
    """The element type of a tensor value."""
    return tensor_type_of(value).get_element_type()


def with_element_type(value: SSAValue, element_type: Attribute) -> Tensor:
    """The type of a tensor value, but for its elements: the same sizes, expressions and bounds."""
    return tensor_type(element_type, dims_of(tensor_type_of(value)))


def i64_array(values: Sequence[int]) -> I64Array:
    return _i64_array(tuple(values))


@lru_cache(maxsize=4096)
def _i64_array(values: tuple[int, ...]) -> I64Array:
    # Models repeat a few strides, paddings and permutations thousands of times.
    return DenseArrayBase.from_list(i64, values)


def ints(array: DenseArrayBase[Any]) -> tuple[int, ...]:
    return array.get_values()


def f32_attr(value: float) -> FloatAttr[AnyFloat]:
    return FloatAttr(value, f32)


class XnnOp(IRDLOperation, ABC):
    """
    A node of XNNPACK's subgraph API: tensors in, tensors out, attributes fixed when the node is defined.

    The shape that XNNPACK would compute is `infer_shape`; the verifier holds the result type against it.
    """

    irdl_options = (ParsePropInAttrDict(),)
    traits = traits_def(Pure())

    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    @abstractmethod
    def infer_shape(self) -> Shape:
        """
        The shape of the first result, with `DYNAMIC_INDEX` where it is not known.

        Raises `VerifyException` when operands and attributes do not fit.
        """

    def verify_(self) -> None:
        for value in (*self.operands, *self.results):
            verify_dims(tensor_type_of(value))
            verify_quantised_axis(tensor_type_of(value))
        inferred = self.infer_shape()
        got = shape_of(self.results[0])
        if len(inferred) != len(got) or any(
            a != b and DYNAMIC_INDEX not in (a, b) for a, b in zip(inferred, got, strict=True)
        ):
            raise VerifyException(
                f"expected a result of shape {format_shape(inferred)}, got {format_shape(got)}"
            )


def format_shape(shape: Sequence[int]) -> str:
    """`[1, ?, 8]`"""
    return "[" + ", ".join("?" if size == DYNAMIC_INDEX else str(size) for size in shape) + "]"


def expect_rank(value: SSAValue, rank: int, what: str) -> Shape:
    shape = shape_of(value)
    if len(shape) != rank:
        raise VerifyException(f"expected {what} of rank {rank}, got {value.type}")
    return shape


def expect_size(size: int, expected: int, what: str) -> None:
    """Refuse a size other than `expected`; a dynamic one on either side passes."""
    if size != expected and DYNAMIC_INDEX not in (size, expected):
        raise VerifyException(f"expected {what} to be {expected}, got {size}")


def expect_length(array: I64Array, length: int, what: str, minimum: int) -> tuple[int, ...]:
    """The numbers of `array`; refuses another length or a number below `minimum`."""
    values = ints(array)
    if len(values) != length:
        raise VerifyException(f"expected {length} numbers in {what}, got {len(values)}")
    if any(value < minimum for value in values):
        raise VerifyException(f"expected numbers of {minimum} or more in {what}, got {list(values)}")
    return values


def verify_output_bounds(op: IRDLOperation) -> None:
    """Refuse an empty interval of `output_min` and `output_max`, the properties that bound a node's results."""
    low, high = (cast(F32 | None, op.properties.get(name)) for name in ("output_min", "output_max"))
    if low is not None and high is not None and not low.value.data < high.value.data:
        raise VerifyException(f"expected output_min < output_max, got {low.value.data} and {high.value.data}")


def broadcast_shapes(a: Shape, b: Shape) -> Shape:
    """NumPy's broadcast of two shapes. Raises `VerifyException` when they do not fit."""
    rank = max(len(a), len(b))
    result: list[int] = []
    for x, y in zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True):
        if x == 1 or y == 1:
            result.append(y if x == 1 else x)
        elif DYNAMIC_INDEX in (x, y):
            result.append(y if x == DYNAMIC_INDEX else x)
        elif x != y:
            raise VerifyException(
                f"expected shapes that broadcast, got {format_shape(a)} and {format_shape(b)}"
            )
        else:
            result.append(x)
    return tuple(result)
