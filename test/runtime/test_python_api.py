"""The Python face beside what it takes after: ExecuTorch's names, DLPack's versions, asyncio, profiles of any form."""

from __future__ import annotations

import asyncio
import importlib.resources
import inspect
import json
import time
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils import dlpack

import xnnir.runtime
from xnnir.runtime import Method, Runtime
from xnnir.testing.stock_programs import StockProgram
from xnnir.testing.zoo import quiet


def load(program: StockProgram, *, profile: bool = False) -> Method:
    return Runtime.get().load_program(program.path, num_threads=1).load_method("forward", profile=profile)


def raw_output(program: StockProgram) -> Any:
    """An output before it becomes a NumPy array or a torch tensor."""
    return load(program)._method.execute([program.inputs[0].numpy()])[0]  # pyright: ignore[reportPrivateUsage]


ETDUMP = {"write_etdump_result_to_file", "enable_etdump", "debug_buffer_size"}
"""ExecuTorch's form of profiles, which this runtime gives as tables, JSON and traces instead."""


def test_has_the_names_of_executorch() -> None:
    """Every public name of `executorch.runtime`, and each argument of its methods."""
    with quiet():
        import executorch.runtime as stock
    names = [
        name for name, it in vars(stock).items() if inspect.isclass(it) and it.__module__ == stock.__name__
    ]
    assert {"BackendRegistry", "Method", "OperatorRegistry", "Program", "Runtime"} <= set(names)
    for name in names:
        if name.startswith("_"):
            continue
        theirs, ours = getattr(stock, name), getattr(xnnir.runtime, name)
        for member, function in inspect.getmembers(theirs):
            if member.startswith("_") or member in ETDUMP:
                continue
            # Runtime's registries are set when it is made.
            found = getattr(ours, member, None) or getattr(Runtime.get(), member, None)
            assert found is not None, f"{name}.{member}"
            if inspect.isfunction(function):
                wanted = set(inspect.signature(function).parameters) - ETDUMP
                assert wanted <= set(inspect.signature(found).parameters), f"{name}.{member}"
    runtime = Runtime.get()
    assert runtime.backend_registry.registered_backend_names
    assert runtime.operator_registry.operator_names


def test_is_typed() -> None:
    assert importlib.resources.files("xnnir").joinpath("py.typed").is_file()


def test_dlpack_in_both_versions(conv_linear: StockProgram) -> None:
    class Old:
        """A producer of before DLPack 1.0."""

        def __dlpack__(self) -> Any:
            return dlpack.to_dlpack(conv_linear.inputs[0])  # pyright: ignore[reportPrivateImportUsage]

        def __dlpack_device__(self) -> tuple[int, int]:
            return (1, 0)

    class New:
        """One that has nothing but capsules of version 1, here of memory that must not be written."""

        def __init__(self) -> None:
            self.array = conv_linear.inputs[0].numpy().copy()
            self.array.flags.writeable = False
            self.asked: Any = None

        def __dlpack__(self, *, max_version: tuple[int, int]) -> Any:
            self.asked = max_version
            return self.array.__dlpack__(max_version=max_version)

        def __dlpack_device__(self) -> tuple[int, int]:
            return (1, 0)

    method = load(conv_linear)
    new = New()
    producers: list[Any] = [Old(), new]
    for given in producers:
        (output,) = method.execute([given])
        np.testing.assert_allclose(output, conv_linear.expected[0], rtol=1e-5, atol=1e-5)
    assert new.asked == (1, 0)
    capsule = conv_linear.inputs[0].numpy().__dlpack__(max_version=(1, 0))
    np.testing.assert_allclose(method.execute([capsule])[0], conv_linear.expected[0], rtol=1e-5, atol=1e-5)
    with pytest.raises(TypeError, match="can be taken once only"):
        method.execute([capsule])


