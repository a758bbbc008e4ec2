// Tensors as dense arrays of one C++ type, for kernels that look at a tensor more than element by element.
// Whatever dtype and dim_order a tensor has, such a kernel is compiled for float, double and int64_t only; a
// tensor of that type that is contiguous is used where it lies, others are converted into memory of the call.
#pragma once

#include <memory>
#include <new>
#include <type_traits>

#include "kernels/arguments.h"
#include "kernels/promotion.h"

struct pthreadpool;

namespace xnnir {

// Memory of one call, not initialised.
template <typename T> class Scratch {
  static_assert(std::is_trivially_destructible_v<T>);

public:
  // kMemoryAllocationFailed, also when the size overflows.
  Status allocate(size_t count) {
    static_assert(std::is_trivially_default_constructible_v<T>);
    if (count > static_cast<size_t>(PTRDIFF_MAX) / sizeof(T) ||
        (count > 0 && (memory_.reset(new (std::nothrow) T[count]), memory_ == nullptr)))
      return make_status(StatusCode::kMemoryAllocationFailed, "no memory for %zu elements of %zu bytes",
                         count, sizeof(T));
    return {};
  }
  T *data() { return memory_.get(); }
  const T *data() const { return memory_.get(); }
  T &operator[](size_t i) { return memory_[i]; }

private:
  std::unique_ptr<T[]> memory_;
};

// The product of sizes that are not negative. kNotSupported when it overflows.
Result<size_t> checked_product(Span<const int64_t> sizes);

// The dtype of float, double and int64_t.
template <typename T> constexpr ScalarType dense_dtype() {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, int64_t>);
  return std::is_same_v<T, float> ? ScalarType::kFloat
                                  : (std::is_same_v<T, double> ? ScalarType::kDouble : ScalarType::kLong);
}

// True when the elements lie in the order of a contiguous tensor.
bool is_contiguous(const Tensor &tensor);

// Copies all elements in logical order to a dense array of `dtype`, and back. kInvalidType for dtypes without
// numbers (quantised ones), and for uint64, which int64 does not hold.
Status read_dense(pthreadpool *threads, const Tensor &tensor, ScalarType dtype, void *array);
Status write_dense(pthreadpool *threads, ScalarType dtype, const void *array, const Tensor &tensor);

// The elements of a tensor that is read.
template <typename T> class DenseInput {
public:
  Status read(KernelContext &context, const Tensor &tensor) {
    if (tensor.dtype() == dense_dtype<T>() && is_contiguous(tensor)) {
      data_ = tensor.data_as<T>();
      return {};
    }
    XNNIR_RETURN_IF_ERROR(copy_.allocate(tensor.numel()));
    data_ = copy_.data();
    return read_dense(context.threads(), tensor, dense_dtype<T>(), copy_.data());
  }
  const T *data() const { return data_; }

private:
  const T *data_ = nullptr;
  Scratch<T> copy_;
};

// The elements of a tensor that is written: prepare() once it has its sizes, fill data(), then store().
template <typename T> class DenseOutput {
public:
  Status prepare(Tensor &tensor) {
    tensor_ = &tensor;
    if (tensor.dtype() == dense_dtype<T>() && is_contiguous(tensor)) {
      data_ = tensor.data_as<T>();
      return {};
    }
    XNNIR_RETURN_IF_ERROR(copy_.allocate(tensor.numel()));
    data_ = copy_.data();
    return {};
  }
  Status store(KernelContext &context) const {
    return copy_.data() == nullptr ? Status()
                                   : write_dense(context.threads(), dense_dtype<T>(), copy_.data(), *tensor_);
  }
  T *data() const { return data_; }

private:
  Tensor *tensor_ = nullptr;
  T *data_ = nullptr;
  Scratch<T> copy_;
};

// Calls visit(T{}) with the type that a kernel computes in for tensors of `dtype`: double for double, float
// for the other floating ones, int64_t for bool and integers. kInvalidType for others, and for uint64.
Status unsupported_dtype(ScalarType dtype, const char *name, const char *expected);
template <typename Visit> Status with_floating_type(ScalarType dtype, const char *name, const Visit &visit) {
  if (dtype == ScalarType::kDouble)
    return visit(double{});
  if (is_floating(dtype))
    return visit(float{});
  return unsupported_dtype(dtype, name, "a floating one");
}
template <typename Visit> Status with_real_type(ScalarType dtype, const char *name, const Visit &visit) {
  if (dtype == ScalarType::kBool || (is_integral(dtype) && dtype != ScalarType::kUInt64))
    return visit(int64_t{});
  if (dtype == ScalarType::kDouble)
    return visit(double{});
  if (is_floating(dtype))
    return visit(float{});
  return unsupported_dtype(dtype, name, "bool, an integer of up to 32 bits or int64, or a floating one");
}

} // namespace xnnir
