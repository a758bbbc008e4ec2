"""Reading IR from text, with a place for every op."""

from __future__ import annotations

from bisect import bisect_right
from difflib import get_close_matches

from xdsl.context import Context
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, ModuleOp, StringAttr, UnknownLoc
from xdsl.ir import Operation
from xdsl.parser import Parser
from xdsl.utils.exceptions import ParseError
from xdsl.utils.mlir_lexer import MLIRTokenKind


class LocatingParser(Parser):
    """xDSL's parser; ops without a location in the text get their place in it, and every error has one."""

    def __init__(self, ctx: Context, text: str, name: str):
        super().__init__(ctx, text, name)
        self._file = StringAttr(name)
        self._op_start = 0
        self._line_starts = [0, *(i + 1 for i, character in enumerate(text) if character == "\n")]

    def parse_module(self, allow_implicit_module: bool = True) -> ModuleOp:
        """The module in the text; an empty one when there is nothing but comments."""
        if allow_implicit_module and self._current_token.kind is MLIRTokenKind.EOF:
            return ModuleOp([])
        module = super().parse_module(allow_implicit_module)
        if isinstance(module.location, UnknownLoc):
            module.location = self._location(0)
        return module

    def parse_operation(self) -> Operation:
        self._op_start = start = self.pos
        try:
            op = super().parse_operation()
        except (ParseError, RecursionError):
            raise
        except Exception as error:
            # Attributes and types verify themselves while they are built, where no position is at hand.
            self.raise_error(str(error) or type(error).__name__, start)
        if isinstance(op.location, UnknownLoc):
            op.location = self._location(start)
        return op

    def _get_op_by_name(self, name: str) -> type[Operation]:
        try:
            return super()._get_op_by_name(name)
        except ParseError:
            near = get_close_matches(name, [op.name for op in self.ctx.loaded_ops], n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            at = self.lexer.input.content.find(name, self._op_start)
            self.raise_error(f"there is no op {name}{hint}", at, at + len(name))

    def _location(self, position: int) -> FileLineColLoc:
        line = bisect_right(self._line_starts, position)
        return FileLineColLoc(self._file, IntAttr(line), IntAttr(position - self._line_starts[line - 1] + 1))


def parse_text(ctx: Context, text: str, name: str, allow_implicit_module: bool = True) -> ModuleOp:
    """Parse `text`, which came from the file `name`. Raises `ParseError`."""
    return LocatingParser(ctx, text, name).parse_module(allow_implicit_module)
