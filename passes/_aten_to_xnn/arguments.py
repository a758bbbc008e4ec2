"""Arguments of `aten` ops as the converters want them, and the refusal that they raise."""

from __future__ import annotations

from typing import Any, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import SSAValue

from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of


class Refusal(Exception):
    """Why an op stays an op of `aten`: lower case, expected and got."""


class NotSelected(Refusal):
    """Why an op stays that XNNPACK may well have: the partitioner leaves it out."""


def tensor_arg(op: AtenOp, name: str) -> SSAValue:
    """An argument that is a tensor. Raises `Refusal` for a number or None."""
    value = optional_tensor_arg(op, name)
    if value is None:
        raise Refusal(f"expected {name} to be a tensor, got {op.arg(name)}")
    return value


def optional_tensor_arg(op: AtenOp, name: str) -> SSAValue | None:
    """An argument that is a tensor or None."""
    argument = op.arg(name)
    if not isinstance(argument, SSAValue):
        return None
    value = cast(SSAValue, argument)
    if not isinstance(value.type, TensorType):
        raise Refusal(f"expected {name} to be a tensor or a fixed number, got {value.type} found at run time")
    return value


def int_arg(op: AtenOp, name: str) -> int:
    """An argument that is an integer known while compiling."""
    value = op.arg(name)
    if isinstance(value, SSAValue):
        raise Refusal(f"{name} is computed while the model runs")
    if not isinstance(value, int):
        raise Refusal(f"expected {name} to be an integer, got {value}")
    return value


def float_arg(op: AtenOp, name: str, default: float | None = None) -> float:
    """An argument that is a number known while compiling; `default` where it is None."""
    value = op.arg(name)
    if isinstance(value, SSAValue):
        raise Refusal(f"{name} is computed while the model runs")
    if value is None and default is not None:
        return default
    if not isinstance(value, int | float):
        raise Refusal(f"expected {name} to be a number, got {value}")
    return float(value)


def int_list(op: AtenOp, name: str, count: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
    """An argument of `count` integers: one integer stands for all, an empty list for `default`."""
    value: Any = op.arg(name)
    if value is None:
        return default
    values = cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,)
    if any(isinstance(item, SSAValue) for item in values):
        raise Refusal(f"{name} is computed while the model runs")
    if not values:
        return default
    if len(values) == 1:
        values *= count
    if len(values) != count:
        raise Refusal(f"expected {count} numbers in {name}, got {list(values)}")
    return tuple(int(item) for item in values)


def axis_arg(op: AtenOp, name: str, rank: int) -> int:
    """An argument that is a dimension, counted from the front."""
    return _axis(int_arg(op, name), name, rank)


def axes_arg(op: AtenOp, name: str, rank: int) -> tuple[int, ...]:
    """An argument that is a set of dimensions, sorted; all of them when it is None or empty."""
    value: Any = op.arg(name)
    if value is None or value == ():
        return tuple(range(rank))
    values = (value,) if isinstance(value, int) else tuple(value)
    if not all(isinstance(axis, int) for axis in values):
        raise Refusal(f"expected {name} to be integers known while compiling, got {values}")
    return tuple(sorted(_axis(axis, name, rank) for axis in values))


def _axis(axis: int, name: str, rank: int) -> int:
    # A number is a tensor with one dimension here, as in PyTorch.
    size = max(rank, 1)
    if not -size <= axis < size:
        raise Refusal(f"expected {name} to be between {-size} and {size - 1}, got {axis}")
    return axis + rank if axis < 0 else axis


def static_sizes(value: SSAValue, axes: tuple[int, ...], what: str) -> tuple[int, ...]:
    """The sizes of `value` in `axes`. Raises `Refusal` when one is only known at run time."""
    sizes = tuple(shape_of(value)[axis] for axis in axes)
    if DYNAMIC_INDEX in sizes:
        raise Refusal(f"{what} needs sizes that are known while compiling, got {value.type}")
    return sizes


def require_same_dtype(op: AtenOp, value: SSAValue) -> None:
    """Refuse an op that also changes the element type."""
    if element_type_of(value) != element_type_of(op.results[0]):
        raise Refusal(
            f"expected a result of the element type of the operand, {element_type_of(value)}, "
            f"got {element_type_of(op.results[0])}"
        )
