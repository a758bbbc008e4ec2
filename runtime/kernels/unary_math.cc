// Functions of one number that give floats: aten::{exp,log,sin,...}. Integers are computed in float32.
#include <cmath>

#include "kernels/unary.h"

namespace xnnir {

namespace {

template <typename F> Status floating(KernelContext &context, Span<Value *> args, const F &f) {
  return UnaryCall(context, args, 3).run_floating(f);
}

// One kernel for each: `name`(self, out).
#define XNNIR_FLOAT_FUNCTION(name, expression)                                                               \
  Status name##_out(KernelContext &context, Span<Value *> args) {                                            \
    return floating(context, args, [](auto x) { return static_cast<decltype(x)>(expression); });             \
  }                                                                                                          \
  const KernelRegistration k_##name("aten::" #name ".out", name##_out);

constexpr double kPi = 3.14159265358979323846;

XNNIR_FLOAT_FUNCTION(acos, std::acos(x))
XNNIR_FLOAT_FUNCTION(acosh, std::acosh(x))
XNNIR_FLOAT_FUNCTION(asin, std::asin(x))
XNNIR_FLOAT_FUNCTION(asinh, std::asinh(x))
XNNIR_FLOAT_FUNCTION(atan, std::atan(x))
XNNIR_FLOAT_FUNCTION(atanh, std::atanh(x))
XNNIR_FLOAT_FUNCTION(cos, std::cos(x))
XNNIR_FLOAT_FUNCTION(cosh, std::cosh(x))
XNNIR_FLOAT_FUNCTION(deg2rad, x *static_cast<decltype(x)>(kPi / 180))
XNNIR_FLOAT_FUNCTION(erf, std::erf(x))
XNNIR_FLOAT_FUNCTION(erfc, std::erfc(x))
XNNIR_FLOAT_FUNCTION(exp, std::exp(x))
XNNIR_FLOAT_FUNCTION(exp2, std::exp2(x))
XNNIR_FLOAT_FUNCTION(expm1, std::expm1(x))
XNNIR_FLOAT_FUNCTION(lgamma, std::lgamma(x))
XNNIR_FLOAT_FUNCTION(log, std::log(x))
XNNIR_FLOAT_FUNCTION(log10, std::log10(x))
XNNIR_FLOAT_FUNCTION(log1p, std::log1p(x))
XNNIR_FLOAT_FUNCTION(log2, std::log2(x))
XNNIR_FLOAT_FUNCTION(rad2deg, x *static_cast<decltype(x)>(180 / kPi))
XNNIR_FLOAT_FUNCTION(reciprocal, 1 / x)
XNNIR_FLOAT_FUNCTION(rsqrt, 1 / std::sqrt(x))
XNNIR_FLOAT_FUNCTION(sigmoid, 1 / (1 + std::exp(-x)))
XNNIR_FLOAT_FUNCTION(sin, std::sin(x))
XNNIR_FLOAT_FUNCTION(sinc, x == 0 ? 1 : std::sin(x * kPi) / (x * kPi))
XNNIR_FLOAT_FUNCTION(sinh, std::sinh(x))
XNNIR_FLOAT_FUNCTION(sqrt, std::sqrt(x))
XNNIR_FLOAT_FUNCTION(tan, std::tan(x))
XNNIR_FLOAT_FUNCTION(tanh, std::tanh(x))

#undef XNNIR_FLOAT_FUNCTION

// logit(self, eps, out): log(x / (1 - x)), with x kept within eps of 0 and 1 where there is an eps.
Status logit_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const std::optional<double> eps = call.arguments.optional_number(1, "eps");
  if (eps && *eps >= 0)
    return call.run_floating([eps = *eps](auto x) {
      using T = decltype(x);
      const T low = static_cast<T>(eps);
      const T kept = x < low ? low : x > 1 - low ? 1 - low : x;
      return std::log(kept / (1 - kept));
    });
  return call.run_floating([](auto x) { return std::log(x / (1 - x)); });
}
const KernelRegistration kLogit("aten::logit.out", logit_out);

} // namespace

} // namespace xnnir
