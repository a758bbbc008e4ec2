#include "kernels/strided_view.h"

#include <algorithm>

namespace xnnir {

Result<StridedView> slice_view(const Tensor &self, size_t dim, std::optional<int64_t> start,
                               std::optional<int64_t> end, int64_t step) {
  if (self.rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "self is a scalar, which cannot be sliced");
  if (step < 1)
    return make_status(StatusCode::kInvalidArgument, "step is %lld, expected 1 or more",
                       static_cast<long long>(step));
  StridedView view = {0, sizes_of(self), strides_of(self)};
  const int64_t size = view.sizes[dim];
  const auto bound = [size](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + size : value, 0, size);
  };
  const int64_t first = bound(start.value_or(0));
  const int64_t length = std::max(bound(end.value_or(size)), first) - first;
  view.sizes[dim] = length / step + (length % step != 0 ? 1 : 0);
  view.offset = first * view.strides[dim];
  // With one element or none the stride is never used, and its product could overflow.
  view.strides[dim] *= view.sizes[dim] > 1 ? step : 1;
  return view;
}

Result<StridedView> select_view(const Tensor &self, size_t dim, int64_t index) {
  if (self.rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "self is a scalar, which has nothing to select from");
  const int64_t size = self.sizes()[dim];
  if (index < -size || index >= size)
    return make_status(StatusCode::kInvalidArgument, "index is %lld, expected %lld to %lld for dimension %zu",
                       static_cast<long long>(index), static_cast<long long>(-size),
                       static_cast<long long>(size - 1), dim);
  const Dims strides = strides_of(self);
  StridedView view;
  view.offset = (index < 0 ? index + size : index) * strides[dim];
  for (size_t i = 0; i < self.rank(); ++i) {
    if (i == dim)
      continue;
    view.sizes.append(self.sizes()[i]);
    view.strides.append(strides[i]);
  }
  return view;
}

Result<StridedView> diagonal_view(const Tensor &self, int64_t offset, size_t dim1, size_t dim2) {
  if (self.rank() < 2 || dim1 == dim2)
    return make_status(StatusCode::kInvalidArgument,
                       "dim1 and dim2 are %zu and %zu of rank %zu, expected two dimensions", dim1, dim2,
                       self.rank());
  const Dims strides = strides_of(self);
  // Sizes have 31 bits: offsets beyond leave nothing, and their sums must not overflow.
  offset = std::clamp(offset, -(int64_t{1} << 32), int64_t{1} << 32);
  const int64_t start1 = std::max<int64_t>(-offset, 0);
  const int64_t start2 = std::max<int64_t>(offset, 0);
  const int64_t length =
      std::max<int64_t>(std::min(self.sizes()[dim1] - start1, self.sizes()[dim2] - start2), 0);
  StridedView view;
  view.offset = length == 0 ? 0 : start1 * strides[dim1] + start2 * strides[dim2];
  for (size_t i = 0; i < self.rank(); ++i) {
    if (i == dim1 || i == dim2)
      continue;
    view.sizes.append(self.sizes()[i]);
    view.strides.append(strides[i]);
  }
  view.sizes.append(length);
  view.strides.append(strides[dim1] + strides[dim2]);
  return view;
}

Status copy_from_view(KernelContext &context, const Tensor &self, const Result<StridedView> &view,
                      Tensor &out) {
  if (!view.ok())
    return view.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  XNNIR_RETURN_IF_ERROR(resize_output(out, view.value().sizes));
  if (out.numel() == 0)
    return {};
  const size_t bytes = element_size(self.dtype());
  strided_copy(context.threads(), bytes, view.value().sizes,
               self.data_as<uint8_t>() + static_cast<size_t>(view.value().offset) * bytes,
               view.value().strides, out.data(), strides_of(out));
  return {};
}

Status copy_to_view(KernelContext &context, const Tensor &src, const Result<StridedView> &view, Tensor &out) {
  if (!view.ok())
    return view.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(src, out));
  const Dims &sizes = view.value().sizes;
  bool same = src.rank() == sizes.size();
  for (size_t i = 0; same && i < sizes.size(); ++i)
    same = src.sizes()[i] == sizes[i];
  if (!same)
    return make_status(StatusCode::kInvalidArgument,
                       "src has rank %zu and %zu elements, expected the sizes of the part that it replaces "
                       "(rank %zu)",
                       src.rank(), src.numel(), sizes.size());
  if (src.numel() == 0)
    return {};
  const size_t bytes = element_size(src.dtype());
  strided_copy(context.threads(), bytes, sizes, src.data(), strides_of(src),
               out.data_as<uint8_t>() + static_cast<size_t>(view.value().offset) * bytes,
               view.value().strides);
  return {};
}

} // namespace xnnir
