"""Running a .pte program from the command line: inputs from files or at random, times, a profile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from rich.console import Console
from rich.table import Table

from xnnir.errors import XnnirError
from xnnir.files import replacing
from xnnir.runtime import Runtime, StatusError

if TYPE_CHECKING:
    from xnnir.runtime import Method


@dataclass(frozen=True)
class Run:
    """Results of the last run, and the milliseconds of all of them."""

    outputs: list[Any]
    load_ms: float
    run_ms: list[float]


def load_method(program: Path, name: str, threads: int | None, profile: bool) -> tuple[Method, float]:
    """The method, and the milliseconds it took to load. Raises `XnnirError`."""
    start = time.perf_counter()
    try:
        loaded = Runtime.get().load_program(program, num_threads=threads)
        method = loaded.load_method(name, profile=profile)
    except (StatusError, ImportError) as error:
        raise XnnirError(str(error)) from error
    return method, (time.perf_counter() - start) * 1e3


def read_inputs(method: Method, given: Sequence[str], seed: int) -> list[Any]:
    """
    The inputs of `method`: .npy files and numbers in order, or tensors of random numbers when none are given.

    Raises `XnnirError` for a wrong count, a file that is no .npy file, and a number that is none.
    """
    kinds = method.metadata.input_kinds()
    if given and len(given) != len(kinds):
        raise XnnirError(
            f"expected {len(kinds)} inputs, got {len(given)}", hint="give --input for each, or for none"
        )
    generator = np.random.default_rng(seed)
    if given:
        return [_read(kind, text, index) for index, (kind, text) in enumerate(zip(kinds, given, strict=True))]
    return [_random(method, kind, index, generator) for index, kind in enumerate(kinds)]


def run_method(method: Method, inputs: Sequence[Any], repeat: int, load_ms: float) -> Run:
    """Run `repeat` times. Raises `XnnirError` when the inputs do not fit or an instruction fails."""
    outputs: list[Any] = []
    times: list[float] = []
    for _ in range(repeat):
        start = time.perf_counter()
        try:
            outputs = method.execute(inputs)
        except StatusError as error:
            raise XnnirError(str(error)) from error
        times.append((time.perf_counter() - start) * 1e3)
    return Run(outputs, load_ms, times)


def write_outputs(outputs: Sequence[Any], paths: Sequence[Path]) -> None:
    """Write each output to a .npy file. Raises `XnnirError` for a wrong count."""
    if len(paths) != len(outputs):
        raise XnnirError(f"expected {len(outputs)} output files, got {len(paths)}")
    for output, path in zip(outputs, paths, strict=True):
        with replacing(path) as file:
            np.save(file, np.asarray(output))


def print_run(run: Run, method: Method, console: Console, with_profile: bool) -> None:
    """Print what came out, how long it took, and with a profile where the time of the last run went."""
    for index, output in enumerate(run.outputs):
        array = np.asarray(output)
        text = f"output {index}: {array.dtype.name}{list(array.shape)}"
        if array.dtype.kind in "fiu" and array.size:
            text += f", least {array.min():.6g}, mean {array.mean():.6g}, greatest {array.max():.6g}"
        console.print(text, markup=False, highlight=False)
    first, *rest = run.run_ms
    console.print(f"load {run.load_ms:.2f} ms, first run {first:.2f} ms", highlight=False)
    if rest:
        console.print(
            f"{len(rest)} more runs: median {np.median(rest):.3f} ms, least {min(rest):.3f} ms",
            highlight=False,
        )
    if with_profile:
        _print_profile(method, console)


def _print_profile(method: Method, console: Console) -> None:
    events = method.profile_events()
    parts = [event for event in events if event.node >= 0]
    with_nodes = {event.instruction for event in parts}
    parts += [event for event in events if event.node < 0 and event.instruction not in with_nodes]
    total = sum(event.nanoseconds for event in parts) or 1
    table = Table(title="Profile of the last run", title_justify="left")
    table.add_column("ms", justify="right")
    table.add_column("share", justify="right")
    table.add_column("op")
    table.add_column("place in the model", overflow="fold")
    for event in sorted(parts, key=lambda event: (event.instruction, event.node)):
        share = f"{event.nanoseconds / total:.1%}"
        table.add_row(f"{event.nanoseconds / 1e6:.3f}", share, event.name, event.location)
    console.print(table)


def _read(kind: str, text: str, index: int) -> Any:
    if kind == "tensor":
        try:
            array: Any = np.load(text, allow_pickle=False)
        except OSError as error:
            reason = error.strerror or str(error)
            raise XnnirError(f"input {index}: {text}: {reason.lower()}") from error
        except (ValueError, EOFError, MemoryError) as error:
            raise XnnirError(f"input {index}: {text}: expected a .npy file of numbers") from error
        if not isinstance(array, np.ndarray):
            raise XnnirError(f"input {index}: {text}: expected a .npy file, got an archive of several")
        return cast("Any", array)
    try:
        match kind:
            case "int":
                return int(text)
            case "double":
                return float(text)
            case "bool":
                return {"true": True, "false": False}[text]
            case "none":
                return None
            case _:
                return text
    except (KeyError, ValueError) as error:
        raise XnnirError(f"input {index}: expected {kind}, got {text}") from error


def _random(method: Method, kind: str, index: int, generator: np.random.Generator) -> Any:
    if kind == "none":
        return None
    if kind != "tensor":
        raise XnnirError(
            f"input {index} is no tensor but {kind}, which cannot be made up", hint="give it with --input"
        )
    info = method.metadata.input_tensor_meta(index)
    try:
        dtype = np.dtype(info.dtype_name)
    except TypeError as error:
        raise XnnirError(
            f"input {index}: there is no {info.dtype_name} in NumPy to make up numbers of"
        ) from error
    if dtype.kind == "f":
        return generator.standard_normal(info.sizes()).astype(dtype)
    return generator.integers(0, 2, info.sizes()).astype(dtype)
