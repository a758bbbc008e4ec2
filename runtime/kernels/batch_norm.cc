// The batch normalisations: aten::_native_batch_norm_legit_no_training, _native_batch_norm_legit (with
// running statistics and without) and native_batch_norm.
#include "kernels/normalization.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

struct Call {
  const Tensor *input;
  const Tensor *weight;
  const Tensor *bias;
  // Null when there are none; written in training.
  const Tensor *running_mean;
  const Tensor *running_var;
  // Statistics are the batch's own.
  bool training;
  double momentum;
  double eps;
  Tensor *out;
  Tensor *save_mean;
  Tensor *save_invstd;
};

// The moments of a channel over the batch.
template <typename T>
Moments channel_moments(const T *in, size_t batch, size_t channels, size_t plane, size_t channel) {
  // Rows have the same size, so that the variance around the common mean is the mean of theirs and of the
  // squared distances of their means.
  double mean = 0;
  double square = 0;
  double squares_between = 0;
  for (size_t n = 0; n < batch; ++n) {
    const Moments row = moments(in + (n * channels + channel) * plane, plane);
    const double before = mean;
    mean += (row.mean - mean) / static_cast<double>(n + 1);
    squares_between += (row.mean - before) * (row.mean - mean);
    square += row.variance;
  }
  return {mean, (square + squares_between) / static_cast<double>(batch)};
}

template <typename T> Status run(KernelContext &context, const Call &call) {
  const size_t channels = static_cast<size_t>(call.input->sizes()[1]);
  const size_t batch = static_cast<size_t>(call.input->sizes()[0]);
  size_t plane = 1;
  for (size_t i = 2; i < call.input->rank(); ++i)
    plane *= static_cast<size_t>(call.input->sizes()[i]);

  DenseInput<T> in;
  OptionalInput<T> weights;
  OptionalInput<T> biases;
  OptionalInput<T> means;
  OptionalInput<T> variances;
  XNNIR_RETURN_IF_ERROR(in.read(context, *call.input));
  XNNIR_RETURN_IF_ERROR(weights.read(context, call.weight, channels, "weight"));
  XNNIR_RETURN_IF_ERROR(biases.read(context, call.bias, channels, "bias"));
  XNNIR_RETURN_IF_ERROR(means.read(context, call.running_mean, channels, "running_mean"));
  XNNIR_RETURN_IF_ERROR(variances.read(context, call.running_var, channels, "running_var"));
  if (!call.training && (means.data() == nullptr || variances.data() == nullptr))
    return make_status(StatusCode::kInvalidArgument,
                       "running_mean and running_var are None, expected tensors when not training");
  if (call.training && call.input->numel() == 0)
    return make_status(StatusCode::kInvalidArgument, "input has no elements to take statistics from");

  // Without training the saved statistics are empty.
  Dims saved;
  saved.append(call.training ? static_cast<int64_t>(channels) : 0);
  DenseOutput<T> out;
  DenseOutput<T> save_mean;
  DenseOutput<T> save_invstd;
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, sizes_of(*call.input)));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.save_mean, saved));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.save_invstd, saved));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  XNNIR_RETURN_IF_ERROR(save_mean.prepare(*call.save_mean));
  XNNIR_RETURN_IF_ERROR(save_invstd.prepare(*call.save_invstd));

  Scratch<Moments> statistics;
  XNNIR_RETURN_IF_ERROR(statistics.allocate(channels));
  parallel_for(context.threads(), channels, batch * plane * 3, [&](size_t start, size_t count) {
    for (size_t c = start; c < start + count; ++c) {
      Moments channel;
      if (call.training) {
        channel = channel_moments(in.data(), batch, channels, plane, c);
        save_mean.data()[c] = static_cast<T>(channel.mean);
        save_invstd.data()[c] = static_cast<T>(1 / std::sqrt(channel.variance + call.eps));
      } else {
        channel = {static_cast<double>(means.data()[c]), static_cast<double>(variances.data()[c])};
      }
      statistics[c] = channel;
      const double scale = static_cast<double>(weights.at(c, 1)) / std::sqrt(channel.variance + call.eps);
      const double shift = static_cast<double>(biases.at(c, 0)) - channel.mean * scale;
      for (size_t n = 0; n < batch; ++n) {
        const size_t first = (n * channels + c) * plane;
        scale_elements(in.data() + first, static_cast<T>(scale), static_cast<T>(shift), out.data() + first,
                       plane);
      }
    }
  });
  XNNIR_RETURN_IF_ERROR(out.store(context));
  XNNIR_RETURN_IF_ERROR(save_mean.store(context));
  XNNIR_RETURN_IF_ERROR(save_invstd.store(context));
  if (!call.training || means.data() == nullptr || variances.data() == nullptr)
    return {};

  Scratch<T> running;
  XNNIR_RETURN_IF_ERROR(running.allocate(channels));
  // new = old + momentum * (batch's - old); the variance is the unbiased one.
  const double count = static_cast<double>(batch * plane);
  for (size_t c = 0; c < channels; ++c)
    running[c] = static_cast<T>((1 - call.momentum) * static_cast<double>(means.data()[c]) +
                                call.momentum * statistics[c].mean);
  XNNIR_RETURN_IF_ERROR(write_dense(context.threads(), dense_dtype<T>(), running.data(), *call.running_mean));
  for (size_t c = 0; c < channels; ++c)
    running[c] = static_cast<T>((1 - call.momentum) * static_cast<double>(variances.data()[c]) +
                                call.momentum * statistics[c].variance * count / (count - 1));
  return write_dense(context.threads(), dense_dtype<T>(), running.data(), *call.running_var);
}

