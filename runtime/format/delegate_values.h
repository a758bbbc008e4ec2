// Reads and checks the values of a delegate blob.
#pragma once

#include <unordered_map>

#include "format/delegate_constants.h"
#include "format/delegate_graph.h"

namespace xnnir {

// From the ids that the blob's nodes use (id_out) to indices into DelegateGraph::values.
using ValueIds = std::unordered_map<uint32_t, uint32_t>;

// Fills in graph.values and graph.externals. Values of old blobs that ask for dynamic quantisation
// (dq_datatype) become two values and a Convert node at the head of graph.nodes; their id stands for the
// quantised one.
Status read_delegate_values(const schema::xnnpack::XNNGraph &blob, const DelegateConstants &constants,
                            DelegateGraph &graph, ValueIds &ids);

// Fills in value.quantization from the blob, whose path for messages is `path`. Checks that the parameters
// are of the kind that the datatype takes and fit its shape.
Status read_quantization(const schema::xnnpack::XNNQuantizedTensorValue &blob,
                         const DelegateConstants &constants, const std::string &path, DelegateValue &value);

} // namespace xnnir
