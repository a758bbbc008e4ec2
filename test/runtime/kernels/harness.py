"""
Runs one kernel at a time, by its operator's schema: builds a method of one instruction, writes it as a `.pte` file and
executes that with this runtime, or with ExecuTorch's. Eager PyTorch says what has to come out.

    check_kernel("aten::add.out", torch.ones(2, 3), torch.ones(3), alpha=2)
    (y,) = run_kernel("aten::exp.out", x, out=[Out(torch.float32, [2, 3])])

Strategies for shapes, tensors and whole calls are in `strategies.py`.
"""

# The executorch package has no stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportPrivateUsage=false

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Block, Region, SSAValue

from xnnir.context import make_context
from xnnir.dialects import rt
from xnnir.emit import write_program
from xnnir.emit.scalar_types import element_type
from xnnir.runtime import Runtime, StatusError

SCALAR_NUMBERS = {
    torch.uint8: 0,
    torch.int8: 1,
    torch.int16: 2,
    torch.int32: 3,
    torch.int64: 4,
    torch.float16: 5,
    torch.float32: 6,
    torch.float64: 7,
    torch.bool: 11,
    torch.bfloat16: 15,
    torch.uint16: 27,
    torch.uint32: 28,
    torch.uint64: 29,
}
"""PyTorch's numbers of its dtypes."""

MEMORY_FORMAT_NUMBERS = {
    torch.contiguous_format: 0,
    torch.preserve_format: 1,
    torch.channels_last: 2,
    torch.channels_last_3d: 3,
}


@dataclass(frozen=True)
class Out:
    """A tensor that a kernel writes. Where it is `dynamic`, `sizes` are upper bounds."""

    dtype: torch.dtype
    sizes: Sequence[int]
    dynamic: bool = False
    dim_order: Sequence[int] | None = None


@dataclass(frozen=True)
class Bounded:
    """An input whose sizes are below those that the program was planned for."""

    tensor: torch.Tensor
    bounds: Sequence[int]


ResultKind = Out | type[int] | type[float] | type[bool]
"""What a kernel gives: a tensor, or for primitive operators a number."""


@functools.cache
def schemas() -> dict[str, Any]:
    """All schemas that PyTorch has, by the name that a program has for them: "aten::add.out"."""
    return {_full_name(schema): schema for schema in torch._C._jit_get_all_schemas()}


def _full_name(schema: Any) -> str:
    return f"{schema.name}.{schema.overload_name}" if schema.overload_name else schema.name


def dim_order_of(tensor: torch.Tensor) -> list[int]:
    """The dimensions from outermost to innermost in memory; those of size 1 stay where they can."""
    if tensor.is_contiguous():
        return list(range(tensor.dim()))
    return sorted(range(tensor.dim()), key=lambda dim: (-tensor.stride(dim), dim))


def run_kernel(
    operator: str,
    *args: Any,
    out: Sequence[ResultKind] = (),
    stock: bool = False,
    num_threads: int = 1,
    **kwargs: Any,
) -> list[Any]:
    """
    The results of one call of a kernel, in order.

    Arguments are those of the operator's schema without the out tensors; the ones that are left out have their
    default. Without a schema in PyTorch they are all positional. Tensors are inputs of the method; dtypes, memory
    formats, numbers, None and lists stand as values in it. `out` says what the kernel writes; an operator that changes
    an argument (`aten::copy_`) has none, and gives that argument as it is then.

    With `stock` ExecuTorch's own runtime runs the same file. Raises StatusError (with `stock`, RuntimeError) when the
    runtime refuses the call.
    """
    program, inputs = write_call(operator, args, out, kwargs)
    if stock:
        from executorch.runtime import Runtime as StockRuntime

        return list(StockRuntime.get().load_program(program).load_method("forward").execute(inputs))  # pyright: ignore
    return Runtime.get().load_program(program, num_threads=num_threads).load_method("forward").execute(inputs)


