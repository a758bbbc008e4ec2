// RUN: xnn-opt %s | xnn-opt | filecheck %s
// RUN: xnn-opt %s --print-op-generic | xnn-opt | filecheck %s

// One scale and zero point for a tensor.
// CHECK-LABEL: func.func private @per_tensor
// CHECK-SAME: tensor<4x!xnn.qint8<5.000000e-01:-128>>
// CHECK-SAME: tensor<4x!xnn.quint8<1.000000e-05:255>>
// CHECK-SAME: tensor<4x!xnn.qint32<2.500000e-01:0>>
func.func private @per_tensor(tensor<4x!xnn.qint8<0.5:-128>>, tensor<4x!xnn.quint8<1.0e-5:255>>, tensor<4x!xnn.qint32<0.25:0>>) -> ()

// A scale per channel, in place or as a weight.
// CHECK-LABEL: func.func private @per_channel
// CHECK-SAME: tensor<2x4x!xnn.qcint8<0, [5.000000e-01, 2.500000e-01]>>
// CHECK-SAME: tensor<2x4x!xnn.qcint8<1, #xnn.weight<w0123456789abcdef>>>
// CHECK-SAME: tensor<2x!xnn.qcint32<0, [5.000000e-01, 2.500000e-01]>>
// CHECK-SAME: tensor<2x4x!xnn.qcint4<0, [5.000000e-01, 2.500000e-01]>>
func.func private @per_channel(tensor<2x4x!xnn.qcint8<0, [0.5, 0.25]>>, tensor<2x4x!xnn.qcint8<1, #xnn.weight<w0123456789abcdef>>>, tensor<2x!xnn.qcint32<0, [0.5, 0.25]>>, tensor<2x4x!xnn.qcint4<0, [0.5, 0.25]>>) -> ()

// A scale per block of a row, and scales that are found at run time.
// CHECK-LABEL: func.func private @others
// CHECK-SAME: tensor<2x64x!xnn.qbint4<0, 32, #xnn.weight<w0123456789abcdef>>>
// CHECK-SAME: tensor<2x64x!xnn.qdint8<1>>
func.func private @others(tensor<2x64x!xnn.qbint4<0, 32, #xnn.weight<w0123456789abcdef>>>, tensor<2x64x!xnn.qdint8<1>>) -> ()

// Names and bounds of dynamic sizes.
// CHECK-LABEL: func.func private @dims
// CHECK-SAME: tensor<?x3x?xf32, #xnn.dims<["s0" <= 8, 3, "2*s1 + 1"]>>
func.func private @dims(tensor<?x3x?xf32, #xnn.dims<["s0" <= 8, 3, "2*s1 + 1"]>>) -> ()

// Constants in place, some in a coding of their own type, and by name.
// CHECK-LABEL: func.func @constants
func.func @constants() {
  // CHECK-NEXT: xnn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  %a = xnn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  // CHECK-NEXT: xnn.constant dense<[1, -2]> : tensor<2xi8> : tensor<2x!xnn.qint8<5.000000e-01:0>>
  %b = xnn.constant dense<[1, -2]> : tensor<2xi8> : tensor<2x!xnn.qint8<0.5:0>>
  // CHECK-NEXT: xnn.constant #xnn.weight<w0123456789abcdef> : tensor<2x3xf16> {note}
  %c = xnn.constant #xnn.weight<w0123456789abcdef> : tensor<2x3xf16> {note}
  func.return
}
