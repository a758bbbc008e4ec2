# pyright: reportMissingTypeStubs=false
"""Any `rt` program: text to bytes to text again, and what stock ExecuTorch's own reader makes of the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

from executorch.exir._serialize._program import deserialize_pte_binary
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.printer import Printer

from xnnir.context import make_context
from xnnir.dialects import rt
from xnnir.emit import read_program, write_program
from xnnir.tools._parsing import forget_text_locations, parse_text

from .rt_programs import programs

KINDS: dict[type[Operation], str] = {
    rt.TensorOp: "Tensor",
    rt.ConstantOp: "Tensor",
    rt.IntOp: "Int",
    rt.BoolOp: "Bool",
    rt.DoubleOp: "Double",
    rt.StringOp: "String",
    rt.NullOp: "Null",
    rt.IntListOp: "IntList",
    rt.DoubleListOp: "DoubleList",
    rt.BoolListOp: "BoolList",
    rt.TensorListOp: "TensorList",
    rt.OptionalTensorListOp: "OptionalTensorList",
    rt.KernelCallOp: "KernelCall",
    rt.DelegateCallOp: "DelegateCall",
    rt.MoveOp: "MoveCall",
    rt.JumpFalseOp: "JumpFalseCall",
    rt.FreeOp: "FreeCall",
}


# A failing program is small enough to read; making it smaller would take minutes.
QUICK = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def text_of(module: ModuleOp) -> str:
    stream = StringIO()
    Printer(stream, print_debuginfo=True).print_op(module)
    return stream.getvalue()


@dataclass(repr=False)
class Drawn:
    """A module that hypothesis prints as text: field by field, it would take minutes."""

    module: ModuleOp

    def __repr__(self) -> str:
        return text_of(self.module)


@settings(QUICK, max_examples=150)
@given(st.data())
def test_text_to_bytes_to_text(data: st.DataObject) -> None:
    context = make_context()
    module = data.draw(programs(context).map(Drawn)).module
    module.verify()
    text = text_of(module)
    parsed = parse_text(context, text, "test.mlir")
    forget_text_locations(parsed, "test.mlir")
    assert text_of(parsed) == text

    written = write_program(parsed, context).buffer
    other = make_context()
    read = read_program(written, other)
    read.verify()
    # Blocks that no jump leads to become part of those before; after that, nothing changes any more.
    assert write_program(read, other).buffer == written
    again = make_context()
    assert text_of(read_program(write_program(read, other).buffer, again)) == text_of(read)
    for before, after in zip(_methods(module), _methods(read), strict=True):
        assert [str(op) for op in before.slots()] == [str(op) for op in after.slots()]
        assert _lines(before) == _lines(after)
        assert [op.location for op in before.instructions()] == [op.location for op in after.instructions()]


@settings(QUICK, max_examples=60)
@given(st.data())
def test_stock_reads_the_same_values_and_instructions(data: st.DataObject) -> None:
    context = make_context()
    module = data.draw(programs(context).map(Drawn)).module
    program = deserialize_pte_binary(write_program(module, context).buffer).program
    for method, plan in zip(_methods(module), program.execution_plan, strict=True):
        assert plan.name == method.sym_name.data
        assert plan.non_const_buffer_sizes == [0, *method.arena_sizes]
        assert [type(value.val).__name__ for value in plan.values] == [
            KINDS[type(op)] for op in method.slots()
        ]
        got = [type(instruction.instr_args).__name__ for instruction in plan.chains[0].instructions]
        assert got == [KINDS[type(op)] for op in method.instructions()]
        for slot, value in zip(method.slots(), plan.values, strict=True):
            _compare(slot, value.val)


def _compare(slot: rt.SlotOp, value: object) -> None:
    match slot:
        case rt.IntOp():
            assert vars(value) == {"int_val": slot.number.value.data}
        case rt.DoubleOp():
            assert vars(value) in (
                {"double_val": slot.number.value.data},
                {"double_val": str(slot.number.value.data)},
            )
        case rt.StringOp():
            assert vars(value) == {"string_val": slot.text.data}
        case rt.TensorSlotOp():
            fields = vars(value)
            assert fields["sizes"] == list(slot.tensor_type.get_shape())
            assert (fields["data_buffer_idx"] > 0) == (
                isinstance(slot, rt.ConstantOp)
                or (isinstance(slot, rt.TensorOp) and slot.initial is not None)
            )
            placed = isinstance(slot, rt.TensorOp) and slot.arena is not None
            assert (fields["allocation_info"] is not None) == placed
        case _:
            pass


def _methods(module: ModuleOp) -> list[rt.MethodOp]:
    return [op for op in module.ops if isinstance(op, rt.MethodOp)]


def _lines(method: rt.MethodOp) -> list[str]:
    """Inputs, instructions and outputs, with values by their numbers; names of blocks are not kept."""
    numbers = {slot.value: number for number, slot in enumerate(method.slots())}
    lines = [
        f"{op.name} {[numbers[operand] for operand in op.operands]} {op.properties}"
        for op in method.instructions()
    ]
    return [str([numbers[value] for value in values]) for values in (method.inputs, method.outputs)] + lines
