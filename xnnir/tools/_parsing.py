"""Reading IR from text, with a place for every op."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from difflib import get_close_matches

from xdsl.context import Context
from xdsl.dialects.builtin import (
    AnyFloat,
    ComplexType,
    FileLineColLoc,
    IndexType,
    IntAttr,
    IntegerType,
    ModuleOp,
    RankedStructure,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Operation
from xdsl.parser import Parser, ParserState
from xdsl.utils.exceptions import ParseError
from xdsl.utils.lexer import Input
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRTokenKind, StringLiteral

MAX_CONSTANT_ELEMENTS = 1 << 24
"""Elements of a `dense<...>` in text."""


class _Lexer(MLIRLexer):
    # xDSL's expression without the `+`s tries every way to cut the text after a quote that is never closed,
    # which takes years for one line of text.
    _unescaped_characters_regex = re.compile(r'"(?:[^"\\\n\v\f]++|\\(?:["nt\\]|[0-9A-Fa-f]{2}))*+"')


class LocatingParser(Parser):
    """xDSL's parser; ops without a location in the text get their place in it, and every error has one."""

    def __init__(self, ctx: Context, text: str, name: str):
        super().__init__(ctx, "", name)
        self._parser_state = ParserState(_Lexer(Input(text, name)))
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

    def parse_optional_str_literal(self) -> str | None:
        # Text that is not ASCII is printed as escapes of its UTF-8 bytes, which xDSL reads back as bytes.
        text = super().parse_optional_str_literal()
        if text is None and self._current_token.kind is MLIRTokenKind.BYTES_LIT:
            try:
                literal = StringLiteral.from_span(self._current_token.span)
                text = literal.bytes_contents.decode()
            except UnicodeDecodeError:
                return None
            self._consume_token()
        return text

    def _parse_dense_literal_type(
        self,
    ) -> RankedStructure[IntegerType | IndexType | AnyFloat | ComplexType]:
        start = self.pos
        type = super()._parse_dense_literal_type()
        # A splat is written out in memory, however few characters it takes in the text.
        if math.prod(type.get_shape()) > MAX_CONSTANT_ELEMENTS:
            self.raise_error(
                f"expected a constant of at most {MAX_CONSTANT_ELEMENTS} elements in text, got {type}; "
                "larger ones are #xnn.weight",
                start,
                self.pos,
            )
        return type

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


def forget_text_locations(module: ModuleOp, name: str) -> None:
    """Take back the locations that `parse_text` gave ops for their places in the text `name`."""
    for op in module.walk():
        if isinstance(op.location, FileLineColLoc) and op.location.filename.data == name:
            op.location = UnknownLoc()
