// RUN: xnn-opt %s | xnn-opt | filecheck %s
// RUN: xnn-opt %s --print-op-generic | xnn-opt | filecheck %s
// RUN: xnn-opt %s --print-op-generic | filecheck %s --check-prefix=GENERIC

// Arguments that have their defaults are left out of the text, and kept in the op.
// CHECK-LABEL: func.func @convolution
// GENERIC: "aten.conv2d"(%x, %w) <{arguments = #aten.arguments<(_, _, None, [2, 2], [0, 0], [1, 1], 1)>}>
func.func @convolution(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>) -> tensor<1x4x3x3xf32> {
  // CHECK: aten.conv2d(%x, %w, stride = [2, 2]) : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x3x3xf32>
  %0 = aten.conv2d(%x, %w, stride = [2, 2], padding = [0, 0], groups = 1) : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x3x3xf32>
  // CHECK: aten.conv2d(%x, %w, %b, stride = [2, 2]) :
  %1 = aten.conv2d(%x, bias = %b, stride = 2, weight = %w) : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x3x3xf32>
  // CHECK: aten.conv2d.padding(%x, %w, padding = "same", dilation = [2, 2]) :
  %2 = aten.conv2d.padding(%x, %w, padding = "same", dilation = [2]) : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
  func.return %1 : tensor<1x4x3x3xf32>
}

// Operands may be in lists, numbers among them, and in the place of any argument.
// CHECK-LABEL: func.func @lists
func.func @lists(%a: tensor<2x6xf32>, %b: tensor<2x6xf32>, %i: tensor<3xi64>, %s: i64) -> tensor<4x6xf32> {
  // CHECK: %0 = aten.cat([%a, %b]) : (tensor<2x6xf32>, tensor<2x6xf32>) -> tensor<4x6xf32>
  %0 = aten.cat([%a, %b], dim = 0) : (tensor<2x6xf32>, tensor<2x6xf32>) -> tensor<4x6xf32>
  // CHECK: aten.cat([%a, %b], dim = -1) :
  %1 = aten.cat([%a, %b], dim = -1) : (tensor<2x6xf32>, tensor<2x6xf32>) -> tensor<2x12xf32>
  // CHECK: aten.cat([]) : () -> tensor<0xf32>
  %2 = aten.cat([]) : () -> tensor<0xf32>
  // CHECK: aten.view(%a, size = [%s, 2, -1]) : (tensor<2x6xf32>, i64) -> tensor<?x2x?xf32, #xnn.dims<["s0" <= 6, 2, "6//s0" <= 6]>>
  %3 = aten.view(%a, size = [%s, 2, -1]) : (tensor<2x6xf32>, i64) -> tensor<?x2x?xf32, #xnn.dims<["s0" <= 6, 2, "6//s0" <= 6]>>
  // CHECK: aten.index.Tensor(%a, [None, %i]) : (tensor<2x6xf32>, tensor<3xi64>) -> tensor<2x3xf32>
  %4 = aten.index.Tensor(%a, [None, %i]) : (tensor<2x6xf32>, tensor<3xi64>) -> tensor<2x3xf32>
  // CHECK: aten.add.int(a = %s, b = 1) : (i64) -> i64
  %5 = aten.add.int(a = %s, b = 1) : (i64) -> i64
  // CHECK: aten.mul.Tensor(%a, %s) : (tensor<2x6xf32>, i64) -> tensor<2x6xf32>
  %6 = aten.mul.Tensor(%a, %s) : (tensor<2x6xf32>, i64) -> tensor<2x6xf32>
  // CHECK: aten.mul.Tensor(%a, 0.5) : (tensor<2x6xf32>) -> tensor<2x6xf32>
  %7 = aten.mul.Tensor(%a, 0.5) : (tensor<2x6xf32>) -> tensor<2x6xf32>
  func.return %0 : tensor<4x6xf32>
}

