#include "backends/xnnpack/node_table.h"

namespace xnnir {

xnn_status define_convolution(const NodeDefinition &definition) {
  const auto &params = definition.params<ConvParams>();
  const DelegateNode &node = definition.node();
  return xnn_define_convolution_2d(definition.subgraph(), params.padding.top, params.padding.right,
                                   params.padding.bottom, params.padding.left, params.kernel.height,
                                   params.kernel.width, params.subsampling.height, params.subsampling.width,
                                   params.dilation.height, params.dilation.width, params.groups,
                                   params.group_input_channels, params.group_output_channels, node.output_min,
                                   node.output_max, definition.input(0), definition.input(1),
                                   definition.optional_input(2), definition.output(), node.flags);
}

xnn_status define_depthwise_convolution(const NodeDefinition &definition) {
  const auto &params = definition.params<ConvParams>();
  const DelegateNode &node = definition.node();
  return xnn_define_depthwise_convolution_2d(
      definition.subgraph(), params.padding.top, params.padding.right, params.padding.bottom,
      params.padding.left, params.kernel.height, params.kernel.width, params.subsampling.height,
      params.subsampling.width, params.dilation.height, params.dilation.width,
      /*depth_multiplier=*/params.group_output_channels,
      /*input_channels=*/params.groups, node.output_min, node.output_max, definition.input(0),
      definition.input(1), definition.optional_input(2), definition.output(), node.flags);
}

xnn_status define_deconvolution(const NodeDefinition &definition) {
  const auto &params = definition.params<ConvParams>();
  const DelegateNode &node = definition.node();
  return xnn_define_deconvolution_2d(
      definition.subgraph(), params.padding.top, params.padding.right, params.padding.bottom,
      params.padding.left, params.adjustment.height, params.adjustment.width, params.kernel.height,
      params.kernel.width, params.subsampling.height, params.subsampling.width, params.dilation.height,
      params.dilation.width, params.groups, params.group_input_channels, params.group_output_channels,
      node.output_min, node.output_max, definition.input(0), definition.input(1),
      definition.optional_input(2), definition.output(), node.flags);
}

} // namespace xnnir
