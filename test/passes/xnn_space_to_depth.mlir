// RUN: xnn-opt %s -p 'xnn-space-to-depth' --split-input-file | filecheck %s

// The filter of a network's first convolution: 7x7 places of one group of channels become 4x4 of three.
// CHECK-LABEL: func.func @seven
func.func @seven(%x: tensor<1x3x224x224x!xnn.qint8<1.0:3>>) -> tensor<1x112x112x2x!xnn.qint8<2.0:0>> {
  // CHECK: %[[W:.+]] = xnn.constant {{.*}} : tensor<2x4x4x12x!xnn.qcint8<0, [1.000000e+00, 2.000000e+00]>>
  // CHECK-NEXT: %[[A:.+]] = xnn.static_reshape %x : {{.*}} -> tensor<1x3x112x2x112x2x!xnn.qint8<1.000000e+00:3>>
  // CHECK-NEXT: %[[B:.+]] = xnn.static_transpose %[[A]] {perm = array<i64: 0, 2, 4, 1, 3, 5>} : {{.*}} -> tensor<1x112x112x3x2x2x!xnn.qint8<1.000000e+00:3>>
  // CHECK-NEXT: %[[C:.+]] = xnn.static_reshape %[[B]] : {{.*}} -> tensor<1x112x112x12x!xnn.qint8<1.000000e+00:3>>
  // CHECK-NEXT: xnn.convolution_2d %[[C]], %[[W]] {padding = array<i64: 2, 1, 1, 2>, subsampling = array<i64: 1, 1>
  // CHECK-NEXT: func.return
  %w = xnn.constant dense<1> : tensor<2x7x7x3xi8> : tensor<2x7x7x3x!xnn.qcint8<0, [1.0, 2.0]>>
  %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x224x224x!xnn.qint8<1.0:3>>) -> tensor<1x224x224x3x!xnn.qint8<1.0:3>>
  %y = xnn.convolution_2d %t, %w {padding = array<i64: 3, 3, 3, 3>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x224x224x3x!xnn.qint8<1.0:3>>, tensor<2x7x7x3x!xnn.qcint8<0, [1.0, 2.0]>>) -> tensor<1x112x112x2x!xnn.qint8<2.0:0>>
  func.return %y : tensor<1x112x112x2x!xnn.qint8<2.0:0>>
}

// -----

// Zeros stand before a filter whose windows begin within blocks. Rows and columns may have different strides.
// CHECK-LABEL: func.func @zeros
func.func @zeros(%x: tensor<1x1x2x6x!xnn.qint8<1.0:3>>) -> tensor<1x1x3x1x!xnn.qint8<2.0:0>> {
  // CHECK: xnn.constant dense<{{\[\[\[\[}}0, 1, 0, 4], [2, 0, 5, 0]]]]> : tensor<1x1x2x4xi8>
  // CHECK: xnn.convolution_2d {{.*}} {padding = array<i64: 0, 0, 0, 1>, subsampling = array<i64: 1, 1>
  %w = xnn.constant dense<[[[[1], [2]], [[4], [5]]]]> : tensor<1x2x2x1xi8> : tensor<1x2x2x1x!xnn.qint8<1.0:0>>
  %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x1x2x6x!xnn.qint8<1.0:3>>) -> tensor<1x2x6x1x!xnn.qint8<1.0:3>>
  %y = xnn.convolution_2d %t, %w {padding = array<i64: 0, 0, 0, 1>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x2x6x1x!xnn.qint8<1.0:3>>, tensor<1x2x2x1x!xnn.qint8<1.0:0>>) -> tensor<1x1x3x1x!xnn.qint8<2.0:0>>
  func.return %y : tensor<1x1x3x1x!xnn.qint8<2.0:0>>
}

// -----

