func.func @not_produced() {
  // expected-error@+1 {{got}}
  func.return
}

// -----

func.func @other_line(%x: tensor<1x8xf32>) {

  // expected-error {{got [1, 9]}}
  %y = xnn.softmax %x : (tensor<1x8xf32>) -> tensor<1x9xf32>
  func.return
}

// -----

func.func @other_text(%x: tensor<1x8xf32>) {
  // expected-error@+1 {{got [1, 7]}}
  %y = xnn.softmax %x : (tensor<1x8xf32>) -> tensor<1x9xf32>
  func.return
}

// -----

func.func @unexpected(%x: tensor<1x8xf32>) {
  %y = xnn.softmax %x : (tensor<1x8xf32>) -> tensor<1x9xf32>
  func.return
}
