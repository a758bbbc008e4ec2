// RUN: xnn-opt %s --split-input-file --verify-diagnostics

// What is not IR is refused with its place.

func.func @missing_operand(%x: i32) {
  // expected-error@+1 {{operand expected}}
  %0 = arith.addi %x, : i32
}

// -----

func.func @unknown_dialect(%x: i32) {
  // expected-error@+1 {{there is no op moon.land}}
  %0 = moon.land %x : i32
}

// -----

func.func @undefined(%x: i32) {
  func.call @f(%y) : (i32) -> ()
  func.return
  // expected-error@+3 {{values used but not defined: [%y]}}
}

// -----

func.func @use_before_definition(%x: i32) {
  // expected-error@+1 {{arith.addi: operand 0 (%y from arith.muli) is not defined before this use}}
  %z = arith.addi %y, %x : i32
  %y = arith.muli %x, %x : i32
  func.return
}

// -----

func.func @no_terminator(%x: i32) {
  // expected-error@+1 {{terminates block in single-block region but is not a terminator}}
  %y = arith.muli %x, %x : i32
}

// -----

// expected-error@+1 {{expected a positive, finite, normal scale, got -1.0}}
func.func private @bad_type(tensor<4x!xnn.qint8<-1.0:0>>)
