// aten::native_group_norm.
#include "kernels/normalization.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

struct Call {
  const Tensor *input;
  const Tensor *weight;
  const Tensor *bias;
  size_t batch;
  size_t channels;
  // Elements of one channel.
  size_t plane;
  size_t groups;
  double eps;
  Tensor *out;
  Tensor *mean;
  Tensor *rstd;
};

template <typename T> Status run(KernelContext &context, const Call &call) {
  DenseInput<T> in;
  OptionalInput<T> weights;
  OptionalInput<T> biases;
  DenseOutput<T> out;
  DenseOutput<T> means;
  DenseOutput<T> scales;
  Dims moments_sizes;
  moments_sizes.append(static_cast<int64_t>(call.batch));
  moments_sizes.append(static_cast<int64_t>(call.groups));
  XNNIR_RETURN_IF_ERROR(in.read(context, *call.input));
  XNNIR_RETURN_IF_ERROR(weights.read(context, call.weight, call.channels, "weight"));
  XNNIR_RETURN_IF_ERROR(biases.read(context, call.bias, call.channels, "bias"));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, sizes_of(*call.input)));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.mean, moments_sizes));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.rstd, moments_sizes));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  XNNIR_RETURN_IF_ERROR(means.prepare(*call.mean));
  XNNIR_RETURN_IF_ERROR(scales.prepare(*call.rstd));
  const size_t depth = call.channels / call.groups;
  const size_t length = depth * call.plane;
  parallel_for(context.threads(), call.batch * call.groups, 3 * length, [&](size_t start, size_t count) {
    for (size_t row = start; row < start + count; ++row) {
      const T *group = in.data() + row * length;
      const Moments group_moments = moments(group, length);
      const double scale = 1 / std::sqrt(group_moments.variance + call.eps);
      for (size_t i = 0; i < depth; ++i) {
        const size_t channel = row % call.groups * depth + i;
        const double weight = scale * static_cast<double>(weights.at(channel, 1));
        const double bias = static_cast<double>(biases.at(channel, 0)) - group_moments.mean * weight;
        scale_elements(group + i * call.plane, static_cast<T>(weight), static_cast<T>(bias),
                       out.data() + row * length + i * call.plane, call.plane);
      }
      means.data()[row] = static_cast<T>(group_moments.mean);
      scales.data()[row] = static_cast<T>(scale);
    }
  });
  XNNIR_RETURN_IF_ERROR(out.store(context));
  XNNIR_RETURN_IF_ERROR(means.store(context));
  return scales.store(context);
}

// native_group_norm.out(input, weight?, bias?, N, C, HxW, group, eps, out0, out1, out2)
Status native_group_norm_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 11, 3);
  Call call = {};
  call.input = arguments.tensor(0, "input");
  call.weight = arguments.optional_tensor(1, "weight");
  call.bias = arguments.optional_tensor(2, "bias");
  const int64_t batch = arguments.integer(3, "N");
  const int64_t channels = arguments.integer(4, "C");
  const int64_t plane = arguments.integer(5, "HxW");
  const int64_t groups = arguments.integer(6, "group");
  call.eps = arguments.scalar(7, "eps");
  call.out = arguments.output(8);
  call.mean = arguments.output(9);
  call.rstd = arguments.output(10);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.input, *call.out));
  if (call.input->rank() < 2 || call.input->sizes()[0] != batch || call.input->sizes()[1] != channels)
    return make_status(StatusCode::kInvalidArgument, "input is expected to have the shape [%lld, %lld, ...]",
                       static_cast<long long>(batch), static_cast<long long>(channels));
  call.plane = 1;
  for (size_t i = 2; i < call.input->rank(); ++i)
    call.plane *= static_cast<size_t>(call.input->sizes()[i]);
  if (plane < 0 || call.plane != static_cast<size_t>(plane))
    return make_status(StatusCode::kInvalidArgument, "HxW is %lld, expected %zu",
                       static_cast<long long>(plane), call.plane);
  if (groups <= 0 || channels % groups != 0)
    return make_status(StatusCode::kInvalidArgument, "group is %lld, expected a divisor of the %lld channels",
                       static_cast<long long>(groups), static_cast<long long>(channels));
  call.batch = static_cast<size_t>(batch);
  call.channels = static_cast<size_t>(channels);
  call.groups = static_cast<size_t>(groups);
  return with_floating_type(call.input->dtype(), "input",
                            [&](auto type) { return run<decltype(type)>(context, call); });
}

const KernelRegistration kGroupNorm("aten::native_group_norm.out", native_group_norm_out);

} // namespace

} // namespace xnnir
