// Functions of dense rows of floats, with vector instructions.
#pragma once

#include <cstddef>

namespace xnnir {

// out[i] = exp(in[i]) / sum(exp(in)), and its logarithm. `in` may be `out`.
void softmax_row(const float *in, float *out, size_t count);
void log_softmax_row(const float *in, float *out, size_t count);

// The mean of a row that is not empty, and the mean of the squared differences from it.
struct RowMoments {
  float mean;
  float variance;
};
RowMoments row_moments(const float *in, size_t count);

// out[i] = in[i] * scale + shift.
void scale_row(const float *in, float scale, float shift, float *out, size_t count);
// out[i] = (in[i] - mean) * scale * weights[i] + biases[i]; null stands for ones and zeros.
void normalize_row(const float *in, float mean, float scale, const float *weights, const float *biases,
                   float *out, size_t count);

} // namespace xnnir
