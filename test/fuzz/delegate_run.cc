// Delegate blobs that are read are compiled by XNNPACK and run, on arguments as their graph declares them.
#include "delegate_data.h"
#include "format/delegate_graph.h"

namespace xnnir::fuzz {
namespace {

ScalarType dtype_of(const DelegateValue &value, bool is_index) {
  switch (value.datatype) {
  case Datatype::kFp16:
    return ScalarType::kHalf;
  case Datatype::kBf16:
    return ScalarType::kBFloat16;
  case Datatype::kQInt8:
    return ScalarType::kChar;
  case Datatype::kQUInt8:
    return ScalarType::kByte;
  case Datatype::kInt32:
  case Datatype::kQInt32:
    return is_index ? ScalarType::kLong : ScalarType::kInt;
  default:
    return ScalarType::kFloat;
  }
}

bool is_index(const DelegateGraph &graph, uint32_t value) {
  for (const DelegateNode &node : graph.nodes)
    if (node.kind == NodeKind::kArgMaxPooling2d && node.outputs[1] == value)
      return true;
  return false;
}

// False for sizes that no tensor of the runtime has.
bool make_arguments(const DelegateGraph &graph, bool smaller, std::vector<Block> &blocks,
                    std::vector<Value> &values) {
  for (const uint32_t index : graph.externals) {
    const DelegateValue &value = graph.values[index];
    std::vector<int32_t> sizes;
    std::vector<uint8_t> order;
    for (size_t i = 0; i < value.shape.rank; ++i) {
      if (value.shape[i] > INT32_MAX)
        return false;
      const auto size = static_cast<int32_t>(value.shape[i]);
      sizes.push_back(smaller && i == 0 && value.is_input ? (size + 1) / 2 : size);
      order.push_back(static_cast<uint8_t>(i));
    }
    Result<Tensor> tensor =
        Tensor::make(dtype_of(value, is_index(graph, index)), sizes, order,
                     value.is_input ? ShapeDynamism::kStatic : ShapeDynamism::kDynamicBound);
    if (!tensor.ok() || tensor->nbytes() > small_limits().max_tensor_bytes)
      return false;
    blocks.emplace_back(tensor->nbytes(), tensor->dtype());
    tensor->set_data(blocks.back().data(), tensor->nbytes());
    values.emplace_back(*tensor);
  }
  return true;
}

void run(const uint8_t *data, size_t size) {
  BackendInitContext context;
  context.named_data = &any_named_data();
  context.max_bytes = small_limits().max_tensor_bytes;
  Result<std::unique_ptr<Delegate>> delegate =
      find_backend("XnnirXnnpackBackend")->init(context, {data, size});
  expect_message(delegate.status());
  if (!delegate.ok())
    return;
  Result<DelegateGraph> graph = read_delegate({data, size}, any_named_data(), kNodeKindCount);
  if (!graph.ok())
    std::abort();
  // The declared shapes, smaller ones, and the first again.
  for (const bool smaller : {false, true, false}) {
    std::vector<Block> blocks;
    std::vector<Value> values;
    if (!make_arguments(*graph, smaller, blocks, values))
      return;
    std::vector<Value *> arguments;
    for (Value &value : values)
      arguments.push_back(&value);
    expect_message((*delegate)->execute(arguments));
  }
}

} // namespace
} // namespace xnnir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  xnnir::fuzz::run(data, size);
  return 0;
}
