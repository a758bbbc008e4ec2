"""
Weights stay outside the IR.

An attribute names a weight by the hash of its bytes, and a `WeightStore` held by the `xnn` dialect of a context keeps
the bytes:

    %w = xnn.constant #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<16x3x3x3xf32>

Equal bytes are one weight, so CSE of constants is exact; printing and cloning IR costs nothing per weight.
The hash is SHA-256, the one that names weights in a .pte file, so a weight is hashed once on its way from the
model to the file. Small constants of tests are written in place (`dense<[1.0, 2.0]>`).
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects.builtin import (
    AnyDenseElement,
    BFloat16Type,
    DenseIntOrFPElementsAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    Signedness,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from xnnir.errors import XnnirError
from xnnir.files import replacing

Array: TypeAlias = npt.NDArray[Any]

HANDLE_DIGITS = 16
"""Hex digits of a weight's SHA-256 that its name in the IR keeps."""


@irdl_attr_definition
class WeightAttr(ParametrizedAttribute):
    """
    A weight by the hash of its bytes: `#xnn.weight<w9f3c0a1b2c3d4e5f>`.

    The bytes are in the context's `WeightStore`; the type of the value that uses the attribute says what they mean.
    """

    name = "xnn.weight"

    handle: StringAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [StringAttr(parser.parse_identifier(" naming a weight"))]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_resource_handle("xnn", self.handle.data)


@dataclass
class _Entry:
    data: memoryview
    sha256: str | None
    source: str | None
    """`file:path@offset+size` when the bytes are (also) in that file."""


class MissingWeightError(XnnirError):
    """A weight is named in the IR, but its bytes are not in the context's store."""

    def __init__(self, handle: str):
        super().__init__(
            f"the bytes of weight {handle} are not here: the IR was printed without them",
            hint="print it with its weights, or keep the context that made it",
        )
        self.handle = handle


