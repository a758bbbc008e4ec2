// aten::grid_sampler_2d and grid_sampler_3d.
#include <cmath>
#include <limits>

#include "kernels/dense.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// PyTorch's numbers.
enum class Mode : int64_t { kBilinear = 0, kNearest = 1, kBicubic = 2 };
enum class Padding : int64_t { kZeros = 0, kBorder = 1, kReflection = 2 };

constexpr size_t kMaxSpatialDims = 3;
// Neighbours along an axis that a mode looks at.
constexpr size_t kMaxTaps = 4;

struct Sampler {
  Mode mode;
  Padding padding;
  bool align_corners;
};

// The grid's -1 and 1 are the centres of the outermost elements, or their outer edges.
template <typename T> T unnormalize(T at, int64_t size, bool align_corners) {
  return align_corners ? (at + 1) / 2 * static_cast<T>(size - 1) : ((at + 1) * static_cast<T>(size) - 1) / 2;
}

// Reflects between twice_low / 2 and twice_high / 2.
template <typename T> T reflect(T at, int64_t twice_low, int64_t twice_high) {
  if (twice_low == twice_high)
    return 0;
  const T low = static_cast<T>(twice_low) / 2;
  const T span = static_cast<T>(twice_high - twice_low) / 2;
  at = std::fabs(at - low);
  const T extra = std::fmod(at, span);
  const T flips = std::floor(at / span);
  return std::fmod(flips, T{2}) == 0 ? extra + low : span - extra + low;
}

template <typename T> T clip(T at, int64_t size) {
  // The order of comparisons sends NaN to the last element, as in PyTorch.
  return std::min(static_cast<T>(size - 1), std::max(at, T{0}));
}

template <typename T> T pad_coordinate(T at, int64_t size, const Sampler &sampler) {
  switch (sampler.padding) {
  case Padding::kBorder:
    return clip(at, size);
  case Padding::kReflection:
    return clip(sampler.align_corners ? reflect(at, 0, 2 * (size - 1)) : reflect(at, -1, 2 * size - 1), size);
  default:
    return at;
  }
}

// The element at a whole coordinate; -1 outside.
template <typename T> int64_t element_at(T at, int64_t size) {
  return at >= 0 && at < static_cast<T>(size) ? static_cast<int64_t>(at) : -1;
}

// The elements that a coordinate looks at along an axis, with their weights.
template <typename T> struct AxisTaps {
  size_t count;
  int64_t elements[kMaxTaps];
  T weights[kMaxTaps];
};

template <typename T> T cubic_weight(T distance) {
  constexpr T kA = T{-0.75};
  const T x = std::fabs(distance);
  return x <= 1 ? ((kA + 2) * x - (kA + 3)) * x * x + 1 : ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA;
}

template <typename T> AxisTaps<T> taps_of(T grid, int64_t size, const Sampler &sampler) {
  AxisTaps<T> taps = {};
  const T at = unnormalize(grid, size, sampler.align_corners);
  if (sampler.mode == Mode::kBicubic) {
    const T floor = std::floor(at);
    taps.count = 4;
    for (size_t k = 0; k < 4; ++k) {
      const T offset = static_cast<T>(k) - 1;
      taps.elements[k] = element_at(pad_coordinate(floor + offset, size, sampler), size);
      taps.weights[k] = cubic_weight(at - floor - offset);
    }
    return taps;
  }
  const T padded = pad_coordinate(at, size, sampler);
  if (sampler.mode == Mode::kNearest) {
    taps.count = 1;
    taps.elements[0] = element_at(std::nearbyint(padded), size);
    taps.weights[0] = 1;
    return taps;
  }
  const T floor = std::floor(padded);
  taps.count = 2;
  taps.elements[0] = element_at(floor, size);
  taps.elements[1] = element_at(floor + 1, size);
  taps.weights[0] = floor + 1 - padded;
  taps.weights[1] = padded - floor;
  return taps;
}

struct Call {
  const Tensor *input;
  const Tensor *grid;
  Sampler sampler;
  Tensor *out;
  size_t batch;
  size_t channels;
  // Depth, height, width; missing ones are 1.
  int64_t in[kMaxSpatialDims];
  // Output elements of a channel.
  size_t points;
  size_t spatial;
  Dims sizes;
};

