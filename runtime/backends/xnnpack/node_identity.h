// What tells the packed weights of two nodes apart.
#pragma once

#include <vector>

#include "format/content_hash.h"
#include "format/delegate_graph.h"

namespace xnnir {

// A digest of everything about a node that XNNPACK sees when it packs: kind, parameters, datatypes, shapes,
// scales and zero points, and `contents`, which has something for each of the graph's values that stands for
// the bytes of a constant. Nodes with the same identity have the same packed weights.
Digest node_identity(const DelegateGraph &graph, const DelegateNode &node,
                     const std::vector<Digest> &contents, uint64_t seed);

} // namespace xnnir
