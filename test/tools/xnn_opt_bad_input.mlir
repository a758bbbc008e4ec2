// RUN: not xnn-opt %S/nothing.mlir 2>&1 | filecheck %s --check-prefix=NO-FILE
// RUN: not xnn-opt %S 2>&1 | filecheck %s --check-prefix=FOLDER
// RUN: not xnn-opt %s -o %t/none/out.mlir 2>&1 | filecheck %s --check-prefix=NO-OUTPUT
// RUN: not xnn-opt model.pte 2>&1 | filecheck %s --check-prefix=PTE
// RUN: not xnn-opt %s -p xnn-fold-pading 2>&1 | filecheck %s --check-prefix=PASS
// RUN: not xnn-opt %s -p 'xnn-partition{targt=xnnir}' 2>&1 | filecheck %s --check-prefix=OPTION
// RUN: not xnn-opt %s -p 'cse{x=1}' 2>&1 | filecheck %s --check-prefix=CSE
// RUN: not xnn-opt %s -p 'xnn-partition{target=moon}' 2>&1 | filecheck %s --check-prefix=VALUE
// RUN: not xnn-opt %s -p 'xnn-partition{target' 2>&1 | filecheck %s --check-prefix=SYNTAX
// RUN: not xnn-opt %s --not-an-option 2>&1 | filecheck %s --check-prefix=ARGUMENT

// What cannot be run is refused in one line that says what to do.

// NO-FILE:   error: {{.*}}nothing.mlir: no such file or directory
// FOLDER:    error: {{.*}}tools: is a directory
// NO-OUTPUT: error: {{.*}}out.mlir: no such file or directory
// PTE:       error: model.pte: expected IR in text; xnn-translate --pte-to-mlir reads .pte files
// PASS:      error: unknown pass 'xnn-fold-pading'; did you mean 'xnn-fold-padding'?
// OPTION:    error: pass xnn-partition: unknown option 'targt'; did you mean 'target'?
// CSE:       error: pass cse: unknown option 'x'; it has no options
// VALUE:     error: pass xnn-partition: option target: expected executorch or xnnir, got moon
// SYNTAX:      error: pipeline, column 21: expected equals, space or end of arguments here
// SYNTAX-NEXT:   xnn-partition{target
// SYNTAX-NEXT:                     ^
// ARGUMENT:  xnn-opt: error: unrecognized arguments: --not-an-option

func.func @f() {
  func.return
}
