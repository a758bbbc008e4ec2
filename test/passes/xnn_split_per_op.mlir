// RUN: xnn-opt %s -p 'xnn-split-per-op' --split-input-file --allow-unregistered-dialect | filecheck %s

// Each node has a subgraph with its constants; transposes at the border go with the node that they serve.
// CHECK-LABEL: func.func @one_each
func.func @one_each(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
  // CHECK-NEXT: %c = xnn.subgraph (%x_1 = %x : tensor<1x1x4x4xf32>) -> (tensor<1x4x4x2xf32>) {
  // CHECK-NEXT:   xnn.static_transpose %x_1
  // CHECK-NEXT:   %w = xnn.constant
  // CHECK-NEXT:   xnn.convolution_2d
  // CHECK-NEXT:   xnn.yield
  // CHECK-NEXT: }
  // CHECK-NEXT: %u = xnn.subgraph (%c_1 = %c : tensor<1x4x4x2xf32>) -> (tensor<1x2x4x4xf32>) {
  // CHECK-NEXT:   xnn.exp %c_1
  // CHECK-NEXT:   xnn.static_transpose
  // CHECK-NEXT:   xnn.yield
  // CHECK-NEXT: }
  // CHECK-NEXT: func.return %u
  %w = xnn.constant dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
  %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x1x4x4xf32>) -> tensor<1x4x4x1xf32>
  %c = xnn.convolution_2d %t, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x4x1xf32>, tensor<2x1x1x1xf32>) -> tensor<1x4x4x2xf32>
  %y = xnn.exp %c : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %u = xnn.static_transpose %y {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x2xf32>) -> tensor<1x2x4x4xf32>
  func.return %u : tensor<1x2x4x4xf32>
}

// -----

// Between two nodes, or read by two, what moves data has a subgraph of its own; so has what has no neighbour.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: tensor<2x4xf32>, %z: tensor<2x4xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>, tensor<8xf32>) {
  // CHECK-NEXT: %a = xnn.subgraph
  // CHECK-NEXT:   xnn.exp
  // CHECK:      %t = xnn.subgraph
  // CHECK-NEXT:   xnn.static_transpose
  // CHECK-NEXT:   xnn.yield
  // CHECK:      %b = xnn.subgraph
  // CHECK-NEXT:   xnn.abs
  // CHECK-NEXT:   xnn.yield
  // CHECK:      %c = xnn.subgraph
  // CHECK-NEXT:   xnn.floor
  // CHECK-NEXT:   xnn.yield
  // CHECK:      %r = xnn.subgraph
  // CHECK-NEXT:   xnn.static_reshape
  // CHECK-NEXT:   xnn.yield
  // CHECK:      func.return %b, %c, %r
  %a = xnn.exp %x : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %t = xnn.static_transpose %a {perm = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  %b = xnn.abs %t : (tensor<4x2xf32>) -> tensor<4x2xf32>
  %c = xnn.floor %t : (tensor<4x2xf32>) -> tensor<4x2xf32>
  %r = xnn.static_reshape %z : (tensor<2x4xf32>) -> tensor<8xf32>
  func.return %b, %c, %r : tensor<4x2xf32>, tensor<4x2xf32>, tensor<8xf32>
}

// -----

