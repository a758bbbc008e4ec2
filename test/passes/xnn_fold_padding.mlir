// RUN: xnn-opt %s -p 'xnn-fold-padding' --split-input-file | filecheck %s

// Zeros on two sides become the asymmetric padding of a convolution, added to what it has (top, right, bottom, left).
// CHECK-LABEL: func.func @convolution
func.func @convolution(%x: tensor<?x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<?x5x5x4xf32> {
  // CHECK-NEXT: xnn.convolution_2d %x, %w {padding = array<i64: 1, 2, 2, 1>
  // CHECK-NEXT: func.return
  %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 0, 0, 0>, post_paddings = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : (tensor<?x8x8x3xf32>) -> tensor<?x9x9x3xf32>
  %y = xnn.convolution_2d %p, %w {padding = array<i64: 1, 1, 1, 1>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<?x9x9x3xf32>, tensor<4x3x3x3xf32>) -> tensor<?x5x5x4xf32>
  func.return %y : tensor<?x5x5x4xf32>
}

// -----

// The pad is seen in NHWC behind the transpose that follows it; two convolutions share the new transpose.
// CHECK-LABEL: func.func @through_transpose
func.func @through_transpose(%x: tensor<1x3x8x8xf32>, %w: tensor<1x3x3x3xf32>) -> (tensor<1x8x9x3xf32>, tensor<1x8x9x3xf32>) {
  // CHECK-NEXT: %[[T:.+]] = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>}
  // CHECK-NEXT: xnn.depthwise_convolution_2d %[[T]], %w {padding = array<i64: 2, 1, 0, 2>
  // CHECK-NEXT: xnn.depthwise_convolution_2d %[[T]], %w {padding = array<i64: 2, 1, 0, 2>
  // CHECK-NEXT: func.return
  %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 0, 2, 2>, post_paddings = array<i64: 0, 0, 0, 1>, value = 0.0 : f32} : (tensor<1x3x8x8xf32>) -> tensor<1x3x10x11xf32>
  %t = xnn.static_transpose %p {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x10x11xf32>) -> tensor<1x10x11x3xf32>
  %y = xnn.depthwise_convolution_2d %t, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x10x11x3xf32>, tensor<1x3x3x3xf32>) -> tensor<1x8x9x3xf32>
  %z = xnn.depthwise_convolution_2d %t, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x10x11x3xf32>, tensor<1x3x3x3xf32>) -> tensor<1x8x9x3xf32>
  func.return %y, %z : tensor<1x8x9x3xf32>, tensor<1x8x9x3xf32>
}

// -----

// Another user needs the padded tensor: the pad stays for that one alone.
// CHECK-LABEL: func.func @other_user
func.func @other_user(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) -> (tensor<1x8x8x4xf32>, tensor<1x10x10x3xf32>) {
  // CHECK-NEXT: %p = xnn.static_constant_pad %x
  // CHECK-NEXT: %y = xnn.convolution_2d %x, %w {padding = array<i64: 1, 1, 1, 1>
  // CHECK-NEXT: func.return %y, %p
  %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1, 1, 0>, post_paddings = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : (tensor<1x8x8x3xf32>) -> tensor<1x10x10x3xf32>
  %y = xnn.convolution_2d %p, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x10x10x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x8x8x4xf32>
  func.return %y, %p : tensor<1x8x8x4xf32>, tensor<1x10x10x3xf32>
}

// -----

// A convolution pads with zeros, in rows and columns only: other numbers and padded channels stay.
// CHECK-LABEL: func.func @not_zeros_not_spatial
func.func @not_zeros_not_spatial(%x: tensor<1x8x8x2xf32>, %w: tensor<4x3x3x2xf32>, %v: tensor<4x3x3x3xf32>) -> (tensor<1x8x8x4xf32>, tensor<1x6x6x4xf32>) {
  // CHECK-NEXT: xnn.static_constant_pad
  // CHECK-NEXT: xnn.convolution_2d %p
  // CHECK-NEXT: xnn.static_constant_pad
  // CHECK-NEXT: xnn.convolution_2d %q
  %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1, 1, 0>, post_paddings = array<i64: 0, 1, 1, 0>, value = 1.0 : f32} : (tensor<1x8x8x2xf32>) -> tensor<1x10x10x2xf32>
  %y = xnn.convolution_2d %p, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x10x10x2xf32>, tensor<4x3x3x2xf32>) -> tensor<1x8x8x4xf32>
  %q = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 0, 0, 0>, post_paddings = array<i64: 0, 0, 0, 1>, value = 0.0 : f32} : (tensor<1x8x8x2xf32>) -> tensor<1x8x8x3xf32>
  %z = xnn.convolution_2d %q, %v {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  func.return %y, %z : tensor<1x8x8x4xf32>, tensor<1x6x6x4xf32>
}

