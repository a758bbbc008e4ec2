// RUN: xnn-opt %s | xnn-opt | filecheck %s
// RUN: xnn-opt %s --print-op-generic | xnn-opt | filecheck %s

// Graphs have arguments and results, and are called by name.
// CHECK-LABEL: xnn.graph @delegate_0(%a: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) attributes {note = "kept"} {
xnn.graph @delegate_0(%a: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) attributes {note = "kept"} {
  // CHECK-NEXT: %r = xnn.abs %a
  %r = xnn.abs %a : (tensor<1x8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: xnn.yield %r, %a : tensor<1x8xf32>, tensor<1x8xf32>
  xnn.yield %r, %a : tensor<1x8xf32>, tensor<1x8xf32>
}

// CHECK-LABEL: xnn.graph @nothing() {
xnn.graph @nothing() {
  // CHECK-NEXT: xnn.yield
  xnn.yield
}

// CHECK-LABEL: func.func @calls
func.func @calls(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  // CHECK-NEXT: %y, %z = xnn.call @delegate_0(%x) {note} : (tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>)
  %y, %z = xnn.call @delegate_0(%x) {note} : (tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>)
  // CHECK-NEXT: xnn.call @nothing() : () -> ()
  xnn.call @nothing() : () -> ()
  func.return %y : tensor<1x8xf32>
}

// A subgraph stands where it runs, and sees its operands as block arguments only.
// CHECK-LABEL: func.func @subgraph
func.func @subgraph(%x: tensor<1x8xf32>, %k: tensor<8xf32>) -> tensor<1x8xf32> {
  // CHECK-NEXT: %y, %z = xnn.subgraph (%a = %x : tensor<1x8xf32>, %b = %k : tensor<8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  %y, %z = xnn.subgraph (%a = %x : tensor<1x8xf32>, %b = %k : tensor<8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
    // CHECK-NEXT: %c = xnn.constant dense<2.000000e+00> : tensor<f32>
    %c = xnn.constant dense<2.0> : tensor<f32>
    // CHECK-NEXT: %r = xnn.add %a, %b
    %r = xnn.add %a, %b : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
    // CHECK-NEXT: %s = xnn.add %r, %c
    %s = xnn.add %r, %c : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
    // CHECK-NEXT: xnn.yield %r, %s
    xnn.yield %r, %s : tensor<1x8xf32>, tensor<1x8xf32>
  // CHECK-NEXT: } {note}
  } {note}
  func.return %z : tensor<1x8xf32>
}
