// RUN: xnn-opt %s -p 'xnn-optimize-layout' --split-input-file --allow-unregistered-dialect | filecheck %s
// RUN: xnn-opt %s -p 'xnn-optimize-layout{show-costs=true}' --split-input-file --allow-unregistered-dialect | filecheck %s --check-prefix COSTS

// Two transposes in a row are one, and none when they cancel.
// CHECK-LABEL: func.func @compose
func.func @compose(%x: tensor<2x3x4xf32>) -> (tensor<3x4x2xf32>, tensor<2x3x4xf32>) {
  // CHECK-NEXT: %b = xnn.static_transpose %x {perm = array<i64: 1, 2, 0>}
  // CHECK-NEXT: func.return %b, %x
  %a = xnn.static_transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %b = xnn.static_transpose %a {perm = array<i64: 2, 0, 1>} : (tensor<4x2x3xf32>) -> tensor<3x4x2xf32>
  %c = xnn.static_transpose %a {perm = array<i64: 1, 2, 0>} : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  func.return %b, %c : tensor<3x4x2xf32>, tensor<2x3x4xf32>
}

// -----

// Elementwise ops run in the order of their operands; a constant that broadcasts is transposed at once.
// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<1x8x8x2xf32>) -> tensor<1x8x8x2xf32> {
  // CHECK-NEXT: %b = xnn.clamp %x {output_min = 0.000000e+00 : f32} : (tensor<1x8x8x2xf32>) -> tensor<1x8x8x2xf32>
  // CHECK-NEXT: %k = xnn.constant dense<{{\[\[\[\[}}1.000000e+00, 2.000000e+00{{\]\]\]\]}}> : tensor<1x1x1x2xf32>
  // CHECK-NEXT: %c = xnn.multiply %b, %k : (tensor<1x8x8x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x8x8x2xf32>
  // CHECK-NEXT: %s = xnn.constant dense<3.000000e+00> : tensor<f32>
  // CHECK-NEXT: %d = xnn.add %c, %s : (tensor<1x8x8x2xf32>, tensor<f32>) -> tensor<1x8x8x2xf32>
  // CHECK-NEXT: func.return %d
  %a = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x2xf32>) -> tensor<1x2x8x8xf32>
  %b = xnn.clamp %a {output_min = 0.0 : f32} : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %k = xnn.constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32>
  %c = xnn.multiply %b, %k : (tensor<1x2x8x8xf32>, tensor<2x1x1xf32>) -> tensor<1x2x8x8xf32>
  %s = xnn.constant dense<3.0> : tensor<f32>
  %d = xnn.add %c, %s : (tensor<1x2x8x8xf32>, tensor<f32>) -> tensor<1x2x8x8xf32>
  %e = xnn.static_transpose %d {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x2x8x8xf32>) -> tensor<1x8x8x2xf32>
  func.return %e : tensor<1x8x8x2xf32>
}

// -----

// A computed operand of lower rank gets its leading dimensions of size 1, and moves as a reshape.
// CHECK-LABEL: func.func @computed_broadcast
func.func @computed_broadcast(%x: tensor<1x8x8x2xf32>, %g: tensor<2x1x1xf32>) -> tensor<1x8x8x2xf32> {
  // CHECK-NEXT: %[[G:.+]] = xnn.static_reshape %g : (tensor<2x1x1xf32>) -> tensor<1x1x1x2xf32>
  // CHECK-NEXT: %b = xnn.multiply %x, %[[G]]
  // CHECK-NEXT: func.return %b
  %a = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x2xf32>) -> tensor<1x2x8x8xf32>
  %b = xnn.multiply %a, %g : (tensor<1x2x8x8xf32>, tensor<2x1x1xf32>) -> tensor<1x2x8x8xf32>
  %c = xnn.static_transpose %b {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x2x8x8xf32>) -> tensor<1x8x8x2xf32>
  func.return %c : tensor<1x8x8x2xf32>
}

// -----

