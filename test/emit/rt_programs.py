"""Hypothesis strategies for modules of the `rt` dialect: any slots, any instructions, any jumps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite
from xdsl.context import Context
from xdsl.dialects.builtin import (
    FileLineColLoc,
    IntAttr,
    IntegerType,
    ModuleOp,
    NameLoc,
    Signedness,
    StringAttr,
    TensorType,
    bf16,
    f16,
    f32,
    f64,
    i1,
    i8,
    i16,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, Region, SSAValue

from xnnir.dialects import rt
from xnnir.dialects.rt.types import OTHER_SCALARS
from xnnir.dialects.weights import WeightStore, get_weight_store

ELEMENT_TYPES: list[Attribute] = [
    *(f16, bf16, f32, f64, i1, i8, i16, i32, i64),
    *(IntegerType(width, Signedness.UNSIGNED) for width in (8, 16, 32, 64)),
    *(rt.ScalarType(name) for name in OTHER_SCALARS),
]

INT64 = st.integers(-(2**63), 2**63 - 1)
# Surrogates are no text.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
OPERATORS = st.from_regex(r"[a-z_]{1,6}::[a-zA-Z0-9_]{1,6}(\.[a-z_]{1,6})?", fullmatch=True)


@composite
def tensor_slots(draw: DrawFn, store: WeightStore, arenas: list[int]) -> rt.TensorSlotOp:
    """A tensor of any type, with any metadata; arenas grow so that it fits."""
    shape = draw(st.lists(st.integers(0, 5), max_size=4))
    type = TensorType(draw(st.sampled_from(ELEMENT_TYPES)), shape)
    size = rt.tensor_bytes(type)
    order = draw(st.permutations(range(len(shape))))
    common: dict[str, Any] = {
        "dim_order": None if order == list(range(len(shape))) else order,
        "fully_qualified_name": draw(st.none() | NAMES),
        "requires_grad": draw(st.booleans()),
    }
    if draw(st.integers(0, 3)) == 0:
        return rt.ConstantOp(store.add(draw(st.binary(min_size=size, max_size=size))), type, **common)
    if draw(st.booleans()):
        arena = draw(st.integers(1, len(arenas)))
        offset = draw(st.integers(0, 8)) * 16
        arenas[arena - 1] = max(arenas[arena - 1], offset + size)
        common.update(arena=arena, offset=offset)
        if draw(st.booleans()):
            common["initial"] = store.add(draw(st.binary(min_size=size, max_size=size)))
    if "initial" not in common and common["fully_qualified_name"] is not None:
        # One that is neither external nor placed would be a state that nothing keeps.
        common["external"] = "arena" not in common or draw(st.booleans())
    return rt.TensorOp(
        type,
        dynamism=draw(st.sampled_from([None, "bound", "unbound"])),
        device=draw(st.sampled_from([None, (1, 0), (1, 2)])),
        **common,
    )


@composite
def one_slot(
    draw: DrawFn,
    store: WeightStore,
    arenas: list[int],
    ints: list[SSAValue],
    tensors: list[SSAValue],
    optional: list[SSAValue | None],
) -> rt.SlotOp:
    """A value of any kind; lists are of the values given."""

    def some(values: list[Any]) -> list[Any]:
        return draw(st.lists(st.sampled_from(values), max_size=4)) if values else []

    kinds: list[Callable[[], rt.SlotOp]] = [
        lambda: draw(tensor_slots(store, arenas)),
        lambda: rt.IntOp(draw(INT64)),
        lambda: rt.BoolOp(draw(st.booleans())),
        lambda: rt.DoubleOp(draw(st.floats(allow_nan=False))),
        lambda: rt.StringOp(draw(TEXT)),
        rt.NullOp,
        lambda: rt.IntListOp(some(ints)),
        lambda: rt.DoubleListOp(draw(st.lists(st.floats(allow_nan=False), max_size=4))),
        lambda: rt.BoolListOp(draw(st.lists(st.booleans(), max_size=4))),
        lambda: rt.TensorListOp(some(tensors)),
        lambda: rt.OptionalTensorListOp(some(optional)),
    ]
    return kinds[draw(st.integers(0, len(kinds) - 1))]()


@composite
def slots(draw: DrawFn, store: WeightStore, arenas: list[int]) -> list[rt.SlotOp]:
    """Values of all kinds; lists refer to those before them."""
    result: list[rt.SlotOp] = []
    for _ in range(draw(st.integers(1, 12))):
        ints = [slot.value for slot in result if isinstance(slot, rt.IntOp)]
        tensors = [slot.value for slot in result if isinstance(slot, rt.TensorSlotOp)]
        nulls = [slot.value for slot in result if isinstance(slot, rt.NullOp)]

        result.append(draw(one_slot(store, arenas, ints, tensors, [*tensors, *nulls, None])))
    return result


@composite
def instructions(draw: DrawFn, values: list[SSAValue], delegates: list[str]) -> rt.InstructionOp:
    """One that does not jump."""
    tensors = [value for value in values if isinstance(value.type, TensorType)]
    args = draw(st.lists(st.sampled_from(values), max_size=5))
    one, other = draw(st.sampled_from(values)), draw(st.sampled_from(values))
    kinds: list[rt.InstructionOp] = [rt.KernelCallOp(draw(OPERATORS), args), rt.MoveOp(one, other)]
    if delegates:
        kinds.append(rt.DelegateCallOp(draw(st.sampled_from(delegates)), args))
    if tensors:
        kinds.append(rt.FreeOp(draw(st.sampled_from(tensors))))
    op = draw(st.sampled_from(kinds))
    if draw(st.booleans()):
        file = FileLineColLoc(StringAttr(draw(NAMES)), IntAttr(draw(st.integers(0, 99))), IntAttr(0))
        op.location = NameLoc(StringAttr(draw(NAMES)), file) if draw(st.booleans()) else file
    return op


@composite
def methods(draw: DrawFn, store: WeightStore, name: str, delegates: list[str]) -> rt.MethodOp:
    """A method whose blocks jump to each other."""
    arenas = [draw(st.integers(1, 64)) for _ in range(draw(st.integers(1, 3)))]
    entry = Block(draw(slots(store, arenas)))
    values: list[SSAValue] = [op.results[0] for op in entry.ops]
    entry.add_op(rt.InputsOp(draw(st.lists(st.sampled_from(values), max_size=3))))
    conditions = [
        value for value in values if str(value.type) == "!rt.bool" or str(value.type).endswith("i1>")
    ]
    blocks = [entry, *(Block() for _ in range(draw(st.integers(0, 3)) if conditions else 0))]
    for index, block in enumerate(blocks):
        block.add_ops(draw(st.lists(instructions(values, delegates), max_size=4)))
        if index + 1 < len(blocks):
            following = blocks[index + 1]
            target = draw(st.sampled_from(blocks[1:]))
            block.add_op(rt.JumpFalseOp(draw(st.sampled_from(conditions)), following, target))
    blocks[-1].add_op(rt.ReturnOp(draw(st.lists(st.sampled_from(values), max_size=3))))
    return rt.MethodOp(
        name,
        Region(blocks),
        arenas=arenas,
        arena_devices=draw(st.sampled_from([[], [(1, 1, 0)]])),
        input_structure=draw(st.none() | NAMES),
        output_structure=draw(st.none() | NAMES),
    )


@composite
def programs(draw: DrawFn, context: Context) -> ModuleOp:
    """One or two methods with delegates of unknown backends, and named data."""
    store = get_weight_store(context)
    names = draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
    method_ops: list[rt.MethodOp] = []
    delegate_ops: list[rt.DelegateOp] = []
    for name in names:
        count = draw(st.integers(0, 2))
        symbols = [
            f"delegate_{index}" if len(names) == 1 else f"{name}_delegate_{index}" for index in range(count)
        ]
        method_ops.append(draw(methods(store, name, symbols)))
        # Only delegates that are called have a place in a file, in the order of their calls.
        called = list(dict.fromkeys(op.delegate.root_reference.data for op in calls(method_ops[-1])))
        renamed = dict(zip(called, symbols, strict=False))
        for op in calls(method_ops[-1]):
            op.properties["delegate"] = rt.DelegateCallOp(
                renamed[op.delegate.root_reference.data], []
            ).delegate
        for symbol in symbols[: len(called)]:
            specs = {
                key: store.add(draw(st.binary(max_size=8)))
                for key in draw(st.lists(NAMES, unique=True, max_size=2))
            }
            delegate_ops.append(
                rt.DelegateOp(symbol, draw(NAMES), store.add(draw(st.binary(max_size=300))), specs)
            )
    keys = draw(st.lists(NAMES.filter(lambda key: key != "xnnir.locations"), unique=True, max_size=3))
    data = [rt.NamedDataOp(key, store.add(draw(st.binary(max_size=40)))) for key in keys]
    return ModuleOp([*delegate_ops, *data, *method_ops])


def calls(method: rt.MethodOp) -> list[rt.DelegateCallOp]:
    """The delegate calls of a method."""
    return [op for op in method.instructions() if isinstance(op, rt.DelegateCallOp)]
