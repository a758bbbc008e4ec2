// A tensor as the runtime sees one: a view of memory that somebody else owns, with its shape beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "xnnir/span.h"
#include "xnnir/status.h"

namespace xnnir {

// Numbers are the .pte format's (schema/program.fbs ScalarType), which are PyTorch's.
enum class ScalarType : int8_t {
  kByte = 0,
  kChar = 1,
  kShort = 2,
  kInt = 3,
  kLong = 4,
  kHalf = 5,
  kFloat = 6,
  kDouble = 7,
  kBool = 11,
  kQInt8 = 12,
  kQUInt8 = 13,
  kQInt32 = 14,
  kBFloat16 = 15,
  kUInt16 = 27,
  kUInt32 = 28,
  kUInt64 = 29,
};

// PyTorch's short name ("float32", "int64"); "unknown" for a number that is no scalar type.
const char *to_string(ScalarType type);
// Bytes of one element; 0 for a number that is no scalar type.
size_t element_size(ScalarType type);

// How far a tensor's shape may change after load.
enum class ShapeDynamism : uint8_t { kStatic = 0, kDynamicBound = 1, kDynamicUnbound = 2 };

// Ranks above this are refused at load: the largest that PyTorch kernels and dim_order handle here.
constexpr size_t kMaxTensorRank = 16;

// Sizes are logical (PyTorch order). dim_order lists logical dimensions from outermost to innermost in
// memory: {0,1,2,3} is contiguous, {0,2,3,1} channels-last. Memory is always dense in that order.
class Tensor {
public:
  Tensor() = default;

  ScalarType dtype() const { return dtype_; }
  size_t rank() const { return rank_; }
  Span<const int32_t> sizes() const { return {sizes_, rank_}; }
  Span<const uint8_t> dim_order() const { return {dim_order_, rank_}; }
  ShapeDynamism dynamism() const { return dynamism_; }
  size_t numel() const { return numel_; }
  size_t nbytes() const { return numel_ * element_size(dtype_); }
  // Bytes of the memory behind data(): what a resize may grow to.
  size_t capacity() const { return capacity_; }
  void *data() const { return data_; }
  template <typename T> T *data_as() const { return static_cast<T *>(data_); }

  // Fills a tensor in; refuses ranks above kMaxTensorRank, negative sizes, sizes whose product overflows, a
  // dim_order that is no permutation, unknown dtypes. Leaves data null and capacity 0.
  static Result<Tensor> make(ScalarType dtype, Span<const int32_t> sizes, Span<const uint8_t> dim_order,
                             ShapeDynamism dynamism);

  // Constants of the program, and inputs that the caller lent: kernels and delegates must not write to them.
  bool read_only() const { return read_only_; }

  // Bytes from data() on that reading cannot fault at: the capacity, and slack behind it that XNNPACK may
  // read.
  size_t readable() const { return capacity_ + slack_; }

  void set_data(void *data, size_t capacity, size_t slack = 0) {
    data_ = data;
    capacity_ = capacity;
    slack_ = slack;
    read_only_ = false;
    growable_ = false;
    owned_.reset();
  }
  void set_read_only_data(const void *data, size_t capacity, size_t slack = 0) {
    set_data(const_cast<void *>(data), capacity, slack);
    read_only_ = true;
  }

  // The same memory as `other`, which stays as long as one of the two has it.
  void share_data(const Tensor &other);

  // Has the tensor take memory of its own as resizes need it: for shapes without a known bound. It begins
  // with no elements (rank 0: with one), and takes no more than `max_bytes`. Copies of the tensor share the
  // memory that it has at the time.
  Status make_growable(size_t max_bytes = PTRDIFF_MAX);
  bool growable() const { return growable_; }
  // Gives up memory that the tensor took as it grew, and its elements; nothing for others.
  void release();

  // Changes the sizes. kNotSupported when the tensor is static and the sizes differ, or when the result would
  // exceed the upper bound given to make() (kDynamicBound) or the capacity. Elements keep their place in
  // memory, also when a growable tensor takes more: kMemoryAllocationFailed when there is none,
  // kOutOfResources when it may not.
  Status resize(Span<const int32_t> sizes);

private:
  Status grow(size_t bytes);

  ScalarType dtype_ = ScalarType::kFloat;
  ShapeDynamism dynamism_ = ShapeDynamism::kStatic;
  uint8_t rank_ = 0;
  bool read_only_ = false;
  bool growable_ = false;
  uint8_t dim_order_[kMaxTensorRank] = {};
  int32_t sizes_[kMaxTensorRank] = {};
  int32_t bounds_[kMaxTensorRank] = {};
  size_t numel_ = 1;
  size_t capacity_ = 0;
  size_t slack_ = 0;
  size_t max_bytes_ = PTRDIFF_MAX;
  void *data_ = nullptr;
  // What a growable tensor took.
  std::shared_ptr<void> owned_;
};

} // namespace xnnir
