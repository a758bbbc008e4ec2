"""Which parts of a runtime the programs in `.pte` files use: what a build of it for these alone has to have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from xnnir.dialects.weights import WeightStore
from xnnir.dialects.xnn.support import BACKEND_IDS
from xnnir.emit.delegate_reader import read_tables as read_graph_tables
from xnnir.emit.program_reader import ProgramTables


@dataclass(frozen=True)
class UsedParts:
    """Names in alphabetical order."""

    operators: tuple[str, ...]
    """Of kernels, as the file spells them: "aten::view_copy.out"."""
    nodes: tuple[str, ...]
    """Kinds of node in XNNPACK's delegates, members of the format's union without "XNN": "Conv2d"."""
    backends: tuple[str, ...]

    @classmethod
    def union(cls, parts: Sequence[UsedParts]) -> Self:
        """What any of several programs uses."""

        def merge(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
            return tuple(sorted({name for part in names for name in part}))

        return cls(
            merge(part.operators for part in parts),
            merge(part.nodes for part in parts),
            merge(part.backends for part in parts),
        )


def used_parts(data: bytes | memoryview) -> UsedParts:
    """What the program in `data`, the bytes of a .pte file, uses. Raises `FormatError`."""
    program = ProgramTables.read(data, WeightStore())
    operators: set[str] = set()
    kinds: set[str] = set()
    backends: set[str] = set()
    for number, plan in enumerate(program.tables["execution_plan"]):
        for operator in plan["operators"]:
            overload = operator["overload"]
            operators.add(f"{operator['name']}.{overload}" if overload else operator["name"])
        for index, delegate in enumerate(plan["delegates"]):
            backends.add(delegate["id"])
            if delegate["id"] not in BACKEND_IDS.values():
                continue
            where = f"Program.execution_plan[{number}].delegates[{index}].processed"
            graph, _ = read_graph_tables(program.delegate_data(delegate["processed"], where))
            for node in graph["xnodes"]:
                if node["xnode_union"] is not None:
                    kinds.add(node["xnode_union"][0].removeprefix("XNN"))
    return UsedParts(tuple(sorted(operators)), tuple(sorted(kinds)), tuple(sorted(backends)))


def selection_header(parts: UsedParts, sources: Iterable[str]) -> str:
    """C++ that `runtime/cmake/selection.cmake` has the runtime compiled with; `sources` are named in a comment."""
    lines = [
        f"// Kernels and nodes that these programs use: {', '.join(sources)}.",
        "// Written by `xnnir select`, for CMake's XNNIR_SELECT_FROM.",
        "#pragma once",
        "",
        "#define XNNIR_SELECTED_KERNELS(X) \\",
        *(f'  X("{name}") \\' for name in parts.operators),
        "",
        "#define XNNIR_SELECTED_NODES(X) \\",
        *(f"  X({name}) \\" for name in parts.nodes),
        "",
    ]
    return "\n".join(lines) + "\n"
