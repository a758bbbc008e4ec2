r"""
Lines of `xnnir.locations` as they stand in the file: a place says only how it differs from the one before.

    model.layers.0.conv (net/model.py:12)       model.layers.0.conv (net/model.py:12)
    ..1.conv (:12)                              model.layers.1.conv (net/model.py:12)
    ..1 (:20)                                   model.layers.1 (net/model.py:20)
    ..1 (:20) + head (net/head.py:3)            model.layers.1 (net/model.py:20) + head (net/head.py:3)

Each dot at the start of a name drops a part from the end of the last name, and a line number without a file is of the
last file; names and files of more than 1024 bytes are not referred to. A place after a backslash is in full and is
not referred to either. `runtime/format/short_locations.cc` reads the same.
"""

from __future__ import annotations

import re

SEPARATOR = " + "
"""Between the locations of a node that several ops were fused into."""
_LONGEST = 1024
_PLACE = re.compile(
    r"(?P<name>.*) \((?P<file>[^()]*):(?P<line>[0-9]+)\)|(?P<file2>.*):(?P<line2>[0-9]+)", re.DOTALL
)


class Shortener:
    """Shortens lines, in the order in which `Expander` will get them."""

    def __init__(self) -> None:
        self._expander = Expander()

    def line(self, text: str) -> str:
        """`text`, a line with its places in full, in short."""
        return SEPARATOR.join(self._place(place) for place in text.split(SEPARATOR))

    def _place(self, place: str) -> str:
        before = self._expander.state
        for short in (*self._shorter(place), place):
            if self._expander.place(short) == place:
                return short
            self._expander.state = before
        return "\\" + place

    def _shorter(self, place: str) -> list[str]:
        last_name, last_file = self._expander.state
        name, file, line = _split(place)
        names = [name]
        parts, last = name.split("."), last_name.split(".")
        common = 0
        while common < min(len(parts), len(last) - 1) and parts[common] == last[common]:
            common += 1
        if common:
            names.insert(0, "." * (len(last) - common) + ".".join(parts[common:]))
        files = ["", file] if line and file == last_file else [file]
        return sorted((_join(n, f, line) for n in names for f in files), key=len)


class Expander:
    """Gives lines that were shortened their full text."""

    def __init__(self) -> None:
        self.state = ("", "")
        """The last name and the last file."""

    def line(self, text: str) -> str:
        """The next line, with its places in full."""
        return SEPARATOR.join(self.place(place) for place in text.split(SEPARATOR))

    def place(self, text: str) -> str:
        """The next place in full."""
        if text.startswith("\\"):
            return text[1:]
        last_name, last_file = self.state
        name, file, line = _split(text)
        rest = name.lstrip(".")
        if dots := len(name) - len(rest):
            kept = last_name.split(".")[:-dots]
            name = ".".join([*kept, rest] if rest else kept)
        if line and not file:
            file = last_file
        self.state = (
            _short_enough(name) if name else last_name,
            _short_enough(file) if line else last_file,
        )
        return _join(name, file, line)


def _short_enough(text: str) -> str:
    return text if len(text.encode()) <= _LONGEST else ""


def _split(place: str) -> tuple[str, str, str]:
    """Name, file and line of a place; empty is what it has not."""
    match = _PLACE.fullmatch(place)
    if match is None:
        return place, "", ""
    if match["line"]:
        return match["name"], match["file"], match["line"]
    return "", match["file2"], match["line2"]


def _join(name: str, file: str, line: str) -> str:
    place = f"{file}:{line}" if line else ""
    return f"{name} ({place})" if name and place else name or place
