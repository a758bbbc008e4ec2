// RUN: not xnn-opt %s -p test-refuse --load-pass-plugin %S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=REFUSE
// RUN: not xnn-opt %s -p test-raise --load-pass-plugin %S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=RAISE
// RUN: not xnn-opt %s -p test-raise --load-pass-plugin %S/Inputs/plugin.py --debug 2>&1 | filecheck %s --check-prefix=DEBUG
// RUN: not xnn-opt %s -p test-reorder --load-pass-plugin %S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=REORDER
// RUN: xnn-opt %s -p test-reorder --load-pass-plugin %S/Inputs/plugin.py --no-verify-each | filecheck %s --check-prefix=UNVERIFIED
// RUN: not xnn-opt %s --load-pass-plugin %s 2>&1 | filecheck %s --check-prefix=PLUGIN

// A pass that refuses an op says where it is; nothing else of the module is printed.
// REFUSE:      error: {{.*}}xnn_opt_failing_passes.mlir:[[# @LINE + 19]]:3: arith.subi: expected no subtraction; use arith.addi
// REFUSE-NEXT: %0 = arith.subi %a, %b : i32
// REFUSE-NEXT: ^
// REFUSE-NOT:  {{.}}

// An exception in a pattern is a fault of the tool; it comes with the op and without a traceback.
// RAISE-NOT: Traceback
// RAISE:     internal error: {{.*}}xnn_opt_failing_passes.mlir:[[# @LINE + 13]]:3: arith.addi: KeyError in a pattern: 'nothing'
// DEBUG:     Traceback
// DEBUG:     internal error: {{.*}}: arith.addi: KeyError in a pattern: 'nothing'

// So is IR that does not verify after a pass; the message names the pass.
// REORDER:    internal error: {{.*}}.mlir:[[# @LINE + 8]]:3: after pass test-reorder: arith.addi: operand 0 (from arith.subi) is not defined before this use
// UNVERIFIED: arith.addi
// UNVERIFIED: arith.subi

// PLUGIN: error: {{.*}}xnn_opt_failing_passes.mlir: expected a Python file with passes

func.func @f(%a: i32, %b: i32) -> i32 {
  %0 = arith.subi %a, %b : i32
  %1 = arith.addi %0, %b : i32
  func.return %1 : i32
}
