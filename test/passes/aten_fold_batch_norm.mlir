// RUN: xnn-opt %s -p 'aten-fold-batch-norm' --split-input-file | filecheck %s

// The weight is scaled by gamma / sqrt(variance + eps), and the shift becomes a bias: here 2 / sqrt(4) = 1 and
// 6 / sqrt(4) = 3 for the factors, 1 - 0.5 * 1 and 2 - 0.5 * 3 for the bias.

// CHECK-LABEL: func.func @convolution
// CHECK-NEXT:    [[W:%.+]] = aten.parameter "conv.weight" #xnn.weight<
// CHECK-NEXT:    [[B:%.+]] = aten.parameter "conv.bias"
// CHECK-NEXT:    [[Y:%.+]] = aten.conv2d(%x, [[W]], [[B]], stride = [2, 2])
// CHECK-NEXT:    func.return [[Y]]
func.func @convolution(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x2x2xf32> {
  %w = aten.parameter "conv.weight" dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
  %gamma = aten.parameter "norm.weight" dense<[2.0, 6.0]> : tensor<2xf32>
  %beta = aten.parameter "norm.bias" dense<[1.0, 2.0]> : tensor<2xf32>
  %mean = aten.buffer "norm.running_mean" dense<[0.5, 0.5]> : tensor<2xf32>
  %variance = aten.buffer "norm.running_var" dense<[3.0, 3.0]> : tensor<2xf32>
  %1 = aten.conv2d(%x, %w, stride = [2, 2]) : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x2x2xf32>
  %2 = aten.batch_norm(%1, %gamma, %beta, %mean, %variance, training = false, momentum = 0.1, eps = 1.0, cudnn_enabled = false)
       : (tensor<1x2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  func.return %2 : tensor<1x2x2x2xf32>
}

// -----

// The decomposed batch norm folds as well; its other results are not used.

// CHECK-LABEL: func.func @decomposed
// CHECK:         aten.convolution(%x, {{.*}}, {{.*}}, stride = [1, 1]
// CHECK-NOT:     batch_norm
func.func @decomposed(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = aten.parameter "w" dense<1.0> : tensor<2x1x1x1xf32>
  %b = aten.parameter "b" dense<1.0> : tensor<2xf32>
  %mean = aten.buffer "mean" dense<0.5> : tensor<2xf32>
  %variance = aten.buffer "var" dense<3.0> : tensor<2xf32>
  %1 = aten.convolution(%x, %w, %b, stride = [1, 1], padding = [0, 0], dilation = [1, 1], transposed = false, output_padding = [0, 0], groups = 1)
       : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %2, %3, %4 = aten._native_batch_norm_legit_no_training(%1, None, None, %mean, %variance, momentum = 0.1, eps = 1.0)
       : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<1x2x4x4xf32>, tensor<0xf32>, tensor<0xf32>)
  func.return %2 : tensor<1x2x4x4xf32>
}

// -----

// A convolution whose result is read elsewhere keeps its weights, and the batch norm stays.

// CHECK-LABEL: func.func @read_twice
// CHECK:         aten.conv2d
// CHECK:         aten.batch_norm
func.func @read_twice(%x: tensor<1x1x4x4xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) {
  %w = aten.parameter "w" dense<1.0> : tensor<2x1x1x1xf32>
  %mean = aten.buffer "mean" dense<0.5> : tensor<2xf32>
  %variance = aten.buffer "var" dense<3.0> : tensor<2xf32>
  %1 = aten.conv2d(%x, %w) : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = aten.batch_norm(%1, None, None, %mean, %variance, training = false, momentum = 0.1, eps = 1.0, cudnn_enabled = false)
       : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  func.return %1, %2 : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
}
