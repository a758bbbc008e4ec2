"""What goes wrong with bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xnnir.errors import XnnirError

if TYPE_CHECKING:
    from xdsl.dialects.builtin import LocationAttr


class FormatError(XnnirError):
    """
    Bytes (or a program that is to become bytes) do not fit the format.

    The message begins with the field at fault, as `program.execution_plan[0].values[3].val: ...`.
    """

    def __init__(self, where: str, message: str, location: LocationAttr | None = None):
        super().__init__(f"{where}: {message}", location)
        self.where = where
