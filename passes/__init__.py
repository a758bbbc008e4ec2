"""
The passes of xnnir, one file each.

`passes/xnn_fold_padding.py` holds the class `XnnFoldPaddingPass` with the name `xnn-fold-padding`, and
`test/passes/xnn_fold_padding.mlir` tests it. A file that follows this is registered by being there. Files
that start with an underscore are helpers.
"""

if __name__ != "xnnir.passes":
    raise ImportError(f"import xnnir.passes, not {__name__}")

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from xdsl.passes import ModulePass


def get_all_passes() -> dict[str, Callable[[], type[ModulePass]]]:
    """Functions that import a pass and return its class, by the name of the pass, in alphabetical order."""
    stems = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))
    return {stem.replace("_", "-"): partial(_load_pass, stem) for stem in stems}


def pass_class_name(stem: str) -> str:
    """The name of the pass class in `passes/<stem>.py`: `XnnFoldPaddingPass` for `xnn_fold_padding`."""
    return "".join(word.capitalize() for word in stem.split("_")) + "Pass"


def _load_pass(stem: str) -> type[ModulePass]:
    return getattr(import_module(f"{__name__}.{stem}"), pass_class_name(stem))
