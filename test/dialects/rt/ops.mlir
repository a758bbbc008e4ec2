// RUN: xnn-opt %s | xnn-opt | filecheck %s
// RUN: xnn-opt %s --print-op-generic | xnn-opt | filecheck %s

// Every kind of value a method can have.
// CHECK-LABEL: rt.method @values arenas [4096] attributes {input_structure = "[1]", output_structure = "[2]", arena_devices = [array<i64: 1, 1, 0>], note = "kept"} {
rt.method @values arenas [4096] attributes {input_structure = "[1]", output_structure = "[2]", arena_devices = [array<i64: 1, 1, 0>], note = "kept"} {
  // CHECK-NEXT: %x = rt.tensor : tensor<1x3x8x8xf32>
  %x = rt.tensor : tensor<1x3x8x8xf32>
  // CHECK-NEXT: %y = rt.tensor arena 1 offset 768 {dim_order = array<i64: 0, 2, 3, 1>, dynamism = "bound"} : tensor<1x3x8x8xf32>
  %y = rt.tensor arena 1 offset 768 {dim_order = array<i64: 0, 2, 3, 1>, dynamism = "bound"} : tensor<1x3x8x8xf32>
  // CHECK-NEXT: %state = rt.tensor arena 1 offset 0 initial #xnn.weight<w9f3c0a1b2c3d4e5f> {fully_qualified_name = "cache", requires_grad} : tensor<4xf32>
  %state = rt.tensor arena 1 offset 0 initial #xnn.weight<w9f3c0a1b2c3d4e5f> {fully_qualified_name = "cache", requires_grad} : tensor<4xf32>
  // CHECK-NEXT: %shared = rt.tensor {external, fully_qualified_name = "shared", device = array<i64: 1, 0>} : tensor<4xbf16>
  %shared = rt.tensor {external, fully_qualified_name = "shared", device = array<i64: 1, 0>} : tensor<4xbf16>
  // CHECK-NEXT: %small = rt.tensor {dynamism = "unbound"} : tensor<0x!rt.scalar<FLOAT8E5M2>>
  %small = rt.tensor {dynamism = "unbound"} : tensor<0x!rt.scalar<FLOAT8E5M2>>
  // CHECK-NEXT: %w = rt.constant #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<768xf32> {fully_qualified_name = "norm.weight"}
  %w = rt.constant #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<768xf32> {fully_qualified_name = "norm.weight"}
  // CHECK-NEXT: %c = rt.constant dense<[1, 2]> : tensor<2xi64>
  %c = rt.constant dense<[1, 2]> : tensor<2xi64>
  // CHECK-NEXT: %null = rt.null
  %null = rt.null
  // CHECK-NEXT: %i = rt.int -9223372036854775808
  %i = rt.int -9223372036854775808
  // CHECK-NEXT: %b = rt.bool true
  %b = rt.bool true
  // CHECK-NEXT: %d = rt.double 1.0e-05
  %d = rt.double 1.0e-5
  // CHECK-NEXT: %infinite = rt.double -inf
  %infinite = rt.double -inf
  // CHECK-NEXT: %s = rt.string "tanh"
  %s = rt.string "tanh"
  // CHECK-NEXT: %ints = rt.int_list(%i, %i)
  %ints = rt.int_list(%i, %i)
  // CHECK-NEXT: %no_ints = rt.int_list()
  %no_ints = rt.int_list()
  // CHECK-NEXT: %doubles = rt.double_list [2.000000e+00 : f64, -1.500000e+00 : f64]
  %doubles = rt.double_list [2.0 : f64, -1.5 : f64]
  // CHECK-NEXT: %bools = rt.bool_list [true, false]
  %bools = rt.bool_list [true, false]
  // CHECK-NEXT: %tensors = rt.tensor_list(%x, %c) : (tensor<1x3x8x8xf32>, tensor<2xi64>)
  %tensors = rt.tensor_list(%x, %c) : (tensor<1x3x8x8xf32>, tensor<2xi64>)
  // CHECK-NEXT: %some = rt.optional_tensor_list(none, %c, %null, none) : (tensor<2xi64>, !rt.null)
  %some = rt.optional_tensor_list(none, %c, %null, none) : (tensor<2xi64>, !rt.null)
  // CHECK-NEXT: rt.inputs(%x, %i) : (tensor<1x3x8x8xf32>, !rt.int)
  rt.inputs(%x, %i) : (tensor<1x3x8x8xf32>, !rt.int)
  // CHECK-NEXT: rt.return(%y) : (tensor<1x3x8x8xf32>)
  rt.return(%y) : (tensor<1x3x8x8xf32>)
}

