// Shapes of a graph's values, worked out from those of its inputs.
#pragma once

#include <vector>

#include "format/delegate_graph.h"

namespace xnnir {

// Fills in the shapes of the node's outputs from those of its inputs. XNNPACK computes the same when it
// reshapes, but trusts that channels and filters fit together and reads past the end where they do not; here
// they are refused.
Status infer_node_shapes(const DelegateGraph &graph, const DelegateNode &node, std::vector<Shape> &shapes);

// All nodes in order. `shapes` has the shapes of constants and graph inputs, by value; the others are filled
// in. kOutOfResources when the values take more than graph.max_bytes together.
Status infer_shapes(const DelegateGraph &graph, std::vector<Shape> &shapes);

// The declared shapes: those of constants, and of graph inputs at their upper bounds.
std::vector<Shape> declared_shapes(const DelegateGraph &graph);

// What the functions of the op families (shapes_*.cc) work with.
class ShapeInference {
public:
  ShapeInference(const DelegateGraph &graph, const DelegateNode &node, std::vector<Shape> &shapes)
      : graph_(graph), node_(node), shapes_(shapes) {}

  const DelegateNode &node() const { return node_; }
  size_t max_bytes() const { return graph_.max_bytes; }
  size_t input_count() const { return node_.inputs.size(); }
  const Shape &input(size_t i) const { return shapes_[node_.inputs[i]]; }
  template <typename Params> const Params &params() const { return std::get<Params>(node_.params); }

  // Sets every output (ArgMaxPooling2d has two, of one shape).
  Status output(const Shape &shape) const;
  // "xnodes[12] (Conv2d, where): <why>".
  Status refuse(const std::string &why) const;
  Status expect_rank(size_t i, size_t rank) const;

private:
  const DelegateGraph &graph_;
  const DelegateNode &node_;
  std::vector<Shape> &shapes_;
};

Status infer_conv(const ShapeInference &inference);
Status infer_depthwise_conv(const ShapeInference &inference);
Status infer_deconv(const ShapeInference &inference);
Status infer_pool(const ShapeInference &inference);
Status infer_argmax_pool(const ShapeInference &inference);
Status infer_global_average_pool(const ShapeInference &inference);
Status infer_fully_connected(const ShapeInference &inference);
Status infer_batch_matrix_multiply(const ShapeInference &inference);
Status infer_unary(const ShapeInference &inference);
Status infer_binary(const ShapeInference &inference);
Status infer_transpose(const ShapeInference &inference);
Status infer_reshape(const ShapeInference &inference);
Status infer_slice(const ShapeInference &inference);
Status infer_pad(const ShapeInference &inference);
Status infer_resize(const ShapeInference &inference);
Status infer_concatenate(const ShapeInference &inference);
Status infer_reduce(const ShapeInference &inference);
Status infer_depth_to_space(const ShapeInference &inference);
Status infer_space_to_depth(const ShapeInference &inference);

} // namespace xnnir
