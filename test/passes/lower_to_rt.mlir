// RUN: xnn-opt %s -p 'lower-to-rt' --split-input-file | filecheck %s

// A call of a graph becomes a delegate call whose arguments are the inputs and then the outputs.

// CHECK-LABEL: rt.method @one_delegate
// CHECK-NEXT:    [[X:%.+]] = rt.tensor : tensor<1x8xf32>
// CHECK-NEXT:    [[Y:%.+]] = rt.tensor : tensor<1x8xf32>
// CHECK-NEXT:    rt.inputs([[X]]) : (tensor<1x8xf32>)
// CHECK-NEXT:    rt.delegate_call @one_delegate_delegate_0([[X]], [[Y]]) : (tensor<1x8xf32>, tensor<1x8xf32>)
// CHECK-NEXT:    rt.return([[Y]]) : (tensor<1x8xf32>)
xnn.graph @one_delegate_delegate_0(%a: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %r = xnn.abs %a : (tensor<1x8xf32>) -> tensor<1x8xf32>
  xnn.yield %r : tensor<1x8xf32>
}
func.func @one_delegate(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %y = xnn.call @one_delegate_delegate_0(%x) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  func.return %y : tensor<1x8xf32>
}

// -----

// A channels-last argument has its logical sizes and a dim_order; so has a channels-last result.

// CHECK-LABEL: rt.method @channels_last
// CHECK-NEXT:    rt.tensor {dim_order = array<i64: 0, 2, 3, 1>} : tensor<1x3x8x9xf32>
// CHECK-NEXT:    rt.tensor {dim_order = array<i64: 0, 2, 3, 1>} : tensor<1x3x8x9xf32>
xnn.graph @d(%a: tensor<1x8x9x3xf32>) -> tensor<1x8x9x3xf32> {
  %r = xnn.abs %a : (tensor<1x8x9x3xf32>) -> tensor<1x8x9x3xf32>
  xnn.yield %r : tensor<1x8x9x3xf32>
}
func.func @channels_last(%x: tensor<1x8x9x3xf32> {xnn.dim_order = array<i64: 0, 2, 3, 1>})
    -> (tensor<1x8x9x3xf32> {xnn.dim_order = array<i64: 0, 2, 3, 1>}) {
  %y = xnn.call @d(%x) : (tensor<1x8x9x3xf32>) -> tensor<1x8x9x3xf32>
  func.return %y : tensor<1x8x9x3xf32>
}

// -----

// A dynamic size is planned for its upper bound.

// CHECK-LABEL: rt.method @dynamic
// CHECK-NEXT:    rt.tensor {dynamism = "bound"} : tensor<4x8xf32>
func.func @dynamic(%x: tensor<?x8xf32, #xnn.dims<["s0" <= 4, 8]>>) -> tensor<?x8xf32, #xnn.dims<["s0" <= 4, 8]>> {
  func.return %x : tensor<?x8xf32, #xnn.dims<["s0" <= 4, 8]>>
}

// -----

// Data movement outside the delegates runs as host kernels, under ExecuTorch's names, the out tensor named twice.

// CHECK-LABEL: rt.method @host
// CHECK:         rt.kernel_call "aten::permute_copy.out"([[X:%.+]], [[P:%.+]], [[T:%.+]], [[T]])
// CHECK-NEXT:    rt.kernel_call "aten::slice_copy.Tensor_out"([[T]], {{.*}}, [[S:%.+]], [[S]])
// CHECK-NEXT:    rt.kernel_call "aten::slice_copy.Tensor_out"([[S]], {{.*}}, [[U:%.+]], [[U]])
// CHECK-NEXT:    rt.kernel_call "aten::constant_pad_nd.out"([[U]], {{.*}}, [[V:%.+]], [[V]])
// CHECK-NEXT:    rt.kernel_call "aten::cat.out"({{.*}}, [[W:%.+]], [[W]])
// CHECK-NEXT:    rt.kernel_call "aten::view_copy.out"([[W]], {{.*}}, [[Z:%.+]], [[Z]])
// CHECK-NEXT:    rt.return([[Z]])
func.func @host(%x: tensor<8x6xf32>) -> tensor<30xf32> {
  %t = xnn.static_transpose %x {perm = array<i64: 1, 0>} : (tensor<8x6xf32>) -> tensor<6x8xf32>
  %s = xnn.static_slice %t {offsets = array<i64: 1, 2>, sizes = array<i64: 2, 4>} : (tensor<6x8xf32>) -> tensor<2x4xf32>
  %p = xnn.static_constant_pad %s {pre_paddings = array<i64: 0, 1>, post_paddings = array<i64: 1, 0>, value = 1.0 : f32}
       : (tensor<2x4xf32>) -> tensor<3x5xf32>
  %c = xnn.concatenate %p, %p {axis = 0 : i64} : (tensor<3x5xf32>, tensor<3x5xf32>) -> tensor<6x5xf32>
  %v = xnn.static_reshape %c : (tensor<6x5xf32>) -> tensor<30xf32>
  func.return %v : tensor<30xf32>
}

