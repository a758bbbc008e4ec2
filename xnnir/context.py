"""The context in which IR lives: which dialects it may use, and the store of its weights."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin
from xdsl.dialects.func import Func
from xdsl.dialects.scf import Scf

from xnnir.dialects import get_all_dialects


def make_context() -> Context:
    """
    A context with `builtin`, `func`, `arith`, `scf` and the dialects of xnnir, and with a weight store of its
    own.

    The dialects of xnnir are loaded when they are first used.
    """
    ctx = Context()
    for dialect in (Builtin, Func, Arith, Scf):
        ctx.load_dialect(dialect)
    for name, factory in get_all_dialects().items():
        ctx.register_dialect(name, factory)
    return ctx
