"""
Write the generated parts of the documents: IR of each level, the table of support, passes, schemes of quantisation.

    python docs/update.py [--check]

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. With --check nothing is written, and the
exit code says whether something would have been.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

DOCS = Path(__file__).resolve().parent


@cache
def stages() -> Mapping[str, str]:
    """IR of the example model by the last pass that ran: `import`, `aten-fold-batch-norm`, ..., `plan-memory`."""
    from xnnir.testing.zoo import quiet

    with quiet():
        import torch
    sys.path.insert(0, str(DOCS))
    from example_model import Stem
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.passes import ModulePass

    import xnnir

    torch.manual_seed(0)
    program = torch.export.export(Stem().eval(), (torch.randn(1, 3, 8, 8),))
    texts: dict[str, str] = {}

    def observe(previous: ModulePass | None, module: ModuleOp, current: ModulePass | None) -> None:
        texts[previous.name if previous is not None else "import"] = str(module)

    xnnir.to_edge_transform_and_lower(program, observer=observe).to_executorch(observer=rest(observe))
    return texts


def rest(observe: Callable[..., None]) -> Callable[..., None]:
    """`observe` for the second half of a pipeline, which begins with no pass before it."""
    return lambda previous, module, current: (
        observe(previous, module, current) if previous is not None else None
    )


def ir(stage: str) -> str:
    """A stage as a block of MLIR, without the module around it."""
    lines = stages()[stage].splitlines()[1:-1]
    return "```mlir\n" + "\n".join(line[2:] for line in lines) + "\n```"


def model() -> str:
    source = (DOCS / "example_model.py").read_text()
    return "```python\n" + source[source.index("class ") :].rstrip() + "\n```"


def support() -> str:
    """The table of support, a row for each op."""
    from xnnir.dialects.xnn.support import supported_ops

    rows = ["| op | XNNPACK | node in a file | datatypes |", "|---|---|---|---|"]
    for op, row in supported_ops():
        datatypes = "<br>".join(str(combination) for combination in row.datatypes)
        node = row.node if row.target == "executorch" else f"{row.node} (only xnnir's runtime)"
        rows.append(f"| `{op.name}` | `{row.function}` | {node} | {datatypes} |")
    return "\n".join(rows)


def passes() -> str:
    """All passes with their options."""
    from xnnir.passes import get_all_passes
    from xnnir.tools._pass_info import list_passes

    return "```\n" + list_passes(get_all_passes()) + "\n```"


def pipeline() -> str:
    """The default pipeline, as it stands in pipelines.py."""
    source = (DOCS.parent / "xnnir" / "pipelines.py").read_text()
    begin, end = source.index("def aten_to_xnn"), source.index("def default_pipeline")
    return "```python\n" + source[begin:end].rstrip() + "\n```"


def configs() -> str:
    """The config classes, a row for each."""
    from xnnir.partition.config import ALL_PARTITIONER_CONFIGS

    rows = ["| config | operators of ATen | node | precisions |", "|---|---|---|---|"]
    for config in ALL_PARTITIONER_CONFIGS:
        ops = ", ".join(f"`{op}`" for op in config.ops)
        node = f"`{config.node.name}`" if config.node is not None else ""
        precisions = ", ".join(type.name for type in config.supported_precision_types())
        rows.append(f"| `{config.__name__}` | {ops} | {node} | {precisions} |")
    return "\n".join(rows)


def report() -> str:
    """What a partitioner that takes convolutions alone leaves of the example model."""
    from xnnir.testing.zoo import quiet

    with quiet():
        import torch
    sys.path.insert(0, str(DOCS))
    from example_model import Stem

    import xnnir
    from xnnir.partition.config import ConvolutionConfig

    program = torch.export.export(Stem().eval(), (torch.randn(1, 3, 8, 8),))
    partitioner = xnnir.XnnpackPartitioner(configs=[ConvolutionConfig])
    text = str(xnnir.to_edge_transform_and_lower(program, partitioner=partitioner).explain())
    return "```\n" + "\n".join(line.rstrip() for line in text.rstrip().splitlines()) + "\n```"


def schemes() -> str:
    """What becomes of a layer in each scheme that it can be quantised in."""
    from xnnir.testing.zoo import quiet

    with quiet():
        sys.path.insert(0, str(DOCS))
        from schemes import rows

        return "\n".join(rows())


def part(name: str) -> str:
    """The text of a generated part. Raises `KeyError` for an unknown name."""
    if name.startswith("ir "):
        return ir(name.removeprefix("ir "))
    return {
        "model": model,
        "configs": configs,
        "report": report,
        "support": support,
        "passes": passes,
        "pipeline": pipeline,
        "schemes": schemes,
    }[name]()


def updated(text: str) -> str:
    """`text` with its generated parts made anew."""
    pattern = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
    return pattern.sub(lambda match: f"{match[1]}{part(match[2])}\n{match[3]}", text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the generated parts of the documents.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when something is out of date"
    )
    check = parser.parse_args().check
    stale: list[str] = []
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text()
        if (new := updated(text)) != text:
            stale.append(path.name)
            if not check:
                path.write_text(new)
    if stale:
        print(("out of date: " if check else "updated: ") + ", ".join(stale))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
