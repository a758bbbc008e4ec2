#include "xnnir/tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "core/memory.h"

namespace xnnir {

namespace {

// Sizes as PyTorch prints them: "[1, 3, 224, 224]".
std::string shape_string(Span<const int32_t> sizes) {
  std::string text = "[";
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (i > 0)
      text += ", ";
    text += std::to_string(sizes[i]);
  }
  return text + "]";
}

// The number of elements; refuses what does not fit when counted in bytes, so that nbytes() cannot overflow.
// Bytes stay below PTRDIFF_MAX so that pointer differences are defined.
Result<size_t> count_elements(Span<const int32_t> sizes, size_t element_bytes) {
  const size_t limit = static_cast<size_t>(std::numeric_limits<ptrdiff_t>::max()) / element_bytes;
  size_t numel = 1;
  bool empty = false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0)
      return make_status(StatusCode::kInvalidArgument, "sizes[%zu] is %d, expected 0 or more", i, sizes[i]);
    const size_t size = static_cast<size_t>(sizes[i]);
    if (size == 0) {
      empty = true;
    } else if (numel > limit / size) {
      return make_status(StatusCode::kInvalidArgument, "sizes %s have a product beyond what memory can hold",
                         shape_string(sizes).c_str());
    } else {
      numel *= size;
    }
  }
  return empty ? size_t{0} : numel;
}

} // namespace

const char *to_string(ScalarType type) {
  switch (type) {
  case ScalarType::kByte:
    return "uint8";
  case ScalarType::kChar:
    return "int8";
  case ScalarType::kShort:
    return "int16";
  case ScalarType::kInt:
    return "int32";
  case ScalarType::kLong:
    return "int64";
  case ScalarType::kHalf:
    return "float16";
  case ScalarType::kFloat:
    return "float32";
  case ScalarType::kDouble:
    return "float64";
  case ScalarType::kBool:
    return "bool";
  case ScalarType::kQInt8:
    return "qint8";
  case ScalarType::kQUInt8:
    return "quint8";
  case ScalarType::kQInt32:
    return "qint32";
  case ScalarType::kBFloat16:
    return "bfloat16";
  case ScalarType::kUInt16:
    return "uint16";
  case ScalarType::kUInt32:
    return "uint32";
  case ScalarType::kUInt64:
    return "uint64";
  }
  return "unknown";
}

size_t element_size(ScalarType type) {
  switch (type) {
  case ScalarType::kByte:
  case ScalarType::kChar:
  case ScalarType::kBool:
  case ScalarType::kQInt8:
  case ScalarType::kQUInt8:
    return 1;
  case ScalarType::kShort:
  case ScalarType::kHalf:
  case ScalarType::kBFloat16:
  case ScalarType::kUInt16:
    return 2;
  case ScalarType::kInt:
  case ScalarType::kFloat:
  case ScalarType::kQInt32:
  case ScalarType::kUInt32:
    return 4;
  case ScalarType::kLong:
  case ScalarType::kDouble:
  case ScalarType::kUInt64:
    return 8;
  }
  return 0;
}

Result<Tensor> Tensor::make(ScalarType dtype, Span<const int32_t> sizes, Span<const uint8_t> dim_order,
                            ShapeDynamism dynamism) {
  const size_t element_bytes = element_size(dtype);
  if (element_bytes == 0)
    return make_status(StatusCode::kInvalidArgument, "scalar_type is %d, which the runtime does not know",
                       static_cast<int>(dtype));
  if (sizes.size() > kMaxTensorRank)
    return make_status(StatusCode::kInvalidArgument, "sizes has %zu dimensions, expected at most %zu",
                       sizes.size(), kMaxTensorRank);
  if (dim_order.size() != sizes.size())
    return make_status(StatusCode::kInvalidArgument,
                       "dim_order has %zu entries, expected %zu, one for each dimension", dim_order.size(),
                       sizes.size());
  if (static_cast<uint8_t>(dynamism) > static_cast<uint8_t>(ShapeDynamism::kDynamicUnbound))
    return make_status(StatusCode::kInvalidArgument, "shape_dynamism is %d, expected 0, 1 or 2",
                       static_cast<int>(dynamism));
  uint32_t seen = 0;
  for (size_t i = 0; i < dim_order.size(); ++i) {
    const uint8_t dim = dim_order[i];
    if (dim >= sizes.size() || (seen >> dim & 1) != 0)
      return make_status(StatusCode::kInvalidArgument,
                         "dim_order[%zu] is %d, expected a permutation of 0..%zu", i, dim, sizes.size() - 1);
    seen |= 1u << dim;
  }
  Result<size_t> numel = count_elements(sizes, element_bytes);
  if (!numel.ok())
    return numel.status();

  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.dynamism_ = dynamism;
  tensor.rank_ = static_cast<uint8_t>(sizes.size());
  tensor.numel_ = *numel;
  for (size_t i = 0; i < sizes.size(); ++i) {
    tensor.sizes_[i] = sizes[i];
    tensor.bounds_[i] = sizes[i];
    tensor.dim_order_[i] = dim_order[i];
  }
  return tensor;
}