class WeightStore(OpAsmDialectInterface):
    """
    The bytes behind the `#xnn.weight` attributes of one context.

    Bytes are kept by reference: an array given to `add` must not change afterwards. Nothing is copied but what is not
    contiguous.
    """

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, _Entry] = {}

    def __contains__(self, weight: WeightAttr) -> bool:
        return weight.handle.data in self._entries

    def add(self, data: Array | bytes | bytearray | memoryview) -> WeightAttr:
        """
        Keep `data` (an array of any shape and dtype, or raw bytes) and return its name; equal bytes are
        kept once.
        """
        view = _byte_view(data)
        sha256 = hashlib.sha256(view).hexdigest()
        handle = f"w{sha256[:HANDLE_DIGITS]}"
        self._entries.setdefault(handle, _Entry(view, sha256, None))
        return WeightAttr(StringAttr(handle))

    def bytes(self, weight: WeightAttr) -> memoryview:
        """The weight's bytes, read-only. Raises `MissingWeightError`."""
        return self._entry(weight).data

    def sha256(self, weight: WeightAttr) -> str:
        """
        The SHA-256 of the weight's bytes in hex. Raises `MissingWeightError`; `XnnirError` when a file has
        changed.
        """
        entry = self._entry(weight)
        if entry.sha256 is None:
            sha256 = hashlib.sha256(entry.data).hexdigest()
            if not f"w{sha256}".startswith(weight.handle.data):
                where = f" ({entry.source})" if entry.source else ""
                raise XnnirError(
                    f"the bytes of weight {weight.handle.data} are not those it was named for{where}",
                    hint="the file has changed since the IR was written; write both again",
                )
            entry.sha256 = sha256
        return entry.sha256

    def array(self, weight: WeightAttr, type: TensorType[Attribute]) -> Array:
        """
        The weight as a read-only array of the shape and element type of `type` (bf16 as uint16, quantised
        types as their storage, rows of 4-bit types as bytes of two).
        Raises `MissingWeightError`; `XnnirError` when a file has changed; `ValueError` when
        the byte count does not fit.
        """
        dtype = numpy_dtype(type.get_element_type())
        # What is computed from other bytes would get a name of its own, and nobody would notice.
        self.sha256(weight)
        data = self.bytes(weight)
        shape = storage_shape(type)
        expected = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        if len(data) != expected:
            raise ValueError(
                f"weight {weight.handle.data}: expected {expected} bytes for {type}, got {len(data)}"
            )
        return np.frombuffer(data, dtype=dtype).reshape(shape)

    def save(self, path: Path, weights: Iterable[WeightAttr]) -> None:
        """
        Write the bytes of `weights` to the file `path`, each at a multiple of 64; IR printed later refers
        to them there.
        """
        # Weights may be mapped from the very file.
        with replacing(path) as file:
            for weight in dict.fromkeys(weights):
                entry = self._entry(weight)
                _pad(file, 64)
                offset = file.tell()
                file.write(entry.data)
                entry.source = f"file:{path}@{offset}+{len(entry.data)}"

    def _entry(self, weight: WeightAttr) -> _Entry:
        entry = self._entries.get(weight.handle.data)
        if entry is None:
            raise MissingWeightError(weight.handle.data)
        return entry

    # The three calls by which xDSL's printer and parser write and read the `dialect_resources` section.

    def declare_resource(self, key: str) -> str:
        return key

    def parse_resource(self, key: str, val: str) -> None:
        """Take in one entry: `0x...` holds the bytes in hex, `file:path@offset+size` maps them from a file."""
        if val.startswith("0x"):
            self._entries[key] = _Entry(memoryview(bytes.fromhex(val[2:])), None, None)
        elif val.startswith("file:"):
            self._entries[key] = _Entry(_map_file(val), None, val)
        else:
            raise ValueError(f"expected '0x...' or 'file:path@offset+size', got '{val[:40]}'")

    def lookup(self, key: str) -> str | None:
        entry = self._entries.get(key)
        return None if entry is None else entry.source or f"0x{entry.data.hex()}"

    def build_resources(self, keys: Iterable[str]) -> dict[str, str]:
        return {key: value for key in keys if (value := self.lookup(key)) is not None}


def get_weight_store(ctx: Context) -> WeightStore:
    """The store of `ctx`; the `xnn` dialect must be registered in it."""
    store = ctx.get_dialect("xnn").get_interface(WeightStore)
    assert store is not None
    return store


ConstantValue: TypeAlias = WeightAttr | DenseIntOrFPElementsAttr[AnyDenseElement]


