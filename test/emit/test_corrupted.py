"""Damaged files are refused with an error that names a field; nothing else is ever raised."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import FunctionType, ModuleOp, TensorType, f32
from xdsl.ir import Block, Region

from xnnir.context import make_context
from xnnir.dialects import rt, xnn
from xnnir.dialects.weights import get_weight_store
from xnnir.emit import FormatError, read_program, write_program
from xnnir.tools.xnn_translate import main as xnn_translate


@cache
def program() -> bytes:
    """A file with a bit of everything: constants, initial state, two kinds of delegates, named data, a jump."""
    context = make_context()
    store = get_weight_store(context)
    x_type = TensorType(f32, [2, 3])
    y_type = TensorType(f32, [2, 4])
    graph_block = Block(arg_types=[x_type])
    scales = xnn.QCInt8Type(0, [0.5, 0.25, 0.125, 1.0])  # pyright: ignore[reportCallIssue]
    quantised = xnn.ConvertOp(graph_block.args[0], TensorType(xnn.QDInt8Type(1), [2, 3]))
    weight = xnn.ConstantOp(store.add(np.arange(12, dtype=np.int8)), TensorType(scales, [4, 3]))
    bias = xnn.ConstantOp(store.add(np.arange(4, dtype=np.float32)), TensorType(f32, [4]))
    linear = xnn.FullyConnectedOp(quantised.output, weight.result, bias.result, y_type, output_min=0.0)
    graph_block.add_ops([quantised, weight, bias, linear, xnn.YieldOp([linear.output])])
    graph = xnn.GraphOp("delegate_0", FunctionType.from_lists([x_type], [y_type]), Region(graph_block))
    other = rt.DelegateOp("delegate_1", "Other", store.add(b"opaque"), {"mode": store.add(b"fast")})

    slots: list[rt.SlotOp] = [
        x := rt.TensorOp(x_type, arena=1, offset=0),
        y := rt.TensorOp(y_type, arena=1, offset=32, dynamism="bound", dim_order=[1, 0]),
        state := rt.TensorOp(x_type, arena=2, offset=0, initial=store.add(np.ones((2, 3), np.float32))),
        c := rt.ConstantOp(store.add(np.zeros((2, 4), np.float32)), y_type, fully_qualified_name="c"),
        condition := rt.BoolOp(True),
        i := rt.IntOp(3),
        ints := rt.IntListOp([i.result]),
        rt.DoubleListOp([1.0]),
        rt.OptionalTensorListOp([None, x.result]),
    ]
    y.properties.pop("dim_order")
    last = Block([rt.ReturnOp([y.result])])
    middle = Block(
        [
            rt.KernelCallOp("aten::add.out", [y.result, c.result, i.result, ints.result, y.result]),
            rt.DelegateCallOp("delegate_1", [state.result]),
            rt.FallthroughOp(last),
        ]
    )
    first = Block(
        [
            *slots,
            rt.InputsOp([x.result]),
            rt.DelegateCallOp("delegate_0", [x.result, y.result]),
            rt.JumpFalseOp(condition.result, middle, last),
        ]
    )
    method = rt.MethodOp("forward", Region([first, middle, last]), arenas=[64, 24])
    data = rt.NamedDataOp("key", store.add(b"value"))
    module = ModuleOp([graph, other, data, method])
    module.verify()
    return write_program(module, context).buffer


def read(data: bytes) -> ModuleOp | None:
    """The program in `data`, or None when it is refused as it should be."""
    try:
        module = read_program(data, make_context())
    except FormatError as error:
        assert error.where and error.message.startswith(error.where)
        return None
    str(module)
    return module


def test_the_program_is_read_when_whole() -> None:
    assert read(program()) is not None


def test_every_truncation_is_refused() -> None:
    data = program()
    for length in range(len(data)):
        assert read(data[:length]) is None, length


def test_every_bit_of_the_headers() -> None:
    data = bytearray(program())
    for position in range(48):
        for bit in range(8):
            data[position] ^= 1 << bit
            read(bytes(data))
            data[position] ^= 1 << bit


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_bytes_changed(data: st.DataObject) -> None:
    damaged = bytearray(program())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(damaged) - 5))
        value = data.draw(
            st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
        )
        damaged[position : position + 4] = struct.pack("<I", value)
    read(bytes(damaged))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_behind_the_identifier(data: bytes) -> None:
    read(data[:4].ljust(4, b"\0") + b"ET12" + data[4:])


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (4, b"ET11", "file identifier: expected ET12 at byte 4, got b'ET11': not a .pte file"),
        (12, struct.pack("<I", 8), "extended header.length: expected 24 or more, got 8"),
        (16, struct.pack("<Q", 2**40), "extended header.program_size: expected at most the file's"),
        (
            24,
            struct.pack("<Q", 2**40),
            "extended header.segment_data_size: expected segments that end within",
        ),
        (
            0,
            struct.pack("<I", 2**31),
            "Program: expected 4 bytes at offset 2147483648, but the buffer ends at",
        ),
    ],
)
def test_what_an_error_says(where: int, value: bytes, message: str, tmp_path: Path) -> None:
    damaged = bytearray(program())
    damaged[where : where + len(value)] = value
    path = tmp_path / "damaged.pte"
    path.write_bytes(damaged)
    result = CliRunner().invoke(xnn_translate, ["--pte-to-mlir", str(path)])
    assert result.exit_code == 1
    assert result.output.startswith(f"error: {message}")
    assert len(result.output.splitlines()) == 1
