// RUN: xnn-translate --mlir-to-pte %s | xnn-translate --pte-to-mlir - --print-debuginfo | filecheck %s

// Every node that delegate files have, through a file and back. Weights come before nodes, shapes are as they were, and
// so are locations.

rt.method @forward {
  %v0 = rt.tensor : tensor<1x8x8x4xf32>
  %v1 = rt.tensor : tensor<1x8x8x4xf32>
  %v2 = rt.tensor : tensor<1x8x8x4xf32>
  %v3 = rt.tensor : tensor<1x8x8x4xf32>
  %v4 = rt.tensor : tensor<1x8x8x4xf32>
  %v5 = rt.tensor : tensor<1x8x8x4xf32>
  %v6 = rt.tensor : tensor<1x5x5x6xf32>
  %v7 = rt.tensor : tensor<1x5x4x8xf32>
  %v8 = rt.tensor : tensor<1x17x11x6xf32>
  %v9 = rt.tensor : tensor<3x8xf32>
  %v10 = rt.tensor : tensor<3x8xf32>
  %v11 = rt.tensor : tensor<3x5xf32>
  %v12 = rt.tensor : tensor<3x3xf32>
  %v13 = rt.tensor : tensor<3x3xf32>
  %v14 = rt.tensor : tensor<1x8x8x4xf32>
  %v15 = rt.tensor : tensor<1x4x8x4xf32>
  %v16 = rt.tensor : tensor<1x4x6x4xf32>
  %v17 = rt.tensor : tensor<1x4x4x4xf32>
  %v18 = rt.tensor : tensor<1x4x4x4xi32>
  %v19 = rt.tensor : tensor<1x1x1x4xf32>
  %v20 = rt.tensor : tensor<1x3x5x4xf32>
  %v21 = rt.tensor : tensor<1x3x5x4xf32>
  %v22 = rt.tensor : tensor<3x8xf32>
  %v23 = rt.tensor : tensor<3x8xf32>
  %v24 = rt.tensor : tensor<3x5x3xf32>
  %v25 = rt.tensor : tensor<3x16xf32>
  %v26 = rt.tensor : tensor<9x8xf32>
  %v27 = rt.tensor : tensor<3x32xf32>
  %v28 = rt.tensor : tensor<15x8xf32>
  %v29 = rt.tensor : tensor<1x4x4x4xf32>
  %v30 = rt.tensor : tensor<4x4xf32>
  %v31 = rt.tensor : tensor<1x4x4x4xf32>
  rt.delegate_call @delegate_0(%v0, %v1) : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>)
  rt.delegate_call @delegate_1(%v2, %v3, %v4) : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>)
  rt.delegate_call @delegate_2(%v5, %v6, %v7, %v8) : (tensor<1x8x8x4xf32>, tensor<1x5x5x6xf32>, tensor<1x5x4x8xf32>, tensor<1x17x11x6xf32>)
  rt.delegate_call @delegate_3(%v9, %v10, %v11, %v12, %v13) : (tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x5xf32>, tensor<3x3xf32>, tensor<3x3xf32>)
  rt.delegate_call @delegate_4(%v14, %v15, %v16, %v17, %v18, %v19, %v20, %v21) : (tensor<1x8x8x4xf32>, tensor<1x4x8x4xf32>, tensor<1x4x6x4xf32>, tensor<1x4x4x4xf32>, tensor<1x4x4x4xi32>, tensor<1x1x1x4xf32>, tensor<1x3x5x4xf32>, tensor<1x3x5x4xf32>)
  rt.delegate_call @delegate_5(%v22, %v23, %v24, %v25, %v26, %v27, %v28) : (tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x5x3xf32>, tensor<3x16xf32>, tensor<9x8xf32>, tensor<3x32xf32>, tensor<15x8xf32>)
  rt.delegate_call @delegate_6(%v29, %v30, %v31) : (tensor<1x4x4x4xf32>, tensor<4x4xf32>, tensor<1x4x4x4xf32>)
  rt.return() : ()
}

