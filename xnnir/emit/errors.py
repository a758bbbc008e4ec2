"""What goes wrong with bytes."""

from __future__ import annotations


class FormatError(ValueError):
    """
    Bytes (or a program that is to become bytes) do not fit the format.

    The message begins with the field at fault, as `program.execution_plan[0].values[3].val: ...`.
    """

    def __init__(self, where: str, message: str):
        self.where = where
        super().__init__(f"{where}: {message}")
