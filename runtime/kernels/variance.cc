// aten::var, std, var_mean and std_mean.
#include <cmath>

#include "kernels/reduction.h"

namespace xnnir {

namespace {

template <typename T> struct Mean {
  using Lane = double;
  using Total = double;
  double *means;
  double count;

  Lane start(size_t) const { return 0; }
  void step(Lane &lane, T value, int64_t, size_t) const { lane += static_cast<double>(value); }
  Total total() const { return 0; }
  void fold(Total &total, Lane lane) const { total += lane; }
  void finish(size_t i, Total total) const { means[i] = total / count; }
};

// Around means that are known: one pass with sums of squares would cancel digits.
template <typename T> struct Variance {
  using Lane = double;
  using Total = double;
  const double *means;
  T *out;
  double divisor;
  bool root;

  Lane start(size_t) const { return 0; }
  void step(Lane &lane, T value, int64_t, size_t i) const {
    const double difference = static_cast<double>(value) - means[i];
    lane += difference * difference;
  }
  Total total() const { return 0; }
  void fold(Total &total, Lane lane) const { total += lane; }
  void finish(size_t i, Total total) const {
    const double variance = total / divisor;
    out[i] = static_cast<T>(root ? std::sqrt(variance) : variance);
  }
};

struct Call {
  const Tensor *self = nullptr;
  std::optional<Dims> dims;
  // What the number of elements is lessened by to give the divisor.
  double correction = 1;
  bool keepdim = false;
  // The standard deviation is asked for.
  bool root = false;
  Tensor *out = nullptr;
  // Null when not asked for.
  Tensor *mean = nullptr;
};

template <typename T> Status run(KernelContext &context, const Call &call, DimMask reduced) {
  const ReductionPlan plan = plan_reduction(*call.self, reduced);
  const Dims sizes = reduced_sizes(*call.self, reduced, call.keepdim);
  DenseInput<T> in;
  DenseOutput<T> out;
  Scratch<double> means;
  XNNIR_RETURN_IF_ERROR(in.read(context, *call.self));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, sizes));
  XNNIR_RETURN_IF_ERROR(means.allocate(plan.kept.count));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  const double count = static_cast<double>(plan.reduced.count);
  reduce(context, plan, in.data(), Mean<T>{means.data(), count});
  reduce(context, plan, in.data(),
         Variance<T>{means.data(), out.data(), std::fmax(count - call.correction, 0), call.root});
  XNNIR_RETURN_IF_ERROR(out.store(context));
  if (call.mean == nullptr)
    return {};
  DenseOutput<T> mean;
  XNNIR_RETURN_IF_ERROR(resize_output(*call.mean, sizes));
  XNNIR_RETURN_IF_ERROR(mean.prepare(*call.mean));
  for (size_t i = 0; i < plan.kept.count; ++i)
    mean.data()[i] = static_cast<T>(means[i]);
  return mean.store(context);
}

Status variance(KernelContext &context, const Arguments &arguments, const Call &call) {
  if (!arguments.ok())
    return arguments.status();
  Result<DimMask> reduced = dim_mask(call.dims, call.self->rank(), "dim");
  if (!reduced.ok())
    return reduced.status();
  if (!is_floating(call.out->dtype()))
    return unsupported_dtype(call.out->dtype(), "out", "a floating one");
  return with_floating_type(call.self->dtype(), "self",
                            [&](auto type) { return run<decltype(type)>(context, call, *reduced); });
}

// var.out(self, dim[]?, unbiased, keepdim, out)
template <bool kRoot> Status var_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  Call call;
  call.root = kRoot;
  call.self = arguments.tensor(0, "self");
  call.dims = arguments.optional_int_list(1, "dim");
  call.correction = arguments.boolean(2, "unbiased") ? 1 : 0;
  call.keepdim = arguments.boolean(3, "keepdim");
  call.out = arguments.output(4);
  return variance(context, arguments, call);
}

// var.correction_out(self, dim[]?, correction?, keepdim, out)
template <bool kRoot> Status var_correction_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  Call call;
  call.root = kRoot;
  call.self = arguments.tensor(0, "self");
  call.dims = arguments.optional_int_list(1, "dim");
  call.correction = arguments.optional_number(2, "correction").value_or(1);
  call.keepdim = arguments.boolean(3, "keepdim");
  call.out = arguments.output(4);
  return variance(context, arguments, call);
}

// var_mean.correction_out(self, dim[]?, correction?, keepdim, out0, out1)
template <bool kRoot> Status var_mean_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6, 2);
  Call call;
  call.root = kRoot;
  call.self = arguments.tensor(0, "self");
  call.dims = arguments.optional_int_list(1, "dim");
  call.correction = arguments.optional_number(2, "correction").value_or(1);
  call.keepdim = arguments.boolean(3, "keepdim");
  call.out = arguments.output(4);
  call.mean = arguments.output(5);
  return variance(context, arguments, call);
}

const KernelRegistration kVar("aten::var.out", var_out<false>);
const KernelRegistration kVarCorrection("aten::var.correction_out", var_correction_out<false>);
const KernelRegistration kVarMean("aten::var_mean.correction_out", var_mean_out<false>);
const KernelRegistration kStd("aten::std.out", var_out<true>);
const KernelRegistration kStdCorrection("aten::std.correction_out", var_correction_out<true>);
const KernelRegistration kStdMean("aten::std_mean.correction_out", var_mean_out<true>);

} // namespace

} // namespace xnnir