// A chain goes with the node at its end, but not when a host op lies between it and that node.
// CHECK-LABEL: func.func @chains
func.func @chains(%x: tensor<2x4xf32>) -> (tensor<8xf32>, tensor<16xf32>) {
  // CHECK-NEXT: %a, %s = xnn.subgraph (%x_1 = %x : tensor<2x4xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK-NEXT:   xnn.static_reshape
  // CHECK-NEXT:   xnn.static_slice
  // CHECK-NEXT:   xnn.exp
  // CHECK-NEXT:   xnn.static_reshape
  // CHECK-NEXT:   xnn.static_reshape
  // CHECK-NEXT:   xnn.yield
  // CHECK-NEXT: }
  // CHECK-NEXT: %h = "test.sort"(%a)
  // CHECK-NEXT: %c = xnn.subgraph (%a_1 = %a : tensor<8xf32>, %h_1 = %h : tensor<8xf32>)
  // CHECK-NEXT:   xnn.concatenate
  // CHECK-NEXT:   xnn.yield
  // CHECK-NEXT: }
  // CHECK-NEXT: func.return %s, %c
  %p = xnn.static_reshape %x : (tensor<2x4xf32>) -> tensor<8xf32>
  %q = xnn.static_slice %p {offsets = array<i64: 0>, sizes = array<i64: 8>} : (tensor<8xf32>) -> tensor<8xf32>
  %a = xnn.exp %q : (tensor<8xf32>) -> tensor<8xf32>
  %h = "test.sort"(%a) : (tensor<8xf32>) -> tensor<8xf32>
  %c = xnn.concatenate %a, %h {axis = 0 : i64} : (tensor<8xf32>, tensor<8xf32>) -> tensor<16xf32>
  %r = xnn.static_reshape %a : (tensor<8xf32>) -> tensor<4x2xf32>
  %s = xnn.static_reshape %r : (tensor<4x2xf32>) -> tensor<8xf32>
  func.return %s, %c : tensor<8xf32>, tensor<16xf32>
}

// -----

// Rows are quantised once for each node that reads them, behind a transpose of its own.
// CHECK-LABEL: func.func @rows
func.func @rows(%x: tensor<2x4xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  // CHECK-NEXT: %a = xnn.subgraph (%{{.*}} = %x : tensor<2x4xf32>)
  // CHECK-NEXT:   xnn.static_transpose
  // CHECK-NEXT:   xnn.convert
  // CHECK-NEXT:   xnn.constant
  // CHECK-NEXT:   xnn.fully_connected
  // CHECK:      %b = xnn.subgraph (%{{.*}} = %x : tensor<2x4xf32>)
  // CHECK-NEXT:   xnn.static_transpose
  // CHECK-NEXT:   xnn.convert
  // CHECK-NEXT:   xnn.constant
  // CHECK-NEXT:   xnn.fully_connected
  // CHECK:      func.return %a, %b
  %w = xnn.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> : tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>
  %t = xnn.static_transpose %x {perm = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  %q = xnn.convert %t : (tensor<4x2xf32>) -> tensor<4x2x!xnn.qdint8<1>>
  %a = xnn.fully_connected %q, %w : (tensor<4x2x!xnn.qdint8<1>>, tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>) -> tensor<4x2xf32>
  %b = xnn.fully_connected %q, %w : (tensor<4x2x!xnn.qdint8<1>>, tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>) -> tensor<4x2xf32>
  func.return %a, %b : tensor<4x2xf32>, tensor<4x2xf32>
}

// -----

// The conversions of a static quantisation are nodes; integers go from one delegate to the next.
// CHECK-LABEL: func.func @static
func.func @static(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %q = xnn.subgraph {{.*}} -> (tensor<4x!xnn.qint8<5.000000e-01:3>>)
  // CHECK-NEXT:   xnn.convert
  // CHECK:      %s = xnn.subgraph {{.*}} -> (tensor<4x!xnn.qint8<1.000000e+00:3>>)
  // CHECK-NEXT:   xnn.add
  // CHECK:      %y = xnn.subgraph
  // CHECK-NEXT:   xnn.convert
  %q = xnn.convert %x : (tensor<4xf32>) -> tensor<4x!xnn.qint8<0.5:3>>
  %s = xnn.add %q, %q : (tensor<4x!xnn.qint8<0.5:3>>, tensor<4x!xnn.qint8<0.5:3>>) -> tensor<4x!xnn.qint8<1.0:3>>
  %y = xnn.convert %s : (tensor<4x!xnn.qint8<1.0:3>>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
