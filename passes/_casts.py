"""Casts between types of numbers, which kernels do."""

from __future__ import annotations

from xdsl.ir import Attribute, SSAValue

from xnnir.dialects.aten import DTYPES, AtenOp
from xnnir.dialects.xnn.base import with_element_type


def cast_op(value: SSAValue, element_type: Attribute) -> AtenOp:
    """`value` as numbers of another type, of the same shape."""
    arguments = {"self": value, "dtype": DTYPES[element_type]}
    cast = AtenOp.create_call("_to_copy", arguments, [with_element_type(value, element_type)])
    cast.results[0].name_hint = value.name_hint
    return cast
