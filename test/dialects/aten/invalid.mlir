// RUN: xnn-opt %s --split-input-file --verify-diagnostics

// Arguments are checked against the schema while they are read.

func.func @f(%x: tensor<1x3x8x8xf32>) {
  // expected-error@+1 {{aten.conv2d: expected a value for the argument weight}}
  %0 = aten.conv2d(%x) : (tensor<1x3x8x8xf32>) -> tensor<1x4x3x3xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.hardtanh has no argument minimum; it has self, min_val, max_val}}
  %0 = aten.hardtanh(%x, minimum = 0.0) : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.relu takes 1 arguments, got more}}
  %0 = aten.relu(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.relu: the argument self is given twice}}
  %0 = aten.relu(%x, self = %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected None, true, false, inf, nan or a torch name such as torch.float32, got channels_last}}
  %0 = aten.clone(%x, memory_format = channels_last) : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected 1 operand types, got 2}}
  %0 = aten.relu(%x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected 'name = value' for every argument of an operator without a schema}}
  %0 = aten.call_operator "mine::op"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

// Their kinds are checked by the verifier.

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.hardtanh: expected Scalar for the argument min_val, got 'zero'}}
  %0 = aten.hardtanh(%x, min_val = "zero") : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4x4xf32>) {
  // expected-error@+1 {{aten.transpose.int: expected int for the argument dim0, got 0.0}}
  %0 = aten.transpose.int(%x, dim0 = 0.0, dim1 = 1) : (tensor<4x4xf32>) -> tensor<4x4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4x4xf32>) {
  // expected-error@+1 {{aten.cat: expected Tensor[] for the argument tensors, got a single value}}
  %0 = "aten.cat"(%x) <{arguments = #aten.arguments<(_, 0)>}> : (tensor<4x4xf32>) -> tensor<4x4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.clone: expected MemoryFormat? for the argument memory_format, got torch.float32}}
  %0 = aten.clone(%x, memory_format = torch.float32) : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%s: f64, %x: tensor<4xf32>) {
  // expected-error@+1 {{aten.view: expected SymInt for the argument size, got an operand of type f64}}
  %0 = aten.view(%x, size = [%s]) : (tensor<4xf32>, f64) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.relu: expected Tensor for the argument self, got None}}
  %0 = aten.relu(None) : () -> tensor<4xf32>
  func.return
}

// -----

// Results are checked too.

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.relu: expected 1 results, got 2}}
  %0, %1 = aten.relu(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.sym_size.int: expected SymInt as result 0, got tensor<4xf32>}}
  %0 = aten.sym_size.int(%x, dim = 0) : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

// The generic form may leave the properties out, or be inconsistent in itself.

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.relu: expected #aten.arguments<(...)> as property 'arguments', got None}}
  %0 = "aten.relu"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.relu: expected 1 arguments, got 2}}
  %0 = "aten.relu"(%x) <{arguments = #aten.arguments<(_, 0)>}> : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{aten.relu: expected 1 operands for the arguments, got 2}}
  %0 = "aten.relu"(%x, %x) <{arguments = #aten.arguments<(_)>}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected 'namespace::name' as the operator, got "op"}}
  %0 = aten.call_operator "op"(input = %x) : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

// Static values have a shape that fits.

func.func @f() {
  // expected-error@+1 {{expected a static shape for a constant, got tensor<?xf32>}}
  %0 = aten.parameter "w" #xnn.weight<w9f3c0a1b2c3d4e5f> : tensor<?xf32>
  func.return
}

// -----

func.func @f() {
  // expected-error@+1 {{expected a result of type i64, got f64}}
  %0 = "aten.constant"() <{fqn = "output_0", value = 3 : i64}> : () -> f64
  func.return
}
