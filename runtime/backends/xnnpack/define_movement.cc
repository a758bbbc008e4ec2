#include "backends/xnnpack/node_table.h"

namespace xnnir {

xnn_status define_transpose(const NodeDefinition &definition) {
  const auto &perm = definition.params<TransposeParams>().perm;
  return xnn_define_static_transpose(definition.subgraph(), perm.size(), perm.data(), definition.input(0),
                                     definition.output(), definition.node().flags);
}

xnn_status define_reshape(const NodeDefinition &definition) {
  const Shape &shape = definition.params<ReshapeParams>().new_shape;
  return xnn_define_static_reshape(definition.subgraph(), shape.rank, shape.sizes.data(), definition.input(0),
                                   definition.output(), definition.node().flags);
}

xnn_status define_slice(const NodeDefinition &definition) {
  const auto &params = definition.params<SliceParams>();
  return xnn_define_static_slice(definition.subgraph(), params.sizes.size(), params.offsets.data(),
                                 params.sizes.data(), definition.input(0), definition.output(),
                                 definition.node().flags);
}

xnn_status define_constant_pad(const NodeDefinition &definition) {
  const auto &params = definition.params<PadParams>();
  return xnn_define_static_constant_pad(definition.subgraph(), params.pre.data(), params.post.data(),
                                        params.padding_value, definition.input(0), definition.output(),
                                        definition.node().flags);
}

xnn_status define_resize_bilinear(const NodeDefinition &definition) {
  const auto &params = definition.params<ResizeParams>();
  return xnn_define_static_resize_bilinear_2d(definition.subgraph(), params.new_height, params.new_width,
                                              definition.input(0), definition.output(),
                                              definition.node().flags);
}

xnn_status define_concatenate(const NodeDefinition &definition) {
  const xnn_subgraph_t subgraph = definition.subgraph();
  const int32_t axis = definition.params<ConcatenateParams>().axis;
  const uint32_t output = definition.output();
  const uint32_t flags = definition.node().flags;
  const auto input = [&definition](size_t i) { return definition.input(i); };
  switch (definition.input_count()) {
  case 2:
    return xnn_define_concatenate2(subgraph, axis, input(0), input(1), output, flags);
  case 3:
    return xnn_define_concatenate3(subgraph, axis, input(0), input(1), input(2), output, flags);
  case 4:
    return xnn_define_concatenate4(subgraph, axis, input(0), input(1), input(2), input(3), output, flags);
  case 5:
    return xnn_define_concatenate5(subgraph, axis, input(0), input(1), input(2), input(3), input(4), output,
                                   flags);
  default:
    return xnn_status_invalid_parameter;
  }
}

xnn_status define_depth_to_space(const NodeDefinition &definition) {
  return xnn_define_depth_to_space_2d(definition.subgraph(), definition.params<BlockParams>().block_size,
                                      definition.input(0), definition.output(), definition.node().flags);
}

xnn_status define_space_to_depth(const NodeDefinition &definition) {
  return xnn_define_space_to_depth_2d(definition.subgraph(), definition.params<BlockParams>().block_size,
                                      definition.input(0), definition.output(), definition.node().flags);
}

} // namespace xnnir
