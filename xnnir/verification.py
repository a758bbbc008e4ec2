"""Checks that hold at every level, with an error that names the op and its place."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, BlockArgument, Operation, OpResult, Region, SSAValue
from xdsl.traits import SymbolTable
from xdsl.utils.exceptions import VerifyException

from xnnir.errors import OpError


def verify_module(module: ModuleOp) -> None:
    """
    Run the verifier of every op in `module`, and check that values are defined before they are used.

    Raises `OpError` for the first op that fails. Unlike the exception of `module.verify()`, it carries the op
    and its location, and not a dump of the module.
    """
    try:
        module.verify()
    except Exception as error:
        op = _failing_op(module)
        message = str(error) if isinstance(error, VerifyException) else f"{type(error).__name__}: {error}"
        raise OpError(op, one_line(message)) from error
    for region in module.regions:
        _verify_order(region, set())


def one_line(message: str) -> str:
    """`message` in the form errors have here: on one line, in lower case, without a full stop."""
    text = " ".join(line.strip() for line in message.strip().splitlines()).rstrip(".! ")
    if len(text) > 1 and text[0].isupper() and not text[1].isupper():
        text = text[0].lower() + text[1:]
    return text


def _failing_op(module: ModuleOp) -> Operation:
    """The innermost op that does not verify by itself; `module` when only the whole does not."""
    # An op's own `verify` would print the whole module for each op that fails, so the checks come one by one.
    for op in module.walk(region_first=True):
        try:
            op.verify_()
        except Exception:
            return _repeated_symbol(op) or op
    for op in module.walk(region_first=True):
        try:
            op.verify(verify_nested_ops=False)
            for region in op.regions:
                for block in region.blocks:
                    if not block.ops:
                        block.verify()
        except Exception:
            return op
    return module


def _repeated_symbol(op: Operation) -> Operation | None:
    """The first op in `op` that has the symbol name of one before it."""
    seen: set[Attribute] = set()
    for inner in op.walk() if op.has_trait(SymbolTable) else ():
        symbol = inner.get_attr_or_prop("sym_name") if inner.parent_op() is op else None
        if symbol in seen:
            return inner
        if symbol is not None:
            seen.add(symbol)
    return None


def _verify_order(region: Region, visible: set[SSAValue]) -> None:
    """
    Check that ops in `region` use what is in `visible` or comes before them.

    Of a region with several blocks all values count as visible throughout: the order of blocks is not looked
    at.
    """
    seen = set(visible)
    for block in region.blocks:
        seen.update(block.args)
    if len(region.blocks) > 1:
        for block in region.blocks:
            for op in block.ops:
                seen.update(op.results)
    for block in region.blocks:
        for op in block.ops:
            for index, operand in enumerate(op.operands):
                if operand not in seen:
                    raise OpError(op, f"operand {index} {_describe(operand)} is not defined before this use")
            for inner in op.regions:
                _verify_order(inner, seen)
            seen.update(op.results)


def _describe(value: SSAValue) -> str:
    name = f"%{value.name_hint} " if value.name_hint else ""
    match value:
        case OpResult():
            return f"({name}from {value.op.name})"
        case BlockArgument():
            return f"({name}argument {value.index} of a block)"
        case _:
            return f"({name}of no op)"
