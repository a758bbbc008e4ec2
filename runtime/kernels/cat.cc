// aten::cat.out and aten::stack.out: tensors one behind the other. Each is cast to the dtype of the result,
// which is the promoted one.
#include "kernels/dense.h"
#include "kernels/elements.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// PyTorch lets tensors of shape (0,) stand among others of any rank.
bool is_placeholder(const Tensor &tensor) { return tensor.rank() == 1 && tensor.numel() == 0; }

// The first tensor that counts; the first of all when none does.
const Tensor *find_model(Arguments &arguments, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const Tensor *tensor = arguments.list_item(0, i, "tensors");
    if (tensor == nullptr || !is_placeholder(*tensor))
      return tensor;
  }
  return arguments.list_item(0, 0, "tensors");
}

// Sizes have to be those of `model`; in dimension `dim`, if there is one, they may differ.
Status check_part(const Tensor &part, const Tensor &model, size_t dim, size_t number) {
  if (part.rank() != model.rank())
    return make_status(StatusCode::kInvalidArgument, "tensors[%zu] has rank %zu, expected %zu", number,
                       part.rank(), model.rank());
  for (size_t i = 0; i < model.rank(); ++i)
    if (i != dim && part.sizes()[i] != model.sizes()[i])
      return make_status(StatusCode::kInvalidArgument,
                         "tensors[%zu] has size %d in dimension %zu, expected %d", number, part.sizes()[i], i,
                         model.sizes()[i]);
  return {};
}

// Copies a tensor to its place in `out`, which has `strides` for its dimensions and begins at `place`.
Status copy_part(KernelContext &context, const Tensor &part, const Tensor &out, uint8_t *place,
                 const Dims &strides) {
  const void *elements = part.data();
  Scratch<uint8_t> cast;
  if (part.dtype() != out.dtype()) {
    XNNIR_RETURN_IF_ERROR(cast.allocate(part.numel() * element_size(out.dtype())));
    if (!convert_elements(part.dtype(), part.data(), out.dtype(), cast.data(), part.numel()))
      return make_status(StatusCode::kInvalidType,
                         "tensors have dtypes %s, which cannot be cast to the %s of out",
                         to_string(part.dtype()), to_string(out.dtype()));
    elements = cast.data();
  }
  strided_copy(context.threads(), element_size(out.dtype()), sizes_of(part), elements, strides_of(part),
               place, strides);
  return {};
}

// cat.out(tensors, dim, out)
Status cat_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const size_t count = arguments.list_size(0, "tensors");
  if (arguments.ok() && count == 0)
    return make_status(StatusCode::kInvalidArgument, "tensors is empty, expected one or more");
  const Tensor *model = count == 0 ? nullptr : find_model(arguments, count);
  const size_t dim = arguments.dim(1, "dim", model == nullptr ? 0 : model->rank());
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  if (model->rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "tensors has a scalar, expected at least one dimension");

  Dims sizes = sizes_of(*model);
  sizes[dim] = 0;
  for (size_t i = 0; i < count; ++i) {
    const Tensor *part = arguments.list_item(0, i, "tensors");
    if (part == nullptr)
      return arguments.status();
    if (part == out)
      return make_status(StatusCode::kInvalidProgram, "tensors[%zu] is out, which has to be another", i);
    if (is_placeholder(*part) && part->rank() != model->rank())
      continue;
    XNNIR_RETURN_IF_ERROR(check_part(*part, *model, dim, i));
    sizes[dim] += part->sizes()[dim];
  }
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  if (out->numel() == 0)
    return {};

  const Dims out_strides = strides_of(*out);
  const size_t bytes = element_size(out->dtype());
  uint8_t *next = out->data_as<uint8_t>();
  for (size_t i = 0; i < count; ++i) {
    const Tensor *part = arguments.list_item(0, i, "tensors");
    if (part->numel() == 0)
      continue;
    XNNIR_RETURN_IF_ERROR(copy_part(context, *part, *out, next, out_strides));
    next += static_cast<size_t>(part->sizes()[dim]) * static_cast<size_t>(out_strides[dim]) * bytes;
  }
  return {};
}

// stack.out(tensors, dim, out): the dimension is a new one.
Status stack_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const size_t count = arguments.list_size(0, "tensors");
  if (arguments.ok() && count == 0)
    return make_status(StatusCode::kInvalidArgument, "tensors is empty, expected one or more");
  const Tensor *model = arguments.ok() ? arguments.list_item(0, 0, "tensors") : nullptr;
  const size_t rank = model == nullptr ? 0 : model->rank();
  const size_t dim = arguments.dim(1, "dim", rank + 1);
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  if (rank == kMaxTensorRank)
    return make_status(StatusCode::kNotSupported, "tensors have rank %zu, the largest that there is", rank);
  Dims sizes;
  for (size_t i = 0; i <= rank; ++i) {
    if (i == dim)
      sizes.append(static_cast<int64_t>(count));
    if (i < rank)
      sizes.append(model->sizes()[i]);
  }
  for (size_t i = 0; i < count; ++i) {
    const Tensor *part = arguments.list_item(0, i, "tensors");
    if (part == nullptr)
      return arguments.status();
    if (part == out)
      return make_status(StatusCode::kInvalidProgram, "tensors[%zu] is out, which has to be another", i);
    XNNIR_RETURN_IF_ERROR(check_part(*part, *model, rank, i));
  }
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  if (out->numel() == 0)
    return {};

  const Dims out_strides = strides_of(*out);
  Dims strides;
  for (size_t i = 0; i <= rank; ++i)
    if (i != dim)
      strides.append(out_strides[i]);
  const size_t step = static_cast<size_t>(out_strides[dim]) * element_size(out->dtype());
  for (size_t i = 0; i < count; ++i)
    XNNIR_RETURN_IF_ERROR(copy_part(context, *arguments.list_item(0, i, "tensors"), *out,
                                    out->data_as<uint8_t>() + i * step, strides));
  return {};
}

const KernelRegistration kCat("aten::cat.out", cat_out);
const KernelRegistration kStack("aten::stack.out", stack_out);

} // namespace

} // namespace xnnir
