"""`libxnnir.so` from Python's ctypes: what it shows, and that a caller who knows the header alone can run programs."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from ctypes import byref, c_bool, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from xnnir.testing.stock_programs import StockProgram

ROOT = Path(__file__).parents[2]
HEADER = ROOT / "runtime" / "include" / "xnnir" / "xnnir.h"
OK, INVALID_STATE, NOT_FOUND, FLOAT32 = 0, 0x02, 0x20, 6


class Struct(ctypes.Structure):
    """A struct that knows its size."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(struct_size=ctypes.sizeof(type(self)), **fields)


class Tensor(Struct):
    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("data", c_void_p),
        ("nbytes", c_size_t),
        ("dtype", c_int32),
        ("rank", c_uint32),
        ("sizes", ctypes.POINTER(c_int32)),
        ("dim_order", ctypes.POINTER(ctypes.c_uint8)),
    ]


class ProfileEvent(Struct):
    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("location", c_char_p),
        ("instruction", c_int32),
        ("node", c_int32),
        ("nanoseconds", c_uint64),
        ("bytes", c_uint64),
        ("count", c_uint64),
    ]


ProfileHook = ctypes.CFUNCTYPE(None, c_void_p, ctypes.POINTER(ProfileEvent))


class MethodOptions(Struct):
    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("profile", c_bool),
        ("max_instructions", c_uint64),
        ("profile_begin", ProfileHook),
        ("profile_end", ProfileHook),
        ("profile_user_data", c_void_p),
    ]


class ProgramOptions(Struct):
    """As a caller knows it who needs no more: the fields that follow are zero."""

    _fields_: ClassVar = [("struct_size", c_size_t), ("num_threads", c_size_t)]


Kernel = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p)


@pytest.fixture(scope="module")
def path() -> Path:
    """The shared library that was built."""
    path = Path(os.environ.get("XNNIR_BUILD_DIR", ROOT / "build")) / "runtime" / "libxnnir.so"
    if not path.exists():
        pytest.skip(f"{path} is not built")
    return path


@pytest.fixture(scope="module")
def library(path: Path) -> ctypes.CDLL:
    """The library, with the types of the functions that tests call."""
    library = ctypes.CDLL(str(path))
    for name in ("xnnir_last_error", "xnnir_version", "xnnir_program_method_name", "xnnir_metadata_backend"):
        getattr(library, name).restype = c_char_p
    for name in ("xnnir_method_num_profile_events", "xnnir_program_num_methods"):
        getattr(library, name).restype = c_size_t
    library.xnnir_method_metadata.restype = c_void_p
    return library


class Program:
    """A loaded method, freed with its program."""

    def __init__(self, library: ctypes.CDLL, path: Path, options: MethodOptions | None = None) -> None:
        self.library = library
        self.program, self.method = c_void_p(), c_void_p()
        threads = ProgramOptions(num_threads=1)
        self.check(library.xnnir_program_load_file(os.fsencode(path), byref(threads), byref(self.program)))
        chosen = None if options is None else byref(options)
        self.check(library.xnnir_program_load_method(self.program, b"forward", chosen, byref(self.method)))

    def check(self, status: int) -> None:
        assert status == OK, self.library.xnnir_last_error()

    def run(self, *inputs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The first output."""
        for index, array in enumerate(inputs):
            sizes = (c_int32 * array.ndim)(*array.shape)
            given = Tensor(
                data=array.ctypes.data, nbytes=array.nbytes, dtype=FLOAT32, rank=array.ndim, sizes=sizes
            )
            self.check(self.library.xnnir_method_set_input(self.method, c_size_t(index), byref(given)))
        self.check(self.library.xnnir_method_execute(self.method))
        output = Tensor()
        self.check(self.library.xnnir_method_output(self.method, c_size_t(0), byref(output)))
        assert output.dtype == FLOAT32
        data = ctypes.string_at(output.data, output.nbytes)
        return np.frombuffer(data, np.float32).reshape(output.sizes[: output.rank])

    def free(self) -> None:
        self.library.xnnir_program_free(self.program)
        self.library.xnnir_method_free(self.method)


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
def test_shows_what_the_header_declares_and_nothing_else(path: Path) -> None:
    """No symbol of C++, XNNPACK or the runtime's inside: the process may have others of these."""
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True
    ).stdout
    shown = {line.split()[-1].partition("@")[0] for line in listing.splitlines()}
    text = re.sub(r"//.*", "", HEADER.read_text())
    declared = set(re.findall(r"\bXNNIR_(?:EXPORT|CHECKED)\s[^;(]*?\b(xnnir_\w+)\(", text))
    assert len(declared) > 60
    assert shown == declared


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf")
def test_needs_system_libraries_only(path: Path) -> None:
    listing = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[([\w+-]+)\.so[.\d]*\]", listing))
    assert "libc" in needed
    assert needed <= {"libc", "libm", "libstdc++", "libgcc_s", "libpthread", "libdl", "ld-linux-x86-64"}
    assert re.search(r"\(SONAME\).*\[libxnnir\.so\.0\]", listing)


