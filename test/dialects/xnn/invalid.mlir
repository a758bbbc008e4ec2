// RUN: xnn-opt %s --split-input-file --verify-diagnostics

// Results have the shape that XNNPACK computes.

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.abs: expected a result of shape [2, 8], got [2, 9]}}
  %y = xnn.abs %x : (tensor<2x8xf32>) -> tensor<2x9xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{xnn.softmax: expected a result of shape [?, 8], got [8]}}
  %y = xnn.softmax %x : (tensor<?x8xf32>) -> tensor<8xf32>
  func.return
}

// -----

// Names of dynamic sizes fit the shape.

func.func @refused(%x: tensor<?x8xf32, #xnn.dims<["s0", 9]>>) {
  // expected-error@+1 {{expected the dimensions of #xnn.dims<["s0", 9]> to be those of the shape, got tensor<?x8xf32, #xnn.dims<["s0", 9]>>}}
  %y = xnn.abs %x : (tensor<?x8xf32, #xnn.dims<["s0", 9]>>) -> tensor<?x8xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<8xf32, "csr">) {
  // expected-error@+1 {{expected #xnn.dims as the encoding of a tensor type, got "csr"}}
  %y = xnn.abs %x : (tensor<8xf32, "csr">) -> tensor<8xf32>
  func.return
}

// -----

// Bounds are an interval.

func.func @refused(%x: tensor<8xf32>) {
  // expected-error@+1 {{xnn.clamp: expected output_min < output_max, got 1.0 and 1.0}}
  %y = xnn.clamp %x {output_min = 1.0 : f32, output_max = 1.0 : f32} : (tensor<8xf32>) -> tensor<8xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<8xf32>) {
  // expected-error@+1 {{xnn.add: expected output_min < output_max, got 1.0 and 0.0}}
  %y = xnn.add %x, %x {output_min = 1.0 : f32, output_max = 0.0 : f32} : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  func.return
}

// -----

// Operands of two-operand functions broadcast.

func.func @refused(%x: tensor<2x8xf32>, %b: tensor<4xf32>) {
  // expected-error@+1 {{xnn.add: expected shapes that broadcast, got [2, 8] and [4]}}
  %y = xnn.add %x, %b : (tensor<2x8xf32>, tensor<4xf32>) -> tensor<2x8xf32>
  func.return
}

// -----

// Convolutions.

func.func @refused(%x: tensor<8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected an NHWC input of rank 4, got tensor<8x8x4xf32>}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected a filter [output channels, height, width, input channels] of rank 4, got tensor<6x4xf32>}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x?x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected a filter of static shape, got tensor<6x?x3x4xf32>}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x?x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected groups that divide 6 output channels, got 4}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 4 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected the input's channels (groups * the filter's input channels) to be 8, got 4}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 2 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected 4 numbers in padding (top, right, bottom, left), got 2}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 1, 1>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected numbers of 0 or more in padding (top, right, bottom, left), got [1, 1, -1, 1]}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 1, 1, -1, 1>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected numbers of 1 or more in subsampling (height, width), got [0, 1]}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 0, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected numbers of 1 or more in dilation (height, width), got [1, 0]}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 0>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected the window to fit into the padded input, got 0 output rows}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 4, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>, %b: tensor<5xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected the size of the bias to be 6, got 5}}
  %y = xnn.convolution_2d %x, %w, %b {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>, tensor<5xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>, %b: tensor<1x6xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected a bias of rank 1, got tensor<1x6xf32>}}
  %y = xnn.convolution_2d %x, %w, %b {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>, tensor<1x6xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.convolution_2d: expected output_min < output_max, got 1.0 and 0.0}}
  %y = xnn.convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64, output_min = 1.0 : f32, output_max = 0.0 : f32} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x6x6x6xf32>
  func.return
}

// -----