// -----

// Inputs that are no tensors have the values that they had in the export.

// CHECK-LABEL: rt.method @numbers
// CHECK-NEXT:    [[N:%.+]] = rt.int 3
// CHECK-NEXT:    [[D:%.+]] = rt.double 0.5
// CHECK-NEXT:    [[B:%.+]] = rt.bool true
// CHECK-NEXT:    [[Z:%.+]] = rt.null
// CHECK-NEXT:    [[X:%.+]] = rt.tensor : tensor<8xf32>
// CHECK-NEXT:    rt.inputs([[N]], [[D]], [[B]], [[Z]], [[X]])
func.func @numbers(%n: i64 {xnn.constant = 3 : i64}, %d: f64 {xnn.constant = 0.5 : f64}, %b: i1 {xnn.constant = true},
                   %z: none, %x: tensor<8xf32>) -> tensor<8xf32> {
  func.return %x : tensor<8xf32>
}

// -----

// What a model returns without computing it is a constant.

// CHECK-LABEL: rt.method @constants
// CHECK-NEXT:    [[P:%.+]] = rt.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK-NEXT:    [[N:%.+]] = rt.int 3
// CHECK-NEXT:    [[Z:%.+]] = rt.null
// CHECK-NEXT:    rt.inputs() : ()
// CHECK-NEXT:    rt.return([[P]], [[N]], [[Z]])
func.func @constants() -> (tensor<2xf32>, i64, none) {
  %p = aten.parameter "p" dense<[1.0, 2.0]> : tensor<2xf32>
  %n = aten.constant "output_1" 3 : i64
  %z = aten.none : none
  func.return %p, %n, %z : tensor<2xf32>, i64, none
}

// -----

// Sizes, and arithmetic on them, are numbers that kernels compute: the last argument is the result's slot.

