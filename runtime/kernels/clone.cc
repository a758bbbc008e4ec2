// Copies of whole tensors, in another layout or dtype: aten::{clone,_to_copy,copy,copy_,fill,...} and those
// of dim_order_ops. The layout is that of `out`: the file planned it from the memory format or dim_order that
// was asked for.
#include "kernels/binary.h"
#include "kernels/cast_copy.h"

namespace xnnir {

namespace {

// A call `op(self, [options,] out)` whose result is self, of the same dtype unless it `casts`.
Status copy_self(KernelContext &context, Span<Value *> args, size_t count, bool casts) {
  Arguments arguments(context, args, count);
  const Tensor *self = arguments.tensor(0, "self");
  Tensor *out = arguments.output(count - 2);
  if (!arguments.ok())
    return arguments.status();
  if (!casts)
    XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  return cast_copy(context, self, *out);
}

// clone.out(self, memory_format, out)
Status clone_out(KernelContext &context, Span<Value *> args) { return copy_self(context, args, 4, false); }
// _to_copy.out(self, non_blocking, memory_format, out)
Status to_copy_out(KernelContext &context, Span<Value *> args) { return copy_self(context, args, 5, true); }
// detach_copy, alias_copy, lift_fresh_copy, _conj_physical (of real numbers) and copies between devices of
// which there is one: (self, out)
Status plain_copy_out(KernelContext &context, Span<Value *> args) {
  return copy_self(context, args, 3, false);
}

Status check_dim_order(const std::optional<Dims> &dim_order, const Tensor &out) {
  if (!dim_order)
    return {};
  bool same = dim_order->size() == out.rank();
  for (size_t i = 0; same && i < out.rank(); ++i)
    same = (*dim_order)[i] == out.dim_order()[i];
  return same
             ? Status()
             : make_status(StatusCode::kInvalidProgram, "dim_order is not the one that out was planned with");
}

// Calls `op(self, non_blocking, dim_order, out)`.
Status copy_to_dim_order(KernelContext &context, Span<Value *> args, bool casts) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const std::optional<Dims> dim_order = arguments.optional_int_list(2, "dim_order");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_dim_order(dim_order, *out));
  if (!casts)
    XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  return cast_copy(context, self, *out);
}
Status clone_dim_order_out(KernelContext &context, Span<Value *> args) {
  return copy_to_dim_order(context, args, false);
}
Status to_dim_order_copy_out(KernelContext &context, Span<Value *> args) {
  return copy_to_dim_order(context, args, true);
}

// copy_(self, src, non_blocking): how files write buffers back. The result is self.
Status copy_in_place(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  Tensor *self = arguments.output(0);
  const Tensor *source = arguments.tensor(1, "src");
  if (!arguments.ok())
    return arguments.status();
  Result<ElementwiseInput> expanded = expand_input(*source, sizes_of(*self));
  if (!expanded.ok())
    return expanded.status();
  return cast_copy(context, *expanded, *self);
}

// copy.out(self, src, non_blocking, out): src with self's sizes and dtype.
Status copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *source = arguments.tensor(1, "src");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  Result<ElementwiseInput> expanded = expand_input(*source, sizes_of(*self));
  if (!expanded.ok())
    return expanded.status();
  return cast_copy(context, *expanded, *out);
}

// fill(self, value, out): value, a number or a tensor of one, with self's sizes.
Status fill_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  Operand value(arguments, args, 1, "value");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  const Dims sizes = sizes_of(*self);
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  if (value.is_number()) {
    fill_elements(*out, value.number());
    return {};
  }
  const Tensor &number = std::get<Tensor>(*args[1]);
  if (number.rank() != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "value has rank %zu, expected a number or a tensor of one", number.rank());
  Result<ElementwiseInput> expanded = expand_input(number, sizes);
  if (!expanded.ok())
    return expanded.status();
  return cast_copy(context, *expanded, *out);
}

const KernelRegistration kCopyInPlace("aten::copy_", copy_in_place);
const KernelRegistration kCopy("aten::copy.out", copy_out);
const KernelRegistration kClone("aten::clone.out", clone_out);
const KernelRegistration kToCopy("aten::_to_copy.out", to_copy_out);
const KernelRegistration kDetachCopy("aten::detach_copy.out", plain_copy_out);
const KernelRegistration kAliasCopy("aten::alias_copy.out", plain_copy_out);
const KernelRegistration kLift("aten::lift.out", plain_copy_out);
const KernelRegistration kLiftFreshCopy("aten::lift_fresh_copy.out", plain_copy_out);
const KernelRegistration kConjPhysical("aten::_conj_physical.out", plain_copy_out);
const KernelRegistration kToDevice("et_copy::_h2d_copy.out", plain_copy_out);
const KernelRegistration kFromDevice("et_copy::_d2h_copy.out", plain_copy_out);
const KernelRegistration kCloneDimOrder("dim_order_ops::_clone_dim_order.out", clone_dim_order_out);
const KernelRegistration kToDimOrderCopy("dim_order_ops::_to_dim_order_copy.out", to_dim_order_copy_out);
const KernelRegistration kFillScalar("aten::fill.Scalar_out", fill_out);
const KernelRegistration kFillTensor("aten::fill.Tensor_out", fill_out);

} // namespace

} // namespace xnnir
