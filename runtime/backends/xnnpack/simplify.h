// Rewrites a checked graph into the form that is handed to XNNPACK.
#pragma once

#include "format/delegate_graph.h"

namespace xnnir {

// Drops nodes that nothing depends on, gives output bounds that XNNPACK has no field for a Clamp node of
// their own, and folds: Copy away, zero padding into the convolution that reads it, Clamp into a node with
// output bounds.
//
// XNNPACK folds the same when it creates a runtime. Done here, one node of the graph stays one operator (the
// profile can name it), and cases that XNNPACK gets wrong never reach it: it keeps the bounds of a folded
// Clamp in the memory that holds the paddings of a convolution or pool, which breaks those where the lower
// bound is positive; and it leaves values behind whose only producer it removed.
void simplify(DelegateGraph &graph);

} // namespace xnnir
