// RUN: rm -rf %t && mkdir %t
// RUN: not xnn-opt %s -p 'cse,test-refuse{word=minus},dce' --load-pass-plugin %S/Inputs/plugin.py --crash-reproducer %t/repro.mlir 2>&1 | filecheck %s --check-prefix=ERR
// RUN: cat %t/repro.mlir | filecheck %s --check-prefix=FILE
// RUN: not xnn-opt %t/repro.mlir -p 'test-refuse{word="minus"}' --load-pass-plugin %S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=AGAIN
// RUN: xnn-opt %t/repro.mlir -p 'cse' | filecheck %s --check-prefix=WEIGHTS

// The reproducer holds the IR that the failing pass was given (one arith.subi is left of two), with its locations, under
// the command that runs that pass alone; running it ends in the same error at the same place.

// ERR: note: {{.*}}repro.mlir has the IR before test-refuse
// ERR: error: model.py:7:3 "block.0": arith.subi: expected no minus; use arith.addi

// FILE:      // {{RUN}}: xnn-opt %s -p 'test-refuse{word="minus"}'
// FILE-NEXT: // arith.subi: expected no minus
// FILE:      arith.subi {{.*}} loc("block.0"("model.py":7:3))
// FILE-NOT:  arith.subi

// AGAIN: error: model.py:7:3 "block.0": arith.subi: expected no minus; use arith.addi

// Weights are in a file beside it, to which the text refers.

// FILE:    wa5ae0b0a1f1d2a3b: "file:{{.*}}repro.weights@0+16"
// WEIGHTS: xnn.constant #xnn.weight<wa5ae0b0a1f1d2a3b> : tensor<4xf32>
// WEIGHTS: file:{{.*}}repro.weights@0+16

func.func @f(%a: i32, %b: i32) -> (i32, i32, tensor<4xf32>) {
  %0 = arith.subi %a, %b : i32 loc("block.0"("model.py":7:3))
  %1 = arith.subi %a, %b : i32 loc("block.1"("model.py":8:3))
  %w = xnn.constant #xnn.weight<wa5ae0b0a1f1d2a3b> : tensor<4xf32>
  func.return %0, %1, %w : i32, i32, tensor<4xf32>
}

{-# dialect_resources: {xnn: {wa5ae0b0a1f1d2a3b: "0x0000803f000000400000404000008040"}} #-}
