// Reads and checks the nodes of a delegate blob.
#pragma once

#include "format/delegate_values.h"

namespace xnnir {

// Appends to graph.nodes, whose values have been read. Every input of a node must be a constant, a graph
// input or the output of an earlier node, and every value is written once; every graph output is written.
// Kinds of node beyond the first `kinds` are refused.
Status read_delegate_nodes(const schema::xnnpack::XNNGraph &blob, const ValueIds &ids, size_t kinds,
                           DelegateGraph &graph);

} // namespace xnnir
