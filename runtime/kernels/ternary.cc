// aten::{where,masked_fill,addcmul,addcdiv,lerp}: functions of three operands.
#include "kernels/binary.h"
#include "kernels/integers.h"

namespace xnnir {

namespace {

// Elements by bits, so that all dtypes are copied as they are: of `self` where `condition` is not 0.
Status select(KernelContext &context, const Tensor *condition, ElementwiseInput self, ElementwiseInput other,
              ScalarType type, Tensor &out) {
  if (condition->dtype() != ScalarType::kBool && condition->dtype() != ScalarType::kByte)
    return make_status(StatusCode::kInvalidType, "condition has dtype %s, expected bool",
                       to_string(condition->dtype()));
  self.as = self.as.value_or(type);
  other.as = other.as.value_or(type);
  const ElementwiseInput inputs[] = {{condition, ScalarType::kBool}, self, other};
  ElementwiseLoop loop = {nullptr, nullptr, block_type(type), type};
  const auto set = [&](auto tag) {
    using T = typename decltype(tag)::type;
    loop.function = [](const void *, const void *const *in, void *output, size_t count) {
      const auto *chosen = static_cast<const int64_t *>(in[0]);
      for (size_t i = 0; i < count; ++i)
        static_cast<T *>(output)[i] =
            chosen[i] != 0 ? static_cast<const T *>(in[1])[i] : static_cast<const T *>(in[2])[i];
    };
  };
  switch (block_type(type)) {
  case BlockType::kFloat:
    set(TypeTag<float>{});
    break;
  case BlockType::kDouble:
    set(TypeTag<double>{});
    break;
  default:
    set(TypeTag<int64_t>{});
    break;
  }
  return run_elementwise(context, loop, {inputs, 3}, out);
}

// where.self_out(condition, self, other, out)
Status where_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *condition = arguments.tensor(0, "condition");
  Operand self(arguments, args, 1, "self");
  Operand other(arguments, args, 2, "other");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  ResultType result;
  self.add_to(result);
  other.add_to(result);
  Result<ScalarType> type = result.type();
  if (!type.ok())
    return type.status();
  return select(context, condition, self.input(*type, true), other.input(*type, true), *type, *out);
}

// masked_fill(self, mask, value, out): the result has self's dtype.
Status masked_fill_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *mask = arguments.tensor(1, "mask");
  Operand value(arguments, args, 2, "value");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  const ElementwiseInput filler = value.input(self->dtype(), true);
  if (filler.sizes.size() != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "value has rank %zu, expected a number or a tensor of one", filler.sizes.size());
  return select(context, mask, filler, self, self->dtype(), *out);
}

// The tensors of a call `op(self, first, second, value, out)`.
template <typename F>
Status add_scaled(KernelContext &context, Span<Value *> args, const char *first, const char *second,
                  const F &f) {
  Arguments arguments(context, args, 6);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *a = arguments.tensor(1, first);
  const Tensor *b = arguments.tensor(2, second);
  const LoopScalar value(arguments.scalar_value(3, "value"));
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  Result<ScalarType> type = ResultType().add(*self).add(*a).add(*b).type();
  if (!type.ok())
    return type.status();
  return elementwise<3>(context, AnyCompute{}, {*type, *type}, {self, a, b}, *out,
                        [f, value](auto x, auto y, auto z) { return f(x, y, z, value.to<decltype(x)>()); });
}

// addcmul(self, tensor1, tensor2, value, out)
Status addcmul_out(KernelContext &context, Span<Value *> args) {
  return add_scaled(context, args, "tensor1", "tensor2", [](auto x, auto a, auto b, auto value) {
    if constexpr (std::is_same_v<decltype(x), int64_t>)
      return wrapping_add(x, wrapping_multiply(value, wrapping_multiply(a, b)));
    else
      return x + value * a * b;
  });
}

// addcdiv(self, tensor1, tensor2, value, out)
Status addcdiv_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *numerator = arguments.tensor(1, "tensor1");
  const Tensor *denominator = arguments.tensor(2, "tensor2");
  const double value = arguments.scalar(3, "value");
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  Result<ScalarType> type = ResultType().add(*self).add(*numerator).add(*denominator).type();
  if (!type.ok())
    return type.status();
  return elementwise<3>(
      context, FloatCompute{}, {*type, *type}, {self, numerator, denominator}, *out,
      [value](auto x, auto a, auto b) { return x + static_cast<decltype(x)>(value) * a / b; });
}

// From the nearer end, so that a weight of 1 gives `end` itself.
template <typename T> T interpolate(T start, T end, T weight) {
  const T small = weight < 0 ? -weight : weight;
  return small < T{0.5} ? start + weight * (end - start) : end - (end - start) * (1 - weight);
}

// lerp(self, end, weight, out)
Status lerp_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *end = arguments.tensor(1, "end");
  Operand weight(arguments, args, 2, "weight");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  Result<ScalarType> type = ResultType().add(*self).add(*end).type();
  if (!type.ok())
    return type.status();
  return elementwise<3>(context, FloatCompute{}, {*type, *type}, {self, end, weight.input(*type, false)},
                        *out, [](auto a, auto b, auto w) { return interpolate(a, b, w); });
}

const KernelRegistration kWhere("aten::where.self_out", where_out);
const KernelRegistration kMaskedFill("aten::masked_fill.Scalar_out", masked_fill_out);
const KernelRegistration kMaskedFillTensor("aten::masked_fill.Tensor_out", masked_fill_out);
const KernelRegistration kAddcmul("aten::addcmul.out", addcmul_out);
const KernelRegistration kAddcdiv("aten::addcdiv.out", addcdiv_out);
const KernelRegistration kLerp("aten::lerp.Scalar_out", lerp_out);
const KernelRegistration kLerpTensor("aten::lerp.Tensor_out", lerp_out);

} // namespace

} // namespace xnnir
