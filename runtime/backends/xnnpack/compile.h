// From a checked graph to an XNNPACK runtime.
#pragma once

#include <deque>
#include <vector>

#include "backends/xnnpack/over_read.h"
#include "backends/xnnpack/pack_weights.h"
#include "backends/xnnpack/xnnpack_types.h"
#include "format/delegate_graph.h"

namespace xnnir {

struct CompiledGraph {
  // Packed weights: the operators read them, so they go last.
  PackedWeights weights;
  std::unique_ptr<PackedLookup> lookup;
  Runtime runtime;
  // Constants that operators read when they run, where the file's own bytes lack slack or alignment.
  std::deque<PaddedBuffer> constants;
};

struct CompileOptions : PackingOptions {
  // Memory of values inside the graph. Runtimes that share one must not run at the same time.
  xnn_workspace_t workspace = nullptr;
  bool profile = false;
};

// `shapes` has the shape of each value, worked out. One operator results for each node, in order. The graph's
// constants must outlive the runtime.
//
// A refusal by XNNPACK names the node that it refuses.
Result<CompiledGraph> compile(const DelegateGraph &graph, const std::vector<Shape> &shapes,
                              const CompileOptions &options);

// XNNPACK, initialised once for the process.
Status initialize_xnnpack();

} // namespace xnnir