def write_call(
    operator: str, args: Sequence[Any], out: Sequence[ResultKind], kwargs: dict[str, Any]
) -> tuple[bytes, list[torch.Tensor]]:
    """The `.pte` file of one call, and the inputs of its method."""
    builder = _MethodBuilder()
    operands: list[SSAValue] = []
    results = [builder.result(kind) for kind in out]
    if (schema := schemas().get(operator)) is None:
        operands = [builder.argument(value, None) for value in args] + results
    else:
        # A list of outs is one argument; several outs are as many.
        is_list = any(argument.is_out and "List" in str(argument.type) for argument in schema.arguments)
        outs = iter([builder.add(rt.TensorListOp(results))] if is_list else results)
        for argument, value in bind(schema, args, kwargs):
            if argument.is_out:
                operands.append(next(outs))
            elif argument.alias_info is not None and argument.alias_info.is_write:
                operands.append(builder.input(value, planned=True))
                results.append(operands[-1])
            else:
                operands.append(builder.argument(value, str(argument.type)))
        if is_list:
            operands.append(operands[-1])
            return builder.finish(operator, operands, results)
    # Several results come back as a list, as ExecuTorch's emitter has it.
    operands.append(results[0] if len(results) == 1 else builder.add(rt.TensorListOp(results)))
    if schema is None and len(results) == 1 and not isinstance(out[0], Out):
        operands.pop()  # primitive operators name their result once
    return builder.finish(operator, operands, results)


