"""
`apply_patterns`: where new ops come from, what they are called, and what happens when a pattern goes
wrong.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    ArrayAttr,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    ModuleOp,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Operation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from xnnir.context import make_context
from xnnir.errors import InternalError, OpError, XnnirError, format_location
from xnnir.passes._rewriting import apply_patterns, fused_location
from xnnir.tools._parsing import parse_text


class SubToMulAdd(RewritePattern):
    """One op becomes two; the second has a location of its own."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.SubiOp, rewriter: PatternRewriter) -> None:
        product = arith.MuliOp(op.lhs, op.rhs)
        total = arith.AddiOp(product.result, op.rhs)
        total.location = location("own.py", 1)
        rewriter.replace(op, [product, total])


class MulToMul(RewritePattern):
    """Never rests."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.MuliOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, arith.MuliOp(op.lhs, op.rhs))


class Raises(RewritePattern):
    """Raises what it was given at each arith.subi."""

    def __init__(self, error: Exception):
        self.error = error

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.SubiOp, rewriter: PatternRewriter) -> None:
        raise self.error


def location(file: str, line: int) -> LocationAttr:
    return FileLineColLoc(StringAttr(file), IntAttr(line), IntAttr(0))


def module_with(count: int) -> ModuleOp:
    """A function with a chain of `count` arith.subi, each from a line of its own."""
    lines = ["func.func @f(%x: i32) -> i32 {"]
    for index in range(count):
        operand = "%x" if index == 0 else f"%step{index - 1}"
        lines.append(
            f'  %step{index} = arith.subi {operand}, %x : i32 loc("layer{index}"("model.py":{index + 1}:0))'
        )
    lines += [f"  func.return %step{count - 1} : i32", "}"]
    return parse_text(make_context(), "\n".join(lines), "chain.mlir")


def ops_of(module: ModuleOp, kind: type[Operation]) -> list[Operation]:
    return [op for op in module.walk() if isinstance(op, kind)]


@given(st.integers(1, 20), st.booleans(), st.booleans())
def test_new_ops_have_the_location_and_name_of_what_they_replace(
    count: int, recursive: bool, reverse: bool
) -> None:
    module = module_with(count)
    assert apply_patterns(module, [SubToMulAdd()], recursive=recursive, reverse=reverse)
    assert not ops_of(module, arith.SubiOp)
    products, totals = ops_of(module, arith.MuliOp), ops_of(module, arith.AddiOp)
    places = [f'model.py:{index + 1} "layer{index}"' for index in range(count)]
    assert [format_location(op.location) for op in products] == places
    assert [format_location(op.location) for op in totals] == ["own.py:1"] * count
    assert [op.results[0].name_hint for op in totals] == [f"step{index}" for index in range(count)]
    module.verify()


def test_nothing_that_matches_is_no_change() -> None:
    module = module_with(3)
    before = str(module)
    assert not apply_patterns(module, [MulToMul()])
    assert str(module) == before


def test_dead_ops_go_only_when_asked() -> None:
    text = "func.func @f(%x: i32) {\n  %0 = arith.subi %x, %x : i32\n  func.return\n}"
    kept, erased = (parse_text(make_context(), text, "dead.mlir") for _ in range(2))
    assert not apply_patterns(kept, [], erase_dead=False)
    assert apply_patterns(erased, [], erase_dead=True)
    assert ops_of(kept, arith.SubiOp) and not ops_of(erased, arith.SubiOp)


def test_patterns_that_do_not_rest_are_an_error() -> None:
    module = module_with(2)
    apply_patterns(module, [SubToMulAdd()])
    with pytest.raises(InternalError, match=r"arith\.muli: the patterns do not converge"):
        apply_patterns(module, [MulToMul()])


def test_a_lowering_does_not_look_at_what_it_made() -> None:
    module = module_with(2)
    apply_patterns(module, [SubToMulAdd()])
    assert apply_patterns(module, [MulToMul()], recursive=False)


def test_an_error_of_a_pattern_gets_the_place_of_the_op() -> None:
    with pytest.raises(XnnirError) as caught:
        apply_patterns(module_with(1), [Raises(XnnirError("no"))])
    assert str(caught.value) == 'model.py:1 "layer0": no'


def test_an_error_with_a_place_keeps_it() -> None:
    own = XnnirError("no", location("other.py", 7), hint="do this")
    with pytest.raises(XnnirError) as caught:
        apply_patterns(module_with(1), [Raises(own)])
    assert str(caught.value) == "other.py:7: no; do this"


def test_an_unforeseen_error_names_the_op_and_keeps_its_cause() -> None:
    with pytest.raises(InternalError) as caught:
        apply_patterns(module_with(1), [Raises(KeyError("k"))])
    assert str(caught.value) == "model.py:1 \"layer0\": arith.subi: KeyError in a pattern: 'k'"
    assert isinstance(caught.value.__cause__, KeyError)


def test_errors_do_not_carry_the_module() -> None:
    for error in (XnnirError("no"), KeyError("k")):
        with pytest.raises(XnnirError) as caught:
            apply_patterns(module_with(1), [Raises(error)])
        notes = [*getattr(caught.value, "__notes__", []), *getattr(caught.value.__cause__, "__notes__", [])]
        assert not notes


def test_fused_location_has_each_known_place_once() -> None:
    module = module_with(2)
    first, second = ops_of(module, arith.SubiOp)
    unknown = arith.ConstantOp.from_int_and_width(1, 32)
    assert fused_location([unknown]) == UnknownLoc()
    assert fused_location([first, unknown, first]) == first.location
    both = fused_location([first, second])
    assert both == FusedLoc(ArrayAttr([first.location, second.location]), NoneAttr())
    assert format_location(both) == 'model.py:1 "layer0"'
    first.location = both
    assert fused_location([first, second]) == both


def test_format_location_says_what_is_known() -> None:
    place = location("model.py", 3)
    named = NameLoc(StringAttr("conv"), place)
    column = FileLineColLoc(StringAttr("a.mlir"), IntAttr(2), IntAttr(5))
    assert format_location(None) == ""
    assert format_location(UnknownLoc()) == ""
    assert format_location(place) == "model.py:3"
    assert format_location(column) == "a.mlir:2:5"
    assert format_location(named) == 'model.py:3 "conv"'
    assert format_location(NameLoc(StringAttr("conv"), UnknownLoc())) == '"conv"'


def test_op_error_begins_with_the_op() -> None:
    (op,) = ops_of(module_with(1), arith.SubiOp)
    assert str(OpError(op, "expected a")) == 'model.py:1 "layer0": arith.subi: expected a'
