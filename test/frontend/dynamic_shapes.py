# RUN: %python %s | filecheck %s
"""Symbolic dimensions: names and bounds are in the types, arithmetic on sizes is ops on i64."""

import torch
from torch import nn
from torch.export import Dim
from xdsl.dialects.builtin import ModuleOp

from xnnir.context import make_context
from xnnir.frontend import import_exported_program


class Halves(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n = x.shape[0] // 2
        return x.reshape(n, 2 * x.shape[1])


# CHECK-LABEL: func.func @halves(%x: tensor<?x4xf32, #xnn.dims<["2*{{.*}}" <= 16, 4]>>
# CHECK-SAME:  -> tensor<?x8xf32, #xnn.dims<["{{.*}}" <= 8, 8]>>
# CHECK-NEXT:    %[[N:.*]] = aten.sym_size.int(%x, dim = 0) : (tensor<{{.*}}>) -> i64
# CHECK-NEXT:    %[[HALF:.*]] = aten.floordiv.int(a = %[[N]], b = 2) : (i64) -> i64
# CHECK-NEXT:    %[[Y:.*]] = aten.reshape(%x, shape = [%[[HALF]], 8]) : (tensor<{{.*}}>, i64) -> tensor<?x8xf32
# CHECK-NEXT:    func.return %[[Y]]
program = torch.export.export(
    Halves(), (torch.randn(6, 4),), dynamic_shapes=({0: 2 * Dim("half", min=1, max=8)},)
)
print(ModuleOp([import_exported_program(program, make_context(), method_name="halves")]))


# A dimension without a bound is imported; only a lowering that plans memory asks for one.
# CHECK-LABEL: func.func @forward(%input: tensor<?x4xf32, #xnn.dims<["{{s[0-9]+}}", 4]>>
program = torch.export.export(nn.ReLU(), (torch.randn(6, 4),), dynamic_shapes=({0: Dim("n")},))
print(ModuleOp([import_exported_program(program, make_context())]))
