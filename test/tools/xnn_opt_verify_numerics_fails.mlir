// RUN: not xnn-opt %s --load-pass-plugin %S/Inputs/negates.py -p 'negates' --verify-numerics 2>&1 | filecheck %s

// A pass that changes numbers is named, with the op and its place in the model.

// CHECK: error: pass negates changes output 0 of @forward by 2.0e+00 relative to its largest number, and declares at most 0.0e+00; the first op that differs is xnn.negate at model.py:3
func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = xnn.abs %x : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":3:0)
  func.return %y : tensor<4xf32>
}