// Numbers keep their kind and their last bit; names of torch read as in Python.
// CHECK-LABEL: func.func @values
func.func @values(%x: tensor<4xf32>) {
  // CHECK: aten.hardtanh(%x, min_val = 0.1, max_val = 1.0e-05) :
  %0 = aten.hardtanh(%x, min_val = 0.1, max_val = 1.0e-05) : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: aten.clamp(%x, min = -inf, max = inf) :
  %1 = aten.clamp(%x, min = -inf, max = inf) : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: aten.clamp(%x, min = 0, max = true) :
  %2 = aten.clamp(%x, min = 0, max = true) : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: aten.add.Scalar(%x, other = 1, alpha = 1.0) :
  %3 = aten.add.Scalar(%x, other = 1, alpha = 1.0) : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: aten.full_like(%x, fill_value = nan, dtype = torch.float64, layout = torch.strided, device = torch.device("cpu"), memory_format = torch.preserve_format) :
  %4 = aten.full_like(%x, fill_value = nan, dtype = torch.float64, layout = torch.strided, device = torch.device("cpu"), memory_format = torch.preserve_format) : (tensor<4xf32>) -> tensor<4xf64>
  // CHECK: aten.gelu(%x, approximate = "tanh") :
  %5 = aten.gelu(%x, approximate = "tanh") : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: aten.gelu(%x) {note = "kept"} :
  %6 = aten.gelu(%x, approximate = "none") {note = "kept"} : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// An operator may have several results, or none.
// CHECK-LABEL: func.func @results
func.func @results(%x: tensor<2x6xf32>, %p: i1) -> tensor<2x3xf32> {
  // CHECK: %0, %1 = aten.split.Tensor(%x, split_size = 3, dim = 1) : (tensor<2x6xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>)
  %0, %1 = aten.split.Tensor(%x, split_size = 3, dim = 1) : (tensor<2x6xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>)
  // CHECK: %2, %3 = aten.max.dim(%x, dim = 1) : (tensor<2x6xf32>) -> (tensor<2xf32>, tensor<2xi64>)
  %2, %3 = aten.max.dim(%x, dim = 1) : (tensor<2x6xf32>) -> (tensor<2xf32>, tensor<2xi64>)
  // CHECK: aten._assert_scalar(self = %p, assert_msg = "s0 >= 2") : (i1) -> ()
  aten._assert_scalar(self = %p, assert_msg = "s0 >= 2") : (i1) -> ()
  func.return %0 : tensor<2x3xf32>
}

// Operators that are not ATen's are called by name.
// CHECK-LABEL: func.func @others
func.func @others(%x: tensor<4xf32>) {
  // CHECK: aten.call_operator "quantized_decomposed::quantize_per_tensor"(input = %x, scale = 0.02, zero_point = -3, dtype = torch.int8) : (tensor<4xf32>) -> tensor<4xi8>
  %0 = aten.call_operator "quantized_decomposed::quantize_per_tensor"(input = %x, scale = 0.02, zero_point = -3, dtype = torch.int8) : (tensor<4xf32>) -> tensor<4xi8>
  // CHECK: aten.call_operator effects "mine::log"(message = "seen", tensors = [%x, %x]) : (tensor<4xf32>, tensor<4xf32>) -> ()
  aten.call_operator effects "mine::log"(message = "seen", tensors = [%x, %x]) : (tensor<4xf32>, tensor<4xf32>) -> ()
  func.return
}

// What a program is made of besides calls.
// CHECK-LABEL: func.func @static_values
func.func @static_values(%k: tensor<2xf32>) -> (tensor<2xf32>, i64, none) {
  // CHECK: aten.parameter "conv.weight" #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<16x3x3x3xf32>
  %w = aten.parameter "conv.weight" #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<16x3x3x3xf32>
  // CHECK: %m = aten.buffer "bn.running_mean" dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32>
  %m = aten.buffer "bn.running_mean" dense<[0.5, 0.25]> : tensor<2xf32>
  // CHECK: aten.constant "lifted_tensor_0" dense<1> : tensor<i64>
  %c = aten.constant "lifted_tensor_0" dense<1> : tensor<i64>
  // CHECK: %n = aten.constant "output_1" 3 : i64
  %n = aten.constant "output_1" 3 : i64
  // CHECK: %none = aten.none : none
  %none = aten.none : none
  // CHECK: aten.assign_buffer "cache" = %k : tensor<2xf32>
  aten.assign_buffer "cache" = %k : tensor<2xf32>
  // CHECK: aten.assign_input "x" = %k : tensor<2xf32>
  aten.assign_input "x" = %k : tensor<2xf32>
  func.return %m, %n, %none : tensor<2xf32>, i64, none
}

// -----

// Calls without effects are erased when nothing uses them, and merged when they are equal; 1 and 1.0 are not.
// RUN: xnn-opt %s -p cse,dce --split-input-file | filecheck %s --check-prefix=EFFECTS
// EFFECTS-LABEL: func.func @effects
func.func @effects(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // EFFECTS-NOT: relu
  %unused = aten.relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
  // EFFECTS-NOT: train = false
  %dropout = aten.dropout(%x, p = 0.5, train = false) : (tensor<4xf32>) -> tensor<4xf32>
  // EFFECTS: %random = aten.bernoulli.p(%x, p = 0.5)
  %random = aten.bernoulli.p(%x, p = 0.5) : (tensor<4xf32>) -> tensor<4xf32>
  // EFFECTS-NEXT: %0 = aten.add.Tensor(%x, 1) :
  // EFFECTS-NEXT: %1 = aten.add.Tensor(%x, 1.0) :
  // EFFECTS-NEXT: func.return %0, %0, %1
  %0 = aten.add.Tensor(%x, 1) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = aten.add.Tensor(%x, 1, alpha = 1) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = aten.add.Tensor(%x, 1.0) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
