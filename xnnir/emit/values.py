"""Tensor values of a delegate file: `xnn` tensor types to and from datatypes with quantisation parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, FloatAttr, TensorType, bf16, f16, f32, i32
from xdsl.ir import Attribute

from xnnir.dialects import xnn
from xnnir.dialects.weights import WeightAttr, WeightStore
from xnnir.dialects.xnn.dims import DimAttr, tensor_type, upper_bound_shape
from xnnir.dialects.xnn.packing import from_bfloat16, to_bfloat16
from xnnir.dialects.xnn.types import PerChannelType, PerTensorType, datatype
from xnnir.emit.errors import FormatError
from xnnir.emit.fbs import load_schema
from xnnir.emit.segments import content_key

Table: TypeAlias = dict[str, Any]
AddData: TypeAlias = Callable[[str, memoryview, str], int]
"""Puts bytes under a key, and with their SHA-256, into the constants of the delegate; returns their index."""
GetData: TypeAlias = Callable[[int, str], memoryview]
"""The bytes of constant number n, for the field named second."""

NO_VALUE = 0xFFFFFFFF
FLAG_EXTERNAL_INPUT = 1
FLAG_EXTERNAL_OUTPUT = 2

_DATATYPES = load_schema("xnnpack").enums["XNNDatatype"]
_DATATYPE_NAMES = {number: name.removeprefix("xnn_datatype_") for name, number in _DATATYPES.items()}
_PLAIN_TYPES: dict[str, Attribute] = {"fp32": f32, "fp16": f16, "bf16": bf16, "int32": i32}
_PER_TENSOR: dict[str, type[PerTensorType]] = {
    "qint8": xnn.QInt8Type,
    "quint8": xnn.QUInt8Type,
    "qint32": xnn.QInt32Type,
}
_PER_CHANNEL: dict[str, type[PerChannelType]] = {
    "qcint8": xnn.QCInt8Type,
    "qcint32": xnn.QCInt32Type,
    "qcint4": xnn.QCInt4Type,
}


def physical_dims(type: TensorType[Attribute], where: str) -> tuple[int, ...]:
    """The largest sizes of a value of `type`; a scalar has one of size 1. Raises `FormatError` without a bound."""
    dims = upper_bound_shape(type)
    if dims is None:
        raise FormatError(where, f"expected an upper bound for each dynamic size, got {type}")
    return dims or (1,)


def value_table(type: TensorType[Attribute], dims: Sequence[int], store: WeightStore, add: AddData) -> Table:
    """A `XValue` table of `type`; the caller adds ids, flags and the index of constant data to its tensor value."""
    element_type = type.get_element_type()
    name = datatype(element_type)
    if name is None:
        raise FormatError(str(type), "XNNPACK has no datatype for these elements")
    tensor: Table = {"datatype": _DATATYPES[f"xnn_datatype_{name}"], "num_dims": len(dims), "dims": dims}
    params: tuple[str, Table] | None = None
    match element_type:
        case PerTensorType():
            params = (
                "PerTensorQuant",
                {"scale": element_type.scale.value.data, "zero_point": element_type.zero_point.data},
            )
        case PerChannelType():
            index, count = _add_scales(element_type.scales, np.dtype(np.float32), store, add)
            params = (
                "PerChannelQuant",
                # The empty list is for runtimes that look at it before the index.
                {
                    "scale": [],
                    "channel_dim": element_type.axis.data,
                    "scale_buffer_idx": index,
                    "num_scales": count,
                },
            )
        case xnn.QBInt4Type():
            index, count = _add_scales(element_type.scales, np.dtype(np.uint16), store, add)
            params = (
                "PerChannelGroupQuant",
                {
                    "scale": [],
                    "channel_dim": element_type.axis.data,
                    "group_size": element_type.block_size.data,
                    "scale_buffer_idx": index,
                    "num_scales": count,
                },
            )
        case xnn.QDInt8Type():
            params = ("PerTokenDynamicQuant", {"num_nonbatch_dims": element_type.num_nonbatch_dims.data})
        case _:
            return {"xvalue_union": ("XNNTensorValue", tensor)}
    return {"xvalue_union": ("XNNQuantizedTensorValue", {"tensor_value": tensor, "quant_params": params})}


def tensor_value(value: Table) -> Table:
    """The tensor value inside an `XValue` table that `value_table` made."""
    member, table = value["xvalue_union"]
    return cast(Table, table if member == "XNNTensorValue" else table["tensor_value"])


def read_value(
    value: Table, where: str, get: GetData, store: WeightStore
) -> tuple[Table, TensorType[Attribute]]:
    """The tensor value of an `XValue` and its type. Raises `FormatError`."""
    if value["xvalue_union"] is None:
        raise FormatError(f"{where}.xvalue_union", "expected a value, got none")
    member, table = value["xvalue_union"]
    tensor = table if member == "XNNTensorValue" else table["tensor_value"]
    if tensor is None:
        raise FormatError(f"{where}.tensor_value", "expected a tensor value, got none")
    params = None if member == "XNNTensorValue" else table["quant_params"]
    dims = tensor["dims"]
    if len(dims) != tensor["num_dims"]:
        raise FormatError(f"{where}.num_dims", f"expected {len(dims)}, got {tensor['num_dims']}")
    name = _DATATYPE_NAMES.get(tensor["datatype"], "")
    element_type = _element_type(name, params, where, get, store)
    return tensor, tensor_type(element_type, [DimAttr(str(dim), dim) for dim in dims])


def is_quantized_when_run(tensor: Table, where: str) -> bool:
    """
    Whether a tensor value asks, in the way of old files, that its rows are quantised before nodes read it. Raises
    `FormatError` where it asks for what is no such coding.
    """
    name = _DATATYPE_NAMES.get(tensor["dq_datatype"], "")
    if name in ("invalid", ""):
        return False
    if name not in ("qint8", "qdint8"):
        raise FormatError(f"{where}.dq_datatype", f"expected qint8 or qdint8, got {name}")
    return True


def _element_type(
    name: str, params: tuple[str, Table] | None, where: str, get: GetData, store: WeightStore
) -> Attribute:
    kind, table = params or ("", {})
    if name in _PLAIN_TYPES:
        return _PLAIN_TYPES[name]
    wanted = (
        "PerTensorQuant"
        if name in _PER_TENSOR
        else "PerChannelQuant"
        if name in _PER_CHANNEL
        else {"qdint8": "PerTokenDynamicQuant", "qbint4": "PerChannelGroupQuant"}.get(name)
    )
    if wanted is None:
        raise FormatError(
            f"{where}.datatype", f"expected a datatype that graphs can have, got {name or 'none'}"
        )
    if kind != wanted:
        raise FormatError(f"{where}.quant_params", f"expected {wanted} for {name}, got {kind or 'nothing'}")
    if name in _PER_TENSOR:
        return _PER_TENSOR[name](table["scale"], table["zero_point"])
    if name == "qdint8":
        return xnn.QDInt8Type(table["num_nonbatch_dims"])
    if table["channel_dim"] < 0:
        raise FormatError(f"{where}.channel_dim", f"expected 0 or more, got {table['channel_dim']}")
    if name == "qbint4":
        scales = _read_scales(table, where, np.dtype(np.uint16), get, store)
        return xnn.QBInt4Type(table["channel_dim"], table["group_size"], scales)
    scales = _read_scales(table, where, np.dtype(np.float32), get, store)
    return _PER_CHANNEL[name](table["channel_dim"], scales)


def _add_scales(
    scales: ArrayAttr[FloatAttr] | WeightAttr, dtype: np.dtype[Any], store: WeightStore, add: AddData
) -> tuple[int, int]:
    if isinstance(scales, WeightAttr):
        data, sha256 = store.bytes(scales), store.sha256(scales)
    else:
        data = memoryview(np.array([scale.value.data for scale in scales], np.float32).tobytes())
        sha256 = ""
    if dtype == np.uint16:
        data, sha256 = memoryview(to_bfloat16(np.frombuffer(data, np.float32)).tobytes()), ""
    sha256 = sha256 or hashlib.sha256(data).hexdigest()
    return add(f"scale_{content_key(sha256)}", data, sha256), len(data) // dtype.itemsize


def _read_scales(
    table: Table, where: str, dtype: np.dtype[Any], get: GetData, store: WeightStore
) -> WeightAttr:
    if not table["scale_buffer_idx"]:
        numbers = np.array(table["scale"], np.float32)
        if dtype == np.uint16:
            # Old files have fp32 scales of groups; runtimes have always rounded them to bf16 by this product.
            numbers = from_bfloat16((numbers * np.float32(1.00389105)).view(np.uint32) >> 16)
        return store.add(numbers)
    data = get(table["scale_buffer_idx"], f"{where}.scale_buffer_idx")
    size = table["num_scales"] * dtype.itemsize
    if size > len(data):
        raise FormatError(
            f"{where}.num_scales", f"expected at most {len(data) // dtype.itemsize}, got {size}"
        )
    return store.add(from_bfloat16(np.frombuffer(data[:size], dtype)) if dtype == np.uint16 else data[:size])
