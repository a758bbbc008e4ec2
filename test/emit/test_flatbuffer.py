# pyright: reportMissingTypeStubs=false
"""The flatbuffer layer against flatc and against the schemas that stock ExecuTorch ships."""

from __future__ import annotations

import re
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import executorch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from xnnir.emit.fbs import SCHEMA_FOLDER, Field, Schema, load_schema, parse_schema
from xnnir.emit.flatbuffer import decode, encode
from xnnir.emit.nodes import NODE_FORMATS

STOCK = Path(next(iter(executorch.__path__)))
# `struct` formats and how many values they have.
RANGES = {"b": 8, "h": 16, "i": 32, "q": 64}


@composite
def tables(draw: DrawFn, schema: Schema, name: str, depth: int = 0) -> dict[str, Any]:
    """A table of `schema` with any fields, few of them below the surface."""
    result: dict[str, Any] = {}
    for field in schema.tables[name]:
        if depth > 5 or draw(st.integers(0, 3)) == 0:
            continue
        item = field.kind.removeprefix("vector of ")
        if item == field.kind:
            result[field.name] = draw(values(schema, field, item, depth))
        else:
            items = draw(st.lists(values(schema, field, item, depth), max_size=3))
            result[field.name] = bytes(items) if field.type == "B" and item == "scalar" else items
    return result


def values(schema: Schema, field: Field, kind: str, depth: int) -> st.SearchStrategy[Any]:
    """Something to put into `field`."""
    if kind == "string":
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    if kind == "table":
        return tables(schema, field.type, depth + 1)
    if kind == "union":
        members = schema.unions[field.type]
        return st.sampled_from(members).flatmap(
            lambda member: st.tuples(st.just(member[0]), tables(schema, member[1], depth + 1))
        )
    if field.type == "?":
        return st.booleans()
    if field.type in "fd":
        return st.integers(-999, 999).map(lambda number: number / 4)  # flatc prints only a few digits
    bits = RANGES[field.type.lower()]
    return (
        st.integers(0, 2**bits - 1)
        if field.type.isupper()
        else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    )


def with_defaults(schema: Schema, name: str, table: Mapping[str, Any] | None) -> Any:
    """`table` as it is read: absent fields at their defaults."""
    if table is None:
        return None
    result: dict[str, Any] = {}
    for field in schema.tables[name]:
        value = table.get(field.name)
        match field.kind:
            case "scalar":
                result[field.name] = field.default if value is None else value
            case "string":
                result[field.name] = value or ""
            case "table":
                result[field.name] = with_defaults(schema, field.type, value)
            case "union":
                members = dict(schema.unions[field.type])
                result[field.name] = value and (value[0], with_defaults(schema, members[value[0]], value[1]))
            case "vector of table":
                result[field.name] = [with_defaults(schema, field.type, item) for item in value or ()]
            case _:
                result[field.name] = value or (b"" if field.type == "B" else [])
    return result


@pytest.mark.parametrize("name", ["program", "xnnpack", "flat_tensor"])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_written_is_read(name: str, data: st.DataObject) -> None:
    schema = load_schema(name)
    table = data.draw(tables(schema, schema.root))
    head = data.draw(st.sampled_from([0, 16, 32]))
    buffer = encode(schema, table, head)
    assert buffer[4:8].decode() == schema.identifier
    assert decode(schema, buffer) == with_defaults(schema, schema.root, table)


@pytest.mark.parametrize("name", ["program", "xnnpack", "flat_tensor"])
@settings(max_examples=12, deadline=None)
@given(st.data())
def test_flatc_reads_it_and_writes_what_we_read(name: str, data: st.DataObject) -> None:
    schema = load_schema(name)
    table = data.draw(tables(schema, schema.root))
    with tempfile.TemporaryDirectory() as folder:
        buffer, text = Path(folder, "buffer.bin"), Path(folder, "buffer.json")
        buffer.write_bytes(encode(schema, table))
        fbs = str(SCHEMA_FOLDER / f"{name}.fbs")
        flatc = ["flatc", "-o", folder, "--strict-json"]
        subprocess.run([*flatc, "--json", fbs, "--", str(buffer)], check=True)
        buffer.unlink()
        subprocess.run([*flatc, "--binary", fbs, str(text)], check=True)
        (written,) = (path for path in Path(folder).iterdir() if path != text)
        assert decode(schema, written.read_bytes()) == with_defaults(schema, schema.root, table)


def test_every_table_is_aligned_for_its_widest_field() -> None:
    schema = load_schema("program")
    for count in range(1, 9):
        plan = {"name": "n" * count, "non_const_buffer_sizes": [2**40] * count}
        values = [{"val": ("Double", {"double_val": 0.5})}, {"val": ("Int", {"int_val": 2**40})}]
        buffer = encode(schema, {"execution_plan": [{**plan, "values": values}]})
        for number in (struct.pack("<d", 0.5), struct.pack("<q", 2**40)):
            assert buffer.index(number) % 8 == 0


def test_schemas_are_those_of_stock() -> None:
    scalar_types = (STOCK / "exir/_serialize/scalar_type.fbs").read_text()
    for name, path in {
        "program": "exir/_serialize/program.fbs",
        "xnnpack": "backends/xnnpack/serialization/runtime_schema.fbs",
        "flat_tensor": "extension/flat_tensor/serialize/flat_tensor.fbs",
    }.items():
        text = scalar_types + (STOCK / path).read_text()
        text = re.sub(r"include .*;", "", text).replace("executorch_flatbuffer.ScalarType", "ScalarType")
        stock, ours = parse_schema(text), load_schema(name)
        for table, fields in stock.tables.items():
            got = {field.name: field for field in ours.tables[table.lstrip("_")]}
            for field in fields:
                if field.name == "mem_buffer_sizes":
                    continue  # nobody reads it
                mine = got[field.name]
                assert (field.slot, field.kind, field.type.lstrip("_")) == (
                    mine.slot,
                    mine.kind,
                    mine.type,
                ), field
                assert (field.default, field.align) == (mine.default, mine.align), field
        for union, members in stock.unions.items():
            # Nodes that only files for our own runtime have come after all of stock's.
            expected = tuple((member, table.lstrip("_")) for member, table in members)
            assert ours.unions[union][: len(expected)] == expected
        for enum, numbers in stock.enums.items():
            assert ours.enums.get(enum, numbers) == numbers


def test_every_node_of_the_format_has_an_op_and_a_test() -> None:
    members = {member for member, _ in load_schema("xnnpack").unions["XNodeUnion"]}
    # The stock runtime refuses this one, too.
    assert members - {row.member for row in NODE_FORMATS} == {"XNNScaledDotProductAttention"}
    text = (Path(__file__).parent / "nodes.mlir").read_text()
    assert not {row.op.name for row in NODE_FORMATS if f"CHECK-NEXT: {row.op.name} " not in text}
