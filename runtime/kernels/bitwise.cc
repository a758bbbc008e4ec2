// aten::bitwise_{and,or,xor,not} and shifts: integers and bools.
#include "kernels/binary.h"

namespace xnnir {

namespace {

template <typename F> Status bitwise(KernelContext &context, Span<Value *> args, const F &f) {
  BinaryCall call(context, args, 4);
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  return call.run(IntegerCompute{}, {*common, *common}, f);
}

// All of them are called (self, other, out).
Status bitwise_and(KernelContext &context, Span<Value *> args) {
  return bitwise(context, args, [](int64_t a, int64_t b) { return a & b; });
}
Status bitwise_or(KernelContext &context, Span<Value *> args) {
  return bitwise(context, args, [](int64_t a, int64_t b) { return a | b; });
}
Status bitwise_xor(KernelContext &context, Span<Value *> args) {
  return bitwise(context, args, [](int64_t a, int64_t b) { return a ^ b; });
}

struct Width {
  int64_t bits;
  bool is_signed;
};

Result<Width> width_of(const BinaryCall &call, ScalarType common) {
  if (!is_integral(common) || !call.arguments.ok())
    return make_status(StatusCode::kInvalidType, "the inputs are of dtype %s, expected integers to shift",
                       to_string(common));
  const bool is_signed = common == ScalarType::kChar || common == ScalarType::kShort ||
                         common == ScalarType::kInt || common == ScalarType::kLong;
  return Width{static_cast<int64_t>(element_size(common) * 8), is_signed};
}

// Shifts by less than 0 or by all bits leave nothing, as in PyTorch.
Status left_shift(KernelContext &context, Span<Value *> args) {
  BinaryCall call(context, args, 4);
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  Result<Width> width = width_of(call, *common);
  if (!width.ok())
    return width.status();
  return call.run(IntegerCompute{}, {*common, *common}, [bits = width->bits](int64_t a, int64_t b) {
    return b < 0 || b >= bits ? 0 : static_cast<int64_t>(static_cast<uint64_t>(a) << b);
  });
}

// Those to the right leave the sign.
Status right_shift(KernelContext &context, Span<Value *> args) {
  BinaryCall call(context, args, 4);
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  Result<Width> width = width_of(call, *common);
  if (!width.ok())
    return width.status();
  const int64_t most = width->bits - (width->is_signed ? 1 : 0);
  return call.run(IntegerCompute{}, {*common, *common},
                  [most](int64_t a, int64_t b) { return a >> (b < 0 || b >= most ? most : b); });
}

// bitwise_not(self, out)
Status bitwise_not(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  const Tensor *self = arguments.tensor(0, "self");
  Tensor *out = arguments.output(1);
  if (!arguments.ok())
    return arguments.status();
  const ElementwiseTypes types = {self->dtype(), self->dtype()};
  if (self->dtype() == ScalarType::kBool)
    return elementwise<1>(context, IntegerCompute{}, types, {self}, *out, [](int64_t a) { return a == 0; });
  return elementwise<1>(context, IntegerCompute{}, types, {self}, *out, [](int64_t a) { return ~a; });
}

const KernelRegistration kAnd("aten::bitwise_and.Tensor_out", bitwise_and);
const KernelRegistration kAndScalar("aten::bitwise_and.Scalar_out", bitwise_and);
const KernelRegistration kScalarAnd("aten::bitwise_and.Scalar_Tensor_out", bitwise_and);
const KernelRegistration kOr("aten::bitwise_or.Tensor_out", bitwise_or);
const KernelRegistration kOrScalar("aten::bitwise_or.Scalar_out", bitwise_or);
const KernelRegistration kScalarOr("aten::bitwise_or.Scalar_Tensor_out", bitwise_or);
const KernelRegistration kXor("aten::bitwise_xor.Tensor_out", bitwise_xor);
const KernelRegistration kXorScalar("aten::bitwise_xor.Scalar_out", bitwise_xor);
const KernelRegistration kScalarXor("aten::bitwise_xor.Scalar_Tensor_out", bitwise_xor);
const KernelRegistration kLeft("aten::bitwise_left_shift.Tensor_out", left_shift);
const KernelRegistration kLeftScalar("aten::bitwise_left_shift.Tensor_Scalar_out", left_shift);
const KernelRegistration kScalarLeft("aten::bitwise_left_shift.Scalar_Tensor_out", left_shift);
const KernelRegistration kLeftOperator("aten::__lshift__.Tensor_out", left_shift);
const KernelRegistration kLeftOperatorScalar("aten::__lshift__.Scalar_out", left_shift);
const KernelRegistration kRight("aten::bitwise_right_shift.Tensor_out", right_shift);
const KernelRegistration kRightScalar("aten::bitwise_right_shift.Tensor_Scalar_out", right_shift);
const KernelRegistration kScalarRight("aten::bitwise_right_shift.Scalar_Tensor_out", right_shift);
const KernelRegistration kRightOperator("aten::__rshift__.Tensor_out", right_shift);
const KernelRegistration kRightOperatorScalar("aten::__rshift__.Scalar_out", right_shift);
const KernelRegistration kNot("aten::bitwise_not.out", bitwise_not);

} // namespace

} // namespace xnnir
