#include "backends/xnnpack/node_table.h"

namespace xnnir {

xnn_status define_average_pooling(const NodeDefinition &definition) {
  const auto &params = definition.params<PoolParams>();
  const DelegateNode &node = definition.node();
  return xnn_define_average_pooling_2d(definition.subgraph(), params.padding.top, params.padding.right,
                                       params.padding.bottom, params.padding.left, params.pooling.height,
                                       params.pooling.width, params.stride.height, params.stride.width,
                                       node.output_min, node.output_max, definition.input(0),
                                       definition.output(), node.flags);
}

xnn_status define_max_pooling(const NodeDefinition &definition) {
  const auto &params = definition.params<PoolParams>();
  const DelegateNode &node = definition.node();
  return xnn_define_max_pooling_2d(definition.subgraph(), params.padding.top, params.padding.right,
                                   params.padding.bottom, params.padding.left, params.pooling.height,
                                   params.pooling.width, params.stride.height, params.stride.width,
                                   params.dilation.height, params.dilation.width, node.output_min,
                                   node.output_max, definition.input(0), definition.output(), node.flags);
}

xnn_status define_argmax_pooling(const NodeDefinition &definition) {
  const auto &params = definition.params<PoolParams>();
  return xnn_define_argmax_pooling_2d(definition.subgraph(), params.padding.top, params.padding.right,
                                      params.padding.bottom, params.padding.left, params.pooling.height,
                                      params.pooling.width, definition.input(0), definition.output(0),
                                      definition.output(1), definition.node().flags);
}

// Over the middle of [N, H, W, C].
xnn_status define_global_average_pooling(const NodeDefinition &definition) {
  const size_t axes[] = {1, 2};
  return xnn_define_static_reduce(definition.subgraph(), xnn_reduce_mean, 2, axes, definition.input(0),
                                  definition.output(), definition.node().flags);
}

xnn_status define_reduce(const NodeDefinition &definition) {
  const auto &params = definition.params<ReduceParams>();
  return xnn_define_static_reduce(definition.subgraph(), params.is_mean ? xnn_reduce_mean : xnn_reduce_sum,
                                  params.axes.size(), params.axes.data(), definition.input(0),
                                  definition.output(), definition.node().flags);
}

} // namespace xnnir
