// Vector norms and logsumexp: aten::linalg_vector_norm, norm and logsumexp.
#include <cmath>
#include <limits>

#include "kernels/reduction.h"

namespace xnnir {

namespace {

// The p-th root of the sum of |x|^p.
template <typename T> struct PowerNorm {
  using Lane = double;
  using Total = double;
  T *out;
  double p;

  Lane start(size_t) const { return 0; }
  void step(Lane &lane, T value, int64_t, size_t) const {
    lane += std::pow(std::fabs(static_cast<double>(value)), p);
  }
  Total total() const { return 0; }
  void fold(Total &total, Lane lane) const { total += lane; }
  void finish(size_t i, Total total) const { out[i] = static_cast<T>(std::pow(total, 1 / p)); }
};

template <typename T> struct EuclideanNorm : PowerNorm<T> {
  void step(double &lane, T value, int64_t, size_t) const {
    lane += static_cast<double>(value) * static_cast<double>(value);
  }
  void finish(size_t i, double total) const { this->out[i] = static_cast<T>(std::sqrt(total)); }
};

template <typename T> struct SumNorm : PowerNorm<T> {
  void step(double &lane, T value, int64_t, size_t) const { lane += std::fabs(static_cast<double>(value)); }
  void finish(size_t i, double total) const { this->out[i] = static_cast<T>(total); }
};

// The number of elements that are not zero.
template <typename T> struct ZeroNorm : SumNorm<T> {
  void step(double &lane, T value, int64_t, size_t) const { lane += value != 0 ? 1 : 0; }
};

// The largest |x|, or the smallest; NaN when there is one.
template <typename T, bool kLargest> struct InfinityNorm {
  using Lane = T;
  using Total = T;
  T *out;

  Lane start(size_t) const { return kLargest ? 0 : std::numeric_limits<T>::infinity(); }
  void step(Lane &lane, T value, int64_t, size_t) const {
    const T size = std::fabs(value);
    lane = (kLargest ? size > lane : size < lane) || size != size ? size : lane;
  }
  Total total() const { return start(0); }
  void fold(Total &total, Lane lane) const { step(total, lane, 0, 0); }
  void finish(size_t i, Total total) const { out[i] = total; }
};

template <typename T> struct Largest {
  using Lane = T;
  using Total = T;
  T *out;

  Lane start(size_t) const { return -std::numeric_limits<T>::infinity(); }
  void step(Lane &lane, T value, int64_t, size_t) const {
    lane = value > lane || value != value ? value : lane;
  }
  Total total() const { return start(0); }
  void fold(Total &total, Lane lane) const { step(total, lane, 0, 0); }
  // What is subtracted has to be finite, or infinities would give NaN.
  void finish(size_t i, Total total) const { out[i] = std::isinf(total) ? 0 : total; }
};

template <typename T> struct LogSumExp {
  using Lane = double;
  using Total = double;
  const T *largest;
  T *out;

  Lane start(size_t) const { return 0; }
  void step(Lane &lane, T value, int64_t, size_t i) const { lane += std::exp(value - largest[i]); }
  Total total() const { return 0; }
  void fold(Total &total, Lane lane) const { total += lane; }
  void finish(size_t i, Total total) const {
    out[i] = static_cast<T>(std::log(total) + static_cast<double>(largest[i]));
  }
};

struct Call {
  const Tensor *self = nullptr;
  std::optional<Dims> dims;
  bool keepdim = false;
  Tensor *out = nullptr;
};

// Reads and writes tensors around `run(plan, in, out)`, which reduces them in the result's floating type.
template <typename Run>
Status with_tensors(KernelContext &context, const Arguments &arguments, const Call &call, const Run &run) {
  if (!arguments.ok())
    return arguments.status();
  Result<DimMask> reduced = dim_mask(call.dims, call.self->rank(), "dim");
  if (!reduced.ok())
    return reduced.status();
  return with_floating_type(call.out->dtype(), "out", [&](auto type) {
    using T = decltype(type);
    const ReductionPlan plan = plan_reduction(*call.self, *reduced);
    DenseInput<T> in;
    DenseOutput<T> out;
    XNNIR_RETURN_IF_ERROR(in.read(context, *call.self));
    XNNIR_RETURN_IF_ERROR(resize_output(*call.out, reduced_sizes(*call.self, *reduced, call.keepdim)));
    XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
    XNNIR_RETURN_IF_ERROR(run(plan, in.data(), out.data()));
    return out.store(context);
  });
}

Status norm(KernelContext &context, const Arguments &arguments, const Call &call, double p) {
  return with_tensors(context, arguments, call, [&](const ReductionPlan &plan, const auto *in, auto *out) {
    using T = std::remove_pointer_t<decltype(out)>;
    if (plan.reduced.count == 0 && plan.kept.count > 0 && (p < 0 || std::isinf(p)))
      return make_status(
          StatusCode::kInvalidArgument,
          "self has no elements along the reduced dimensions, expected at least one for a norm "
          "of order %g",
          p);
    if (p == 0)
      reduce(context, plan, in, ZeroNorm<T>{{{out, p}}});
    else if (p == 1)
      reduce(context, plan, in, SumNorm<T>{{out, p}});
    else if (p == 2)
      reduce(context, plan, in, EuclideanNorm<T>{{out, p}});
    else if (std::isinf(p) && p > 0)
      reduce(context, plan, in, InfinityNorm<T, true>{out});
    else if (std::isinf(p))
      reduce(context, plan, in, InfinityNorm<T, false>{out});
    else
      reduce(context, plan, in, PowerNorm<T>{out, p});
    return Status();
  });
}

// linalg_vector_norm.out(self, ord, dim[]?, keepdim, dtype?, out)
Status linalg_vector_norm_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 7);
  Call call;
  call.self = arguments.tensor(0, "self");
  const double p = arguments.scalar(1, "ord");
  call.dims = arguments.optional_int_list(2, "dim");
  call.keepdim = arguments.boolean(3, "keepdim");
  arguments.optional_dtype(4, "dtype");
  call.out = arguments.output(5);
  return norm(context, arguments, call, p);
}

