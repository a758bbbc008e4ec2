// RUN: xnn-opt --list-passes --load-pass-plugin %S/Inputs/plugin.py | filecheck %s
// RUN: xnn-opt --list-passes=all | filecheck %s --check-prefix=ALL
// RUN: not xnn-opt --list-passes=none 2>&1 | filecheck %s --check-prefix=NONE

// The list has a summary and the options of each pass, with type, default and meaning; passes of plugins are left out.

// CHECK-NOT:   test-refuse
// CHECK-LABEL: xnn-partition
// CHECK-NEXT:      Gather nodes
// CHECK-NEXT:        target: executorch or xnnir, default executorch
// CHECK-NEXT:            Who will run the file
// CHECK:             ops: string,..., default none
// CHECK-LABEL: xnn-split-per-op

// ALL:      {{^}}cse
// ALL:      {{^}}xnn-partition

// NONE: xnn-opt: error: argument --list-passes: invalid choice: 'none'
