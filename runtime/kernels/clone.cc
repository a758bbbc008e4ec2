// aten::clone.out, dim_order_ops::_clone_dim_order.out and dim_order_ops::_to_dim_order_copy.out: the same
// numbers, in another layout or dtype.
#include "kernels/elements.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

bool same_order(const Tensor &a, const Tensor &b) {
  for (size_t i = 0; i < a.rank(); ++i)
    if (a.dim_order()[i] != b.dim_order()[i])
      return false;
  return true;
}

// The layout is that of `out`; the file planned it from the memory format or dim_order that was asked for.
Status copy_to_layout(KernelContext &context, const Tensor &self, Tensor &out) {
  const Dims sizes = sizes_of(self);
  XNNIR_RETURN_IF_ERROR(resize_output(out, sizes));
  if (self.dtype() == out.dtype()) {
    strided_copy(context.threads(), element_size(self.dtype()), sizes, self.data(), strides_of(self),
                 out.data(), strides_of(out));
    return {};
  }
  if (!same_order(self, out))
    return make_status(StatusCode::kNotSupported,
                       "dtype and dim_order cannot both change in one copy (%s to %s)",
                       to_string(self.dtype()), to_string(out.dtype()));
  if (!convert_elements(self.dtype(), self.data(), out.dtype(), out.data(), self.numel()))
    return make_status(StatusCode::kNotSupported, "there is no conversion from %s to %s",
                       to_string(self.dtype()), to_string(out.dtype()));
  return {};
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

// clone.out(self, memory_format, out)
Status clone_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  return copy_to_layout(context, *self, *out);
}

// _clone_dim_order.out(self, non_blocking, dim_order, out)
Status clone_dim_order_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const std::optional<Dims> dim_order = arguments.optional_int_list(2, "dim_order");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_dim_order(dim_order, *out));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  return copy_to_layout(context, *self, *out);
}

// _to_dim_order_copy.out(self, non_blocking, dim_order, out)
Status to_dim_order_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const std::optional<Dims> dim_order = arguments.optional_int_list(2, "dim_order");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_dim_order(dim_order, *out));
  return copy_to_layout(context, *self, *out);
}

// copy_(self, src, non_blocking): how files write buffers back. The result is self.
Status copy_in_place(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  Tensor *self = arguments.output(0);
  const Tensor *source = arguments.tensor(1, "src");
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*source, *self));
  const Dims sizes = sizes_of(*self);
  const Dims source_strides = strides_of(*source);
  if (source->rank() > sizes.size())
    return make_status(StatusCode::kInvalidArgument, "src has rank %zu, expected at most %zu", source->rank(),
                       sizes.size());
  Dims strides;
  const size_t added = sizes.size() - source->rank();
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t size = i < added ? 1 : source->sizes()[i - added];
    if (size != sizes[i] && size != 1)
      return make_status(StatusCode::kInvalidArgument,
                         "src has size %lld in dimension %zu of self, expected %lld or 1",
                         static_cast<long long>(size), i, static_cast<long long>(sizes[i]));
    strides.append(size == 1 ? 0 : source_strides[i - added]);
  }
  strided_copy(context.threads(), element_size(self->dtype()), sizes, source->data(), strides, self->data(),
               strides_of(*self));
  return {};
}

const KernelRegistration kCopy("aten::copy_", copy_in_place);
const KernelRegistration kClone("aten::clone.out", clone_out);
const KernelRegistration kCloneDimOrder("dim_order_ops::_clone_dim_order.out", clone_dim_order_out);
const KernelRegistration kToDimOrderCopy("dim_order_ops::_to_dim_order_copy.out", to_dim_order_copy_out);

} // namespace

} // namespace xnnir
