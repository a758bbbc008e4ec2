// aten::permute_copy.out, aten::transpose_copy.int_out and aten::t_copy.out.
#include <utility>

#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

Status permute(KernelContext &context, const Tensor &self, const Dims &order, Tensor &out) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  const Dims in_strides = strides_of(self);
  Dims sizes;
  Dims strides;
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t from = static_cast<size_t>(order[i]);
    sizes.append(self.sizes()[from]);
    strides.append(in_strides[from]);
  }
  XNNIR_RETURN_IF_ERROR(resize_output(out, sizes));
  strided_copy(context.threads(), element_size(self.dtype()), sizes, self.data(), strides, out.data(),
               strides_of(out));
  return {};
}

// permute_copy.out(self, dims, out)
Status permute_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims dims = arguments.int_list(1, "dims");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  if (dims.size() != self->rank())
    return make_status(StatusCode::kInvalidArgument, "dims has %zu entries, expected %zu", dims.size(),
                       self->rank());
  Dims order;
  uint32_t seen = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    Result<size_t> dim = normalize_dim(dims[i], self->rank(), "dims");
    if (!dim.ok())
      return dim.status();
    if ((seen >> *dim & 1) != 0)
      return make_status(StatusCode::kInvalidArgument, "dims has dimension %zu twice, expected a permutation",
                         *dim);
    seen |= 1u << *dim;
    order.append(static_cast<int64_t>(*dim));
  }
  return permute(context, *self, order, *out);
}

Dims identity(size_t rank) {
  Dims order;
  for (size_t i = 0; i < rank; ++i)
    order.append(static_cast<int64_t>(i));
  return order;
}

// transpose_copy.int_out(self, dim0, dim1, out)
Status transpose_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t rank = self == nullptr ? 0 : self->rank();
  const size_t dim0 = arguments.dim(1, "dim0", rank);
  const size_t dim1 = arguments.dim(2, "dim1", rank);
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  Dims order = identity(rank);
  std::swap(order[dim0], order[dim1]);
  return permute(context, *self, order, *out);
}

// t_copy.out(self, out)
Status t_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  const Tensor *self = arguments.tensor(0, "self");
  Tensor *out = arguments.output(1);
  if (!arguments.ok())
    return arguments.status();
  if (self->rank() > 2)
    return make_status(StatusCode::kInvalidArgument, "self has rank %zu, expected at most 2", self->rank());
  Dims order = identity(self->rank());
  if (self->rank() == 2)
    std::swap(order[0], order[1]);
  return permute(context, *self, order, *out);
}

const KernelRegistration kPermute("aten::permute_copy.out", permute_copy_out);
const KernelRegistration kTranspose("aten::transpose_copy.int_out", transpose_copy_out);
const KernelRegistration kT("aten::t_copy.out", t_copy_out);

} // namespace

} // namespace xnnir