def test_dlpack_out_in_both_versions(conv_linear: StockProgram) -> None:
    output = raw_output(conv_linear)
    assert 'capsule object "dltensor"' in repr(output.__dlpack__())
    assert 'capsule object "dltensor"' in repr(output.__dlpack__(max_version=(0, 8)))
    assert 'capsule object "dltensor_versioned"' in repr(output.__dlpack__(max_version=(1, 1)))
    arrays = [np.from_dlpack(output), torch.from_dlpack(output).numpy()]
    copy = np.from_dlpack(output, copy=True)
    del output
    for array in (*arrays, copy):
        np.testing.assert_allclose(array, conv_linear.expected[0], rtol=1e-5, atol=1e-5)
    # Both look at one memory, the copy does not.
    arrays[1][0, 0] = 77
    assert arrays[0][0, 0] == 77 != copy[0, 0]


def test_dlpack_refuses_other_devices(conv_linear: StockProgram) -> None:
    output = raw_output(conv_linear)
    with pytest.raises(BufferError, match=r"dl_device is \(2, 0\)"):
        output.__dlpack__(dl_device=(2, 0))
    with pytest.raises(ValueError, match="stream is 1"):
        output.__dlpack__(stream=1)


def test_the_event_loop_goes_on(conv_linear: StockProgram) -> None:
    """While runs of one method take turns on other threads, the loop's own work is done."""
    method = load(conv_linear)

    async def tick(until: asyncio.Event) -> int:
        ticks = 0
        while not until.is_set():
            ticks += 1
            await asyncio.sleep(0)
        return ticks

    async def main() -> tuple[list[list[Any]], int]:
        done = asyncio.Event()
        ticking = asyncio.create_task(tick(done))
        inputs = [[conv_linear.inputs[0] * factor] for factor in range(20)]
        outputs = await asyncio.gather(*(method.execute_async(given) for given in inputs))
        done.set()
        return outputs, await ticking

    outputs, ticks = asyncio.run(main())
    assert ticks > 1
    np.testing.assert_allclose(outputs[1][0], conv_linear.expected[0], rtol=1e-5, atol=1e-5)
    for factor in (0, 7, 19):
        (alone,) = method.execute([conv_linear.inputs[0] * factor])
        torch.testing.assert_close(outputs[factor][0], alone)


def test_a_cancelled_task_leaves_the_method_whole(conv_linear: StockProgram) -> None:
    method = load(conv_linear)

    async def main() -> list[Any]:
        task = asyncio.create_task(method.execute_async([conv_linear.inputs[0]]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await method.execute_async(conv_linear.inputs)

    (output,) = asyncio.run(main())
    torch.testing.assert_close(output, conv_linear.expected[0], rtol=1e-5, atol=1e-5)


def test_profiles_of_any_form(conv_linear: StockProgram) -> None:
    method = load(conv_linear, profile=True)
    assert json.loads(method.profile_json()) == []
    start = time.perf_counter_ns()
    method.execute(conv_linear.inputs)
    elapsed = time.perf_counter_ns() - start
    events = method.profile_events()
    table = method.profile_table().splitlines()
    assert len(table) == 1 + len(events)
    assert json.loads(method.profile_json()) == [
        {
            "instruction": event.instruction,
            "node": event.node,
            "name": event.name,
            "location": event.location,
            "ns": event.nanoseconds,
            "bytes": event.bytes,
            "count": event.count,
        }
        for event in events
    ]
    # Weights of the convolution and the linear layer are among the bytes.
    weights = sum(4 * tensor.numel() for tensor in (torch.empty(8, 3, 3, 3), torch.empty(5, 288)))
    assert events[0].bytes == sum(event.bytes for event in events[1:]) > weights
    trace = json.loads(method.profile_trace())
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert [span["name"] for span in spans] == [event.name for event in events]
    call, *nodes = spans
    assert 0 <= call["ts"] * 1e3 <= call["ts"] * 1e3 + call["dur"] * 1e3 <= elapsed
    end = call["ts"]
    for node in nodes:
        assert node["ts"] == pytest.approx(end, abs=2e-3)
        end = node["ts"] + node["dur"]
    assert end <= call["ts"] + call["dur"] + 2e-3
