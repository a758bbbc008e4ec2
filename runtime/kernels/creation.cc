// Tensors from nothing: aten::{full,zeros,ones,empty,scalar_tensor,eye,tril_indices,triu_indices} and the
// like.
#include <algorithm>

#include "kernels/arguments.h"
#include "kernels/cast_copy.h"

namespace xnnir {

namespace {

// Results whose every element is the same number. `size` is that of the tensor at 0, or the list at
// `size_index`.
Status filled(Arguments &arguments, const Dims &sizes, const Scalar &value, Tensor *out) {
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  fill_elements(*out, value);
  return {};
}

Dims sizes_like(Arguments &arguments) {
  const Tensor *self = arguments.tensor(0, "self");
  return self == nullptr ? Dims() : sizes_of(*self);
}

// full(size, fill_value, out)
Status full_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Dims sizes = arguments.int_list(0, "size");
  const Scalar value = arguments.scalar_value(1, "fill_value");
  return filled(arguments, sizes, value, arguments.output(2));
}
// full_like(self, fill_value, memory_format, out)
Status full_like_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Dims sizes = sizes_like(arguments);
  const Scalar value = arguments.scalar_value(1, "fill_value");
  return filled(arguments, sizes, value, arguments.output(3));
}
// new_full(self, size, fill_value, out)
Status new_full_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Dims sizes = arguments.int_list(1, "size");
  const Scalar value = arguments.scalar_value(2, "fill_value");
  return filled(arguments, sizes, value, arguments.output(3));
}

// zeros(size, out), ones(size, out)
template <int kValue> Status number_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  const Dims sizes = arguments.int_list(0, "size");
  return filled(arguments, sizes, Scalar(int64_t{kValue}), arguments.output(1));
}
// zeros_like(self, memory_format, out), ones_like
template <int kValue> Status number_like_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Dims sizes = sizes_like(arguments);
  return filled(arguments, sizes, Scalar(int64_t{kValue}), arguments.output(2));
}
// new_zeros(self, size, out), new_ones
template <int kValue> Status new_number_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Dims sizes = arguments.int_list(1, "size");
  return filled(arguments, sizes, Scalar(int64_t{kValue}), arguments.output(2));
}

// What nothing was written to has the bytes that were there; memory of the runtime is never uninitialised.
Status resized(Arguments &arguments, const Dims &sizes, Tensor *out) {
  return arguments.ok() ? resize_output(*out, sizes) : arguments.status();
}
// empty(size, memory_format, out), _empty_dim_order(size, dim_order, out)
Status empty_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Dims sizes = arguments.int_list(0, "size");
  return resized(arguments, sizes, arguments.output(2));
}
// empty_like(self, memory_format, out)
Status empty_like_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Dims sizes = sizes_like(arguments);
  return resized(arguments, sizes, arguments.output(2));
}
// new_empty(self, size, out)
Status new_empty_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Dims sizes = arguments.int_list(1, "size");
  return resized(arguments, sizes, arguments.output(2));
}

// scalar_tensor(s, out)
Status scalar_tensor_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  const Scalar value = arguments.scalar_value(0, "s");
  return filled(arguments, {}, value, arguments.output(1));
}

Status identity(Arguments &arguments, int64_t rows, int64_t columns, Tensor *out) {
  Dims sizes;
  sizes.append(rows);
  sizes.append(columns);
  XNNIR_RETURN_IF_ERROR(filled(arguments, sizes, Scalar(int64_t{0}), out));
  const ScalarInput one(Scalar(int64_t{1}), out->dtype());
  const size_t bytes = element_size(out->dtype());
  const Dims strides = strides_of(*out);
  for (int64_t i = 0; i < std::min(rows, columns); ++i)
    std::memcpy(out->data_as<uint8_t>() + static_cast<size_t>(i * (strides[0] + strides[1])) * bytes,
                one.tensor()->data(), bytes);
  return {};
}
// eye(n, out)
Status eye_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  const int64_t n = arguments.integer(0, "n");
  return identity(arguments, n, n, arguments.output(1));
}
// eye(n, m, out)
Status eye_m_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const int64_t n = arguments.integer(0, "n");
  const int64_t m = arguments.integer(1, "m");
  return identity(arguments, n, m, arguments.output(2));
}

