#include "kernels/resample.h"

#include <cmath>
#include <limits>

#include "core/overflow.h"
#include "kernels/parallel.h"

namespace xnnir {

namespace {

// Input elements for one output element; int64 tensors have indices that are computed in float.
template <typename T> using Coordinate = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <typename C> C scale_of(const ResampleAxis &axis) {
  if (axis.align_corners)
    return axis.output > 1 ? static_cast<C>(axis.input - 1) / static_cast<C>(axis.output - 1) : C{0};
  if (axis.scale.has_value() && *axis.scale > 0)
    return static_cast<C>(1.0 / *axis.scale);
  return static_cast<C>(axis.input) / static_cast<C>(axis.output);
}

// The integer at or below `at`, within [0, limit]; NaN gives 0.
template <typename C> int64_t clamp_index(C at, int64_t limit) {
  if (!(at > 0))
    return 0;
  return at >= static_cast<C>(limit) ? limit : static_cast<int64_t>(at);
}

int64_t nearest_index(const ResampleAxis &axis, int64_t i) {
  if (axis.output == axis.input)
    return i;
  if (axis.output == 2 * axis.input)
    return i >> 1;
  return clamp_index(std::floor(static_cast<float>(i) * scale_of<float>(axis)), axis.input - 1);
}

// Keys' cubic convolution kernel at a distance of `x`.
template <typename C> C cubic(C x, C a) {
  x = std::fabs(x);
  if (x < 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2)
    return ((x - 5) * x + 8) * x * a - 4 * a;
  return 0;
}

template <typename C> C triangle(C x) { return std::max(1 - std::fabs(x), C{0}); }

template <typename T> Status allocate(Taps<T> &taps, const ResampleAxis &axis, size_t width) {
  size_t count = 0;
  if (mul_overflow(width, static_cast<size_t>(axis.output), &count))
    count = SIZE_MAX;
  taps.width = width;
  XNNIR_RETURN_IF_ERROR(taps.indices.allocate(count));
  return taps.weights.allocate(count);
}

// One, two or four neighbours of a point.
template <typename T> void point_taps(const ResampleAxis &axis, Interpolation interpolation, Taps<T> &taps) {
  using C = Coordinate<T>;
  const C scale = scale_of<C>(axis);
  const int64_t last = axis.input - 1;
  for (int64_t i = 0; i < axis.output; ++i) {
    int64_t *indices = taps.indices.data() + static_cast<size_t>(i) * taps.width;
    T *weights = taps.weights.data() + static_cast<size_t>(i) * taps.width;
    if (interpolation == Interpolation::kNearest || interpolation == Interpolation::kNearestExact) {
      const C exact = std::floor((static_cast<float>(i) + 0.5f) * scale_of<float>(axis));
      indices[0] =
          interpolation == Interpolation::kNearest ? nearest_index(axis, i) : clamp_index(exact, last);
      weights[0] = 1;
      continue;
    }
    C at = axis.align_corners ? scale * static_cast<C>(i) : scale * (static_cast<C>(i) + C{0.5}) - C{0.5};
    if (interpolation == Interpolation::kLinear) {
      at = std::max(at, C{0});
      indices[0] = clamp_index(at, last);
      indices[1] = std::min(indices[0] + 1, last);
      const C upper = std::min(std::max(at - static_cast<C>(indices[0]), C{0}), C{1});
      weights[0] = static_cast<T>(1 - upper);
      weights[1] = static_cast<T>(upper);
      continue;
    }
    const C floor = std::floor(at);
    const C t = std::min(std::max(at - floor, C{0}), C{1});
    for (size_t k = 0; k < 4; ++k) {
      const C offset = static_cast<C>(k) - 1;
      indices[k] = clamp_index(floor + offset, last);
      weights[k] = static_cast<T>(cubic(t - offset, C{-0.75}));
    }
  }
}

// All elements that a filter of `support` on each side covers.
template <typename T> Status area_taps(const ResampleAxis &axis, bool is_cubic, Taps<T> &taps) {
  using C = Coordinate<T>;
  const C scale = scale_of<C>(axis);
  const C stretch = scale >= 1 ? scale : C{1};
  const C support = (is_cubic ? 2 : 1) * stretch;
  const int64_t width = std::min(2 * clamp_index(std::ceil(support), axis.input) + 1, axis.input);
  XNNIR_RETURN_IF_ERROR(allocate(taps, axis, static_cast<size_t>(width)));
  for (int64_t i = 0; i < axis.output; ++i) {
    int64_t *indices = taps.indices.data() + i * width;
    T *weights = taps.weights.data() + i * width;
    const C center = scale * (static_cast<C>(i) + C{0.5});
    const int64_t first = std::min(clamp_index(center - support + C{0.5}, axis.input), axis.input - 1);
    const int64_t end = clamp_index(center + support + C{0.5}, axis.input);
    const int64_t count = std::clamp<int64_t>(end - first, 0, width);
    C total = 0;
    for (int64_t k = 0; k < width; ++k) {
      const C distance = (static_cast<C>(k + first) - center + C{0.5}) / stretch;
      const C weight = k >= count ? C{0} : (is_cubic ? cubic(distance, C{-0.5}) : triangle(distance));
      // Those without a weight must not bring in another element's NaN.
      indices[k] = k < count ? first + k : first;
      weights[k] = static_cast<T>(weight);
      total += weight;
    }
    for (int64_t k = 0; k < width && total != 0; ++k)
      weights[k] = static_cast<T>(static_cast<C>(weights[k]) / total);
  }
  return {};
}

} // namespace

template <typename T> Status make_taps(const ResampleAxis &axis, Interpolation interpolation, Taps<T> &taps) {
  switch (interpolation) {
  case Interpolation::kLinearAntialias:
  case Interpolation::kCubicAntialias:
    return area_taps(axis, interpolation == Interpolation::kCubicAntialias, taps);
  case Interpolation::kNearest:
  case Interpolation::kNearestExact:
    XNNIR_RETURN_IF_ERROR(allocate(taps, axis, 1));
    break;
  case Interpolation::kLinear:
    XNNIR_RETURN_IF_ERROR(allocate(taps, axis, 2));
    break;
  case Interpolation::kCubic:
    XNNIR_RETURN_IF_ERROR(allocate(taps, axis, 4));
    break;
  }
  point_taps(axis, interpolation, taps);
  return {};
}

template <typename T>
void resample(pthreadpool *threads, size_t outer, const ResampleAxis &axis, size_t inner, const Taps<T> &taps,
              const T *in, T *out) {
  const size_t size = static_cast<size_t>(axis.output);
  const size_t width = taps.width;
  parallel_for(threads, outer * size, inner * width, [&](size_t start, size_t count) {
    for (size_t row = start; row < start + count; ++row) {
      const int64_t *indices = taps.indices.data() + row % size * width;
      const T *weights = taps.weights.data() + row % size * width;
      const T *from = in + row / size * static_cast<size_t>(axis.input) * inner;
      T *to = out + row * inner;
      for (size_t k = 0; k < width; ++k) {
        const T *line = from + static_cast<size_t>(indices[k]) * inner;
        const T weight = weights[k];
        if (k == 0)
          for (size_t i = 0; i < inner; ++i)
            to[i] = weight * line[i];
        else if (weight != 0)
          for (size_t i = 0; i < inner; ++i)
            to[i] += weight * line[i];
      }
    }
  });
}

#define XNNIR_RESAMPLE(T)                                                                                    \
  template Status make_taps(const ResampleAxis &, Interpolation, Taps<T> &);                                 \
  template void resample(pthreadpool *, size_t, const ResampleAxis &, size_t, const Taps<T> &, const T *,    \
                         T *);
XNNIR_RESAMPLE(float)
XNNIR_RESAMPLE(double)
XNNIR_RESAMPLE(int64_t)
#undef XNNIR_RESAMPLE

} // namespace xnnir
