// aten::{add,sub,rsub,mul,div,true_divide,floor_divide,fmod,remainder}: arithmetic on tensors and numbers.
#include <atomic>
#include <cmath>

#include "kernels/binary.h"
#include "kernels/float_blocks.h"
#include "kernels/integers.h"

namespace xnnir {

namespace {

// a + alpha * b, or a - alpha * b; integers wrap.
template <typename T> T scaled_sum(T a, T b, const LoopScalar &alpha, bool minus) {
  if constexpr (std::is_same_v<T, int64_t>) {
    const int64_t product = wrapping_multiply(alpha.to<int64_t>(), b);
    return minus ? wrapping_subtract(a, product) : wrapping_add(a, product);
  } else {
    const T product = alpha.to<T>() * b;
    return minus ? a - product : a + product;
  }
}

Status check_alpha(const Scalar &alpha, ScalarType common) {
  if (alpha.is_floating() && !is_floating(common))
    return make_status(StatusCode::kInvalidArgument,
                       "alpha is a float, expected an integer for a result of %s", to_string(common));
  return {};
}

// add, sub and rsub: `weights` are those of self and other before alpha: 1 or -1.
struct Sum {
  int self;
  int other;
};

Status weighted_sum(KernelContext &context, Span<Value *> args, const Sum &sum) {
  BinaryCall call(context, args, 5);
  const Scalar alpha = call.arguments.scalar_value(2, "alpha");
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  XNNIR_RETURN_IF_ERROR(check_alpha(alpha, *common));
  const ElementwiseTypes types = {*common, *common};
  if (alpha.to<double>() == 1) {
    if (sum.self == sum.other)
      return call.run(
          AnyCompute{}, types,
          [](auto a, auto b) {
            if constexpr (std::is_same_v<decltype(a), int64_t>)
              return wrapping_add(a, b);
            else
              return a + b;
          },
          false, float_block(FloatFunction::kAdd));
    return call.run(
        AnyCompute{}, types,
        [minus_other = sum.other < 0](auto a, auto b) {
          if constexpr (std::is_same_v<decltype(a), int64_t>)
            return minus_other ? wrapping_subtract(a, b) : wrapping_subtract(b, a);
          else
            return minus_other ? a - b : b - a;
        },
        false, sum.other < 0 ? float_block(FloatFunction::kSub) : nullptr);
  }
  const LoopScalar factor(alpha);
  return call.run(AnyCompute{}, types, [factor, sum](auto a, auto b) {
    // rsub scales self, the one that is taken away.
    return sum.self < 0 ? scaled_sum(b, a, factor, true) : scaled_sum(a, b, factor, sum.other < 0);
  });
}

// add(self, other, alpha, out)
Status add(KernelContext &context, Span<Value *> args) { return weighted_sum(context, args, {1, 1}); }
// sub(self, other, alpha, out)
Status sub(KernelContext &context, Span<Value *> args) { return weighted_sum(context, args, {1, -1}); }
// rsub(self, other, alpha, out): other - alpha * self
Status rsub(KernelContext &context, Span<Value *> args) { return weighted_sum(context, args, {-1, 1}); }

// mul(self, other, out)
Status mul(KernelContext &context, Span<Value *> args) {
  BinaryCall call(context, args, 4);
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  return call.run(
      AnyCompute{}, {*common, *common},
      [](auto a, auto b) {
        if constexpr (std::is_same_v<decltype(a), int64_t>)
          return wrapping_multiply(a, b);
        else
          return a * b;
      },
      false, float_block(FloatFunction::kMul));
}

Status true_divide(BinaryCall &call) {
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  const ScalarType type = to_floating(*common);
  return call.run(
      FloatCompute{}, {type, type}, [](auto a, auto b) { return a / b; }, false,
      float_block(FloatFunction::kDiv));
}

// div(self, other, out)
Status div(KernelContext &context, Span<Value *> args) {
  BinaryCall call(context, args, 4);
  return true_divide(call);
}

// Runs `integers` and `floats` for pairs of each. Integers must not be divided by 0.
template <typename Integers, typename Floats>
Status divide(BinaryCall &call, Integers integers, Floats floats) {
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  const ElementwiseTypes types = {*common, *common};
  if (is_floating(*common))
    return call.run(FloatCompute{}, types, floats);
  std::atomic<bool> by_zero = false;
  XNNIR_RETURN_IF_ERROR(call.run(IntegerCompute{}, types, [&](int64_t a, int64_t b) {
    if (b == 0) {
      by_zero.store(true, std::memory_order_relaxed);
      return int64_t{0};
    }
    return integers(a, b);
  }));
  if (by_zero)
    return make_status(StatusCode::kInvalidArgument, "an integer is divided by 0");
  return {};
}

// Rounds down what is nearest to the quotient: a / b itself may have been rounded up to an integer.
template <typename T> T float_floor_divide(T a, T b) {
  if (b == 0)
    return a / b;
  const T rest = std::fmod(a, b);
  T quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0))
    quotient -= 1;
  if (quotient == 0)
    return std::copysign(T{0}, a / b);
  const T whole = std::floor(quotient);
  return quotient - whole > T{0.5} ? whole + 1 : whole;
}

