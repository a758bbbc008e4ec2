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
  // expected-error@+1 {{xnn.abs: xnn_define_unary takes fp32, fp16, qint8, quint8; got f64}}
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

// -----

// Integers in and out: weights of int8 with a scale for each output channel, a bias of int32 at the scale of both.
xnn.graph @static(%x: tensor<1x2x!xnn.qint8<0.5:3>>) -> tensor<1x2x!xnn.qint8<0.25:-5>> {
  %w = xnn.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> : tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>
  %b = xnn.constant dense<[1, 2]> : tensor<2xi32> : tensor<2x!xnn.qcint32<0, [0.25, 0.125]>>
  %y = xnn.fully_connected %x, %w, %b : (tensor<1x2x!xnn.qint8<0.5:3>>, tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>, tensor<2x!xnn.qcint32<0, [0.25, 0.125]>>) -> tensor<1x2x!xnn.qint8<0.25:-5>>
  xnn.yield %y : tensor<1x2x!xnn.qint8<0.25:-5>>
}

// -----

// Scales along another dimension than that of the output channels are refused.
xnn.graph @axis(%x: tensor<1x2x2x1x!xnn.qint8<0.5:3>>) -> tensor<1x1x1x1x!xnn.qint8<0.25:-5>> {
  %w = xnn.constant dense<1> : tensor<1x2x2x1xi8> : tensor<1x2x2x1x!xnn.qcint8<1, [0.5, 0.25]>>
  // expected-error@+1 {{XNNPACK has a scale for each output channel, dimension 0 of the filter; got one for each index of dimension 1}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x2x2x1x!xnn.qint8<0.5:3>>, tensor<1x2x2x1x!xnn.qcint8<1, [0.5, 0.25]>>) -> tensor<1x1x1x1x!xnn.qint8<0.25:-5>>
  xnn.yield %y : tensor<1x1x1x1x!xnn.qint8<0.25:-5>>
}

// -----

// Integers of one coding cannot be moved into another.
xnn.graph @moved(%x: tensor<2x4x!xnn.qint8<0.5:3>>) -> tensor<8x!xnn.qint8<0.25:3>> {
  // expected-error@+1 {{XNNPACK moves numbers without requantising them}}
  %y = xnn.static_reshape %x : (tensor<2x4x!xnn.qint8<0.5:3>>) -> tensor<8x!xnn.qint8<0.25:3>>
  xnn.yield %y : tensor<8x!xnn.qint8<0.25:3>>
}
