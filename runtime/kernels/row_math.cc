#include "kernels/row_math.h"

#include "kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/row_math.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <cmath>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace xnnir {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using F = hn::ScalableTag<float>;

// Elements whose sum is taken in float; such sums are added up in double.
constexpr size_t kChunk = 4096;

float largest(const float *in, size_t count) {
  const F f;
  const size_t lanes = hn::Lanes(f);
  float result = -std::numeric_limits<float>::infinity();
  size_t i = 0;
  if (count >= lanes) {
    auto vector = hn::LoadU(f, in);
    for (i = lanes; i + lanes <= count; i += lanes)
      vector = hn::Max(vector, hn::LoadU(f, in + i));
    result = hn::GetLane(hn::MaxOfLanes(f, vector));
  }
  for (; i < count; ++i)
    result = std::max(result, in[i]);
  return result;
}

// Calls visit(vector, i) for every full vector, and visit(vector, i) for the rest, in the first lanes of one
// whose other lanes are `fill`.
template <typename Visit>
HWY_INLINE void for_vectors(const float *in, size_t count, float fill, const Visit &visit) {
  const F f;
  const size_t lanes = hn::Lanes(f);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    visit(hn::LoadU(f, in + i), i, lanes);
  if (i < count) {
    HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)];
    std::fill_n(rest, lanes, fill);
    std::copy(in + i, in + count, rest);
    visit(hn::Load(f, rest), i, count - i);
  }
}

template <typename V> HWY_INLINE void store(V vector, float *out, size_t count) {
  const F f;
  if (count == hn::Lanes(f)) {
    hn::StoreU(vector, f, out);
    return;
  }
  HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(vector, f, rest);
  std::copy(rest, rest + count, out);
}

// The sum of exp(in[i] - shift); writes the powers unless `out` is null.
double sum_of_exp(const float *in, float shift, float *out, size_t count) {
  const F f;
  const auto shifts = hn::Set(f, shift);
  double total = 0;
  for (size_t start = 0; start < count; start += kChunk) {
    auto sum = hn::Zero(f);
    for_vectors(in + start, std::min(kChunk, count - start), -std::numeric_limits<float>::infinity(),
                [&](auto vector, size_t i, size_t size) HWY_ATTR {
                  const auto difference = hn::Sub(vector, shifts);
                  // Highway's Exp gives no NaN for NaN.
                  auto power =
                      hn::IfThenElse(hn::Eq(difference, difference), hn::Exp(f, difference), difference);
                  sum = hn::Add(sum, power);
                  if (out != nullptr)
                    store(power, out + start + i, size);
                });
    total += static_cast<double>(hn::GetLane(hn::SumOfLanes(f, sum)));
  }
  return total;
}

void softmax_row(const float *in, float *out, size_t count) {
  const double sum = sum_of_exp(in, largest(in, count), out, count);
  const F f;
  const auto scale = hn::Set(f, static_cast<float>(1 / sum));
  for_vectors(out, count, 0, [&](auto vector, size_t i, size_t size) HWY_ATTR {
    store(hn::Mul(vector, scale), out + i, size);
  });
}

void log_softmax_row(const float *in, float *out, size_t count) {
  const float shift = largest(in, count);
  const F f;
  const auto shifts = hn::Set(f, shift);
  const auto logarithm = hn::Set(f, static_cast<float>(std::log(sum_of_exp(in, shift, nullptr, count))));
  for_vectors(in, count, 0, [&](auto vector, size_t i, size_t size) HWY_ATTR {
    store(hn::Sub(hn::Sub(vector, shifts), logarithm), out + i, size);
  });
}

RowMoments row_moments(const float *in, size_t count) {
  const F f;
  double total = 0;
  for (size_t start = 0; start < count; start += kChunk) {
    auto sum = hn::Zero(f);
    for_vectors(in + start, std::min(kChunk, count - start), 0,
                [&](auto vector, size_t, size_t) HWY_ATTR { sum = hn::Add(sum, vector); });
    total += static_cast<double>(hn::GetLane(hn::SumOfLanes(f, sum)));
  }
  const float mean = static_cast<float>(total / static_cast<double>(count));
  const auto means = hn::Set(f, mean);
  double squares = 0;
  for (size_t start = 0; start < count; start += kChunk) {
    auto sum = hn::Zero(f);
    for_vectors(in + start, std::min(kChunk, count - start), mean, [&](auto vector, size_t, size_t) HWY_ATTR {
      const auto difference = hn::Sub(vector, means);
      sum = hn::MulAdd(difference, difference, sum);
    });
    squares += static_cast<double>(hn::GetLane(hn::SumOfLanes(f, sum)));
  }
  return {mean, static_cast<float>(squares / static_cast<double>(count))};
}

void scale_row(const float *in, float scale, float shift, float *out, size_t count) {
  for (size_t i = 0; i < count; ++i)
    out[i] = in[i] * scale + shift;
}

void normalize_row(const float *in, float mean, float scale, const float *weights, const float *biases,
                   float *out, size_t count) {
  if (weights != nullptr && biases != nullptr)
    for (size_t i = 0; i < count; ++i)
      out[i] = (in[i] - mean) * scale * weights[i] + biases[i];
  else
    for (size_t i = 0; i < count; ++i)
      out[i] = (in[i] - mean) * scale * (weights == nullptr ? 1 : weights[i]) +
               (biases == nullptr ? 0 : biases[i]);
}

} // namespace HWY_NAMESPACE
} // namespace xnnir
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xnnir {

void softmax_row(const float *in, float *out, size_t count) {
  XNNIR_SIMD_SELECT(softmax_row)(in, out, count);
}

void log_softmax_row(const float *in, float *out, size_t count) {
  XNNIR_SIMD_SELECT(log_softmax_row)(in, out, count);
}

RowMoments row_moments(const float *in, size_t count) { return XNNIR_SIMD_SELECT(row_moments)(in, count); }

void scale_row(const float *in, float scale, float shift, float *out, size_t count) {
  XNNIR_SIMD_SELECT(scale_row)(in, scale, shift, out, count);
}

void normalize_row(const float *in, float mean, float scale, const float *weights, const float *biases,
                   float *out, size_t count) {
  XNNIR_SIMD_SELECT(normalize_row)(in, mean, scale, weights, biases, out, count);
}

} // namespace xnnir
#endif
