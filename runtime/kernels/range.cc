// aten::{arange,linspace}: numbers at equal distances.
#include <cmath>

#include "core/overflow.h"
#include "kernels/arguments.h"
#include "kernels/dtype_switch.h"
#include "kernels/integers.h"

namespace xnnir {

namespace {

Status resize_to(Tensor &out, int64_t count) {
  Dims sizes;
  sizes.append(count);
  return resize_output(out, sizes);
}

// ceil((end - start) / step). Integers are counted as such.
Result<int64_t> count_steps(const Scalar &start, const Scalar &end, const Scalar &step) {
  const double from = start.to<double>();
  const double to = end.to<double>();
  const double by = step.to<double>();
  const auto refused = [&] {
    return make_status(StatusCode::kInvalidArgument,
                       "start, end and step are %g, %g and %g, expected steps that lead to the end", from, to,
                       by);
  };
  if (!start.is_floating() && !end.is_floating() && !step.is_floating()) {
    int64_t distance = 0;
    const int64_t stride = step.to<int64_t>();
    if (stride == 0 || sub_overflow(end.to<int64_t>(), start.to<int64_t>(), &distance) ||
        (distance != 0 && (distance < 0) != (stride < 0)))
      return refused();
    return truncating_divide(distance, stride) + (truncating_modulo(distance, stride) != 0 ? 1 : 0);
  }
  const double count = std::ceil((to - from) / by);
  if (!(by != 0) || !std::isfinite(from) || !std::isfinite(to) || !(count >= 0 && count < 0x1p62))
    return refused();
  return static_cast<int64_t>(count);
}

Status fill_range(Arguments &arguments, const Scalar &start, const Scalar &end, const Scalar &step,
                  Tensor *out) {
  if (!arguments.ok())
    return arguments.status();
  Result<int64_t> count = count_steps(start, end, step);
  if (!count.ok())
    return count.status();
  XNNIR_RETURN_IF_ERROR(resize_to(*out, *count));
  return dtype_switch(RealTypes{}, out->dtype(), "out", [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Wide = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
    // PyTorch casts the bounds first: arange(0.5, 4, dtype=int64) starts with 0.
    const Wide first = start.to<Wide>();
    const Wide by = step.to<Wide>();
    auto *elements = out->data_as<T>();
    for (int64_t i = 0; i < *count; ++i) {
      if constexpr (std::is_integral_v<T>)
        elements[i] = static_cast<T>(static_cast<uint64_t>(first) +
                                     static_cast<uint64_t>(i) * static_cast<uint64_t>(by));
      else
        elements[i] = element_cast<T>(first + static_cast<double>(i) * by);
    }
  });
}

// arange(end, out)
Status arange_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  const Scalar end = arguments.scalar_value(0, "end");
  return fill_range(arguments, Scalar(int64_t{0}), end, Scalar(int64_t{1}), arguments.output(1));
}

// arange(start, end, step, out)
Status arange_start_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Scalar start = arguments.scalar_value(0, "start");
  const Scalar end = arguments.scalar_value(1, "end");
  const Scalar step = arguments.scalar_value(2, "step");
  return fill_range(arguments, start, end, step, arguments.output(3));
}

// linspace(start, end, steps, out): from both ends, so that each is exact.
Status linspace_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const double start = arguments.scalar(0, "start");
  const double end = arguments.scalar(1, "end");
  const int64_t steps = arguments.integer(2, "steps");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(resize_to(*out, steps));
  const double step = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  return dtype_switch(RealTypes{}, out->dtype(), "out", [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto *elements = out->data_as<T>();
    for (int64_t i = 0; i < steps; ++i)
      elements[i] =
          element_cast<T>(i < steps / 2 || steps == 1 ? start + step * static_cast<double>(i)
                                                      : end - step * static_cast<double>(steps - i - 1));
  });
}

const KernelRegistration kArange("aten::arange.out", arange_out);
const KernelRegistration kArangeStart("aten::arange.start_out", arange_start_out);
const KernelRegistration kLinspace("aten::linspace.out", linspace_out);

} // namespace

} // namespace xnnir