// Depthwise convolutions.

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<4x3x3x1xf32>) {
  // expected-error@+1 {{xnn.depthwise_convolution_2d: expected the filter's first size to be 1, got 4}}
  %y = xnn.depthwise_convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>, tensor<4x3x3x1xf32>) -> tensor<2x6x6x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<1x3x3x6xf32>) {
  // expected-error@+1 {{xnn.depthwise_convolution_2d: expected output channels that are a multiple of 4 input channels, got 6}}
  %y = xnn.depthwise_convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>, tensor<1x3x3x6xf32>) -> tensor<2x6x6x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<1x3x9x4xf32>) {
  // expected-error@+1 {{xnn.depthwise_convolution_2d: expected the window to fit into the padded input, got 0 output columns}}
  %y = xnn.depthwise_convolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, subsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>, tensor<1x3x9x4xf32>) -> tensor<2x6x6x4xf32>
  func.return
}

// -----

// Transposed convolutions.

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.deconvolution_2d: expected groups that divide 6 output channels, got 0}}
  %y = xnn.deconvolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, adjustment = array<i64: 0, 0>, upsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 0 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x10x10x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.deconvolution_2d: expected numbers of 0 or more in adjustment (height, width), got [-1, 0]}}
  %y = xnn.deconvolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, adjustment = array<i64: -1, 0>, upsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x10x10x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.deconvolution_2d: expected 2 numbers in upsampling (height, width), got 1}}
  %y = xnn.deconvolution_2d %x, %w {padding = array<i64: 0, 0, 0, 0>, adjustment = array<i64: 0, 0>, upsampling = array<i64: 2>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x10x10x6xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error@+1 {{xnn.deconvolution_2d: expected the window to fit into the padded input, got 0 output rows}}
  %y = xnn.deconvolution_2d %x, %w {padding = array<i64: 5, 0, 5, 0>, adjustment = array<i64: 0, 0>, upsampling = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x8x8x4xf32>, tensor<6x3x3x4xf32>) -> tensor<2x10x10x6xf32>
  func.return
}

// -----

// Products of matrices.

func.func @refused(%x: tensor<f32>, %w: tensor<4x8xf32>) {
  // expected-error@+1 {{xnn.fully_connected: expected an input of rank 1 or more, got rank 0}}
  %y = xnn.fully_connected %x, %w : (tensor<f32>, tensor<4x8xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>, %w: tensor<4x9xf32>) {
  // expected-error@+1 {{xnn.fully_connected: expected the input's innermost size (the filter's input channels) to be 9, got 8}}
  %y = xnn.fully_connected %x, %w : (tensor<2x8xf32>, tensor<4x9xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>, %w: tensor<4x8x1xf32>) {
  // expected-error@+1 {{xnn.fully_connected: expected a filter [output channels, input channels] of rank 2, got tensor<4x8x1xf32>}}
  %y = xnn.fully_connected %x, %w : (tensor<2x8xf32>, tensor<4x8x1xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>, %b: tensor<8xf32>) {
  // expected-error@+1 {{xnn.fully_connected: expected the size of the bias to be 4, got 8}}
  %y = xnn.fully_connected %x, %w, %b {transpose_weights} : (tensor<2x8xf32>, tensor<8x4xf32>, tensor<8xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>, %w: tensor<8xf32>) {
  // expected-error@+1 {{xnn.batch_matrix_multiply: expected operands of rank 2 or more, got ranks 2 and 1}}
  %y = xnn.batch_matrix_multiply %x, %w : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>) {
  // expected-error@+1 {{xnn.batch_matrix_multiply: expected the innermost size of the first operand (the second's rows) to be 4, got 8}}
  %y = xnn.batch_matrix_multiply %x, %w {transpose_b} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  func.return
}

// -----

// Windows.

func.func @refused(%x: tensor<2x8x8x4xf32>) {
  // expected-error@+1 {{xnn.average_pooling_2d: expected the window to fit into the padded input, got 0 output rows}}
  %y = xnn.average_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 9, 2>, stride = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>) -> tensor<2x1x7x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>) {
  // expected-error@+1 {{xnn.average_pooling_2d: expected numbers of 1 or more in stride (height, width), got [0, 1]}}
  %y = xnn.average_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>, stride = array<i64: 0, 1>} : (tensor<2x8x8x4xf32>) -> tensor<2x8x8x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>) {
  // expected-error@+1 {{xnn.average_pooling_2d: expected 2 numbers in pooling (height, width), got 1}}
  %y = xnn.average_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2>, stride = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>) -> tensor<2x8x8x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>) {
  // expected-error@+1 {{xnn.max_pooling_2d: expected a stride no larger than the window, got [3, 2]}}
  %y = xnn.max_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>, stride = array<i64: 3, 2>, dilation = array<i64: 1, 1>} : (tensor<2x8x8x4xf32>) -> tensor<2x8x8x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>) {
  // expected-error@+1 {{xnn.argmax_pooling_2d: expected an index of shape [2, 4, 4, 4], got tensor<2x4x4x3xi32>}}
  %y, %i = xnn.argmax_pooling_2d %x {padding = array<i64: 0, 0, 0, 0>, pooling = array<i64: 2, 2>} : (tensor<2x8x8x4xf32>) -> (tensor<2x4x4x4xf32>, tensor<2x4x4x3xi32>)
  func.return
}

