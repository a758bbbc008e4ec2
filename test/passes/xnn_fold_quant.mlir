// RUN: xnn-opt %s -p 'xnn-fold-quant' --split-input-file | filecheck %s

// A node between conversions takes the codings.
// CHECK-LABEL: func.func @add
func.func @add(%a: tensor<4x!xnn.qint8<0.5:1>>, %b: tensor<4x!xnn.qint8<0.25:2>>) -> tensor<4x!xnn.qint8<1.0:-3>> {
  // CHECK-NEXT: %y = xnn.add %a, %b : (tensor<4x!xnn.qint8<5.000000e-01:1>>, tensor<4x!xnn.qint8<2.500000e-01:2>>) -> tensor<4x!xnn.qint8<1.000000e+00:-3>>
  // CHECK-NEXT: func.return %y
  %0 = xnn.convert %a : (tensor<4x!xnn.qint8<0.5:1>>) -> tensor<4xf32>
  %1 = xnn.convert %b : (tensor<4x!xnn.qint8<0.25:2>>) -> tensor<4xf32>
  %2 = xnn.add %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %y = xnn.convert %2 : (tensor<4xf32>) -> tensor<4x!xnn.qint8<1.0:-3>>
  func.return %y : tensor<4x!xnn.qint8<1.0:-3>>
}

// -----

// What is dequantised and quantised alike is what it was.
// CHECK-LABEL: func.func @redundant
func.func @redundant(%x: tensor<4x!xnn.qint8<0.5:1>>) -> tensor<4x!xnn.qint8<0.5:1>> {
  // CHECK-NEXT: func.return %x
  %0 = xnn.convert %x : (tensor<4x!xnn.qint8<0.5:1>>) -> tensor<4xf32>
  %y = xnn.convert %0 : (tensor<4xf32>) -> tensor<4x!xnn.qint8<0.5:1>>
  func.return %y : tensor<4x!xnn.qint8<0.5:1>>
}

// -----

// A node that XNNPACK has for floats alone stays between its conversions, and says so.
// CHECK-LABEL: func.func @floats_only
func.func @floats_only(%x: tensor<2x4x!xnn.qint8<0.5:1>>) -> tensor<2x4x!xnn.qint8<0.0039:-128>> {
  // CHECK:      xnn.convert %x
  // CHECK-NEXT: xnn.softmax {{.*}} {xnn.not_quantized = "xnn_define_softmax takes fp32, fp16; got qint8"}
  // CHECK-NEXT: xnn.convert
  %0 = xnn.convert %x : (tensor<2x4x!xnn.qint8<0.5:1>>) -> tensor<2x4xf32>
  %1 = xnn.softmax %0 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = xnn.convert %1 : (tensor<2x4xf32>) -> tensor<2x4x!xnn.qint8<0.0039:-128>>
  func.return %y : tensor<2x4x!xnn.qint8<0.0039:-128>>
}

// -----

// Ops that only move numbers move the integers, and nodes beyond them are folded.
// CHECK-LABEL: func.func @through_moves
func.func @through_moves(%x: tensor<1x2x4x!xnn.qint8<0.5:1>>) -> tensor<8x!xnn.qint8<0.5:-128>> {
  // CHECK-NEXT: %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<1x2x4x!xnn.qint8<5.000000e-01:1>>)
  // CHECK-NEXT: %[[M:.*]] = xnn.multiply %t, %t : (tensor<1x4x2x!xnn.qint8<5.000000e-01:1>>, tensor<1x4x2x!xnn.qint8<5.000000e-01:1>>) -> tensor<1x4x2x!xnn.qint8<5.000000e-01:-128>>
  // CHECK-NEXT: %y = xnn.static_reshape %[[M]] : (tensor<1x4x2x!xnn.qint8<5.000000e-01:-128>>) -> tensor<8x!xnn.qint8<5.000000e-01:-128>>
  // CHECK-NEXT: func.return %y
  %0 = xnn.convert %x : (tensor<1x2x4x!xnn.qint8<0.5:1>>) -> tensor<1x2x4xf32>
  %t = xnn.static_transpose %0 {perm = array<i64: 0, 2, 1>} : (tensor<1x2x4xf32>) -> tensor<1x4x2xf32>
  %2 = xnn.multiply %t, %t : (tensor<1x4x2xf32>, tensor<1x4x2xf32>) -> tensor<1x4x2xf32>
  %3 = xnn.static_reshape %2 : (tensor<1x4x2xf32>) -> tensor<8xf32>
  %y = xnn.convert %3 : (tensor<8xf32>) -> tensor<8x!xnn.qint8<0.5:-128>>
  func.return %y : tensor<8x!xnn.qint8<0.5:-128>>
}

