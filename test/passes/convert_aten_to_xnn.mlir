// RUN: xnn-opt %s -p 'convert-aten-to-xnn' --split-input-file | filecheck %s
// RUN: xnn-opt %s -p 'convert-aten-to-xnn{configs=TanhConfig,LinearConfig}' --split-input-file | filecheck %s --check-prefix ONLY
// RUN: xnn-opt %s -p 'convert-aten-to-xnn{precisions=static_quant}' --split-input-file | filecheck %s --check-prefix QUANT
// RUN: xnn-opt %s -p 'convert-aten-to-xnn{bf16=true}' --split-input-file | filecheck %s --check-prefix BF16
// RUN: not xnn-opt %s -p 'convert-aten-to-xnn{configs=TanConfig}' --split-input-file 2>&1 | filecheck %s --check-prefix UNKNOWN

// UNKNOWN: error: expected names of config classes, got TanConfig; known are AbsConfig, AddConfig

// A convolution gets its transposes, and its filter is laid out as [output channels, height, width, input channels].
// CHECK-LABEL: func.func @convolution
func.func @convolution(%x: tensor<1x2x4x4xf32>) -> tensor<1x1x3x4xf32> {
  // CHECK-NEXT: %b = xnn.constant
  // CHECK-NEXT: %w = xnn.constant #xnn.weight<{{.*}}> : tensor<1x2x1x2xf32>
  // CHECK-NEXT: %[[T:.+]] = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x2x4x4xf32>) -> tensor<1x4x4x2xf32>
  // CHECK-NEXT: %[[Y:.+]] = xnn.convolution_2d %[[T]], %w, %b {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : {{.*}} -> tensor<1x3x4x1xf32>
  // CHECK-NEXT: %y = xnn.static_transpose %[[Y]] {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x3x4x1xf32>) -> tensor<1x1x3x4xf32>
  // CHECK-NEXT: func.return %y
  %w = aten.parameter "w" dense<[[[[1.0], [2.0]], [[3.0], [4.0]]]]> : tensor<1x2x2x1xf32>
  %b = aten.parameter "b" dense<[0.5]> : tensor<1xf32>
  %y = aten.conv2d(%x, %w, %b) : (tensor<1x2x4x4xf32>, tensor<1x2x2x1xf32>, tensor<1xf32>) -> tensor<1x1x3x4xf32>
  func.return %y : tensor<1x1x3x4xf32>
}

// -----

