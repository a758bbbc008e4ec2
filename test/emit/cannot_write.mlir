// RUN: not xnn-translate --mlir-to-pte %s -o %t.pte 2>&1 | filecheck %s

// What a file has no way to say is named; nothing is written. Numbers that are kept between calls need a place.

// CHECK: error: {{.*}}@forward: k: expected a place in an arena for a tensor that keeps its numbers
rt.method @forward {
  %x = rt.tensor : tensor<4xf32>
  %k = rt.tensor {fully_qualified_name = "k"} : tensor<4xf32>
  %b = rt.bool false
  rt.inputs(%x) : (tensor<4xf32>)
  rt.kernel_call "aten::copy_"(%k, %x, %b, %k) : (tensor<4xf32>, tensor<4xf32>, !rt.bool, tensor<4xf32>)
  rt.return(%x) : (tensor<4xf32>)
}