def bind(schema: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Each argument of `schema` with its value: given by place or name, or its default. Outs have None."""
    bound: list[tuple[Any, Any]] = []
    left = dict(kwargs)
    for index, argument in enumerate(schema.arguments):
        if argument.is_out:
            bound.append((argument, None))
        elif index < len(args):
            bound.append((argument, args[index]))
        elif argument.name in left:
            bound.append((argument, left.pop(argument.name)))
        elif argument.has_default_value():
            bound.append((argument, argument.default_value))
        else:
            raise TypeError(f"{_full_name(schema)} needs {argument.name}")
    if left:
        raise TypeError(f"{_full_name(schema)} has no {', '.join(left)}")
    return bound


class _MethodBuilder:
    """Slots of a method; tensors that are written lie one behind the other in an arena."""

    def __init__(self) -> None:
        self.block = Block()
        self.inputs: list[SSAValue] = []
        self.tensors: list[torch.Tensor] = []
        self.arena = 0

    def add(self, slot: rt.SlotOp) -> SSAValue:
        self.block.add_op(slot)
        return slot.value

    def place(self, type: TensorType[Any]) -> dict[str, Any]:
        offset = self.arena
        self.arena += (rt.tensor_bytes(type) + 15) // 16 * 16
        return {"arena": 1, "offset": offset}

    def result(self, kind: ResultKind) -> SSAValue:
        if kind is int:
            return self.add(rt.IntOp(0))
        if kind is float:
            return self.add(rt.DoubleOp(0.0))
        if kind is bool:
            return self.add(rt.BoolOp(False))
        assert isinstance(kind, Out)
        type = _tensor_type(kind.dtype, kind.sizes)
        dynamism = "bound" if kind.dynamic else None
        return self.add(rt.TensorOp(type, dynamism=dynamism, dim_order=kind.dim_order, **self.place(type)))

    def input(self, value: torch.Tensor | Bounded, *, planned: bool = False) -> SSAValue:
        tensor, bounds = (value.tensor, value.bounds) if isinstance(value, Bounded) else (value, value.shape)
        order = dim_order_of(tensor)
        type = _tensor_type(tensor.dtype, bounds)
        slot = rt.TensorOp(
            type,
            dynamism="bound" if isinstance(value, Bounded) else None,
            dim_order=None if order == list(range(tensor.dim())) else order,
            **(self.place(type) if planned else {}),
        )
        self.inputs.append(self.add(slot))
        self.tensors.append(tensor)
        return slot.value

    def argument(self, value: Any, type: str | None) -> SSAValue:
        """The slot of a value. `type` is the schema's ("Optional[List[int]]"); None takes the value's own."""
        match value:
            case None:
                return self.add(rt.NullOp())
            case torch.Tensor() | Bounded():
                return self.input(value)
            case torch.dtype():
                return self.add(rt.IntOp(SCALAR_NUMBERS[value]))
            case torch.memory_format():
                return self.add(rt.IntOp(MEMORY_FORMAT_NUMBERS[value]))
            case torch.layout():
                return self.add(rt.IntOp(0))
            case torch.device():
                return self.add(rt.NullOp())
            case str():
                return self.add(rt.StringOp(value))
            case list() | tuple():
                return self.list(list(value), type)
            case _:
                return self.number(value, type)

    def number(self, value: Any, type: str | None) -> SSAValue:
        if type is not None and "float" in type:
            return self.add(rt.DoubleOp(float(value)))
        if isinstance(value, bool):
            return self.add(rt.BoolOp(value))
        return self.add(rt.DoubleOp(value) if isinstance(value, float) else rt.IntOp(int(value)))

    def list(self, values: list[Any], type: str | None) -> SSAValue:
        if type is not None:
            is_tensors, is_optional = "Tensor" in type, "List[Optional[Tensor]]" in type
            is_bools, is_floats = "bool" in type, "float" in type
        else:
            is_tensors = any(isinstance(value, torch.Tensor | Bounded) for value in values)
            is_optional = is_tensors and None in [None if value is None else 0 for value in values]
            is_bools = bool(values) and all(isinstance(value, bool) for value in values)
            is_floats = any(isinstance(value, float) for value in values)
        if is_optional:
            items = [None if value is None else self.input(value) for value in values]
            return self.add(rt.OptionalTensorListOp(items))
        if is_tensors:
            return self.add(rt.TensorListOp([self.input(value) for value in values]))
        if is_bools:
            return self.add(rt.BoolListOp(values))
        if is_floats:
            return self.add(rt.DoubleListOp([float(value) for value in values]))
        return self.add(rt.IntListOp([self.add(rt.IntOp(int(value))) for value in values]))

    def finish(
        self, operator: str, operands: list[SSAValue], results: list[SSAValue]
    ) -> tuple[bytes, list[torch.Tensor]]:
        if not self.tensors:
            # Outputs are torch's tensors only where an input is one.
            self.input(torch.zeros(1))
        self.block.add_ops(
            [rt.InputsOp(self.inputs), rt.KernelCallOp(operator, operands), rt.ReturnOp(results)]
        )
        method = rt.MethodOp("forward", Region([self.block]), arenas=[self.arena])
        return write_program(ModuleOp([method]), _context()).buffer, self.tensors


@functools.cache
def _context() -> Any:
    return make_context()


@functools.cache
def _element_type(dtype: torch.dtype) -> Any:
    return element_type(SCALAR_NUMBERS[dtype], "a test")


def _tensor_type(dtype: torch.dtype, sizes: Sequence[int]) -> TensorType[Any]:
    return TensorType(_element_type(dtype), list(sizes))


@functools.cache
def torch_function(operator: str) -> Callable[..., Any]:
    """
    The overload that takes the arguments of `operator` and returns its results: aten.add.Tensor for "aten::add.out".
    An operator that writes no out is its own. Raises LookupError when PyTorch has none.
    """
    wanted = schemas()[operator]
    name = wanted.name
    taken = [(argument.name, str(argument.type)) for argument in wanted.arguments if not argument.is_out]
    if len(taken) == len(wanted.arguments):
        return _overload(wanted)
    for schema in schemas().values():
        own = [(argument.name, str(argument.type)) for argument in schema.arguments]
        # Factory functions take a dtype, a layout and a device, where out tensors have them.
        extra = {"dtype", "layout", "device", "pin_memory"} - {name for name, _ in taken}
        if schema.name == name and [item for item in own if item[0] not in extra] == taken:
            return _overload(schema)
    raise LookupError(f"PyTorch has no overload that returns what {operator} writes")


def _overload(schema: Any) -> Callable[..., Any]:
    namespace, _, name = schema.name.partition("::")
    packet = getattr(getattr(torch.ops, namespace), name)
    return getattr(packet, schema.overload_name or "default")


def expected(operator: str, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
    """What eager PyTorch gives for a call; tensors that it changes are copied before. Raises what PyTorch raises."""
    function = torch_function(operator)
    changes = [
        argument.name
        for argument in schemas()[operator].arguments
        if argument.alias_info is not None and argument.alias_info.is_write and not argument.is_out
    ]
    plain = [value.tensor if isinstance(value, Bounded) else value for value in args]
    if changes:
        plain = [value.clone() if isinstance(value, torch.Tensor) else value for value in plain]
    named = {name: value.tensor if isinstance(value, Bounded) else value for name, value in kwargs.items()}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        result = function(*plain, **named)
    return list(result) if isinstance(result, list | tuple) else [result]


def out_like(tensor: torch.Tensor, dtype: torch.dtype | None = None, slack: int = 0) -> Out:
    """An out for the numbers in `tensor`, planned `slack` larger in each dimension."""
    order = dim_order_of(tensor)
    return Out(
        dtype or tensor.dtype,
        [size + slack for size in tensor.shape],
        dynamic=slack > 0,
        dim_order=None if order == list(range(tensor.dim())) else order,
    )


def with_slack(value: Any, slack: int) -> Any:
    """A tensor argument as an input that was planned `slack` larger in each dimension; others as they are."""
    if isinstance(value, torch.Tensor) and slack > 0:
        return Bounded(value, [size + slack for size in value.shape])
    return value


def assert_results(
    got: Sequence[Any], wanted: Sequence[Any], *, rtol: float | None = None, atol: float | None = None
) -> None:
    """Asserts that results have equal dtypes and shapes, and numbers within tolerances."""
    assert len(got) == len(wanted)
    for result, want in zip(got, wanted, strict=True):
        if isinstance(want, torch.Tensor):
            torch.testing.assert_close(result, want, equal_nan=True, check_stride=False, rtol=rtol, atol=atol)
        else:
            assert type(result) is type(want)
            assert result == want or (result != result and want != want)


def check_kernel(
    operator: str,
    *args: Any,
    out_dtype: torch.dtype | None = None,
    slack: int = 0,
    stock: bool = False,
    num_threads: int = 1,
    rtol: float | None = None,
    atol: float | None = None,
    **kwargs: Any,
) -> bool:
    """
    Asserts that the kernel gives what eager PyTorch gives. True when it was compared; False when PyTorch refuses the
    call, which the kernel then may refuse or not, but has to survive.

    `out_dtype` makes the outs of another dtype, to which PyTorch's results are cast. `slack` plans tensors larger than
    they are. `stock` asks ExecuTorch's runtime instead. Tolerances are those of torch.testing for the dtype.
    """
    try:
        wanted = expected(operator, args, kwargs)
    except (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError):
        tensors = [value for value in args if isinstance(value, torch.Tensor)]
        guess = out_like(tensors[0], out_dtype) if tensors else Out(out_dtype or torch.float32, [1])
        count = sum(argument.is_out for argument in schemas()[operator].arguments)
        if not stock:
            try:
                run_kernel(operator, *args, out=[guess] * count, **kwargs)
            except StatusError:
                pass
        return False
    writes_out = any(argument.is_out for argument in schemas()[operator].arguments)
    out: list[ResultKind] = []
    if writes_out:
        out = [out_like(tensor, out_dtype, slack) for tensor in wanted]
        wanted = [tensor.to(out_dtype or tensor.dtype) for tensor in wanted]
    given = [with_slack(value, slack) for value in args]
    named = {name: with_slack(value, slack) for name, value in kwargs.items()}
    got = run_kernel(operator, *given, out=out, stock=stock, num_threads=num_threads, **named)
    assert_results(got, wanted, rtol=rtol, atol=atol)
    return True
