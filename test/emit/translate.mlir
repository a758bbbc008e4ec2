// RUN: mkdir -p %t
// RUN: xnn-translate --mlir-to-pte %s -o %t/model.pte
// RUN: xnn-translate --pte-to-mlir %t/model.pte | filecheck %s --check-prefix=ELIDED
// RUN: xnn-translate --pte-to-mlir %t/model.pte --weights=inline | filecheck %s --check-prefix=INLINE
// RUN: xnn-translate --pte-to-mlir %t/model.pte --weights=inline | xnn-translate --mlir-to-pte - -o %t/again.pte
// RUN: cmp %t/model.pte %t/again.pte
// RUN: xnn-translate --pte-to-mlir %t/model.pte -o %t/elided.mlir
// RUN: not xnn-translate --mlir-to-pte %t/elided.mlir -o %t/none.pte 2>&1 | filecheck %s --check-prefix=NO-BYTES
// RUN: not xnn-translate --pte-to-mlir %s 2>&1 | filecheck %s --check-prefix=NO-PTE
// RUN: not xnn-translate --mlir-to-pte %t/model.pte -o %t/none.pte 2>&1 | filecheck %s --check-prefix=NO-TEXT
// RUN: not xnn-translate %s 2>&1 | filecheck %s --check-prefix=USAGE
// RUN: not xnn-translate --pte-to-mlir %t/nothing.pte 2>&1 | filecheck %s --check-prefix=NO-FILE

// Weights are left out, or written into the text, which is then the whole program.

// ELIDED: rt.constant #xnn.weight<w[[HASH:[0-9a-f]+]]> : tensor<2xf32>
// ELIDED-NOT: dialect_resources
// INLINE: rt.constant #xnn.weight<w[[HASH:[0-9a-f]+]]> : tensor<2xf32>
// INLINE: dialect_resources
// INLINE: w[[HASH]]: "0x0000803f00000040"
// NO-BYTES: error: the bytes of weight w{{[0-9a-f]+}} are not here
// NO-PTE: error: file identifier: expected ET12 at byte 4, got b'UN: ': not a .pte file
// NO-TEXT: error: expected text, got byte
// USAGE: expected --pte-to-mlir or --mlir-to-pte
// NO-FILE: error: {{.*}}nothing.pte: no such file or directory

rt.method @forward {
  %x = rt.tensor : tensor<2xf32>
  %one = rt.int 1
  %c = rt.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = rt.tensor : tensor<2xf32>
  rt.inputs(%x) : (tensor<2xf32>)
  rt.kernel_call "aten::add.out"(%x, %c, %one, %y, %y) : (tensor<2xf32>, tensor<2xf32>, !rt.int, tensor<2xf32>, tensor<2xf32>)
  rt.return(%y) : (tensor<2xf32>)
}
