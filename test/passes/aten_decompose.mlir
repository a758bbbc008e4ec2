// RUN: xnn-opt %s -p aten-decompose --split-input-file | filecheck %s
// RUN: xnn-opt %s -p 'aten-decompose{target="xnnir"}' --split-input-file | filecheck %s --check-prefix=OURS

// A composite becomes the calls that PyTorch makes of it; a size that varies keeps its name and bound.
// CHECK-LABEL: func.func @composite
// CHECK-NEXT: %amax = aten.amax(%x, dim = [1], keepdim = true)
// CHECK: %sub = aten.sub.Tensor(%x, {{.*}}) : {{.*}} -> tensor<?x8xf32, #xnn.dims<["s0" <= 9, 8]>>
// CHECK: %y = aten.add.Tensor({{.*}}) : {{.*}} -> tensor<?xf32, #xnn.dims<["s0" <= 9]>>
// CHECK-NEXT: func.return %y
func.func @composite(%x: tensor<?x8xf32, #xnn.dims<["s0" <= 9, 8]>>) -> tensor<?xf32, #xnn.dims<["s0" <= 9]>> {
  %y = aten.logsumexp(%x, dim = [1]) : (tensor<?x8xf32, #xnn.dims<["s0" <= 9, 8]>>) -> tensor<?xf32, #xnn.dims<["s0" <= 9]>>
  func.return %y : tensor<?xf32, #xnn.dims<["s0" <= 9]>>
}

// -----

// An op that has a kernel stays.
// CHECK-LABEL: func.func @kernel
// CHECK-NEXT: %y = aten.cumsum(%x, dim = 0)
// CHECK-NEXT: func.return %y
func.func @kernel(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = aten.cumsum(%x, dim = 0) : (tensor<8xf32>) -> tensor<8xf32>
  func.return %y : tensor<8xf32>
}

// -----

// Sizes that the decomposition needs are read from the operands.
// CHECK-LABEL: func.func @sizes
// CHECK: %sym_size_int = aten.sym_size.int(%a, dim = 1)
// CHECK: aten.mul.int
// CHECK: aten.mm(
// CHECK: %y = aten._unsafe_view(%mm, size = [2, %sym_size_int, 3])
func.func @sizes(%a: tensor<2x?x8xf32, #xnn.dims<[2, "s0" <= 9, 8]>>, %b: tensor<8x3xf32>)
    -> tensor<2x?x3xf32, #xnn.dims<[2, "s0" <= 9, 3]>> {
  %y = aten.matmul(%a, %b) : (tensor<2x?x8xf32, #xnn.dims<[2, "s0" <= 9, 8]>>, tensor<8x3xf32>)
      -> tensor<2x?x3xf32, #xnn.dims<[2, "s0" <= 9, 3]>>
  func.return %y : tensor<2x?x3xf32, #xnn.dims<[2, "s0" <= 9, 3]>>
}

// -----

// What PyTorch takes for one operation, or what would need a kernel that does not exist, stays, and says so.
// CHECK-LABEL: func.func @stays
// CHECK-NEXT: aten.mode(%x) {aten.not_decomposed = "PyTorch has no decomposition of it"}
// CHECK-NEXT: aten.lgamma(%{{.*}}) {aten.not_decomposed = "its decomposition needs prims::lgamma, which no kernel runs"}
func.func @stays(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s, %i = aten.mode(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi64>)
  %y = aten.lgamma(%s) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

// Equal calls are traced once, and each becomes ops of its own.
// CHECK-LABEL: func.func @twice
// CHECK-COUNT-2: aten.sigmoid
// OURS-LABEL: func.func @twice
func.func @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = aten.silu(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %z = aten.silu(%y) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %z : tensor<4xf32>
}

// -----

// What a weight is in floats is computed later, when all its readers have been asked for the last time; what is
// quantised while the model runs is taken apart.
// CHECK-LABEL: func.func @dequantized_weight
func.func @dequantized_weight(%x: tensor<1x2xf64>, %s: tensor<1x1xf32>, %z: tensor<1x1xi8>) -> (tensor<1x2xf64>, tensor<1x2xi8>) {
  // CHECK:     qdq.dequantize_affine
  // CHECK-NOT: qdq.quantize_affine
  %i = aten.parameter "w" dense<[[1, -2]]> : tensor<1x2xi8>
  %c = aten.parameter "s" dense<[[0.5]]> : tensor<1x1xf32>
  %w = qdq.dequantize_affine(%i, block_size = [1, 2], scale = %c, zero_point = None, input_dtype = torch.int8) : (tensor<1x2xi8>, tensor<1x1xf32>) -> tensor<1x2xf32>
  %q = qdq.quantize_affine(%w, block_size = [1, 2], scale = %s, zero_point = %z, output_dtype = torch.int8) : (tensor<1x2xf32>, tensor<1x1xf32>, tensor<1x1xi8>) -> tensor<1x2xi8>
  %v = aten._to_copy(%w, dtype = torch.float64) : (tensor<1x2xf32>) -> tensor<1x2xf64>
  %y = aten.add.Tensor(%x, %v) : (tensor<1x2xf64>, tensor<1x2xf64>) -> tensor<1x2xf64>
  func.return %y, %q : tensor<1x2xf64>, tensor<1x2xi8>
}
