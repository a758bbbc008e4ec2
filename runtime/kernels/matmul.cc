#include "kernels/matmul.h"

#include "kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/matmul.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace xnnir {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// kRows rows by two vectors of columns: as many sums as the instructions' latency needs.
template <size_t kRows, typename T>
HWY_INLINE void tile(size_t columns, size_t depth, const T *a, size_t a_stride, const T *panel,
                     bool accumulate, T *out, size_t out_stride) {
  const hn::CappedTag<T, kPanelColumns<T> / 2> d;
  const size_t lanes = hn::Lanes(d);
  using V = decltype(hn::Zero(d));
  V low[kRows];
  V high[kRows];
  for (size_t r = 0; r < kRows; ++r)
    low[r] = high[r] = hn::Zero(d);
  for (size_t p = 0; p < depth; ++p) {
    const V b_low = hn::LoadU(d, panel + p * kPanelColumns<T>);
    const V b_high = hn::LoadU(d, panel + p * kPanelColumns<T> + lanes);
    for (size_t r = 0; r < kRows; ++r) {
      const V element = hn::Set(d, a[r * a_stride + p]);
      low[r] = hn::MulAdd(element, b_low, low[r]);
      high[r] = hn::MulAdd(element, b_high, high[r]);
    }
  }
  HWY_ALIGN T row[2 * HWY_MAX_BYTES / sizeof(T)];
  for (size_t r = 0; r < kRows; ++r) {
    T *to = out + r * out_stride;
    if (columns >= 2 * lanes) {
      if (accumulate) {
        low[r] = hn::Add(low[r], hn::LoadU(d, to));
        high[r] = hn::Add(high[r], hn::LoadU(d, to + lanes));
      }
      hn::StoreU(low[r], d, to);
      hn::StoreU(high[r], d, to + lanes);
    } else {
      hn::StoreU(low[r], d, row);
      hn::StoreU(high[r], d, row + lanes);
      for (size_t c = 0; c < columns; ++c)
        to[c] = accumulate ? to[c] + row[c] : row[c];
    }
  }
}

template <typename T>
void panel_of(size_t rows, size_t columns, size_t depth, const T *a, size_t a_stride, const T *panel,
              bool accumulate, T *out, size_t out_stride) {
  const hn::CappedTag<T, kPanelColumns<T> / 2> d;
  const size_t step = 2 * hn::Lanes(d);
  constexpr size_t kRows = 4;
  for (size_t c = 0; c < columns; c += step) {
    const size_t width = std::min(step, columns - c);
    size_t r = 0;
    for (; r + kRows <= rows; r += kRows)
      tile<kRows>(width, depth, a + r * a_stride, a_stride, panel + c, accumulate, out + r * out_stride + c,
                  out_stride);
    for (; r < rows; ++r)
      tile<1>(width, depth, a + r * a_stride, a_stride, panel + c, accumulate, out + r * out_stride + c,
              out_stride);
  }
}

template <typename T> T dot_of(const T *a, const T *b, size_t count) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  auto first = hn::Zero(d);
  auto second = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    first = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), first);
    second = hn::MulAdd(hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes), second);
  }
  T sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(first, second)));
  for (; i < count; ++i)
    sum += a[i] * b[i];
  return sum;
}

void float_panel(size_t rows, size_t columns, size_t depth, const float *a, size_t a_stride,
                 const float *panel, bool accumulate, float *out, size_t out_stride) {
  panel_of(rows, columns, depth, a, a_stride, panel, accumulate, out, out_stride);
}
float float_dot(const float *a, const float *b, size_t count) { return dot_of(a, b, count); }
#if HWY_HAVE_FLOAT64
void double_panel(size_t rows, size_t columns, size_t depth, const double *a, size_t a_stride,
                  const double *panel, bool accumulate, double *out, size_t out_stride) {
  panel_of(rows, columns, depth, a, a_stride, panel, accumulate, out, out_stride);
}
double double_dot(const double *a, const double *b, size_t count) { return dot_of(a, b, count); }
#else
// NEON of 32-bit Arm has vectors of floats alone.
void double_panel(size_t rows, size_t columns, size_t depth, const double *a, size_t a_stride,
                  const double *panel, bool accumulate, double *out, size_t out_stride) {
  for (size_t r = 0; r < rows; ++r) {
    double sums[kPanelColumns<double>] = {};
    for (size_t p = 0; p < depth; ++p)
      for (size_t c = 0; c < columns; ++c)
        sums[c] += a[r * a_stride + p] * panel[p * kPanelColumns<double> + c];
    double *to = out + r * out_stride;
    for (size_t c = 0; c < columns; ++c)
      to[c] = accumulate ? to[c] + sums[c] : sums[c];
  }
}
double double_dot(const double *a, const double *b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += a[i] * b[i];
  return sum;
}
#endif

} // namespace HWY_NAMESPACE
} // namespace xnnir
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xnnir {

void multiply_panel(size_t rows, size_t columns, size_t depth, const float *a, size_t a_stride,
                    const float *panel, bool accumulate, float *out, size_t out_stride) {
  XNNIR_SIMD_SELECT(float_panel)(rows, columns, depth, a, a_stride, panel, accumulate, out, out_stride);
}

void multiply_panel(size_t rows, size_t columns, size_t depth, const double *a, size_t a_stride,
                    const double *panel, bool accumulate, double *out, size_t out_stride) {
  XNNIR_SIMD_SELECT(double_panel)(rows, columns, depth, a, a_stride, panel, accumulate, out, out_stride);
}

// Unsigned arithmetic, because integers wrap around.
void multiply_panel(size_t rows, size_t columns, size_t depth, const int64_t *a, size_t a_stride,
                    const int64_t *panel, bool accumulate, int64_t *out, size_t out_stride) {
  for (size_t r = 0; r < rows; ++r) {
    uint64_t sums[kPanelColumns<int64_t>] = {};
    for (size_t p = 0; p < depth; ++p)
      for (size_t c = 0; c < columns; ++c)
        sums[c] += static_cast<uint64_t>(a[r * a_stride + p]) *
                   static_cast<uint64_t>(panel[p * kPanelColumns<int64_t> + c]);
    for (size_t c = 0; c < columns; ++c) {
      int64_t &to = out[r * out_stride + c];
      to = static_cast<int64_t>(sums[c] + (accumulate ? static_cast<uint64_t>(to) : 0));
    }
  }
}

float dot(const float *a, const float *b, size_t count) { return XNNIR_SIMD_SELECT(float_dot)(a, b, count); }
double dot(const double *a, const double *b, size_t count) {
  return XNNIR_SIMD_SELECT(double_dot)(a, b, count);
}
int64_t dot(const int64_t *a, const int64_t *b, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += static_cast<uint64_t>(a[i]) * static_cast<uint64_t>(b[i]);
  return static_cast<int64_t>(sum);
}

} // namespace xnnir
#endif
