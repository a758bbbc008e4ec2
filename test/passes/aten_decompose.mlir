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
