"""Give a node the codings of what it reads and of what becomes of its result."""

from __future__ import annotations

from xnnir.dialects.xnn.base import XnnOp
from xnnir.dialects.xnn.support import Target, why_unsupported
from xnnir.passes._fold_quant.codings import coded_source, insert, quantization, rebuilt, replace
from xnnir.passes._quantization import note_float


def fold_node(op: XnnOp, target: Target) -> None:
    """
    Fold a node without weights that stands between conversions; where XNNPACK does not have it for these types, the
    node says why.
    """
    sources = [coded_source(value) for value in op.operands]
    coded = [source for source in sources if source is not None]
    if not coded or len(coded) < len(sources) or len(op.results) != 1:
        return
    convert = quantization(op.results[0])
    if convert is None:
        return
    folded = rebuilt(op, coded, convert.output.type)
    if (reason := why_unsupported(folded, target)) is not None:
        folded.erase()
        note_float(op, reason)
        return
    folded.results[0].name_hint = convert.output.name_hint or op.results[0].name_hint
    replace(convert, insert(folded, op))
    op.detach()
    op.erase()
