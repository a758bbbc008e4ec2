// RUN: xnn-opt %s -p 'verify-xnn-legal' --split-input-file --verify-diagnostics --allow-unregistered-dialect

// Nodes in graphs, calls, host ops and nodes that only move data pass.
xnn.graph @graph(%a: tensor<4xf32>) -> tensor<4xf32> {
  %b = xnn.abs %a : (tensor<4xf32>) -> tensor<4xf32>
  xnn.yield %b : tensor<4xf32>
}
func.func @legal(%x: tensor<4xf32>) -> tensor<2x2xf32> {
  %y = xnn.call @graph(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %h = "test.sort"(%y) : (tensor<4xf32>) -> tensor<4xf32>
  %r = xnn.static_reshape %h : (tensor<4xf32>) -> tensor<2x2xf32>
  func.return %r : tensor<2x2xf32>
}

// -----

// A type that XNNPACK lacks is refused, with what there is.
xnn.graph @types(%a: tensor<4xf64>) -> tensor<4xf64> {
  // expected-error@+1 {{xnn.abs: xnn_define_unary takes fp32, fp16; got f64}}
  %b = xnn.abs %a : (tensor<4xf64>) -> tensor<4xf64>
  xnn.yield %b : tensor<4xf64>
}

// -----

// A node that stock files cannot hold is refused for that target, in subgraphs too.
func.func @target(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = xnn.subgraph (%a = %x : tensor<4xf32>) -> (tensor<4xf32>) {
    // expected-error@+1 {{xnn.squared_difference: files for ExecuTorch have no node for xnn.squared_difference}}
    %b = xnn.squared_difference %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    xnn.yield %b : tensor<4xf32>
  }
  func.return %y : tensor<4xf32>
}

// -----

// What is no node cannot be in a graph.
xnn.graph @foreign(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{arith.addf: expected a node of XNNPACK in a graph}}
  %b = arith.addf %a, %a : tensor<4xf32>
  xnn.yield %b : tensor<4xf32>
}

// -----

// A delegate has no way to hand its input on.
// expected-error@+1 {{xnn.graph: expected results that nodes compute, got one of its arguments (a delegate copies nothing through)}}
xnn.graph @through(%a: tensor<4xf32>) -> tensor<4xf32> {
  xnn.yield %a : tensor<4xf32>
}

// -----

// Nor a constant.
// expected-error@+1 {{xnn.graph: expected results that nodes compute, got a constant}}
xnn.graph @constant() -> tensor<2xf32> {
  %a = xnn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  xnn.yield %a : tensor<2xf32>
}

// -----

// A node that computes has to be in a graph.
func.func @outside(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{xnn.abs: expected to be in a graph, got it in @outside}}
  %y = xnn.abs %x : (tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
