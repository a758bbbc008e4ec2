// Functions of one number that keep its dtype: aten::{abs,neg,sign,floor,...}; and those that give bools.
#include "kernels/unary.h"

#include <cmath>

#include "kernels/float_blocks.h"
#include "kernels/integers.h"

namespace xnnir {

namespace {

// All of them are called (self, out), but round.decimals_out.
Status abs_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3)
      .run(
          AnyCompute{},
          [](auto x) {
            if constexpr (std::is_same_v<decltype(x), int64_t>)
              return x < 0 ? wrapping_negate(x) : x;
            else
              return std::abs(x);
          },
          float_block(FloatFunction::kAbs));
}

Status neg_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3)
      .run(
          AnyCompute{},
          [](auto x) {
            if constexpr (std::is_same_v<decltype(x), int64_t>)
              return wrapping_negate(x);
            else
              return -x;
          },
          float_block(FloatFunction::kNeg));
}

// PyTorch's kernel gives 0 for NaN.
Status sign_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run(AnyCompute{}, [](auto x) {
    return static_cast<decltype(x)>((x > 0) - (x < 0));
  });
}

Status square_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run(AnyCompute{}, [](auto x) {
    if constexpr (std::is_same_v<decltype(x), int64_t>)
      return wrapping_multiply(x, x);
    else
      return x * x;
  });
}

Status relu_out(KernelContext &context, Span<Value *> args) {
  // NaN stays.
  return UnaryCall(context, args, 3)
      .run(
          AnyCompute{}, [](auto x) { return x < 0 ? decltype(x){0} : x; }, float_block(FloatFunction::kRelu));
}

// Integers are what they are, rounded.
template <typename F>
Status rounding(KernelContext &context, Span<Value *> args, FloatFunction function, const F &f) {
  return UnaryCall(context, args, 3)
      .run(
          AnyCompute{},
          [f](auto x) {
            if constexpr (std::is_same_v<decltype(x), int64_t>)
              return x;
            else
              return f(x);
          },
          float_block(function));
}

Status ceil_out(KernelContext &context, Span<Value *> args) {
  return rounding(context, args, FloatFunction::kCeil, [](auto x) { return std::ceil(x); });
}
Status floor_out(KernelContext &context, Span<Value *> args) {
  return rounding(context, args, FloatFunction::kFloor, [](auto x) { return std::floor(x); });
}
Status frac_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run(FloatCompute{}, [](auto x) { return x - std::trunc(x); });
}
// Halves to the even neighbour.
Status round_out(KernelContext &context, Span<Value *> args) {
  return rounding(context, args, FloatFunction::kRound, [](auto x) { return std::nearbyint(x); });
}
Status trunc_out(KernelContext &context, Span<Value *> args) {
  return rounding(context, args, FloatFunction::kTrunc, [](auto x) { return std::trunc(x); });
}

// round.decimals_out(self, decimals, out)
Status round_decimals_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const int64_t decimals = call.arguments.integer(1, "decimals");
  const double power = std::pow(10.0, std::abs(static_cast<double>(decimals)));
  return call.run(FloatCompute{}, [power, down = decimals < 0](auto x) {
    const auto scale = static_cast<decltype(x)>(power);
    return down ? std::nearbyint(x / scale) * scale : std::nearbyint(x * scale) / scale;
  });
}

Status logical_not_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run_predicate([](auto x) { return x == 0; });
}
Status isnan_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run_predicate([](auto x) { return x != x; });
}
template <typename T> bool is_infinite(T x, bool positive, bool negative) {
  if constexpr (std::is_same_v<T, int64_t>)
    return false;
  else
    return std::isinf(x) && (x > 0 ? positive : negative);
}
Status isinf_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run_predicate([](auto x) { return is_infinite(x, true, true); });
}
Status isposinf_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run_predicate([](auto x) { return is_infinite(x, true, false); });
}
Status isneginf_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run_predicate([](auto x) { return is_infinite(x, false, true); });
}
Status signbit_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run_predicate([](auto x) {
    if constexpr (std::is_same_v<decltype(x), int64_t>)
      return x < 0;
    else
      return std::signbit(x);
  });
}

const KernelRegistration kAbs("aten::abs.out", abs_out);
const KernelRegistration kNeg("aten::neg.out", neg_out);
const KernelRegistration kSign("aten::sign.out", sign_out);
const KernelRegistration kSgn("aten::sgn.out", sign_out);
const KernelRegistration kSquare("aten::square.out", square_out);
const KernelRegistration kRelu("aten::relu.out", relu_out);
const KernelRegistration kCeil("aten::ceil.out", ceil_out);
const KernelRegistration kFloor("aten::floor.out", floor_out);
const KernelRegistration kFrac("aten::frac.out", frac_out);
const KernelRegistration kRound("aten::round.out", round_out);
const KernelRegistration kRoundDecimals("aten::round.decimals_out", round_decimals_out);
const KernelRegistration kTrunc("aten::trunc.out", trunc_out);
const KernelRegistration kLogicalNot("aten::logical_not.out", logical_not_out);
const KernelRegistration kIsnan("aten::isnan.out", isnan_out);
const KernelRegistration kIsinf("aten::isinf.out", isinf_out);
const KernelRegistration kIsposinf("aten::isposinf.out", isposinf_out);
const KernelRegistration kIsneginf("aten::isneginf.out", isneginf_out);
const KernelRegistration kSignbit("aten::signbit.out", signbit_out);

} // namespace

} // namespace xnnir
