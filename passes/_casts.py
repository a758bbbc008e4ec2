"""Casts between types of numbers, which kernels do."""

from __future__ import annotations

from xdsl.ir import Attribute, SSAValue

from xnnir.dialects.aten import DTYPES, AtenOp
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.dialects.xnn.dims import dims_of, tensor_type


def cast_op(value: SSAValue, element_type: Attribute) -> AtenOp:
    """`value` as numbers of another type, of the same shape."""
    type = tensor_type(element_type, dims_of(tensor_type_of(value)))
    cast = AtenOp.create_call("_to_copy", {"self": value, "dtype": DTYPES[element_type]}, [type])
    cast.results[0].name_hint = value.name_hint
    return cast
