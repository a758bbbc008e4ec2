# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false, reportArgumentType=false
"""
Makes the files of this folder with stock ExecuTorch: `.venv/bin/python test/runtime/stock/make.py [name ...]`.

They are kept, because lowering takes minutes and reading them must go on working when the package changes. Each is a
program that test_stock_corpus.py runs in both runtimes, and what the fuzzers start from.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FOLDER = Path(__file__).parent


def _models() -> Any:
    """The models that test/emit has stock lower."""
    path = FOLDER.parents[1] / "emit" / "stock_models.py"
    spec = importlib.util.spec_from_file_location("stock_models", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


models = _models()


class Function(nn.Module):
    """A function as a model."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def integers(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    """Arithmetic of int64 and int32, comparisons, bits, conversions."""
    wide = x * 3 + y.to(torch.int64) - 1
    return (
        # Without negative numbers, of which stock takes the remainder as C does, and PyTorch as Python does.
        (wide + 1) // 2 % 5,
        (wide > 1) & (y != 0),
        torch.bitwise_xor(y, 3),
        wide.to(torch.float32) / 4.0,
        torch.where(y > 0, wide, -wide).abs(),
        (y == 1).to(torch.uint8),
    )


def reductions(x: Tensor) -> tuple[Tensor, ...]:
    """Sums, extrema, norms and scans, along dimensions and of all."""
    return (
        x.sum(1),
        x.amax(0, keepdim=True),
        torch.argmin(x, 1),
        x.mean(),
        torch.var(x, 1),
        torch.cumsum(x, 0),
        torch.linalg.vector_norm(x, dim=1),
        torch.any(x > 1.0),
        *torch.topk(x, 2, 1),
    )


def movement(x: Tensor, index: Tensor) -> tuple[Tensor, ...]:
    """Slices, permutations, gathering and scattering, padding, repetition."""
    return (
        x[:, 1:, ::2].permute(2, 0, 1),
        torch.cat([x, x.flip(0)], 1).unsqueeze(0),
        F.pad(x, (1, 2), value=0.5),
        x.repeat(1, 2, 1),
        torch.gather(x, 2, index),
        torch.zeros_like(x).scatter(2, index, x),
        x.index_select(0, torch.tensor([1, 0, 1])),
        torch.stack(x.split(1, 0), 3),
        x.roll(1, 2).tril(),
        F.pad(x, (1, 1), mode="reflect"),
    )


def layers(x: Tensor) -> tuple[Tensor, ...]:
    """What networks compute outside of delegates."""
    return (
        F.layer_norm(x, (4,)),
        torch.softmax(x, 1) + F.log_softmax(x, 2).clamp(-3.0),
        F.max_pool1d(x, 2),
        F.gelu(x) * F.silu(x),
        torch.erf(x) + torch.pow(x.abs(), 1.5),
        F.glu(x, 1),
        torch.bmm(x, x.transpose(1, 2)),
    )


def _lower(model: nn.Module, inputs: tuple[Any, ...], config: Any = None, **options: Any) -> bytes:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    delegate, dynamic_shapes = options.pop("delegate", True), options.pop("dynamic_shapes", None)
    program = torch.export.export(model.eval(), inputs, dynamic_shapes=dynamic_shapes)
    partitioner = [XnnpackPartitioner(**options)] if delegate else None
    return bytes(to_edge_transform_and_lower(program, partitioner=partitioner).to_executorch(config).buffer)


def _portable(function: Callable[..., Any], *inputs: Tensor) -> bytes:
    return _lower(Function(function), inputs, delegate=False)


def _of_the_caller() -> bytes:
    """Inputs and outputs have no place in the arenas."""
    from executorch.exir import ExecutorchBackendConfig
    from executorch.exir.passes import MemoryPlanningPass

    planning = MemoryPlanningPass(alloc_graph_input=False, alloc_graph_output=False)
    return _lower(models.Head(), (_rows(),), ExecutorchBackendConfig(memory_planning_pass=planning))


def _inline() -> bytes:
    """The delegate is in the flatbuffer, as files of early versions have it."""
    from executorch.exir import ExecutorchBackendConfig

    return _lower(models.Head(), (_rows(),), ExecutorchBackendConfig(extract_delegate_segments=False))


def _dynamic_image() -> bytes:
    height, width = torch.export.Dim("height", min=4, max=12), torch.export.Dim("width", min=4, max=12)
    model = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, 1), nn.Conv2d(3, 2, 1))
    return _lower(model, (torch.randn(1, 2, 8, 8),), dynamic_shapes=({2: height, 3: width},))


def _rows() -> Tensor:
    return torch.randn(3, 64)


PROGRAMS: Mapping[str, Callable[[], bytes]] = {
    **{name.replace(" ", "_"): lambda name=name: models.stock_program(name) for name in models.STOCK},
    "bf16": lambda: _lower(models.Head().bfloat16(), (_rows().bfloat16(),)),
    "dynamic_image": _dynamic_image,
    "dynamic_kernels": lambda: _lower(
        Function(lambda x: (torch.cumsum(x, 0), torch.cat([x, x], 1).flatten())),
        (torch.randn(3, 4),),
        delegate=False,
        dynamic_shapes={"inputs": ({0: torch.export.Dim("rows", max=8)},)},
    ),
    "inline": _inline,
    "integers": lambda: _portable(
        integers, torch.ones(2, 3, dtype=torch.int64), torch.ones(2, 3, dtype=torch.int32)
    ),
    "layers": lambda: _portable(layers, torch.randn(2, 6, 4)),
    "movement": lambda: _portable(movement, torch.randn(2, 3, 4), torch.zeros(2, 3, 4, dtype=torch.int64)),
    "of_the_caller": _of_the_caller,
    "per_op": lambda: _lower(models.Convolutions(), (torch.randn(1, 3, 16, 16),), per_op_mode=True),
    "reductions": lambda: _portable(reductions, torch.randn(3, 5)),
}


def main(names: list[str]) -> None:
    """Writes the programs of these names, or all."""
    for name in names or (*PROGRAMS, "external"):
        torch.manual_seed(0)
        if name == "external":
            with tempfile.TemporaryDirectory() as folder:
                program, data = models.external_weights(Path(folder))
            (FOLDER / "external.ptd").write_bytes(data)
        else:
            program = PROGRAMS[name]()
        (FOLDER / f"{name}.pte").write_bytes(program)
        print(f"{name:20} {len(program):7} bytes", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