// The columns of a row that are in the triangle: those up to row + offset, or from there on.
struct Range {
  int64_t start;
  int64_t end;
};
Range triangle_row(int64_t row, int64_t columns, int64_t offset, bool lower) {
  const int64_t diagonal = std::clamp(row + offset, int64_t{-1}, columns);
  return lower ? Range{0, std::min(diagonal + 1, columns)} : Range{std::max(diagonal, int64_t{0}), columns};
}

// The sum of all integers up to `last`, where those below 0 count as 0 and those above `most` as `most`.
int64_t clamped_sum(int64_t last, int64_t most) {
  const int64_t rising = std::clamp(last, int64_t{0}, most);
  return rising * (rising + 1) / 2 + std::max(last - most, int64_t{0}) * most;
}

int64_t triangle_size(int64_t rows, int64_t columns, int64_t offset, bool lower) {
  if (lower)
    return clamped_sum(rows + offset, columns) - clamped_sum(offset, columns);
  return rows * columns - (clamped_sum(rows + offset - 1, columns) - clamped_sum(offset - 1, columns));
}

// tril_indices(row, col, offset, out), triu_indices: a row of rows and a row of columns.
template <bool kLower> Status triangle_indices_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const int64_t rows = arguments.integer(0, "row");
  const int64_t columns = arguments.integer(1, "col");
  const int64_t offset = arguments.integer(2, "offset");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  // Products of two stay below 2^63.
  constexpr int64_t kMost = 1 << 30;
  if (rows < 0 || columns < 0 || rows > kMost || columns > kMost || offset < -kMost || offset > kMost)
    return make_status(
        StatusCode::kInvalidArgument, "row, col and offset are %lld, %lld and %lld, out of range",
        static_cast<long long>(rows), static_cast<long long>(columns), static_cast<long long>(offset));
  const int64_t count = triangle_size(rows, columns, offset, kLower);
  Dims sizes;
  sizes.append(2);
  sizes.append(count);
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  const Dims strides = strides_of(*out);
  // Rows outside of these have no element, and there may be many.
  const int64_t first = kLower ? std::max(-offset, int64_t{0}) : 0;
  const int64_t end = count == 0 ? 0 : kLower ? rows : std::min(rows, columns - offset);
  return dtype_switch(IndexTypes{}, out->dtype(), "out", [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto *indices = out->data_as<T>();
    int64_t at = 0;
    for (int64_t row = first; row < end; ++row) {
      const Range range = triangle_row(row, columns, offset, kLower);
      for (int64_t column = range.start; column < range.end; ++column, ++at) {
        indices[at * strides[1]] = static_cast<T>(row);
        indices[strides[0] + at * strides[1]] = static_cast<T>(column);
      }
    }
  });
}

const KernelRegistration kFull("aten::full.out", full_out);
const KernelRegistration kFullLike("aten::full_like.out", full_like_out);
const KernelRegistration kNewFull("aten::new_full.out", new_full_out);
const KernelRegistration kZeros("aten::zeros.out", number_out<0>);
const KernelRegistration kOnes("aten::ones.out", number_out<1>);
const KernelRegistration kZerosLike("aten::zeros_like.out", number_like_out<0>);
const KernelRegistration kOnesLike("aten::ones_like.out", number_like_out<1>);
const KernelRegistration kNewZeros("aten::new_zeros.out", new_number_out<0>);
const KernelRegistration kNewOnes("aten::new_ones.out", new_number_out<1>);
const KernelRegistration kEmpty("aten::empty.out", empty_out);
const KernelRegistration kEmptyDimOrder("dim_order_ops::_empty_dim_order.out", empty_out);
const KernelRegistration kEmptyLike("aten::empty_like.out", empty_like_out);
const KernelRegistration kNewEmpty("aten::new_empty.out", new_empty_out);
const KernelRegistration kScalarTensor("aten::scalar_tensor.out", scalar_tensor_out);
const KernelRegistration kEye("aten::eye.out", eye_out);
const KernelRegistration kEyeM("aten::eye.m_out", eye_m_out);
const KernelRegistration kTrilIndices("aten::tril_indices.out", triangle_indices_out<true>);
const KernelRegistration kTriuIndices("aten::triu_indices.out", triangle_indices_out<false>);

} // namespace

} // namespace xnnir
