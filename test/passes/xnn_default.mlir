// RUN: xnn-opt %s -p xnn-default --split-input-file | filecheck %s
// RUN: xnn-opt %s -p 'xnn-default{compile-to=xnn}' --split-input-file | filecheck %s --check-prefix=XNN
// RUN: xnn-opt %s -p 'xnn-default{compile-to=aten}' --split-input-file | filecheck %s --check-prefix=ATEN
// RUN: xnn-opt %s -p xnn-default --split-input-file --print-ir-after=xnn-partition -o %t 2>&1 | filecheck %s --check-prefix=INNER

// A model becomes one graph, and a method that calls it with its input and its output.

// CHECK-LABEL: xnn.graph @forward_delegate_0(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
// CHECK-NEXT:    [[A:%.+]] = xnn.clamp %x {output_min = 0.000000e+00 : f32}
// CHECK-NEXT:    [[B:%.+]] = xnn.sigmoid [[A]]
// CHECK-NEXT:    xnn.yield [[B]]
// CHECK-LABEL: rt.method @forward arenas
// CHECK:         rt.delegate_call @forward_delegate_0(
// CHECK-NOT:     rt.delegate_call
// CHECK-NOT:     rt.kernel_call
// CHECK:         rt.return

// It can stop at a level above.

// XNN:      xnn.graph @forward_delegate_0
// XNN:      func.func @forward
// XNN-NEXT:   xnn.call @forward_delegate_0

// ATEN-NOT:  xnn.
// ATEN:      aten.relu
// ATEN-NEXT: aten.sigmoid

// Tools look between the passes it is made of.

// INNER: IR Dump After XnnPartitionPass
// INNER: xnn.subgraph
func.func @forward(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %0 = aten.relu(%x) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %1 = aten.sigmoid(%0) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  func.return %1 : tensor<1x8xf32>
}
