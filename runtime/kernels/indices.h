// Indices that are elements of a tensor. They are read once each, checked and used: another tensor may lie in
// the same memory, so what was checked before may have changed since.
#pragma once

#include <atomic>

#include "kernels/arguments.h"

namespace xnnir {

class Indices {
public:
  Indices() = default;
  // kInvalidType when the tensor is neither int64 nor int32.
  static Result<Indices> of(const Tensor &tensor, const char *name) {
    Indices indices;
    indices.wide_ = tensor.dtype() == ScalarType::kLong;
    indices.data_ = tensor.data();
    if (!indices.wide_ && tensor.dtype() != ScalarType::kInt)
      return make_status(StatusCode::kInvalidType, "%s has dtype %s, expected int64 or int32", name,
                         to_string(tensor.dtype()));
    return indices;
  }
  int64_t operator[](int64_t element) const {
    return wide_ ? static_cast<const int64_t *>(data_)[element]
                 : static_cast<const int32_t *>(data_)[element];
  }

private:
  const void *data_ = nullptr;
  bool wide_ = true;
};

// Whether indices lie in a dimension of `size`. Threads may share one; it keeps an index that did not.
class IndexCheck {
public:
  explicit IndexCheck(int64_t size) : size_(size) {}

  // From 0 up.
  bool accepts(int64_t index) {
    if (static_cast<uint64_t>(index) < static_cast<uint64_t>(size_))
      return true;
    reject(index, 0);
    return false;
  }
  // The same, with negative indices that count from the end; these are replaced.
  bool accepts_from_end(int64_t &index) {
    if (index >= size_ || index < -size_) {
      reject(index, -size_);
      return false;
    }
    index += index < 0 ? size_ : 0;
    return true;
  }
  Status status(const char *name) const {
    if (!failed_.load(std::memory_order_relaxed))
      return {};
    return make_status(StatusCode::kInvalidArgument, "%s has an element %lld, expected %lld to %lld", name,
                       static_cast<long long>(wrong_.load(std::memory_order_relaxed)),
                       static_cast<long long>(lowest_.load(std::memory_order_relaxed)),
                       static_cast<long long>(size_ - 1));
  }

private:
  void reject(int64_t index, int64_t lowest) {
    wrong_.store(index, std::memory_order_relaxed);
    lowest_.store(lowest, std::memory_order_relaxed);
    failed_.store(true, std::memory_order_relaxed);
  }

  int64_t size_;
  std::atomic<int64_t> wrong_ = 0;
  std::atomic<int64_t> lowest_ = 0;
  std::atomic<bool> failed_ = false;
};

} // namespace xnnir