// Elementwise, one operand.
// CHECK-LABEL: xnn.graph @delegate_0(
xnn.graph @delegate_0(%x: tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> {
  // CHECK-NEXT: xnn.abs %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":1:0))
  %u0 = xnn.abs %x : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":1:0))
  // CHECK-NEXT: xnn.ceiling %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u1 = xnn.ceiling %u0 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.convert %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u2 = xnn.convert %u1 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.copy %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":4:0))
  %u3 = xnn.copy %u2 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":4:0))
  // CHECK-NEXT: xnn.cosine %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u4 = xnn.cosine %u3 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.exp %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u5 = xnn.exp %u4 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.floor %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":7:0))
  %u6 = xnn.floor %u5 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":7:0))
  // CHECK-NEXT: xnn.gelu %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u7 = xnn.gelu %u6 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.hardswish %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u8 = xnn.hardswish %u7 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.log %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":10:0))
  %u9 = xnn.log %u8 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":10:0))
  // CHECK-NEXT: xnn.negate %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u10 = xnn.negate %u9 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.reciprocal_square_root %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u11 = xnn.reciprocal_square_root %u10 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.sigmoid %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":13:0))
  %u12 = xnn.sigmoid %u11 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":13:0))
  // CHECK-NEXT: xnn.sine %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u13 = xnn.sine %u12 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.softmax %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u14 = xnn.softmax %u13 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.square %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":16:0))
  %u15 = xnn.square %u14 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc("a.b"("model.py":16:0))
  // CHECK-NEXT: xnn.square_root %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u16 = xnn.square_root %u15 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.tanh %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %u17 = xnn.tanh %u16 : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.clamp %{{.+}} {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %clamp = xnn.clamp %u17 {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.elu %{{.+}} {alpha = 5.000000e-01 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %elu = xnn.elu %clamp {alpha = 5.000000e-01 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.leaky_relu %{{.+}} {negative_slope = 2.500000e-01 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %leaky = xnn.leaky_relu %elu {negative_slope = 2.500000e-01 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.yield
  xnn.yield %leaky : tensor<1x8x8x4xf32>
}

// Elementwise, two operands.
// CHECK-LABEL: xnn.graph @delegate_1(
xnn.graph @delegate_1(%x: tensor<1x8x8x4xf32>, %y: tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> {
  // CHECK-NEXT: xnn.add %{{.+}}, %{{.+}} {output_min = 0.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %add = xnn.add %x, %y {output_min = 0.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.divide %{{.+}}, %{{.+}} {output_min = 0.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %divide = xnn.divide %add, %y {output_min = 0.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.multiply %{{.+}}, %{{.+}} {output_min = 0.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %multiply = xnn.multiply %divide, %y {output_min = 0.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.subtract %{{.+}}, %{{.+}} {output_min = 0.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %subtract = xnn.subtract %multiply, %y {output_min = 0.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.maximum %{{.+}}, %{{.+}} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %maximum = xnn.maximum %subtract, %y : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.minimum %{{.+}}, %{{.+}} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %minimum = xnn.minimum %maximum, %y : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.prelu %{{.+}}, %{{.+}} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> loc(unknown)
  %prelu = xnn.prelu %minimum, %y : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: xnn.yield
  xnn.yield %prelu : tensor<1x8x8x4xf32>
}

// Convolutions: asymmetric padding, strides and dilations that differ, groups, with and without bias.
// CHECK-LABEL: xnn.graph @delegate_2(
xnn.graph @delegate_2(%x: tensor<1x8x8x4xf32>) -> (tensor<1x5x5x6xf32>, tensor<1x5x4x8xf32>, tensor<1x17x11x6xf32>) {
  // CHECK-NEXT: xnn.constant #xnn.weight<w{{.+}}> : tensor<6x3x3x2xf32> loc(unknown)
  %w = xnn.constant dense<0.000000e+00> : tensor<6x3x3x2xf32>
  // CHECK-NEXT: xnn.constant #xnn.weight<w{{.+}}> : tensor<1x3x3x8xf32> loc(unknown)
  %dw = xnn.constant dense<0.000000e+00> : tensor<1x3x3x8xf32>
  // CHECK-NEXT: xnn.constant #xnn.weight<w{{.+}}> : tensor<6xf32> loc(unknown)
  %b = xnn.constant dense<0.000000e+00> : tensor<6xf32>
  // CHECK-NEXT: xnn.convolution_2d %{{.+}}, %{{.+}}, %{{.+}} {padding = array<i64: 1, 0, 2, 1>, subsampling = array<i64: 2, 1>, dilation = array<i64: 1, 2>, groups = 2 : i64, output_max = 1.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x5x5x6xf32> loc(unknown)
  %c = xnn.convolution_2d %x, %w, %b {padding = array<i64: 1, 0, 2, 1>, subsampling = array<i64: 2, 1>, dilation = array<i64: 1, 2>, groups = 2 : i64, output_max = 1.000000e+00 : f32} : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x5x5x6xf32>
  // CHECK-NEXT: xnn.depthwise_convolution_2d %{{.+}}, %{{.+}} {padding = array<i64: 0, 1, 1, 0>, subsampling = array<i64: 1, 2>, dilation = array<i64: 2, 1>} : (tensor<1x8x8x4xf32>, tensor<1x3x3x8xf32>) -> tensor<1x5x4x8xf32> loc(unknown)
  %d = xnn.depthwise_convolution_2d %x, %dw {padding = array<i64: 0, 1, 1, 0>, subsampling = array<i64: 1, 2>, dilation = array<i64: 2, 1>} : (tensor<1x8x8x4xf32>, tensor<1x3x3x8xf32>) -> tensor<1x5x4x8xf32>
  // CHECK-NEXT: xnn.deconvolution_2d %{{.+}}, %{{.+}}, %{{.+}} {padding = array<i64: 1, 0, 0, 1>, adjustment = array<i64: 1, 0>, upsampling = array<i64: 2, 1>, dilation = array<i64: 1, 2>, groups = 2 : i64} : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x17x11x6xf32> loc(unknown)
  %e = xnn.deconvolution_2d %x, %w, %b {padding = array<i64: 1, 0, 0, 1>, adjustment = array<i64: 1, 0>, upsampling = array<i64: 2, 1>, dilation = array<i64: 1, 2>, groups = 2 : i64} : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x17x11x6xf32>
  // CHECK-NEXT: xnn.yield
  xnn.yield %c, %d, %e : tensor<1x5x5x6xf32>, tensor<1x5x4x8xf32>, tensor<1x17x11x6xf32>
}

// Matrix products; weights may be values.
// CHECK-LABEL: xnn.graph @delegate_3(
xnn.graph @delegate_3(%x: tensor<3x8xf32>, %y: tensor<3x8xf32>) -> (tensor<3x5xf32>, tensor<3x3xf32>, tensor<3x3xf32>) {
  // CHECK-NEXT: xnn.constant #xnn.weight<w{{.+}}> : tensor<8x5xf32> loc(unknown)
  %f = xnn.constant dense<0.000000e+00> : tensor<8x5xf32>
  // CHECK-NEXT: xnn.fully_connected %{{.+}}, %{{.+}} {transpose_weights, output_min = -1.000000e+00 : f32} : (tensor<3x8xf32>, tensor<8x5xf32>) -> tensor<3x5xf32> loc(unknown)
  %l = xnn.fully_connected %x, %f {transpose_weights, output_min = -1.000000e+00 : f32} : (tensor<3x8xf32>, tensor<8x5xf32>) -> tensor<3x5xf32>
  // CHECK-NEXT: xnn.fully_connected %{{.+}}, %{{.+}} : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x3xf32> loc(unknown)
  %m = xnn.fully_connected %x, %y : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x3xf32>
  // CHECK-NEXT: xnn.batch_matrix_multiply %{{.+}}, %{{.+}} {transpose_b} : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x3xf32> loc(unknown)
  %n = xnn.batch_matrix_multiply %x, %y {transpose_b} : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x3xf32>
  // CHECK-NEXT: xnn.yield
  xnn.yield %l, %m, %n : tensor<3x5xf32>, tensor<3x3xf32>, tensor<3x3xf32>
}

// Windows.
// CHECK-LABEL: xnn.graph @delegate_4(
xnn.graph @delegate_4(%x: tensor<1x8x8x4xf32>) -> (tensor<1x4x8x4xf32>, tensor<1x4x6x4xf32>, tensor<1x4x4x4xf32>, tensor<1x4x4x4xi32>, tensor<1x1x1x4xf32>, tensor<1x3x5x4xf32>, tensor<1x3x5x4xf32>) {
  // CHECK-NEXT: xnn.average_pooling_2d %{{.+}} {padding = array<i64: 0, 1, 0, 1>, pooling = array<i64: 2, 3>, stride = array<i64: 2, 1>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x4xf32> loc(unknown)
  %a = xnn.average_pooling_2d %x {padding = array<i64: 0, 1, 0, 1>, pooling = array<i64: 2, 3>, stride = array<i64: 2, 1>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x4xf32>
  // CHECK-NEXT: xnn.max_pooling_2d %{{.+}} {padding = array<i64: 1, 0, 1, 0>, pooling = array<i64: 3, 2>, stride = array<i64: 2, 1>, dilation = array<i64: 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x6x4xf32> loc(unknown)
  %m = xnn.max_pooling_2d %x {padding = array<i64: 1, 0, 1, 0>, pooling = array<i64: 3, 2>, stride = array<i64: 2, 1>, dilation = array<i64: 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x6x4xf32>
  // CHECK-NEXT: xnn.argmax_pooling_2d %{{.+}} {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>} : (tensor<1x8x8x4xf32>) -> (tensor<1x4x4x4xf32>, tensor<1x4x4x4xi32>) loc(unknown)
  %v, %i = xnn.argmax_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>} : (tensor<1x8x8x4xf32>) -> (tensor<1x4x4x4xf32>, tensor<1x4x4x4xi32>)
  // CHECK-NEXT: xnn.global_average_pooling_2d %{{.+}} : (tensor<1x8x8x4xf32>) -> tensor<1x1x1x4xf32> loc(unknown)
  %g = xnn.global_average_pooling_2d %x : (tensor<1x8x8x4xf32>) -> tensor<1x1x1x4xf32>
  // CHECK-NEXT: xnn.static_resize_bilinear_2d %{{.+}} {new_size = array<i64: 3, 5>, align_corners} : (tensor<1x8x8x4xf32>) -> tensor<1x3x5x4xf32> loc(unknown)
  %r = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 3, 5>, align_corners} : (tensor<1x8x8x4xf32>) -> tensor<1x3x5x4xf32>
  // CHECK-NEXT: xnn.static_resize_bilinear_2d %{{.+}} {new_size = array<i64: 3, 5>} : (tensor<1x8x8x4xf32>) -> tensor<1x3x5x4xf32> loc(unknown)
  %s = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 3, 5>} : (tensor<1x8x8x4xf32>) -> tensor<1x3x5x4xf32>
  // CHECK-NEXT: xnn.yield
  xnn.yield %a, %m, %v, %i, %g, %r, %s : tensor<1x4x8x4xf32>, tensor<1x4x6x4xf32>, tensor<1x4x4x4xf32>, tensor<1x4x4x4xi32>, tensor<1x1x1x4xf32>, tensor<1x3x5x4xf32>, tensor<1x3x5x4xf32>
}

// Moving numbers.
// CHECK-LABEL: xnn.graph @delegate_5(
xnn.graph @delegate_5(%x: tensor<3x8xf32>, %y: tensor<3x8xf32>) -> (tensor<3x5x3xf32>, tensor<3x16xf32>, tensor<9x8xf32>, tensor<3x32xf32>, tensor<15x8xf32>) {
  // CHECK-NEXT: xnn.static_transpose %{{.+}} {perm = array<i64: 1, 0>} : (tensor<3x8xf32>) -> tensor<8x3xf32> loc(unknown)
  %t = xnn.static_transpose %x {perm = array<i64: 1, 0>} : (tensor<3x8xf32>) -> tensor<8x3xf32>
  // CHECK-NEXT: xnn.static_reshape %{{.+}} : (tensor<8x3xf32>) -> tensor<2x3x4xf32> loc(unknown)
  %r = xnn.static_reshape %t : (tensor<8x3xf32>) -> tensor<2x3x4xf32>
  // CHECK-NEXT: xnn.static_slice %{{.+}} {offsets = array<i64: 0, 1, 2>, sizes = array<i64: 2, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x2x1xf32> loc(unknown)
  %s = xnn.static_slice %r {offsets = array<i64: 0, 1, 2>, sizes = array<i64: 2, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x2x1xf32>
  // CHECK-NEXT: xnn.static_constant_pad %{{.+}} {pre_paddings = array<i64: 1, 0, 2>, post_paddings = array<i64: 0, 3, 0>, value = 1.500000e+00 : f32} : (tensor<2x2x1xf32>) -> tensor<3x5x3xf32> loc(unknown)
  %p = xnn.static_constant_pad %s {pre_paddings = array<i64: 1, 0, 2>, post_paddings = array<i64: 0, 3, 0>, value = 1.500000e+00 : f32} : (tensor<2x2x1xf32>) -> tensor<3x5x3xf32>
  // CHECK-NEXT: xnn.concatenate %{{.+}}, %{{.+}} {axis = 1 : i64} : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x16xf32> loc(unknown)
  %c2 = xnn.concatenate %x, %y {axis = 1 : i64} : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x16xf32>
  // CHECK-NEXT: xnn.concatenate %{{.+}}, %{{.+}}, %{{.+}} {axis = 0 : i64} : (tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<9x8xf32> loc(unknown)
  %c3 = xnn.concatenate %x, %y, %x {axis = 0 : i64} : (tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<9x8xf32>
  // CHECK-NEXT: xnn.concatenate %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}} {axis = 1 : i64} : (tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x32xf32> loc(unknown)
  %c4 = xnn.concatenate %x, %y, %x, %y {axis = 1 : i64} : (tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x32xf32>
  // CHECK-NEXT: xnn.concatenate %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}} {axis = 0 : i64} : (tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<15x8xf32> loc(unknown)
  %c5 = xnn.concatenate %x, %y, %x, %y, %y {axis = 0 : i64} : (tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<15x8xf32>
  // CHECK-NEXT: xnn.yield
  xnn.yield %p, %c2, %c3, %c4, %c5 : tensor<3x5x3xf32>, tensor<3x16xf32>, tensor<9x8xf32>, tensor<3x32xf32>, tensor<15x8xf32>
}

// What stock runtimes lack.
// CHECK-LABEL: xnn.graph @delegate_6(
xnn.graph @delegate_6(%x: tensor<1x4x4x4xf32>) -> (tensor<4x4xf32>, tensor<1x4x4x4xf32>) {
  // CHECK-NEXT: xnn.bankers_rounding %{{.+}} : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> loc(unknown)
  %a = xnn.bankers_rounding %x : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK-NEXT: xnn.sign %{{.+}} : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> loc(unknown)
  %b = xnn.sign %a : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK-NEXT: xnn.squared_difference %{{.+}}, %{{.+}} : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> loc(unknown)
  %c = xnn.squared_difference %b, %x : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK-NEXT: xnn.copysign %{{.+}}, %{{.+}} : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> loc(unknown)
  %d = xnn.copysign %c, %x : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK-NEXT: xnn.modulus %{{.+}}, %{{.+}} : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> loc(unknown)
  %e = xnn.modulus %d, %x : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK-NEXT: xnn.pow %{{.+}}, %{{.+}} : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> loc(unknown)
  %f = xnn.pow %e, %x : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK-NEXT: xnn.atan2 %{{.+}}, %{{.+}} : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> loc(unknown)
  %g = xnn.atan2 %f, %x : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK-NEXT: xnn.space_to_depth_2d %{{.+}} {block_size = 2 : i64} : (tensor<1x4x4x4xf32>) -> tensor<1x2x2x16xf32> loc(unknown)
  %h = xnn.space_to_depth_2d %g {block_size = 2 : i64} : (tensor<1x4x4x4xf32>) -> tensor<1x2x2x16xf32>
  // CHECK-NEXT: xnn.depth_to_space_2d %{{.+}} {block_size = 2 : i64} : (tensor<1x2x2x16xf32>) -> tensor<1x4x4x4xf32> loc(unknown)
  %i = xnn.depth_to_space_2d %h {block_size = 2 : i64} : (tensor<1x2x2x16xf32>) -> tensor<1x4x4x4xf32>
  // CHECK-NEXT: xnn.static_reduce %{{.+}} {kind = "mean", axes = array<i64: 1>, keep_dims} : (tensor<1x4x4x4xf32>) -> tensor<1x1x4x4xf32> loc(unknown)
  %j = xnn.static_reduce %i {kind = "mean", axes = array<i64: 1>, keep_dims} : (tensor<1x4x4x4xf32>) -> tensor<1x1x4x4xf32>
  // CHECK-NEXT: xnn.static_reduce %{{.+}} {kind = "sum", axes = array<i64: 0, 1>} : (tensor<1x1x4x4xf32>) -> tensor<4x4xf32> loc(unknown)
  %k = xnn.static_reduce %j {kind = "sum", axes = array<i64: 0, 1>} : (tensor<1x1x4x4xf32>) -> tensor<4x4xf32>
  // CHECK-NEXT: xnn.yield
  xnn.yield %k, %i : tensor<4x4xf32>, tensor<1x4x4x4xf32>
}
