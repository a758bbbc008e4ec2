// RUN: xnn-opt %s --split-input-file --verify-diagnostics
// RUN: not xnn-opt %S/Inputs/wrong_diagnostics.mlir --split-input-file --verify-diagnostics 2>&1 | filecheck %s

// Errors are expected at the line of the comment, at an offset from it, above or below it.

func.func @same_line(%x: tensor<1x8xf32>) {
  %y = xnn.softmax %x : (tensor<1x8xf32>) -> tensor<1x9xf32> // expected-error {{expected a result of shape [1, 8], got [1, 9]}}
  func.return
}

// -----

func.func @offset(%x: tensor<1x8xf32>) {
  // expected-error@+2 {{got [1, 9]}}

  %y = xnn.softmax %x : (tensor<1x8xf32>) -> tensor<1x9xf32>
  func.return
}

// -----

func.func @above(%x: tensor<1x8xf32>) {
  %y = xnn.softmax %x : (tensor<1x8xf32>) -> tensor<1x9xf32>
  // expected-error@above {{xnn.softmax: }}
  func.return
}

// -----

func.func @below(%x: tensor<1x8xf32>) {
  // expected-error@below {{there is no op xnn.softmx; did you mean xnn.softmax?}}
  %y = xnn.softmx %x
}

// -----

// A section without an error is fine.

func.func @none() {
  func.return
}

// An error that does not come, comes elsewhere, reads otherwise, or was not expected is a failure.

// CHECK:      error: {{.*}}wrong_diagnostics.mlir:2: expected error "got" was not produced
// CHECK:      error: {{.*}}wrong_diagnostics.mlir:10: expected error "got [1, 9]" was not produced
// CHECK:      error: {{.*}}wrong_diagnostics.mlir:11:3: unexpected error: xnn.softmax: expected a result of shape [1, 8], got [1, 9]
// CHECK:      error: {{.*}}wrong_diagnostics.mlir:18: expected error "got [1, 7]" was not produced
// CHECK:      error: {{.*}}wrong_diagnostics.mlir:19:3: unexpected error: xnn.softmax
// CHECK:      error: {{.*}}wrong_diagnostics.mlir:26:3: unexpected error: xnn.softmax
