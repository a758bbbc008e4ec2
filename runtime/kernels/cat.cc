// aten::cat.out.
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

Status check_part(const Tensor &part, const Tensor &model, size_t dim, size_t number) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(part, model));
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
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*model, *out));

  Dims sizes = sizes_of(*model);
  sizes[dim] = 0;
  for (size_t i = 0; i < count; ++i) {
    const Tensor *part = arguments.list_item(0, i, "tensors");
    if (part == nullptr)
      return arguments.status();
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
    strided_copy(context.threads(), bytes, sizes_of(*part), part->data(), strides_of(*part), next,
                 out_strides);
    next += static_cast<size_t>(part->sizes()[dim]) * static_cast<size_t>(out_strides[dim]) * bytes;
  }
  return {};
}

const KernelRegistration kCat("aten::cat.out", cat_out);

} // namespace

} // namespace xnnir
