// RUN: xnn-opt %s -p 'xnn-partition' --split-input-file --allow-unregistered-dialect | filecheck %s
// RUN: xnn-opt %s -p 'xnn-partition{ops=abs,exp}' --split-input-file --allow-unregistered-dialect | filecheck %s --check-prefix ONLY
// RUN: not xnn-opt %s -p 'xnn-partition{ops=abs,nonsense}' --split-input-file --allow-unregistered-dialect 2>&1 | filecheck %s --check-prefix UNKNOWN

// UNKNOWN: error: expected names of xnn ops, got xnn.nonsense; known are xnn.abs, xnn.add

// Nodes on both sides of a host op are two subgraphs; what only the second one reads moves into it.
// CHECK-LABEL: func.func @around_host_op
func.func @around_host_op(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %a = xnn.subgraph (%x_1 = %x : tensor<4xf32>) -> (tensor<4xf32>) {
  // CHECK-NEXT:   %a_1 = xnn.exp %x_1
  // CHECK-NEXT:   xnn.yield %a_1
  // CHECK-NEXT: }
  // CHECK-NEXT: %b = "test.sort"(%a)
  // CHECK-NEXT: %d = xnn.subgraph (%x_1 = %x : tensor<4xf32>, %b_1 = %b : tensor<4xf32>) -> (tensor<4xf32>) {
  // CHECK-NEXT:   %c = xnn.abs %x_1
  // CHECK-NEXT:   %d_1 = xnn.add %b_1, %c
  // CHECK-NEXT:   xnn.yield %d_1
  // CHECK-NEXT: }
  // CHECK-NEXT: func.return %d
  // ONLY-LABEL: @around_host_op
  // ONLY:      xnn.subgraph
  // ONLY-NEXT:   xnn.exp
  // ONLY:      xnn.abs
  // ONLY:      }
  // ONLY:      %d = xnn.add %b, %c
  // ONLY-NEXT: func.return %d
  %a = xnn.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %c = xnn.abs %x : (tensor<4xf32>) -> tensor<4xf32>
  %b = "test.sort"(%a) : (tensor<4xf32>) -> tensor<4xf32>
  %d = xnn.add %b, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %d : tensor<4xf32>
}

// -----

// Two nodes with a host op between them on one of two paths would be a cycle in one subgraph.
// CHECK-LABEL: func.func @convex
func.func @convex(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %a, %b = xnn.subgraph (%x_1 = %x : tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK:        xnn.yield %a_1, %b_1
  // CHECK-NEXT: }
  // CHECK-NEXT: %h = "test.sort"(%a)
  // CHECK-NEXT: xnn.subgraph (%b_1 = %b : tensor<4xf32>, %h_1 = %h : tensor<4xf32>)
  %a = xnn.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %b = xnn.abs %a : (tensor<4xf32>) -> tensor<4xf32>
  %h = "test.sort"(%a) : (tensor<4xf32>) -> tensor<4xf32>
  %d = xnn.add %b, %h : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %d : tensor<4xf32>
}

// -----

// A host op that stands between nodes in the text, but not in the flow of data, makes way.
// CHECK-LABEL: func.func @host_ops_make_way
func.func @host_ops_make_way(%x: tensor<4xf32>, %z: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %h = "test.sort"(%z)
  // CHECK-NEXT: %b = xnn.subgraph
  // CHECK-NEXT:   xnn.exp
  // CHECK-NEXT:   xnn.add
  // CHECK-NEXT:   xnn.yield
  // CHECK-NEXT: }
  // CHECK-NEXT: func.return %b
  %a = xnn.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %h = "test.sort"(%z) : (tensor<4xf32>) -> tensor<4xf32>
  %b = xnn.add %a, %h : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %b : tensor<4xf32>
}

// -----

// A constant is copied into each subgraph that reads it, and stays for the host op.
// CHECK-LABEL: func.func @constants
func.func @constants(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  // CHECK-NEXT: %k = xnn.constant dense<[1.000000e+00, 2.000000e+00]>
  // CHECK-NEXT: %a = xnn.subgraph (%x_1 = %x : tensor<2xf32>) -> (tensor<2xf32>) {
  // CHECK-NEXT:   %k_1 = xnn.constant dense<[1.000000e+00, 2.000000e+00]>
  // CHECK-NEXT:   %a_1 = xnn.add %x_1, %k_1
  // CHECK:      }
  // CHECK-NEXT: %h = "test.sort"(%a, %k)
  // CHECK-NEXT: %b = xnn.subgraph (%h_1 = %h : tensor<2xf32>) -> (tensor<2xf32>) {
  // CHECK-NEXT:   xnn.constant dense<[1.000000e+00, 2.000000e+00]>
  // CHECK-NEXT:   xnn.add
  // CHECK:      }
  // CHECK-NEXT: func.return %b, %k
  %k = xnn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %a = xnn.add %x, %k : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %h = "test.sort"(%a, %k) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %b = xnn.add %h, %k : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %b, %k : tensor<2xf32>, tensor<2xf32>
}

// -----

// Results that are read inside, outside and twice by the return cross the border once; an argument is returned as it is.
// CHECK-LABEL: func.func @results
func.func @results(%x: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  // CHECK-NEXT: %a, %b = xnn.subgraph (%x_1 = %x : tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  // CHECK:        xnn.yield %a_1, %b_1
  // CHECK:      func.return %a, %b, %x, %a
  %a = xnn.exp %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %b = xnn.abs %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  func.return %a, %b, %x, %a : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// What only reshapes is not worth a delegate; what moves numbers is.
// CHECK-LABEL: func.func @moves_only
func.func @moves_only(%x: tensor<2x4xf32>) -> (tensor<4x2xf32>, tensor<8xf32>) {
  // CHECK-NEXT: %t = xnn.subgraph (%x_1 = %x : tensor<2x4xf32>) -> (tensor<4x2xf32>) {
  // CHECK-NEXT:   %t_1 = xnn.static_transpose %x_1
  // CHECK:      %h = "test.sort"(%t)
  // CHECK-NEXT: %r = xnn.static_reshape %h
  // CHECK-NEXT: func.return %t, %r
  %t = xnn.static_transpose %x {perm = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  %h = "test.sort"(%t) : (tensor<4x2xf32>) -> tensor<4x2xf32>
  %r = xnn.static_reshape %h : (tensor<4x2xf32>) -> tensor<8xf32>
  func.return %t, %r : tensor<4x2xf32>, tensor<8xf32>
}

// -----

// A node that XNNPACK lacks for these types stays outside.
// CHECK-LABEL: func.func @unsupported
func.func @unsupported(%x: tensor<4xf64>) -> tensor<4xf64> {
  // CHECK-NEXT: %a = xnn.exp %x
  // CHECK-NEXT: func.return %a
  %a = xnn.exp %x : (tensor<4xf64>) -> tensor<4xf64>
  func.return %a : tensor<4xf64>
}