// Patches of a vision transformer are one place; the batch may have any size.
// CHECK-LABEL: func.func @patches
func.func @patches(%x: tensor<?x3x32x32x!xnn.qint8<1.0:3>>) -> tensor<?x2x2x4x!xnn.qint8<2.0:0>> {
  // CHECK: xnn.static_transpose {{.*}} -> tensor<?x2x2x3x16x16x!xnn.qint8<1.000000e+00:3>
  // CHECK: xnn.convolution_2d {{.*}} {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>{{.*}}tensor<4x1x1x768x!xnn.qint8
  %w = xnn.constant dense<1> : tensor<4x16x16x3xi8> : tensor<4x16x16x3x!xnn.qint8<1.0:0>>
  %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x3x32x32x!xnn.qint8<1.0:3>>) -> tensor<?x32x32x3x!xnn.qint8<1.0:3>>
  %y = xnn.convolution_2d %t, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 16, 16>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<?x32x32x3x!xnn.qint8<1.0:3>>, tensor<4x16x16x3x!xnn.qint8<1.0:0>>) -> tensor<?x2x2x4x!xnn.qint8<2.0:0>>
  func.return %y : tensor<?x2x2x4x!xnn.qint8<2.0:0>>
}

// -----

// Floats stay: zero times infinity is no zero.
// CHECK-LABEL: func.func @floats
func.func @floats(%x: tensor<1x3x224x224xf32>) -> tensor<1x112x112x2xf32> {
  // CHECK: subsampling = array<i64: 2, 2>
  %w = xnn.constant dense<1.0> : tensor<2x7x7x3xf32>
  %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x224x224xf32>) -> tensor<1x224x224x3xf32>
  %y = xnn.convolution_2d %t, %w {padding = array<i64: 3, 3, 3, 3>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x224x224x3xf32>, tensor<2x7x7x3xf32>) -> tensor<1x112x112x2xf32>
  func.return %y : tensor<1x112x112x2xf32>
}

// -----

// Blocks do not cover 223 rows; another 3x3 filter has full groups already; dilated places are not side by side.
// CHECK-LABEL: func.func @refused
func.func @refused(%x: tensor<1x3x223x224x!xnn.qint8<1.0:3>>, %z: tensor<1x16x8x8x!xnn.qint8<1.0:3>>, %v: tensor<1x3x15x15x!xnn.qint8<1.0:3>>) -> (tensor<1x112x112x2x!xnn.qint8<2.0:0>>, tensor<1x4x4x2x!xnn.qint8<2.0:0>>, tensor<1x2x2x2x!xnn.qint8<2.0:0>>) {
  // CHECK-NOT: static_reshape
  // CHECK: func.return
  %w = xnn.constant dense<1> : tensor<2x7x7x3xi8> : tensor<2x7x7x3x!xnn.qcint8<0, [1.0, 2.0]>>
  %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x223x224x!xnn.qint8<1.0:3>>) -> tensor<1x223x224x3x!xnn.qint8<1.0:3>>
  %y = xnn.convolution_2d %t, %w {padding = array<i64: 3, 3, 3, 3>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x223x224x3x!xnn.qint8<1.0:3>>, tensor<2x7x7x3x!xnn.qcint8<0, [1.0, 2.0]>>) -> tensor<1x112x112x2x!xnn.qint8<2.0:0>>
  %w3 = xnn.constant dense<1> : tensor<2x3x3x16xi8> : tensor<2x3x3x16x!xnn.qcint8<0, [1.0, 2.0]>>
  %t3 = xnn.static_transpose %z {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x16x8x8x!xnn.qint8<1.0:3>>) -> tensor<1x8x8x16x!xnn.qint8<1.0:3>>
  %y3 = xnn.convolution_2d %t3, %w3 {padding = array<i64: 1, 1, 1, 1>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x8x8x16x!xnn.qint8<1.0:3>>, tensor<2x3x3x16x!xnn.qcint8<0, [1.0, 2.0]>>) -> tensor<1x4x4x2x!xnn.qint8<2.0:0>>
  %t4 = xnn.static_transpose %v {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x15x15x!xnn.qint8<1.0:3>>) -> tensor<1x15x15x3x!xnn.qint8<1.0:3>>
  %y4 = xnn.convolution_2d %t4, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 2, 2>, dilation = array<i64: 2, 2>, groups = 1 : i64} : (tensor<1x15x15x3x!xnn.qint8<1.0:3>>, tensor<2x7x7x3x!xnn.qcint8<0, [1.0, 2.0]>>) -> tensor<1x2x2x2x!xnn.qint8<2.0:0>>
  func.return %y, %y3, %y4 : tensor<1x112x112x2x!xnn.qint8<2.0:0>>, tensor<1x4x4x2x!xnn.qint8<2.0:0>>, tensor<1x2x2x2x!xnn.qint8<2.0:0>>
}