Status Tensor::resize(Span<const int32_t> sizes) {
  if (sizes.size() != rank_)
    return make_status(StatusCode::kNotSupported,
                       "cannot resize a tensor of shape %s to %s: the rank is fixed",
                       shape_string(this->sizes()).c_str(), shape_string(sizes).c_str());
  // Memory may have been exchanged for smaller one since the sizes were set, so it is looked at even when
  // they stay.
  if (std::memcmp(sizes.data(), sizes_, rank_ * sizeof(sizes_[0])) == 0 &&
      (data_ == nullptr || nbytes() <= capacity_))
    return {};
  if (dynamism_ == ShapeDynamism::kStatic)
    return make_status(StatusCode::kNotSupported, "cannot resize a tensor of static shape %s to %s",
                       shape_string(this->sizes()).c_str(), shape_string(sizes).c_str());
  if (dynamism_ == ShapeDynamism::kDynamicBound)
    for (size_t i = 0; i < rank_; ++i)
      if (sizes[i] > bounds_[i])
        return make_status(StatusCode::kNotSupported,
                           "cannot resize a tensor to %s: dimension %zu is %d, above the upper bound %d",
                           shape_string(sizes).c_str(), i, sizes[i], bounds_[i]);
  Result<size_t> numel = count_elements(sizes, element_size(dtype_));
  if (!numel.ok())
    return Status(StatusCode::kNotSupported, numel.status().message());
  // Without memory behind it the tensor only describes a shape: memory that is set later is checked then.
  const size_t bytes = *numel * element_size(dtype_);
  if (growable_ && bytes > capacity_)
    XNNIR_RETURN_IF_ERROR(grow(bytes));
  if (data_ != nullptr && bytes > capacity_)
    return make_status(StatusCode::kNotSupported,
                       "cannot resize a tensor to %s: it needs %zu bytes and its memory has %zu",
                       shape_string(sizes).c_str(), bytes, capacity_);
  std::memcpy(sizes_, sizes.data(), rank_ * sizeof(sizes_[0]));
  numel_ = *numel;
  return {};
}

void Tensor::share_data(const Tensor &other) {
  std::shared_ptr<void> owned = other.owned_;
  set_data(other.data_, other.capacity_, other.slack_);
  read_only_ = other.read_only_;
  owned_ = std::move(owned);
}

Status Tensor::make_growable(size_t max_bytes) {
  set_data(nullptr, 0);
  max_bytes_ = max_bytes;
  growable_ = true;
  if (rank_ == 0)
    return grow(nbytes());
  release();
  return {};
}

void Tensor::release() {
  if (!growable_ || rank_ == 0)
    return;
  std::memset(sizes_, 0, rank_ * sizeof(sizes_[0]));
  numel_ = 0;
  set_data(nullptr, 0);
  growable_ = true;
}

// Memory is taken in steps that double, so that loops which add to a tensor do not copy it each time.
Status Tensor::grow(size_t bytes) {
  if (bytes > max_bytes_)
    return make_status(StatusCode::kOutOfResources,
                       "cannot resize a tensor: it needs %zu bytes, and Limits::max_tensor_bytes is %zu",
                       bytes, max_bytes_);
  const size_t doubled = capacity_ <= max_bytes_ / 2 ? 2 * capacity_ : capacity_;
  AlignedBuffer buffer = AlignedBuffer::allocate(std::max(bytes, doubled));
  if (buffer.data() == nullptr)
    return make_status(StatusCode::kMemoryAllocationFailed,
                       "cannot resize a tensor: there is no memory for its %zu bytes", bytes);
  if (data_ != nullptr)
    std::memcpy(buffer.data(), data_, nbytes());
  uint8_t *const data = buffer.data();
  const size_t capacity = buffer.size();
  // This may throw; until then the tensor is as it was.
  owned_ = buffer.share();
  data_ = data;
  capacity_ = capacity;
  slack_ = kOverReadBytes;
  return {};
}

} // namespace xnnir
