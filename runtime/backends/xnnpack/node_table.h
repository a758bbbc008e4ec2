// One row for each kind of node: how its shapes follow, and how it is defined in an XNNPACK subgraph.
#pragma once

#include <vector>

#include <xnnpack.h>

#include "backends/xnnpack/shapes.h"
#include "format/delegate_graph.h"

namespace xnnir {

// Where a node's definition goes.
class NodeDefinition {
public:
  // `ids` are XNNPACK's value ids by index of the graph's values.
  NodeDefinition(xnn_subgraph_t subgraph, const DelegateNode &node, const std::vector<uint32_t> &ids)
      : subgraph_(subgraph), node_(node), ids_(ids) {}

  xnn_subgraph_t subgraph() const { return subgraph_; }
  const DelegateNode &node() const { return node_; }
  size_t input_count() const { return node_.inputs.size(); }
  uint32_t input(size_t i) const { return ids_[node_.inputs[i]]; }
  // XNN_INVALID_VALUE_ID when the node has fewer inputs.
  uint32_t optional_input(size_t i) const { return i < input_count() ? input(i) : XNN_INVALID_VALUE_ID; }
  uint32_t output(size_t i = 0) const { return ids_[node_.outputs[i]]; }
  template <typename Params> const Params &params() const { return std::get<Params>(node_.params); }

private:
  xnn_subgraph_t subgraph_;
  const DelegateNode &node_;
  const std::vector<uint32_t> &ids_;
};

// Each defines exactly one XNNPACK node: the profile counts on it.
using DefineFunction = xnn_status (*)(const NodeDefinition &definition);
using InferFunction = Status (*)(const ShapeInference &inference);

struct NodeEntry {
  InferFunction infer;
  DefineFunction define;
};

const NodeEntry &node_entry(NodeKind kind);

// Of kinds that this build was told to leave out: defines nothing, and fails.
xnn_status define_left_out(const NodeDefinition &definition);

xnn_status define_unary(const NodeDefinition &definition);
xnn_status define_softmax(const NodeDefinition &definition);
xnn_status define_copy(const NodeDefinition &definition);
xnn_status define_binary(const NodeDefinition &definition);
xnn_status define_convolution(const NodeDefinition &definition);
xnn_status define_depthwise_convolution(const NodeDefinition &definition);
xnn_status define_deconvolution(const NodeDefinition &definition);
xnn_status define_fully_connected(const NodeDefinition &definition);
xnn_status define_batch_matrix_multiply(const NodeDefinition &definition);
xnn_status define_average_pooling(const NodeDefinition &definition);
xnn_status define_max_pooling(const NodeDefinition &definition);
xnn_status define_argmax_pooling(const NodeDefinition &definition);
xnn_status define_global_average_pooling(const NodeDefinition &definition);
xnn_status define_transpose(const NodeDefinition &definition);
xnn_status define_reshape(const NodeDefinition &definition);
xnn_status define_slice(const NodeDefinition &definition);
xnn_status define_constant_pad(const NodeDefinition &definition);
xnn_status define_resize_bilinear(const NodeDefinition &definition);
xnn_status define_concatenate(const NodeDefinition &definition);
xnn_status define_reduce(const NodeDefinition &definition);
xnn_status define_depth_to_space(const NodeDefinition &definition);
xnn_status define_space_to_depth(const NodeDefinition &definition);

} // namespace xnnir
