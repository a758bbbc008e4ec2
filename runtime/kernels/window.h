// Windows that slide over the last one to three dimensions of a tensor: what pools and convolutions have in
// common.
#pragma once

#include "kernels/dense.h"

namespace xnnir {

constexpr size_t kMaxSpatialDims = 3;

// One spatial dimension.
struct WindowAxis {
  int64_t input = 1;
  int64_t output = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t dilation = 1;
};

// Entry `dim` of a list that has one entry for all dimensions, or one for each of `spatial`; an empty list
// gives `otherwise`. kInvalidArgument when the list has another length, or the entry lies outside [low,
// 2^31).
Result<int64_t> window_entry(const Dims &list, size_t dim, size_t spatial, int64_t otherwise, int64_t low,
                             const char *name);

// The number of windows of a pool along an axis; with `ceil_mode` a last one may end outside, if it begins
// inside. kInvalidArgument when there is none.
Result<int64_t> pooled_size(const WindowAxis &axis, bool ceil_mode);

// A tensor [batch, channels, spatial...] or [channels, spatial...], seen as planes of three spatial
// dimensions: those that it lacks come first, with size 1.
struct Window {
  WindowAxis axes[kMaxSpatialDims];
  // Batch times channels.
  size_t planes = 1;
  size_t input_plane() const;
  size_t output_plane() const;
  // Elements of a window.
  size_t kernel_size() const;
};

// Reads what a pool's lists say about `self`. kInvalidArgument names what is wrong.
Result<Window> pool_window(const Tensor &self, size_t spatial, const Dims &kernel, const Dims &stride,
                           const Dims &padding, const Dims &dilation, bool ceil_mode);
// The same for an adaptive pool, which has as many windows as `output_size` says:
// window i of m covers [floor(i n / m), ceil((i + 1) n / m)) of n elements.
Result<Window> adaptive_window(const Tensor &self, size_t spatial, const Dims &output_size);
inline int64_t adaptive_start(const WindowAxis &axis, int64_t index) {
  return index * axis.input / axis.output;
}
inline int64_t adaptive_end(const WindowAxis &axis, int64_t index) {
  return ((index + 1) * axis.input + axis.output - 1) / axis.output;
}
// The sizes of the result.
Dims window_sizes(const Tensor &self, size_t spatial, const Window &window);

// The kernel's elements that lie inside the input, when the window's first is at `start`: [first, last).
struct KernelRange {
  int64_t first;
  int64_t last;
};
inline KernelRange kernel_range(const WindowAxis &axis, int64_t start) {
  KernelRange range = {0, axis.kernel};
  if (start < 0)
    range.first = (-start + axis.dilation - 1) / axis.dilation;
  if (start < axis.input)
    range.last = std::min(range.last, (axis.input - start + axis.dilation - 1) / axis.dilation);
  else
    range.last = 0;
  return range;
}

} // namespace xnnir
