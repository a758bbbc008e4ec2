#include "backends/xnnpack/define_values.h"

#include <algorithm>

namespace xnnir {
namespace {

enum Placement : uint8_t { kUnused, kPacked, kRead };

} // namespace

bool is_packed(const DelegateGraph &graph, const DelegateNode &node, size_t i) {
  switch (node.kind) {
  case NodeKind::kConv2d:
  case NodeKind::kConvTranspose2d:
  case NodeKind::kDepthwiseConv2d:
    return i > 0;
  case NodeKind::kFullyConnected:
    // If one of filter and bias varies, both are read at every run.
    for (size_t j = 1; j < node.inputs.size(); ++j)
      if (graph.values[node.inputs[j]].data == nullptr)
        return false;
    return i > 0;
  default:
    return false;
  }
}

xnn_status define_value(xnn_subgraph_t subgraph, const DelegateValue &value, const Shape &shape,
                        const void *data, uint32_t external_id, uint32_t flags, uint32_t *id) {
  const xnn_datatype type = to_xnnpack(value.datatype);
  const Quantization &quantization = value.quantization;
  const size_t *dims = shape.sizes.data();
  switch (quantization.kind) {
  case Quantization::Kind::kNone:
    return xnn_define_tensor_value(subgraph, type, shape.rank, dims, data, external_id, flags, id);
  case Quantization::Kind::kPerTensor:
    return xnn_define_quantized_tensor_value(subgraph, type, quantization.zero_point, quantization.scale,
                                             shape.rank, dims, data, external_id, flags, id);
  case Quantization::Kind::kPerChannel:
    return xnn_define_channelwise_quantized_tensor_value_v2(
        subgraph, type, quantization.zero_point, quantization.channel_scales.data(), shape.rank,
        quantization.channel_dim, dims, data, external_id, flags, id);
  case Quantization::Kind::kPerBlock:
    return xnn_define_blockwise_quantized_tensor_value(
        subgraph, type, quantization.zero_point, quantization.block_scales.data(), shape.rank,
        quantization.channel_dim, quantization.block_size, dims, data, external_id, flags, id);
  case Quantization::Kind::kPerRow:
    return xnn_define_dynamically_quantized_tensor_value(
        subgraph, type, shape.rank, quantization.num_nonbatch_dims, dims, external_id, flags, id);
  }
  return xnn_status_invalid_parameter;
}

bool place_constants(const DelegateGraph &graph, const ByteSources *sources,
                     std::deque<PaddedBuffer> &packing, std::deque<PaddedBuffer> &running,
                     std::vector<const void *> &data) {
  std::vector<Placement> placements(graph.values.size(), kUnused);
  for (const DelegateNode &node : graph.nodes)
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      Placement &placement = placements[node.inputs[i]];
      if (!is_packed(graph, node, i))
        placement = kRead;
      else if (placement == kUnused)
        placement = kPacked;
    }

  data.assign(graph.values.size(), nullptr);
  for (size_t v = 0; v < graph.values.size(); ++v) {
    const DelegateValue &value = graph.values[v];
    if (value.data == nullptr || placements[v] == kUnused)
      continue;
    size_t bytes = 0;
    count_bytes(value.shape, value.datatype, &bytes);
    const size_t alignment = std::max<size_t>(element_bits(value.datatype) / 8, 1);
    const bool aligned = reinterpret_cast<uintptr_t>(value.data) % alignment == 0;
    data[v] = value.data;
    // Weights as a rule: the map of named data cannot say what lies behind them.
    const bool in_source =
        sources != nullptr && sources->contains({static_cast<const uint8_t *>(value.data), bytes});
    if (aligned && (in_source || over_read_is_safe(value.data, bytes, value.slack)))
      continue;
    std::deque<PaddedBuffer> &buffers = placements[v] == kPacked ? packing : running;
    buffers.emplace_back();
    data[v] = buffers.back().copy(value.data, bytes);
    if (data[v] == nullptr)
      return false;
  }
  return true;
}

} // namespace xnnir