template <typename T> Status run(KernelContext &context, const Call &call) {
  DenseInput<T> input;
  DenseInput<T> grid;
  DenseOutput<T> out;
  XNNIR_RETURN_IF_ERROR(input.read(context, *call.input));
  XNNIR_RETURN_IF_ERROR(grid.read(context, *call.grid));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, call.sizes));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  const size_t plane = static_cast<size_t>(call.in[0] * call.in[1] * call.in[2]);
  parallel_for(
      context.threads(), call.batch * call.points, call.channels * 8 + 16, [&](size_t start, size_t count) {
        for (size_t i = start; i < start + count; ++i) {
          const size_t image = i / call.points;
          const size_t point = i % call.points;
          // The last coordinate is the depth's; the first the width's.
          const T *at = grid.data() + i * call.spatial;
          AxisTaps<T> taps[kMaxSpatialDims] = {{1, {0}, {1}}, {1, {0}, {1}}, {1, {0}, {1}}};
          for (size_t axis = 0; axis < call.spatial; ++axis)
            taps[kMaxSpatialDims - 1 - axis] =
                taps_of(at[axis], call.in[kMaxSpatialDims - 1 - axis], call.sampler);
          for (size_t channel = 0; channel < call.channels; ++channel) {
            const T *from = input.data() + (image * call.channels + channel) * plane;
            T sum = 0;
            for (size_t z = 0; z < taps[0].count; ++z)
              for (size_t y = 0; y < taps[1].count; ++y)
                for (size_t x = 0; x < taps[2].count; ++x) {
                  const int64_t place[] = {taps[0].elements[z], taps[1].elements[y], taps[2].elements[x]};
                  if (place[0] < 0 || place[1] < 0 || place[2] < 0)
                    continue;
                  sum += from[(place[0] * call.in[1] + place[1]) * call.in[2] + place[2]] *
                         taps[0].weights[z] * taps[1].weights[y] * taps[2].weights[x];
                }
            out.data()[(image * call.channels + channel) * call.points + point] = sum;
          }
        }
      });
  return out.store(context);
}

// grid_sampler_2d.out(input, grid, interpolation_mode, padding_mode, align_corners, out): the grid is [batch,
// sizes..., coordinates], the widths' coordinate first.
template <size_t kSpatial> Status grid_sampler_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 7);
  Call call = {};
  call.input = arguments.tensor(0, "input");
  call.grid = arguments.tensor(1, "grid");
  const int64_t mode = arguments.integer(2, "interpolation_mode");
  const int64_t padding = arguments.integer(3, "padding_mode");
  call.sampler.align_corners = arguments.boolean(4, "align_corners");
  call.out = arguments.output(5);
  if (!arguments.ok())
    return arguments.status();
  if (mode < 0 || mode > (kSpatial == 2 ? 2 : 1) || padding < 0 || padding > 2)
    return make_status(StatusCode::kInvalidArgument,
                       "interpolation_mode is %lld and padding_mode %lld, expected 0 to %d and 0 to 2",
                       static_cast<long long>(mode), static_cast<long long>(padding), kSpatial == 2 ? 2 : 1);
  call.sampler.mode = static_cast<Mode>(mode);
  call.sampler.padding = static_cast<Padding>(padding);
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.input, *call.out));
  const size_t rank = kSpatial + 2;
  const Span<const int32_t> in = call.input->sizes();
  const Span<const int32_t> grid = call.grid->sizes();
  if (in.size() != rank || grid.size() != rank || grid[0] != in[0] ||
      grid[rank - 1] != static_cast<int32_t>(kSpatial))
    return make_status(StatusCode::kInvalidArgument,
                       "input and grid are expected to have rank %zu, one batch size, and %zu coordinates",
                       rank, kSpatial);
  call.spatial = kSpatial;
  call.batch = static_cast<size_t>(in[0]);
  call.channels = static_cast<size_t>(in[1]);
  call.points = 1;
  std::fill_n(call.in, kMaxSpatialDims, 1);
  call.sizes.append(in[0]);
  call.sizes.append(in[1]);
  for (size_t i = 0; i < kSpatial; ++i) {
    if (in[2 + i] == 0)
      return make_status(StatusCode::kInvalidArgument,
                         "input has size 0 in dimension %zu, expected at least 1", 2 + i);
    call.in[kMaxSpatialDims - kSpatial + i] = in[2 + i];
    call.points *= static_cast<size_t>(grid[1 + i]);
    call.sizes.append(grid[1 + i]);
  }
  return with_floating_type(call.input->dtype(), "input",
                            [&](auto type) { return run<decltype(type)>(context, call); });
}

const KernelRegistration kGridSampler2d("aten::grid_sampler_2d.out", grid_sampler_out<2>);
const KernelRegistration kGridSampler3d("aten::grid_sampler_3d.out", grid_sampler_out<3>);

} // namespace

} // namespace xnnir
