// RUN: xnn-opt %s --split-input-file | filecheck %s
// RUN: not xnn-opt %s 2>&1 | filecheck %s --check-prefix=WHOLE

// Each section is a module of its own: the same symbol may come again.

// CHECK:      func.func @f() {
// CHECK:      // -----
// CHECK-NEXT: builtin.module {
// CHECK-NEXT: }
// CHECK:      // -----
// CHECK:      func.func @f() -> i32
func.func @f() {
  func.return
}

// -----

// A section of comments is an empty module.

// -----

// WHOLE: error: {{.*}}xnn_opt_split_input_file.mlir:[[# @LINE + 1]]:1: func.func: redefinition of symbol "f"
func.func @f() -> i32 {
  %0 = arith.constant 1 : i32
  func.return %0 : i32
}
