// RUN: xnn-opt %s -p 'normalize-quant' --split-input-file | filecheck %s
// RUN: xnn-opt %s -p 'normalize-quant{bf16=true}' --split-input-file | filecheck %s --check-prefix BF16

// A quantisation that nobody but a dequantisation sees is a conversion, and so is that.
// CHECK-LABEL: func.func @per_tensor
func.func @per_tensor(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %q = xnn.convert %x : (tensor<4xf32>) -> tensor<4x!xnn.qint8<1.000000e-01:3>>
  // CHECK-NEXT: %y = xnn.convert %q : (tensor<4x!xnn.qint8<1.000000e-01:3>>) -> tensor<4xf32>
  // CHECK-NEXT: func.return %y
  %q = qdq.quantize_per_tensor(%x, scale = 0.1, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<4xf32>) -> tensor<4xi8>
  %y = qdq.dequantize_per_tensor(%q, scale = 0.1, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<4xi8>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

// Integers that the caller sees are the same bytes.
// CHECK-LABEL: func.func @seen
func.func @seen(%x: tensor<4xf32>) -> (tensor<4xi8>, tensor<4xf32>) {
  // CHECK-NEXT: %[[Q:.*]] = xnn.convert %x : (tensor<4xf32>) -> tensor<4x!xnn.qint8<1.000000e-01:3>>
  // CHECK-NEXT: %q = qdq.scast %[[Q]] : tensor<4x!xnn.qint8<1.000000e-01:3>> -> tensor<4xi8>
  // CHECK-NEXT: %y = xnn.convert %[[Q]]
  // CHECK-NEXT: func.return %q, %y
  %q = qdq.quantize_per_tensor(%x, scale = 0.1, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<4xf32>) -> tensor<4xi8>
  %y = qdq.dequantize_per_tensor(%q, scale = 0.1, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<4xi8>) -> tensor<4xf32>
  func.return %q, %y : tensor<4xi8>, tensor<4xf32>
}

// -----

// Integers that the caller gives are read in the coding that the model says.
// CHECK-LABEL: func.func @given
func.func @given(%x: tensor<4xui8>) -> tensor<4xf32> {
  // CHECK-NEXT: %[[Q:.*]] = qdq.scast %x : tensor<4xui8> -> tensor<4x!xnn.quint8<5.000000e-01:128>>
  // CHECK-NEXT: %y = xnn.convert %[[Q]] : (tensor<4x!xnn.quint8<5.000000e-01:128>>) -> tensor<4xf32>
  %y = qdq.dequantize_per_tensor(%x, scale = 0.5, zero_point = 128, quant_min = 0, quant_max = 255, dtype = torch.uint8) : (tensor<4xui8>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

// Numbers of uint8 that nobody sees are numbers of int8.
// CHECK-LABEL: func.func @unsigned
func.func @unsigned(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: xnn.convert %x : (tensor<4xf32>) -> tensor<4x!xnn.qint8<5.000000e-01:-118>>
  %q = qdq.quantize_per_tensor(%x, scale = 0.5, zero_point = 10, quant_min = 0, quant_max = 255, dtype = torch.uint8) : (tensor<4xf32>) -> tensor<4xui8>
  %y = qdq.dequantize_per_tensor(%q, scale = 0.5, zero_point = 10, quant_min = 0, quant_max = 255, dtype = torch.uint8) : (tensor<4xui8>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

// Integers that are not used are never reached: a clamp says so.
// CHECK-LABEL: func.func @narrow
func.func @narrow(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %[[C:.*]] = xnn.clamp %x {output_min = -5.000000e+00 : f32, output_max = 2.500000e+00 : f32}
  // CHECK-NEXT: xnn.convert %[[C]] : (tensor<4xf32>) -> tensor<4x!xnn.qint8<5.000000e-01:2>>
  %q = qdq.quantize_per_tensor(%x, scale = 0.5, zero_point = 2, quant_min = -8, quant_max = 7, dtype = torch.int8) : (tensor<4xf32>) -> tensor<4xi8>
  %y = qdq.dequantize_per_tensor(%q, scale = 0.5, zero_point = 2, quant_min = -8, quant_max = 7, dtype = torch.int8) : (tensor<4xi8>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

// Parameters of the whole tensor that are found at run time.
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK-NEXT: %q = xnn.convert %x : (tensor<2x8xf32>) -> tensor<2x8x!xnn.qdint8<2>>
  // CHECK-NEXT: %y = xnn.convert %q : (tensor<2x8x!xnn.qdint8<2>>) -> tensor<2x8xf32>
  // CHECK-NEXT: %r = aten.relu(%y)
  %s, %z = qdq.choose_qparams.tensor(%x, quant_min = -128, quant_max = 127, eps = 0.000244140625, dtype = torch.int8) : (tensor<2x8xf32>) -> (tensor<1xf64>, tensor<1xi64>)
  %q = qdq.quantize_per_tensor.tensor(%x, %s, %z, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<2x8xf32>, tensor<1xf64>, tensor<1xi64>) -> tensor<2x8xi8>
  %y = qdq.dequantize_per_tensor.tensor(%q, %s, %z, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<2x8xi8>, tensor<1xf64>, tensor<1xi64>) -> tensor<2x8xf32>
  %r = aten.relu(%y) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

// -----

// Rounded numbers that the caller alone reads are computed by kernels.
// CHECK-LABEL: func.func @returned
func.func @returned(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK-NEXT: qdq.choose_qparams.tensor
  // CHECK-NEXT: qdq.quantize_per_tensor.tensor
  // CHECK-NEXT: qdq.dequantize_per_tensor.tensor
  // CHECK-NEXT: func.return
  %s, %z = qdq.choose_qparams.tensor(%x, quant_min = -128, quant_max = 127, eps = 0.000244140625, dtype = torch.int8) : (tensor<2x8xf32>) -> (tensor<1xf64>, tensor<1xi64>)
  %q = qdq.quantize_per_tensor.tensor(%x, %s, %z, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<2x8xf32>, tensor<1xf64>, tensor<1xi64>) -> tensor<2x8xi8>
  %y = qdq.dequantize_per_tensor.tensor(%q, %s, %z, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<2x8xi8>, tensor<1xf64>, tensor<1xi64>) -> tensor<2x8xf32>
  func.return %y : tensor<2x8xf32>
}

// -----

// The same of each row, as torchao writes it.
// CHECK-LABEL: func.func @rows
func.func @rows(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK-NEXT: xnn.convert %x : (tensor<2x8xf32>) -> tensor<2x8x!xnn.qdint8<1>>
  %s, %z = qdq.choose_qparams_affine(%x, mapping_type = "ASYMMETRIC", block_size = [1, 8], target_dtype = torch.int8, quant_min = -128, quant_max = 127, zero_point_dtype = torch.int8) : (tensor<2x8xf32>) -> (tensor<2x1xf32>, tensor<2x1xi8>)
  %q = qdq.quantize_affine(%x, block_size = [1, 8], scale = %s, zero_point = %z, output_dtype = torch.int8, quant_min = -128, quant_max = 127) : (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x1xi8>) -> tensor<2x8xi8>
  %y = qdq.dequantize_affine(%q, block_size = [1, 8], scale = %s, zero_point = %z, input_dtype = torch.int8, quant_min = -128, quant_max = 127) : (tensor<2x8xi8>, tensor<2x1xf32>, tensor<2x1xi8>) -> tensor<2x8xf32>
  %r = aten.relu(%y) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

// -----

// Rows of bfloat16 stay calls, or are coded by way of float32 where that is asked for.
// CHECK-LABEL: func.func @narrow_rows
// BF16-LABEL: func.func @narrow_rows
func.func @narrow_rows(%x: tensor<2x8xbf16>) -> tensor<2x8xbf16> {
  // CHECK-NEXT: qdq.choose_qparams_affine
  // BF16-NEXT: %[[X:.*]] = aten._to_copy(%x, dtype = torch.float32) : (tensor<2x8xbf16>) -> tensor<2x8xf32>
  // BF16-NEXT: %q = xnn.convert %[[X]] : (tensor<2x8xf32>) -> tensor<2x8x!xnn.qdint8<1>>
  // BF16-NEXT: %[[Y:.*]] = xnn.convert %q : (tensor<2x8x!xnn.qdint8<1>>) -> tensor<2x8xf32>
  // BF16-NEXT: %y = aten._to_copy(%[[Y]], dtype = torch.bfloat16) : (tensor<2x8xf32>) -> tensor<2x8xbf16>
  // BF16-NEXT: aten.relu(%y)
  %s, %z = qdq.choose_qparams_affine(%x, mapping_type = "ASYMMETRIC", block_size = [1, 8], target_dtype = torch.int8, quant_min = -128, quant_max = 127, zero_point_dtype = torch.int8) : (tensor<2x8xbf16>) -> (tensor<2x1xf32>, tensor<2x1xi8>)
  %q = qdq.quantize_affine(%x, block_size = [1, 8], scale = %s, zero_point = %z, output_dtype = torch.int8, quant_min = -128, quant_max = 127) : (tensor<2x8xbf16>, tensor<2x1xf32>, tensor<2x1xi8>) -> tensor<2x8xi8>
  %y = qdq.dequantize_affine(%q, block_size = [1, 8], scale = %s, zero_point = %z, input_dtype = torch.int8, quant_min = -128, quant_max = 127, output_dtype = torch.bfloat16) : (tensor<2x8xi8>, tensor<2x1xf32>, tensor<2x1xi8>) -> tensor<2x8xbf16>
  %r = aten.relu(%y) : (tensor<2x8xbf16>) -> tensor<2x8xbf16>
  func.return %r : tensor<2x8xbf16>
}

// -----

// Parameters that something else sees as well stay calls.
// CHECK-LABEL: func.func @parameters_seen
func.func @parameters_seen(%x: tensor<2x8xf32>) -> (tensor<2x8xi8>, tensor<1xf64>) {
  // CHECK:      qdq.choose_qparams.tensor
  // CHECK-NEXT: qdq.quantize_per_tensor.tensor
  %s, %z = qdq.choose_qparams.tensor(%x, quant_min = -128, quant_max = 127, eps = 0.000244140625, dtype = torch.int8) : (tensor<2x8xf32>) -> (tensor<1xf64>, tensor<1xi64>)
  %q = qdq.quantize_per_tensor.tensor(%x, %s, %z, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<2x8xf32>, tensor<1xf64>, tensor<1xi64>) -> tensor<2x8xi8>
  func.return %q, %s : tensor<2x8xi8>, tensor<1xf64>
}

// -----

// Weights stay as they are until an op takes them, and so does what has no coding of XNNPACK's: 16 bits.
// CHECK-LABEL: func.func @others
func.func @others(%x: tensor<4xf32>) -> (tensor<4xi16>, tensor<4xf32>) {
  // CHECK:      qdq.quantize_per_tensor(%x
  // CHECK-NEXT: aten.parameter
  // CHECK-NEXT: qdq.dequantize_per_tensor(%w
  %q = qdq.quantize_per_tensor(%x, scale = 0.1, zero_point = 3, quant_min = -32768, quant_max = 32767, dtype = torch.int16) : (tensor<4xf32>) -> tensor<4xi16>
  %w = aten.parameter "w" dense<[1, 2, 3, 4]> : tensor<4xi8>
  %y = qdq.dequantize_per_tensor(%w, scale = 0.1, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<4xi8>) -> tensor<4xf32>
  func.return %q, %y : tensor<4xi16>, tensor<4xf32>
}

// -----

// XNNPACK has no tensors without elements: their calls stay.
// CHECK-LABEL: func.func @empty
func.func @empty(%x: tensor<0xf32>) -> tensor<0xi8> {
  // CHECK-NEXT: %q = qdq.quantize_per_tensor(%x
  %q = qdq.quantize_per_tensor(%x, scale = 0.1, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<0xf32>) -> tensor<0xi8>
  func.return %q : tensor<0xi8>
}