// -----

func.func @refused(%x: tensor<8x8x4xf32>) {
  // expected-error@+1 {{xnn.global_average_pooling_2d: expected an NHWC input of rank 4, got tensor<8x8x4xf32>}}
  %y = xnn.global_average_pooling_2d %x : (tensor<8x8x4xf32>) -> tensor<1x1x4xf32>
  func.return
}

// -----

// Reductions, softmax and interpolation.

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_reduce: expected kind to be sum or mean, got max}}
  %y = xnn.static_reduce %x {kind = "max", axes = array<i64: 1>} : (tensor<2x8xf32>) -> tensor<2xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_reduce: expected axes in rising order below 2, got [1, 0]}}
  %y = xnn.static_reduce %x {kind = "sum", axes = array<i64: 1, 0>} : (tensor<2x8xf32>) -> tensor<2xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_reduce: expected axes in rising order below 2, got [2]}}
  %y = xnn.static_reduce %x {kind = "sum", axes = array<i64: 2>} : (tensor<2x8xf32>) -> tensor<2xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_reduce: expected axes in rising order below 2, got []}}
  %y = xnn.static_reduce %x {kind = "sum", axes = array<i64>} : (tensor<2x8xf32>) -> tensor<2xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_reduce: expected axes in rising order below 2, got [0, 0]}}
  %y = xnn.static_reduce %x {kind = "sum", axes = array<i64: 0, 0>} : (tensor<2x8xf32>) -> tensor<2xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<f32>) {
  // expected-error@+1 {{xnn.softmax: expected an input of rank 1 or more, got rank 0}}
  %y = xnn.softmax %x : (tensor<f32>) -> tensor<f32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>) {
  // expected-error@+1 {{xnn.static_resize_bilinear_2d: expected numbers of 1 or more in new_size (height, width), got [0, 4]}}
  %y = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 0, 4>} : (tensor<2x8x8x4xf32>) -> tensor<2x0x4x4xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>) {
  // expected-error@+1 {{xnn.static_resize_bilinear_2d: expected align_corners or tensorflow_legacy_mode, got both}}
  %y = xnn.static_resize_bilinear_2d %x {new_size = array<i64: 4, 4>, align_corners, tensorflow_legacy_mode} : (tensor<2x8x8x4xf32>) -> tensor<2x4x4x4xf32>
  func.return
}

// -----

