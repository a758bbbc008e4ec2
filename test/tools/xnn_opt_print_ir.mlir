// RUN: xnn-opt %s -p 'test-rewrite,cse,dce' --load-pass-plugin %S/Inputs/plugin.py --print-ir-before-all -o %t 2>&1 | filecheck %s --check-prefix=BEFORE
// RUN: xnn-opt %s -p 'test-rewrite,cse,dce' --load-pass-plugin %S/Inputs/plugin.py --print-ir-after-all -o %t 2>&1 | filecheck %s --check-prefix=AFTER
// RUN: xnn-opt %s -p 'test-rewrite,cse,dce' --load-pass-plugin %S/Inputs/plugin.py --print-ir-before=cse --print-ir-after=dce -o %t 2>&1 | filecheck %s --check-prefix=SOME
// RUN: not xnn-opt %s -p cse --print-ir-after=csa 2>&1 | filecheck %s --check-prefix=UNKNOWN

func.func @f(%a: i32, %b: i32) -> (i32, i32) {
  %0 = arith.subi %a, %b : i32
  %1 = arith.subi %a, %b : i32
  func.return %0, %1 : i32, i32
}

// IR is printed to stderr before every pass.
// BEFORE:      // -----// IR Dump Before TestRewritePass (test-rewrite) //----- //
// BEFORE:      arith.subi
// BEFORE-NEXT: arith.subi
// BEFORE:      // -----// IR Dump Before CommonSubexpressionElimination (cse) //----- //
// BEFORE:      arith.muli
// BEFORE-NEXT: arith.muli
// BEFORE:      // -----// IR Dump Before DeadCodeElimination (dce) //----- //
// BEFORE:      arith.muli
// BEFORE-NOT:  arith

// Or after every pass.
// AFTER:      // -----// IR Dump After TestRewritePass (test-rewrite) //----- //
// AFTER:      arith.muli
// AFTER:      // -----// IR Dump After CommonSubexpressionElimination (cse) //----- //
// AFTER:      arith.muli
// AFTER-NEXT: func.return
// AFTER:      // -----// IR Dump After DeadCodeElimination (dce) //----- //

// Or around the passes that were named.
// SOME-NOT: TestRewritePass
// SOME:     IR Dump Before CommonSubexpressionElimination (cse)
// SOME-NOT: IR Dump After CommonSubexpressionElimination
// SOME:     IR Dump After DeadCodeElimination (dce)

// UNKNOWN: error: unknown pass 'csa'; did you mean 'cse'?
