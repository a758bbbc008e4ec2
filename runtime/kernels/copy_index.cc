// executorch_prim::et_copy_index.tensor: how loops stack what their rounds give.
#include <limits>

#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// Sizes of copy_to once it has `index` + 1 parts of the size of copy_from.
Result<Dims> stacked_sizes(const Tensor &copy_to, const Tensor &copy_from, int64_t index) {
  if (index < 0 || index >= std::numeric_limits<int32_t>::max())
    return make_status(StatusCode::kInvalidArgument, "index is %lld, expected 0 to %d",
                       static_cast<long long>(index), std::numeric_limits<int32_t>::max() - 1);
  if (copy_to.rank() != copy_from.rank() + 1)
    return make_status(StatusCode::kInvalidArgument,
                       "copy_to has rank %zu, expected one more than the %zu of copy_from", copy_to.rank(),
                       copy_from.rank());
  Dims sizes;
  sizes.append(index + 1);
  for (size_t i = 0; i < copy_from.rank(); ++i) {
    // The first part decides about the others.
    if (index > 0 && copy_to.sizes()[i + 1] != copy_from.sizes()[i])
      return make_status(StatusCode::kInvalidArgument,
                         "copy_from has size %d in dimension %zu, expected %d as the parts before it",
                         copy_from.sizes()[i], i, copy_to.sizes()[i + 1]);
    sizes.append(copy_from.sizes()[i]);
  }
  return sizes;
}

// et_copy_index.tensor(copy_to, copy_from, index): copy_to[index] = copy_from. A copy_to of dynamic shape has
// index + 1 parts then; the parts before are kept. There is no separate result.
Status et_copy_index(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  Tensor *copy_to = arguments.output(0);
  const Tensor *copy_from = arguments.tensor(1, "copy_from");
  const int64_t index = arguments.integer(2, "index");
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*copy_from, *copy_to));
  Result<Dims> sizes = stacked_sizes(*copy_to, *copy_from, index);
  if (!sizes.ok())
    return sizes.status();
  // Only then do the parts stay where they are when there is one more.
  if (copy_to->dim_order()[0] != 0)
    return make_status(StatusCode::kNotSupported,
                       "dimension 0 of copy_to must be the outermost in memory, but dim_order begins with %d",
                       copy_to->dim_order()[0]);
  if (copy_to->dynamism() == ShapeDynamism::kStatic && index < copy_to->sizes()[0])
    (*sizes)[0] = copy_to->sizes()[0];
  XNNIR_RETURN_IF_ERROR(resize_output(*copy_to, *sizes));
  if (copy_from->numel() == 0)
    return {};
  const Dims strides = strides_of(*copy_to);
  Dims part_strides;
  for (size_t i = 1; i < strides.size(); ++i)
    part_strides.append(strides[i]);
  const size_t bytes = element_size(copy_to->dtype());
  uint8_t *part = copy_to->data_as<uint8_t>() + static_cast<size_t>(index) * copy_from->nbytes();
  strided_copy(context.threads(), bytes, sizes_of(*copy_from), copy_from->data(), strides_of(*copy_from),
               part, part_strides);
  return {};
}

const KernelRegistration kCopyIndex("executorch_prim::et_copy_index.tensor", et_copy_index);

} // namespace

} // namespace xnnir