// CHECK-LABEL: rt.method @sizes
// CHECK:         rt.kernel_call "aten::sym_size.int"([[X:%\w+]], {{.*}}, [[N:%\w+]]) : (tensor<9x8xf32>, !rt.int, !rt.int)
// CHECK-NEXT:    rt.kernel_call "executorch_prim::floordiv.Scalar"([[N]], {{.*}}, [[H:%\w+]])
// CHECK-NEXT:    rt.kernel_call "executorch_prim::eq.Scalar"([[N]], {{.*}}, [[E:%\w+]]) : (!rt.int, !rt.int, !rt.bool)
// CHECK-NEXT:    rt.kernel_call "executorch_prim::sym_not.Scalar"([[E]], [[NE:%\w+]]) : (!rt.bool, !rt.bool)
// CHECK-NEXT:    rt.kernel_call "executorch_prim::mul.Scalar"([[N]], {{.*}}, [[P:%\w+]])
// CHECK-NEXT:    rt.kernel_call "executorch_prim::mul.Scalar"([[P]], [[N]], [[P]])
// CHECK-NEXT:    rt.kernel_call "executorch_prim::sym_max.Scalar"([[P]], [[H]], [[M:%\w+]])
// CHECK-NEXT:    rt.return([[H]], [[NE]], [[M]]) : (!rt.int, !rt.bool, !rt.int)
func.func @sizes(%x: tensor<?x8xf32, #xnn.dims<["s0" <= 9, 8]>>) -> (i64, i1, i64) {
  %n = aten.sym_size.int(%x, dim = 0) : (tensor<?x8xf32, #xnn.dims<["s0" <= 9, 8]>>) -> i64
  %h = aten.floordiv.int(a = %n, b = 2) : (i64) -> i64
  %ne = aten.ne.int(a = %n, b = 4) : (i64) -> i1
  %p = aten.pow.int_to_int(a = %n, b = 2) : (i64) -> i64
  %m = aten.call_operator "torch::sym_max"(arg0 = %p, arg1 = %h) : (i64, i64) -> i64
  func.return %h, %ne, %m : i64, i1, i64
}

// -----

// A buffer that the model changes is a tensor with initial bytes; the new value is copied to it at the end, and what the
// model returns is not the buffer itself. A buffer that begins as zeros needs no bytes. Two that change places are kept
// apart.

// CHECK-LABEL: rt.method @state
// CHECK-NEXT:    [[A:%\w+]] = rt.tensor initial #xnn.weight<{{.*}}> {fully_qualified_name = "a"} : tensor<2xf32>
// CHECK-NEXT:    [[B:%\w+]] = rt.tensor {fully_qualified_name = "b"} : tensor<2xf32>
// CHECK:         rt.kernel_call "aten::clone.out"([[A]], {{.*}}, [[Y:%\w+]], [[Y]])
// CHECK-NEXT:    rt.kernel_call "aten::clone.out"([[B]], {{.*}}, [[C:%\w+]], [[C]])
// CHECK-NEXT:    rt.kernel_call "aten::clone.out"([[A]], {{.*}}, [[D:%\w+]], [[D]])
// CHECK-NEXT:    rt.kernel_call "aten::copy_"([[A]], [[C]], {{%\w+}}, [[A]])
// CHECK-NEXT:    rt.kernel_call "aten::copy_"([[B]], [[D]], {{%\w+}}, [[B]])
// CHECK-NEXT:    rt.return([[Y]])
func.func @state() -> tensor<2xf32> {
  %a = aten.buffer "a" dense<[1.0, 2.0]> : tensor<2xf32>
  %b = aten.buffer "b" dense<0.0> : tensor<2xf32>
  aten.assign_buffer "a" = %b : tensor<2xf32>
  aten.assign_buffer "b" = %a : tensor<2xf32>
  func.return %a : tensor<2xf32>
}

// -----

// Updates of parts are written in place, one after the other, where nobody reads the old values.

// CHECK-LABEL: rt.method @in_place
// CHECK:         [[K:%\w+]] = rt.tensor {fully_qualified_name = "k"} : tensor<2x8xf32>
// CHECK:         rt.kernel_call "aten::index_put_"([[K]], {{%\w+}}, %x, {{%\w+}}, [[K]])
// CHECK:         rt.kernel_call "aten::arange.start_out"({{.*}}, [[R:%\w+]], [[R]])
// CHECK-NEXT:    rt.kernel_call "aten::index_put_"([[K]], {{%\w+}}, %x, {{%\w+}}, [[K]])
// CHECK-NEXT:    rt.kernel_call "aten::view_copy.out"([[K]]
// CHECK-NOT:     copy_"
func.func @in_place(%x: tensor<2x3xf32>, %i: tensor<3xi64>) -> tensor<16xf32> {
  %k = aten.buffer "k" dense<0.0> : tensor<2x8xf32>
  %k1 = aten.index_put(%k, [None, %i], %x) : (tensor<2x8xf32>, tensor<3xi64>, tensor<2x3xf32>) -> tensor<2x8xf32>
  %k2 = aten.slice_scatter(%k1, %x, dim = 1, start = -3) : (tensor<2x8xf32>, tensor<2x3xf32>) -> tensor<2x8xf32>
  %y = xnn.static_reshape %k2 : (tensor<2x8xf32>) -> tensor<16xf32>
  aten.assign_buffer "k" = %k2 : tensor<2x8xf32>
  func.return %y : tensor<16xf32>
}

// -----

// Where the old value is read later, the new one is computed beside it.

// CHECK-LABEL: rt.method @not_in_place
// CHECK:         rt.kernel_call "aten::index_put.out"([[K:%\w+]], {{.*}}, [[V:%\w+]], [[V]])
// CHECK-NEXT:    rt.kernel_call "aten::view_copy.out"([[K]]
// CHECK-NEXT:    rt.kernel_call "aten::copy_"([[K]], [[V]], {{%\w+}}, [[K]])
func.func @not_in_place(%x: tensor<2x3xf32>, %i: tensor<3xi64>) -> tensor<16xf32> {
  %k = aten.buffer "k" dense<0.0> : tensor<2x8xf32>
  %k1 = aten.index_put(%k, [None, %i], %x) : (tensor<2x8xf32>, tensor<3xi64>, tensor<2x3xf32>) -> tensor<2x8xf32>
  %y = xnn.static_reshape %k : (tensor<2x8xf32>) -> tensor<16xf32>
  aten.assign_buffer "k" = %k1 : tensor<2x8xf32>
  func.return %y : tensor<16xf32>
}

// -----

// A kernel takes tensors of one order in memory: only the copy to another order takes what the caller gives.
// CHECK-LABEL: rt.method @channels_last
// CHECK-DAG: %x = rt.tensor {dim_order = array<i64: 0, 2, 3, 1>} : tensor<2x3x4x5xi64>
// CHECK-DAG: %logical = rt.tensor : tensor<2x3x4x5xi64>
// CHECK: rt.kernel_call "dim_order_ops::_to_dim_order_copy.out"(%x, {{.*}}, %logical, %logical)
// CHECK-NEXT: rt.kernel_call "aten::cumsum.out"(%logical
func.func @channels_last(%x: tensor<2x4x5x3xi64> {xnn.dim_order = array<i64: 0, 2, 3, 1>}) -> tensor<2x3x4x5xi64> {
  %logical = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<2x4x5x3xi64>) -> tensor<2x3x4x5xi64>
  %sum = aten.cumsum(%logical, dim = 1) : (tensor<2x3x4x5xi64>) -> tensor<2x3x4x5xi64>
  func.return %sum : tensor<2x3x4x5xi64>
}

