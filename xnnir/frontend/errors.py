"""What the importer refuses."""

from __future__ import annotations

from xnnir.errors import XnnirError


class FrontendError(XnnirError):
    """A program that cannot be imported, with the place in the user's source and what to do about it."""


MAKE_FUNCTIONAL = "call run_decompositions({}) on the exported program first, which makes it functional"
"""The way on where torch's own functionalisation can do what the importer cannot."""
EVAL_MODE = "call model.eval() before torch.export.export"