def constant_array(value: Attribute, type: TensorType[Attribute], store: WeightStore) -> Array:
    """
    The numbers of a constant op as an array of `type`'s shape, from the store or from the text.

    Raises `MissingWeightError` for a weight that the store lacks.
    """
    if isinstance(value, WeightAttr):
        return store.array(value, type)
    dense = cast(DenseIntOrFPElementsAttr[AnyDenseElement], value)
    dtype = numpy_dtype(type.get_element_type())
    numbers = np.array(dense.get_values())
    if isinstance(type.get_element_type(), BFloat16Type):
        numbers = (numbers.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    shape = type.get_shape()
    if storage_shape(type) != shape:
        # The text has the numbers themselves, -8 to 7.
        from xnnir.dialects.xnn.packing import pack_four_bit

        return pack_four_bit(np.broadcast_to(numbers, shape) if numbers.size == 1 else numbers.reshape(shape))
    # One number may stand for all, and nothing is written for none.
    if numbers.size == 1:
        return np.broadcast_to(numbers.astype(dtype).reshape(()), shape)
    return numbers.astype(dtype).reshape(shape)


def verify_constant(value: Attribute, type: Attribute) -> None:
    """Check that `value` can be the value of a constant op with result `type`; raise `VerifyException` otherwise."""
    if not isa(type, TensorType[Attribute]):
        raise VerifyException(f"expected a tensor type, got {type}")
    if not type.has_static_shape():
        raise VerifyException(f"expected a static shape for a constant, got {type}")
    if isinstance(value, WeightAttr):
        return
    dense = _as_dense(value)
    if dense is None:
        raise VerifyException(f"expected #xnn.weight<...> or dense<...>, got {value}")
    if dense.get_shape() != type.get_shape():
        raise VerifyException(f"expected a value of the shape of {type}, got {dense.type}")


def parse_constant(parser: Parser) -> tuple[Attribute, Attribute]:
    """
    Parse `#xnn.weight<...> : type` or `dense<...> : type`, the latter with a second type where the
    result's differs.
    """
    value = parser.parse_attribute()
    if (dense := _as_dense(value)) is not None:
        has_own_type = parser.parse_optional_punctuation(":") is not None
        return dense, parser.parse_type() if has_own_type else dense.type
    parser.parse_punctuation(":")
    return value, parser.parse_type()


def print_constant(printer: Printer, value: Attribute, type: Attribute) -> None:
    """Print what `parse_constant` reads."""
    printer.print_attribute(value)
    dense = _as_dense(value)
    if dense is None or dense.type != type:
        printer.print_string(" : ")
        printer.print_attribute(type)


def _as_dense(value: Attribute) -> DenseIntOrFPElementsAttr[AnyDenseElement] | None:
    if not isinstance(value, DenseIntOrFPElementsAttr):
        return None
    return cast(DenseIntOrFPElementsAttr[AnyDenseElement], value)


def numpy_dtype(element_type: Attribute) -> np.dtype[Any]:
    """
    The NumPy dtype that stores one element of `element_type`: bf16 is kept as uint16 and 4-bit types as
    packed bytes, for NumPy has neither. Raises `ValueError` for a type without storage.
    """
    match element_type:
        case Float32Type():
            return np.dtype(np.float32)
        case Float16Type():
            return np.dtype(np.float16)
        case Float64Type():
            return np.dtype(np.float64)
        case BFloat16Type():
            return np.dtype(np.uint16)
        case IntegerType():
            width = element_type.width.data
            if width == 1:
                return np.dtype(np.bool_)
            unsigned = element_type.signedness.data == Signedness.UNSIGNED
            return np.dtype(f"{'u' if unsigned else ''}int{width}")
        case _:
            storage = getattr(element_type, "STORAGE_DTYPE", None)
            if storage is None:
                raise ValueError(f"no storage is known for elements of type {element_type}")
            return np.dtype(storage)


def storage_shape(type: TensorType[Attribute]) -> tuple[int, ...]:
    """The shape of the array that stores a constant of `type`: that of the tensor, or less where bytes are shared."""
    shape = type.get_shape()
    per_byte = getattr(type.get_element_type(), "ELEMENTS_PER_BYTE", 1)
    return shape if per_byte == 1 or not shape else (*shape[:-1], -(-shape[-1] // per_byte))


def _byte_view(data: Array | bytes | bytearray | memoryview) -> memoryview:
    if isinstance(data, np.ndarray):
        flat = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        return flat.data.toreadonly()
    return memoryview(data).cast("B").toreadonly()


def _pad(file: IO[bytes], alignment: int) -> None:
    file.write(bytes(-file.tell() % alignment))


def _map_file(source: str) -> memoryview:
    path, _, place = source.removeprefix("file:").rpartition("@")
    offset_text, _, size_text = place.partition("+")
    if not (path and offset_text.isdigit() and size_text.isdigit()):
        raise ValueError(f"expected 'file:path@offset+size', got '{source}'")
    offset, size = int(offset_text), int(size_text)
    try:
        with open(path, "rb") as file:
            available = file.seek(0, 2)
            if offset + size > available:
                raise ValueError(f"{path}: expected {offset + size} bytes, got {available}")
            if size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))[offset : offset + size]
    except OSError as error:
        raise ValueError(f"cannot read weights from {path}: {error.strerror}") from error
