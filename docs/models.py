"""
Write the table of `docs/models.md`: what of each model of the zoo is delegated, here and by ExecuTorch.

    python docs/models.py [MODEL ...]

Without names, all models. ExecuTorch's files are lowered once and kept in the cache (see `xnnir.testing.stock`): about
ten seconds a model.
"""

from __future__ import annotations

import logging
import re
import sys
import warnings
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).resolve().parent / "models.md"
HEADER = (
    "| model | delegates | nodes in them | host ops | ExecuTorch: delegates | nodes in them | host ops |\n"
    "|---|---|---|---|---|---|---|"
)


def row(name: str, ours: Any, stock: Any) -> str:
    """A line of the table; `stock` is a `Coverage` or the reason why ExecuTorch has none."""
    cells = [name, ours.delegates, ours.nodes, ours.host_ops]
    cells += [stock, "", ""] if isinstance(stock, str) else [stock.delegates, stock.nodes, stock.host_ops]
    return "| " + " | ".join(map(str, cells)) + " |"


def rows(text: str) -> dict[str, str]:
    """The lines of the table in a document, by model."""
    found = re.findall(r"^\| (\w+) \| \d+ \|.*\|$", text, re.MULTILINE)
    return {
        name: next(line for line in text.splitlines() if line.startswith(f"| {name} |")) for name in found
    }


def measured(name: str) -> str:
    """The row of one model."""
    import xnnir
    from xnnir.testing import stock, zoo
    from xnnir.testing.coverage import coverage
    from xnnir.testing.zoo import quantized

    is_coded = name in quantized.NAMES
    program = (quantized.load(name) if is_coded else zoo.load(name)).export()
    ours = coverage(xnnir.to_edge_transform_and_lower(program).to_executorch().buffer)
    try:
        theirs: Any = coverage(stock.lower(program, quant_fusion=is_coded and "8da4w" in name))
    except Exception as error:
        theirs = f"refuses: {type(error).__name__}"
    return row(name, ours, theirs)


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from xnnir.testing import zoo
    from xnnir.testing.zoo import quantized

    all_names = (*zoo.NAMES, *quantized.NAMES)
    text = DOCUMENT.read_text()
    known = rows(text)
    for name in names or all_names:
        known[name] = measured(name)
        print(known[name], flush=True)
    table = "\n".join([HEADER, *(known[name] for name in all_names if name in known)])
    begin, end = "<!-- table -->\n", "\n<!-- end -->"
    head, _, rest = text.partition(begin)
    DOCUMENT.write_text(head + begin + table + end + rest.partition(end)[2])


if __name__ == "__main__":
    main(sys.argv[1:])
