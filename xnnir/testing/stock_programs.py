"""Small programs that stock ExecuTorch lowers: what our runtime has to make of a file, from an independent source."""

# The executorch package has no stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from xnnir.testing.zoo import quiet


@dataclass(frozen=True)
class StockProgram:
    """A file that stock ExecuTorch wrote, with inputs, and what eager PyTorch makes of them."""

    path: Path
    inputs: tuple[Any, ...]
    expected: tuple[torch.Tensor, ...]


def lower(
    model: torch.nn.Module,
    inputs: tuple[Any, ...],
    path: Path,
    *,
    delegate: bool = True,
    dynamic_shapes: Any = None,
    plan_io: bool = True,
) -> StockProgram:
    """Lowers with the `executorch` package. Without `plan_io` inputs and outputs have no place in the arenas."""
    with quiet():
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower
        from executorch.exir.passes import MemoryPlanningPass

    model = model.eval()
    exported = torch.export.export(model, inputs, dynamic_shapes=dynamic_shapes)
    edge = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()] if delegate else None)
    planning = MemoryPlanningPass(alloc_graph_input=plan_io, alloc_graph_output=plan_io)
    path.write_bytes(edge.to_executorch(ExecutorchBackendConfig(memory_planning_pass=planning)).buffer)
    with torch.no_grad():
        expected: Any = model(*inputs)
    return StockProgram(path, inputs, expected if isinstance(expected, tuple) else (expected,))


class ConvLinear(torch.nn.Module):
    """A convolution and a linear layer: one delegate."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.linear = torch.nn.Linear(8 * 6 * 6, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(torch.relu(self.conv(x)).flatten(1))


class ConvOnly(torch.nn.Module):
    """Keeps the layout of its input."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.conv(x))


class DataMovement(torch.nn.Module):
    """Every operator that has a host kernel, for any dtype."""

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, ...]:
        joined = torch.cat([x, y], 1)
        sliced = joined[:, 1:-1:2].unsqueeze(0).permute(0, 2, 1, 3)
        padded = torch.nn.functional.pad(sliced, (1, 2, 0, 1), value=3)
        expanded = padded.expand(2, -1, -1, -1)
        return (
            expanded.select(0, 1).clone(),
            padded.squeeze(0).transpose(0, 1),
            joined.reshape(-1, 4).to(torch.float64),
            x.to(torch.bool),
        )
