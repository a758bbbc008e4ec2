"""Reference semantics of the `aten` dialect: torch itself, one operator at a time."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import torch
from xdsl.ir import SSAValue

from xnnir.dialects.aten import AtenOp, Device, Dtype, Layout, MemoryFormat
from xnnir.frontend.operator_libraries import LIBRARIES
from xnnir.interpreter.quantized_embedding import BITS, embedding


def evaluate(op: AtenOp, values: Mapping[SSAValue, Any]) -> tuple[Any, ...]:
    """
    The results of one call. `values` holds a tensor or number for each operand.

    Raises `KeyError` for an operator that torch does not have, and what torch raises for arguments that do not fit.
    """
    args = {name: _resolve(value, values) for name, value in op.args().items()}
    if op.target == "aten.view.default":
        # Values of the IR have no strides, and `view` wants some that `reshape` can do without.
        return (args["self"].reshape(args["size"]),)
    if isinstance(result := _overload(op.target)(**args), tuple):
        return cast(tuple[Any, ...], result)
    return tuple(cast(list[Any], result)) if isinstance(result, list) else (result,)


def _overload(target: str) -> Callable[..., Any]:
    namespace, name, overload = target.split(".", 2)
    if namespace == "quantized_decomposed" and name in BITS:
        return partial(embedding, BITS[name])
    if (library := LIBRARIES.get(namespace)) is not None:
        importlib.import_module(library)
    try:
        return getattr(getattr(getattr(torch.ops, namespace), name), overload)
    except AttributeError as error:
        raise KeyError(target) from error


def _resolve(value: Any, values: Mapping[SSAValue, Any]) -> Any:
    match value:
        case SSAValue():
            return values[value]
        case tuple():
            return [_resolve(item, values) for item in cast(tuple[Any, ...], value)]
        case Dtype() | Layout() | MemoryFormat():
            return getattr(torch, str(value))
        case Device():
            return torch.device(str(value))
        case _:
            return value