// Moves.

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_transpose: expected perm to be a permutation of 0..1, got [0, 0]}}
  %y = xnn.static_transpose %x {perm = array<i64: 0, 0>} : (tensor<2x8xf32>) -> tensor<2x2xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_transpose: expected perm to be a permutation of 0..1, got [0]}}
  %y = xnn.static_transpose %x {perm = array<i64: 0>} : (tensor<2x8xf32>) -> tensor<2xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_reshape: expected a result of 16 elements, got [5, 3] with 15}}
  %y = xnn.static_reshape %x : (tensor<2x8xf32>) -> tensor<5x3xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{xnn.static_reshape: expected at most one dynamic size in the result, got [?, ?]}}
  %y = xnn.static_reshape %x : (tensor<?x8xf32>) -> tensor<?x?xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_slice: expected offset + size of at most 8 in dimension 1, got 4 + 5}}
  %y = xnn.static_slice %x {offsets = array<i64: 0, 4>, sizes = array<i64: 0, 5>} : (tensor<2x8xf32>) -> tensor<2x5xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_slice: expected 2 numbers in offsets, got 1}}
  %y = xnn.static_slice %x {offsets = array<i64: 0>, sizes = array<i64: 0, 5>} : (tensor<2x8xf32>) -> tensor<2x5xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_constant_pad: expected numbers of 0 or more in pre_paddings, got [0, -1]}}
  %y = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, -1>, post_paddings = array<i64: 0, 0>, value = 0.0 : f32} : (tensor<2x8xf32>) -> tensor<2x7xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.static_constant_pad: expected 2 numbers in post_paddings, got 1}}
  %y = xnn.static_constant_pad %x {pre_paddings = array<i64: 0, 1>, post_paddings = array<i64: 0>, value = 0.0 : f32} : (tensor<2x8xf32>) -> tensor<2x9xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.concatenate: expected 2 to 5 operands, got 1}}
  %y = xnn.concatenate %x {axis = 0 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.concatenate: expected 2 to 5 operands, got 6}}
  %y = xnn.concatenate %x, %x, %x, %x, %x, %x {axis = 0 : i64} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<12x8xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.concatenate: expected axis in 0..1, got 2}}
  %y = xnn.concatenate %x, %x {axis = 2 : i64} : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>, %z: tensor<3x8xf32>) {
  // expected-error@+1 {{xnn.concatenate: expected operands that differ only in dimension 1, got [2, 8] and [3, 8]}}
  %y = xnn.concatenate %x, %z {axis = 1 : i64} : (tensor<2x8xf32>, tensor<3x8xf32>) -> tensor<2x16xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.depth_to_space_2d: expected an NHWC input of rank 4, got tensor<2x8xf32>}}
  %y = xnn.depth_to_space_2d %x {block_size = 2 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x8x4xf32>) {
  // expected-error@+1 {{xnn.depth_to_space_2d: expected channels that are a multiple of 3 * 3, got 4}}
  %y = xnn.depth_to_space_2d %x {block_size = 3 : i64} : (tensor<2x8x8x4xf32>) -> tensor<2x8x8x4xf32>
  func.return
}

// -----

// Constants.

func.func @refused() {
  // expected-error@+1 {{xnn.constant: expected a value of the shape of tensor<3xf32>, got tensor<2xf32>}}
  %y = xnn.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<3xf32>
  func.return
}

// -----

func.func @refused() {
  // expected-error@+1 {{xnn.constant: expected a static shape for a constant, got tensor<?xf32>}}
  %y = xnn.constant #xnn.weight<w0> : tensor<?xf32>
  func.return
}

// -----

func.func @refused() {
  // expected-error@+1 {{xnn.constant: expected #xnn.weight<...> or dense<...>, got "text"}}
  %y = xnn.constant "text" : tensor<2xf32>
  func.return
}
// -----

// Types of quantised elements.

// expected-error@+1 {{expected a positive, finite, normal scale, got 0.0}}
func.func private @refused(tensor<4x!xnn.qint8<0.0:0>>) -> ()

// -----

// expected-error@+1 {{expected a positive, finite, normal scale, got -1.0}}
func.func private @refused(tensor<2x4x!xnn.qcint8<0, [0.5, -1.0]>>) -> ()

// -----

// expected-error@+1 {{expected a zero point in -128..127 for qint8, got 128}}
func.func private @refused(tensor<4x!xnn.qint8<0.5:128>>) -> ()

// -----

// expected-error@+1 {{expected a zero point in 0..255 for quint8, got -1}}
func.func private @refused(tensor<4x!xnn.quint8<0.5:-1>>) -> ()

// -----

// expected-error@+1 {{expected a zero point in 0..0 for qint32, got 1}}
func.func private @refused(tensor<4x!xnn.qint32<0.5:1>>) -> ()

// -----

// expected-error@+1 {{expected an axis of 0 or more, got -1}}
func.func private @refused(tensor<2x4x!xnn.qcint8<-1, [0.5]>>) -> ()

// -----

// expected-error@+1 {{expected a list of scales or #xnn.weight<...>}}
func.func private @refused(tensor<2x4x!xnn.qcint8<0, 0.5>>) -> ()

// -----

// expected-error@+1 {{expected a list of scales such as [0.01, 0.02], got ["a"]}}
func.func private @refused(tensor<2x4x!xnn.qcint8<0, ["a"]>>) -> ()

