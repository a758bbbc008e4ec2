"""`xnnir.runtime` runs what stock ExecuTorch wrote, and gives what eager PyTorch gives."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xnnir.runtime import MethodNotFoundError, Runtime, StatusCode, StatusError, Verification
from xnnir.testing.stock_programs import ConvOnly, StockProgram


def run(program: StockProgram, *inputs: Any, num_threads: int = 1) -> list[Any]:
    loaded = Runtime.get().load_program(program.path, num_threads=num_threads)
    return loaded.load_method("forward").execute(inputs or program.inputs)


def assert_close(outputs: list[Any], expected: tuple[torch.Tensor, ...]) -> None:
    assert len(outputs) == len(expected)
    for output, wanted in zip(outputs, expected, strict=True):
        assert isinstance(output, torch.Tensor)
        assert output.dtype == wanted.dtype
        torch.testing.assert_close(output, wanted, rtol=1e-5, atol=1e-5)


def test_delegate_gives_eager_numbers(conv_linear: StockProgram) -> None:
    assert_close(run(conv_linear), conv_linear.expected)
    assert_close(run(conv_linear, num_threads=2), conv_linear.expected)


@pytest.mark.parametrize("dtype", [torch.int32, torch.float32, torch.float16, torch.int64, torch.uint8])
def test_host_kernels_give_eager_numbers(lower_once: Callable[..., StockProgram], dtype: torch.dtype) -> None:
    from xnnir.testing.stock_programs import DataMovement

    inputs = tuple(torch.randint(0, 9, (2, n, 4)).to(dtype) for n in (3, 5))
    program = lower_once(f"data_movement_{dtype}", DataMovement(), inputs, delegate=False)
    outputs = run(program)
    for output, wanted in zip(outputs, program.expected, strict=True):
        assert torch.equal(output, wanted)


def test_channels_last_input_and_output(lower_once: Callable[..., StockProgram]) -> None:
    image = torch.randn(1, 3, 9, 11).to(memory_format=torch.channels_last)
    program = lower_once("channels_last", ConvOnly(), (image,))
    method = Runtime.get().load_program(program.path).load_method("forward")
    assert method.metadata.input_tensor_meta(0).dim_order() == (0, 2, 3, 1)
    (output,) = method.execute([image])
    assert output.is_contiguous(memory_format=torch.channels_last)
    assert_close([output], program.expected)
    # The numbers count, not their layout: what is contiguous is copied.
    assert_close(method.execute([image.contiguous()]), program.expected)


@pytest.mark.parametrize("plan_io", [True, False])
def test_dynamic_shapes(lower_once: Callable[..., StockProgram], plan_io: bool) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Tanh())
    batch = torch.export.Dim("batch", min=1, max=8)
    program = lower_once(
        f"dynamic_{plan_io}", model, (torch.randn(3, 6),), dynamic_shapes=({0: batch},), plan_io=plan_io
    )
    method = Runtime.get().load_program(program.path).load_method("forward")
    meta = method.metadata.input_tensor_meta(0)
    assert meta.sizes() == (8, 6)
    assert meta.is_dynamic()
    assert meta.is_memory_planned() == plan_io
    for size in (8, 1, 3, 3, 8):
        x = torch.randn(size, 6)
        with torch.no_grad():
            assert_close(method.execute([x]), (model(x),))
    with pytest.raises(StatusError, match=r"input 0 has shape \[9, 6\], expected at most \[8, 6\]"):
        method.execute([torch.randn(9, 6)])


class Counter(torch.nn.Module):
    """Keeps its last inputs in a buffer."""

    calls: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(2, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls.copy_(torch.cat([self.calls[1:], x]))
        return self.calls.clone()


def test_buffers_are_kept_between_runs(lower_once: Callable[..., StockProgram]) -> None:
    program = lower_once("counter", Counter(), (torch.ones(1, 3),), delegate=False)
    method = Runtime.get().load_program(program.path).load_method("forward")
    method.execute([torch.ones(1, 3)])
    (calls,) = method.execute([torch.full((1, 3), 2.0)])
    assert calls.tolist() == [[1.0] * 3, [2.0] * 3]


def test_matches_executorch(conv_linear: StockProgram) -> None:
    from xnnir.testing import stock

    buffer = conv_linear.path.read_bytes()
    torch.testing.assert_close(run(conv_linear), stock.run(buffer, conv_linear.inputs), rtol=1e-5, atol=1e-5)


def test_loads_from_everything(conv_linear: StockProgram) -> None:
    buffer = conv_linear.path.read_bytes()
    runtime = Runtime.get()
    for source in (conv_linear.path, str(conv_linear.path), buffer, bytearray(buffer), io.BytesIO(buffer)):
        program = runtime.load_program(source, verification=Verification.Minimal)
        assert program.method_names == {"forward"}
        assert_close(program.load_method("forward").execute(conv_linear.inputs), conv_linear.expected)


def test_numpy_in_numpy_out(conv_linear: StockProgram) -> None:
    (x,) = conv_linear.inputs
    (output,) = run(conv_linear, x.numpy())
    assert isinstance(output, np.ndarray)
    assert output.flags.writeable
    np.testing.assert_allclose(output.tolist(), conv_linear.expected[0], rtol=1e-5, atol=1e-5)


@given(
    st.permutations(range(4)),
    st.tuples(*[st.sampled_from([1, 2, -1])] * 4),
    st.booleans(),
    st.integers(0, 3),
)
def test_any_layout_of_an_input(
    conv_linear: StockProgram, order: list[int], steps: tuple[int, ...], as_torch: bool, misalign: int
) -> None:
    """Views with other strides, backwards ones and unaligned memory hold the same numbers."""
    (x,) = conv_linear.inputs
    numbers = x.numpy()
    # An array whose view with these strides is `numbers`.
    sizes = [numbers.shape[dim] * abs(steps[dim]) for dim in order]
    memory = np.zeros(4 * int(np.prod(sizes)) + 3, np.uint8)
    base = np.ndarray(sizes, np.float32, memory, misalign).transpose(np.argsort(order))
    view = base[tuple(slice(None, None, step) for step in steps)]
    view[...] = numbers
    if as_torch and min(steps) > 0 and misalign == 0:
        assert_close(run(conv_linear, torch.as_tensor(view)), conv_linear.expected)
    else:
        np.testing.assert_allclose(run(conv_linear, view)[0], conv_linear.expected[0], rtol=1e-5, atol=1e-5)


def test_outputs_own_their_memory(conv_linear: StockProgram) -> None:
    method = Runtime.get().load_program(conv_linear.path).load_method("forward")
    (first,) = method.execute(conv_linear.inputs)
    kept = first.clone()
    method.execute([torch.zeros(1, 3, 6, 6)])
    assert torch.equal(first, kept)
    del method
    first += 1
    assert torch.equal(first, kept + 1)


def test_requires_grad_is_no_obstacle(conv_linear: StockProgram) -> None:
    (x,) = conv_linear.inputs
    assert_close(run(conv_linear, x.clone().requires_grad_()), conv_linear.expected)


def test_threads_share_a_method(conv_linear: StockProgram) -> None:
    method = Runtime.get().load_program(conv_linear.path).load_method("forward")
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            x = torch.full((1, 3, 6, 6), float(seed))
            (alone,) = Runtime.get().load_program(conv_linear.path).load_method("forward").execute([x])
            for _ in range(20):
                assert_close(method.execute([x]), (alone,))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_metadata(conv_linear: StockProgram) -> None:
    program = Runtime.get().load_program(conv_linear.path)
    meta = program.metadata("forward")
    assert (meta.name(), meta.num_inputs(), meta.num_outputs()) == ("forward", 1, 1)
    assert meta.backends() == ["XnnpackBackend"]
    tensor = meta.input_tensor_meta(0)
    assert (tensor.sizes(), tensor.dtype(), tensor.dtype_name) == ((1, 3, 6, 6), 6, "float32")
    assert (tensor.nbytes(), tensor.is_memory_planned(), tensor.is_dynamic()) == (432, True, False)
    assert meta.output_tensor_meta(0).sizes() == (1, 5)
    with pytest.raises(IndexError, match="input 1 does not exist: there are 1"):
        meta.input_tensor_meta(1)


def test_registries(data_movement: StockProgram) -> None:
    runtime = Runtime.get()
    assert runtime is Runtime.get()
    assert "XnnpackBackend" in runtime.backend_registry.registered_backend_names
    assert runtime.backend_registry.is_available("XnnpackBackend")
    assert not runtime.backend_registry.is_available("CoreMLBackend")
    operators = set(runtime.load_program(data_movement.path).metadata("forward").operators())
    assert operators <= runtime.operator_registry.operator_names


def test_profile(conv_linear: StockProgram) -> None:
    program = Runtime.get().load_program(conv_linear.path, num_threads=1)
    method = program.load_method("forward", profile=True)
    assert method.profile_events() == []
    method.execute(conv_linear.inputs)
    call, *nodes = method.profile_events()
    assert (call.name, call.instruction, call.node) == ("XnnpackBackend", 0, -1)
    assert any("Convolution" in node.name for node in nodes)
    assert 0 < sum(node.nanoseconds for node in nodes) <= call.nanoseconds * 1.5
    silent = program.load_method("forward")
    silent.execute(conv_linear.inputs)
    assert silent.profile_events() == []


def test_unknown_method(conv_linear: StockProgram) -> None:
    program = Runtime.get().load_program(conv_linear.path)
    for call in (program.load_method, program.metadata):
        with pytest.raises(MethodNotFoundError) as caught:
            call("backward")
        assert str(caught.value) == "the program has no method 'backward' (it has: forward)"
        assert isinstance(caught.value, KeyError)
        assert isinstance(caught.value, RuntimeError)
        assert caught.value.code is StatusCode.NOT_FOUND


def test_missing_operators_are_all_named(lower_once: Callable[..., StockProgram]) -> None:
    class Training(torch.nn.Module):
        def forward(self, x: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, ...]:
            size, one, zero = (2, 2), (1, 1), (0, 0)
            pooled, indices = torch.ops.aten.max_pool2d_with_indices(x, size, size)
            gradient = torch.ops.aten.max_pool2d_with_indices_backward(
                pooled, x, size, size, zero, one, False, indices
            )
            return torch.ops.aten.convolution_backward(
                gradient, x, weight, None, one, zero, one, False, zero, 1, [True, True, False]
            )[:2]

    program = lower_once(
        "missing", Training(), (torch.randn(1, 1, 4, 4), torch.randn(1, 1, 1, 1)), delegate=False
    )
    expected = r"needs 2 operators .*aten::convolution_backward.out, aten::max_pool2d_with_indices_backward.grad_input"
    with pytest.raises(StatusError, match=expected) as caught:
        Runtime.get().load_program(program.path).load_method("forward")
    assert caught.value.code is StatusCode.OPERATOR_MISSING


def test_bad_calls(conv_linear: StockProgram) -> None:
    method = Runtime.get().load_program(conv_linear.path).load_method("forward")
    good = torch.zeros(1, 3, 6, 6)
    for inputs, message in (
        ([], r"0 inputs were given, but method 'forward' takes 1"),
        ([good, good], r"2 inputs were given"),
        ([good.double()], r"input 0 has dtype float64, expected float32"),
        ([good.to(torch.complex64)], r"input 0 has a dtype that the runtime does not know"),
        ([good[0]], r"input 0 has shape \[3, 6, 6\] of rank 3, expected rank 4"),
        ([good[:, :, :5]], r"input 0 has shape \[1, 3, 5, 6\], expected \[1, 3, 6, 6\]"),
        ([torch.zeros([1] * 20)], r"input 0 .* sizes has 20 dimensions, expected at most 16"),
        ([None], r"input 0 is of kind none, expected tensor"),
        ([1.5], r"input 0 is of kind double, expected tensor"),
        ([2**70], r"input 0 is an int beyond 64 bits"),
        ([np.zeros(3, "datetime64[s]")], r"cannot include dtype 'M' in a buffer"),
        ([np.zeros(3, ">f4")], r"input 0 has elements of format '>f'"),
    ):
        with pytest.raises((StatusError, ValueError, BufferError), match=message):
            method.execute(inputs)
    for inputs in ([object()], [good, "a", object()], 3, "text"):
        with pytest.raises(TypeError):
            method.execute(inputs)  # pyright: ignore[reportArgumentType]
    # The method still works.
    method.execute([good])


def test_bad_arguments(conv_linear: StockProgram, tmp_path: Path) -> None:
    runtime = Runtime.get()
    for number in (0, -1):
        with pytest.raises(ValueError, match="num_threads"):
            runtime.load_program(conv_linear.path, num_threads=number)
    with pytest.raises(StatusError, match="number of threads is 5000"):
        runtime.load_program(conv_linear.path, num_threads=5000)
    for wrong in ("2", 2.5):
        with pytest.raises(TypeError, match=r"num_threads is .*, expected an int"):
            runtime.load_program(conv_linear.path.read_bytes(), num_threads=wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(StatusError, match="expected 1 to 1024"):
        runtime.load_program(conv_linear.path, num_threads=10**30)
    with pytest.raises(StatusError, match="null character"):
        runtime.load_program(f"{conv_linear.path}\0.pte")
    with pytest.raises(TypeError, match="NoneType, expected a str"):
        runtime.load_program(conv_linear.path).load_method(None)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError):
        runtime.load_program(7)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="open the file as binary"):
        runtime.load_program(io.StringIO("text"))  # pyright: ignore[reportArgumentType]
    with pytest.raises(StatusError, match="no-such-file") as caught:
        runtime.load_program(tmp_path / "no-such-file.pte")
    assert caught.value.code is StatusCode.NOT_FOUND
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.code, str(again)) == (StatusError, caught.value.code, str(caught.value))
    (tmp_path / "empty.pte").touch()
    with pytest.raises(StatusError, match=r"empty\.pte' is empty"):
        runtime.load_program(tmp_path / "empty.pte")


def test_inputs_that_are_no_list_of_dense_tensors(conv_linear: StockProgram) -> None:
    method = Runtime.get().load_program(conv_linear.path).load_method("forward")
    (x,) = conv_linear.inputs
    for inputs in (x, x.numpy(), {"x": x}, "x", None):
        with pytest.raises(TypeError, match=f"inputs is a {type(inputs).__name__}, expected a list"):
            method.execute(inputs)  # pyright: ignore[reportArgumentType]
    for tensor in (x.to("meta"), x.to_sparse()):
        with pytest.raises(TypeError, match="input 0 is a tensor without dense elements"):
            method.execute([tensor])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_process(conv_linear: StockProgram) -> None:
    """The threads of a pool stay behind in a fork: waiting for them would never end."""
    shared = {count: Runtime.get().load_program(conv_linear.path, num_threads=count) for count in (1, 2)}
    methods = {count: program.load_method("forward") for count, program in shared.items()}
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        code = 1
        try:
            assert_close(methods[1].execute(conv_linear.inputs), conv_linear.expected)
            for refused in (
                lambda: methods[2].execute(conv_linear.inputs),
                lambda: shared[2].load_method("forward"),
            ):
                with pytest.raises(StatusError, match="forked"):
                    refused()
            assert_close(run(conv_linear, num_threads=2), conv_linear.expected)
            methods.clear()
            shared.clear()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert_close(methods[2].execute(conv_linear.inputs), conv_linear.expected)


def test_truncated_files(conv_linear: StockProgram) -> None:
    buffer = conv_linear.path.read_bytes()
    for length in range(len(buffer)):
        # Padding behind the last segment may go: what it pads is there.
        try:
            Runtime.get().load_program(buffer[:length])
        except StatusError as error:
            assert error.code is StatusCode.INVALID_PROGRAM, str(error)
        else:
            pytest.fail(f"the first {length} of {len(buffer)} bytes were taken for a program")


# The program's tables come first; the delegate's are the first thing in the segments.
@given(st.data())
def test_damaged_files(conv_linear: StockProgram, data: st.DataObject) -> None:
    """Damage is refused, or (a weight has changed) runs; nothing else happens."""
    buffer = bytearray(conv_linear.path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(buffer) - 1))
        buffer[position] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, buffer[position] ^ 1]))
    try:
        method = Runtime.get().load_program(bytes(buffer), num_threads=1).load_method("forward")
        method.execute(conv_linear.inputs)
    except (StatusError, MethodNotFoundError) as error:
        assert str(error)


def test_import_is_light() -> None:
    """Neither torch nor the compiled module is imported before it is needed."""
    code = "import sys, xnnir.runtime; sys.exit('torch' in sys.modules or 'xnnir.runtime._C' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
