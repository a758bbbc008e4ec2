#include "backends/xnnpack/node_identity.h"

#include <cstring>

namespace xnnir {

namespace {

// Numbers one after the other. Each list says its length first, so that no two nodes give the same bytes.
class Writer {
public:
  template <typename T> void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    const size_t size = bytes_.size();
    bytes_.resize(size + sizeof value);
    std::memcpy(bytes_.data() + size, &value, sizeof value);
  }
  template <typename T> void list(const std::vector<T> &values) {
    number<uint64_t>(values.size());
    for (const T value : values)
      number(value);
  }
  void pair(const HeightWidth &value) {
    number(value.height);
    number(value.width);
  }
  void digest(const Digest &value) {
    number(value.low);
    number(value.high);
  }
  void value(const DelegateValue &value, const Digest &content) {
    number(static_cast<uint8_t>(value.datatype));
    const Quantization &quantization = value.quantization;
    number(static_cast<uint8_t>(quantization.kind));
    number(quantization.zero_point);
    number(quantization.scale);
    list(quantization.channel_scales);
    list(quantization.block_scales);
    number<uint64_t>(quantization.channel_dim);
    number<uint64_t>(quantization.block_size);
    number<uint64_t>(quantization.num_nonbatch_dims);
    number(value.data != nullptr);
    // Sizes of what is computed vary, and are nothing to the weights.
    if (value.data == nullptr)
      return;
    number<uint64_t>(value.shape.rank);
    for (size_t i = 0; i < value.shape.rank; ++i)
      number<uint64_t>(value.shape[i]);
    digest(content);
  }
  void convolution(const ConvParams &params) {
    number(params.padding.top);
    number(params.padding.right);
    number(params.padding.bottom);
    number(params.padding.left);
    pair(params.kernel);
    pair(params.subsampling);
    pair(params.dilation);
    pair(params.adjustment);
    number(params.groups);
    number(params.group_input_channels);
    number(params.group_output_channels);
  }
  Digest result(uint64_t seed) const { return xnnir::digest(bytes_, seed); }

private:
  std::vector<uint8_t> bytes_;
};

} // namespace

Digest node_identity(const DelegateGraph &graph, const DelegateNode &node,
                     const std::vector<Digest> &contents, uint64_t seed) {
  Writer writer;
  writer.number(static_cast<uint8_t>(node.kind));
  writer.number(node.flags);
  writer.number(node.output_min);
  writer.number(node.output_max);
  // Nodes that pack have these parameters, or none.
  if (const auto *params = std::get_if<ConvParams>(&node.params))
    writer.convolution(*params);
  writer.number<uint64_t>(node.inputs.size());
  for (const uint32_t input : node.inputs)
    writer.value(graph.values[input], contents[input]);
  for (const uint32_t output : node.outputs)
    writer.value(graph.values[output], contents[output]);
  return writer.result(seed);
}

} // namespace xnnir
