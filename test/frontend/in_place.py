# RUN: %python %s | filecheck %s
"""Writes to views and to buffers."""

import torch
from torch import nn
from xdsl.dialects.builtin import ModuleOp

from xnnir.context import make_context
from xnnir.frontend import import_exported_program


def show(model: nn.Module, *inputs: torch.Tensor) -> None:
    program = torch.export.export(model.eval(), inputs)
    print(ModuleOp([import_exported_program(program, make_context())]))


class WritesToView(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x + 1
        y[:, 0].relu_()
        return y


# A tensor that is written to through a view is put together again.
# CHECK-LABEL: func.func @forward(%x
# CHECK-NEXT:    %[[Y:.*]] = aten.add.Tensor(%x, 1) :
# CHECK:         %[[VIEW:.*]] = aten.select.int(%{{.*}}, dim = 1, index = 0) :
# CHECK-NEXT:    %[[RELU:.*]] = aten.relu(%[[VIEW]]) :
# CHECK-NEXT:    aten.select_scatter(%{{.*}}, %[[RELU]], dim = 1, index = 0) :
show(WritesToView(), torch.randn(2, 3))


class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.count: torch.Tensor
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count.add_(1)
        return x * self.count


# A buffer that changes is assigned at the end.
# CHECK-LABEL: func.func @forward(%x
# CHECK-NEXT:    %[[OLD:.*]] = aten.buffer "count"
# CHECK-NEXT:    %[[NEW:.*]] = aten.add.Tensor(%[[OLD]], 1) :
# CHECK-NEXT:    %[[RESULT:.*]] = aten.mul.Tensor(%x, %[[NEW]]) :
# CHECK-NEXT:    aten.assign_buffer "count" = %[[NEW]] : tensor<1xf32>
# CHECK-NEXT:    func.return %[[RESULT]]
show(Counter(), torch.randn(2, 3))
