// Reads the arguments of a kernel call. The first one that is wrong makes the status; those after it then
// give null, zero or empty, so that a kernel checks once.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "kernels/scalar.h"
#include "xnnir/kernel.h"

namespace xnnir {

// Numbers for each dimension, without allocation.
class Dims {
public:
  size_t size() const { return size_; }
  int64_t operator[](size_t i) const { return values_[i]; }
  int64_t &operator[](size_t i) { return values_[i]; }
  // At most kMaxTensorRank; whoever appends has checked.
  void append(int64_t value) { values_[size_++] = value; }

private:
  std::array<int64_t, kMaxTensorRank> values_ = {};
  size_t size_ = 0;
};

class Arguments {
public:
  // `count` includes the result, which stands behind the arguments of the operator's schema.
  Arguments(KernelContext &context, Span<Value *> args, size_t count);
  // For an operator of `outputs` results, two or more, and `parameters` arguments with them: behind these
  // stand the results, or one list of them, as ExecuTorch's emitter has it.
  Arguments(KernelContext &context, Span<Value *> args, size_t parameters, size_t outputs);

  bool ok() const { return status_.ok(); }
  const Status &status() const { return status_; }

  const Tensor *tensor(size_t index, const char *name);
  // None, and ExecuTorch's stand-in for it (a uint8 tensor without elements or memory), give null.
  const Tensor *optional_tensor(size_t index, const char *name);
  // A tensor that may be written.
  Tensor *output(size_t index);
  int64_t integer(size_t index, const char *name);
  // None gives no value.
  std::optional<int64_t> optional_integer(size_t index, const char *name);
  // A Scalar: int, double or bool.
  double scalar(size_t index, const char *name);
  // The same, as exact as it is in the file.
  Scalar scalar_value(size_t index, const char *name);
  // None gives no value.
  std::optional<Scalar> optional_scalar(size_t index, const char *name);
  // A dtype by its number.
  std::optional<ScalarType> optional_dtype(size_t index, const char *name);
  // A float of the schema: double, or int where the file's writer was lax.
  std::optional<double> optional_number(size_t index, const char *name);
  bool boolean(size_t index, const char *name);
  // Text; None gives an empty one.
  std::string text(size_t index, const char *name);
  Dims int_list(size_t index, const char *name);
  std::optional<Dims> optional_int_list(size_t index, const char *name);
  // Null for None.
  const DoubleList *optional_double_list(size_t index, const char *name);
  // The number of tensors in a list, and each of them.
  size_t list_size(size_t index, const char *name);
  const Tensor *list_item(size_t index, size_t item, const char *name);
  // The same where some may be None, which gives null.
  size_t optional_list_size(size_t index, const char *name);
  const Tensor *optional_list_item(size_t index, size_t item, const char *name);
  // A tensor in a list of those that are written.
  Tensor *output_item(size_t index, size_t item);
  // The number of ints in a list that may be longer than a tensor has dimensions, and each of them.
  size_t int_list_size(size_t index, const char *name);
  int64_t int_list_item(size_t index, size_t item, const char *name);
  // A dimension of a tensor of `rank` dimensions; negative ones count from the end.
  size_t dim(size_t index, const char *name, size_t rank);

  void fail(Status status);

private:
  template <typename T> const T *get(size_t index, const char *name, const char *expected);
  const Tensor *checked(const Value &value, const char *name);

  KernelContext &context_;
  Span<Value *> args_;
  Status status_;
};

// -1 is the last of `rank` dimensions; a scalar has one for this purpose, as in PyTorch. kInvalidArgument.
Result<size_t> normalize_dim(int64_t dim, size_t rank, const char *name);

// Gives `out` the sizes: it must be of that rank, and have room.
Status resize_output(Tensor &out, const Dims &sizes);
// kInvalidType when the dtypes differ.
Status expect_same_dtype(const Tensor &self, const Tensor &out);

} // namespace xnnir
