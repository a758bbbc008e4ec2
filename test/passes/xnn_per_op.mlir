// RUN: xnn-opt %s -p xnn-per-op | filecheck %s

// Each op becomes a graph of its own, and the method hands on what is between them.

// CHECK-LABEL: xnn.graph @forward_delegate_0
// CHECK-NEXT:    xnn.clamp
// CHECK-NEXT:    xnn.yield
// CHECK-LABEL: xnn.graph @forward_delegate_1
// CHECK-NEXT:    xnn.sigmoid
// CHECK-NEXT:    xnn.yield
// CHECK-LABEL: rt.method @forward
// CHECK:         rt.delegate_call @forward_delegate_0([[X:%.+]], [[A:%.+]]) :
// CHECK-NEXT:    rt.delegate_call @forward_delegate_1([[A]], [[B:%.+]]) :
// CHECK-NEXT:    rt.return([[B]])
func.func @forward(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %0 = aten.relu(%x) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %1 = aten.sigmoid(%0) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  func.return %1 : tensor<1x8xf32>
}
