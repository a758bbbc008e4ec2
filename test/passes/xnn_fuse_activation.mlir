// RUN: xnn-opt %s -p 'xnn-fuse-activation' --split-input-file | filecheck %s

// A clamp after a convolution becomes its bounds.
// CHECK-LABEL: func.func @convolution
func.func @convolution(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32> {
  // CHECK:      %{{.*}} = xnn.convolution_2d %x, %w {{{.*}}output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32}
  // CHECK-NEXT: func.return
  %c = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  %y = xnn.clamp %c {output_min = 0.0 : f32, output_max = 6.0 : f32} : (tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
  func.return %y : tensor<1x6x6x4xf32>
}

// -----

// A clamp passes through a transpose and a reshape, also of a dynamic size.
// CHECK-LABEL: func.func @through_transpose
func.func @through_transpose(%x: tensor<?x8x8x4xf32>) -> tensor<?x256xf32> {
  // CHECK:      %a = xnn.add %x, %x {output_min = 0.000000e+00 : f32}
  // CHECK-NEXT: %t = xnn.static_transpose %a
  // CHECK-NEXT: %y = xnn.static_reshape %t
  // CHECK-NEXT: func.return %y
  %a = xnn.add %x, %x : (tensor<?x8x8x4xf32>, tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  %t = xnn.static_transpose %a {perm = array<i64: 0, 3, 1, 2>} : (tensor<?x8x8x4xf32>) -> tensor<?x4x8x8xf32>
  %r = xnn.static_reshape %t : (tensor<?x4x8x8xf32>) -> tensor<?x256xf32>
  %y = xnn.clamp %r {output_min = 0.0 : f32} : (tensor<?x256xf32>) -> tensor<?x256xf32>
  func.return %y : tensor<?x256xf32>
}

// -----

// Of two clamps in a row the intersection remains.
// CHECK-LABEL: func.func @intersection
func.func @intersection(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK:      xnn.clamp %x {output_min = 0.000000e+00 : f32, output_max = 4.000000e+00 : f32}
  // CHECK-NEXT: func.return
  %a = xnn.clamp %x {output_min = -1.0 : f32, output_max = 4.0 : f32} : (tensor<8xf32>) -> tensor<8xf32>
  %b = xnn.clamp %a {output_min = 0.0 : f32, output_max = 6.0 : f32} : (tensor<8xf32>) -> tensor<8xf32>
  func.return %b : tensor<8xf32>
}

// -----

// Two clamps that share no interval make a constant, which bounds cannot express: both stay.
// CHECK-LABEL: func.func @disjoint
func.func @disjoint(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK:      xnn.clamp %x {output_max = -1.000000e+00 : f32}
  // CHECK-NEXT: xnn.clamp %a {output_min = 0.000000e+00 : f32}
  %a = xnn.clamp %x {output_max = -1.0 : f32} : (tensor<8xf32>) -> tensor<8xf32>
  %b = xnn.clamp %a {output_min = 0.0 : f32} : (tensor<8xf32>) -> tensor<8xf32>
  func.return %b : tensor<8xf32>
}

// -----

// The sum is needed as it is, too: the clamp stays.
// CHECK-LABEL: func.func @several_users
func.func @several_users(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK:      %a = xnn.add %x, %x :
  // CHECK-NEXT: xnn.clamp %a {output_min = 0.000000e+00 : f32}
  %a = xnn.add %x, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %b = xnn.clamp %a {output_min = 0.0 : f32} : (tensor<8xf32>) -> tensor<8xf32>
  func.return %a, %b : tensor<8xf32>, tensor<8xf32>
}

// -----

// Sigmoid has no bounds, and a clamp of a function's argument has no producer: the clamps stay.
// CHECK-LABEL: func.func @no_bounds
func.func @no_bounds(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK:      xnn.clamp %x
  // CHECK-NEXT: xnn.sigmoid
  // CHECK-NEXT: xnn.clamp
  %a = xnn.clamp %x {output_min = 0.0 : f32} : (tensor<8xf32>) -> tensor<8xf32>
  %b = xnn.sigmoid %a : (tensor<8xf32>) -> tensor<8xf32>
  %c = xnn.clamp %b {output_max = 0.5 : f32} : (tensor<8xf32>) -> tensor<8xf32>
  func.return %c : tensor<8xf32>
}

// -----

// Two clamps after one max pool are taken one after the other, inside a subgraph too.
// CHECK-LABEL: func.func @in_subgraph
func.func @in_subgraph(%x: tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32> {
  // CHECK:      xnn.max_pooling_2d %a {{{.*}}output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32}
  // CHECK-NEXT: xnn.yield
  %y = xnn.subgraph (%a = %x : tensor<1x8x8x4xf32>) -> (tensor<1x4x4x4xf32>) {
    %p = xnn.max_pooling_2d %a {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
    %c = xnn.clamp %p {output_min = 0.0 : f32} : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
    %d = xnn.clamp %c {output_max = 6.0 : f32} : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
    xnn.yield %d : tensor<1x4x4x4xf32>
  }
  func.return %y : tensor<1x4x4x4xf32>
}
