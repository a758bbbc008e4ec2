"""Which segments a .pte file has, and what is in each."""

from __future__ import annotations

from typing import Any

from xnnir.emit.fbs import load_schema
from xnnir.emit.flatbuffer import decode
from xnnir.emit.headers import ProgramHeader


def list_segments(data: bytes | memoryview) -> list[tuple[int, int, str]]:
    """
    Offset from the start of the file, size and content of each segment, by offset.

    Raises `FormatError` for what is not a .pte file, or is damaged.
    """
    view = memoryview(data)
    header = ProgramHeader.read(view)
    if header is None:
        return [(0, len(view), "program, with all data inline")]
    program: dict[str, Any] = decode(load_schema("program"), view[: header.program_size])
    contents: dict[int, list[str]] = {}
    for entry in program["named_data"]:
        contents.setdefault(entry["segment_index"], []).append(_named(entry["key"]))
    for plan in program["execution_plan"]:
        for index, delegate in enumerate(plan["delegates"]):
            reference = delegate["processed"]
            if reference is not None and reference["location"] == 1:
                what = f"delegate {index} of {plan['name']} ({delegate['id']})"
                contents.setdefault(reference["index"], []).append(what)
    constants = program["constant_segment"]
    if constants is not None and len(constants["offsets"]) > 1:
        contents.setdefault(constants["segment_index"], []).append("constant tensors of methods")
    for table in program["mutable_data_segments"]:
        contents.setdefault(table["segment_index"], []).append("first values of mutable tensors")
    listed = [(0, header.program_size, "program")]
    for index, segment in enumerate(program["segments"]):
        what = ", ".join(contents.get(index, ["unused"]))
        listed.append((header.segment_base + segment["offset"], segment["size"], what))
    return sorted(listed)


def _named(key: str | None) -> str:
    # Weights of XNNPACK's delegates are named by their SHA-256, of which the start is enough to tell them
    # apart.
    is_hash = key is not None and len(key) == 64 and set(key) <= set("0123456789abcdef")
    return f"weight {key[:16]}..." if key is not None and is_hash else f"named data {key}"
