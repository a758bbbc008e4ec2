// aten::native_layer_norm.
#include "kernels/normalization.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

void normalize(const float *in, const Moments &row, double scale, const float *weights, const float *biases,
               float *out, size_t count) {
  normalize_row(in, static_cast<float>(row.mean), static_cast<float>(scale), weights, biases, out, count);
}
void normalize(const double *in, const Moments &row, double scale, const double *weights,
               const double *biases, double *out, size_t count) {
  for (size_t i = 0; i < count; ++i)
    out[i] = (in[i] - row.mean) * scale * (weights == nullptr ? 1 : weights[i]) +
             (biases == nullptr ? 0 : biases[i]);
}

struct Call {
  const Tensor *input;
  const Tensor *weight;
  const Tensor *bias;
  double eps;
  Tensor *out;
  Tensor *mean;
  Tensor *rstd;
  // Sizes of the mean; elements of one row.
  Dims outer;
  size_t rows;
  size_t length;
};

template <typename T> Status run(KernelContext &context, const Call &call) {
  DenseInput<T> in;
  OptionalInput<T> weights;
  OptionalInput<T> biases;
  DenseOutput<T> out;
  DenseOutput<T> means;
  DenseOutput<T> scales;
  XNNIR_RETURN_IF_ERROR(in.read(context, *call.input));
  XNNIR_RETURN_IF_ERROR(weights.read(context, call.weight, call.length, "weight"));
  XNNIR_RETURN_IF_ERROR(biases.read(context, call.bias, call.length, "bias"));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, sizes_of(*call.input)));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.mean, call.outer));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.rstd, call.outer));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  XNNIR_RETURN_IF_ERROR(means.prepare(*call.mean));
  XNNIR_RETURN_IF_ERROR(scales.prepare(*call.rstd));
  const size_t length = call.length;
  parallel_for(context.threads(), call.rows, 3 * length, [&](size_t start, size_t count) {
    for (size_t row = start; row < start + count; ++row) {
      const Moments row_moments = moments(in.data() + row * length, length);
      const double scale = 1 / std::sqrt(row_moments.variance + call.eps);
      normalize(in.data() + row * length, row_moments, scale, weights.data(), biases.data(),
                out.data() + row * length, length);
      means.data()[row] = static_cast<T>(row_moments.mean);
      scales.data()[row] = static_cast<T>(scale);
    }
  });
  XNNIR_RETURN_IF_ERROR(out.store(context));
  XNNIR_RETURN_IF_ERROR(means.store(context));
  return scales.store(context);
}

// native_layer_norm.out(input, normalized_shape, weight?, bias?, eps, out0, out1, out2)
Status native_layer_norm_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 8, 3);
  Call call = {};
  call.input = arguments.tensor(0, "input");
  const Dims shape = arguments.int_list(1, "normalized_shape");
  call.weight = arguments.optional_tensor(2, "weight");
  call.bias = arguments.optional_tensor(3, "bias");
  call.eps = arguments.scalar(4, "eps");
  call.out = arguments.output(5);
  call.mean = arguments.output(6);
  call.rstd = arguments.output(7);
  if (!arguments.ok())
    return arguments.status();
  const size_t rank = call.input->rank();
  if (shape.size() == 0 || shape.size() > rank)
    return make_status(StatusCode::kInvalidArgument, "normalized_shape has %zu entries, expected 1 to %zu",
                       shape.size(), rank);
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.input, *call.out));
  const size_t first = rank - shape.size();
  call.rows = 1;
  call.length = 1;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t size = call.input->sizes()[i];
    if (i >= first && shape[i - first] != size)
      return make_status(StatusCode::kInvalidArgument, "normalized_shape[%zu] is %lld, expected %lld",
                         i - first, static_cast<long long>(shape[i - first]), static_cast<long long>(size));
    (i < first ? call.rows : call.length) *= static_cast<size_t>(size);
    call.outer.append(i < first ? size : 1);
  }
  return with_floating_type(call.input->dtype(), "input",
                            [&](auto type) { return run<decltype(type)>(context, call); });
}

const KernelRegistration kLayerNorm("aten::native_layer_norm.out", native_layer_norm_out);

} // namespace

} // namespace xnnir
