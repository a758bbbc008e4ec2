// RUN: not xnn-translate --mlir-to-pte %s -o %t.pte 2>&1 | filecheck %s

// An op that delegate files have no node for is named with its place; nothing is written.

// CHECK: error: model.py:7 "pool": xnn.static_reduce: the delegate format has no node for it with 1 operands
xnn.graph @delegate_0(%x: tensor<4x8xf32>) -> tensor<4xf32> {
  %y = xnn.static_reduce %x {kind = "sum", axes = array<i64: 1>} : (tensor<4x8xf32>) -> tensor<4xf32> loc("pool"("model.py":7:0))
  xnn.yield %y : tensor<4xf32>
}
rt.method @forward {
  %x = rt.tensor : tensor<4x8xf32>
  %y = rt.tensor : tensor<4xf32>
  rt.inputs(%x) : (tensor<4x8xf32>)
  rt.delegate_call @delegate_0(%x, %y) : (tensor<4x8xf32>, tensor<4xf32>)
  rt.return(%y) : (tensor<4xf32>)
}
