#include "kernels/window.h"

#include <limits>

#include "kernels/strided_copy.h"

namespace xnnir {

Result<int64_t> window_entry(const Dims &list, size_t dim, size_t spatial, int64_t otherwise, int64_t low,
                             const char *name) {
  if (list.size() != spatial && list.size() > 1)
    return make_status(StatusCode::kInvalidArgument, "%s has %zu entries, expected 1 or %zu", name,
                       list.size(), spatial);
  if (list.size() == 0)
    return otherwise;
  const int64_t entry = list[list.size() == 1 ? 0 : dim];
  if (entry < low || entry > std::numeric_limits<int32_t>::max())
    return make_status(StatusCode::kInvalidArgument, "%s[%zu] is %lld, expected %lld to %d", name, dim,
                       static_cast<long long>(entry), static_cast<long long>(low),
                       std::numeric_limits<int32_t>::max());
  return entry;
}

Result<int64_t> pooled_size(const WindowAxis &axis, bool ceil_mode) {
  // Entries are below 2^31, so that nothing here overflows.
  const int64_t room = axis.input + 2 * axis.padding - axis.dilation * (axis.kernel - 1) - 1;
  if (room < 0 && !(ceil_mode && room + axis.stride > 0))
    return make_status(
        StatusCode::kInvalidArgument,
        "a window of %lld elements (dilation %lld) is larger than the input of %lld with its padding "
        "of %lld",
        static_cast<long long>(axis.kernel), static_cast<long long>(axis.dilation),
        static_cast<long long>(axis.input), static_cast<long long>(axis.padding));
  int64_t size = (room + (ceil_mode ? axis.stride - 1 : 0)) / axis.stride + 1;
  if (ceil_mode && (size - 1) * axis.stride >= axis.input + axis.padding)
    --size;
  return size;
}

size_t Window::input_plane() const {
  size_t size = 1;
  for (const WindowAxis &axis : axes)
    size *= static_cast<size_t>(axis.input);
  return size;
}

size_t Window::output_plane() const {
  size_t size = 1;
  for (const WindowAxis &axis : axes)
    size *= static_cast<size_t>(axis.output);
  return size;
}

size_t Window::kernel_size() const {
  size_t size = 1;
  for (const WindowAxis &axis : axes)
    size *= static_cast<size_t>(axis.kernel);
  return size;
}

Result<Window> pool_window(const Tensor &self, size_t spatial, const Dims &kernel, const Dims &stride,
                           const Dims &padding, const Dims &dilation, bool ceil_mode) {
  const size_t rank = self.rank();
  if (rank != spatial + 1 && rank != spatial + 2)
    return make_status(StatusCode::kInvalidArgument, "self has rank %zu, expected %zu or %zu", rank,
                       spatial + 1, spatial + 2);
  Window window;
  for (size_t i = 0; i < rank - spatial; ++i)
    window.planes *= static_cast<size_t>(self.sizes()[i]);
  for (size_t i = 0; i < spatial; ++i) {
    WindowAxis &axis = window.axes[kMaxSpatialDims - spatial + i];
    axis.input = self.sizes()[rank - spatial + i];
    struct {
      int64_t *to;
      const Dims *list;
      int64_t otherwise;
      int64_t low;
      const char *name;
    } const entries[] = {{&axis.kernel, &kernel, 0, 1, "kernel_size"},
                         {&axis.stride, &stride, -1, 1, "stride"},
                         {&axis.padding, &padding, 0, 0, "padding"},
                         {&axis.dilation, &dilation, 1, 1, "dilation"}};
    for (const auto &entry : entries) {
      Result<int64_t> value = window_entry(*entry.list, i, spatial, entry.otherwise, entry.low, entry.name);
      if (!value.ok())
        return value.status();
      *entry.to = *value;
    }
    if (axis.kernel == 0)
      return make_status(StatusCode::kInvalidArgument, "kernel_size is empty");
    if (stride.size() == 0)
      axis.stride = axis.kernel;
    if (axis.padding > ((axis.kernel - 1) * axis.dilation + 1) / 2)
      return make_status(StatusCode::kInvalidArgument,
                         "padding[%zu] is %lld, expected at most half the window of %lld", i,
                         static_cast<long long>(axis.padding), static_cast<long long>(axis.kernel));
    Result<int64_t> size = pooled_size(axis, ceil_mode);
    if (!size.ok())
      return size.status();
    axis.output = *size;
  }
  return window;
}

Result<Window> adaptive_window(const Tensor &self, size_t spatial, const Dims &output_size) {
  const size_t rank = self.rank();
  if (rank != spatial + 1 && rank != spatial + 2)
    return make_status(StatusCode::kInvalidArgument, "self has rank %zu, expected %zu or %zu", rank,
                       spatial + 1, spatial + 2);
  if (output_size.size() != spatial)
    return make_status(StatusCode::kInvalidArgument, "output_size has %zu entries, expected %zu",
                       output_size.size(), spatial);
  Window window;
  for (size_t i = 0; i < rank - spatial; ++i)
    window.planes *= static_cast<size_t>(self.sizes()[i]);
  for (size_t i = 0; i < spatial; ++i) {
    WindowAxis &axis = window.axes[kMaxSpatialDims - spatial + i];
    axis.input = self.sizes()[rank - spatial + i];
    Result<int64_t> size = window_entry(output_size, i, spatial, 1, 0, "output_size");
    if (!size.ok())
      return size.status();
    axis.output = *size;
    if (axis.input == 0)
      return make_status(StatusCode::kInvalidArgument, "self has no elements in dimension %zu, expected some",
                         rank - spatial + i);
  }
  return window;
}

Dims window_sizes(const Tensor &self, size_t spatial, const Window &window) {
  Dims sizes = sizes_of(self);
  for (size_t i = 0; i < spatial; ++i)
    sizes[self.rank() - spatial + i] = window.axes[kMaxSpatialDims - spatial + i].output;
  return sizes;
}

} // namespace xnnir
