// Separable resampling: each output element along an axis is a weighted sum of a few input elements.
#pragma once

#include "kernels/dense.h"

namespace xnnir {

enum class Interpolation {
  // The element at floor(i * scale), and at floor((i + 0.5) * scale).
  kNearest,
  kNearestExact,
  kLinear,
  // Keys' kernel with a = -0.75.
  kCubic,
  // The triangle, and Keys' kernel with a = -0.5, both widened by the scale where that is above 1.
  kLinearAntialias,
  kCubicAntialias,
};

// How one axis is resampled.
struct ResampleAxis {
  int64_t input;
  int64_t output;
  // What the caller says that output / input is, before rounding.
  std::optional<double> scale;
  bool align_corners;
};

// Output element i is the sum over k < width of weights[i * width + k] * element indices[i * width + k].
template <typename T> struct Taps {
  size_t width = 0;
  Scratch<int64_t> indices;
  Scratch<T> weights;
};

// The taps of an axis, computed in T as PyTorch's kernels do (aten/src/ATen/native/UpSample.h has the
// formulas).
template <typename T> Status make_taps(const ResampleAxis &axis, Interpolation interpolation, Taps<T> &taps);

// Resamples the middle of [outer, input, inner].
template <typename T>
void resample(pthreadpool *threads, size_t outer, const ResampleAxis &axis, size_t inner, const Taps<T> &taps,
              const T *in, T *out);

} // namespace xnnir
