"""
Where the nodes of an exported graph come from: the module path, and the line of the user's source.

    loc("features.3.conv.0"("model.py":12:0))
"""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache

from torch.fx import Node
from xdsl.dialects.builtin import UNKNOWN_LOC, FileLineColLoc, IntAttr, LocationAttr, NameLoc, StringAttr

_FRAME = re.compile(r'File "([^"]*)", line (\d+)')
_TORCH_PACKAGE = "/torch/"
_EMPTY_STACK = "_empty_nn_module_stack_from_metadata_hook"


def node_location(node: Node) -> LocationAttr:
    """The location of `node`: its module, and the innermost frame of its stack that is not torch's own code."""
    stack = node.meta.get("nn_module_stack")
    path = ""
    if stack:
        path = next(reversed(stack.values()))[0]
        # A module that is called again has `@1` and so on behind its path.
        path = "" if path == _EMPTY_STACK else path.partition("@")[0]
    trace = node.meta.get("stack_trace")
    filename, line = _user_frame(trace) if trace else ("", 0)
    return make_location(path, filename, line)


@lru_cache(maxsize=4096)
def make_location(path: str, filename: str, line: int) -> LocationAttr:
    """A location from a module path and a source line, either of which may be empty."""
    place = (
        FileLineColLoc(StringAttr(_importable(filename)), IntAttr(line), IntAttr(0))
        if filename
        else UNKNOWN_LOC
    )
    return NameLoc(StringAttr(path), place) if path else place


@lru_cache(maxsize=1024)
def _importable(filename: str) -> str:
    """
    `filename` from the folder that Python imports it from: `transformers/models/bert/modeling_bert.py`.

    Files that are shipped carry locations; whose home directory a model was exported in is nobody's business.
    """
    folders = sorted({os.path.abspath(folder) for folder in sys.path}, key=len, reverse=True)
    for folder in folders:
        if filename.startswith(folder + os.sep):
            return filename[len(folder) + 1 :]
    return filename


def _user_frame(trace: str) -> tuple[str, int]:
    """File and line of the innermost frame outside the torch package; of the innermost one when there is none."""
    end = len(trace)
    innermost: tuple[str, int] | None = None
    while (begin := trace.rfind('File "', 0, end)) >= 0:
        match = _FRAME.match(trace, begin)
        if match is not None:
            frame = match.group(1), int(match.group(2))
            if not _is_torch(frame[0]):
                return frame
            innermost = innermost or frame
        end = begin
    return innermost or ("", 0)


def _is_torch(filename: str) -> bool:
    return (_TORCH_PACKAGE in filename and "/site-packages/torch/" in filename) or filename.startswith("<")