Status batch_norm(KernelContext &context, const Arguments &arguments, const Call &call) {
  if (!arguments.ok())
    return arguments.status();
  if (call.input->rank() < 2)
    return make_status(StatusCode::kInvalidArgument, "input has rank %zu, expected at least 2",
                       call.input->rank());
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.input, *call.out));
  for (const Tensor *running : {call.running_mean, call.running_var})
    if (call.training && running != nullptr && running->read_only())
      return make_status(StatusCode::kInvalidProgram,
                         "running statistics are constants, which must not be written in training");
  return with_floating_type(call.input->dtype(), "input",
                            [&](auto type) { return run<decltype(type)>(context, call); });
}

// _native_batch_norm_legit_no_training.out(input, weight?, bias?, running_mean, running_var, momentum, eps,
// out0, out1, out2)
Status no_training_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 10, 3);
  Call call = {};
  call.input = arguments.tensor(0, "input");
  call.weight = arguments.optional_tensor(1, "weight");
  call.bias = arguments.optional_tensor(2, "bias");
  call.running_mean = arguments.tensor(3, "running_mean");
  call.running_var = arguments.tensor(4, "running_var");
  call.eps = arguments.scalar(6, "eps");
  call.out = arguments.output(7);
  call.save_mean = arguments.output(8);
  call.save_invstd = arguments.output(9);
  return batch_norm(context, arguments, call);
}

// _native_batch_norm_legit.no_stats_out(input, weight?, bias?, training, momentum, eps, out, save_mean,
// save_invstd)
Status no_stats_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 9, 3);
  Call call = {};
  call.input = arguments.tensor(0, "input");
  call.weight = arguments.optional_tensor(1, "weight");
  call.bias = arguments.optional_tensor(2, "bias");
  call.training = arguments.boolean(3, "training");
  call.eps = arguments.scalar(5, "eps");
  call.out = arguments.output(6);
  call.save_mean = arguments.output(7);
  call.save_invstd = arguments.output(8);
  return batch_norm(context, arguments, call);
}

// native_batch_norm.out(input, weight?, bias?, running_mean?, running_var?, training, momentum, eps, out,
// save_mean, save_invstd); _native_batch_norm_legit.out has the same.
Status native_batch_norm_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 11, 3);
  Call call = {};
  call.input = arguments.tensor(0, "input");
  call.weight = arguments.optional_tensor(1, "weight");
  call.bias = arguments.optional_tensor(2, "bias");
  call.running_mean = arguments.optional_tensor(3, "running_mean");
  call.running_var = arguments.optional_tensor(4, "running_var");
  call.training = arguments.boolean(5, "training");
  call.momentum = arguments.scalar(6, "momentum");
  call.eps = arguments.scalar(7, "eps");
  call.out = arguments.output(8);
  call.save_mean = arguments.output(9);
  call.save_invstd = arguments.output(10);
  return batch_norm(context, arguments, call);
}

const KernelRegistration kNoTraining("aten::_native_batch_norm_legit_no_training.out", no_training_out);
const KernelRegistration kNoStats("aten::_native_batch_norm_legit.no_stats_out", no_stats_out);
const KernelRegistration kLegit("aten::_native_batch_norm_legit.out", native_batch_norm_out);
const KernelRegistration kBatchNorm("aten::native_batch_norm.out", native_batch_norm_out);

} // namespace

} // namespace xnnir
