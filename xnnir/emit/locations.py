"""
Source locations in files: a text with one location a line, and an instruction's call stack.

Each node of a delegate names a line of the named data `xnnir.locations` by its number, from 0:

    features.3.conv.0 (model.py:12)

In the file the lines are in short (`short_locations`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute

from xnnir.emit.short_locations import SEPARATOR, Expander, Shortener

LOCATIONS_KEY = "xnnir.locations"
NO_HANDLE = 65535
"""The debug_handle of a node without a location."""

Frame: TypeAlias = dict[str, Any]

_LINE = re.compile(r"(?:(?P<name>.*) \()?(?P<file>.+?):(?P<line>\d+)(?(name)\))")


class LocationTable:
    """The lines of a program's `xnnir.locations`."""

    def __init__(self) -> None:
        self._handles: dict[str, int] = {}

    def add(self, location: Attribute) -> int:
        """The number of `location`'s line, or `NO_HANDLE` when it says nothing."""
        text = location_text(location)
        if not text:
            return NO_HANDLE
        if len(self._handles) == NO_HANDLE:
            self._handles[""] = NO_HANDLE  # the line that no node may name
        return self._handles.setdefault(text, len(self._handles))

    def encode(self) -> bytes:
        """The text as UTF-8; empty when there are no locations."""
        shortener = Shortener()
        return "".join(f"{shortener.line(text)}\n" for text in self._handles).encode()


def decode_locations(data: bytes | memoryview) -> list[str]:
    """The lines of `LocationTable.encode`, in full. What is not UTF-8 is replaced."""
    expander = Expander()
    return [expander.line(line) for line in str(data, "utf-8", "replace").split("\n")[:-1]]


def location_text(location: Attribute) -> str:
    """`location` in one line; empty when it is unknown."""
    return SEPARATOR.join(dict.fromkeys(_place_text(name, file) for name, file in _places(location)))


def parse_location(text: str) -> LocationAttr:
    """The location that `location_text` wrote. What is not understood becomes a name."""
    parts = [_parse_place(part) for part in text.split(SEPARATOR) if part]
    if not parts:
        return UnknownLoc()
    return parts[0] if len(parts) == 1 else FusedLoc(ArrayAttr[Attribute](parts), NoneAttr())


def frames(location: Attribute) -> list[Frame]:
    """The call stack of an instruction, outermost call first, as tables of the schema."""
    return [
        {
            "filename": file.filename.data if file else "",
            "lineno": file.line.data if file else 0,
            "name": name,
            "context": "",
        }
        for name, file in _places(location)
    ]


def location_of_frames(items: Sequence[Frame]) -> LocationAttr:
    """The location of an instruction with this call stack; the innermost call is the one that is kept as its place."""
    places: list[LocationAttr] = []
    for frame in items:
        file, line, name = frame["filename"], frame["lineno"], frame["name"]
        place: LocationAttr = UnknownLoc()
        if file:
            place = FileLineColLoc(StringAttr(file), IntAttr(max(line, 0)), IntAttr(0))
        if name:
            place = NameLoc(StringAttr(name), place if file else NoneAttr())
        if not isinstance(place, UnknownLoc):
            places.append(place)
    if not places:
        return UnknownLoc()
    return places[0] if len(places) == 1 else FusedLoc(ArrayAttr[Attribute](places), NoneAttr())


def _places(location: Attribute) -> list[tuple[str, FileLineColLoc | None]]:
    match location:
        case FileLineColLoc():
            return [("", location)]
        case NameLoc():
            inner = _places(location.location)
            return [(location.desc.data, inner[-1][1] if inner else None)]
        case FusedLoc():
            return [
                place for part in cast(ArrayAttr[Attribute], location.locations) for place in _places(part)
            ]
        case CallSiteLoc():
            return [*_places(location.caller), *_places(location.callee)]
        case _:
            return []


def _place_text(name: str, file: FileLineColLoc | None) -> str:
    place = f"{file.filename.data}:{file.line.data}" if file else ""
    text = f"{name} ({place})" if name and place else name or place
    return text.replace("\n", " ")


def _parse_place(text: str) -> LocationAttr:
    match = _LINE.fullmatch(text)
    if match is None:
        return NameLoc(StringAttr(text), NoneAttr())
    place = FileLineColLoc(StringAttr(match["file"]), IntAttr(int(match["line"])), IntAttr(0))
    return NameLoc(StringAttr(match["name"]), place) if match["name"] else place
