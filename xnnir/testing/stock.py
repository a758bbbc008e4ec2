"""
The `executorch` package as an independent reader, writer and runner of the same files. Its lowering is slow, so
its files are kept on disk, keyed by the model's graph and weights and by the package's version.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from xnnir.files import replacing
from xnnir.testing.zoo import quiet


def lower(program: ExportedProgram, *, per_op_mode: bool = False, quant_fusion: bool = False) -> bytes:
    """
    The `.pte` that ExecuTorch's XNNPACK backend makes of `program`.

    quant_fusion:
        Whether embeddings are looked up in integers (`do_quant_fusion_and_const_prop`); without it ExecuTorch has no
        kernel for those that torchao quantised.
    """
    digest = hashlib.sha256()
    options = str(per_op_mode) + (" quant_fusion" if quant_fusion else "")
    for part in (version("executorch"), version("torch"), options, str(program.graph)):
        digest.update(part.encode())
    for tensor in (*program.state_dict.values(), *program.constants.values()):
        if isinstance(tensor, torch.Tensor):
            digest.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    path = cache_directory() / f"{digest.hexdigest()[:32]}.pte"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(_lower(program, per_op_mode, quant_fusion))
    return path.read_bytes()


def load(file: bytes | Path, method: str = "forward") -> Any:
    """A method of a program, its bytes or where it is, in ExecuTorch's own runtime, with `execute`."""
    with quiet():
        import_module("executorch.kernels.quantized")  # registers them
        from executorch.runtime import Runtime
    loaded = Runtime.get().load_program(file).load_method(method)
    assert loaded is not None
    return loaded


def run(file: bytes | Path, inputs: Sequence[Any], method: str = "forward") -> list[Any]:
    """What ExecuTorch's own runtime returns for `inputs`."""
    return list(load(file, method).execute(list(inputs)))


def delegates(buffer: bytes) -> list[str]:
    """Backend ids of the delegates of the first method, as ExecuTorch's own deserialiser reads them."""
    with quiet():
        from executorch.exir._serialize._program import deserialize_pte_binary
    program: Any = deserialize_pte_binary(buffer)
    program = getattr(program, "program", program)
    return [delegate.id for delegate in program.execution_plan[0].delegates]


def cache_directory() -> Path:
    """Where files of ExecuTorch's are kept: `stock` below XNNIR_CACHE, by default below ~/.cache/xnnir."""
    return Path(os.environ.get("XNNIR_CACHE") or Path.home() / ".cache" / "xnnir") / "stock"


def _lower(program: ExportedProgram, per_op_mode: bool, quant_fusion: bool) -> bytes:
    with quiet():
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower
    partitioner: Any = XnnpackPartitioner(per_op_mode=per_op_mode)
    manager: Any = to_edge_transform_and_lower(program, partitioner=[partitioner])
    config = ExecutorchBackendConfig(do_quant_fusion_and_const_prop=quant_fusion)
    return manager.to_executorch(config).buffer
