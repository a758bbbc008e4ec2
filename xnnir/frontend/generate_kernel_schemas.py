# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""
Writes `dialects/aten/kernels.txt`, the kernels that a runtime has for what runs outside the delegates, and the
operators of the `aten` dialect that each stands for:

    python -m xnnir.frontend.generate_kernel_schemas dialects/aten/kernels.txt

One kernel a line: its schema as torch prints it, and after `#` the overloads that are calls of it. `[xnnir]` marks the
kernels that this runtime has and ExecuTorch's lacks. Overloads are of `aten`, or of `qdq` where that is said:

    aten::add.out(Tensor self, Tensor other, *, Scalar alpha=1, Tensor(a!) out) -> Tensor(a!)  # add.Tensor
    aten::silu.out(Tensor self, *, Tensor(a!) out) -> Tensor(a!)  # silu [xnnir]
    quantized_decomposed::embedding_byte.out(Tensor weight, ...) -> Tensor(a!)  # qdq.embedding_byte

The calls that quantise have their out-variants from `dialects/qdq/schemas.txt`, under the names that ExecuTorch has for
them (kernels/quantized/quantized.yaml there), and the name of the op of the `qdq` dialect behind `#`.

The names come from the registries of both runtimes. An overload is a call of a kernel when it has the kernel's
arguments, and besides them only what an out tensor says by itself (its dtype, its device); a view is a call of its
copying form. Kernels that no overload stands for are left out.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from xnnir.dialects import qdq
from xnnir.dialects.aten import Schema, SchemaType, op_classes, parse_schema
from xnnir.dialects.aten.operator import class_schema
from xnnir.testing.zoo import quiet

_SAID_BY_OUT = frozenset(("dtype", "layout", "device", "pin_memory", "memory_format"))

_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "aten::arange.start_out": ("arange.start_step",),
    "aten::clone.out": ("contiguous",),
    "aten::index_put.out": ("_unsafe_index_put",),
    "aten::index.Tensor_out": ("_unsafe_index.Tensor",),
    "aten::_to_copy.out": ("to.device", "to.dtype", "to.dtype_layout", "type_as"),
    "aten::view_copy.out": ("_unsafe_view", "reshape"),
}
"""Overloads with other names than their kernel. They have its arguments, by name or by position, and maybe more."""


def _registered(name: str) -> set[str]:
    """The operators that the runtime in the package `name` has kernels for."""
    with quiet():
        if name == "executorch":
            import_module("executorch.kernels.quantized")  # registers them
            from executorch.runtime import Runtime
        else:
            from xnnir.runtime import Runtime
    return set(Runtime.get().operator_registry.operator_names)


def kernel_lines() -> list[str]:
    """The lines of the file, sorted, for the runtimes that are installed."""
    stock, ours = _registered("executorch"), _registered("xnnir")
    schemas: list[Any] = torch._C._jit_get_all_schemas()  # pyright: ignore[reportPrivateUsage]
    texts = {f"{schema.name}.{schema.overload_name}".removesuffix("."): str(schema) for schema in schemas}
    functional = {name.removeprefix("aten."): class_schema(op) for name, op in op_classes().items()}
    # Where several kernels will do, that which leaves the fewest arguments out is meant.
    chosen: dict[str, tuple[int, str]] = {}
    for operator in sorted((stock | ours) & texts.keys()):
        kernel = parse_schema(texts[operator])
        for call in _calls_of(operator, kernel, functional):
            chosen[call] = max(chosen.get(call, (0, "")), (len(kernel.arguments), operator))
    for name, operator, text in _quantising_kernels(stock | ours):
        chosen[name], texts[operator] = (0, operator), text
    calls: defaultdict[str, list[str]] = defaultdict(list)
    for call, (_, operator) in sorted(chosen.items()):
        calls[operator].append(call)
    return [
        f"{texts[operator]}  # {', '.join(names)}{'' if operator in stock else ' [xnnir]'}"
        for operator, names in sorted(calls.items())
    ]


def _quantising_kernels(registered: set[str]) -> Iterable[tuple[str, str, str]]:
    """For each call of `qdq` the name of its op, and the name and the schema of its out-variant, if one is there."""
    for line in (Path(qdq.__file__).parent / "schemas.txt").read_text().splitlines():
        name, _, rest = line.partition("(")
        base, _, overload = name.partition(".")
        arguments, _, returns = rest.rpartition(") -> ")
        suffixes = (f"{overload}_out", f"{overload.capitalize()}_out") if overload else ("out",)
        operator = next((f"{base}.{suffix}" for suffix in suffixes if f"{base}.{suffix}" in registered), None)
        if operator is None:
            continue
        outs = (
            ("Tensor(a!) out",)
            if returns == "Tensor"
            else ("Tensor(a!) scale_out", "Tensor(b!) zero_point_out")
        )
        results = ", ".join(out.rpartition(" ")[0] for out in outs)
        keywords = "" if "*, " in arguments else "*, "
        returned = results if len(outs) == 1 else f"({results})"
        text = f"{operator}({arguments}, {keywords}{', '.join(outs)}) -> {returned}"
        yield f"qdq.{name.partition('::')[2]}", operator, text


def _calls_of(operator: str, kernel: Schema, functional: Mapping[str, Schema]) -> Iterable[str]:
    # Numbers that kernels return are no out tensors, and are lowered by themselves.
    if not operator.startswith("aten::") or "backward" in operator or not kernel.is_mutable:
        return ()
    names = {kernel.name, kernel.name.removesuffix("_copy")}
    found = [
        name for name, schema in functional.items() if schema.name in names and _is_call_of(schema, kernel)
    ]
    return [*found, *_OTHER_NAMES.get(operator, ())]


def _is_call_of(schema: Schema, kernel: Schema) -> bool:
    needed = {
        argument.name: _shape(argument.type) for argument in kernel.arguments if not argument.type.is_written
    }
    given = {argument.name: _shape(argument.type) for argument in schema.arguments}
    outs = [argument.type for argument in kernel.arguments if argument.type.is_written]
    results_fit = [type_.is_list for type_ in outs] == [type_.is_list for type_ in schema.returns]
    return (
        results_fit
        and given.keys() - needed.keys() <= _SAID_BY_OUT
        and all(given.get(name) == type_ for name, type_ in needed.items())
    )


def _shape(type_: SchemaType) -> str:
    """The type without what does not matter to a call: whether a size may be symbolic, what is aliased."""
    return str(type_).replace("Sym", "").replace("Int", "int")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("\n".join(kernel_lines()) + "\n")
