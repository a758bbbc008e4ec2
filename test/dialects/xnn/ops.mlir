// RUN: xnn-opt %s | xnn-opt | filecheck %s
// RUN: xnn-opt %s --print-op-generic | xnn-opt | filecheck %s

// Functions of each element.
// CHECK-LABEL: func.func @unary
func.func @unary(%x: tensor<2x8xf32>) {
  // CHECK-NEXT: %0 = xnn.abs %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %0 = xnn.abs %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %1 = xnn.bankers_rounding %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = xnn.bankers_rounding %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %2 = xnn.ceiling %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = xnn.ceiling %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %3 = xnn.copy %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = xnn.copy %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %4 = xnn.cosine %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %4 = xnn.cosine %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %5 = xnn.exp %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %5 = xnn.exp %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %6 = xnn.floor %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = xnn.floor %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %7 = xnn.gelu %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %7 = xnn.gelu %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %8 = xnn.hardswish %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %8 = xnn.hardswish %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %9 = xnn.log %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %9 = xnn.log %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %10 = xnn.negate %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %10 = xnn.negate %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %11 = xnn.reciprocal_square_root %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %11 = xnn.reciprocal_square_root %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %12 = xnn.sigmoid %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %12 = xnn.sigmoid %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %13 = xnn.sine %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %13 = xnn.sine %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %14 = xnn.square %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %14 = xnn.square %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %15 = xnn.square_root %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %15 = xnn.square_root %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %16 = xnn.tanh %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %16 = xnn.tanh %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: func.return
  func.return
}

// Functions with parameters; a bound that is absent does not bind.
// CHECK-LABEL: func.func @unary_parameters
func.func @unary_parameters(%x: tensor<2x8xf32>) {
  // CHECK-NEXT: %0 = xnn.clamp %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %0 = xnn.clamp %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %1 = xnn.clamp %x {output_min = 0.000000e+00 : f32} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = xnn.clamp %x {output_min = 0.000000e+00 : f32} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %2 = xnn.clamp %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = xnn.clamp %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %3 = xnn.elu %x {alpha = 1.000000e+00 : f32} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = xnn.elu %x {alpha = 1.000000e+00 : f32} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %4 = xnn.leaky_relu %x {negative_slope = 1.000000e-02 : f32} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %4 = xnn.leaky_relu %x {negative_slope = 1.000000e-02 : f32} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: func.return
  func.return
}

// Changes of coding.
// CHECK-LABEL: func.func @convert
func.func @convert(%x: tensor<2x8xf32>, %q: tensor<2x8x!xnn.qint8<5.000000e-02:-3>>) {
  // CHECK-NEXT: %0 = xnn.convert %x : (tensor<2x8xf32>) -> tensor<2x8x!xnn.qint8<5.000000e-02:-3>>
  %0 = xnn.convert %x : (tensor<2x8xf32>) -> tensor<2x8x!xnn.qint8<5.000000e-02:-3>>
  // CHECK-NEXT: %1 = xnn.convert %q : (tensor<2x8x!xnn.qint8<5.000000e-02:-3>>) -> tensor<2x8xf32>
  %1 = xnn.convert %q : (tensor<2x8x!xnn.qint8<5.000000e-02:-3>>) -> tensor<2x8xf32>
  // CHECK-NEXT: %2 = xnn.convert %x : (tensor<2x8xf32>) -> tensor<2x8x!xnn.qdint8<1>>
  %2 = xnn.convert %x : (tensor<2x8xf32>) -> tensor<2x8x!xnn.qdint8<1>>
  // CHECK-NEXT: %3 = xnn.convert %x : (tensor<2x8xf32>) -> tensor<2x8xf16>
  %3 = xnn.convert %x : (tensor<2x8xf32>) -> tensor<2x8xf16>
  // CHECK-NEXT: func.return
  func.return
}

// Functions of two elements, broadcast as NumPy does; some clamp their results.
// CHECK-LABEL: func.func @binary
func.func @binary(%x: tensor<2x8xf32>, %b: tensor<8xf32>) {
  // CHECK-NEXT: %0 = xnn.add %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %0 = xnn.add %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %1 = xnn.divide %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %1 = xnn.divide %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %2 = xnn.maximum %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %2 = xnn.maximum %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %3 = xnn.minimum %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %3 = xnn.minimum %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %4 = xnn.multiply %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %4 = xnn.multiply %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %5 = xnn.prelu %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %5 = xnn.prelu %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %6 = xnn.squared_difference %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %6 = xnn.squared_difference %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %7 = xnn.subtract %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %7 = xnn.subtract %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %8 = xnn.add %b, %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %8 = xnn.add %b, %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %9 = xnn.divide %b, %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %9 = xnn.divide %b, %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %10 = xnn.multiply %b, %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %10 = xnn.multiply %b, %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %11 = xnn.subtract %b, %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %11 = xnn.subtract %b, %x {output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: func.return
  func.return
}