// As many groups as channels make a depthwise convolution; a dynamic batch keeps its name and its bound.
// CHECK-LABEL: func.func @depthwise
func.func @depthwise(%x: tensor<?x2x4x4xf32, #xnn.dims<["s0" <= 8, 2, 4, 4]>>) -> tensor<?x2x4x4xf32, #xnn.dims<["s0" <= 8, 2, 4, 4]>> {
  // CHECK: xnn.depthwise_convolution_2d {{.*}} -> tensor<?x4x4x2xf32, #xnn.dims<["s0" <= 8, 4, 4, 2]>>
  %w = aten.parameter "w" dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
  %y = aten.conv2d(%x, %w, groups = 2) : (tensor<?x2x4x4xf32, #xnn.dims<["s0" <= 8, 2, 4, 4]>>, tensor<2x1x1x1xf32>) -> tensor<?x2x4x4xf32, #xnn.dims<["s0" <= 8, 2, 4, 4]>>
  func.return %y : tensor<?x2x4x4xf32, #xnn.dims<["s0" <= 8, 2, 4, 4]>>
}

// -----

// What XNNPACK has no node for stays, with its reason, between nodes with logical layouts.
// CHECK-LABEL: func.func @refused
func.func @refused(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-NEXT: %a = xnn.clamp %x {output_min = 0.000000e+00 : f32}
  // CHECK-NEXT: %b = aten.cumsum(%a, dim = 1) {xnn.refused = "xnnir has no conversion of aten.cumsum to XNNPACK"}
  // CHECK-NEXT: %c = xnn.tanh %b
  // ONLY-LABEL: func.func @refused
  // ONLY-NEXT: %a = aten.relu(%x) {xnn.refused = "none of the partitioner's configs selects aten.relu; ReLUConfig would select it"}
  // ONLY-NEXT: %b = aten.cumsum(%a, dim = 1) {xnn.refused = "xnnir has no conversion of aten.cumsum to XNNPACK"}
  // ONLY-NEXT: %c = xnn.tanh %b
  // QUANT-LABEL: func.func @refused
  // QUANT-NEXT: %a = aten.relu(%x) {xnn.refused = "it computes in fp32, and the partitioner takes static_quant only"}
  // QUANT:      %c = aten.tanh(%b) {xnn.refused = "it computes in fp32,
  %a = aten.relu(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = aten.cumsum(%a, dim = 1) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %c = aten.tanh(%b) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %c : tensor<2x3xf32>
}

// -----

// Reasons name what was expected and what came instead; the parameter of a refused op stays.
// CHECK-LABEL: func.func @reasons
func.func @reasons(%x: tensor<1x2x9x9xf32>, %w: tensor<2x2x3x3xf32>, %i: tensor<4xi64>) -> (tensor<1x2x3x3xf32>, tensor<1x2x7x7xf32>, tensor<4xi64>) {
  // CHECK:      aten.max_pool2d{{.*}} {xnn.refused = "stride [3, 3] larger than the window [2, 2], with dilation"}
  // CHECK-NEXT: aten.conv2d{{.*}} {xnn.refused = "XNNPACK packs the filter when the model is loaded, and this one is computed while it runs"}
  // CHECK-NEXT: aten.parameter "p"
  // CHECK-NEXT: aten.add.Tensor{{.*}} {xnn.refused = "XNNPACK computes in float32 and float16, got i64"}
  %a = aten.max_pool2d(%x, kernel_size = [2, 2], stride = [3, 3], dilation = [2, 2]) : (tensor<1x2x9x9xf32>) -> tensor<1x2x3x3xf32>
  %b = aten.conv2d(%x, %w) : (tensor<1x2x9x9xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x7x7xf32>
  %p = aten.parameter "p" dense<1> : tensor<4xi64>
  %c = aten.add.Tensor(%i, %p) : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  func.return %a, %b, %c : tensor<1x2x3x3xf32>, tensor<1x2x7x7xf32>, tensor<4xi64>
}

// -----

// A channels-last argument has an NHWC type from here on, and a channels-last result too.
// CHECK-LABEL: func.func @channels_last(%x: tensor<1x4x5x2xf32> {xnn.dim_order = array<i64: 0, 2, 3, 1>}) -> (tensor<1x4x5x2xf32> {xnn.dim_order = array<i64: 0, 2, 3, 1>}) attributes {xnn.physical} {
func.func @channels_last(%x: tensor<1x2x4x5xf32> {xnn.dim_order = array<i64: 0, 2, 3, 1>}) -> (tensor<1x2x4x5xf32> {xnn.dim_order = array<i64: 0, 2, 3, 1>}) {
  // CHECK-NEXT: %[[L:.+]] = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x5x2xf32>) -> tensor<1x2x4x5xf32>
  // CHECK-NEXT: %y = xnn.sigmoid %[[L]]
  // CHECK-NEXT: %[[P:.+]] = xnn.static_transpose %y {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x2x4x5xf32>) -> tensor<1x4x5x2xf32>
  // CHECK-NEXT: func.return %[[P]] : tensor<1x4x5x2xf32>
  %y = aten.sigmoid(%x) : (tensor<1x2x4x5xf32>) -> tensor<1x2x4x5xf32>
  func.return %y : tensor<1x2x4x5xf32>
}

// -----

// More than five tensors are concatenated by a tree.
// CHECK-LABEL: func.func @concatenate
func.func @concatenate(%x: tensor<1x?xf32>, %y: tensor<2x?xf32>) -> tensor<7x?xf32> {
  // CHECK-NEXT: %[[A:.+]] = xnn.concatenate %x, %x, %x, %x, %x {axis = 0 : i64} : {{.*}} -> tensor<5x?xf32
  // CHECK-NEXT: xnn.concatenate %[[A]], %y {axis = 0 : i64}
  // CHECK-NEXT: func.return
  %z = aten.cat([%x, %x, %x, %x, %x, %y]) : (tensor<1x?xf32>, tensor<1x?xf32>, tensor<1x?xf32>, tensor<1x?xf32>, tensor<1x?xf32>, tensor<2x?xf32>) -> tensor<7x?xf32>
  func.return %z : tensor<7x?xf32>
}

// -----

// Numbers become small constants, each once.
// CHECK-LABEL: func.func @numbers
func.func @numbers(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  // CHECK-NEXT: %[[C:.+]] = xnn.constant #xnn.weight<{{.*}}> : tensor<1xf32>
  // CHECK-NEXT: %a = xnn.add %x, %[[C]] : (tensor<?x3xf32>, tensor<1xf32>) -> tensor<?x3xf32>
  // CHECK-NEXT: %b = xnn.multiply %a, %[[C]]
  %a = aten.add.Scalar(%x, other = 2) : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %b = aten.mul.Tensor(%a, other = 2.0) : (tensor<?x3xf32>) -> tensor<?x3xf32>
  func.return %b : tensor<?x3xf32>
}

// -----

// A reshape with one dynamic size is XNNPACK's to work out; with two it is refused.
// CHECK-LABEL: func.func @reshape
func.func @reshape(%x: tensor<?x4x?xf32, #xnn.dims<["s0" <= 8, 4, "s1" <= 9]>>, %y: tensor<?x4x6xf32, #xnn.dims<["s0" <= 8, 4, 6]>>) -> (tensor<?x2x2x?xf32, #xnn.dims<["s0" <= 8, 2, 2, "s1" <= 9]>>, tensor<?x24xf32, #xnn.dims<["s0" <= 8, 24]>>) {
  // CHECK: aten.view{{.*}}xnn.refused = "expected at most one dynamic size in the result
  // CHECK-NEXT: xnn.static_reshape %y {{.*}} -> tensor<?x24xf32, #xnn.dims<["s0" <= 8, 24]>>
  %a = aten.view(%x, size = [-1, 2, 2, 9]) : (tensor<?x4x?xf32, #xnn.dims<["s0" <= 8, 4, "s1" <= 9]>>) -> tensor<?x2x2x?xf32, #xnn.dims<["s0" <= 8, 2, 2, "s1" <= 9]>>
  %b = aten.view(%y, size = [-1, 24]) : (tensor<?x4x6xf32, #xnn.dims<["s0" <= 8, 4, 6]>>) -> tensor<?x24xf32, #xnn.dims<["s0" <= 8, 24]>>
  func.return %a, %b : tensor<?x2x2x?xf32, #xnn.dims<["s0" <= 8, 2, 2, "s1" <= 9]>>, tensor<?x24xf32, #xnn.dims<["s0" <= 8, 24]>>
}

// -----

// A buffer that the program writes to is no constant: what it holds is known for the first run only.
// CHECK-LABEL: func.func @written_buffer
func.func @written_buffer(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK-NEXT: %s = aten.buffer "s"
  // CHECK-NEXT: %y = xnn.add %x, %s
  %s = aten.buffer "s" dense<[1.0, 2.0]> : tensor<2xf32>
  %y = aten.add.Tensor(%x, %s) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  aten.assign_buffer "s" = %y : tensor<2xf32>
  func.return %y : tensor<2xf32>
}

// -----

// The mean over any neighbouring dimensions is a mean over rows to files for ExecuTorch.
// CHECK-LABEL: func.func @mean
func.func @mean(%x: tensor<?x3x8xf32, #xnn.dims<["s0" <= 8, 3, 8]>>) -> tensor<?x3x1xf32, #xnn.dims<["s0" <= 8, 3, 1]>> {
  // CHECK-NEXT: xnn.static_reshape %x {{.*}} -> tensor<?x8x1x1xf32, #xnn.dims<["3*(s0)" <= 24, 8, 1, 1]>>
  // CHECK-NEXT: xnn.global_average_pooling_2d
  // CHECK-NEXT: xnn.static_reshape
  %y = aten.mean.dim(%x, dim = [-1], keepdim = true) : (tensor<?x3x8xf32, #xnn.dims<["s0" <= 8, 3, 8]>>) -> tensor<?x3x1xf32, #xnn.dims<["s0" <= 8, 3, 1]>>
  func.return %y : tensor<?x3x1xf32, #xnn.dims<["s0" <= 8, 3, 1]>>
}

// -----

// One window over everything, and far beyond: a mean.

// CHECK-LABEL: func.func @window_over_everything
// CHECK:         xnn.global_average_pooling_2d
// CHECK-NOT:     xnn.average_pooling_2d
func.func @window_over_everything(%x: tensor<1x8x7x7xf32>) -> tensor<1x8x1x1xf32> {
  %0 = aten.avg_pool2d(%x, kernel_size = [1280, 1280], stride = [1280, 1280], ceil_mode = true) : (tensor<1x8x7x7xf32>) -> tensor<1x8x1x1xf32>
  func.return %0 : tensor<1x8x1x1xf32>
}

// -----

// A linear layer of bfloat16 with a quantised weight is one of float32 between casts, where that is asked for; rows
// that were coded are not rounded to bfloat16 first.
// CHECK-LABEL: func.func @narrow_linear
// BF16-LABEL: func.func @narrow_linear
func.func @narrow_linear(%x: tensor<1x2xbf16>, %q: tensor<1x2x!xnn.qdint8<1>>) -> (tensor<1x1xbf16>, tensor<1x1xbf16>) {
  // CHECK:      %y = aten.linear({{.*}}) {xnn.refused = "it computes in bfloat16, which the partitioner takes, by way of float32, with enable_bf16=True only"}
  // BF16-NEXT: %b = xnn.constant {{.*}} : tensor<1xf32>
  // BF16-NEXT: %w = xnn.constant {{.*}} : tensor<1x2x!xnn.qint8<5.000000e-01:0>>
  // BF16-NEXT: %[[X:.+]] = aten._to_copy(%x, dtype = torch.float32)
  // BF16-NEXT: %[[W:.+]] = xnn.convert %w : {{.*}} -> tensor<1x2xf32>
  // BF16-NEXT: %[[Y:.+]] = xnn.fully_connected %[[X]], %[[W]], %b : {{.*}} -> tensor<1x1xf32>
  // BF16-NEXT: %y = aten._to_copy(%[[Y]], dtype = torch.bfloat16)
  // BF16-NEXT: %[[R:.+]] = xnn.convert %q : (tensor<1x2x!xnn.qdint8<1>>) -> tensor<1x2xf32>
  // BF16-NEXT: %[[V:.+]] = xnn.convert %w : {{.*}} -> tensor<1x2xf32>
  // BF16-NEXT: %[[Z:.+]] = xnn.fully_connected %[[R]], %[[V]] : {{.*}} -> tensor<1x1xf32>
  // BF16-NEXT: %z = aten._to_copy(%[[Z]], dtype = torch.bfloat16)
  // BF16-NEXT: func.return %y, %z
  %i = aten.parameter "w" dense<[[1, -2]]> : tensor<1x2xi8>
  %w = qdq.dequantize_per_tensor(%i, scale = 0.5, zero_point = 0, quant_min = -127, quant_max = 127, dtype = torch.int8, out_dtype = torch.bfloat16) : (tensor<1x2xi8>) -> tensor<1x2xbf16>
  %b = aten.parameter "b" dense<[1.5]> : tensor<1xbf16>
  %y = aten.linear(%x, %w, %b) : (tensor<1x2xbf16>, tensor<1x2xbf16>, tensor<1xbf16>) -> tensor<1x1xbf16>
  %r = xnn.convert %q : (tensor<1x2x!xnn.qdint8<1>>) -> tensor<1x2xf32>
  %c = aten._to_copy(%r, dtype = torch.bfloat16) : (tensor<1x2xf32>) -> tensor<1x2xbf16>
  %z = aten.linear(%c, %w) : (tensor<1x2xbf16>, tensor<1x2xbf16>) -> tensor<1x1xbf16>
  func.return %y, %z : tensor<1x1xbf16>, tensor<1x1xbf16>
}

// -----

// A leaky ReLU that leaks nothing is a ReLU.
// CHECK-LABEL: func.func @no_leak
func.func @no_leak(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %y = xnn.clamp %x {output_min = 0.000000e+00 : f32}
  %y = aten.leaky_relu(%x, negative_slope = 0) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

// The groups of a weight with one row are groups, not columns that have a scale each.
// CHECK-LABEL: func.func @one_row
func.func @one_row(%x: tensor<3x64xf32>) -> tensor<3x1xf32> {
  // CHECK: xnn.constant {{.*}} : tensor<1x64x!xnn.qbint4<0, 32, {{.*}}>>
  %i = aten.parameter "w" dense<1> : tensor<1x64xi8>
  %s = aten.parameter "s" dense<[[0.5, 0.25]]> : tensor<1x2xf32>
  %w = qdq.dequantize_affine(%i, block_size = [1, 32], scale = %s, zero_point = None, input_dtype = torch.int8, quant_min = -8, quant_max = 7) : (tensor<1x64xi8>, tensor<1x2xf32>) -> tensor<1x64xf32>
  %y = aten.linear(%x, %w) : (tensor<3x64xf32>, tensor<1x64xf32>) -> tensor<3x1xf32>
  func.return %y : tensor<3x1xf32>
}
