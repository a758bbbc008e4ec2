"""
Numeric proof of a lowering: each function runs before and after each pass on the same inputs.

A pass declares how far it may move results (`max_relative_error`, 0 when it does not say: then only the rounding of
sums in another order is let through). The first pass that moves them further is named, with the first op whose result
is not among what was computed at its place in the model before. Results are compared as collections of numbers, so that
a layout, which permutes them, is no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    NoneType,
    StringAttr,
    TensorType,
    i1,
)
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass
from xdsl.utils.hints import isa

from xnnir.dialects import rt
from xnnir.dialects.aten import DTYPES
from xnnir.dialects.xnn.base import ints
from xnnir.dialects.xnn.dims import dims_of
from xnnir.errors import XnnirError, format_location
from xnnir.interpreter.functions import Outcome, run_function
from xnnir.interpreter.methods import run_method

Number: TypeAlias = IntegerAttr | FloatAttr

ROUNDING = 2e-6
"""Relative difference that float32 sums in another order make; what every pass may do."""

HALF_ROUNDING = 2e-2
"""The same where a function has float16 or bfloat16 tensors: each level rounds between ops at places of its own."""

_LARGEST_RANDOM_DIM = 16
_LARGEST_RANDOM_INTEGER = 2


@dataclass
class _Snapshot:
    """What one function did."""

    outcome: Outcome
    trace: list[tuple[str, str, list[Any]]]
    """Op, place in the model, results; in the order of execution."""


@dataclass
class NumericProof:
    """
    An observer of passes (`xnnir.pipelines.run`) that raises `XnnirError` at the first one that changes the numbers.

    It keeps every intermediate result of one stage, and takes one run of the model per pass in PyTorch.

    ctx:
        Holds the weights.
    inputs:
        Inputs by function: tensors of logical sizes, and numbers. Functions without any are given random ones.
    """

    ctx: Context
    inputs: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])
    _before: dict[str, _Snapshot] = field(default_factory=dict[str, "_Snapshot"])
    _physical: bool = False
    _made: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])

    def __call__(self, previous: ModulePass | None, module: ModuleOp, current: ModulePass | None) -> None:
        if previous is not None and getattr(previous, "makes_layout_physical", False):
            self._physical = True
        now = {name: self._run(name, op) for name, op in _functions(module)}
        if previous is not None:
            for name, after in now.items():
                if name in self._before:
                    _compare(previous, name, self._before[name], after)
        self._before = now

    def _run(self, name: str, op: func.FuncOp | rt.MethodOp) -> _Snapshot:
        trace: list[tuple[str, str, list[Any]]] = []

        def observe(op: Operation, results: Sequence[Any]) -> None:
            trace.append((op.name, format_location(op.location), list(results)))

        try:
            if isinstance(op, rt.MethodOp):
                outcome = run_method(op, self._inputs_of(name, op), self.ctx, observe)
            else:
                inputs = self._inputs_of(name, op)
                outcome = run_function(op, _as_arguments(op, inputs, self._physical), self.ctx, observe)
                outcome.outputs = _as_results(op, outcome.outputs, self._physical)
        except NotImplementedError as error:
            raise XnnirError(f"cannot verify the numbers of @{name}: {error}") from error
        return _Snapshot(outcome, trace)

    def _inputs_of(self, name: str, op: func.FuncOp | rt.MethodOp) -> list[Any]:
        if name not in self._made:
            given = self.inputs.get(name)
            if given is None and isinstance(op, rt.MethodOp):
                given = [_random(slot.type, index, {}) for index, slot in enumerate(op.inputs)]
            elif given is None and isinstance(op, func.FuncOp):
                given = random_inputs(op, self._physical)
            self._made[name] = list(given or ())
        return self._made[name]


def random_inputs(function: func.FuncOp, physical: bool = False) -> list[Any]:
    """
    Inputs of logical sizes for a function: normal floats, small integers, numbers as they were exported.

    Dynamic sizes are at most 16, equal where their expressions are. Raises `XnnirError` for arguments of other kinds.
    """
    sizes: dict[str, int] = {}
    made: list[Any] = []
    for index, argument in enumerate(function.body.block.args):
        attributes: Mapping[str, Attribute] = (
            {} if function.arg_attrs is None else function.arg_attrs.data[index].data
        )
        number = attributes.get("xnn.constant")
        if isinstance(argument.type, NoneType):
            made.append(None)
        elif isa(number, Number):
            made.append(bool(number.value.data) if number.type == i1 else number.value.data)
        elif isa(argument.type, TensorType[Attribute]):
            tensor = _random(argument.type, index, sizes)
            order = attributes.get("xnn.dim_order")
            if physical and isa(order, DenseArrayBase):
                places = ints(order)
                tensor = tensor.permute([places.index(dim) for dim in range(len(places))])
            made.append(tensor)
        else:
            symbol = attributes.get("xnn.symbol")
            name = symbol.data if isinstance(symbol, StringAttr) else ""
            made.append(sizes.setdefault(name, _LARGEST_RANDOM_DIM))
    return made


def _random(type: Attribute, seed: int, sizes: dict[str, int]) -> Any:
    if not isa(type, TensorType[Attribute]):
        raise XnnirError(f"expected inputs that are tensors to verify numbers, got {type}")
    shape: list[int] = []
    for dim in dims_of(type):
        bound = dim.upper_bound
        most = _LARGEST_RANDOM_DIM if bound is None else min(bound, _LARGEST_RANDOM_DIM)
        shape.append(
            int(dim.expression.data) if dim.is_static else sizes.setdefault(dim.expression.data, most)
        )
    dtype: torch.dtype = getattr(torch, DTYPES[type.get_element_type()])
    generator = torch.Generator().manual_seed(seed)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(dtype)
    return torch.randint(0, _LARGEST_RANDOM_INTEGER, shape, generator=generator).to(dtype)


def _functions(module: ModuleOp) -> list[tuple[str, func.FuncOp | rt.MethodOp]]:
    return [
        (op.sym_name.data, op)
        for op in module.ops
        if isinstance(op, rt.MethodOp) or (isinstance(op, func.FuncOp) and op.body.blocks)
    ]


def _orders(attributes: ArrayAttr[DictionaryAttr] | None, count: int) -> list[Sequence[int] | None]:
    if attributes is None:
        return [None] * count
    found = [entry.data.get("xnn.dim_order") for entry in attributes]
    return [ints(order) if isa(order, DenseArrayBase) else None for order in found]


def _as_arguments(function: func.FuncOp, inputs: Sequence[Any], physical: bool) -> list[Any]:
    orders = _orders(function.arg_attrs, len(inputs))
    return [
        value.permute(order) if physical and order is not None else value
        for value, order in zip(inputs, orders, strict=True)
    ]


def _as_results(function: func.FuncOp, outputs: Sequence[Any], physical: bool) -> list[Any]:
    orders = _orders(function.res_attrs, len(outputs))
    return [
        value.permute([order.index(dim) for dim in range(len(order))])
        if physical and order is not None
        else value
        for value, order in zip(outputs, orders, strict=True)
    ]


def _compare(current: ModulePass, name: str, before: _Snapshot, after: _Snapshot) -> None:
    declared: float = getattr(current, "max_relative_error", 0.0)
    allowed = max(declared, HALF_ROUNDING if _has_halves(before) or _has_halves(after) else ROUNDING)
    pairs = [
        (f"output {index}", old, new)
        for index, (old, new) in enumerate(zip(before.outcome.outputs, after.outcome.outputs, strict=True))
    ]
    pairs += [
        (f'buffer "{key}"', before.outcome.assigned[key], after.outcome.assigned[key])
        for key in before.outcome.assigned.keys() & after.outcome.assigned.keys()
    ]
    for what, old, new in pairs:
        difference = _difference(old, new)
        if difference <= allowed:
            continue
        culprit = _first_that_differs(before, after, allowed)
        raise XnnirError(
            f"pass {current.name} changes {what} of @{name} by {difference:.1e} relative to its largest number, "
            f"and declares at most {declared:.1e}{culprit}",
            hint="a fault of the pass, not of the model; xnn-opt --print-ir-before and --print-ir-after show it",
        )


def _has_halves(snapshot: _Snapshot) -> bool:
    return any(
        isinstance(value, torch.Tensor) and value.dtype in (torch.float16, torch.bfloat16)
        for _, _, values in snapshot.trace
        for value in values
    )


def _difference(old: Any, new: Any) -> float:
    """Largest difference relative to the largest number; infinite for other shapes, and where one side has a NaN."""
    if not isinstance(old, torch.Tensor) or not isinstance(new, torch.Tensor):
        return 0.0 if old == new else float("inf")
    return float("inf") if old.shape != new.shape else _relative(old, new)


def _relative(old: torch.Tensor, new: torch.Tensor) -> float:
    if old.numel() == 0:
        return 0.0
    a, b = old.double().reshape(-1), new.double().reshape(-1)
    same = (a == b) | (a.isnan() & b.isnan())
    difference = torch.where(same, 0.0, (a - b).abs())
    finite = a[a.isfinite()]
    scale = float(finite.abs().max()) if finite.numel() else 1.0
    largest = float(difference.max())
    return float("inf") if largest != largest else largest / (scale or 1.0)


def _first_that_differs(before: _Snapshot, after: _Snapshot, allowed: float) -> str:
    """The first op after the pass whose results are none of those at the same place of the model before it."""
    places: dict[tuple[str, int], list[torch.Tensor]] = {}
    for _, place, values in before.trace:
        for value in values:
            if isinstance(value, torch.Tensor):
                places.setdefault((place, value.numel()), []).append(value)
    for op, place, values in after.trace:
        for value in values:
            candidates = places.get((place, value.numel())) if isinstance(value, torch.Tensor) else None
            if not candidates:
                continue
            difference = min(_relative(_sorted(old), _sorted(value)) for old in candidates)
            if difference > allowed:
                where = f" at {place}" if place else ""
                return f"; the first op that differs is {op}{where}, by {difference:.1e}"
    return ""


def _sorted(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.double().reshape(-1).sort().values
