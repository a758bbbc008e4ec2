# RUN: %python %s | filecheck %s
"""Branches and loops of torch become ops of scf, whose regions see the values around them."""

import torch
from torch import nn
from torch._higher_order_ops import scan, while_loop
from torch.export import Dim
from xdsl.dialects.builtin import ModuleOp

from xnnir.context import make_context
from xnnir.frontend import import_exported_program


class Branch(nn.Module):
    def forward(self, x: torch.Tensor, flag: torch.Tensor) -> torch.Tensor:
        return torch.cond(flag, lambda x: x.clone().add_(1), lambda x: -x, (x,))


# CHECK-LABEL: func.func @branch
# CHECK-NEXT:    %[[P:.*]] = aten.item(%flag) : (tensor<i1>) -> i1
# CHECK-NEXT:    %[[Y:.*]] = scf.if %[[P]] -> (tensor<3xf32>) {
# CHECK-NEXT:      %[[C:.*]] = aten.clone(%x) : (tensor<3xf32>) -> tensor<3xf32>
# CHECK-NEXT:      %[[A:.*]] = aten.add.Tensor(%[[C]], 1) : (tensor<3xf32>) -> tensor<3xf32>
# CHECK-NEXT:      scf.yield %[[A]] : tensor<3xf32>
# CHECK-NEXT:    } else {
# CHECK-NEXT:      %[[B:.*]] = aten.neg(%x) : (tensor<3xf32>) -> tensor<3xf32>
# CHECK-NEXT:      scf.yield %[[B]] : tensor<3xf32>
# CHECK-NEXT:    }
# CHECK-NEXT:    func.return %[[Y]]
program = torch.export.export(Branch(), (torch.randn(3), torch.tensor(True)))
print(ModuleOp([import_exported_program(program, make_context(), method_name="branch")]))


class Loop(nn.Module):
    def forward(self, x: torch.Tensor, n: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return while_loop(lambda i, x: i < n, lambda i, x: (i + 1, x * 2), (n * 0, x))


# CHECK-LABEL: func.func @loop
# CHECK:         %[[R:.*]], %[[S:.*]] = scf.while (%[[I:.*]] = %{{.*}}, %[[A:.*]] = %x) : {{.*}} {
# CHECK-NEXT:      %[[LT:.*]] = aten.lt.Tensor(%[[I]], %n)
# CHECK-NEXT:      %[[P:.*]] = aten.item(%[[LT]]) : (tensor<i1>) -> i1
# CHECK-NEXT:      scf.condition(%[[P]]) %[[I]], %[[A]] : tensor<i64>, tensor<3xf32>
# CHECK-NEXT:    } do {
# CHECK:           scf.yield %{{.*}}, %{{.*}} : tensor<i64>, tensor<3xf32>
# CHECK-NEXT:    }
# CHECK-NEXT:    func.return %[[R]], %[[S]]
program = torch.export.export(Loop(), (torch.randn(3), torch.tensor(2)))
print(ModuleOp([import_exported_program(program, make_context(), method_name="loop")]))


class Scan(nn.Module):
    def forward(self, h: torch.Tensor, xs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return scan(lambda h, x: (h + x, h * x), h, xs)


# The results of the rounds are rows of one tensor; its length is that of the input.

# CHECK-LABEL: func.func @scan
# CHECK-DAG:     %[[N:.*]] = aten.sym_size.int(%xs, dim = 0)
# CHECK:         %[[E:.*]] = aten.empty.memory_format(size = [%[[N]], 3], dtype = torch.float32)
# CHECK-NEXT:    {{.*}} = scf.for %[[I:.*]] = {{.*}} to %[[N]] step {{.*}}(%[[H:.*]] = %h, %[[YS:.*]] = %[[E]])
# CHECK-NEXT:      %[[X:.*]] = aten.select.int(%xs, dim = 0, index = %[[I]])
# CHECK:           %[[Y:.*]] = aten.mul.Tensor(%[[H]], %[[X]])
# CHECK:           %[[NEW:.*]] = aten.select_scatter(%[[YS]], %[[Y]], dim = 0, index = %[[I]])
# CHECK-NEXT:      scf.yield %{{.*}}, %[[NEW]]
program = torch.export.export(
    Scan(), (torch.randn(3), torch.randn(4, 3)), dynamic_shapes=(None, {0: Dim("n", min=2, max=8)})
)
print(ModuleOp([import_exported_program(program, make_context(), method_name="scan")]))
