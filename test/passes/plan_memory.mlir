// RUN: xnn-opt %s -p 'plan-memory' --split-input-file | filecheck %s
// RUN: xnn-opt %s -p 'plan-memory{alloc-graph-input=false alloc-graph-output=false}' --split-input-file | filecheck %s --check-prefix=CALLER

// %b and %d are never alive together and share memory; 64 bytes stay free at the end.

// CHECK-LABEL: rt.method @chain arenas [448]
// CHECK-NEXT:    rt.tensor arena 1 offset 0 : tensor<32xf32>
// CHECK-NEXT:    rt.tensor arena 1 offset 128 : tensor<32xf32>
// CHECK-NEXT:    rt.tensor arena 1 offset 256 : tensor<32xf32>
// CHECK-NEXT:    rt.tensor arena 1 offset 128 : tensor<32xf32>
// CALLER-LABEL: rt.method @chain arenas [320]
// CALLER-NEXT:    rt.tensor : tensor<32xf32>
// CALLER-NEXT:    rt.tensor arena 1
// CALLER-NEXT:    rt.tensor arena 1
// CALLER-NEXT:    rt.tensor : tensor<32xf32>
rt.method @chain {
  %a = rt.tensor : tensor<32xf32>
  %b = rt.tensor : tensor<32xf32>
  %c = rt.tensor : tensor<32xf32>
  %d = rt.tensor : tensor<32xf32>
  rt.inputs(%a) : (tensor<32xf32>)
  rt.kernel_call "aten::abs.out"(%a, %b, %b) : (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
  rt.kernel_call "aten::add.out"(%a, %b, %c, %c) : (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
  rt.kernel_call "aten::add.out"(%a, %c, %d, %d) : (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
  rt.return(%d) : (tensor<32xf32>)
}

// -----

// Offsets are multiples of 16.

// CHECK-LABEL: rt.method @alignment arenas [101]
// CHECK-NEXT:    rt.tensor arena 1 offset 0 : tensor<5xf32>
// CHECK-NEXT:    rt.tensor arena 1 offset 32 : tensor<5xi8>
rt.method @alignment {
  %a = rt.tensor : tensor<5xf32>
  %b = rt.tensor : tensor<5xi8>
  rt.inputs(%a) : (tensor<5xf32>)
  rt.kernel_call "aten::_to_copy.out"(%a, %b, %b) : (tensor<5xf32>, tensor<5xi8>, tensor<5xi8>)
  rt.return(%b) : (tensor<5xi8>)
}

// -----

// Tensors in a list are alive where the list is used.

// CHECK-LABEL: rt.method @lists
// CHECK-NEXT:    rt.tensor arena 1 offset {{.+}} : tensor<4xf32>
// CHECK-NEXT:    rt.tensor arena 1 offset
// CHECK-NEXT:    rt.tensor arena 1 offset 0 : tensor<8xf32>
rt.method @lists {
  %a = rt.tensor : tensor<4xf32>
  %b = rt.tensor : tensor<4xf32>
  %c = rt.tensor : tensor<8xf32>
  %list = rt.tensor_list(%a, %b) : (tensor<4xf32>, tensor<4xf32>)
  %dim = rt.int 0
  rt.inputs(%a, %b) : (tensor<4xf32>, tensor<4xf32>)
  rt.kernel_call "aten::cat.out"(%list, %dim, %c, %c) : (!rt.tensor_list, !rt.int, tensor<8xf32>, tensor<8xf32>)
  rt.return(%c) : (tensor<8xf32>)
}

// -----

// What keeps its numbers between calls shares memory with nothing.

// CHECK-LABEL: rt.method @state
// CHECK-DAG:     %k = rt.tensor arena 1 offset {{0|16}} {fully_qualified_name = "k"} : tensor<4xf32>
// CHECK-DAG:     %x = rt.tensor arena 1 offset {{0|16}} : tensor<4xf32>
rt.method @state {
  %none = rt.null
  %x = rt.tensor : tensor<4xf32>
  %k = rt.tensor {fully_qualified_name = "k"} : tensor<4xf32>
  %b = rt.bool false
  %y = rt.tensor : tensor<4xf32>
  rt.inputs(%x) : (tensor<4xf32>)
  rt.kernel_call "aten::copy_"(%k, %x, %b, %k) : (tensor<4xf32>, tensor<4xf32>, !rt.bool, tensor<4xf32>)
  rt.kernel_call "aten::clone.out"(%x, %none, %y, %y) : (tensor<4xf32>, !rt.null, tensor<4xf32>, tensor<4xf32>)
  rt.return(%y) : (tensor<4xf32>)
}
