# pyright: reportMissingTypeStubs=false
"""Files that stock ExecuTorch wrote: read, printed, parsed and written again, they are the same program."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from executorch.exir._serialize._program import deserialize_pte_binary
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.parser import Parser
from xdsl.printer import Printer

from xnnir import to_edge_transform_and_lower
from xnnir.context import make_context
from xnnir.dialects import rt, xnn
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.emit import FormatError, read_flat_tensor, read_program, write_program
from xnnir.emit.fbs import load_schema
from xnnir.emit.flatbuffer import decode
from xnnir.testing import stock
from xnnir.tools.xnn_translate import main as xnn_translate

from .stock_models import STOCK, Head, external_weights, stock_program, stock_run

lowered = cache(stock_program)


def through_text(data: bytes) -> tuple[bytes, ModuleOp]:
    """`data` as IR, as text, as IR, as bytes."""
    context = make_context()
    warnings: list[str] = []
    module = read_program(data, context, warnings.append)
    module.verify()
    assert not warnings
    parsed = Parser(context, text_of(module)).parse_module()
    parsed.verify()
    assert text_of(parsed) == text_of(module)
    return write_program(parsed, context).buffer, parsed


def text_of(module: ModuleOp) -> str:
    stream = StringIO()
    Printer(stream, print_debuginfo=True).print_op(module)
    return stream.getvalue()


def plans(data: bytes) -> list[Any]:
    """The methods as stock's own reader sees them, without what has no meaning."""
    result: list[Any] = []
    for plan in deserialize_pte_binary(data).program.execution_plan:
        plan.delegates = [dataclasses.replace(delegate, processed=None) for delegate in plan.delegates]
        for value in plan.values:
            tensor: Any = value.val
            if hasattr(tensor, "data_buffer_idx"):
                tensor.data_buffer_idx = int(tensor.data_buffer_idx > 0)  # their order is the writer's own
                tensor.dim_order = tensor.dim_order or list(range(len(tensor.sizes)))
                if tensor.extra_tensor_info is not None and tensor.extra_tensor_info.location:
                    tensor.data_buffer_idx = 0  # an external tensor is found by its name
                if tensor.extra_tensor_info is not None and not tensor.extra_tensor_info.fully_qualified_name:
                    tensor.extra_tensor_info = None
        result.append(plan)
    return result


@pytest.mark.parametrize("name", STOCK)
def test_same_program_after_a_round_trip(name: str) -> None:
    data = lowered(name)
    again, _ = through_text(data)
    before, after = plans(data), plans(again)
    for one, other in zip(before, after, strict=True):
        for field in dataclasses.fields(one):
            assert getattr(one, field.name) == getattr(other, field.name), field.name
    assert len(again) <= len(data) + 128
    for plan in before:
        expected = stock_run(data, plan.name, STOCK[name][1])
        got = stock_run(again, plan.name, STOCK[name][1])
        for a, b in zip(expected, got, strict=True):
            assert len(a) == len(b)
            for x, y in zip(a, b, strict=True):
                assert torch.equal(x, y)


def test_nodes_of_a_delegate_become_ops_of_the_same_shapes() -> None:
    _, module = through_text(lowered("convolutions"))
    graph = next(op for op in module.ops if isinstance(op, xnn.GraphOp))
    names = {op.name for op in graph.body.block.ops}
    assert {
        "xnn.convolution_2d",
        "xnn.depthwise_convolution_2d",
        "xnn.deconvolution_2d",
        "xnn.prelu",
    } <= names
    stem = next(op for op in graph.body.block.ops if isinstance(op, xnn.Convolution2DOp))
    assert stem.output_min is not None and stem.output_min.value.data == 0.0
    assert str(stem.output.type) == "tensor<1x8x8x8xf32>"


def test_element_types_of_quantised_graphs() -> None:
    for name, wanted in {
        "static quantisation": (xnn.QInt8Type, xnn.QCInt8Type, xnn.QCInt32Type),
        "dynamic quantisation": (xnn.QDInt8Type, xnn.QCInt8Type),
        "four bit": (xnn.QDInt8Type, xnn.QBInt4Type),
    }.items():
        _, module = through_text(lowered(name))
        found = {
            type(tensor_type_of(value).get_element_type())
            for op in module.walk()
            for value in op.results
            if op.name.startswith("xnn.")
        }
        assert found >= set(wanted), name