// Sizes known at run time only, with and without names and bounds, and scalars.
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: tensor<?x8xf32>, %y: tensor<?x8xf32, #xnn.dims<["s0" <= 16, 8]>>, %s: tensor<f32>) {
  // CHECK-NEXT: %0 = xnn.abs %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %0 = xnn.abs %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK-NEXT: %1 = xnn.add %y, %s : (tensor<?x8xf32, #xnn.dims<["s0" <= 16, 8]>>, tensor<f32>) -> tensor<?x8xf32, #xnn.dims<["s0" <= 16, 8]>>
  %1 = xnn.add %y, %s : (tensor<?x8xf32, #xnn.dims<["s0" <= 16, 8]>>, tensor<f32>) -> tensor<?x8xf32, #xnn.dims<["s0" <= 16, 8]>>
  // CHECK-NEXT: %2 = xnn.static_reshape %y : (tensor<?x8xf32, #xnn.dims<["s0" <= 16, 8]>>) -> tensor<?xf32, #xnn.dims<["8*s0" <= 128]>>
  %2 = xnn.static_reshape %y : (tensor<?x8xf32, #xnn.dims<["s0" <= 16, 8]>>) -> tensor<?xf32, #xnn.dims<["8*s0" <= 128]>>
  // CHECK-NEXT: func.return
  func.return
}

// Convolutions and their transposes; bias and bounds are optional.
// CHECK-LABEL: func.func @convolutions
func.func @convolutions(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>, %g: tensor<6x3x3x2xf32>, %d: tensor<1x3x3x8xf32>, %b: tensor<6xf32>, %c: tensor<8xf32>) {
  // CHECK-NEXT: %0 = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  %0 = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  // CHECK-NEXT: %1 = xnn.convolution_2d %x, %g, %b {padding = array<i64: 1, 2, 3, 4>, subsampling = array<i64: 2, 1>, dilation = array<i64: 2, 1>, groups = 2 : i64, output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<2x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<2x4x12x6xf32>
  %1 = xnn.convolution_2d %x, %g, %b {padding = array<i64: 1, 2, 3, 4>, subsampling = array<i64: 2, 1>, dilation = array<i64: 2, 1>, groups = 2 : i64, output_min = 0.000000e+00 : f32, output_max = 6.000000e+00 : f32} : (tensor<2x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<2x4x12x6xf32>
  // CHECK-NEXT: %2 = xnn.depthwise_convolution_2d %x, %d {padding = array<i64: 1, 1, 1, 1>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>, tensor<1x3x3x8xf32>) -> tensor<2x4x4x8xf32>
  %2 = xnn.depthwise_convolution_2d %x, %d {padding = array<i64: 1, 1, 1, 1>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>, tensor<1x3x3x8xf32>) -> tensor<2x4x4x8xf32>
  // CHECK-NEXT: %3 = xnn.depthwise_convolution_2d %x, %d, %c {padding = array<i64: 1, 1, 1, 1>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, output_min = 0.000000e+00 : f32} : (tensor<2x8x8x4xf32>, tensor<1x3x3x8xf32>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  %3 = xnn.depthwise_convolution_2d %x, %d, %c {padding = array<i64: 1, 1, 1, 1>, subsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, output_min = 0.000000e+00 : f32} : (tensor<2x8x8x4xf32>, tensor<1x3x3x8xf32>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  // CHECK-NEXT: %4 = xnn.deconvolution_2d %x, %w, %b {padding = array<i64: 1, 1, 1, 1>, adjustment = array<i64: 1, 1>, upsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>, tensor<6xf32>) -> tensor<2x16x16x6xf32>
  %4 = xnn.deconvolution_2d %x, %w, %b {padding = array<i64: 1, 1, 1, 1>, adjustment = array<i64: 1, 1>, upsampling = array<i64: 2, 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>, tensor<6xf32>) -> tensor<2x16x16x6xf32>
  // CHECK-NEXT: func.return
  func.return
}

// Products of matrices.
// CHECK-LABEL: func.func @products
func.func @products(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>, %t: tensor<8x4xf32>, %b: tensor<4xf32>, %y: tensor<1x8x5xf32>, %z: tensor<2x5x8xf32>) {
  // CHECK-NEXT: %0 = xnn.fully_connected %x, %w : (tensor<2x3x8xf32>, tensor<4x8xf32>) -> tensor<2x3x4xf32>
  %0 = xnn.fully_connected %x, %w : (tensor<2x3x8xf32>, tensor<4x8xf32>) -> tensor<2x3x4xf32>
  // CHECK-NEXT: %1 = xnn.fully_connected %x, %t, %b {transpose_weights, output_max = 6.000000e+00 : f32} : (tensor<2x3x8xf32>, tensor<8x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %1 = xnn.fully_connected %x, %t, %b {transpose_weights, output_max = 6.000000e+00 : f32} : (tensor<2x3x8xf32>, tensor<8x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  // CHECK-NEXT: %2 = xnn.batch_matrix_multiply %x, %y : (tensor<2x3x8xf32>, tensor<1x8x5xf32>) -> tensor<2x3x5xf32>
  %2 = xnn.batch_matrix_multiply %x, %y : (tensor<2x3x8xf32>, tensor<1x8x5xf32>) -> tensor<2x3x5xf32>
  // CHECK-NEXT: %3 = xnn.batch_matrix_multiply %x, %z {transpose_b} : (tensor<2x3x8xf32>, tensor<2x5x8xf32>) -> tensor<2x3x5xf32>
  %3 = xnn.batch_matrix_multiply %x, %z {transpose_b} : (tensor<2x3x8xf32>, tensor<2x5x8xf32>) -> tensor<2x3x5xf32>
  // CHECK-NEXT: func.return
  func.return
}

// Windows, reductions and interpolation.
// CHECK-LABEL: func.func @neighbourhoods
func.func @neighbourhoods(%x: tensor<2x8x8x4xf32>) {
  // CHECK-NEXT: %0 = xnn.average_pooling_2d %x {padding = array<i64: 0, 1, 0, 1>, pooling = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x8x8x4xf32>) -> tensor<2x4x5x4xf32>
  %0 = xnn.average_pooling_2d %x {padding = array<i64: 0, 1, 0, 1>, pooling = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x8x8x4xf32>) -> tensor<2x4x5x4xf32>
  // CHECK-NEXT: %1 = xnn.average_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>, stride = array<i64: 3, 3>, output_min = 0.000000e+00 : f32} : (tensor<2x8x8x4xf32>) -> tensor<2x3x3x4xf32>
  %1 = xnn.average_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>, stride = array<i64: 3, 3>, output_min = 0.000000e+00 : f32} : (tensor<2x8x8x4xf32>) -> tensor<2x3x3x4xf32>
  // CHECK-NEXT: %2 = xnn.max_pooling_2d %x {padding = array<i64: 1, 1, 1, 1>, pooling = array<i64: 3, 3>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>) -> tensor<2x4x4x4xf32>
  %2 = xnn.max_pooling_2d %x {padding = array<i64: 1, 1, 1, 1>, pooling = array<i64: 3, 3>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>) -> tensor<2x4x4x4xf32>
  // CHECK-NEXT: %3, %4 = xnn.argmax_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>} : (tensor<2x8x8x4xf32>) -> (tensor<2x4x4x4xf32>, tensor<2x4x4x4xi32>)
  %3, %4 = xnn.argmax_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>} : (tensor<2x8x8x4xf32>) -> (tensor<2x4x4x4xf32>, tensor<2x4x4x4xi32>)
  // CHECK-NEXT: %5 = xnn.global_average_pooling_2d %x : (tensor<2x8x8x4xf32>) -> tensor<2x1x1x4xf32>
  %5 = xnn.global_average_pooling_2d %x : (tensor<2x8x8x4xf32>) -> tensor<2x1x1x4xf32>
  // CHECK-NEXT: %6 = xnn.global_average_pooling_2d %x {output_min = 0.000000e+00 : f32} : (tensor<2x8x8x4xf32>) -> tensor<2x1x1x4xf32>
  %6 = xnn.global_average_pooling_2d %x {output_min = 0.000000e+00 : f32} : (tensor<2x8x8x4xf32>) -> tensor<2x1x1x4xf32>
  // CHECK-NEXT: %7 = xnn.static_reduce %x {kind = "mean", axes = array<i64: 1, 3>} : (tensor<2x8x8x4xf32>) -> tensor<2x8xf32>
  %7 = xnn.static_reduce %x {kind = "mean", axes = array<i64: 1, 3>} : (tensor<2x8x8x4xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %8 = xnn.static_reduce %x {kind = "sum", axes = array<i64: 0>, keep_dims} : (tensor<2x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  %8 = xnn.static_reduce %x {kind = "sum", axes = array<i64: 0>, keep_dims} : (tensor<2x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK-NEXT: %9 = xnn.softmax %x : (tensor<2x8x8x4xf32>) -> tensor<2x8x8x4xf32>
  %9 = xnn.softmax %x : (tensor<2x8x8x4xf32>) -> tensor<2x8x8x4xf32>
  // CHECK-NEXT: %10 = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 16, 12>} : (tensor<2x8x8x4xf32>) -> tensor<2x16x12x4xf32>
  %10 = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 16, 12>} : (tensor<2x8x8x4xf32>) -> tensor<2x16x12x4xf32>
  // CHECK-NEXT: %11 = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 16, 12>, align_corners} : (tensor<2x8x8x4xf32>) -> tensor<2x16x12x4xf32>
  %11 = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 16, 12>, align_corners} : (tensor<2x8x8x4xf32>) -> tensor<2x16x12x4xf32>
  // CHECK-NEXT: %12 = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 16, 12>, tensorflow_legacy_mode} : (tensor<2x8x8x4xf32>) -> tensor<2x16x12x4xf32>
  %12 = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 16, 12>, tensorflow_legacy_mode} : (tensor<2x8x8x4xf32>) -> tensor<2x16x12x4xf32>
  // CHECK-NEXT: func.return
  func.return
}

