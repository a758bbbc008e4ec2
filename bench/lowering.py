"""
Lowering in a process of its own: seconds after `torch.export`, and the memory it needed at its peak.

    python -m bench.lowering xnnir|xnnir-only|executorch|onnx MODEL OUTPUT
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

from bench import models, onnx_coding
from xnnir.testing import zoo


def resident_bytes(field: str) -> int:
    """`VmRSS` or `VmHWM` of this process, from /proc."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise ValueError(field)


def lower_xnnir(program: Any, path: Path) -> None:
    import xnnir

    edge = xnnir.to_edge_transform_and_lower(program, partitioner=[xnnir.XnnpackPartitioner()])
    edge.to_executorch().save(path)


def lower_xnnir_only(program: Any, path: Path) -> None:
    import xnnir

    partitioner = xnnir.XnnpackPartitioner(target="xnnir")
    xnnir.to_edge_transform_and_lower(program, partitioner=[partitioner]).to_executorch().save(path)


def lower_executorch(program: Any, path: Path) -> None:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower

    manager: Any = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
    # Without this, it has no kernel for embeddings of 4 bits.
    config = ExecutorchBackendConfig(do_quant_fusion_and_const_prop="8da4w" in path.parent.name)
    with path.open("wb") as file:
        manager.to_executorch(config).write_to_file(file)


def lower_onnx(program: Any, path: Path) -> None:
    torch.onnx.export(program, f=str(path), external_data=False, verbose=False)
    if (coded := models.CODED.get(path.parent.name)) is not None:
        onnx_coding.CODINGS[coded.onnx](path, models.onnx_source(path.parent.name))


LOWERINGS = {
    "xnnir": lower_xnnir,
    "xnnir-only": lower_xnnir_only,
    "executorch": lower_executorch,
    "onnx": lower_onnx,
}
_OURS = ["xnnir.program", "xnnir.frontend", "xnnir.pipelines", "xnnir.emit"]
IMPORTS = {
    "xnnir": _OURS,
    "xnnir-only": _OURS,
    "executorch": ["executorch.exir", "executorch.backends.xnnpack.partition.xnnpack_partitioner"],
    "onnx": ["onnxscript"],
}


def main() -> None:
    """Print one line of JSON: seconds, peak bytes above what the process held before, file size."""
    name, model, output = sys.argv[1:]
    path = Path(output)
    with zoo.quiet():
        # What a process imports once is no part of lowering a model.
        for module in IMPORTS[name]:
            __import__(module)
        loaded = models.load(model)
        models.save_inputs(loaded, path.parent)
        program = (models.onnx_source(model) if name == "onnx" else loaded).export()
    before = resident_bytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
    start = time.perf_counter()
    LOWERINGS[name](program, path)
    seconds = time.perf_counter() - start
    peak = resident_bytes("VmHWM") - before
    print(json.dumps({"seconds": seconds, "peak_bytes": peak, "file_bytes": path.stat().st_size}))


if __name__ == "__main__":
    main()
