// RUN: xnn-opt %s -p 'cse,dce' --time-passes -o %t 2>&1 | filecheck %s

// Every pass and every step of the tool has a row with its seconds and its share of the total.

// CHECK:      seconds {{ *}}share {{ *}}name
// CHECK-NEXT: {{[0-9.]+ +[0-9.]+%}} read
// CHECK-NEXT: {{[0-9.]+ +[0-9.]+%}} parse
// CHECK-NEXT: {{[0-9.]+ +[0-9.]+%}} verify
// CHECK-NEXT: {{[0-9.]+ +[0-9.]+%}} cse
// CHECK-NEXT: {{[0-9.]+ +[0-9.]+%}} dce
// CHECK:      {{[0-9.]+ +[0-9.]+%}} print
// CHECK:      {{[0-9.]+ +}}100.0% total
func.func @f() {
  func.return
}
