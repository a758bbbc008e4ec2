// aten::{clamp,clamp_min,clamp_max,hardtanh}: values kept between bounds. NaN stays, and so does a bound of
// NaN.
#include <limits>

#include "kernels/unary.h"

namespace xnnir {

namespace {

template <typename T> T at_least(T x, T low) { return x != x || x > low ? x : low; }
template <typename T> T at_most(T x, T high) { return x != x || x < high ? x : high; }

// Bounds are numbers; one that is missing bounds nothing. The result has the dtype that all have in common.
Status clamp_numbers(UnaryCall &call, const std::optional<Scalar> &low, const std::optional<Scalar> &high) {
  if (!call.arguments.ok())
    return call.arguments.status();
  if (!low && !high)
    return make_status(StatusCode::kInvalidArgument, "min and max are None, expected a bound");
  ResultType result;
  result.add(*call.self);
  if (low)
    result.add(*low);
  if (high)
    result.add(*high);
  Result<ScalarType> type = result.type();
  if (!type.ok())
    return type.status();
  const LoopScalar least(cast_scalar(low.value_or(Scalar()), *type));
  const LoopScalar most(cast_scalar(high.value_or(Scalar()), *type));
  const ElementwiseTypes types = {*type, *type};
  if (low && high)
    return elementwise<1>(call.context, AnyCompute{}, types, {call.self}, *call.out, [=](auto x) {
      using T = decltype(x);
      return at_most(at_least(x, least.to<T>()), most.to<T>());
    });
  if (low)
    return elementwise<1>(call.context, AnyCompute{}, types, {call.self}, *call.out,
                          [=](auto x) { return at_least(x, least.to<decltype(x)>()); });
  return elementwise<1>(call.context, AnyCompute{}, types, {call.self}, *call.out,
                        [=](auto x) { return at_most(x, most.to<decltype(x)>()); });
}

// clamp(self, min, max, out)
Status clamp_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 5);
  const std::optional<Scalar> low = call.arguments.optional_scalar(1, "min");
  const std::optional<Scalar> high = call.arguments.optional_scalar(2, "max");
  return clamp_numbers(call, low, high);
}
// clamp_min(self, min, out)
Status clamp_min_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const Scalar low = call.arguments.scalar_value(1, "min");
  return clamp_numbers(call, low, std::nullopt);
}
// clamp_max(self, max, out)
Status clamp_max_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const Scalar high = call.arguments.scalar_value(1, "max");
  return clamp_numbers(call, std::nullopt, high);
}

// hardtanh(self, min_val, max_val, out): in self's dtype, whatever the bounds are.
Status hardtanh_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 5);
  const Scalar min_val = call.arguments.scalar_value(1, "min_val");
  const Scalar max_val = call.arguments.scalar_value(2, "max_val");
  if (!call.arguments.ok())
    return call.arguments.status();
  const LoopScalar low(cast_scalar(min_val, call.self->dtype()));
  const LoopScalar high(cast_scalar(max_val, call.self->dtype()));
  return call.run(AnyCompute{}, [=](auto x) {
    using T = decltype(x);
    return at_most(at_least(x, low.to<T>()), high.to<T>());
  });
}

// clamp of tensors by tensors, one of which may be missing.
Status clamp_tensors(UnaryCall &call, const Tensor *low, const Tensor *high) {
  if (!call.arguments.ok())
    return call.arguments.status();
  if (low == nullptr && high == nullptr)
    return make_status(StatusCode::kInvalidArgument, "min and max are None, expected a bound");
  ResultType result;
  result.add(*call.self);
  if (low != nullptr)
    result.add(*low);
  if (high != nullptr)
    result.add(*high);
  Result<ScalarType> type = result.type();
  if (!type.ok())
    return type.status();
  const ElementwiseTypes types = {*type, *type};
  // A bound that is NaN wins over a number.
  const auto raise = [](auto x, auto bound) { return bound != bound ? bound : at_least(x, bound); };
  const auto lower = [](auto x, auto bound) { return bound != bound ? bound : at_most(x, bound); };
  if (low != nullptr && high != nullptr)
    return elementwise<3>(call.context, AnyCompute{}, types, {call.self, low, high}, *call.out,
                          [=](auto x, auto least, auto most) { return lower(raise(x, least), most); });
  if (low != nullptr)
    return elementwise<2>(call.context, AnyCompute{}, types, {call.self, low}, *call.out, raise);
  return elementwise<2>(call.context, AnyCompute{}, types, {call.self, high}, *call.out, lower);
}

// clamp.Tensor_out(self, min, max, out)
Status clamp_tensor_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 5);
  const Tensor *low = call.arguments.optional_tensor(1, "min");
  const Tensor *high = call.arguments.optional_tensor(2, "max");
  return clamp_tensors(call, low, high);
}
// clamp_min.Tensor_out(self, min, out)
Status clamp_min_tensor_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const Tensor *low = call.arguments.tensor(1, "min");
  return clamp_tensors(call, low, nullptr);
}
// clamp_max.Tensor_out(self, max, out)
Status clamp_max_tensor_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const Tensor *high = call.arguments.tensor(1, "max");
  return clamp_tensors(call, nullptr, high);
}

// nan_to_num(self, nan, posinf, neginf, out): infinities become the ends of the dtype's range unless given.
Status nan_to_num_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 6);
  const double nan = call.arguments.optional_number(1, "nan").value_or(0);
  const std::optional<double> positive = call.arguments.optional_number(2, "posinf");
  const std::optional<double> negative = call.arguments.optional_number(3, "neginf");
  if (!call.arguments.ok())
    return call.arguments.status();
  double most = std::numeric_limits<double>::max();
  if (call.self->dtype() == ScalarType::kFloat)
    most = std::numeric_limits<float>::max();
  else if (call.self->dtype() == ScalarType::kHalf)
    most = 65504;
  else if (call.self->dtype() == ScalarType::kBFloat16)
    most = 0x1.fep127;
  const double high = positive.value_or(most);
  const double low = negative.value_or(-most);
  return call.run(AnyCompute{}, [=](auto x) {
    using T = decltype(x);
    if constexpr (std::is_same_v<T, int64_t>)
      return x;
    else
      return x != x                                     ? static_cast<T>(nan)
             : x == std::numeric_limits<T>::infinity()  ? static_cast<T>(high)
             : x == -std::numeric_limits<T>::infinity() ? static_cast<T>(low)
                                                        : x;
  });
}

const KernelRegistration kClamp("aten::clamp.out", clamp_out);
const KernelRegistration kClampMin("aten::clamp_min.out", clamp_min_out);
const KernelRegistration kClampMax("aten::clamp_max.out", clamp_max_out);
const KernelRegistration kHardtanh("aten::hardtanh.out", hardtanh_out);
const KernelRegistration kClampTensor("aten::clamp.Tensor_out", clamp_tensor_out);
const KernelRegistration kClampMinTensor("aten::clamp_min.Tensor_out", clamp_min_tensor_out);
const KernelRegistration kClampMaxTensor("aten::clamp_max.Tensor_out", clamp_max_tensor_out);
const KernelRegistration kNanToNum("aten::nan_to_num.out", nan_to_num_out);

} // namespace

} // namespace xnnir
