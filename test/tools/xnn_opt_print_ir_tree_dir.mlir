// RUN: rm -rf %t && mkdir %t
// RUN: xnn-opt %s -p 'xnn-fuse-activation,cse' --print-ir-tree-dir %t/tree -o %t/out.mlir
// RUN: ls %t/tree | filecheck %s --check-prefix=FILES
// RUN: cat %t/tree/00_input.mlir | filecheck %s --check-prefix=INPUT
// RUN: cat %t/tree/01_xnn-fuse-activation.mlir | filecheck %s --check-prefix=FUSED
// RUN: diff %t/out.mlir %t/tree/02_cse.mlir

// Each pass leaves a file that is numbered in the order of the passes; the last one is the output.

// FILES:      00_input.mlir
// FILES-NEXT: 01_xnn-fuse-activation.mlir
// FILES-NEXT: 02_cse.mlir

// INPUT: xnn.clamp
// FUSED-NOT: xnn.clamp
func.func @f(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %0 = xnn.add %x, %x : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  %1 = xnn.clamp %0 {output_min = 0.0 : f32, output_max = 6.0 : f32} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  func.return %1 : tensor<1x8xf32>
}
