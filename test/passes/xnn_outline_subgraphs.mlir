// RUN: xnn-opt %s -p 'xnn-outline-subgraphs' --split-input-file | filecheck %s

// Each subgraph becomes a graph in front of the function, numbered in order; a name that is taken is passed over.
// CHECK:      xnn.graph @forward_delegate_0(%y: tensor<4xf32>) -> tensor<4xf32> {
// CHECK-NEXT:   %z = xnn.abs %y
// CHECK-NEXT:   xnn.yield %z
// CHECK-NEXT: }
// CHECK:      xnn.graph @forward_delegate_2(%a: tensor<4xf32>) -> tensor<4xf32> {
// CHECK:      func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
// CHECK-NEXT:   %b = xnn.call @forward_delegate_0(%x) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:   %c = xnn.call @forward_delegate_2(%b) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:   func.return %c
func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
  %b = xnn.subgraph (%y = %x : tensor<4xf32>) -> (tensor<4xf32>) {
    %z = xnn.abs %y : (tensor<4xf32>) -> tensor<4xf32>
    xnn.yield %z : tensor<4xf32>
  }
  %c = xnn.subgraph (%a = %b : tensor<4xf32>) -> (tensor<4xf32>) {
    %d = xnn.exp %a : (tensor<4xf32>) -> tensor<4xf32>
    xnn.yield %d : tensor<4xf32>
  }
  func.return %c : tensor<4xf32>
}
func.func private @forward_delegate_1() -> ()

// -----

// Functions have graphs of their own; dynamic sizes keep their names and bounds.
// CHECK:      xnn.graph @encode_delegate_0(%y: tensor<?x4xf32, #xnn.dims<["s0" <= 8, 4]>>)
// CHECK:      func.func @encode
// CHECK-NEXT:   xnn.call @encode_delegate_0
// CHECK:      xnn.graph @decode_delegate_0
// CHECK:      func.func @decode
func.func @encode(%x: tensor<?x4xf32, #xnn.dims<["s0" <= 8, 4]>>) -> tensor<?x4xf32, #xnn.dims<["s0" <= 8, 4]>> {
  %b = xnn.subgraph (%y = %x : tensor<?x4xf32, #xnn.dims<["s0" <= 8, 4]>>) -> (tensor<?x4xf32, #xnn.dims<["s0" <= 8, 4]>>) {
    %z = xnn.abs %y : (tensor<?x4xf32, #xnn.dims<["s0" <= 8, 4]>>) -> tensor<?x4xf32, #xnn.dims<["s0" <= 8, 4]>>
    xnn.yield %z : tensor<?x4xf32, #xnn.dims<["s0" <= 8, 4]>>
  }
  func.return %b : tensor<?x4xf32, #xnn.dims<["s0" <= 8, 4]>>
}
func.func @decode(%x: tensor<4xf32>) -> tensor<4xf32> {
  %b = xnn.subgraph (%y = %x : tensor<4xf32>) -> (tensor<4xf32>) {
    %z = xnn.abs %y : (tensor<4xf32>) -> tensor<4xf32>
    xnn.yield %z : tensor<4xf32>
  }
  func.return %b : tensor<4xf32>
}
