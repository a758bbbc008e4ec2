// aten::slice_copy.Tensor_out, aten::narrow_copy.out, aten::select_copy.int_out, aten::diagonal_copy.out,
// aten::unfold_copy.out and aten::as_strided_copy.out: a part of a tensor.
#include "core/overflow.h"
#include "kernels/strided_view.h"

namespace xnnir {

namespace {

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
  return copy_from_view(context, *self, slice_view(*self, dim, start, end, step), *out);
}

// narrow_copy.out(self, dim, start, length, out)
Status narrow_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  int64_t start = arguments.integer(2, "start");
  const int64_t length = arguments.integer(3, "length");
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  if (self->rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "self is a scalar, which cannot be narrowed");
  const int64_t size = self->sizes()[dim];
  if (start < -size || start > size)
    return make_status(StatusCode::kInvalidArgument, "start is %lld, expected %lld to %lld",
                       static_cast<long long>(start), static_cast<long long>(-size),
                       static_cast<long long>(size));
  start += start < 0 ? size : 0;
  if (length < 0 || length > size - start)
    return make_status(StatusCode::kInvalidArgument, "length is %lld, expected 0 to %lld",
                       static_cast<long long>(length), static_cast<long long>(size - start));
  return copy_from_view(context, *self, slice_view(*self, dim, start, start + length, 1), *out);
}

// select_copy.int_out(self, dim, index, out)
Status select_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  const int64_t index = arguments.integer(2, "index");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  return copy_from_view(context, *self, select_view(*self, dim, index), *out);
}

// diagonal_copy.out(self, offset, dim1, dim2, out)
Status diagonal_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  const Tensor *self = arguments.tensor(0, "self");
  const int64_t offset = arguments.integer(1, "offset");
  const size_t dim1 = arguments.dim(2, "dim1", self == nullptr ? 0 : self->rank());
  const size_t dim2 = arguments.dim(3, "dim2", self == nullptr ? 0 : self->rank());
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  return copy_from_view(context, *self, diagonal_view(*self, offset, dim1, dim2), *out);
}

Result<StridedView> unfold_view(const Tensor &self, size_t dim, int64_t size, int64_t step) {
  if (self.rank() == kMaxTensorRank)
    return make_status(StatusCode::kNotSupported, "self has rank %zu, the largest that there is",
                       self.rank());
  StridedView view = {0, sizes_of(self), strides_of(self)};
  const int64_t length = self.rank() == 0 ? 1 : view.sizes[dim];
  if (size < 0 || size > length || step < 1)
    return make_status(
        StatusCode::kInvalidArgument,
        "size is %lld and step is %lld, expected 0 to %lld, the elements of the dimension, and "
        "1 or more",
        static_cast<long long>(size), static_cast<long long>(step), static_cast<long long>(length));
  const int64_t stride = self.rank() == 0 ? 1 : view.strides[dim];
  if (self.rank() > 0) {
    view.sizes[dim] = (length - size) / step + 1;
    // With one window the stride is never used, and its product could overflow.
    view.strides[dim] *= view.sizes[dim] > 1 ? step : 1;
  }
  view.sizes.append(size);
  view.strides.append(stride);
  return view;
}

// unfold_copy.out(self, dimension, size, step, out): windows of a dimension, whose elements are the last one.
Status unfold_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dimension", self == nullptr ? 0 : self->rank());
  const int64_t size = arguments.integer(2, "size");
  const int64_t step = arguments.integer(3, "step");
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  return copy_from_view(context, *self, unfold_view(*self, dim, size, step), *out);
}

// Strides count in the memory of `self`, whatever its dim_order.
Result<StridedView> as_strided_view(const Tensor &self, const Dims &sizes, const Dims &strides,
                                    int64_t offset) {
  if (sizes.size() != strides.size())
    return make_status(StatusCode::kInvalidArgument, "size has %zu entries and stride %zu, expected as many",
                       sizes.size(), strides.size());
  int64_t last = offset;
  bool empty = false;
  bool valid = offset >= 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    int64_t reach = 0;
    valid = valid && sizes[i] >= 0 && strides[i] >= 0;
    if (sizes[i] == 0)
      empty = true;
    else
      valid = valid && !mul_overflow(sizes[i] - 1, strides[i], &reach) && !add_overflow(last, reach, &last);
  }
  if (!valid || (!empty && last >= static_cast<int64_t>(self.numel())))
    return make_status(StatusCode::kInvalidArgument,
                       "size, stride and storage_offset reach outside of the %zu elements of self",
                       self.numel());
  return StridedView{offset, sizes, strides};
}

// as_strided_copy.out(self, size, stride, storage_offset, out)
Status as_strided_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims sizes = arguments.int_list(1, "size");
  const Dims strides = arguments.int_list(2, "stride");
  const std::optional<int64_t> offset = arguments.optional_integer(3, "storage_offset");
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  return copy_from_view(context, *self, as_strided_view(*self, sizes, strides, offset.value_or(0)), *out);
}

const KernelRegistration kSlice("aten::slice_copy.Tensor_out", slice_copy_out);
const KernelRegistration kNarrow("aten::narrow_copy.out", narrow_copy_out);
const KernelRegistration kSelect("aten::select_copy.int_out", select_copy_out);
const KernelRegistration kDiagonal("aten::diagonal_copy.out", diagonal_copy_out);
const KernelRegistration kUnfold("aten::unfold_copy.out", unfold_copy_out);
const KernelRegistration kAsStrided("aten::as_strided_copy.out", as_strided_copy_out);

} // namespace

} // namespace xnnir
