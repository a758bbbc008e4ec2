// What the normalisations share: weights and biases, moments, and results that are not written.
#pragma once

#include <cmath>

#include "kernels/dense.h"
#include "kernels/row_math.h"

namespace xnnir {

// A tensor of weights or biases, or none, in which case data() is null.
template <typename T> class OptionalInput {
public:
  // kInvalidArgument when the tensor has not `count` elements.
  Status read(KernelContext &context, const Tensor *tensor, size_t count, const char *name) {
    if (tensor == nullptr)
      return {};
    if (tensor->numel() != count)
      return make_status(StatusCode::kInvalidArgument, "%s has %zu elements, expected %zu", name,
                         tensor->numel(), count);
    given_ = true;
    return input_.read(context, *tensor);
  }
  const T *data() const { return given_ ? input_.data() : nullptr; }
  T at(size_t i, T otherwise) const { return given_ ? input_.data()[i] : otherwise; }

private:
  bool given_ = false;
  DenseInput<T> input_;
};

struct Moments {
  double mean;
  // Divided by the count.
  double variance;
};

inline Moments moments(const float *in, size_t count) {
  const RowMoments row = row_moments(in, count);
  return {static_cast<double>(row.mean), static_cast<double>(row.variance)};
}
inline Moments moments(const double *in, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += in[i];
  const double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (size_t i = 0; i < count; ++i)
    squares += (in[i] - mean) * (in[i] - mean);
  return {mean, squares / static_cast<double>(count)};
}

// out[i] = in[i] * scale + shift.
template <typename T> void scale_elements(const T *in, T scale, T shift, T *out, size_t count) {
  if constexpr (std::is_same_v<T, float>)
    scale_row(in, scale, shift, out, count);
  else
    for (size_t i = 0; i < count; ++i)
      out[i] = in[i] * scale + shift;
}

} // namespace xnnir
