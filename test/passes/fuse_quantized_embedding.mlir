// RUN: xnn-opt %s -p 'fuse-quantized-embedding' --split-input-file | filecheck %s

// A table of 4 bits, a scale for each row: two numbers share a byte, the first in its high half.
// CHECK-LABEL: func.func @four_bits
func.func @four_bits(%tokens: tensor<3xi64>) -> tensor<3x4xf32> {
  // CHECK-NEXT: %[[W:.*]] = aten.constant "table.packed" #xnn.weight<{{.*}}> : tensor<2x2xui8>
  // CHECK-NEXT: %[[S:.*]] = aten.constant "table.scales" #xnn.weight<{{.*}}> : tensor<2x1xf32>
  // CHECK-NEXT: %rows = qdq.embedding_4bit(%[[W]], %[[S]], None, weight_quant_min = -8, weight_quant_max = 7, indices = %tokens) : (tensor<2x2xui8>, tensor<2x1xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  // CHECK-NEXT: func.return %rows
  %codes = aten.parameter "table" dense<[[-8, 7, 0, 1], [2, 3, 4, 5]]> : tensor<2x4xi8>
  %scales = aten.parameter "scale" dense<[[0.5], [0.25]]> : tensor<2x1xf32>
  %zeros = aten.parameter "zero_point" dense<0> : tensor<2x1xi8>
  %table = qdq.dequantize_affine(%codes, block_size = [1, 4], scale = %scales, zero_point = %zeros, input_dtype = torch.int8, quant_min = -8, quant_max = 7) : (tensor<2x4xi8>, tensor<2x1xf32>, tensor<2x1xi8>) -> tensor<2x4xf32>
  %rows = aten.embedding(%table, %tokens) : (tensor<2x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  func.return %rows : tensor<3x4xf32>
}

// -----

// Groups in a row have scales of their own, and zero points that are numbers of the scales' type.
// CHECK-LABEL: func.func @groups
func.func @groups(%tokens: tensor<3xi64>) -> tensor<3x4xf16> {
  // CHECK-NEXT: %[[W:.*]] = aten.constant "table.packed" #xnn.weight<{{.*}}> : tensor<2x1xui8>
  // CHECK-NEXT: %[[S:.*]] = aten.constant "table.scales" #xnn.weight<{{.*}}> : tensor<2x2xf32>
  // CHECK-NEXT: %[[Z:.*]] = aten.constant "table.zero_points" #xnn.weight<{{.*}}> : tensor<2x2xf32>
  // CHECK-NEXT: qdq.embedding_2bit.dtype(%[[W]], %[[S]], %[[Z]], weight_quant_min = -2, weight_quant_max = 1, indices = %tokens, dtype = torch.float16)
  %codes = aten.parameter "table" dense<[[-2, 1, 0, 1], [1, 1, 0, -1]]> : tensor<2x4xi8>
  %scales = aten.parameter "scale" dense<[[0.5, 2.0], [0.25, 1.0]]> : tensor<2x2xf32>
  %zeros = aten.parameter "zero_point" dense<[[0, 1], [-1, 0]]> : tensor<2x2xi8>
  %table = qdq.dequantize_affine(%codes, block_size = [1, 2], scale = %scales, zero_point = %zeros, input_dtype = torch.int8, quant_min = -2, quant_max = 1, output_dtype = torch.float16) : (tensor<2x4xi8>, tensor<2x2xf32>, tensor<2x2xi8>) -> tensor<2x4xf16>
  %rows = aten.embedding(%table, %tokens) : (tensor<2x4xf16>, tensor<3xi64>) -> tensor<3x4xf16>
  func.return %rows : tensor<3x4xf16>
}

// -----

// Three numbers of 4 bits do not fill their bytes: they have bytes of their own.
// CHECK-LABEL: func.func @odd
func.func @odd(%tokens: tensor<3xi64>) -> tensor<3x3xf32> {
  // CHECK-NEXT: aten.constant "table.integers" #xnn.weight<{{.*}}> : tensor<2x3xi8>
  // CHECK: qdq.embedding_byte(
  %codes = aten.parameter "table" dense<[[-8, 7, 0], [2, 3, 4]]> : tensor<2x3xi8>
  %scales = aten.parameter "scale" dense<[0.5, 0.25]> : tensor<2xf32>
  %table = qdq.dequantize_per_channel(%codes, %scales, None, axis = 0, quant_min = -8, quant_max = 7, dtype = torch.int8) : (tensor<2x3xi8>, tensor<2xf32>) -> tensor<2x3xf32>
  %rows = aten.embedding(%table, %tokens) : (tensor<2x3xf32>, tensor<3xi64>) -> tensor<3x3xf32>
  func.return %rows : tensor<3x3xf32>
}

// -----

// Integers from 0 on stand around zero afterwards, and so does their zero point, which is none here.
// CHECK-LABEL: func.func @unsigned
func.func @unsigned(%tokens: tensor<3xi64>) -> tensor<3x2xf32> {
  // CHECK-NEXT: aten.constant "table.packed" #xnn.weight<{{.*}}> : tensor<2x1xui8>
  // CHECK-NEXT: %[[S:.*]] = aten.constant "table.scales"
  // CHECK-NEXT: qdq.embedding_4bit({{.*}}, %[[S]], None,
  %codes = aten.parameter "table" dense<[[0, 15], [2, 8]]> : tensor<2x2xui8>
  %table = qdq.dequantize_per_tensor(%codes, scale = 0.5, zero_point = 8, quant_min = 0, quant_max = 15, dtype = torch.uint8) : (tensor<2x2xui8>) -> tensor<2x2xf32>
  %rows = aten.embedding(%table, %tokens) : (tensor<2x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  func.return %rows : tensor<3x2xf32>
}

// -----

// What kernels cannot read stays, and says why.
// CHECK-LABEL: func.func @wide
func.func @wide(%tokens: tensor<3xi64>) -> tensor<3x2xf32> {
  // CHECK: qdq.dequantize_per_tensor
  // CHECK-NEXT: aten.embedding({{.*}}) {xnn.not_quantized = "kernels read tables of 8 bits at most, got integers of -300 to 8"}
  %codes = aten.parameter "table" dense<[[-300, 7], [2, 8]]> : tensor<2x2xi16>
  %table = qdq.dequantize_per_tensor(%codes, scale = 0.5, zero_point = 0, quant_min = -32768, quant_max = 32767, dtype = torch.int16) : (tensor<2x2xi16>) -> tensor<2x2xf32>
  %rows = aten.embedding(%table, %tokens) : (tensor<2x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  func.return %rows : tensor<3x2xf32>
}
