# The packages of stock ExecuTorch have no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false, reportArgumentType=false
"""Programs that stock ExecuTorch lowers: small models that together write every node and value its format has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Inputs = tuple[Any, ...]


class Convolutions(nn.Module):
    """Convolution, batch norm, depthwise, transposed with groups, pooling; two results, one by a portable kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.depthwise = nn.Conv2d(8, 8, 3, groups=8, padding=1)
        self.grouped = nn.Conv2d(8, 8, 1, groups=2, bias=False)
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.slope = nn.PReLU(4)
        self.head = nn.Linear(4, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.norm(self.stem(x)))
        x = F.relu6(x + self.depthwise(x)) * self.grouped(x)
        x = self.slope(self.up(x))
        x = F.max_pool2d(x, 3, stride=2, padding=1) - F.avg_pool2d(x, 2, divisor_override=4)
        x = F.interpolate(x, size=(11, 11), mode="bilinear", align_corners=True)
        x = F.pad(x, (0, 1, 2, 0))
        x = x.mean((2, 3), keepdim=True).flatten(1)
        return torch.softmax(self.head(x), -1), torch.cumsum(x, 1)


class Elementwise(nn.Module):
    """Every elementwise node, and those that move numbers."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        parts = [
            torch.abs(x),
            torch.exp(x) / (torch.square(y) + 1.5),
            torch.log(torch.abs(x) + 1.0),
            torch.sqrt(torch.abs(y)) * torch.rsqrt(torch.abs(x) + 0.5),
            torch.floor(x * 3.0) + torch.ceil(y * 3.0),
            torch.neg(torch.sin(x)) - torch.cos(y),
            F.gelu(x) + torch.tanh(y),
            F.hardswish(x) + F.leaky_relu(y, 0.2),
            torch.sigmoid(x) + F.hardtanh(y, -0.5, 0.25),
            torch.maximum(x, y) + torch.minimum(x, y).clamp(-0.1, 0.7),
        ]
        a = torch.cat(parts[:2], 1)
        b = torch.cat(parts[2:5], 1)
        c = torch.cat(parts[5:9], 1)
        joined = torch.cat([a, b, c, parts[9], x], 1)
        sliced = joined[:, 3:17].permute(0, 2, 1).reshape(2, -1, 7)
        return torch.bmm(sliced, sliced.transpose(1, 2))


class Head(nn.Module):
    """Linear layers, for dynamic shapes and quantisation."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(64, 32)
        self.second = nn.Linear(32, 32, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.relu(self.first(x)))


class Quantisable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(4, 8, 3, padding=1)
        self.depthwise = nn.Conv2d(8, 8, 3, groups=8)
        self.linear = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.depthwise(torch.relu(self.convolution(x)))
        x = torch.cat([x + x, F.max_pool2d(x, 3, stride=1, padding=1)], 1)[:, :8]
        return self.linear(x.mean((2, 3), keepdim=True).flatten(1))


class Stateful(nn.Module):
    """A buffer that each call changes, with a value at first."""

    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.arange(4, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        self.count.add_(1.0)
        return x * self.count


class Branch(nn.Module):
    """A condition that the input decides: jumps."""

    def forward(self, x: Tensor) -> Tensor:
        def twice(x: Tensor) -> Tensor:
            return x * 2.0

        def less(x: Tensor) -> Tensor:
            return x - 1.0

        return torch.cond(x.sum() > 0, twice, less, (x,))


class Indexing(nn.Module):
    """Lists with missing tensors, and values of many kinds."""

    def forward(self, x: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        y = torch.cat([x[:, index], x.to(torch.float64).to(torch.float32)], 1)
        return y, torch.full((3, 3), 1.5) + F.gelu(y[:, :3], approximate="tanh")


def _lower(
    model: nn.Module, inputs: Inputs, *, delegate: bool = True, dynamic_shapes: Any = None, config: Any = None
) -> bytes:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    program = torch.export.export(model, inputs, dynamic_shapes=dynamic_shapes)
    partitioner = [XnnpackPartitioner()] if delegate else None
    return bytes(to_edge_transform_and_lower(program, partitioner=partitioner).to_executorch(config).buffer)


def _quantised(*, dynamic: bool, model: nn.Module, inputs: Inputs) -> bytes:
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=dynamic)
    prepared = prepare_pt2e(
        torch.export.export(model.eval(), inputs).module(), XNNPACKQuantizer().set_global(config)
    )
    prepared(*inputs)
    return _lower(convert_pt2e(prepared), inputs)


def _four_bit(inputs: Inputs) -> bytes:
    from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
    from torchao.quantization.granularity import PerGroup
    from torchao.utils import unwrap_tensor_subclass

    model = Head().eval()
    quantize_(
        model,
        Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(32)),
    )
    return _lower(unwrap_tensor_subclass(model), inputs)


