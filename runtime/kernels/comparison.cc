// aten::{eq,ne,lt,le,gt,ge}: comparisons, and aten::logical_{and,or,xor}, which compare with zero. Results
// are bools.
#include "kernels/binary.h"

namespace xnnir {

namespace {

template <typename F> Status compare(KernelContext &context, Span<Value *> args, const F &f) {
  BinaryCall call(context, args, 4);
  Result<ScalarType> common = call.common();
  if (!common.ok())
    return common.status();
  return call.run(AnyCompute{}, {*common, ScalarType::kBool}, f, true);
}

// All of them are called (self, other, out).
Status eq(KernelContext &context, Span<Value *> args) {
  return compare(context, args, [](auto a, auto b) { return a == b; });
}
Status ne(KernelContext &context, Span<Value *> args) {
  return compare(context, args, [](auto a, auto b) { return a != b; });
}
Status lt(KernelContext &context, Span<Value *> args) {
  return compare(context, args, [](auto a, auto b) { return a < b; });
}
Status le(KernelContext &context, Span<Value *> args) {
  return compare(context, args, [](auto a, auto b) { return a <= b; });
}
Status gt(KernelContext &context, Span<Value *> args) {
  return compare(context, args, [](auto a, auto b) { return a > b; });
}
Status ge(KernelContext &context, Span<Value *> args) {
  return compare(context, args, [](auto a, auto b) { return a >= b; });
}

Status logical_and(KernelContext &context, Span<Value *> args) {
  return compare(context, args, [](auto a, auto b) { return static_cast<bool>((a != 0) & (b != 0)); });
}
Status logical_or(KernelContext &context, Span<Value *> args) {
  return compare(context, args, [](auto a, auto b) { return static_cast<bool>((a != 0) | (b != 0)); });
}
Status logical_xor(KernelContext &context, Span<Value *> args) {
  return compare(context, args, [](auto a, auto b) { return (a != 0) != (b != 0); });
}

const KernelRegistration kEq("aten::eq.Tensor_out", eq);
const KernelRegistration kEqScalar("aten::eq.Scalar_out", eq);
const KernelRegistration kNe("aten::ne.Tensor_out", ne);
const KernelRegistration kNeScalar("aten::ne.Scalar_out", ne);
const KernelRegistration kLt("aten::lt.Tensor_out", lt);
const KernelRegistration kLtScalar("aten::lt.Scalar_out", lt);
const KernelRegistration kLe("aten::le.Tensor_out", le);
const KernelRegistration kLeScalar("aten::le.Scalar_out", le);
const KernelRegistration kGt("aten::gt.Tensor_out", gt);
const KernelRegistration kGtScalar("aten::gt.Scalar_out", gt);
const KernelRegistration kGe("aten::ge.Tensor_out", ge);
const KernelRegistration kGeScalar("aten::ge.Scalar_out", ge);
const KernelRegistration kLogicalAnd("aten::logical_and.out", logical_and);
const KernelRegistration kLogicalOr("aten::logical_or.out", logical_or);
const KernelRegistration kLogicalXor("aten::logical_xor.out", logical_xor);

} // namespace

} // namespace xnnir