// -----

// The arguments of a kernel are those of its schema: numbers in the place of tensors are tensors, a view is copied, and
// of several results there is a list.
// CHECK-LABEL: rt.method @kernels
// CHECK-DAG: %[[NUMBER:.*]] = rt.constant dense<2.500000e+00> : tensor<f32>
// CHECK-DAG: %[[PARTS:.*]] = rt.tensor_list(%parts, %parts_1) : (tensor<2x3xf32>, tensor<2x1xf32>)
// CHECK-DAG: %[[BEST:.*]] = rt.tensor_list(%values, %indices) : (tensor<2x1xf32>, tensor<2x1xi64>)
// CHECK: rt.kernel_call "aten::add.out"(%x, %[[NUMBER]], %{{[^,]*}}, %sum, %sum)
// CHECK: rt.kernel_call "aten::split_with_sizes_copy.out"(%sum, %{{[^,]*}}, %{{[^,]*}}, %[[PARTS]], %[[PARTS]])
// CHECK: rt.kernel_call "aten::topk.values"(%parts, {{.*}}, %values, %indices, %[[BEST]])
func.func @kernels(%x: tensor<2x4xi64>) -> (tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xi64>) {
  %sum = aten.add.Tensor(%x, 2.5) : (tensor<2x4xi64>) -> tensor<2x4xf32>
  %parts:2 = aten.split_with_sizes(%sum, split_sizes = [3, 1], dim = 1) : (tensor<2x4xf32>) -> (tensor<2x3xf32>, tensor<2x1xf32>)
  %values, %indices = aten.topk(%parts#0, k = 1) : (tensor<2x3xf32>) -> (tensor<2x1xf32>, tensor<2x1xi64>)
  func.return %parts#1, %values, %indices : tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xi64>
}

// -----

// A branch that is not taken is jumped over; its value is moved to the slot of the result.

// CHECK-LABEL: rt.method @branch
// CHECK:         rt.jump_false %p ^[[THEN:\w+]] else ^[[ELSE:\w+]] : !rt.bool
// CHECK-NEXT:  ^[[THEN]]:
// CHECK-NEXT:    rt.kernel_call "aten::view_copy.out"(%x, {{%\w+}}, [[A:%\w+]], [[A]])
// CHECK-NEXT:    rt.move [[A]] to %y : (tensor<2x2xf32>, tensor<2x2xf32>)
// CHECK-NEXT:    rt.jump_false [[FALSE:%\w+]] ^[[ELSE]] else ^[[END:\w+]] : !rt.bool
// CHECK-NEXT:  ^[[ELSE]]:
// CHECK-NEXT:    rt.move %z to %y
// CHECK-NEXT:    rt.fallthrough ^[[END]]
// CHECK-NEXT:  ^[[END]]:
// CHECK-NEXT:    rt.return(%y)
func.func @branch(%x: tensor<4xf32>, %z: tensor<2x2xf32>, %p: i1 {xnn.constant = true}) -> tensor<2x2xf32> {
  %y = scf.if %p -> (tensor<2x2xf32>) {
    %a = xnn.static_reshape %x : (tensor<4xf32>) -> tensor<2x2xf32>
    scf.yield %a : tensor<2x2xf32>
  } else {
    scf.yield %z : tensor<2x2xf32>
  }
  func.return %y : tensor<2x2xf32>
}

// -----

// What a loop carries is copied to slots before it and at its end; two that change places are kept apart.

// CHECK-LABEL: rt.method @loop
// CHECK:         rt.kernel_call "aten::clone.out"(%x, {{%\w+}}, [[A:%\w+]], [[A]])
// CHECK-NEXT:    rt.kernel_call "aten::clone.out"(%y, {{%\w+}}, [[B:%\w+]], [[B]])
// CHECK-NEXT:    rt.fallthrough ^[[LOOP:\w+]]
// CHECK-NEXT:  ^[[LOOP]]:
// CHECK-NEXT:    rt.kernel_call "aten::any.all_out"([[A]], [[T:%\w+]], [[T]])
// CHECK-NEXT:    rt.kernel_call "aten::_local_scalar_dense"([[T]], [[P:%\w+]])
// CHECK-NEXT:    rt.jump_false [[P]] ^[[BODY:\w+]] else ^[[END:\w+]]
// CHECK-NEXT:  ^[[BODY]]:
// CHECK-NEXT:    rt.kernel_call "aten::clone.out"([[B]], {{%\w+}}, [[OLD_B:%\w+]], [[OLD_B]])
// CHECK-NEXT:    rt.kernel_call "aten::clone.out"([[A]], {{%\w+}}, [[OLD_A:%\w+]], [[OLD_A]])
// CHECK-NEXT:    rt.kernel_call "aten::clone.out"([[OLD_B]], {{%\w+}}, [[A]], [[A]])
// CHECK-NEXT:    rt.kernel_call "aten::clone.out"([[OLD_A]], {{%\w+}}, [[B]], [[B]])
// CHECK-NEXT:    rt.jump_false {{%\w+}} ^[[END]] else ^[[LOOP]]
// CHECK-NEXT:  ^[[END]]:
// CHECK-NEXT:    rt.return([[A]], [[B]])
func.func @loop(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a, %b = scf.while (%c = %x, %d = %y) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %t = aten.any(%c) : (tensor<4xf32>) -> tensor<i1>
    %p = aten.item(%t) : (tensor<i1>) -> i1
    scf.condition(%p) %c, %d : tensor<4xf32>, tensor<4xf32>
  } do {
  ^bb0(%e: tensor<4xf32>, %f: tensor<4xf32>):
    scf.yield %f, %e : tensor<4xf32>, tensor<4xf32>
  }
  func.return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// -----

// A loop that counts sets its counter each time the method runs. Rows are written where the loop began with them.

// CHECK-LABEL: rt.method @rows
// CHECK:         rt.kernel_call "aten::empty.out"({{%\w+}}, {{%\w+}}, [[S:%\w+]], [[S]])
// CHECK-NEXT:    rt.kernel_call "executorch_prim::add.Scalar"({{%\w+}}, {{%\w+}}, [[I:%\w+]])
// CHECK-NEXT:    rt.fallthrough ^[[LOOP:\w+]]
// CHECK-NEXT:  ^[[LOOP]]:
// CHECK-NEXT:    rt.kernel_call "executorch_prim::lt.Scalar"([[I]], {{%\w+}}, [[P:%\w+]])
// CHECK-NEXT:    rt.jump_false [[P]] ^[[BODY:\w+]] else ^[[END:\w+]]
// CHECK-NEXT:  ^[[BODY]]:
// CHECK:         rt.kernel_call "aten::index_put_"([[S]], {{%\w+}}, {{%\w+}}, {{%\w+}}, [[S]])
// CHECK-NEXT:    rt.kernel_call "executorch_prim::add.Scalar"([[I]], {{%\w+}}, [[I]])
// CHECK-NEXT:    rt.jump_false {{%\w+}} ^[[END]] else ^[[LOOP]]
// CHECK-NEXT:  ^[[END]]:
// CHECK-NEXT:    rt.return([[S]])
func.func @rows(%x: tensor<4xf32>) -> tensor<3x4xf32> {
  %zero = aten.constant "index" 0 : i64
  %one = aten.constant "index" 1 : i64
  %n = aten.constant "length" 3 : i64
  %s = aten.empty.memory_format(size = [3, 4], dtype = torch.float32) : () -> tensor<3x4xf32>
  %y = scf.for %i = %zero to %n step %one iter_args(%t = %s) -> (tensor<3x4xf32>) : i64 {
    %u = aten.select_scatter(%t, %x, dim = 0, index = %i) : (tensor<3x4xf32>, tensor<4xf32>, i64) -> tensor<3x4xf32>
    scf.yield %u : tensor<3x4xf32>
  }
  func.return %y : tensor<3x4xf32>
}

// -----

// What a delegate reshapes to no dimensions is of shape [1] in ExecuTorch's XNNPACK.
// CHECK-LABEL: rt.method @no_dimensions
// CHECK: rt.delegate_call @delegate(%x, %[[MADE:[0-9]+]]) : (tensor<1xf32>, tensor<1xf32>)
// CHECK-NEXT: rt.kernel_call "aten::view_copy.out"(%[[MADE]], %{{[0-9]+}}, %y, %y) : (tensor<1xf32>, !rt.int_list, tensor<f32>, tensor<f32>)
xnn.graph @delegate(%x: tensor<1xf32>) -> tensor<f32> {
  %a = xnn.static_reshape %x : (tensor<1xf32>) -> tensor<f32>
  %b = xnn.exp %a : (tensor<f32>) -> tensor<f32>
  xnn.yield %b : tensor<f32>
}
func.func @no_dimensions(%x: tensor<1xf32>) -> tensor<f32> {
  %y = xnn.call @delegate(%x) : (tensor<1xf32>) -> tensor<f32>
  func.return %y : tensor<f32>
}

// -----

// A kernel sees a channels-last tensor as it lies in memory; a size is asked of it as the caller counts.

// CHECK-LABEL: rt.method @order
// CHECK:         rt.int_list
// CHECK:         rt.kernel_call "aten::sym_size.int"(%x, [[C:%\w+]], %n)
// CHECK:         rt.kernel_call "dim_order_ops::_to_dim_order_copy.out"(%x, {{.*}}, [[A:%\w+]], [[A]])
// CHECK-NEXT:    rt.kernel_call "aten::permute_copy.out"([[A]], {{%\w+}}, [[B:%\w+]], [[B]]) : {{.*}}tensor<1x8x9x3xf32>)
// CHECK-NEXT:    rt.kernel_call "aten::slice_copy.Tensor_out"([[B]]
func.func @order(%x: tensor<1x8x?x3xf32, #xnn.dims<[1, 8, "s0" <= 9, 3]>> {xnn.dim_order = array<i64: 0, 2, 3, 1>})
    -> (i64, tensor<1x4x?x3xf32, #xnn.dims<[1, 4, "s0" <= 9, 3]>>) {
  %n = aten.sym_size.int(%x, dim = 2) : (tensor<1x8x?x3xf32, #xnn.dims<[1, 8, "s0" <= 9, 3]>>) -> i64
  %s = xnn.static_slice %x {offsets = array<i64: 0, 0, 0, 0>, sizes = array<i64: 1, 4, 0, 3>}
    : (tensor<1x8x?x3xf32, #xnn.dims<[1, 8, "s0" <= 9, 3]>>) -> tensor<1x4x?x3xf32, #xnn.dims<[1, 4, "s0" <= 9, 3]>>
  func.return %n, %s : i64, tensor<1x4x?x3xf32, #xnn.dims<[1, 4, "s0" <= 9, 3]>>
}

// -----

// Integers that a caller gives or sees are the tensors that a delegate reads and writes; the cast is nothing.

// CHECK-LABEL: rt.method @integers
// CHECK-NEXT:    [[X:%.+]] = rt.tensor : tensor<4xi8>
// CHECK-NEXT:    [[Y:%.+]] = rt.tensor : tensor<4xui8>
// CHECK-NEXT:    rt.inputs([[X]])
// CHECK-NEXT:    rt.delegate_call @codes([[X]], [[Y]])
// CHECK-NEXT:    rt.return([[Y]])
xnn.graph @codes(%a: tensor<4x!xnn.qint8<0.5:3>>) -> tensor<4x!xnn.quint8<0.25:7>> {
  %b = xnn.convert %a : (tensor<4x!xnn.qint8<0.5:3>>) -> tensor<4x!xnn.quint8<0.25:7>>
  xnn.yield %b : tensor<4x!xnn.quint8<0.25:7>>
}
func.func @integers(%x: tensor<4xi8>) -> tensor<4xui8> {
  %a = qdq.scast %x : tensor<4xi8> -> tensor<4x!xnn.qint8<0.5:3>>
  %b = xnn.call @codes(%a) : (tensor<4x!xnn.qint8<0.5:3>>) -> tensor<4x!xnn.quint8<0.25:7>>
  %y = qdq.scast %b : tensor<4x!xnn.quint8<0.25:7>> -> tensor<4xui8>
  func.return %y : tensor<4xui8>
}

// -----

// What quantises outside the delegates runs on kernels of the host.

// CHECK-LABEL: rt.method @quantize
// CHECK:         rt.kernel_call "quantized_decomposed::quantize_per_tensor.out"(
// CHECK-NEXT:    rt.kernel_call "quantized_decomposed::dequantize_per_tensor.out"(
func.func @quantize(%x: tensor<4xf32>) -> tensor<4xf32> {
  %q = qdq.quantize_per_tensor(%x, scale = 0.1, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int16) : (tensor<4xf32>) -> tensor<4xi16>
  %y = qdq.dequantize_per_tensor(%q, scale = 0.1, zero_point = 3, quant_min = -128, quant_max = 127, dtype = torch.int16) : (tensor<4xi16>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

// ExecuTorch's kernels take scales of float64 and zero points of int64.

// CHECK-LABEL: rt.method @wide
// CHECK:         rt.kernel_call "aten::_to_copy.out"([[S:%.+]], {{.*}}, {{.*}}, [[D:%.+]], [[D]])
// CHECK-NEXT:    rt.kernel_call "quantized_decomposed::quantize_per_channel.out"({{%.+}}, [[D]], [[Z:%.+]],
func.func @wide(%x: tensor<2x4xf32>, %s: tensor<2xf32>, %z: tensor<2xi64>) -> tensor<2x4xi8> {
  %q = qdq.quantize_per_channel(%x, %s, %z, axis = 0, quant_min = -128, quant_max = 127, dtype = torch.int8) : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xi64>) -> tensor<2x4xi8>
  func.return %q : tensor<2x4xi8>
}
