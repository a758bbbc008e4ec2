// RUN: xnn-opt %s -p 'fuse-int8-matmul' --split-input-file | filecheck %s

// A product with the integers of a weight, and then with its scales.
// CHECK-LABEL: func.func @weight_only
func.func @weight_only(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  // CHECK-NEXT: %w = aten.parameter
  // CHECK-NEXT: %s = aten.parameter
  // CHECK-NEXT: %v = aten.flatten.using_ints(%s)
  // CHECK-NEXT: %[[S:.+]] = aten.view(%v, size = [4, 1]) : (tensor<4xf32>) -> tensor<4x1xf32>
  // CHECK-NEXT: %[[W:.+]] = qdq.dequantize_affine(%w, block_size = [1, 8], scale = %[[S]], zero_point = None, input_dtype = torch.int8, quant_min = -128, quant_max = 127) : (tensor<4x8xi8>, tensor<4x1xf32>) -> tensor<4x8xf32>
  // CHECK-NEXT: %y = aten.linear(%x, %[[W]]) : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
  // CHECK-NEXT: func.return %y
  %w = aten.parameter "w" dense<1> : tensor<4x8xi8>
  %s = aten.parameter "s" dense<0.5> : tensor<4x1xf32>
  %t = aten.t(%w) : (tensor<4x8xi8>) -> tensor<8x4xi8>
  %i = aten._to_copy(%t, dtype = torch.float32) : (tensor<8x4xi8>) -> tensor<8x4xf32>
  %p = aten.mm(%x, %i) : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %v = aten.flatten.using_ints(%s) : (tensor<4x1xf32>) -> tensor<4xf32>
  %y = aten.mul.Tensor(%p, %v) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  func.return %y : tensor<2x4xf32>
}

// -----

// A bias is part of the layer, and goes before what makes a batch of its rows.
// CHECK-LABEL: func.func @bias
func.func @bias(%x: tensor<6x8xf32>) -> tensor<2x3x4xf32> {
  // CHECK:      %p = aten.linear(%x, %{{.+}}, %b) : (tensor<6x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<6x4xf32>
  // CHECK-NEXT: %v = aten.view(%p, size = [2, 3, 4])
  // CHECK-NEXT: func.return %v
  %w = aten.parameter "w" dense<1> : tensor<4x8xi8>
  %s = aten.parameter "s" dense<0.5> : tensor<4xf32>
  %t = aten.t(%w) : (tensor<4x8xi8>) -> tensor<8x4xi8>
  %i = aten._to_copy(%t, dtype = torch.float32) : (tensor<8x4xi8>) -> tensor<8x4xf32>
  %m = aten.mm(%x, %i) : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
  %p = aten.mul.Tensor(%m, %s) : (tensor<6x4xf32>, tensor<4xf32>) -> tensor<6x4xf32>
  %v = aten.view(%p, size = [2, 3, 4]) : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
  %b = aten.parameter "b" dense<2.0> : tensor<4xf32>
  %y = aten.add.Tensor(%v, %b) : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  func.return %y : tensor<2x3x4xf32>
}

// -----

// A product of integers, with the scales of rows and of channels; the rows were a batch.
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: tensor<2x3x8xf32>) -> tensor<6x4xf32> {
  // CHECK-NOT:  "SYMMETRIC"
  // CHECK:      %[[C:.+]], %[[Z:.+]] = qdq.choose_qparams_affine(%x, mapping_type = "ASYMMETRIC"
  // CHECK-NEXT: %q = qdq.quantize_affine(%x, block_size = [1, 1, 8], scale = %[[C]], zero_point = %[[Z]],
  // CHECK-NEXT: %[[X:.+]] = qdq.dequantize_affine(%q, block_size = [1, 1, 8], scale = %[[C]], zero_point = %[[Z]], {{.*}} -> tensor<2x3x8xf32>
  // CHECK-NEXT: %[[R:.+]] = aten.view(%[[X]], size = [6, 8]) : (tensor<2x3x8xf32>) -> tensor<6x8xf32>
  // CHECK-NEXT: %y = aten.linear(%[[R]], %{{.+}}) : (tensor<6x8xf32>, tensor<4x8xf32>) -> tensor<6x4xf32>
  // CHECK-NEXT: func.return %y
  %w = aten.parameter "w" dense<1> : tensor<4x8xi8>
  %s = aten.parameter "s" dense<0.5> : tensor<4xf32>
  %c, %z = qdq.choose_qparams_affine(%x, mapping_type = "SYMMETRIC", block_size = [1, 1, 8], target_dtype = torch.int8, quant_min = -128, quant_max = 127, zero_point_dtype = torch.int8, keepdim = true) : (tensor<2x3x8xf32>) -> (tensor<2x3x1xf32>, tensor<2x3x1xi8>)
  %q = qdq.quantize_affine(%x, block_size = [1, 1, 8], scale = %c, zero_point = %z, output_dtype = torch.int8, quant_min = -128, quant_max = 127) : (tensor<2x3x8xf32>, tensor<2x3x1xf32>, tensor<2x3x1xi8>) -> tensor<2x3x8xi8>
  %r = aten.view(%q, size = [6, 8]) : (tensor<2x3x8xi8>) -> tensor<6x8xi8>
  %d = aten.view(%c, size = [6, 1]) : (tensor<2x3x1xf32>) -> tensor<6x1xf32>
  %t = aten.t(%w) : (tensor<4x8xi8>) -> tensor<8x4xi8>
  %m = aten._int_mm(%r, %t) : (tensor<6x8xi8>, tensor<8x4xi8>) -> tensor<6x4xi32>
  %f = aten._to_copy(%m, dtype = torch.float32) : (tensor<6x4xi32>) -> tensor<6x4xf32>
  %a = aten.mul.Tensor(%f, %d) : (tensor<6x4xf32>, tensor<6x1xf32>) -> tensor<6x4xf32>
  %y = aten.mul.Tensor(%a, %s) : (tensor<6x4xf32>, tensor<4xf32>) -> tensor<6x4xf32>
  func.return %y : tensor<6x4xf32>
}