def _stateful(inputs: Inputs) -> bytes:
    from executorch.exir import ExecutorchBackendConfig
    from executorch.exir.passes.init_mutable_pass import InitializedMutableBufferPass

    config = ExecutorchBackendConfig(passes=[InitializedMutableBufferPass(["count"])])
    return _lower(Stateful().eval(), inputs, config=config)


def _two_methods(inputs: Inputs) -> bytes:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    model = Head().eval()
    programs = {
        "forward": torch.export.export(model, inputs),
        "first": torch.export.export(model.first, inputs),
    }
    edge = to_edge_transform_and_lower(
        programs, partitioner={name: [XnnpackPartitioner()] for name in programs}
    )
    return bytes(edge.to_executorch().buffer)


_IMAGE = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
_ROWS = torch.randn(3, 64, generator=torch.Generator().manual_seed(2))
_PLANES = torch.randn(1, 4, 9, 9, generator=torch.Generator().manual_seed(3))
_PAIR = torch.randn(2, 2, 2, 7, generator=torch.Generator().manual_seed(4)).unbind(0)

STOCK: dict[str, tuple[Callable[[], bytes], Sequence[Inputs]]] = {
    "convolutions": (lambda: _lower(Convolutions().eval(), (_IMAGE,)), [(_IMAGE,)]),
    "channels last": (
        lambda: _lower(Convolutions().eval(), (_IMAGE.to(memory_format=torch.channels_last),)),
        [(_IMAGE.to(memory_format=torch.channels_last),)],
    ),
    "portable": (lambda: _lower(Convolutions().eval(), (_IMAGE,), delegate=False), [(_IMAGE,)]),
    "elementwise": (lambda: _lower(Elementwise().eval(), _PAIR), [_PAIR]),
    "half": (lambda: _lower(Head().eval().half(), (_ROWS.half(),)), [(_ROWS.half(),)]),
    "dynamic shape": (
        lambda: _lower(Head().eval(), (_ROWS,), dynamic_shapes=({0: torch.export.Dim("rows", max=8)},)),
        [(_ROWS,), (_ROWS[:2],)],
    ),
    "static quantisation": (
        lambda: _quantised(dynamic=False, model=Quantisable(), inputs=(_PLANES,)),
        [(_PLANES,)],
    ),
    "dynamic quantisation": (lambda: _quantised(dynamic=True, model=Head(), inputs=(_ROWS,)), [(_ROWS,)]),
    "four bit": (lambda: _four_bit((_ROWS,)), [(_ROWS,)]),
    "stateful": (lambda: _stateful((_ROWS[:1, :4],)), [(_ROWS[:1, :4],)] * 3),
    "branch": (lambda: _lower(Branch().eval(), (_ROWS,)), [(_ROWS.abs(),), (-_ROWS.abs(),)]),
    "indexing": (
        lambda: _lower(Indexing().eval(), (_ROWS, torch.tensor([5, 2]))),
        [(_ROWS, torch.tensor([5, 2]))],
    ),
    "two methods": (lambda: _two_methods((_ROWS,)), [(_ROWS,)]),
}
"""By name: what lowers the program, and inputs to run it with in turn."""


def stock_program(name: str) -> bytes:
    """The .pte file that stock ExecuTorch writes for a model of `STOCK`."""
    torch.manual_seed(0)
    return STOCK[name][0]()


def stock_run(data: bytes, method: str, inputs: Sequence[Inputs]) -> list[list[Any]]:
    """What the stock runtime computes: one method, loaded once and run on each of the inputs."""
    from executorch.runtime import Runtime, Verification

    program = Runtime.get().load_program(data, verification=Verification.InternalConsistency)
    loaded = program.load_method(method)
    assert loaded is not None
    return [
        [value.clone() if isinstance(value, Tensor) else value for value in loaded.execute(list(args))]
        for args in inputs
    ]


def external_weights(folder: Path) -> tuple[bytes, bytes]:
    """A program without its weights, and the .ptd file that has them."""
    from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower

    edge = to_edge_transform_and_lower(torch.export.export(Head().eval(), (_ROWS,)))
    manager = edge.to_executorch(ExecutorchBackendConfig(external_constants=True))
    manager.write_tensor_data_to_file(str(folder))
    (ptd,) = folder.glob("*.ptd")
    return bytes(manager.buffer), ptd.read_bytes()
