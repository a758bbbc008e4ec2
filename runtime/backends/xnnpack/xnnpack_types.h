// Between the blob's vocabulary, XNNPACK's and the runtime's.
#pragma once

#include <memory>

#include <xnnpack.h>

#include "format/delegate_graph.h"
#include "xnnir/tensor.h"

namespace xnnir {

// Whether XNNPACK has x * sigmoid(x) as one operator: `third_party/patches/silu.patch` adds it.
#ifdef xnn_unary_silu
constexpr bool kHasSiLU = true;
#else
constexpr bool kHasSiLU = false;
#endif

// "invalid_parameter", ...: the status without its prefix.
const char *to_string(xnn_status status);

xnn_datatype to_xnnpack(Datatype type);

// Whether a tensor of that dtype may be bound to a graph input or output of that datatype.
bool accepts(Datatype type, ScalarType dtype);
// The dtype to name in messages.
ScalarType preferred_dtype(Datatype type);

struct SubgraphDeleter {
  void operator()(xnn_subgraph_t subgraph) const { xnn_delete_subgraph(subgraph); }
};
struct RuntimeDeleter {
  void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
};
struct WorkspaceDeleter {
  void operator()(xnn_workspace_t workspace) const { xnn_release_workspace(workspace); }
};
using Subgraph = std::unique_ptr<xnn_subgraph, SubgraphDeleter>;
using Runtime = std::unique_ptr<xnn_runtime, RuntimeDeleter>;
using Workspace = std::unique_ptr<xnn_workspace, WorkspaceDeleter>;

} // namespace xnnir
