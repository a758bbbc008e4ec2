// RUN: xnn-opt %s -p 'aten-resolve-sizes' --split-input-file | filecheck %s

// The size of a computed tensor is computed from that of the input; equal sizes are computed once.

// CHECK-LABEL: func.func @computed
// CHECK-NEXT:    [[S:%\w+]] = aten.sym_size.int(%x, dim = 1)
// CHECK-NEXT:    [[A:%\w+]] = aten.sub.int(a = [[S]], b = 1)
// CHECK-NEXT:    [[B:%\w+]] = aten.floordiv.int(a = [[A]], b = 2)
// CHECK-NEXT:    [[C:%\w+]] = aten.add.int(a = [[B]], b = 1)
// CHECK-NEXT:    aten.slice.Tensor
// CHECK-NEXT:    func.return {{%\w+}}, [[C]], [[C]]
func.func @computed(%x: tensor<4x?xf32, #xnn.dims<[4, "s0" <= 9]>>)
    -> (tensor<4x?xf32, #xnn.dims<[4, "(s0 - 1)//2 + 1" <= 5]>>, i64, i64) {
  %y = aten.slice.Tensor(%x, dim = 1, step = 2) : (tensor<4x?xf32, #xnn.dims<[4, "s0" <= 9]>>)
    -> tensor<4x?xf32, #xnn.dims<[4, "(s0 - 1)//2 + 1" <= 5]>>
  %n = aten.sym_size.int(%y, dim = 1) : (tensor<4x?xf32, #xnn.dims<[4, "(s0 - 1)//2 + 1" <= 5]>>) -> i64
  %m = aten.sym_size.int(%y, dim = -1) : (tensor<4x?xf32, #xnn.dims<[4, "(s0 - 1)//2 + 1" <= 5]>>) -> i64
  func.return %y, %n, %m : tensor<4x?xf32, #xnn.dims<[4, "(s0 - 1)//2 + 1" <= 5]>>, i64, i64
}

// -----

// A symbol that no input has by itself is solved for; a number among the inputs may be one.

// CHECK-LABEL: func.func @derived
// CHECK-DAG:     [[N:%\w+]] = aten.sym_size.int(%x, dim = 0)
// CHECK-DAG:     [[A:%\w+]] = aten.sub.int(a = [[N]], b = 1)
// CHECK-DAG:     [[S:%\w+]] = aten.floordiv.int(a = [[A]], b = 2)
// CHECK-DAG:     [[P:%\w+]] = aten.mul.int(a = [[S]], b = %k)
// CHECK:         func.return [[P]] : i64
func.func @derived(%x: tensor<?xf32, #xnn.dims<["2*s0 + 1" <= 9]>>, %k: i64 {xnn.symbol = "s1"}) -> i64 {
  %y = "test.op"(%x) : (tensor<?xf32, #xnn.dims<["2*s0 + 1" <= 9]>>) -> tensor<?x?xf32, #xnn.dims<["s0" <= 4, "s1" <= 3]>>
  %n = aten.sym_numel(%y) : (tensor<?x?xf32, #xnn.dims<["s0" <= 4, "s1" <= 3]>>) -> i64
  func.return %n : i64
}

// -----

// Sizes that depend on data are asked of the tensors that have them.

// CHECK-LABEL: func.func @data
// CHECK-NEXT:    [[Y:%\w+]] = aten.nonzero(%x)
// CHECK-NEXT:    aten.sym_size.int([[Y]], dim = 0)
func.func @data(%x: tensor<8xf32>) -> i64 {
  %y = aten.nonzero(%x) : (tensor<8xf32>) -> tensor<?x1xi64, #xnn.dims<["u0" <= 8, 1]>>
  %n = aten.sym_size.int(%y, dim = 0) : (tensor<?x1xi64, #xnn.dims<["u0" <= 8, 1]>>) -> i64
  func.return %n : i64
}
