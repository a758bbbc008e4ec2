// aten::unsqueeze_copy.out, aten::squeeze_copy.{dim,dims}_out and aten::expand_copy.out: sizes of 1 come, go,
// or repeat.
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

Status copy_as(KernelContext &context, const Tensor &self, const Dims &sizes, const Dims &strides,
               Tensor &out) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  XNNIR_RETURN_IF_ERROR(resize_output(out, sizes));
  strided_copy(context.threads(), element_size(self.dtype()), sizes, self.data(), strides, out.data(),
               strides_of(out));
  return {};
}

// unsqueeze_copy.out(self, dim, out)
Status unsqueeze_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t rank = self == nullptr ? 0 : self->rank();
  const size_t dim = arguments.dim(1, "dim", rank + 1);
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  if (rank == kMaxTensorRank)
    return make_status(StatusCode::kNotSupported, "self has rank %zu, the largest that there is", rank);
  const Dims in_strides = strides_of(*self);
  Dims sizes;
  Dims strides;
  for (size_t i = 0; i <= rank; ++i) {
    if (i == dim) {
      sizes.append(1);
      strides.append(0);
    }
    if (i < rank) {
      sizes.append(self->sizes()[i]);
      strides.append(in_strides[i]);
    }
  }
  return copy_as(context, *self, sizes, strides, *out);
}

// Takes the dimensions of `mask` away where their size is 1.
Status squeeze(KernelContext &context, const Tensor &self, uint32_t mask, Tensor &out) {
  const Dims in_strides = strides_of(self);
  Dims sizes;
  Dims strides;
  for (size_t i = 0; i < self.rank(); ++i) {
    if ((mask >> i & 1) != 0 && self.sizes()[i] == 1)
      continue;
    sizes.append(self.sizes()[i]);
    strides.append(in_strides[i]);
  }
  return copy_as(context, self, sizes, strides, out);
}

// squeeze_copy.dim_out(self, dim, out)
Status squeeze_copy_dim_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  return squeeze(context, *self, 1u << dim, *out);
}

// squeeze_copy.dims_out(self, dim, out)
Status squeeze_copy_dims_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims dims = arguments.int_list(1, "dim");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  uint32_t mask = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    Result<size_t> dim = normalize_dim(dims[i], self->rank(), "dim");
    if (!dim.ok())
      return dim.status();
    mask |= 1u << *dim;
  }
  return squeeze(context, *self, mask, *out);
}

// expand_copy.out(self, size, implicit, out)
Status expand_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  Dims sizes = arguments.int_list(1, "size");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  if (sizes.size() < self->rank())
    return make_status(StatusCode::kInvalidArgument, "size has %zu entries, expected at least %zu",
                       sizes.size(), self->rank());
  const Dims in_strides = strides_of(*self);
  const size_t added = sizes.size() - self->rank();
  Dims strides;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t size = i < added ? 1 : self->sizes()[i - added];
    if (sizes[i] == -1 && i >= added)
      sizes[i] = size;
    if (sizes[i] != size && size != 1)
      return make_status(StatusCode::kInvalidArgument,
                         "size[%zu] is %lld, but that dimension has %lld elements", i,
                         static_cast<long long>(sizes[i]), static_cast<long long>(size));
    strides.append(size == 1 ? 0 : in_strides[i - added]);
  }
  return copy_as(context, *self, sizes, strides, *out);
}

const KernelRegistration kUnsqueeze("aten::unsqueeze_copy.out", unsqueeze_copy_out);
const KernelRegistration kSqueezeDim("aten::squeeze_copy.dim_out", squeeze_copy_dim_out);
const KernelRegistration kSqueezeDims("aten::squeeze_copy.dims_out", squeeze_copy_dims_out);
const KernelRegistration kExpand("aten::expand_copy.out", expand_copy_out);

} // namespace

} // namespace xnnir