// -----

// A clamp is one of integers; where the coding has no numbers beyond it, it is nothing.
// CHECK-LABEL: func.func @clamps
func.func @clamps(%a: tensor<4x!xnn.qint8<0.5:1>>) -> (tensor<4x!xnn.qint8<0.1:-128>>, tensor<4x!xnn.qint8<0.1:-128>>) {
  // CHECK-NEXT: %[[A:.*]] = xnn.add %a, %a : ({{.*}}) -> tensor<4x!xnn.qint8<{{.*}}:-128>>
  // CHECK-NEXT: %relu6 = xnn.clamp %[[A]] {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32}
  // CHECK-NEXT: %relu = xnn.multiply %a, %a : ({{.*}}) -> tensor<4x!xnn.qint8<{{.*}}:-128>>
  // CHECK-NEXT: func.return %relu6, %relu
  %0 = xnn.convert %a : (tensor<4x!xnn.qint8<0.5:1>>) -> tensor<4xf32>
  %1 = xnn.add %0, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = xnn.clamp %1 {output_min = 0.0 : f32, output_max = 6.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %relu6 = xnn.convert %2 : (tensor<4xf32>) -> tensor<4x!xnn.qint8<0.1:-128>>
  %3 = xnn.multiply %0, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = xnn.clamp %3 {output_min = 0.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %relu = xnn.convert %4 : (tensor<4xf32>) -> tensor<4x!xnn.qint8<0.1:-128>>
  func.return %relu6, %relu : tensor<4x!xnn.qint8<0.1:-128>>, tensor<4x!xnn.qint8<0.1:-128>>
}

// -----

// Parts of a concatenation that are coded otherwise are coded anew, each by itself.
// CHECK-LABEL: func.func @concatenate
func.func @concatenate(%a: tensor<2x!xnn.qint8<0.5:1>>, %b: tensor<3x!xnn.qint8<0.25:2>>) -> tensor<5x!xnn.qint8<0.5:1>> {
  // CHECK-NEXT: %[[F:.*]] = xnn.convert %b
  // CHECK-NEXT: %[[B:.*]] = xnn.convert %[[F]] : (tensor<3xf32>) -> tensor<3x!xnn.qint8<5.000000e-01:1>>
  // CHECK-NEXT: xnn.concatenate %a, %[[B]] {axis = 0 : i64}
  %0 = xnn.convert %a : (tensor<2x!xnn.qint8<0.5:1>>) -> tensor<2xf32>
  %1 = xnn.convert %b : (tensor<3x!xnn.qint8<0.25:2>>) -> tensor<3xf32>
  %2 = xnn.concatenate %0, %1 {axis = 0 : i64} : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  %y = xnn.convert %2 : (tensor<5xf32>) -> tensor<5x!xnn.qint8<0.5:1>>
  func.return %y : tensor<5x!xnn.qint8<0.5:1>>
}

// -----

// A linear layer; its bias becomes integers at the scale of input times weight.
// CHECK-LABEL: func.func @linear
func.func @linear(%x: tensor<1x2x!xnn.qint8<0.5:1>>) -> tensor<1x2x!xnn.qint8<1.0:-3>> {
  // CHECK-NEXT: %w = xnn.constant #xnn.weight<{{.*}}> : tensor<2x2x!xnn.qcint8<0, #xnn.weight<{{.*}}>>>
  // CHECK-NEXT: %b = xnn.constant #xnn.weight<{{.*}}> : tensor<2x!xnn.qcint32<0, #xnn.weight<{{.*}}>>>
  // CHECK-NEXT: %y = xnn.fully_connected %x, %w, %b
  // CHECK-NEXT: func.return %y
  %wq = xnn.constant dense<[[1, 2], [100, -128]]> : tensor<2x2xi8> : tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>
  %b = xnn.constant dense<[1.0, -2.0]> : tensor<2xf32>
  %w = xnn.convert %wq : (tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>) -> tensor<2x2xf32>
  %0 = xnn.convert %x : (tensor<1x2x!xnn.qint8<0.5:1>>) -> tensor<1x2xf32>
  %1 = xnn.fully_connected %0, %w, %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %y = xnn.convert %1 : (tensor<1x2xf32>) -> tensor<1x2x!xnn.qint8<1.0:-3>>
  func.return %y : tensor<1x2x!xnn.qint8<1.0:-3>>
}

// -----

// The ratio of scales that XNNPACK requantises by has a limit.
// CHECK-LABEL: func.func @out_of_range
func.func @out_of_range(%x: tensor<1x2x!xnn.qint8<64.0:1>>) -> tensor<1x2x!xnn.qint8<0.125:-3>> {
  // CHECK: xnn.fully_connected {{.*}} {xnn.not_quantized = "XNNPACK wants input scale * weight scale / output scale below 256, got 256"} : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %wq = xnn.constant dense<[[1, 2], [100, -128]]> : tensor<2x2xi8> : tensor<2x2x!xnn.qint8<0.5:0>>
  %w = xnn.convert %wq : (tensor<2x2x!xnn.qint8<0.5:0>>) -> tensor<2x2xf32>
  %0 = xnn.convert %x : (tensor<1x2x!xnn.qint8<64.0:1>>) -> tensor<1x2xf32>
  %1 = xnn.fully_connected %0, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %y = xnn.convert %1 : (tensor<1x2xf32>) -> tensor<1x2x!xnn.qint8<0.125:-3>>
  func.return %y : tensor<1x2x!xnn.qint8<0.125:-3>>
}

// -----

// Weights that are not symmetric become floats for int8 activations.
// CHECK-LABEL: func.func @zero_point
func.func @zero_point(%x: tensor<1x2x!xnn.qint8<0.5:1>>) -> tensor<1x2x!xnn.qint8<1.0:-3>> {
  // CHECK:      xnn.constant #xnn.weight<{{.*}}> : tensor<2x2xf32>
  // CHECK:      xnn.fully_connected {{.*}} {xnn.not_quantized = "XNNPACK wants weights with a zero point of 0 for int8 activations"}
  %wq = xnn.constant dense<[[1, 2], [100, -128]]> : tensor<2x2xi8> : tensor<2x2x!xnn.qint8<0.5:4>>
  %w = xnn.convert %wq : (tensor<2x2x!xnn.qint8<0.5:4>>) -> tensor<2x2xf32>
  %0 = xnn.convert %x : (tensor<1x2x!xnn.qint8<0.5:1>>) -> tensor<1x2xf32>
  %1 = xnn.fully_connected %0, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %y = xnn.convert %1 : (tensor<1x2xf32>) -> tensor<1x2x!xnn.qint8<1.0:-3>>
  func.return %y : tensor<1x2x!xnn.qint8<1.0:-3>>
}

// -----

// uint8 activations take weights of uint8.
// CHECK-LABEL: func.func @unsigned
func.func @unsigned(%x: tensor<1x2x!xnn.quint8<0.5:1>>) -> tensor<1x2x!xnn.quint8<1.0:3>> {
  // CHECK-NEXT: %w = xnn.constant #xnn.weight<{{.*}}> : tensor<2x2x!xnn.quint8<5.000000e-01:132>>
  // CHECK-NEXT: %y = xnn.fully_connected %x, %w
  %wq = xnn.constant dense<[[1, 2], [100, -128]]> : tensor<2x2xi8> : tensor<2x2x!xnn.qint8<0.5:4>>
  %w = xnn.convert %wq : (tensor<2x2x!xnn.qint8<0.5:4>>) -> tensor<2x2xf32>
  %0 = xnn.convert %x : (tensor<1x2x!xnn.quint8<0.5:1>>) -> tensor<1x2xf32>
  %1 = xnn.fully_connected %0, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %y = xnn.convert %1 : (tensor<1x2xf32>) -> tensor<1x2x!xnn.quint8<1.0:3>>
  func.return %y : tensor<1x2x!xnn.quint8<1.0:3>>
}

// -----

// Rows quantised while the model runs; weights of few bits are packed, and one quantisation serves both layers.
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  // CHECK-NEXT: %[[R:.*]] = xnn.convert %x : (tensor<3x2xf32>) -> tensor<3x2x!xnn.qdint8<1>>
  // CHECK-NEXT: %[[W:.*]] = xnn.constant #xnn.weight<{{.*}}> : tensor<2x2x!xnn.qcint8<0, #xnn.weight<{{.*}}>>>
  // CHECK-NEXT: %y = xnn.fully_connected %[[R]], %[[W]] : (tensor<3x2x!xnn.qdint8<1>>, tensor<2x2x!xnn.qcint8<0, #xnn.weight<{{.*}}>>>) -> tensor<3x2xf32>
  // CHECK:      xnn.constant #xnn.weight<{{.*}}> : tensor<2x2x!xnn.qcint4<0, #xnn.weight<{{.*}}>>>
  // CHECK:      %z = xnn.fully_connected %{{.*}}, %{{.*}} : (tensor<3x2x!xnn.qdint8<1>>, tensor<2x2x!xnn.qcint4<0, #xnn.weight<{{.*}}>>>) -> tensor<3x2xf32>
  %wq = xnn.constant dense<[[1, 2], [100, -128]]> : tensor<2x2xi8> : tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>
  %vq = xnn.constant dense<[[1, 2], [7, -8]]> : tensor<2x2xi8> : tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>
  %q = xnn.convert %x : (tensor<3x2xf32>) -> tensor<3x2x!xnn.qdint8<2>>
  %0 = xnn.convert %q : (tensor<3x2x!xnn.qdint8<2>>) -> tensor<3x2xf32>
  %w = xnn.convert %wq : (tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>) -> tensor<2x2xf32>
  %v = xnn.convert %vq : (tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>) -> tensor<2x2xf32>
  %y = xnn.fully_connected %0, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %z = xnn.fully_connected %0, %v : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  func.return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}

// -----

// A convolution takes one scale for each image, and sees its input through what only moves it.
// CHECK-LABEL: func.func @dynamic_convolution
func.func @dynamic_convolution(%x: tensor<1x2x4x4xf32>) -> tensor<1x4x4x1xf32> {
  // CHECK-NEXT: %[[T:.*]] = xnn.static_transpose %x
  // CHECK-NEXT: xnn.convert %[[T]] : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2x!xnn.qdint8<3>>
  // CHECK:      xnn.convolution_2d {{.*}} : (tensor<1x4x4x2x!xnn.qdint8<3>>, tensor<1x1x1x2x!xnn.qcint8<0, #xnn.weight<{{.*}}>>>) -> tensor<1x4x4x1xf32>
  %wq = xnn.constant dense<[[[[1, 2]]]]> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!xnn.qint8<0.5:0>>
  %q = xnn.convert %x : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4x!xnn.qdint8<4>>
  %0 = xnn.convert %q : (tensor<1x2x4x4x!xnn.qdint8<4>>) -> tensor<1x2x4x4xf32>
  %t = xnn.static_transpose %0 {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x2x4x4xf32>) -> tensor<1x4x4x2xf32>
  %w = xnn.convert %wq : (tensor<1x1x1x2x!xnn.qint8<0.5:0>>) -> tensor<1x1x1x2xf32>
  %y = xnn.convolution_2d %t, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x4x4x1xf32>
  func.return %y : tensor<1x4x4x1xf32>
}

// -----

// Without a node for rows that are quantised at run time, floats are what they stand for.
// CHECK-LABEL: func.func @dynamic_without_node
func.func @dynamic_without_node(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  // CHECK-NEXT: xnn.exp %x {xnn.not_quantized = "XNNPACK takes rows quantised while the model runs in linear layers and convolutions"}
  %q = xnn.convert %x : (tensor<3x2xf32>) -> tensor<3x2x!xnn.qdint8<2>>
  %0 = xnn.convert %q : (tensor<3x2x!xnn.qdint8<2>>) -> tensor<3x2xf32>
  %y = xnn.exp %0 : (tensor<3x2xf32>) -> tensor<3x2xf32>
  func.return %y : tensor<3x2xf32>
}

// -----

// Weights alone: linear layers take them in float32, and in float16 between conversions; convolutions do not.
// CHECK-LABEL: func.func @weight_only
func.func @weight_only(%x: tensor<3x2xf32>, %h: tensor<3x2xf16>, %i: tensor<1x4x4x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf16>, tensor<1x4x4x1xf32>) {
  // CHECK:      %y = xnn.fully_connected %x, %{{.*}} : (tensor<3x2xf32>, tensor<2x2x!xnn.qcint8<0, #xnn.weight<{{.*}}>>>) -> tensor<3x2xf32>
  // CHECK:      xnn.convert %h : (tensor<3x2xf16>) -> tensor<3x2xf32>
  // CHECK:      xnn.fully_connected %{{.*}} : (tensor<3x2xf32>, tensor<2x2x!xnn.qcint8<0, #xnn.weight<{{.*}}>>>) -> tensor<3x2xf32>
  // CHECK:      xnn.convert %{{.*}} : (tensor<3x2xf32>) -> tensor<3x2xf16>
  // CHECK:      xnn.convolution_2d {{.*}}xnn.not_quantized = "XNNPACK has quantised weights for float activations in linear layers only"
  %wq = xnn.constant dense<[[1, 2], [100, -128]]> : tensor<2x2xi8> : tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>
  %w = xnn.convert %wq : (tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>) -> tensor<2x2xf32>
  %v = xnn.convert %wq : (tensor<2x2x!xnn.qcint8<0, [0.5, 0.25]>>) -> tensor<2x2xf16>
  %kq = xnn.constant dense<[[[[1, 2]]]]> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!xnn.qint8<0.5:0>>
  %k = xnn.convert %kq : (tensor<1x1x1x2x!xnn.qint8<0.5:0>>) -> tensor<1x1x1x2xf32>
  %y = xnn.fully_connected %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %z = xnn.fully_connected %h, %v : (tensor<3x2xf16>, tensor<2x2xf16>) -> tensor<3x2xf16>
  %c = xnn.convolution_2d %i, %k {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x4x4x1xf32>
  func.return %y, %z, %c : tensor<3x2xf32>, tensor<3x2xf16>, tensor<1x4x4x1xf32>
}

// -----

// Zeros are zero in every coding, so what is padded is quantised before, while it is smaller.
// CHECK-LABEL: func.func @before_padding
func.func @before_padding(%x: tensor<1x3xf32>) -> tensor<1x5x!xnn.qint8<0.5:1>> {
  // CHECK-NEXT: %0 = xnn.convert %x : (tensor<1x3xf32>) -> tensor<1x3x!xnn.qint8<5.000000e-01:1>>
  // CHECK-NEXT: %y = xnn.static_constant_pad %0 {{.*}} -> tensor<1x5x!xnn.qint8<5.000000e-01:1>>
  // CHECK-NEXT: func.return %y
  %0 = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1>, post_paddings = array<i64: 0, 1>, value = 0.0 : f32} : (tensor<1x3xf32>) -> tensor<1x5xf32>
  %y = xnn.convert %0 : (tensor<1x5xf32>) -> tensor<1x5x!xnn.qint8<0.5:1>>
  func.return %y : tensor<1x5x!xnn.qint8<0.5:1>>
}

// -----

// One has no integer in this coding.
// CHECK-LABEL: func.func @before_padding_with_ones
func.func @before_padding_with_ones(%x: tensor<1x3xf32>) -> tensor<1x5x!xnn.qint8<0.3:1>> {
  // CHECK-NEXT: xnn.static_constant_pad
  // CHECK-NEXT: xnn.convert
  %0 = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1>, post_paddings = array<i64: 0, 1>, value = 1.0 : f32} : (tensor<1x3xf32>) -> tensor<1x5xf32>
  %y = xnn.convert %0 : (tensor<1x5xf32>) -> tensor<1x5x!xnn.qint8<0.3:1>>
  func.return %y : tensor<1x5x!xnn.qint8<0.3:1>>
}
