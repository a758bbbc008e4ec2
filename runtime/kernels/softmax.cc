// aten::_softmax and aten::_log_softmax.
#include <cmath>
#include <limits>

#include "kernels/dense.h"
#include "kernels/parallel.h"
#include "kernels/row_math.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// Columns of a tensor's middle dimension that are computed side by side, so that each row's cache lines are
// read whole.
constexpr size_t kColumns = 16;

// `length` elements `stride` apart, for `count` neighbours.
template <typename T, bool kLog>
void softmax_columns(const T *in, T *out, size_t length, size_t stride, size_t count) {
  T largest[kColumns];
  double sum[kColumns] = {};
  std::fill_n(largest, count, -std::numeric_limits<T>::infinity());
  for (size_t i = 0; i < length; ++i)
    for (size_t c = 0; c < count; ++c)
      largest[c] = in[i * stride + c] > largest[c] ? in[i * stride + c] : largest[c];
  for (size_t i = 0; i < length; ++i)
    for (size_t c = 0; c < count; ++c) {
      const T power = std::exp(in[i * stride + c] - largest[c]);
      sum[c] += static_cast<double>(power);
      if (!kLog)
        out[i * stride + c] = power;
    }
  for (size_t c = 0; c < count; ++c)
    sum[c] = kLog ? std::log(sum[c]) : 1 / sum[c];
  for (size_t i = 0; i < length; ++i)
    for (size_t c = 0; c < count; ++c) {
      T &element = out[i * stride + c];
      element =
          kLog ? in[i * stride + c] - largest[c] - static_cast<T>(sum[c]) : element * static_cast<T>(sum[c]);
    }
}

template <bool kLog> void dense_row(const float *in, float *out, size_t length) {
  if (kLog)
    log_softmax_row(in, out, length);
  else
    softmax_row(in, out, length);
}
template <bool kLog> void dense_row(const double *in, double *out, size_t length) {
  softmax_columns<double, kLog>(in, out, length, 1, 1);
}

// _softmax.out(self, dim, half_to_float, out)
template <bool kLog> Status softmax_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  const bool half_to_float = arguments.boolean(2, "half_to_float");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  if (!half_to_float)
    XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  size_t outer = 1;
  size_t length = 1;
  size_t inner = 1;
  for (size_t i = 0; i < self->rank(); ++i)
    (i < dim ? outer : (i == dim ? length : inner)) *= static_cast<size_t>(self->sizes()[i]);
  return with_floating_type(out->dtype(), "out", [&](auto type) {
    using T = decltype(type);
    DenseInput<T> in;
    DenseOutput<T> result;
    XNNIR_RETURN_IF_ERROR(in.read(context, *self));
    XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes_of(*self)));
    XNNIR_RETURN_IF_ERROR(result.prepare(*out));
    if (out->numel() == 0)
      return Status();
    const size_t blocks = (inner + kColumns - 1) / kColumns;
    constexpr size_t kCostOfExp = 8;
    parallel_for(context.threads(), outer * blocks, length * std::min(inner, kColumns) * kCostOfExp,
                 [&](size_t start, size_t count) {
                   for (size_t i = start; i < start + count; ++i) {
                     const size_t column = i % blocks * kColumns;
                     const size_t first = i / blocks * length * inner + column;
                     if (inner == 1)
                       dense_row<kLog>(in.data() + first, result.data() + first, length);
                     else
                       softmax_columns<T, kLog>(in.data() + first, result.data() + first, length, inner,
                                                std::min(inner - column, kColumns));
                   }
                 });
    return result.store(context);
  });
}

const KernelRegistration kSoftmax("aten::_softmax.out", softmax_out<false>);
const KernelRegistration kLogSoftmax("aten::_log_softmax.out", softmax_out<true>);

} // namespace

} // namespace xnnir
