"""The table of kernels says what the registries of the runtimes say."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from xnnir import dialects
from xnnir.dialects.aten import op_class
from xnnir.dialects.aten.kernels import Kernel, find_kernel, kernels
from xnnir.dialects.aten.operator import class_schema
from xnnir.dialects.qdq import qdq_classes
from xnnir.testing.zoo import quiet

ONLY_STOCK: set[str] = {"aten::_fft_c2r.out", "aten::_fft_r2c.out", "aten::view_as_real_copy.out"}
"""Kernels that ExecuTorch's runtime has and this one lacks: of complex numbers."""


def _table() -> set[Kernel]:
    return set(kernels().values())


def test_executorch_has_the_kernels_that_are_not_marked() -> None:
    with quiet():
        import_module("executorch.kernels.quantized")  # registers them
        from executorch.runtime import Runtime
    registered = set(Runtime.get().operator_registry.operator_names)
    assert {kernel.operator for kernel in _table() if kernel.is_stock} <= registered
    assert not {kernel.operator for kernel in _table() if not kernel.is_stock} & registered


def test_this_runtime_has_all_kernels() -> None:
    from xnnir.runtime import Runtime

    missing = {kernel.operator for kernel in _table()} - Runtime.get().operator_registry.operator_names
    assert missing == ONLY_STOCK


def test_the_table_is_that_of_the_installed_runtimes() -> None:
    from xnnir.frontend.generate_kernel_schemas import kernel_lines

    file = Path(dialects.__file__).parent / "aten" / "kernels.txt"
    assert file.read_text().splitlines() == kernel_lines(), "run xnnir.frontend.generate_kernel_schemas"


def test_overloads_have_the_arguments_of_their_kernels() -> None:
    """By name, by position, or by a default of the kernel; results are out tensors."""
    classes = qdq_classes()
    for overload, found in kernels().items():
        kernel, schema = found.schema, class_schema(classes.get(overload) or op_class(overload))
        outs = [argument for argument in kernel.arguments if argument.type.is_written]
        assert [out.type.is_list for out in outs] == [type_.is_list for type_ in schema.returns], overload
        for position, argument in enumerate(kernel.arguments):
            is_input = not argument.type.is_written and not argument.has_default
            if is_input and argument.name not in schema.positions:
                assert schema.arguments[position].type.is_list == argument.type.is_list, overload


def test_kernels_of_ours_are_for_ours() -> None:
    assert find_kernel("aten.silu", only_stock=True) is None
    ours = find_kernel("aten.silu", only_stock=False)
    assert ours is not None and ours.operator == "aten::silu.out"
    assert find_kernel("aten.no_such_operator", only_stock=False) is None
