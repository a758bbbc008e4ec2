// aten::view_copy.out, and the form in which the result is the same memory.
#include <algorithm>

#include "core/overflow.h"
#include "kernels/dense.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// The requested sizes, with the one that is -1 worked out.
Result<Dims> infer_sizes(Dims sizes, size_t numel) {
  int64_t known = 1;
  size_t unknown = sizes.size();
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1 && unknown == sizes.size())
      unknown = i;
    else if (sizes[i] < 0 || mul_overflow(known, sizes[i], &known))
      return make_status(StatusCode::kInvalidArgument, "size[%zu] is %lld, expected 0 or more, or one -1", i,
                         static_cast<long long>(sizes[i]));
  }
  if (unknown < sizes.size()) {
    sizes[unknown] = known == 0 ? 0 : static_cast<int64_t>(numel) / known;
    known *= sizes[unknown];
  }
  if (known != static_cast<int64_t>(numel))
    return make_status(StatusCode::kInvalidArgument, "size asks for %lld elements, but self has %zu",
                       static_cast<long long>(known), numel);
  return sizes;
}

Dims contiguous_strides(const Dims &sizes) {
  Dims strides = sizes;
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(sizes[i], 1);
  }
  return strides;
}

// view_copy.out(self, size, out)
Status view_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims requested = arguments.int_list(1, "size");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  Result<Dims> sizes = infer_sizes(requested, self->numel());
  if (!sizes.ok())
    return sizes.status();
  XNNIR_RETURN_IF_ERROR(resize_output(*out, *sizes));
  if (self->numel() == 0)
    return {};
  // Views keep the order of elements in a contiguous tensor, so others go by way of that.
  const size_t bytes = element_size(self->dtype());
  const Dims self_sizes = sizes_of(*self);
  const void *elements = self->data();
  Scratch<uint8_t> copy;
  if (!is_contiguous(*self)) {
    void *contiguous = out->data();
    if (!is_contiguous(*out)) {
      XNNIR_RETURN_IF_ERROR(copy.allocate(self->nbytes()));
      contiguous = copy.data();
    }
    strided_copy(context.threads(), bytes, self_sizes, self->data(), strides_of(*self), contiguous,
                 contiguous_strides(self_sizes));
    elements = contiguous;
  }
  if (elements != out->data())
    strided_copy(context.threads(), bytes, *sizes, elements, contiguous_strides(*sizes), out->data(),
                 strides_of(*out));
  return {};
}

// et_view.default(self, size, out): out becomes a second name of self's memory.
Status et_view(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, args.size() == 3 ? 3 : 4);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims requested = arguments.int_list(1, "size");
  Tensor *out = arguments.ok() ? std::get_if<Tensor>(args[2]) : nullptr;
  if (!arguments.ok())
    return arguments.status();
  if (out == nullptr)
    return make_status(StatusCode::kInvalidType, "out is of kind %s, expected tensor", kind_of(*args[2]));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  Result<Dims> sizes = infer_sizes(requested, self->numel());
  if (!sizes.ok())
    return sizes.status();
  if (!is_contiguous(*self) || !is_contiguous(*out))
    return make_status(StatusCode::kNotSupported,
                       "self and out must be contiguous, but a dim_order is permuted");
  // The old memory's capacity says nothing about the new one's.
  Tensor view = *out;
  view.share_data(*self);
  XNNIR_RETURN_IF_ERROR(resize_output(view, *sizes));
  *out = std::move(view);
  return {};
}

const KernelRegistration kViewCopy("aten::view_copy.out", view_copy_out);
const KernelRegistration kView("executorch_prim::et_view.default", et_view);

} // namespace

} // namespace xnnir
