// Defines the values of a graph in an XNNPACK subgraph.
#pragma once

#include <deque>
#include <vector>

#include "backends/xnnpack/over_read.h"
#include "backends/xnnpack/xnnpack_types.h"
#include "format/delegate_graph.h"

namespace xnnir {

// Defines one value. `data` is null unless it is a constant; `external_id` and `flags` are XNNPACK's.
xnn_status define_value(xnn_subgraph_t subgraph, const DelegateValue &value, const Shape &shape,
                        const void *data, uint32_t external_id, uint32_t flags, uint32_t *id);

// Whether XNNPACK packs input `i` of the node into memory of its own when it creates the operator.
bool is_packed(const DelegateGraph &graph, const DelegateNode &node, size_t i);

// Where XNNPACK shall read each constant: in place, or in a copy where that lacks slack or alignment.
// `sources` may be null. Constants that are packed when the runtime is created are copied to `packing`, which
// can go afterwards, others to `running`. False when there is no memory. Null for values that are no
// constants.
bool place_constants(const DelegateGraph &graph, const ByteSources *sources,
                     std::deque<PaddedBuffer> &packing, std::deque<PaddedBuffer> &running,
                     std::vector<const void *> &data);

} // namespace xnnir
