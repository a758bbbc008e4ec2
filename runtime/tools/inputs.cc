#include "tools/inputs.h"

#include <cstring>
#include <random>

#include "tools/npy.h"

namespace xnnir {

namespace {

// IEEE half and bfloat16 of a number that both hold exactly.
uint16_t half_bits(int eighths, bool bfloat16) {
  const float value = static_cast<float>(eighths) / 8.0f;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if (bfloat16)
    return static_cast<uint16_t>(bits >> 16);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  return magnitude == 0 ? sign : static_cast<uint16_t>(sign | ((magnitude >> 13) - (112u << 10)));
}

template <typename T> void store(std::vector<uint8_t> &bytes, size_t i, T value) {
  std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
}

std::vector<uint8_t> random_bytes(const TensorMeta &meta, std::mt19937_64 &random) {
  std::vector<uint8_t> bytes(meta.nbytes);
  const size_t element_bytes = element_size(meta.dtype);
  const size_t numel = bytes.size() / element_bytes;
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  for (size_t i = 0; i < numel; ++i) {
    const double value = uniform(random);
    switch (meta.dtype) {
    case ScalarType::kFloat:
      store(bytes, i, static_cast<float>(value));
      break;
    case ScalarType::kDouble:
      store(bytes, i, value);
      break;
    case ScalarType::kHalf:
    case ScalarType::kBFloat16:
      store(bytes, i, half_bits(static_cast<int>(value * 8), meta.dtype == ScalarType::kBFloat16));
      break;
    default:
      // 0 or 1, little-endian, of whatever width: good as a bool, as a token and as an index.
      bytes[i * element_bytes] = value < 0 ? 0 : 1;
      break;
    }
  }
  return bytes;
}

// Bytes in C order of `sizes`, rearranged to be dense in `dim_order`.
std::vector<uint8_t> to_dim_order(const std::vector<uint8_t> &bytes, const Tensor &layout) {
  const size_t rank = layout.rank();
  const size_t element_bytes = element_size(layout.dtype());
  std::vector<uint8_t> result(bytes.size());
  const std::vector<size_t> strides = dense_strides(layout);
  for (size_t n = 0; n < layout.numel(); ++n) {
    size_t rest = n;
    size_t offset = 0;
    for (size_t i = rank; i-- > 0;) {
      const size_t size = static_cast<size_t>(layout.sizes()[i]);
      offset += rest % size * strides[i];
      rest /= size;
    }
    std::memcpy(result.data() + offset * element_bytes, bytes.data() + n * element_bytes, element_bytes);
  }
  return result;
}

} // namespace

Result<Inputs> make_inputs(const MethodMeta &method, const std::vector<std::string> &paths, uint64_t seed) {
  if (!paths.empty() && paths.size() != method.inputs.size())
    return make_status(StatusCode::kInvalidArgument, "%zu inputs were given, but method '%s' takes %zu",
                       paths.size(), method.name.c_str(), method.inputs.size());
  std::mt19937_64 random(seed);
  Inputs inputs;
  for (size_t i = 0; i < method.inputs.size(); ++i) {
    const ValueMeta &meta = method.inputs[i];
    if (meta.kind != "tensor")
      return make_status(StatusCode::kNotSupported,
                         "input %zu is of kind %s: only methods of tensors can be run", i, meta.kind.c_str());
    std::vector<int32_t> sizes = meta.tensor.sizes;
    std::vector<uint8_t> bytes;
    ScalarType dtype = meta.tensor.dtype;
    if (paths.empty()) {
      bytes = random_bytes(meta.tensor, random);
    } else {
      Result<NpyArray> array = read_npy(paths[i]);
      if (!array.ok())
        return array.status();
      sizes = array->sizes;
      dtype = array->dtype;
      bytes = std::move(array->bytes);
    }
    // A wrong rank is the method's to refuse.
    std::vector<uint8_t> order = meta.tensor.dim_order;
    if (order.size() != sizes.size()) {
      order.clear();
      for (size_t j = 0; j < sizes.size(); ++j)
        order.push_back(static_cast<uint8_t>(j));
    }
    Result<Tensor> tensor =
        Tensor::make(dtype, Span<const int32_t>(sizes), Span<const uint8_t>(order), ShapeDynamism::kStatic);
    if (!tensor.ok())
      return tensor.status();
    if (!paths.empty())
      bytes = to_dim_order(bytes, *tensor);
    inputs.memory.push_back(std::move(bytes));
    tensor->set_read_only_data(inputs.memory.back().data(), inputs.memory.back().size());
    inputs.values.emplace_back(std::move(*tensor));
  }
  return inputs;
}

} // namespace xnnir
