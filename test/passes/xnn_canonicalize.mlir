// RUN: xnn-opt %s -p 'xnn-canonicalize' --split-input-file | filecheck %s

// What only moves numbers is done to constants at once.
// CHECK-LABEL: func.func @constants
func.func @constants() -> (tensor<3x2xf32>, tensor<6xf32>, tensor<2x2xf32>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<2xf16>) {
  // CHECK-NEXT: %a = xnn.constant dense<{{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
  // CHECK-NEXT: %b = xnn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 5.000000e+00, 6.000000e+00]> : tensor<6xf32>
  // CHECK-NEXT: %c = xnn.constant dense<{{\[\[}}2.000000e+00, 3.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<2x2xf32>
  // CHECK-NEXT: %d = xnn.constant dense<{{\[\[}}7.000000e+00, 2.000000e+00, 3.000000e+00, 7.000000e+00]]> : tensor<1x4xf32>
  // CHECK-NEXT: %e = xnn.constant dense<{{\[\[}}2.000000e+00, 3.000000e+00, 2.000000e+00, 3.000000e+00]]> : tensor<1x4xf32>
  // CHECK-NEXT: %h = xnn.constant dense<[2.000000e+00, 3.000000e+00]> : tensor<2xf16>
  // CHECK-NEXT: func.return %a, %b, %c, %d, %e, %h
  %k = xnn.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %a = xnn.static_transpose %k {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %b = xnn.static_reshape %k : (tensor<2x3xf32>) -> tensor<6xf32>
  %c = xnn.static_slice %k {offsets = array<i64: 0, 1>, sizes = array<i64: 0, 2>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  %f = xnn.static_slice %c {offsets = array<i64: 0, 0>, sizes = array<i64: 1, 0>} : (tensor<2x2xf32>) -> tensor<1x2xf32>
  %d = xnn.static_constant_pad %f {pre_paddings = array<i64: 0, 1>, post_paddings = array<i64: 0, 1>, value = 7.0 : f32} : (tensor<1x2xf32>) -> tensor<1x4xf32>
  %e = xnn.concatenate %f, %f {axis = 1 : i64} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>
  %g = xnn.static_reshape %f : (tensor<1x2xf32>) -> tensor<2xf32>
  %h = xnn.convert %g : (tensor<2xf32>) -> tensor<2xf16>
  func.return %a, %b, %c, %d, %e, %h : tensor<3x2xf32>, tensor<6xf32>, tensor<2x2xf32>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<2xf16>
}

// -----

// Ops that change nothing are gone, and with them what nothing reads.
// CHECK-LABEL: func.func @nothing
func.func @nothing(%x: tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32> {
  // CHECK-NEXT: func.return %x
  %a = xnn.static_transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %b = xnn.static_reshape %a : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %c = xnn.static_slice %b {offsets = array<i64: 0, 0, 0, 0>, sizes = array<i64: 0, 1, 0, 4>} : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %d = xnn.static_constant_pad %c {pre_paddings = array<i64: 0, 0, 0, 0>, post_paddings = array<i64: 0, 0, 0, 0>, value = 7.0 : f32} : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %e = xnn.clamp %d : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %f = xnn.copy %e : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %g = xnn.global_average_pooling_2d %f : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %h = xnn.static_reduce %g {kind = "mean", axes = array<i64: 1, 2>, keep_dims} : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %i = xnn.static_resize_bilinear_2d %h {new_size = array<i64: 1, 1>} : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %j = xnn.convert %i : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %k = xnn.exp %j : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  func.return %j : tensor<?x1x1x4xf32>
}

// -----

// Bounds that bind, quantisation and larger windows stay.
// CHECK-LABEL: func.func @something
func.func @something(%x: tensor<1x2x1x4xf32>) -> tensor<1x1x1x4x!xnn.qint8<0.5:0>> {
  // CHECK-NEXT: %a = xnn.clamp
  // CHECK-NEXT: %b = xnn.global_average_pooling_2d
  // CHECK-NEXT: %c = xnn.convert
  // CHECK-NEXT: func.return %c
  %a = xnn.clamp %x {output_min = 0.0 : f32} : (tensor<1x2x1x4xf32>) -> tensor<1x2x1x4xf32>
  %b = xnn.global_average_pooling_2d %a : (tensor<1x2x1x4xf32>) -> tensor<1x1x1x4xf32>
  %c = xnn.convert %b : (tensor<1x1x1x4xf32>) -> tensor<1x1x1x4x!xnn.qint8<0.5:0>>
  func.return %c : tensor<1x1x1x4x!xnn.qint8<0.5:0>>
}

// -----

// Chains of one kind are one op; a transpose that moves dimensions of size 1 only is a reshape.
// CHECK-LABEL: func.func @chains
func.func @chains(%x: tensor<?x1x1x8xf32>, %y: tensor<9xf32>) -> (tensor<?x8xf32>, tensor<3xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %b = xnn.static_reshape %x : (tensor<?x1x1x8xf32>) -> tensor<?x8xf32>
  // CHECK-NEXT: %d = xnn.static_slice %y {offsets = array<i64: 3>, sizes = array<i64: 3>} : (tensor<9xf32>) -> tensor<3xf32>
  // CHECK-NEXT: %f = xnn.static_slice %y {offsets = array<i64: 3>, sizes = array<i64: 4>} : (tensor<9xf32>) -> tensor<4xf32>
  // CHECK-NEXT: func.return %b, %d, %f
  %a = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<?x1x1x8xf32>) -> tensor<?x8x1x1xf32>
  %b = xnn.static_reshape %a : (tensor<?x8x1x1xf32>) -> tensor<?x8xf32>
  %c = xnn.static_slice %y {offsets = array<i64: 2>, sizes = array<i64: 5>} : (tensor<9xf32>) -> tensor<5xf32>
  %d = xnn.static_slice %c {offsets = array<i64: 1>, sizes = array<i64: 3>} : (tensor<5xf32>) -> tensor<3xf32>
  %f = xnn.static_slice %c {offsets = array<i64: 1>, sizes = array<i64: 0>} : (tensor<5xf32>) -> tensor<4xf32>
  func.return %b, %d, %f : tensor<?x8xf32>, tensor<3xf32>, tensor<4xf32>
}

// -----

// A concatenation takes in one along the same axis as long as XNNPACK has a node for the number of operands.
// CHECK-LABEL: func.func @concatenate
func.func @concatenate(%x: tensor<2x1xf32>) -> (tensor<2x5xf32>, tensor<2x6xf32>, tensor<4x2xf32>) {
  // CHECK-NEXT: %b = xnn.concatenate %x, %x, %x, %x, %x {axis = 1 : i64}
  // CHECK-NEXT: %[[C:.+]] = xnn.concatenate %x, %x, %x {axis = 1 : i64}
  // CHECK-NEXT: %d = xnn.concatenate %[[C]], %x, %x, %x {axis = 1 : i64}
  // CHECK-NEXT: %[[E:.+]] = xnn.concatenate %x, %x {axis = 1 : i64}
  // CHECK-NEXT: %f = xnn.concatenate %[[E]], %[[E]] {axis = 0 : i64}
  // CHECK-NEXT: func.return %b, %d, %f
  %a = xnn.concatenate %x, %x, %x {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  %b = xnn.concatenate %x, %a, %x {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x5xf32>
  %c = xnn.concatenate %x, %x, %x {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  %d = xnn.concatenate %c, %x, %x, %x {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x6xf32>
  %e = xnn.concatenate %x, %x {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  %f = xnn.concatenate %e, %e {axis = 0 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  func.return %b, %d, %f : tensor<2x5xf32>, tensor<2x6xf32>, tensor<4x2xf32>
}

// -----

// One constant is left per weight and type, in graphs as in functions.
// CHECK-LABEL: func.func @one_constant
func.func @one_constant(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2x1xf32>) {
  // CHECK-NEXT: %k = xnn.constant #xnn.weight<w0> : tensor<2xf32>
  // CHECK-NEXT: %a = xnn.add %x, %k
  // CHECK-NEXT: %b = xnn.add %a, %k
  // CHECK-NEXT: %m = xnn.constant #xnn.weight<w0> : tensor<2x1xf32>
  // CHECK-NEXT: func.return %b, %m
  %k = xnn.constant #xnn.weight<w0> : tensor<2xf32>
  %a = xnn.add %x, %k : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %l = xnn.constant #xnn.weight<w0> : tensor<2xf32>
  %b = xnn.add %a, %l : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %m = xnn.constant #xnn.weight<w0> : tensor<2x1xf32>
  func.return %b, %m : tensor<2xf32>, tensor<2x1xf32>
}