// Axes, offsets and paddings move along; names and bounds of dynamic sizes too.
// CHECK-LABEL: func.func @axes
func.func @axes(%x: tensor<?x8x8x4xf32, #xnn.dims<["s0" <= 9, 8, 8, 4]>>) -> tensor<?x4x6xf32, #xnn.dims<["s0" <= 9, 4, 6]>> {
  // CHECK-NEXT: %b = xnn.static_slice %x {offsets = array<i64: 0, 0, 2, 1>, sizes = array<i64: 0, 0, 4, 2>}
  // CHECK-SAME:   -> tensor<?x8x4x2xf32, #xnn.dims<["s0" <= 9, 8, 4, 2]>>
  // CHECK-NEXT: %c = xnn.concatenate %b, %b {axis = 3 : i64}
  // CHECK-NEXT: %d = xnn.static_constant_pad %c {pre_paddings = array<i64: 0, 0, 0, 1>, post_paddings = array<i64: 0, 0, 0, 1>, value = 0.000000e+00 : f32}
  // CHECK-NEXT: %e = xnn.static_reduce %d {kind = "mean", axes = array<i64: 1>} : {{.*}} -> tensor<?x4x6xf32, #xnn.dims<["s0" <= 9, 4, 6]>>
  // CHECK-NEXT: func.return %e
  %a = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<?x8x8x4xf32, #xnn.dims<["s0" <= 9, 8, 8, 4]>>) -> tensor<?x4x8x8xf32, #xnn.dims<["s0" <= 9, 4, 8, 8]>>
  %b = xnn.static_slice %a {offsets = array<i64: 0, 1, 0, 2>, sizes = array<i64: 0, 2, 0, 4>} : (tensor<?x4x8x8xf32, #xnn.dims<["s0" <= 9, 4, 8, 8]>>) -> tensor<?x2x8x4xf32, #xnn.dims<["s0" <= 9, 2, 8, 4]>>
  %c = xnn.concatenate %b, %b {axis = 1 : i64} : (tensor<?x2x8x4xf32, #xnn.dims<["s0" <= 9, 2, 8, 4]>>, tensor<?x2x8x4xf32, #xnn.dims<["s0" <= 9, 2, 8, 4]>>) -> tensor<?x4x8x4xf32, #xnn.dims<["s0" <= 9, 4, 8, 4]>>
  %d = xnn.static_constant_pad %c {pre_paddings = array<i64: 0, 1, 0, 0>, post_paddings = array<i64: 0, 1, 0, 0>, value = 0.0 : f32} : (tensor<?x4x8x4xf32, #xnn.dims<["s0" <= 9, 4, 8, 4]>>) -> tensor<?x6x8x4xf32, #xnn.dims<["s0" <= 9, 6, 8, 4]>>
  %e = xnn.static_reduce %d {kind = "mean", axes = array<i64: 2>} : (tensor<?x6x8x4xf32, #xnn.dims<["s0" <= 9, 6, 8, 4]>>) -> tensor<?x6x4xf32, #xnn.dims<["s0" <= 9, 6, 4]>>
  %f = xnn.static_transpose %e {perm = array<i64: 0, 2, 1>} : (tensor<?x6x4xf32, #xnn.dims<["s0" <= 9, 6, 4]>>) -> tensor<?x4x6xf32, #xnn.dims<["s0" <= 9, 4, 6]>>
  func.return %f : tensor<?x4x6xf32, #xnn.dims<["s0" <= 9, 4, 6]>>
}

// -----

// Softmax works along the innermost dimension: the transposes around stay where they would change that, and go otherwise.
// CHECK-LABEL: func.func @softmax
func.func @softmax(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  // CHECK-NEXT: %[[T:.+]] = xnn.static_transpose %x {perm = array<i64: 0, 2, 1>}
  // CHECK-NEXT: %b = xnn.softmax %[[T]]
  // CHECK-NEXT: %e = xnn.softmax %x
  // CHECK-NEXT: %c = xnn.static_transpose %b {perm = array<i64: 0, 2, 1>}
  // CHECK-NEXT: func.return %c, %e
  %a = xnn.static_transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
  %b = xnn.softmax %a : (tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %c = xnn.static_transpose %b {perm = array<i64: 0, 2, 1>} : (tensor<2x4x3xf32>) -> tensor<2x3x4xf32>
  %d = xnn.static_transpose %x {perm = array<i64: 1, 0, 2>} : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
  %e = xnn.softmax %d : (tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
  %f = xnn.static_transpose %e {perm = array<i64: 1, 0, 2>} : (tensor<3x2x4xf32>) -> tensor<2x3x4xf32>
  func.return %c, %f : tensor<2x3x4xf32>, tensor<2x3x4xf32>
}

// -----

// A residual connection with one side of each order: the side is transposed that is smaller, here before the broadcast.
// CHECK-LABEL: func.func @mixed
func.func @mixed(%x: tensor<1x8x8x4xf32>, %y: tensor<1x4x1x8xf32>) -> tensor<1x8x8x4xf32> {
  // CHECK-NEXT: %[[T:.+]] = xnn.static_transpose %y {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x1x8xf32>) -> tensor<1x1x8x4xf32>
  // CHECK-NEXT: %b = xnn.add %x, %[[T]]
  // CHECK-NEXT: func.return %b
  %a = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
  %b = xnn.add %a, %y : (tensor<1x4x8x8xf32>, tensor<1x4x1x8xf32>) -> tensor<1x4x8x8xf32>
  %c = xnn.static_transpose %b {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  func.return %c : tensor<1x8x8x4xf32>
}

// -----

// Of a slice and what it is cut from, the slice is transposed: it is smaller. What is left says what it costs, if asked.
// COSTS-LABEL: func.func @smaller
// COSTS: xnn.static_transpose %b {xnn.bytes_moved = 64 : i64, perm = array<i64: 1, 0>}
// CHECK-LABEL: func.func @smaller
func.func @smaller(%x: tensor<8x16xf32>) -> tensor<2x8xf32> {
  // CHECK-NEXT: %b = xnn.static_slice %x {offsets = array<i64: 0, 0>, sizes = array<i64: 8, 2>}
  // CHECK-NEXT: %[[T:.+]] = xnn.static_transpose %b
  // CHECK-NEXT: func.return %[[T]]
  %a = xnn.static_transpose %x {perm = array<i64: 1, 0>} : (tensor<8x16xf32>) -> tensor<16x8xf32>
  %b = xnn.static_slice %a {offsets = array<i64: 0, 0>, sizes = array<i64: 2, 8>} : (tensor<16x8xf32>) -> tensor<2x8xf32>
  func.return %b : tensor<2x8xf32>
}

// -----

// Users share one transpose, and nothing is computed twice.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: tensor<1x4x8x8xf32>, %w: tensor<2x1x1x4xf32>) -> (tensor<1x8x8x2xf32>, tensor<1x8x8x2xf32>, tensor<1x8x8x2xf32>) {
  // CHECK-NEXT: %[[T:.+]] = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>}
  // CHECK-NEXT: %c = xnn.convolution_2d %[[T]]
  // CHECK-NEXT: %r = xnn.abs %[[T]]
  // CHECK-NEXT: %d = xnn.convolution_2d %r
  // CHECK-NEXT: %e = xnn.convolution_2d %r
  // CHECK-NEXT: func.return %c, %d, %e
  %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  %c = xnn.convolution_2d %t, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x8x8x4xf32>, tensor<2x1x1x4xf32>) -> tensor<1x8x8x2xf32>
  %r = xnn.abs %x : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %u = xnn.static_transpose %r {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  %d = xnn.convolution_2d %u, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x8x8x4xf32>, tensor<2x1x1x4xf32>) -> tensor<1x8x8x2xf32>
  %v = xnn.static_transpose %r {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  %e = xnn.convolution_2d %v, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x8x8x4xf32>, tensor<2x1x1x4xf32>) -> tensor<1x8x8x2xf32>
  func.return %c, %d, %e : tensor<1x8x8x2xf32>, tensor<1x8x8x2xf32>, tensor<1x8x8x2xf32>
}

// -----

// Only dimensions of size 1 move after a global pool: one reshape does it, together with the flattening.
// CHECK-LABEL: func.func @flatten
func.func @flatten(%x: tensor<?x7x7x1280xf32>) -> tensor<?x1280xf32> {
  // CHECK-NEXT: %p = xnn.global_average_pooling_2d %x
  // CHECK-NEXT: %r = xnn.static_reshape %p : (tensor<?x1x1x1280xf32>) -> tensor<?x1280xf32>
  // CHECK-NEXT: func.return %r
  %p = xnn.global_average_pooling_2d %x : (tensor<?x7x7x1280xf32>) -> tensor<?x1x1x1280xf32>
  %t = xnn.static_transpose %p {perm = array<i64: 0, 3, 1, 2>} : (tensor<?x1x1x1280xf32>) -> tensor<?x1280x1x1xf32>
  %r = xnn.static_reshape %t : (tensor<?x1280x1x1xf32>) -> tensor<?x1280xf32>
  func.return %r : tensor<?x1280xf32>
}

// -----

// A reshape that merges rows and columns does so in either order: patches become tokens without a transpose.
// CHECK-LABEL: func.func @patches
func.func @patches(%x: tensor<1x14x14x192xf32>) -> tensor<1x196x192xf32> {
  // CHECK-NEXT: %b = xnn.static_reshape %x : (tensor<1x14x14x192xf32>) -> tensor<1x196x192xf32>
  // CHECK-NEXT: func.return %b
  %a = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x14x14x192xf32>) -> tensor<1x192x14x14xf32>
  %b = xnn.static_reshape %a : (tensor<1x192x14x14xf32>) -> tensor<1x192x196xf32>
  %c = xnn.static_transpose %b {perm = array<i64: 0, 2, 1>} : (tensor<1x192x196xf32>) -> tensor<1x196x192xf32>
  func.return %c : tensor<1x196x192xf32>
}

// -----

// One that takes apart what the transpose moved together does not.
// CHECK-LABEL: func.func @not_patches
func.func @not_patches(%x: tensor<1x14x14x192xf32>) -> tensor<1x14x2688xf32> {
  // CHECK-NEXT: %a = xnn.static_transpose %x
  // CHECK-NEXT: %b = xnn.static_reshape %a
  // CHECK-NEXT: func.return %b
  %a = xnn.static_transpose %x {perm = array<i64: 0, 3, 2, 1>} : (tensor<1x14x14x192xf32>) -> tensor<1x192x14x14xf32>
  %b = xnn.static_reshape %a : (tensor<1x192x14x14xf32>) -> tensor<1x14x2688xf32>
  func.return %b : tensor<1x14x2688xf32>
}

// -----

// What the host reads and what the function returns keep their order; so do values that a region reads from outside.
// CHECK-LABEL: func.func @border
func.func @border(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // CHECK-NEXT: %t = xnn.static_transpose %x
  // CHECK-NEXT: %h = "test.host"(%t) ({
  // CHECK-NEXT:   "test.reads"(%t) : (tensor<3x2xf32>) -> ()
  // CHECK-NEXT: }) : (tensor<3x2xf32>) -> tensor<3x2xf32>
  // CHECK-NEXT: %v = xnn.abs %h
  // CHECK-NEXT: %v_1 = xnn.static_transpose %v
  // CHECK-NEXT: "test.host"(%v_1) : (tensor<2x3xf32>) -> ()
  // CHECK-NEXT: func.return %v
  %t = xnn.static_transpose %x {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %h = "test.host"(%t) ({
    "test.reads"(%t) : (tensor<3x2xf32>) -> ()
  }) : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %u = xnn.static_transpose %h {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %v = xnn.abs %u : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %w = xnn.static_transpose %v {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  "test.host"(%v) : (tensor<2x3xf32>) -> ()
  func.return %w : tensor<3x2xf32>
}

// -----

// Scales of quantised constants stay with their channels.
// CHECK-LABEL: func.func @quantised
func.func @quantised(%x: tensor<1x2x!xnn.qint8<0.5:0>>, %w: tensor<1x1xf32>) -> tensor<1x3x!xnn.qint8<0.5:0>> {
  // CHECK-NEXT: xnn.constant dense<{{.*}}> : tensor<3x2xi8> : tensor<3x2x!xnn.qcint8<0, [1.000000e-01, 2.000000e-01, 3.000000e-01]>>
  // CHECK-NEXT: xnn.fully_connected
  // CHECK-NEXT: func.return
  %k = xnn.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8> : tensor<2x3x!xnn.qcint8<1, [0.1, 0.2, 0.3]>>
  %t = xnn.static_transpose %k {perm = array<i64: 1, 0>} : (tensor<2x3x!xnn.qcint8<1, [0.1, 0.2, 0.3]>>) -> tensor<3x2x!xnn.qcint8<0, [0.1, 0.2, 0.3]>>
  %y = xnn.fully_connected %x, %t : (tensor<1x2x!xnn.qint8<0.5:0>>, tensor<3x2x!xnn.qcint8<0, [0.1, 0.2, 0.3]>>) -> tensor<1x3x!xnn.qint8<0.5:0>>
  func.return %y : tensor<1x3x!xnn.qint8<0.5:0>>
}