def test_gives_eager_numbers(library: ctypes.CDLL, conv_linear: StockProgram) -> None:
    program = Program(library, conv_linear.path)
    assert library.xnnir_program_num_methods(program.program) == 1
    assert library.xnnir_program_method_name(program.program, c_size_t(0)) == b"forward"
    metadata = c_void_p(library.xnnir_method_metadata(program.method))
    assert library.xnnir_metadata_backend(metadata, c_size_t(0)) == b"XnnpackBackend"
    output = program.run(conv_linear.inputs[0].numpy())
    np.testing.assert_allclose(output, conv_linear.expected[0], rtol=1e-5, atol=1e-5)
    program.free()


def test_profile_and_hooks(library: ctypes.CDLL, conv_linear: StockProgram) -> None:
    seen: list[str] = []

    def hook(kind: str) -> Callable[[int | None, Any], None]:
        return lambda _, event: seen.append(f"{kind} {event.contents.name.decode()}")

    begin, end = ProfileHook(hook("begin")), ProfileHook(hook("end"))
    options = MethodOptions(profile=True, profile_begin=begin, profile_end=end)
    program = Program(library, conv_linear.path, options)
    program.run(conv_linear.inputs[0].numpy())
    assert seen[:2] == ["begin XnnpackBackend", "end XnnpackBackend"]
    events: list[ProfileEvent] = []
    for index in range(library.xnnir_method_num_profile_events(program.method)):
        events.append(ProfileEvent())
        program.check(library.xnnir_method_profile_event(program.method, c_size_t(index), byref(events[-1])))
    assert any(b"Convolution" in event.name and event.bytes > 0 for event in events)
    text = c_char_p()
    for form, start in enumerate((b" instr", b"[", b"{")):
        program.check(library.xnnir_method_profile_text(program.method, c_int32(form), byref(text)))
        assert text.value is not None
        assert text.value.startswith(start)
    assert library.xnnir_method_profile_text(program.method, c_int32(9), byref(text)) != OK
    program.free()


POWER = """
rt.method @forward {
  %x = rt.tensor : tensor<2x3xf32>
  %power = rt.int 3
  %y = rt.tensor : tensor<2x3xf32>
  rt.inputs(%x) : (tensor<2x3xf32>)
  rt.kernel_call "acme::power.out"(%x, %power, %y, %y) : (tensor<2x3xf32>, !rt.int, tensor<2x3xf32>, tensor<2x3xf32>)
  rt.return(%y) : (tensor<2x3xf32>)
}
"""


def test_a_kernel_in_python(library: ctypes.CDLL, tmp_path: Path) -> None:
    """A program whose operator no library has runs when Python registers a kernel for it."""
    path = tmp_path / "power.pte"
    translate = [Path(sys.executable).with_name("xnn-translate"), "--mlir-to-pte", "-", "-o", path]
    subprocess.run(translate, input=POWER, text=True, check=True)
    method, program = c_void_p(), c_void_p()
    assert library.xnnir_program_load_file(os.fsencode(path), None, byref(program)) == OK
    assert library.xnnir_program_load_method(program, b"forward", None, byref(method)) == 0x14
    assert b"acme::power.out" in library.xnnir_last_error()
    library.xnnir_program_free(program)

    def power(_: int | None, call: int) -> int:
        x, y, exponent = Tensor(), Tensor(), c_int64()
        handle = c_void_p(call)
        for status in (
            library.xnnir_call_tensor(handle, c_size_t(0), byref(x)),
            library.xnnir_call_int(handle, c_size_t(1), byref(exponent)),
            library.xnnir_call_tensor(handle, c_size_t(2), byref(y)),
        ):
            if status != OK:
                return status
        numbers = np.frombuffer(ctypes.string_at(x.data, x.nbytes), np.float32) ** exponent.value
        ctypes.memmove(y.data, numbers.astype(np.float32).tobytes(), y.nbytes)
        return OK

    kernel = Kernel(power)
    # Registered for the rest of the process, so it must not be collected.
    test_a_kernel_in_python.kernel = kernel  # pyright: ignore[reportFunctionMemberAccess]
    assert library.xnnir_register_kernel(b"acme::power.out", kernel, None) == OK
    assert library.xnnir_register_kernel(b"acme::power.out", kernel, None) == INVALID_STATE
    loaded = Program(library, path)
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(loaded.run(x), x**3)
    loaded.free()


def test_errors(library: ctypes.CDLL, tmp_path: Path) -> None:
    program = c_void_p()
    missing = os.fsencode(tmp_path / "missing.pte")
    assert library.xnnir_program_load_file(missing, None, byref(program)) == NOT_FOUND
    assert b"missing.pte" in library.xnnir_last_error()
    assert library.xnnir_version() == b"0.1.0"
