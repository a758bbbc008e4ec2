"""Checks of the arguments and results of a call against the operator's schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from xdsl.dialects.builtin import NoneType, TensorType, f64, i1, i64
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.aten.schema import Argument, Schema, SchemaType
from xnnir.dialects.aten.values import OPERAND, Device, Dtype, Layout, MemoryFormat, operand_count

# PyTorch takes a number for a tensor without dimensions: `x + 1` is aten.add.Tensor(%x, 1).
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "Tensor": (bool, int, float),
    "Scalar": (bool, int, float),
    "int": (int,),
    "SymInt": (int,),
    "float": (float,),
    "bool": (bool,),
    "str": (str,),
    "ScalarType": (Dtype,),
    "Layout": (Layout,),
    "Device": (Device,),
    "MemoryFormat": (MemoryFormat,),
}

_NUMBER_TYPES: dict[str, tuple[Attribute, ...]] = {
    "Tensor": (i64, f64, i1),
    "Scalar": (i64, f64, i1),
    "int": (i64,),
    "SymInt": (i64,),
    "float": (f64,),
    "SymFloat": (f64,),
    "bool": (i1,),
    "SymBool": (i1,),
}


def verify_argument(argument: Argument, type_: SchemaType, value: Any, types: Iterator[Attribute]) -> None:
    """Check a stored argument; `types` gives the types of the operands in it. Raises `VerifyException`."""

    def refuse(got: str) -> VerifyException:
        return VerifyException(f"expected {type_} for the argument {argument.name}, got {got}")

    if value is None and type_.is_optional:
        return
    if type_.base == "Any":
        for _ in range(operand_count(value)):
            next(types)
    elif type_.is_list:
        if not isinstance(value, tuple):
            raise refuse("a single value" if value is not None else "None")
        for item in cast(tuple[Any, ...], value):
            verify_argument(argument, type_.element, item, types)
    elif value is OPERAND:
        operand_type = next(types)
        is_tensor = type_.base == "Tensor" and isinstance(operand_type, TensorType)
        if not is_tensor and operand_type not in _NUMBER_TYPES.get(type_.base, ()):
            raise refuse(f"an operand of type {operand_type}")
    elif not isinstance(value, _PYTHON_TYPES.get(type_.base, ())) or (
        isinstance(value, bool) and type_.base in ("int", "SymInt")
    ):
        raise refuse("a list" if isinstance(value, tuple) else repr(value))


_DIMENSIONS = frozenset(("dim", "dims", "dim0", "dim1"))

_NEW_DIMENSION = frozenset(("aten::unsqueeze", "aten::unsqueeze_copy", "aten::stack"))
"""Operators whose `dim` is a place between the dimensions, and so one more than there are."""


def verify_dimensions(schema: Schema, values: Sequence[Any], types: Sequence[Attribute]) -> None:
    """
    Check that dimensions exist: `dim` of every operator counts those of its tensors, of the one that has most where
    they differ. Raises `VerifyException`.
    """
    ranks = [len(type_.get_shape()) for type_ in types if isinstance(type_, TensorType)]
    if not ranks:
        return
    # PyTorch lets a number be a tensor of one dimension here.
    size = max(max(ranks), 1) + (schema.name in _NEW_DIMENSION)
    for argument, value in zip(schema.arguments, values, strict=True):
        if argument.name not in _DIMENSIONS or argument.type.base != "int":
            continue
        for axis in cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,):
            if isinstance(axis, int) and not -size <= axis < size:
                raise VerifyException(
                    f"expected {argument.name} to be between {-size} and {size - 1}, got {axis}"
                )


def verify_results(schema: Schema, types: Sequence[Attribute]) -> None:
    """Check the types of the results of a call. Raises `VerifyException`."""
    expected = list(schema.returns)
    if any(type_.is_list for type_ in expected):
        if len(expected) == 1:
            expected = [expected[0].element] * len(types)
        else:
            return
    if len(types) != len(expected):
        raise VerifyException(f"expected {len(expected)} results, got {len(types)}")
    for index, (type_, got) in enumerate(zip(expected, types, strict=True)):
        if type_.base == "Any":
            continue
        if type_.base == "Tensor":
            fits = isinstance(got, (TensorType, NoneType))
        else:
            fits = got in _NUMBER_TYPES.get(type_.base, (got,))
        if not fits:
            raise VerifyException(f"expected {type_} as result {index}, got {got}")
