"""Operators of quantised models are torch's once the library that registers them is imported."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

LIBRARIES: Mapping[str, str] = {
    "quantized_decomposed": "torch.ao.quantization.fx._decomposed",
    "torchao": "torchao.quantization.quant_primitives",
}
"""What registers the operators of a namespace when it is imported."""


def register_operators_of(file: Path) -> None:
    """
    Import what the operators of `file`, a file of `torch.export.save`, need to be known to `torch.export.load`.

    Raises `ImportError` for a library that is not installed, `OSError` or `BadZipFile` for a file that cannot be read.
    """
    with ZipFile(file) as archive:
        texts = [
            archive.read(name) for name in archive.namelist() if "/models/" in name and name.endswith(".json")
        ]
    for namespace, library in LIBRARIES.items():
        if any(f"torch.ops.{namespace}.".encode() in text for text in texts):
            importlib.import_module(library)
