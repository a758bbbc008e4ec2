// aten::split_copy.Tensor_out, aten::split_with_sizes_copy.out and aten::unbind_copy.int_out: parts of a
// tensor, each a tensor of its own. The results are the tensors of a list; ExecuTorch's schemas return
// nothing, so calls may name the list once or twice.
#include <algorithm>

#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

size_t count_with_list(Span<Value *> args, size_t parameters) {
  return args.size() == parameters ? parameters : parameters + 1;
}

// Copies elements [start, start + length) of dimension `dim` to a tensor of the list; `keep` false drops the
// dimension, whose length is 1 then.
Status copy_part(KernelContext &context, const Tensor &self, size_t dim, int64_t start, int64_t length,
                 bool keep, Tensor &out) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  const Dims self_strides = strides_of(self);
  Dims sizes;
  Dims strides;
  for (size_t i = 0; i < self.rank(); ++i) {
    if (i == dim && !keep)
      continue;
    sizes.append(i == dim ? length : self.sizes()[i]);
    strides.append(self_strides[i]);
  }
  XNNIR_RETURN_IF_ERROR(resize_output(out, sizes));
  if (out.numel() == 0)
    return {};
  const size_t bytes = element_size(self.dtype());
  strided_copy(context.threads(), bytes, sizes,
               self.data_as<uint8_t>() + static_cast<size_t>(start * self_strides[dim]) * bytes, strides,
               out.data(), strides_of(out));
  return {};
}

Status expect_parts(size_t found, int64_t expected) {
  if (static_cast<int64_t>(found) != expected)
    return make_status(StatusCode::kInvalidArgument, "out has %zu tensors, expected %lld", found,
                       static_cast<long long>(expected));
  return {};
}

// split_copy.Tensor_out(self, split_size, dim, out): parts of split_size, and the rest.
Status split_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, count_with_list(args, 4));
  const Tensor *given = arguments.tensor(0, "self");
  const int64_t split_size = arguments.integer(1, "split_size");
  const size_t dim = arguments.dim(2, "dim", given == nullptr ? 0 : given->rank());
  const size_t parts = arguments.list_size(3, "out");
  if (!arguments.ok())
    return arguments.status();
  // A copy, as `given` may be in the list.
  const Tensor self = *given;
  if (self.rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "self is a scalar, which cannot be split");
  const int64_t size = self.sizes()[dim];
  if (split_size < 0 || (split_size == 0 && size > 0))
    return make_status(StatusCode::kInvalidArgument, "split_size is %lld, expected 1 or more",
                       static_cast<long long>(split_size));
  XNNIR_RETURN_IF_ERROR(
      expect_parts(parts, size == 0 ? 1 : size / split_size + (size % split_size != 0 ? 1 : 0)));
  for (size_t i = 0; i < parts; ++i) {
    const int64_t start = static_cast<int64_t>(i) * split_size;
    Tensor *out = arguments.output_item(3, i);
    if (out == nullptr)
      return arguments.status();
    XNNIR_RETURN_IF_ERROR(
        copy_part(context, self, dim, start, std::min(split_size, size - start), true, *out));
  }
  return {};
}

// split_with_sizes_copy.out(self, split_sizes, dim, out)
Status split_with_sizes_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, count_with_list(args, 4));
  const Tensor *given = arguments.tensor(0, "self");
  const size_t count = arguments.int_list_size(1, "split_sizes");
  const size_t dim = arguments.dim(2, "dim", given == nullptr ? 0 : given->rank());
  const size_t parts = arguments.list_size(3, "out");
  if (!arguments.ok())
    return arguments.status();
  const Tensor self = *given;
  if (self.rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "self is a scalar, which cannot be split");
  XNNIR_RETURN_IF_ERROR(expect_parts(parts, static_cast<int64_t>(count)));
  const int64_t size = self.sizes()[dim];
  int64_t start = 0;
  for (size_t i = 0; i < parts; ++i) {
    const int64_t length = arguments.int_list_item(1, i, "split_sizes");
    Tensor *out = arguments.output_item(3, i);
    if (out == nullptr)
      return arguments.status();
    if (length < 0 || length > size - start)
      return make_status(StatusCode::kInvalidArgument,
                         "split_sizes[%zu] is %lld, expected 0 to %lld, the rest of dimension %zu", i,
                         static_cast<long long>(length), static_cast<long long>(size - start), dim);
    XNNIR_RETURN_IF_ERROR(copy_part(context, self, dim, start, length, true, *out));
    start += length;
  }
  if (start != size)
    return make_status(StatusCode::kInvalidArgument,
                       "split_sizes add up to %lld, expected %lld, the size of dimension %zu",
                       static_cast<long long>(start), static_cast<long long>(size), dim);
  return {};
}

// unbind_copy.int_out(self, dim, out)
Status unbind_copy_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, count_with_list(args, 3));
  const Tensor *given = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", given == nullptr ? 0 : given->rank());
  const size_t parts = arguments.list_size(2, "out");
  if (!arguments.ok())
    return arguments.status();
  const Tensor self = *given;
  if (self.rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "self is a scalar, which cannot be split");
  XNNIR_RETURN_IF_ERROR(expect_parts(parts, self.sizes()[dim]));
  for (size_t i = 0; i < parts; ++i) {
    Tensor *out = arguments.output_item(2, i);
    if (out == nullptr)
      return arguments.status();
    XNNIR_RETURN_IF_ERROR(copy_part(context, self, dim, static_cast<int64_t>(i), 1, false, *out));
  }
  return {};
}

const KernelRegistration kSplit("aten::split_copy.Tensor_out", split_copy_out);
const KernelRegistration kSplitWithSizes("aten::split_with_sizes_copy.out", split_with_sizes_copy_out);
const KernelRegistration kUnbind("aten::unbind_copy.int_out", unbind_copy_out);

} // namespace

} // namespace xnnir
