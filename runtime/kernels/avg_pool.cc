// aten::avg_pool1d, avg_pool2d, avg_pool3d and the adaptive ones.
#include <type_traits>

#include "kernels/parallel.h"
#include "kernels/window.h"

namespace xnnir {

namespace {

// A box of the input and what its sum is divided by.
struct Box {
  int64_t start[kMaxSpatialDims];
  int64_t end[kMaxSpatialDims];
  int64_t divisor;
};

// Integers wrap around, which is defined for unsigned ones only.
template <typename T> using Sum = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>;

float divide(float sum, int64_t divisor) { return sum / static_cast<float>(divisor); }
double divide(double sum, int64_t divisor) { return sum / static_cast<double>(divisor); }
int64_t divide(uint64_t sum, int64_t divisor) {
  // The smallest number has no negative.
  return static_cast<int64_t>(divisor == -1 ? 0 - sum
                                            : static_cast<uint64_t>(static_cast<int64_t>(sum) / divisor));
}

// `box_of(index)` tells where output `index` (depth, height, width) comes from.
template <typename T, typename BoxOf>
void average(KernelContext &context, const Window &window, const T *in, T *out, const BoxOf &box_of) {
  const WindowAxis *axes = window.axes;
  const size_t in_plane = window.input_plane();
  const size_t out_plane = window.output_plane();
  parallel_for(context.threads(), window.planes, out_plane * window.kernel_size() + in_plane,
               [&](size_t start, size_t count) {
                 for (size_t plane = start; plane < start + count; ++plane) {
                   const T *from = in + plane * in_plane;
                   T *to = out + plane * out_plane;
                   int64_t index[kMaxSpatialDims];
                   for (index[0] = 0; index[0] < axes[0].output; ++index[0])
                     for (index[1] = 0; index[1] < axes[1].output; ++index[1])
                       for (index[2] = 0; index[2] < axes[2].output; ++index[2]) {
                         const Box box = box_of(index);
                         Sum<T> sum = 0;
                         for (int64_t z = box.start[0]; z < box.end[0]; ++z)
                           for (int64_t y = box.start[1]; y < box.end[1]; ++y) {
                             const T *row = from + (z * axes[1].input + y) * axes[2].input;
                             for (int64_t x = box.start[2]; x < box.end[2]; ++x)
                               sum += static_cast<Sum<T>>(row[x]);
                           }
                         *to++ = divide(sum, box.divisor);
                       }
                 }
               });
}

// Calls run(in, out) with the elements of the tensors.
template <typename Run>
Status with_tensors(KernelContext &context, const Tensor &self, const Dims &sizes, Tensor &out,
                    const Run &run) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  return with_real_type(self.dtype(), "self", [&](auto type) {
    using T = decltype(type);
    DenseInput<T> in;
    DenseOutput<T> result;
    XNNIR_RETURN_IF_ERROR(in.read(context, self));
    XNNIR_RETURN_IF_ERROR(resize_output(out, sizes));
    XNNIR_RETURN_IF_ERROR(result.prepare(out));
    run(in.data(), result.data());
    return result.store(context);
  });
}

// avg_pool2d.out(self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override?, out);
// with one dimension there is no divisor.
template <size_t kSpatial> Status avg_pool_out(KernelContext &context, Span<Value *> args) {
  constexpr bool kHasDivisor = kSpatial > 1;
  Arguments arguments(context, args, kHasDivisor ? 9 : 8);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims kernel = arguments.int_list(1, "kernel_size");
  const Dims stride = arguments.int_list(2, "stride");
  const Dims padding = arguments.int_list(3, "padding");
  const bool ceil_mode = arguments.boolean(4, "ceil_mode");
  const bool count_padding = arguments.boolean(5, "count_include_pad");
  const std::optional<int64_t> divisor =
      kHasDivisor ? arguments.optional_integer(6, "divisor_override") : std::nullopt;
  Tensor *out = arguments.output(kHasDivisor ? 7 : 6);
  if (!arguments.ok())
    return arguments.status();
  if (divisor.has_value() && *divisor == 0)
    return make_status(StatusCode::kInvalidArgument, "divisor_override is 0");
  Result<Window> window = pool_window(*self, kSpatial, kernel, stride, padding, {}, ceil_mode);
  if (!window.ok())
    return window.status();
  const auto box_of = [&, axes = window->axes](const int64_t *index) {
    Box box;
    int64_t elements = 1;
    // Of a hostile file, padding may be huge; no sum is of so many elements.
    double padded = 1;
    for (size_t i = 0; i < kMaxSpatialDims; ++i) {
      const int64_t start = index[i] * axes[i].stride - axes[i].padding;
      padded *=
          static_cast<double>(std::min(start + axes[i].kernel, axes[i].input + axes[i].padding) - start);
      box.start[i] = std::max<int64_t>(start, 0);
      box.end[i] = std::max(std::min(start + axes[i].kernel, axes[i].input), box.start[i]);
      elements *= box.end[i] - box.start[i];
    }
    const int64_t counted = count_padding ? static_cast<int64_t>(std::min(padded, 0x1p53)) : elements;
    box.divisor = divisor.value_or(elements == 0 ? 1 : counted);
    return box;
  };
  return with_tensors(context, *self, window_sizes(*self, kSpatial, *window), *out,
                      [&](const auto *in, auto *result) { average(context, *window, in, result, box_of); });
}

// _adaptive_avg_pool2d.out(self, output_size, out): window i covers [floor(i n / m), ceil((i + 1) n / m)).
template <size_t kSpatial> Status adaptive_avg_pool_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims sizes = arguments.int_list(1, "output_size");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  Result<Window> window = adaptive_window(*self, kSpatial, sizes);
  if (!window.ok())
    return window.status();
  const auto box_of = [axes = window->axes](const int64_t *index) {
    Box box;
    box.divisor = 1;
    for (size_t i = 0; i < kMaxSpatialDims; ++i) {
      box.start[i] = adaptive_start(axes[i], index[i]);
      box.end[i] = adaptive_end(axes[i], index[i]);
      box.divisor *= box.end[i] - box.start[i];
    }
    return box;
  };
  return with_tensors(context, *self, window_sizes(*self, kSpatial, *window), *out,
                      [&](const auto *in, auto *result) { average(context, *window, in, result, box_of); });
}

const KernelRegistration kAvgPool1d("aten::avg_pool1d.out", avg_pool_out<1>);
const KernelRegistration kAvgPool2d("aten::avg_pool2d.out", avg_pool_out<2>);
const KernelRegistration kAvgPool3d("aten::avg_pool3d.out", avg_pool_out<3>);
const KernelRegistration kAdaptive1d("aten::adaptive_avg_pool1d.out", adaptive_avg_pool_out<1>);
const KernelRegistration kAdaptive2d("aten::_adaptive_avg_pool2d.out", adaptive_avg_pool_out<2>);
const KernelRegistration kAdaptive3d("aten::_adaptive_avg_pool3d.out", adaptive_avg_pool_out<3>);

} // namespace

} // namespace xnnir
