#include "backends/xnnpack/shapes.h"

#include "backends/xnnpack/node_table.h"

namespace xnnir {

Status ShapeInference::output(const Shape &shape) const {
  for (uint32_t index : node_.outputs) {
    size_t bytes = 0;
    if (!count_bytes(shape, graph_.values[index].datatype, &bytes))
      return refuse("the output would be " + to_string(shape) + ", which does not fit in memory");
    shapes_[index] = shape;
  }
  return {};
}

Status ShapeInference::refuse(const std::string &why) const {
  return Status(StatusCode::kInvalidArgument, graph_.label(node_) + ": " + why);
}

Status ShapeInference::expect_rank(size_t i, size_t rank) const {
  if (input(i).rank == rank)
    return {};
  return refuse("input " + std::to_string(i) + " is " + to_string(input(i)) + ", expected rank " +
                std::to_string(rank));
}

Status infer_node_shapes(const DelegateGraph &graph, const DelegateNode &node, std::vector<Shape> &shapes) {
  return node_entry(node.kind).infer(ShapeInference(graph, node, shapes));
}

Status infer_shapes(const DelegateGraph &graph, std::vector<Shape> &shapes) {
  for (const DelegateNode &node : graph.nodes)
    XNNIR_RETURN_IF_ERROR(infer_node_shapes(graph, node, shapes));
  size_t left = graph.max_bytes;
  for (size_t i = 0; i < shapes.size(); ++i) {
    size_t bytes = 0;
    if (!count_bytes(shapes[i], graph.values[i].datatype, &bytes) || bytes > left)
      return make_status(StatusCode::kOutOfResources,
                         "xvalues[%u] has shape %s, and with it the delegate exceeds the %zu bytes that "
                         "Limits::max_tensor_bytes allows",
                         graph.values[i].position, to_string(shapes[i]).c_str(), graph.max_bytes);
    left -= bytes;
  }
  return {};
}

std::vector<Shape> declared_shapes(const DelegateGraph &graph) {
  std::vector<Shape> shapes;
  shapes.reserve(graph.values.size());
  for (const DelegateValue &value : graph.values)
    shapes.push_back(value.shape);
  return shapes;
}

} // namespace xnnir