// norm.out(self, p?, dim[], keepdim, out), norm.dtype_out(self, p?, dim[], keepdim, dtype, out)
template <bool kHasDtype> Status norm_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, kHasDtype ? 7 : 6);
  Call call;
  call.self = arguments.tensor(0, "self");
  const double p = arguments.optional_number(1, "p").value_or(2);
  call.dims = arguments.int_list(2, "dim");
  call.keepdim = arguments.boolean(3, "keepdim");
  call.out = arguments.output(kHasDtype ? 5 : 4);
  return norm(context, arguments, call, p);
}

// norm.Scalar_out(self, p, out)
Status norm_scalar_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  Call call;
  call.self = arguments.tensor(0, "self");
  const double p = arguments.scalar(1, "p");
  call.out = arguments.output(2);
  return norm(context, arguments, call, p);
}

// logsumexp.out(self, dim[], keepdim, out)
Status logsumexp_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  Call call;
  call.self = arguments.tensor(0, "self");
  call.dims = arguments.int_list(1, "dim");
  call.keepdim = arguments.boolean(2, "keepdim");
  call.out = arguments.output(3);
  return with_tensors(context, arguments, call, [&](const ReductionPlan &plan, const auto *in, auto *out) {
    using T = std::remove_pointer_t<decltype(out)>;
    Scratch<T> largest;
    XNNIR_RETURN_IF_ERROR(largest.allocate(plan.kept.count));
    reduce(context, plan, in, Largest<T>{largest.data()});
    reduce(context, plan, in, LogSumExp<T>{largest.data(), out});
    return Status();
  });
}

const KernelRegistration kVectorNorm("aten::linalg_vector_norm.out", linalg_vector_norm_out);
const KernelRegistration kNorm("aten::norm.out", norm_out<false>);
const KernelRegistration kNormDtype("aten::norm.dtype_out", norm_out<true>);
const KernelRegistration kNormScalar("aten::norm.Scalar_out", norm_scalar_out);
const KernelRegistration kLogSumExp("aten::logsumexp.out", logsumexp_out);

} // namespace

} // namespace xnnir