def test_initial_state_and_jumps_are_in_the_text() -> None:
    _, stateful = through_text(lowered("stateful"))
    assert any(isinstance(op, rt.TensorOp) and op.initial is not None for op in stateful.walk())
    _, branch = through_text(lowered("branch"))
    assert any(isinstance(op, rt.JumpFalseOp) for op in branch.walk())


def test_unknown_backends_stay_bytes() -> None:
    data = lowered("convolutions")
    # Names of one length: the file stays valid.
    other = data.replace(b"XnnpackBackend", b"UnknownBackend")
    context = make_context()
    module = read_program(other, context)
    module.verify()
    delegate = next(op for op in module.ops if isinstance(op, rt.DelegateOp))
    assert delegate.backend.data == "UnknownBackend"
    again = write_program(module, context).buffer.replace(b"UnknownBackend", b"XnnpackBackend")
    inputs = STOCK["convolutions"][1]
    for x, y in zip(
        stock_run(data, "forward", inputs)[0], stock_run(again, "forward", inputs)[0], strict=True
    ):
        assert torch.equal(x, y)


def test_unknown_nodes_stay_bytes_with_a_warning() -> None:
    data = lowered("convolutions")
    warnings: list[str] = []
    broken = data.replace(b"XN01", b"XN99")
    module = read_program(broken, make_context(), warnings.append)
    assert any(isinstance(op, rt.DelegateOp) for op in module.ops)
    assert warnings == [
        "@delegate_0 stays bytes: XNNGraph.identifier: expected XN00 or XN01, got b'XN99': not an XNNPACK graph"
    ]


def test_weights_in_a_file_of_their_own(tmp_path: Path) -> None:
    from click.testing import CliRunner

    pte, mlir, weights, again = (tmp_path / name for name in ("m.pte", "m.mlir", "m.weights", "again.pte"))
    pte.write_bytes(lowered("convolutions"))
    run = CliRunner().invoke
    read = run(xnn_translate, ["--pte-to-mlir", str(pte), "-o", str(mlir), f"--weights={weights}"])
    assert read.exit_code == 0, read.output
    assert re.search(r'w[0-9a-f]{16}: "file:.*m\.weights@\d+\+\d+"', mlir.read_text())
    write = run(xnn_translate, ["--mlir-to-pte", str(mlir), "-o", str(again)])
    assert write.exit_code == 0, write.output
    assert again.read_bytes() == write_again(lowered("convolutions"))

    weights.write_bytes(weights.read_bytes()[:100])
    truncated = run(xnn_translate, ["--mlir-to-pte", str(mlir), "-o", str(again)])
    assert truncated.exit_code == 1
    assert "m.weights: expected" in truncated.output and "Traceback" not in truncated.output


def write_again(data: bytes) -> bytes:
    context: Context = make_context()
    return write_program(read_program(data, context), context).buffer


def test_weights_in_a_ptd_file(tmp_path: Path) -> None:
    pte, ptd = external_weights(tmp_path)
    entries = read_flat_tensor(ptd)
    for key, value in Head().state_dict().items():
        assert entries[key].type == TensorType(f32, list(value.shape))
    context = make_context()
    module = read_program(pte, context)
    names = {op.fully_qualified_name for op in module.walk() if isinstance(op, rt.TensorOp) and op.external}
    assert {name.data for name in names if name} == set(entries)
    assert plans(write_program(module, context).buffer) == plans(pte)
    for length in range(0, len(ptd), 7):
        with pytest.raises(FormatError):
            read_flat_tensor(ptd[:length])


def test_numbers_that_are_packed_and_read_in_place_have_two_names(tmp_path: Path) -> None:
    """ExecuTorch's runtime unmaps what a node packs, by name, while others still read it."""
    layers = torch.nn.Sequential(torch.nn.LayerNorm(16), torch.nn.Linear(16, 16)).eval()
    layers.get_parameter("1.bias").data.zero_()  # as the layer norm's is
    x = torch.randn(3, 16)
    edge = to_edge_transform_and_lower(torch.export.export(layers, (x,)))
    path = tmp_path / "layers.pte"
    edge.to_executorch().save(path)
    named = decode(load_schema("program"), path.read_bytes())["named_data"]
    segments = {entry["key"]: entry["segment_index"] for entry in named}
    in_place = [key for key in segments if key.startswith("in_place_")]
    assert in_place
    assert all(segments[key.removeprefix("in_place_")] == segments[key] for key in in_place)
    through_text(path.read_bytes())
    torch.testing.assert_close(stock.run(path, [x])[0], layers(x), rtol=1e-4, atol=1e-5)