// A graph that lies in memory as NHWC, called with tensors whose logical sizes are NCHW; a delegate of another backend.
xnn.graph @delegate_0(%a: tensor<1x8x8x3xf32>) -> tensor<1x8x8x3xf32> {
  %r = xnn.clamp %a {output_min = 0.0 : f32} : (tensor<1x8x8x3xf32>) -> tensor<1x8x8x3xf32>
  xnn.yield %r : tensor<1x8x8x3xf32>
}
// CHECK-LABEL: rt.delegate @delegate_1 backend "CoreMLBackend" processed <w9f3c0a1b2c3d4e5f> compile_specs {model_type = #xnn.weight<w1a2b3c4d5e6f7a8b>}
rt.delegate @delegate_1 backend "CoreMLBackend" processed <w9f3c0a1b2c3d4e5f> compile_specs {model_type = #xnn.weight<w1a2b3c4d5e6f7a8b>}
// CHECK-NEXT: rt.named_data "encoder.weight" <w9f3c0a1b2c3d4e5f>
rt.named_data "encoder.weight" <w9f3c0a1b2c3d4e5f>
// CHECK-LABEL: rt.method @instructions
rt.method @instructions {
  %x = rt.tensor {dim_order = array<i64: 0, 2, 3, 1>} : tensor<1x3x8x8xf32>
  %y = rt.tensor {dim_order = array<i64: 0, 2, 3, 1>} : tensor<1x3x8x8xf32>
  %positive = rt.tensor : tensor<i1>
  %i = rt.int 1
  rt.inputs(%x) : (tensor<1x3x8x8xf32>)
  // CHECK: rt.delegate_call @delegate_0(%x, %y) : (tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32>)
  rt.delegate_call @delegate_0(%x, %y) : (tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32>)
  // CHECK-NEXT: rt.delegate_call @delegate_1(%y) : (tensor<1x3x8x8xf32>)
  rt.delegate_call @delegate_1(%y) : (tensor<1x3x8x8xf32>)
  // CHECK-NEXT: rt.jump_false %positive ^[[NEXT:.+]] else ^[[END:.+]] : tensor<i1>
  rt.jump_false %positive ^next else ^end : tensor<i1>
// CHECK-NEXT: ^[[NEXT]]:
^next:
  // CHECK-NEXT: rt.kernel_call "aten::cumsum.out"(%x, %i, %y, %y) : (tensor<1x3x8x8xf32>, !rt.int, tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32>)
  rt.kernel_call "aten::cumsum.out"(%x, %i, %y, %y) : (tensor<1x3x8x8xf32>, !rt.int, tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32>)
  // CHECK-NEXT: rt.move %x to %y : (tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32>)
  rt.move %x to %y : (tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32>)
  // CHECK-NEXT: rt.fallthrough ^[[END]]
  rt.fallthrough ^end
// CHECK-NEXT: ^[[END]]:
^end:
  // CHECK-NEXT: rt.free %x : tensor<1x3x8x8xf32>
  rt.free %x : tensor<1x3x8x8xf32>
  // CHECK-NEXT: rt.return() : ()
  rt.return() : ()
}
