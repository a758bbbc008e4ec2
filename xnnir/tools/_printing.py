"""Writing IR as text: with locations or without, with weights or without."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from math import prod
from pathlib import Path
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, TypedAttribute
from xdsl.printer import Printer

from xnnir.files import replacing

SMALL_CONSTANT = 16
"""Constants of at most this many elements are printed even where weights are not."""


@dataclass(frozen=True)
class PrintOptions:
    """How a module is printed."""

    generic: bool = False
    """In the generic form of ops."""
    properties_as_attributes: bool = False
    debuginfo: bool = False
    """With the location of each op."""
    weights: bool = True
    """With the section that holds the bytes of weights."""
    largest_constant: int | None = None
    """Constants in the text with more elements than this are printed as `dense_resource<__elided__>`."""


@dataclass(eq=False, repr=False)
class ElidingPrinter(Printer):
    """xDSL's printer, which leaves out large constants."""

    largest_constant: int | None = None

    def print_attribute(self, attribute: Attribute) -> None:
        if self._is_too_large(attribute):
            self.print_string("dense_resource<__elided__> : ")
            attribute = cast(TypedAttribute, attribute).get_type()
        super().print_attribute(attribute)

    def _is_too_large(self, attribute: Attribute) -> bool:
        if self.largest_constant is None or not isinstance(attribute, DenseIntOrFPElementsAttr):
            return False
        count = prod(attribute.get_shape())
        data = attribute.data.data
        # A splat prints as one number, however large it is.
        return count > self.largest_constant and data != data[: len(data) // count] * count

    def weight_handles(self) -> Iterable[str]:
        """Names of the weights that were printed."""
        return self._dialect_resources.get("xnn", ())


def module_text(ctx: Context, module: ModuleOp, options: PrintOptions) -> str:
    """`module` as text that ends with a newline."""
    stream = StringIO()
    printer = _print(module, options, stream)
    if options.weights:
        printer.print_metadata(ctx.loaded_dialects)
    return stream.getvalue() + "\n"


def save_module(ctx: Context, module: ModuleOp, path: Path, header: str = "") -> None:
    """
    Write `module` with its locations to `path` so that it can be read back: the bytes of its weights go to
    a file beside it, `<stem>.weights`, to which the text refers.

    `header` is written before it as it is. Raises `OSError`.
    """
    from xnnir.dialects.weights import WeightAttr, get_weight_store

    stream = StringIO()
    printer = _print(module, PrintOptions(debuginfo=True), stream)
    weights = [WeightAttr(StringAttr(handle)) for handle in sorted(printer.weight_handles())]
    if weights:
        store = get_weight_store(ctx)
        store.save(path.with_suffix(".weights").absolute(), [weight for weight in weights if weight in store])
        printer.print_metadata(ctx.loaded_dialects)
    with replacing(path) as file:
        file.write(f"{header}{stream.getvalue()}\n".encode())


def _print(module: ModuleOp, options: PrintOptions, stream: StringIO) -> ElidingPrinter:
    printer = ElidingPrinter(
        stream=stream,
        print_generic_format=options.generic,
        print_properties_as_attributes=options.properties_as_attributes,
        print_debuginfo=options.debuginfo,
        largest_constant=options.largest_constant,
    )
    printer.print_op(module)
    return printer