Status floor_divide_operands(BinaryCall &call) {
  return divide(
      call, [](int64_t a, int64_t b) { return floor_divide(a, b); },
      [](auto a, auto b) { return float_floor_divide(a, b); });
}

// floor_divide(self, other, out)
Status floor_divide_out(KernelContext &context, Span<Value *> args) {
  BinaryCall call(context, args, 4);
  return floor_divide_operands(call);
}

// div(self, other, rounding_mode, out)
Status div_mode(KernelContext &context, Span<Value *> args) {
  BinaryCall call(context, args, 5);
  const std::string mode = call.arguments.text(2, "rounding_mode");
  if (!call.arguments.ok())
    return call.arguments.status();
  if (mode.empty())
    return true_divide(call);
  if (mode == "floor")
    return floor_divide_operands(call);
  if (mode == "trunc")
    return divide(
        call, [](int64_t a, int64_t b) { return truncating_divide(a, b); },
        [](auto a, auto b) { return std::trunc(a / b); });
  return make_status(StatusCode::kInvalidArgument, "rounding_mode is '%s', expected floor, trunc or None",
                     mode.c_str());
}

// fmod(self, other, out)
Status fmod_out(KernelContext &context, Span<Value *> args) {
  BinaryCall call(context, args, 4);
  return divide(
      call, [](int64_t a, int64_t b) { return truncating_modulo(a, b); },
      [](auto a, auto b) { return std::fmod(a, b); });
}

// remainder(self, other, out)
Status remainder_out(KernelContext &context, Span<Value *> args) {
  BinaryCall call(context, args, 4);
  return divide(
      call, [](int64_t a, int64_t b) { return floor_modulo(a, b); },
      [](auto a, auto b) {
        const auto rest = std::fmod(a, b);
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
      });
}

const KernelRegistration kAdd("aten::add.out", add);
const KernelRegistration kAddScalar("aten::add.Scalar_out", add);
const KernelRegistration kSub("aten::sub.out", sub);
const KernelRegistration kSubScalar("aten::sub.Scalar_out", sub);
const KernelRegistration kRsub("aten::rsub.Tensor_out", rsub);
const KernelRegistration kRsubScalar("aten::rsub.Scalar_out", rsub);
const KernelRegistration kMul("aten::mul.out", mul);
const KernelRegistration kMulScalar("aten::mul.Scalar_out", mul);
const KernelRegistration kDiv("aten::div.out", div);
const KernelRegistration kDivScalar("aten::div.Scalar_out", div);
const KernelRegistration kTrueDivide("aten::true_divide.out", div);
const KernelRegistration kDivMode("aten::div.out_mode", div_mode);
const KernelRegistration kDivScalarMode("aten::div.Scalar_mode_out", div_mode);
const KernelRegistration kFloorDivide("aten::floor_divide.out", floor_divide_out);
const KernelRegistration kFloorDivideScalar("aten::floor_divide.Scalar_out", floor_divide_out);
const KernelRegistration kFmod("aten::fmod.Tensor_out", fmod_out);
const KernelRegistration kFmodScalar("aten::fmod.Scalar_out", fmod_out);
const KernelRegistration kRemainder("aten::remainder.Tensor_out", remainder_out);
const KernelRegistration kRemainderScalar("aten::remainder.Scalar_out", remainder_out);
const KernelRegistration kRemainderOfScalar("aten::remainder.Scalar_Tensor_out", remainder_out);

} // namespace

} // namespace xnnir
