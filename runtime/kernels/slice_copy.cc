// aten::slice_copy.Tensor_out and aten::select_copy.int_out.
#include <algorithm>

#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// Copies the part of `self` that begins at element `offset` and has `sizes` and `strides`.
Status copy_part(KernelContext &context, const Tensor &self, int64_t offset, const Dims &sizes,
                 const Dims &strides, Tensor &out) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  XNNIR_RETURN_IF_ERROR(resize_output(out, sizes));
  if (out.numel() == 0)
    return {};
  const size_t bytes = element_size(self.dtype());
  const uint8_t *first = self.data_as<uint8_t>() + static_cast<size_t>(offset) * bytes;
  strided_copy(context.threads(), bytes, sizes, first, strides, out.data(), strides_of(out));
  return {};
}

// slice_copy.Tensor_out(self, dim, start, end, step, out)
Status slice_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 7);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  const std::optional<int64_t> start = arguments.optional_integer(2, "start");
  const std::optional<int64_t> end = arguments.optional_integer(3, "end");
  const int64_t step = arguments.integer(4, "step");
  Tensor *out = arguments.output(5);
  if (!arguments.ok())
    return arguments.status();
  if (self->rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "self is a scalar, which cannot be sliced");
  if (step < 1)
    return make_status(StatusCode::kInvalidArgument, "step is %lld, expected 1 or more",
                       static_cast<long long>(step));

  Dims sizes = sizes_of(*self);
  Dims strides = strides_of(*self);
  const int64_t size = sizes[dim];
  // As in Python: negative bounds count from the end, and bounds outside are moved to the nearest end.
  const auto bound = [size](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + size : value, 0, size);
  };
  const int64_t first = bound(start.value_or(0));
  const int64_t last = std::max(bound(end.value_or(size)), first);
  const int64_t length = last - first;
  sizes[dim] = length / step + (length % step != 0 ? 1 : 0);
  const int64_t offset = first * strides[dim];
  // With one element or none the stride is never used, and its product could overflow.
  strides[dim] *= sizes[dim] > 1 ? step : 1;
  return copy_part(context, *self, offset, sizes, strides, *out);
}

// select_copy.int_out(self, dim, index, out)
Status select_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  int64_t index = arguments.integer(2, "index");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  if (self->rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "self is a scalar, which has nothing to select from");
  const int64_t size = self->sizes()[dim];
  if (index < -size || index >= size)
    return make_status(StatusCode::kInvalidArgument, "index is %lld, expected %lld to %lld for dimension %zu",
                       static_cast<long long>(index), static_cast<long long>(-size),
                       static_cast<long long>(size - 1), dim);
  index += index < 0 ? size : 0;

  const Dims in_strides = strides_of(*self);
  Dims sizes;
  Dims strides;
  for (size_t i = 0; i < self->rank(); ++i) {
    if (i == dim)
      continue;
    sizes.append(self->sizes()[i]);
    strides.append(in_strides[i]);
  }
  return copy_part(context, *self, index * in_strides[dim], sizes, strides, *out);
}

const KernelRegistration kSlice("aten::slice_copy.Tensor_out", slice_copy_out);
const KernelRegistration kSelect("aten::select_copy.int_out", select_copy_out);

} // namespace

} // namespace xnnir