// -----

// expected-error@+1 {{expected an axis of 0 or more, got -1}}
func.func private @refused(tensor<2x64x!xnn.qbint4<-1, 32, #xnn.weight<w0>>>) -> ()

// -----

// expected-error@+1 {{expected a block size that is a multiple of 32, got 16}}
func.func private @refused(tensor<2x64x!xnn.qbint4<0, 16, #xnn.weight<w0>>>) -> ()

// -----

// expected-error@+1 {{expected 1 or more non-batch dimensions, got 0}}
func.func private @refused(tensor<2x64x!xnn.qdint8<0>>) -> ()

// -----

// Graphs.

func.func @refused(%x: tensor<4xf32>) {
  // expected-error@+1 {{xnn.call: expected @missing to be an xnn.graph, got nothing}}
  xnn.call @missing(%x) : (tensor<4xf32>) -> ()
  func.return
}

// -----

func.func @refused(%x: tensor<4xf32>) {
  // expected-error@+1 {{xnn.call: expected @refused to be an xnn.graph, got func.func}}
  xnn.call @refused(%x) : (tensor<4xf32>) -> ()
  func.return
}

// -----

xnn.graph @graph(%a: tensor<4xf32>) -> tensor<4xf32> {
  xnn.yield %a : tensor<4xf32>
}
func.func @refused(%x: tensor<8xf32>) {
  // expected-error@+1 {{xnn.call: expected operands of types (tensor<4xf32>) for @graph, got (tensor<8xf32>)}}
  %y = xnn.call @graph(%x) : (tensor<8xf32>) -> tensor<4xf32>
  func.return
}

// -----

xnn.graph @graph(%a: tensor<4xf32>) -> tensor<4xf32> {
  xnn.yield %a : tensor<4xf32>
}
func.func @refused(%x: tensor<4xf32>) {
  // expected-error@+1 {{xnn.call: expected results of types (tensor<4xf32>) for @graph, got ()}}
  xnn.call @graph(%x) : (tensor<4xf32>) -> ()
  func.return
}

// -----

// expected-error@+1 {{xnn.graph: expected xnn.yield of types (tensor<8xf32>), got (tensor<4xf32>)}}
xnn.graph @refused(%a: tensor<4xf32>) -> tensor<8xf32> {
  xnn.yield %a : tensor<4xf32>
}

// -----

// expected-error@+1 {{xnn.graph: expected xnn.yield at the end, got rt.return}}
xnn.graph @refused(%a: tensor<4xf32>) {
  rt.return() : ()
}

// -----

func.func @refused(%x: tensor<4xf32>) {
  // expected-error@+1 {{xnn.subgraph: expected xnn.yield of types (tensor<4xf32>), got ()}}
  %y = xnn.subgraph (%a = %x : tensor<4xf32>) -> (tensor<4xf32>) {
    xnn.yield
  }
  func.return
}

// -----

func.func @refused(%x: tensor<4xf32>) {
  // expected-error@+1 {{xnn.subgraph: expected block arguments of types (tensor<4xf32>), got (tensor<8xf32>)}}
  "xnn.subgraph"(%x) ({
  ^bb0(%a: tensor<8xf32>):
    "xnn.yield"() : () -> ()
  }) : (tensor<4xf32>) -> ()
  func.return
}

// -----

// The axis of the scales is an axis of the tensor.
func.func @axis() {
  // expected-error@+1 {{xnn.constant: expected an axis of scales below 2, got 7}}
  %k = xnn.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8> : tensor<2x3x!xnn.qcint8<7, [0.1, 0.2, 0.3]>>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{xnn.space_to_depth_2d: expected an NHWC input of rank 4, got tensor<2x8xf32>}}
  %y = xnn.space_to_depth_2d %x {block_size = 2 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return
}

// -----

func.func @refused(%x: tensor<2x8x9x4xf32>) {
  // expected-error@+1 {{xnn.space_to_depth_2d: expected rows and columns that are multiples of 2, got 8 and 9}}
  %y = xnn.space_to_depth_2d %x {block_size = 2 : i64} : (tensor<2x8x9x4xf32>) -> tensor<2x4x4x16xf32>
  func.return
}