// Moves.
// CHECK-LABEL: func.func @moves
func.func @moves(%x: tensor<2x8x8x4xf32>) {
  // CHECK-NEXT: %0 = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<2x8x8x4xf32>) -> tensor<2x4x8x8xf32>
  %0 = xnn.static_transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<2x8x8x4xf32>) -> tensor<2x4x8x8xf32>
  // CHECK-NEXT: %1 = xnn.static_reshape %x : (tensor<2x8x8x4xf32>) -> tensor<16x32xf32>
  %1 = xnn.static_reshape %x : (tensor<2x8x8x4xf32>) -> tensor<16x32xf32>
  // CHECK-NEXT: %2 = xnn.static_slice %x {offsets = array<i64: 0, 1, 2, 0>, sizes = array<i64: 0, 0, 3, 4>} : (tensor<2x8x8x4xf32>) -> tensor<2x7x3x4xf32>
  %2 = xnn.static_slice %x {offsets = array<i64: 0, 1, 2, 0>, sizes = array<i64: 0, 0, 3, 4>} : (tensor<2x8x8x4xf32>) -> tensor<2x7x3x4xf32>
  // CHECK-NEXT: %3 = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1, 0, 0>, post_paddings = array<i64: 0, 0, 2, 0>, value = 1.000000e+00 : f32} : (tensor<2x8x8x4xf32>) -> tensor<2x9x10x4xf32>
  %3 = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1, 0, 0>, post_paddings = array<i64: 0, 0, 2, 0>, value = 1.000000e+00 : f32} : (tensor<2x8x8x4xf32>) -> tensor<2x9x10x4xf32>
  // CHECK-NEXT: %4 = xnn.concatenate %x, %x, %x {axis = 3 : i64} : (tensor<2x8x8x4xf32>, tensor<2x8x8x4xf32>, tensor<2x8x8x4xf32>) -> tensor<2x8x8x12xf32>
  %4 = xnn.concatenate %x, %x, %x {axis = 3 : i64} : (tensor<2x8x8x4xf32>, tensor<2x8x8x4xf32>, tensor<2x8x8x4xf32>) -> tensor<2x8x8x12xf32>
  // CHECK-NEXT: %5 = xnn.depth_to_space_2d %x {block_size = 2 : i64} : (tensor<2x8x8x4xf32>) -> tensor<2x16x16x1xf32>
  %5 = xnn.depth_to_space_2d %x {block_size = 2 : i64} : (tensor<2x8x8x4xf32>) -> tensor<2x16x16x1xf32>
  // CHECK-NEXT: func.return
  func.return
}

// Nodes that only our runtime has.
// CHECK-LABEL: func.func @ours
func.func @ours(%x: tensor<2x8xf32>, %b: tensor<8xf32>, %i: tensor<2x8x8x4xf32>) {
  // CHECK-NEXT: %0 = xnn.atan2 %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %0 = xnn.atan2 %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %1 = xnn.copysign %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %1 = xnn.copysign %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %2 = xnn.modulus %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %2 = xnn.modulus %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %3 = xnn.pow %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %3 = xnn.pow %x, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %4 = xnn.sign %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %4 = xnn.sign %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: %5 = xnn.space_to_depth_2d %i {block_size = 2 : i64} : (tensor<2x8x8x4xf32>) -> tensor<2x4x4x16xf32>
  %5 = xnn.space_to_depth_2d %i {block_size = 2 : i64} : (tensor<2x8x8x4xf32>) -> tensor<2x4x4x16xf32>
  // CHECK-NEXT: func.return
  func.return
}
