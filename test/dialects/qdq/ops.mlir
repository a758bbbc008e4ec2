// RUN: xnn-opt %s | xnn-opt | filecheck %s

// CHECK-LABEL: func.func @per_tensor
func.func @per_tensor(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %q = qdq.quantize_per_tensor(%x, scale = 0.5, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<4xf32>) -> tensor<4xi8>
  // CHECK-NEXT: %y = qdq.dequantize_per_tensor(%q, scale = 0.5, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<4xi8>) -> tensor<4xf32>
  %q = qdq.quantize_per_tensor(%x, scale = 0.5, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<4xf32>) -> tensor<4xi8>
  %y = qdq.dequantize_per_tensor(%q, scale = 0.5, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8, out_dtype = None) : (tensor<4xi8>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @affine
func.func @affine(%x: tensor<4x8xi8>, %s: tensor<4x2xf32>, %z: tensor<4x2xi8>) -> tensor<4x8xf32> {
  // CHECK-NEXT: %y = qdq.dequantize_affine(%x, block_size = [1, 4], scale = %s, zero_point = %z, input_dtype = torch.int8, quant_min = -8, quant_max = 7) : (tensor<4x8xi8>, tensor<4x2xf32>, tensor<4x2xi8>) -> tensor<4x8xf32>
  %y = qdq.dequantize_affine(%x, block_size = [1, 4], scale = %s, zero_point = %z, input_dtype = torch.int8, quant_min = -8, quant_max = 7) : (tensor<4x8xi8>, tensor<4x2xf32>, tensor<4x2xi8>) -> tensor<4x8xf32>
  func.return %y : tensor<4x8xf32>
}

// CHECK-LABEL: func.func @scast
func.func @scast(%x: tensor<4xi8>) -> tensor<4xi8> {
  // CHECK-NEXT: %q = qdq.scast %x : tensor<4xi8> -> tensor<4x!xnn.qint8<5.000000e-01:3>>
  // CHECK-NEXT: %i = qdq.scast %q : tensor<4x!xnn.qint8<5.000000e-01:3>> -> tensor<4xi8>
  %q = qdq.scast %x : tensor<4xi8> -> tensor<4x!xnn.qint8<0.5:3>>
  %i = qdq.scast %q : tensor<4x!xnn.qint8<0.5:3>> -> tensor<4xi8>
  func.return %i : tensor<4xi8>
}
