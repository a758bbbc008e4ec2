"""What no runtime can run: one error that names every such op, its place in the model, and the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

from xnnir.errors import XnnirError, format_location


def refuse(ops: Sequence[Operation]) -> None:
    """Raise `XnnirError` for `ops` unless there are none."""
    if not ops:
        return
    count = f"{len(ops)} op{'s' if len(ops) > 1 else ''}"
    # Loops over layers give lines that are the same.
    lines = [
        f"  {line}{f' ({times} times)' if times > 1 else ''}"
        for line, times in Counter(_describe(op) for op in ops).items()
    ]
    raise XnnirError(
        f"neither XNNPACK nor a kernel of the runtime can run {count} of the model:\n" + "\n".join(lines),
        location=ops[0].location,
    )


def _describe(op: Operation) -> str:
    place = format_location(op.location)
    return f"{op.name}{f' at {place}' if place else ''}: {_why_refused(op)}"


def _why_refused(op: Operation) -> str:
    reasons = [op.attributes.get("xnn.refused"), op.attributes.get("aten.not_decomposed")]
    said = [reason.data for reason in reasons if isinstance(reason, StringAttr)]
    return "; ".join(said) or "no conversion to a node of XNNPACK"
