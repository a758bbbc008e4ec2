// RUN: xnn-opt %s -p 'xnn-fold-padding,xnn-canonicalize' --verify-numerics | filecheck %s

// The numbers stay what they were, on random inputs.

// CHECK:      xnn.convolution_2d %x
// CHECK-SAME: padding = array<i64: 1, 1, 1, 1>
func.func @forward(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x1xf32> {
  %w = xnn.constant dense<0.5> : tensor<1x3x3x2xf32>
  %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1, 1, 0>, post_paddings = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : (tensor<1x4x4x2xf32>) -> tensor<1x6x6x2xf32>
  %y = xnn.convolution_2d %p, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x6x6x2xf32>, tensor<1x3x3x2xf32>) -> tensor<1x4x4x1xf32>
  func.return %y : tensor<1x4x4x1xf32>
}