// -----

// The same where 128 is added to one side, and the product with 128 is taken off again.
// CHECK-LABEL: func.func @shifted
func.func @shifted(%x: tensor<6x8xf32>) -> tensor<6x4xf32> {
  // CHECK-NOT:  aten._int_mm
  // CHECK:      %[[X:.+]] = qdq.dequantize_affine(%q, {{.*}} -> tensor<6x8xf32>
  // CHECK-NEXT: %y = aten.linear(%[[X]], %{{.+}})
  %w = aten.parameter "w" dense<1> : tensor<4x8xi8>
  %s = aten.parameter "s" dense<0.5> : tensor<4xf32>
  %c, %z = qdq.choose_qparams_affine(%x, mapping_type = "SYMMETRIC", block_size = [1, 8], target_dtype = torch.int8, quant_min = -128, quant_max = 127, zero_point_dtype = torch.int8, keepdim = true) : (tensor<6x8xf32>) -> (tensor<6x1xf32>, tensor<6x1xi8>)
  %q = qdq.quantize_affine(%x, block_size = [1, 8], scale = %c, zero_point = %z, output_dtype = torch.int8, quant_min = -128, quant_max = 127) : (tensor<6x8xf32>, tensor<6x1xf32>, tensor<6x1xi8>) -> tensor<6x8xi8>
  %i = aten._to_copy(%q, dtype = torch.int32) : (tensor<6x8xi8>) -> tensor<6x8xi32>
  %b = aten.add.Tensor(%i, 128) : (tensor<6x8xi32>) -> tensor<6x8xi32>
  %u = aten._to_copy(%b, dtype = torch.uint8) : (tensor<6x8xi32>) -> tensor<6x8xui8>
  %t = aten.t(%w) : (tensor<4x8xi8>) -> tensor<8x4xi8>
  %m = aten._int_mm(%u, %t) : (tensor<6x8xui8>, tensor<8x4xi8>) -> tensor<6x4xi32>
  %n = aten.sum.dim_IntList(%t, dim = [0], keepdim = true, dtype = torch.int32) : (tensor<8x4xi8>) -> tensor<1x4xi32>
  %o = aten.mul.Tensor(%n, 128) : (tensor<1x4xi32>) -> tensor<1x4xi32>
  %e = aten.sub.Tensor(%m, %o) : (tensor<6x4xi32>, tensor<1x4xi32>) -> tensor<6x4xi32>
  %f = aten._to_copy(%e, dtype = torch.float32) : (tensor<6x4xi32>) -> tensor<6x4xf32>
  %a = aten.mul.Tensor(%f, %c) : (tensor<6x4xf32>, tensor<6x1xf32>) -> tensor<6x4xf32>
  %y = aten.mul.Tensor(%a, %s) : (tensor<6x4xf32>, tensor<4xf32>) -> tensor<6x4xf32>
  func.return %y : tensor<6x4xf32>
}

// -----

// Scales that are computed, products that are read twice, and integers with another zero point stay.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: tensor<2x8xf32>, %s: tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  // CHECK-COUNT-2: aten.mm
  // CHECK: aten._int_mm
  %w = aten.parameter "w" dense<1> : tensor<4x8xi8>
  %v = aten.parameter "s" dense<0.5> : tensor<4xf32>
  %t = aten.t(%w) : (tensor<4x8xi8>) -> tensor<8x4xi8>
  %i = aten._to_copy(%t, dtype = torch.float32) : (tensor<8x4xi8>) -> tensor<8x4xf32>
  %p = aten.mm(%x, %i) : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %y = aten.mul.Tensor(%p, %s) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %r = aten.mm(%x, %i) : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %a = aten.mul.Tensor(%r, %v) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %c, %z = qdq.choose_qparams_affine(%x, mapping_type = "ASYMMETRIC", block_size = [1, 8], target_dtype = torch.int8, quant_min = -128, quant_max = 127, zero_point_dtype = torch.int8, keepdim = true) : (tensor<2x8xf32>) -> (tensor<2x1xf32>, tensor<2x1xi8>)
  %q = qdq.quantize_affine(%x, block_size = [1, 8], scale = %c, zero_point = %z, output_dtype = torch.int8, quant_min = -128, quant_max = 127) : (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x1xi8>) -> tensor<2x8xi8>
  %m = aten._int_mm(%q, %t) : (tensor<2x8xi8>, tensor<8x4xi8>) -> tensor<2x4xi32>
  %f = aten._to_copy(%m, dtype = torch.float32) : (tensor<2x4xi32>) -> tensor<2x4xf32>
  %b = aten.mul.Tensor(%f, %c) : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %e = aten.mul.Tensor(%b, %v) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  func.return %y, %r, %a, %e : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}
