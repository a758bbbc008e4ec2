// RUN: xnn-opt %s -p 'aten-fold-constants' --split-input-file | filecheck %s

// A chain of ops over parameters becomes one constant.

// CHECK-LABEL: func.func @chain
// CHECK-NEXT:    [[C:%.+]] = aten.constant "w.mul.Tensor" #xnn.weight<
// CHECK-SAME:      : tensor<2x3xf32>
// CHECK-NEXT:    aten.linear(%x, [[C]])
func.func @chain(%x: tensor<1x3xf32>) -> tensor<1x2xf32> {
  %w = aten.parameter "w" dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %g = aten.parameter "g" dense<[[2.0], [3.0]]> : tensor<2x1xf32>
  %1 = aten.mul.Tensor(%w, %g) : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  %2 = aten.linear(%x, %1) : (tensor<1x3xf32>, tensor<2x3xf32>) -> tensor<1x2xf32>
  func.return %2 : tensor<1x2xf32>
}

// -----

// A buffer that the program writes to is not known after the first run.

// CHECK-LABEL: func.func @mutated
// CHECK:         aten.add.Tensor
func.func @mutated(%x: tensor<2xf32>) -> tensor<2xf32> {
  %b = aten.buffer "count" dense<0.0> : tensor<2xf32>
  %1 = aten.add.Tensor(%b, %b) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  aten.assign_buffer "count" = %1 : tensor<2xf32>
  func.return %1 : tensor<2xf32>
}

// -----

// Random numbers are drawn when the program runs.

// CHECK-LABEL: func.func @random
// CHECK:         aten.bernoulli
func.func @random() -> tensor<2xf32> {
  %b = aten.parameter "p" dense<0.5> : tensor<2xf32>
  %1 = aten.bernoulli(%b) : (tensor<2xf32>) -> tensor<2xf32>
  func.return %1 : tensor<2xf32>
}

// -----

// Values have no strides: a permuted constant can be viewed, as after the `contiguous` that stood between them.

// CHECK-LABEL: func.func @permuted
// The weight is named by the hash of 0, 2, 1, 3.
// CHECK-NEXT:    %{{.+}} = aten.constant "folded.view" #xnn.weight<wcdd0a04cfa61c590> : tensor<4xf32>
func.func @permuted(%x: tensor<4xf32>) -> tensor<4xf32> {
  %w = aten.parameter "w" dense<[[0.0, 1.0], [2.0, 3.0]]> : tensor<2x2xf32>
  %1 = aten.t(%w) : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %2 = aten.view(%1, size = [4]) : (tensor<2x2xf32>) -> tensor<4xf32>
  %3 = aten.add.Tensor(%x, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %3 : tensor<4xf32>
}
