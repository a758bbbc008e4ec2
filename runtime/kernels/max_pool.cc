// aten::max_pool2d_with_indices, max_pool3d_with_indices and the adaptive ones.
#include <limits>

#include "kernels/parallel.h"
#include "kernels/window.h"

namespace xnnir {

namespace {

// The elements of a window along an axis: `count` of them, a step apart.
struct Taps {
  int64_t first;
  int64_t count;
  int64_t step;
};

// The smallest number of a dtype.
template <typename T> T lowest(ScalarType dtype) {
  using Limits = std::numeric_limits<T>;
  switch (dtype) {
  case ScalarType::kChar:
    return std::numeric_limits<int8_t>::min();
  case ScalarType::kShort:
    return std::numeric_limits<int16_t>::min();
  case ScalarType::kInt:
    return static_cast<T>(std::numeric_limits<int32_t>::min());
  case ScalarType::kLong:
    return Limits::lowest();
  default:
    return Limits::has_infinity ? -Limits::infinity() : T{0};
  }
}

// Values and places in the plane; of equals the first is taken, but of NaN, the largest, the last.
// `taps_of(axis, index)` tells what output `index` of an axis sees.
template <typename T, typename TapsOf>
void largest(KernelContext &context, const Window &window, const T *in, T nothing, T *out, int64_t *where,
             const TapsOf &taps_of) {
  const WindowAxis *axes = window.axes;
  const size_t in_plane = window.input_plane();
  const size_t out_plane = window.output_plane();
  parallel_for(context.threads(), window.planes, out_plane * window.kernel_size() + in_plane,
               [&](size_t start, size_t count) {
                 for (size_t plane = start; plane < start + count; ++plane) {
                   const T *from = in + plane * in_plane;
                   size_t at = plane * out_plane;
                   for (int64_t depth = 0; depth < axes[0].output; ++depth)
                     for (int64_t height = 0; height < axes[1].output; ++height)
                       for (int64_t width = 0; width < axes[2].output; ++width, ++at) {
                         const Taps z = taps_of(axes[0], depth);
                         const Taps y = taps_of(axes[1], height);
                         const Taps x = taps_of(axes[2], width);
                         // Of an empty window too, as PyTorch gives it.
                         int64_t best = (z.first * axes[1].input + y.first) * axes[2].input + x.first;
                         for (int64_t i = 0; i < z.count; ++i)
                           for (int64_t j = 0; j < y.count; ++j) {
                             const int64_t row =
                                 ((z.first + i * z.step) * axes[1].input + y.first + j * y.step) *
                                     axes[2].input +
                                 x.first;
                             for (int64_t k = 0; k < x.count; ++k) {
                               const T value = from[row + k * x.step];
                               if (value > from[best] || value != value)
                                 best = row + k * x.step;
                             }
                           }
                         // Steps of a dilated window may pass over a small input.
                         const bool empty = z.count <= 0 || y.count <= 0 || x.count <= 0;
                         out[at] = empty ? nothing : from[best];
                         where[at] = best;
                       }
                 }
               });
}

template <typename TapsOf>
Status run(KernelContext &context, const Tensor &self, size_t spatial, const Window &window, Tensor &out,
           Tensor &indices, const TapsOf &taps_of) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  if (indices.dtype() != ScalarType::kLong)
    return unsupported_dtype(indices.dtype(), "indices", "int64");
  return with_real_type(self.dtype(), "self", [&](auto type) {
    using T = decltype(type);
    const Dims sizes = window_sizes(self, spatial, window);
    DenseInput<T> in;
    DenseOutput<T> values;
    DenseOutput<int64_t> where;
    XNNIR_RETURN_IF_ERROR(in.read(context, self));
    XNNIR_RETURN_IF_ERROR(resize_output(out, sizes));
    XNNIR_RETURN_IF_ERROR(resize_output(indices, sizes));
    XNNIR_RETURN_IF_ERROR(values.prepare(out));
    XNNIR_RETURN_IF_ERROR(where.prepare(indices));
    largest(context, window, in.data(), lowest<T>(self.dtype()), values.data(), where.data(), taps_of);
    XNNIR_RETURN_IF_ERROR(values.store(context));
    return where.store(context);
  });
}

// max_pool2d_with_indices.out(self, kernel_size, stride, padding, dilation, ceil_mode, out, indices)
template <size_t kSpatial> Status max_pool_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 8, 2);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims kernel = arguments.int_list(1, "kernel_size");
  const Dims stride = arguments.int_list(2, "stride");
  const Dims padding = arguments.int_list(3, "padding");
  const Dims dilation = arguments.int_list(4, "dilation");
  const bool ceil_mode = arguments.boolean(5, "ceil_mode");
  Tensor *out = arguments.output(6);
  Tensor *indices = arguments.output(7);
  if (!arguments.ok())
    return arguments.status();
  Result<Window> window = pool_window(*self, kSpatial, kernel, stride, padding, dilation, ceil_mode);
  if (!window.ok())
    return window.status();
  for (const WindowAxis &axis : window->axes)
    if (axis.input == 0)
      return make_status(StatusCode::kInvalidArgument,
                         "self has a spatial dimension of 0, expected at least 1");
  return run(context, *self, kSpatial, *window, *out, *indices, [](const WindowAxis &axis, int64_t index) {
    const int64_t start = index * axis.stride - axis.padding;
    const KernelRange range = kernel_range(axis, start);
    return Taps{start + range.first * axis.dilation, range.last - range.first, axis.dilation};
  });
}

// adaptive_max_pool2d.out(self, output_size, out, indices)
template <size_t kSpatial> Status adaptive_max_pool_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4, 2);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims sizes = arguments.int_list(1, "output_size");
  Tensor *out = arguments.output(2);
  Tensor *indices = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  Result<Window> window = adaptive_window(*self, kSpatial, sizes);
  if (!window.ok())
    return window.status();
  return run(context, *self, kSpatial, *window, *out, *indices, [](const WindowAxis &axis, int64_t index) {
    const int64_t start = adaptive_start(axis, index);
    return Taps{start, adaptive_end(axis, index) - start, 1};
  });
}

const KernelRegistration kMaxPool2d("aten::max_pool2d_with_indices.out", max_pool_out<2>);
const KernelRegistration kMaxPool3d("aten::max_pool3d_with_indices.out", max_pool_out<3>);
const KernelRegistration kAdaptive2d("aten::adaptive_max_pool2d.out", adaptive_max_pool_out<2>);
const KernelRegistration kAdaptive3d("aten::adaptive_max_pool3d.out", adaptive_max_pool_out<3>);

} // namespace

} // namespace xnnir
