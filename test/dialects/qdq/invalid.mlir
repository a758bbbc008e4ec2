// RUN: xnn-opt %s --split-input-file --verify-diagnostics

func.func @no_argument(%x: tensor<4xf32>) -> tensor<4xi8> {
  // expected-error@+1 {{qdq.quantize_per_tensor: expected a value for the argument zero_point}}
  %q = qdq.quantize_per_tensor(%x, scale = 0.5, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<4xf32>) -> tensor<4xi8>
  func.return %q : tensor<4xi8>
}

// -----

func.func @no_coding(%x: tensor<4xi8>) -> tensor<4xi8> {
  // expected-error@+1 {{expected integers and a coding of one shape, got tensor<4xi8> and tensor<4xi8>}}
  %q = qdq.scast %x : tensor<4xi8> -> tensor<4xi8>
  func.return %q : tensor<4xi8>
}

// -----

func.func @other_integers(%x: tensor<4xui8>) -> tensor<4x!xnn.qint8<0.5:0>> {
  // expected-error@+1 {{expected integers as the coding is stored in, got ui8 and !xnn.qint8<5.000000e-01:0>}}
  %q = qdq.scast %x : tensor<4xui8> -> tensor<4x!xnn.qint8<0.5:0>>
  func.return %q : tensor<4x!xnn.qint8<0.5:0>>
}
