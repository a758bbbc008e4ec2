# RUN: %python %s | filecheck %s
"""What a program looks like after import."""

import torch
from torch import nn
from xdsl.dialects.builtin import ModuleOp

from xnnir.context import make_context
from xnnir.frontend import import_exported_program


def show(model: nn.Module, *inputs: torch.Tensor) -> None:
    program = torch.export.export(model.eval(), inputs)
    print(ModuleOp([import_exported_program(program, make_context())]))


# Parameters and buffers are ops that name their weights, each before its first use; unused ones are left out.
# CHECK-LABEL: func.func @forward(%input: tensor<1x3x8x8xf32> {xnn.name = "input"}) -> tensor<1x4x4x4xf32> {
# CHECK-NEXT:    %p_{{.*}} = aten.parameter "0.weight" #xnn.weight<{{w[0-9a-f]+}}> : tensor<4x3x3x3xf32>
# CHECK-NEXT:    %[[CONV:.*]] = aten.conv2d(%input, %{{.*}}, stride = [2, 2], padding = [1, 1]) :
# CHECK-SAME:      (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
# CHECK-NEXT:    aten.parameter "1.weight"
# CHECK-NEXT:    aten.parameter "1.bias"
# CHECK-NEXT:    aten.buffer "1.running_mean"
# CHECK-NEXT:    aten.buffer "1.running_var"
# CHECK-NEXT:    %[[NORM:.*]] = aten.batch_norm(%[[CONV]], {{.*}}, training = false, momentum = 0.1, eps = 1.0e-05
# In-place operators are functional calls.
# CHECK-NEXT:    %[[RELU:.*]] = aten.hardtanh(%[[NORM]], min_val = 0.0, max_val = 6.0) :
# Dropout in eval mode is kept for the passes to remove.
# CHECK-NEXT:    %[[DROP:.*]] = aten.dropout(%[[RELU]], p = 0.2, train = false) :
# CHECK-NEXT:    func.return %[[DROP]] : tensor<1x4x4x4xf32>
show(
    nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU6(inplace=True),
        nn.Dropout(0.2, inplace=True),
    ),
    torch.randn(1, 3, 8, 8),
)


class Constants(nn.Module):
    def forward(self, x: torch.Tensor):
        return {"sum": x + torch.tensor([1.0, 2.0]), "twice": x * 2, "none": None, "size": x.shape[0]}


# Constants of the code are lifted; a number in the place of a tensor stays a number; outputs may be numbers or None.
# CHECK-LABEL: func.func @forward(%x: tensor<2xf32> {xnn.name = "x"}) -> (tensor<2xf32>, tensor<2xf32>, none, i64) {
# CHECK-NEXT:    %[[C:.*]] = aten.constant "lifted_tensor_0" #xnn.weight<{{.*}}> : tensor<2xf32>
# CHECK:         %[[SUM:.*]] = aten.add.Tensor(%x, %{{.*}}) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
# CHECK-NEXT:    %[[TWICE:.*]] = aten.mul.Tensor(%x, 2) : (tensor<2xf32>) -> tensor<2xf32>
# CHECK-NEXT:    %[[NONE:.*]] = aten.none : none
# CHECK-NEXT:    %[[SIZE:.*]] = aten.constant "output_3" 2 : i64
# CHECK-NEXT:    func.return %[[SUM]], %[[TWICE]], %[[NONE]], %[[SIZE]]
show(Constants(), torch.randn(2))


# Channels-last memory is an attribute of arguments and results; types are logical.
# CHECK-LABEL: func.func @forward(
# CHECK-SAME:    %input: tensor<1x3x8x8xf32> {xnn.name = "input", xnn.dim_order = array<i64: 0, 2, 3, 1>})
# CHECK-SAME:    -> (tensor<1x4x6x6xf32> {xnn.dim_order = array<i64: 0, 2, 3, 1>})
show(nn.Conv2d(3, 4, 3), torch.randn(1, 3, 8, 8).to(memory_format=torch.channels_last))
