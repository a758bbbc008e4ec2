"""Reference semantics of kernel calls: torch's operator of the same name, and Python's on numbers."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from xdsl.dialects.builtin import ComplexType
from xdsl.ir import SSAValue

from xnnir.dialects import rt
from xnnir.dialects.aten import DTYPES
from xnnir.dialects.xnn.base import element_type_of
from xnnir.emit.scalar_types import scalar_number
from xnnir.interpreter.coding import torch_dtype
from xnnir.interpreter.quantized_embedding import BITS, embedding

Read = Callable[[SSAValue], Any]
Write = Callable[[SSAValue, Any], None]

_DTYPES = {
    scalar_number(type, "dtype"): getattr(torch, name)
    for type, name in DTYPES.items()
    if not isinstance(type, ComplexType)
}
"""torch's dtypes by their numbers in the file."""


def _floordiv(a: float, b: float) -> float:
    return a // b


def _truediv(a: float, b: float) -> float:
    return a / b


PRIMS: Mapping[str, Callable[..., Any]] = {
    "add.Scalar": operator.add,
    "sub.Scalar": operator.sub,
    "mul.Scalar": operator.mul,
    "floordiv.Scalar": _floordiv,
    "truediv.Scalar": _truediv,
    "mod.Scalar": operator.mod,
    "mod.int": operator.mod,
    "mod.Scalar_Scalar": operator.mod,
    "neg.Scalar": operator.neg,
    "eq.Scalar": operator.eq,
    "ne.Scalar": operator.ne,
    "lt.Scalar": operator.lt,
    "le.Scalar": operator.le,
    "gt.Scalar": operator.gt,
    "ge.Scalar": operator.ge,
    "sym_float.Scalar": float,
    "sym_max.Scalar": max,
    "sym_min.Scalar": min,
    "ceil.Scalar": math.ceil,
    "round.Scalar": round,
    "trunc.Scalar": math.trunc,
    "sym_not.Scalar": operator.not_,
}
"""`executorch_prim`: functions of numbers. The last argument of a call is where the result goes."""


def call_kernel(call: rt.KernelCallOp, read: Read, write: Write) -> list[Any]:
    """
    Run one kernel call; what it wrote.

    Raises `NotImplementedError` for an operator that torch does not have.
    """
    namespace, _, name = call.operator.data.partition("::")
    args = list(call.args)
    results: list[Any]
    match namespace, name:
        case "executorch_prim", "et_view.default":
            results = [read(args[0]).reshape(read(args[1]))]
            targets = args[2:3]
        case "executorch_prim", "et_copy_index.tensor":
            whole = _appended(read(args[0]), read(args[1]), read(args[2]))
            results, targets = [whole], args[:1]
        case "executorch_prim", _ if name in PRIMS:
            results = [PRIMS[name](*(read(arg) for arg in args[:-1]))]
            targets = args[-1:]
        case "aten", "sym_size.int" | "sym_numel" | "_local_scalar_dense":
            tensor: torch.Tensor = read(args[0])
            results = [
                tensor.size(read(args[1]))
                if name == "sym_size.int"
                else tensor.numel()
                if name == "sym_numel"
                else tensor.item()
            ]
            targets = args[-1:]
        case "dim_order_ops", "_to_dim_order_copy.out" | "_clone_dim_order.out":
            results, targets = [read(args[0])], args[-1:]
        case "dim_order_ops", "_empty_dim_order.out":
            results, targets = [torch.zeros(read(args[0]))], args[-1:]
        case "quantized_decomposed", _ if name.partition(".")[0] in BITS:
            results, targets = [_look_up(name, args, read)], args[-1:]
        case _:
            results, targets = _call_torch(call, args, read)
    if namespace != "executorch_prim":
        results = [_cast(result, target) for result, target in zip(results, targets, strict=True)]
    for target, result in zip(targets, results, strict=True):
        write(target, result)
    return results


def _look_up(name: str, args: Sequence[SSAValue], read: Read) -> torch.Tensor:
    """A call of `quantized_decomposed::embedding_*`: its six arguments, maybe a dtype, and twice the out tensor."""
    operator, _, overload = name.partition(".")
    values = [read(arg) for arg in args[: 7 if overload == "dtype_out" else 6]]
    if len(values) == 7 and values[6] is not None:
        values[6] = _DTYPES[values[6]]
    return embedding(BITS[operator], *values)


def _appended(stack: Any, row: torch.Tensor, index: int) -> torch.Tensor:
    """`stack` with `row` at `index`, where it ends: `et_copy_index` grows what a loop collects."""
    if index == 0:
        return row.unsqueeze(0)
    return torch.cat([stack[:index], row.unsqueeze(0)])


def _cast(result: Any, target: SSAValue) -> Any:
    """Kernels compute in PyTorch's type and store in the out tensor's."""
    return result.to(torch_dtype(element_type_of(target))) if isinstance(result, torch.Tensor) else result


def _call_torch(
    call: rt.KernelCallOp, args: Sequence[SSAValue], read: Read
) -> tuple[list[Any], list[SSAValue]]:
    namespace, _, rest = call.operator.data.partition("::")
    name, _, overload = rest.partition(".")
    try:
        function: Any = getattr(getattr(getattr(torch.ops, namespace), name), overload or "default")
    except AttributeError as error:
        raise NotImplementedError(f"no reference semantics for {call.operator.data}") from error
    keywords: dict[str, Any] = {}
    targets: list[SSAValue] = []
    for argument, slot in zip(function._schema.arguments, args, strict=False):
        is_written = argument.alias_info is not None and argument.alias_info.is_write
        if not is_written:
            keywords[argument.name] = _argument(argument, read(slot))
            continue
        slots = list(slot.owner.operands) if isinstance(slot.owner, rt.TensorListOp) else [slot]
        targets += slots
        if argument.is_out:
            empty = [torch.empty(0, dtype=torch_dtype(element_type_of(item))) for item in slots]
            keywords[argument.name] = empty if isinstance(slot.owner, rt.TensorListOp) else empty[0]
        else:
            # Written in place: the kernel sees what was there.
            keywords[argument.name] = read(slot)
    written = [
        keywords[argument.name]
        for argument in function._schema.arguments
        if argument.alias_info is not None and argument.alias_info.is_write
    ]
    function(**keywords)
    results: list[Any] = []
    for value in written:
        results += value if isinstance(value, list) else [value]
    return results, targets


def _argument(argument: Any, value: Any) -> Any:
    if value is None:
        return None
    kind = str(argument.real_type).removeprefix("Optional[").rstrip("]")
    return _DTYPES[value] if kind == "ScalarType" else value
