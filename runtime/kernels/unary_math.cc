// Functions of one number that give floats: aten::{exp,log,sin,...}. Integers are computed in float32.
#include <cmath>

#include "kernels/float_blocks.h"
#include "kernels/unary.h"

namespace xnnir {

namespace {

template <typename F>
Status floating(KernelContext &context, Span<Value *> args, const F &f, BlockFunction block) {
  return UnaryCall(context, args, 3).run_floating(f, block);
}

// One kernel for each: `name`(self, out). `block` computes floats.
#define XNNIR_FLOAT_KERNEL(name, expression, block)                                                          \
  Status name##_out(KernelContext &context, Span<Value *> args) {                                            \
    const auto f = [](auto x) { return static_cast<decltype(x)>(expression); };                              \
    return floating(context, args, f, block);                                                                \
  }                                                                                                          \
  const KernelRegistration k_##name("aten::" #name ".out", name##_out);
#define XNNIR_FLOAT_FUNCTION(name, expression) XNNIR_FLOAT_KERNEL(name, expression, nullptr)
#define XNNIR_FLOAT_VECTORS(name, expression, function)                                                      \
  XNNIR_FLOAT_KERNEL(name, expression, float_block(FloatFunction::function))

constexpr double kPi = 3.14159265358979323846;

XNNIR_FLOAT_FUNCTION(acos, std::acos(x))
XNNIR_FLOAT_FUNCTION(acosh, std::acosh(x))
XNNIR_FLOAT_FUNCTION(asin, std::asin(x))
XNNIR_FLOAT_FUNCTION(asinh, std::asinh(x))
XNNIR_FLOAT_FUNCTION(atan, std::atan(x))
XNNIR_FLOAT_FUNCTION(atanh, std::atanh(x))
XNNIR_FLOAT_VECTORS(cos, std::cos(x), kCos)
XNNIR_FLOAT_FUNCTION(cosh, std::cosh(x))
XNNIR_FLOAT_FUNCTION(deg2rad, x *static_cast<decltype(x)>(kPi / 180))
XNNIR_FLOAT_VECTORS(erf, std::erf(x), kErf)
XNNIR_FLOAT_FUNCTION(erfc, std::erfc(x))
XNNIR_FLOAT_VECTORS(exp, std::exp(x), kExp)
XNNIR_FLOAT_FUNCTION(exp2, std::exp2(x))
XNNIR_FLOAT_FUNCTION(expm1, std::expm1(x))
XNNIR_FLOAT_FUNCTION(lgamma, std::lgamma(x))
XNNIR_FLOAT_VECTORS(log, std::log(x), kLog)
XNNIR_FLOAT_FUNCTION(log10, std::log10(x))
XNNIR_FLOAT_FUNCTION(log1p, std::log1p(x))
XNNIR_FLOAT_FUNCTION(log2, std::log2(x))
XNNIR_FLOAT_FUNCTION(rad2deg, x *static_cast<decltype(x)>(180 / kPi))
XNNIR_FLOAT_VECTORS(reciprocal, 1 / x, kReciprocal)
XNNIR_FLOAT_VECTORS(rsqrt, 1 / std::sqrt(x), kRsqrt)
XNNIR_FLOAT_VECTORS(sigmoid, 1 / (1 + std::exp(-x)), kSigmoid)
XNNIR_FLOAT_VECTORS(sin, std::sin(x), kSin)
XNNIR_FLOAT_FUNCTION(sinc, x == 0 ? 1 : std::sin(x * kPi) / (x * kPi))
XNNIR_FLOAT_FUNCTION(sinh, std::sinh(x))
XNNIR_FLOAT_VECTORS(sqrt, std::sqrt(x), kSqrt)
XNNIR_FLOAT_FUNCTION(tan, std::tan(x))
XNNIR_FLOAT_VECTORS(tanh, std::tanh(x), kTanh)

#undef XNNIR_FLOAT_VECTORS
#undef XNNIR_FLOAT_FUNCTION
#undef XNNIR_FLOAT_KERNEL

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
