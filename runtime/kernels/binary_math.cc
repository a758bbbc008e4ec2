// aten::{maximum,minimum,fmax,fmin,pow,atan2,copysign,hypot,xlogy,logaddexp,heaviside}: functions of two
// operands.
#include <algorithm>
#include <cmath>

#include "kernels/binary.h"
#include "kernels/float_blocks.h"
#include "kernels/integers.h"

namespace xnnir {

namespace {

template <typename F>
Status same_dtype(KernelContext &context, Span<Value *> args, const F &f, BlockFunction block = nullptr) {
  BinaryCall call(context, args, 4);
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  return call.run(AnyCompute{}, {*common, *common}, f, false, block);
}

// For integers the result is of float32.
template <typename F> Status floating(KernelContext &context, Span<Value *> args, const F &f) {
  BinaryCall call(context, args, 4);
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  const ScalarType type = to_floating(*common);
  return call.run(FloatCompute{}, {type, type}, f);
}

// NaN if either is. All but pow are called (self, other, out).
Status maximum(KernelContext &context, Span<Value *> args) {
  return same_dtype(
      context, args, [](auto a, auto b) { return a != a || a > b ? a : b; },
      float_block(FloatFunction::kMaximum));
}
Status minimum(KernelContext &context, Span<Value *> args) {
  return same_dtype(
      context, args, [](auto a, auto b) { return a != a || a < b ? a : b; },
      float_block(FloatFunction::kMinimum));
}
// NaN if both are.
Status fmax_out(KernelContext &context, Span<Value *> args) {
  return same_dtype(context, args, [](auto a, auto b) { return b != b || a > b ? a : b; });
}
Status fmin_out(KernelContext &context, Span<Value *> args) {
  return same_dtype(context, args, [](auto a, auto b) { return b != b || a < b ? a : b; });
}

Status heaviside(KernelContext &context, Span<Value *> args) {
  return same_dtype(context, args, [](auto a, auto b) {
    using T = decltype(a);
    return a == 0 ? b : static_cast<T>(a > 0);
  });
}

Status atan2_out(KernelContext &context, Span<Value *> args) {
  return floating(context, args, [](auto a, auto b) { return std::atan2(a, b); });
}
Status copysign_out(KernelContext &context, Span<Value *> args) {
  return floating(context, args, [](auto a, auto b) { return std::copysign(a, b); });
}
Status hypot_out(KernelContext &context, Span<Value *> args) {
  return floating(context, args, [](auto a, auto b) { return std::hypot(a, b); });
}
Status xlogy(KernelContext &context, Span<Value *> args) {
  return floating(context, args, [](auto a, auto b) {
    using T = decltype(a);
    return b != b ? b : a == 0 ? T{0} : a * std::log(b);
  });
}
Status logaddexp(KernelContext &context, Span<Value *> args) {
  return floating(context, args, [](auto a, auto b) {
    if (std::isinf(a) && a == b)
      return a;
    return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
  });
}

// pow(self, exponent, out)
Status pow_out(KernelContext &context, Span<Value *> args) {
  BinaryCall call(context, args, 4);
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  const ElementwiseTypes types = {*common, *common};
  if (call.other.is_number()) {
    const Scalar &exponent = call.other.number();
    if (!is_floating(*common) && exponent.to<int64_t>() < 0)
      return make_status(StatusCode::kInvalidArgument,
                         "exponent is %lld, expected 0 or more for a result of %s",
                         static_cast<long long>(exponent.to<int64_t>()), to_string(*common));
    // Powers that models have for variances and norms.
    const auto power = exponent.to<double>();
    if (power == 2)
      return call.run(AnyCompute{}, types, [](auto a, auto) {
        if constexpr (std::is_same_v<decltype(a), int64_t>)
          return wrapping_multiply(a, a);
        else
          return a * a;
      });
    if (power == 0.5 && is_floating(*common))
      return call.run(FloatCompute{}, types, [](auto a, auto) { return std::sqrt(a); });
  }
  return call.run(AnyCompute{}, types, [](auto a, auto b) {
    if constexpr (std::is_same_v<decltype(a), int64_t>)
      return integer_power(a, b);
    else
      return std::pow(a, b);
  });
}

const KernelRegistration kMaximum("aten::maximum.out", maximum);
const KernelRegistration kMinimum("aten::minimum.out", minimum);
const KernelRegistration kFmax("aten::fmax.out", fmax_out);
const KernelRegistration kFmin("aten::fmin.out", fmin_out);
const KernelRegistration kHeaviside("aten::heaviside.out", heaviside);
const KernelRegistration kAtan2("aten::atan2.out", atan2_out);
const KernelRegistration kCopysign("aten::copysign.out", copysign_out);
const KernelRegistration kCopysignScalar("aten::copysign.Scalar_out", copysign_out);
const KernelRegistration kHypot("aten::hypot.out", hypot_out);
const KernelRegistration kXlogy("aten::xlogy.OutTensor", xlogy);
const KernelRegistration kXlogyOfScalar("aten::xlogy.OutScalar_Self", xlogy);
const KernelRegistration kXlogyScalar("aten::xlogy.OutScalar_Other", xlogy);
const KernelRegistration kLogaddexp("aten::logaddexp.out", logaddexp);
const KernelRegistration kPow("aten::pow.Tensor_Tensor_out", pow_out);
const KernelRegistration kPowScalar("aten::pow.Tensor_Scalar_out", pow_out);
const KernelRegistration kPowOfScalar("aten::pow.Scalar_out", pow_out);

} // namespace

} // namespace xnnir
