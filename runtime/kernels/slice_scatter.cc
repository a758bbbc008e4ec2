// aten::slice_scatter.out, aten::select_scatter.out and aten::diagonal_scatter.out: a copy of self with a
// part replaced.
#include "kernels/strided_view.h"

namespace xnnir {

namespace {

Status copy_whole(KernelContext &context, const Tensor &self, Tensor &out) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  XNNIR_RETURN_IF_ERROR(resize_output(out, sizes_of(self)));
  strided_copy(context.threads(), element_size(self.dtype()), sizes_of(self), self.data(), strides_of(self),
               out.data(), strides_of(out));
  return {};
}

// slice_scatter.out(self, src, dim, start, end, step, out)
Status slice_scatter_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 8);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *src = arguments.tensor(1, "src");
  const size_t dim = arguments.dim(2, "dim", self == nullptr ? 0 : self->rank());
  const std::optional<int64_t> start = arguments.optional_integer(3, "start");
  const std::optional<int64_t> end = arguments.optional_integer(4, "end");
  const int64_t step = arguments.integer(5, "step");
  Tensor *out = arguments.output(6);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(copy_whole(context, *self, *out));
  return copy_to_view(context, *src, slice_view(*out, dim, start, end, step), *out);
}

// select_scatter.out(self, src, dim, index, out)
Status select_scatter_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *src = arguments.tensor(1, "src");
  const size_t dim = arguments.dim(2, "dim", self == nullptr ? 0 : self->rank());
  const int64_t index = arguments.integer(3, "index");
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(copy_whole(context, *self, *out));
  return copy_to_view(context, *src, select_view(*out, dim, index), *out);
}

// diagonal_scatter.out(self, src, offset, dim1, dim2, out)
Status diagonal_scatter_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 7);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *src = arguments.tensor(1, "src");
  const int64_t offset = arguments.integer(2, "offset");
  const size_t dim1 = arguments.dim(3, "dim1", self == nullptr ? 0 : self->rank());
  const size_t dim2 = arguments.dim(4, "dim2", self == nullptr ? 0 : self->rank());
  Tensor *out = arguments.output(5);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(copy_whole(context, *self, *out));
  return copy_to_view(context, *src, diagonal_view(*out, offset, dim1, dim2), *out);
}

const KernelRegistration kSliceScatter("aten::slice_scatter.out", slice_scatter_out);
const KernelRegistration kSelectScatter("aten::select_scatter.out", select_scatter_out);
const KernelRegistration kDiagonalScatter("aten::diagonal_scatter.out", diagonal_scatter_out);

} // namespace

} // namespace xnnir
