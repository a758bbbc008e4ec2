// RUN: xnn-opt %s --mlir-print-debuginfo | filecheck %s
// RUN: xnn-opt %s -p test-rewrite --load-pass-plugin %S/Inputs/plugin.py --print-debuginfo | filecheck %s --check-prefix=PASS
// RUN: xnn-opt %s | filecheck %s --check-prefix=PLAIN

// An op without a location has the place of its text; one with a location keeps it, and hands it on to what replaces it.

// CHECK: arith.subi %a, %b : i32 loc("{{.*}}xnn_opt_locations.mlir":[[# @LINE + 8]]:3)
// CHECK: arith.subi %a, %b : i32 loc("features.3"("model.py":12:0))

// PASS: arith.muli %a, %b : i32 loc("{{.*}}xnn_opt_locations.mlir":[[# @LINE + 5]]:3)
// PASS: arith.muli %a, %b : i32 loc("features.3"("model.py":12:0))

// PLAIN-NOT: loc(
func.func @f(%a: i32, %b: i32) -> (i32, i32) {
  %0 = arith.subi %a, %b : i32
  %1 = arith.subi %a, %b : i32 loc("features.3"("model.py":12:0))
  func.return %0, %1 : i32, i32
}
