// RUN: xnn-opt %s -p 'aten-canonicalize' --split-input-file | filecheck %s

// Copies, casts to the same type and dropout in eval mode vanish.

// CHECK-LABEL: func.func @no_ops(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
// CHECK-NEXT:    func.return %x
func.func @no_ops(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %1 = aten.contiguous(%x) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %2 = aten.clone(%1) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %3 = aten.dropout(%2, p = 0.5, train = false) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %4 = aten.view(%3, size = [1, 8]) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %5 = aten.pad(%4, pad = [0, 0]) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %6 = aten.permute(%5, dims = [0, -1]) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  func.return %6 : tensor<1x8xf32>
}

// -----

// Dropout that trains stays: what it returns is not known.

// CHECK-LABEL: @trains
// CHECK:         aten.dropout(%x, p = 0.5, train = true)
func.func @trains(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %1 = aten.dropout(%x, p = 0.5, train = true) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  func.return %1 : tensor<1x8xf32>
}

// -----

// ReLU6 and padding with a constant have one spelling.

// CHECK-LABEL: @spelling
// CHECK-NEXT:    %0 = aten.hardtanh(%x, min_val = 0.0, max_val = 6.0)
// CHECK-NEXT:    %1 = aten.constant_pad_nd(%0, pad = [0, 1], value = 0.0)
// CHECK-NEXT:    %2 = aten.pad(%1, pad = [1, 1], mode = "reflect")
func.func @spelling(%x: tensor<1x8xf32>) -> tensor<1x11xf32> {
  %1 = aten.relu6(%x) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %2 = aten.pad(%1, pad = [0, 1]) : (tensor<1x8xf32>) -> tensor<1x9xf32>
  %3 = aten.pad(%2, pad = [1, 1], mode = "reflect") : (tensor<1x9xf32>) -> tensor<1x11xf32>
  func.return %3 : tensor<1x11xf32>
}

// -----

// A view of a square transpose is no identity, though its type is the operand's.

// CHECK-LABEL: @square
// CHECK:         aten.permute(%x, dims = [1, 0])
func.func @square(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %1 = aten.permute(%x, dims = [1, 0]) : (tensor<8x8xf32>) -> tensor<8x8xf32>
  func.return %1 : tensor<8x8xf32>
}

// -----

// A copy over a whole tensor is what was copied; one that broadcasts stays.

// CHECK-LABEL: func.func @copy
// CHECK-NEXT:    [[C:%\w+]] = aten.copy(%x, %z)
// CHECK-NEXT:    func.return %y, [[C]]
func.func @copy(%x: tensor<4xf32>, %y: tensor<4xf32>, %z: tensor<1xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = aten.copy(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %b = aten.copy(%x, %z) : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xf32>
  func.return %a, %b : tensor<4xf32>, tensor<4xf32>
}