// -----

// Zeros never win in a max pool over numbers that are not negative, here those after a relu.
// CHECK-LABEL: func.func @max_pool_after_relu
func.func @max_pool_after_relu(%x: tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32> {
  // CHECK-NEXT: %r = xnn.clamp
  // CHECK-NEXT: xnn.max_pooling_2d %r {padding = array<i64: 0, 1, 1, 0>
  %r = xnn.clamp %x {output_min = 0.0 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  %p = xnn.static_constant_pad %r {pre_paddings = array<i64: 0, 0, 0, 0>, post_paddings = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x9x9x4xf32>
  %y = xnn.max_pooling_2d %p {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 3, 3>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>} : (tensor<1x9x9x4xf32>) -> tensor<1x4x4x4xf32>
  func.return %y : tensor<1x4x4x4xf32>
}

// -----

// Over numbers of any sign zeros count in a max pool, and an average pool would not count its own padding: both pads stay.
// CHECK-LABEL: func.func @pools_that_see_zeros
func.func @pools_that_see_zeros(%x: tensor<1x8x8x4xf32>) -> (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) {
  // CHECK-NEXT: %p = xnn.static_constant_pad
  // CHECK-NEXT: xnn.max_pooling_2d %p
  // CHECK-NEXT: xnn.average_pooling_2d %p
  %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 0, 0, 0>, post_paddings = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x9x9x4xf32>
  %y = xnn.max_pooling_2d %p {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 3, 3>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>} : (tensor<1x9x9x4xf32>) -> tensor<1x4x4x4xf32>
  %z = xnn.average_pooling_2d %p {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (tensor<1x9x9x4xf32>) -> tensor<1x4x4x4xf32>
  func.return %y, %z : tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>
}

// -----

// Padding with minus infinity is a max pool's own.
// CHECK-LABEL: func.func @max_pool_minus_infinity
func.func @max_pool_minus_infinity(%x: tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32> {
  // CHECK-NEXT: xnn.max_pooling_2d %x {padding = array<i64: 1, 0, 0, 1>
  %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1, 1, 0>, post_paddings = array<i64: 0, 0, 0, 0>, value = 0xFF800000 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x9x9x4xf32>
  %y = xnn.max_pooling_2d %p {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 3, 3>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>} : (tensor<1x9x9x4xf32>) -> tensor<1x4x4x4xf32>
  func.return %y : tensor<1x4x4x4xf32>
}

// -----

// A transposed convolution's padding crops its output, to which each padded row adds one step: here padding 3 becomes 1.
// CHECK-LABEL: func.func @deconvolution
func.func @deconvolution(%x: tensor<1x4x4x2xf32>, %w: tensor<3x3x3x2xf32>) -> tensor<1x7x7x3xf32> {
  // CHECK-NEXT: xnn.deconvolution_2d %x, %w {padding = array<i64: 1, 1, 1, 1>
  %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1, 1, 0>, post_paddings = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : (tensor<1x4x4x2xf32>) -> tensor<1x6x6x2xf32>
  %y = xnn.deconvolution_2d %p, %w {padding = array<i64: 3, 3, 3, 3>, adjustment = array<i64: 0, 0>, upsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x6x6x2xf32>, tensor<3x3x3x2xf32>) -> tensor<1x7x7x3xf32>
  func.return %y : tensor<1x7x7x3xf32>
}

// -----

// Two pads in a row are one.
// CHECK-LABEL: func.func @two_pads
func.func @two_pads(%x: tensor<4xf32>) -> tensor<8xf32> {
  // CHECK-NEXT: xnn.static_constant_pad %x {pre_paddings = array<i64: 1>, post_paddings = array<i64: 3>
  // CHECK-NEXT: func.return
  %p = xnn.static_constant_pad %x {pre_paddings = array<i64: 0>, post_paddings = array<i64: 1>, value = 0.0 : f32} : (tensor<4xf32>) -> tensor<5xf32>
  %q = xnn.static_constant_pad %p {pre_paddings = array<i64: 1>, post_paddings = array<i64: 2>, value = 0.0 : f32} : (tensor<5xf32>) -> tensor<8xf32>
  func.return %q : tensor<8xf32>
}
