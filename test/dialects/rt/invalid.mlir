// RUN: xnn-opt %s --split-input-file --verify-diagnostics

// Tensors.

rt.method @m {
  // expected-error@+1 {{rt.tensor: expected the largest sizes and a dynamism for a tensor of dynamic shape, got tensor<?x4xf32>}}
  %x = rt.tensor : tensor<?x4xf32>
  rt.return() : ()
}

// -----

rt.method @m {
  // expected-error@+1 {{rt.tensor: expected an element type that PyTorch has, got si8}}
  %x = rt.tensor : tensor<4xsi8>
  rt.return() : ()
}

// -----

rt.method @m {
  // expected-error@+1 {{rt.tensor: expected dim_order to be a permutation of the 2 dimensions, got [0, 0]}}
  %x = rt.tensor {dim_order = array<i64: 0, 0>} : tensor<2x2xf32>
  rt.return() : ()
}

// -----

rt.method @m {
  // expected-error@+1 {{rt.tensor: expected dynamism to be "bound" or "unbound", got "static"}}
  %x = rt.tensor {dynamism = "static"} : tensor<2xf32>
  rt.return() : ()
}

// -----

rt.method @m {
  // expected-error@+1 {{rt.tensor: expected a fully_qualified_name for an external tensor, got none}}
  %x = rt.tensor {external} : tensor<2xf32>
  rt.return() : ()
}

// -----

rt.method @m {
  // expected-error@+1 {{rt.tensor: expected both an arena and an offset, got one of them}}
  %x = "rt.tensor"() <{arena = 1 : i64}> : () -> tensor<2xf32>
  rt.return() : ()
}

// -----

rt.method @m {
  // expected-error@+1 {{rt.constant: expected a value of the shape of tensor<3xf32>, got tensor<2xf32>}}
  %x = rt.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<3xf32>
  rt.return() : ()
}

// -----

rt.method @m {
  // expected-error@+1 {{expected one of QINT8}}
  %x = rt.tensor : tensor<3x!rt.scalar<FLOAT7>>
  rt.return() : ()
}

// -----

rt.method @m {
  %x = rt.tensor : tensor<3xf32>
  // expected-error@+1 {{rt.optional_tensor_list: expected missing places in rising order below 2, got [2]}}
  %list = "rt.optional_tensor_list"(%x) <{missing = array<i64: 2>}> : (tensor<3xf32>) -> !rt.optional_tensor_list
  rt.return() : ()
}

// -----

// Arenas.

// expected-error@+1 {{rt.method: expected a tensor that ends within the 32 bytes of arena 1, got tensor<4xf32> at offset 20, which ends at 36}}
rt.method @m arenas [32] {
  %x = rt.tensor arena 1 offset 20 : tensor<4xf32>
  rt.return() : ()
}

// -----

// expected-error@+1 {{rt.method: expected an arena of 1 to 1, got 2}}
rt.method @m arenas [32] {
  %x = rt.tensor arena 2 offset 0 : tensor<4xf32>
  rt.return() : ()
}

// -----

// Instructions and blocks.

rt.method @m {
  %i = rt.int 1
  // expected-error@+1 {{rt.jump_false: expected a condition of type !rt.bool or a tensor of i1, got !rt.int}}
  rt.jump_false %i ^a else ^b : !rt.int
^a:
  rt.fallthrough ^b
^b:
  rt.return() : ()
}

// -----

rt.method @m {
  %b = rt.bool true
  // expected-error@+1 {{rt.jump_false: expected the block that follows as the one rt.jump_false goes on with}}
  rt.jump_false %b ^b else ^a : !rt.bool
^a:
  rt.fallthrough ^b
^b:
  rt.return() : ()
}

// -----

// expected-error@+1 {{rt.method: expected rt.return at the end, got xnn.yield}}
rt.method @m {
  xnn.yield
}

// -----

// expected-error@+1 {{rt.method: expected rt.int in the first block}}
rt.method @m {
  rt.fallthrough ^a
^a:
  %i = rt.int 1
  rt.return() : ()
}

// -----

// expected-error@+1 {{rt.method: expected rt.inputs once, got it again}}
rt.method @m {
  %i = rt.int 1
  rt.inputs(%i) : (!rt.int)
  rt.inputs(%i) : (!rt.int)
  rt.return() : ()
}

// -----

// expected-error@+1 {{rt.method: expected operations of the rt dialect in a method, got xnn.softmax}}
rt.method @m {
  %x = rt.tensor : tensor<4xf32>
  %y = xnn.softmax %x : (tensor<4xf32>) -> tensor<4xf32>
  rt.return() : ()
}

// -----

// Delegate calls: names, counts, memory layout, element types.

// expected-error@+1 {{rt.method: expected @delegate_0 to be an xnn.graph or an rt.delegate, got nothing of that name}}
rt.method @m {
  %x = rt.tensor : tensor<4xf32>
  rt.delegate_call @delegate_0(%x) : (tensor<4xf32>)
  rt.return() : ()
}

// -----

xnn.graph @delegate_0(%a: tensor<1x8x8x3xf32>) -> tensor<1x8x8x3xf32> {
  %r = xnn.abs %a : (tensor<1x8x8x3xf32>) -> tensor<1x8x8x3xf32>
  xnn.yield %r : tensor<1x8x8x3xf32>
}
// expected-error@+1 {{rt.method: expected 2 arguments for @delegate_0 (inputs, then outputs), got 1}}
rt.method @m {
  %x = rt.tensor : tensor<1x8x8x3xf32>
  rt.delegate_call @delegate_0(%x) : (tensor<1x8x8x3xf32>)
  rt.return() : ()
}

// -----

xnn.graph @delegate_0(%a: tensor<1x8x8x3xf32>) -> tensor<1x8x8x3xf32> {
  %r = xnn.abs %a : (tensor<1x8x8x3xf32>) -> tensor<1x8x8x3xf32>
  xnn.yield %r : tensor<1x8x8x3xf32>
}
// expected-error@+1 {{rt.method: expected argument 1 of @delegate_0 to lie in memory as [1, 8, 8, 3], got [1, 3, 8, 8]}}
rt.method @m {
  %x = rt.tensor {dim_order = array<i64: 0, 2, 3, 1>} : tensor<1x3x8x8xf32>
  %y = rt.tensor : tensor<1x3x8x8xf32>
  rt.delegate_call @delegate_0(%x, %y) : (tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32>)
  rt.return() : ()
}

// -----

xnn.graph @delegate_0(%a: tensor<4xf32>) -> tensor<4xf32> {
  %r = xnn.abs %a : (tensor<4xf32>) -> tensor<4xf32>
  xnn.yield %r : tensor<4xf32>
}
// expected-error@+1 {{rt.method: expected argument 0 of @delegate_0 to have elements of f32, got f16}}
rt.method @m {
  %x = rt.tensor : tensor<4xf16>
  %y = rt.tensor : tensor<4xf32>
  rt.delegate_call @delegate_0(%x, %y) : (tensor<4xf16>, tensor<4xf32>)
  rt.return() : ()
}
