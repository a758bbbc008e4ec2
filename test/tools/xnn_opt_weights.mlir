// RUN: xnn-opt %s | filecheck %s
// RUN: xnn-opt %s | xnn-opt | filecheck %s
// RUN: xnn-opt %s --elide-weights | filecheck %s --check-prefix=ELIDED
// RUN: xnn-opt %s --mlir-elide-elementsattrs-if-larger 3 | filecheck %s --check-prefix=LARGER
// RUN: xnn-opt %s -p cse --print-ir-after-all -o %t 2>&1 | filecheck %s --check-prefix=DUMP

// The bytes of the weights in the IR are printed below it and read back; those of no op are not.

// CHECK:      xnn.constant #xnn.weight<w00> : tensor<2xf32>
// CHECK:      xnn.constant dense<[{{.*}}]> : tensor<4xf32>
// CHECK:      dialect_resources: {
// CHECK-NEXT:   xnn: {
// CHECK-NEXT:     w00: "0x0000803f00000040"
// CHECK-NEXT:   }

// They can be left out, and so can constants in the text from some size on; what is one number repeated stays.

// ELIDED:     xnn.constant #xnn.weight<w00> : tensor<2xf32>
// ELIDED:     xnn.constant dense<[{{.*}}]> : tensor<4xf32>
// ELIDED:     xnn.constant dense<1.000000e+00> : tensor<100xf32>
// ELIDED-NOT: dialect_resources

// LARGER: xnn.constant dense_resource<__elided__> : tensor<4xf32>
// LARGER: xnn.constant dense<1.000000e+00> : tensor<100xf32>
// LARGER: w00: "0x

// What is printed between passes is for reading, and comes without weights.

// DUMP:     xnn.weight<w00>
// DUMP-NOT: 0x0000
func.func @f() -> (tensor<2xf32>, tensor<4xf32>, tensor<100xf32>) {
  %0 = xnn.constant #xnn.weight<w00> : tensor<2xf32>
  %1 = xnn.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %2 = xnn.constant dense<1.0> : tensor<100xf32>
  func.return %0, %1, %2 : tensor<2xf32>, tensor<4xf32>, tensor<100xf32>
}

{-# dialect_resources: {xnn: {w00: "0x0000803f00000040", w01: "0x00000000"}} #-}
