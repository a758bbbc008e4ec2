// aten::embedding.out, aten::gather.out and aten::index_select.out: elements of one dimension by their index.
#include "kernels/indices.h"
#include "kernels/strided_loop.h"

namespace xnnir {

namespace {

// out[i] = self[i with dimension `dim` replaced by index[i]], for every i below `sizes`; strides of 0 have an
// operand stay where it is. Those of `self` have 0 in that dimension, and `step` is its own.
struct Gather {
  Dims sizes;
  Indices index;
  Dims index_strides;
  const Tensor *self = nullptr;
  Dims self_strides;
  int64_t step = 0;
  int64_t dim_size = 0;
  Tensor *out = nullptr;
};

template <size_t kBytes> Status run(KernelContext &context, const Gather &gather, const char *name) {
  const StridedLoop<3> loop(gather.sizes,
                            {gather.index_strides, gather.self_strides, strides_of(*gather.out)});
  const auto *self = gather.self->data_as<uint8_t>();
  auto *out = gather.out->data_as<uint8_t>();
  const auto bytes = static_cast<int64_t>(kBytes);
  const int64_t count = loop.row_size();
  const int64_t index_stride = loop.row_stride(0);
  const int64_t self_stride = loop.row_stride(1);
  const int64_t out_stride = loop.row_stride(2);
  IndexCheck check(gather.dim_size);
  loop.parallel_rows(context.threads(), 1, [&](const auto &offsets) {
    uint8_t *row = out + offsets[2] * bytes;
    // One index for all of the row where the dimension is not the row's.
    if (index_stride == 0) {
      const int64_t index = gather.index[offsets[0]];
      if (check.accepts(index))
        copy_row<kBytes>(self + (offsets[1] + index * gather.step) * bytes, self_stride, row, out_stride,
                         count);
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      const int64_t index = gather.index[offsets[0] + i * index_stride];
      if (!check.accepts(index))
        return;
      std::memcpy(row + i * out_stride * bytes,
                  self + (offsets[1] + i * self_stride + index * gather.step) * bytes, kBytes);
    }
  });
  return check.status(name);
}

Status run_any(KernelContext &context, const Gather &gather, const char *name) {
  Status status;
  with_element_bytes(element_size(gather.self->dtype()),
                     [&](auto bytes) { status = run<decltype(bytes)::value>(context, gather, name); });
  return status;
}

// embedding.out(weight, indices, padding_idx, scale_grad_by_freq, sparse, out); the numbers between are for
// training.
Status embedding_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 7);
  const Tensor *weight = arguments.tensor(0, "weight");
  const Tensor *indices = arguments.tensor(1, "indices");
  Tensor *out = arguments.output(5);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*weight, *out));
  if (weight->rank() != 2)
    return make_status(StatusCode::kInvalidArgument, "weight has rank %zu, expected 2", weight->rank());
  const size_t rank = indices->rank();
  if (rank == kMaxTensorRank)
    return make_status(StatusCode::kNotSupported, "indices has rank %zu, the largest that there is", rank);
  Result<Indices> index = Indices::of(*indices, "indices");
  if (!index.ok())
    return index.status();
  Gather gather;
  gather.index = *index;
  gather.sizes = sizes_of(*indices);
  gather.index_strides = strides_of(*indices);
  for (size_t i = 0; i < rank; ++i)
    gather.self_strides.append(0);
  gather.sizes.append(weight->sizes()[1]);
  gather.index_strides.append(0);
  gather.self_strides.append(strides_of(*weight)[1]);
  gather.self = weight;
  gather.step = strides_of(*weight)[0];
  gather.dim_size = weight->sizes()[0];
  gather.out = out;
  XNNIR_RETURN_IF_ERROR(resize_output(*out, gather.sizes));
  return run_any(context, gather, "indices");
}

// gather.out(self, dim, index, sparse_grad, out)
Status gather_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  const Tensor *index = arguments.tensor(2, "index");
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  Result<Indices> indices = Indices::of(*index, "index");
  if (!indices.ok())
    return indices.status();
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes_of(*index)));
  if (index->numel() == 0)
    return {};
  Gather gather;
  const Dims self_sizes = at_least_one(sizes_of(*self));
  gather.sizes = at_least_one(sizes_of(*index));
  if (self_sizes.size() != gather.sizes.size())
    return make_status(StatusCode::kInvalidArgument, "index has rank %zu, expected %zu as self has",
                       index->rank(), self->rank());
  for (size_t i = 0; i < gather.sizes.size(); ++i)
    if (i != dim && gather.sizes[i] > self_sizes[i])
      return make_status(StatusCode::kInvalidArgument,
                         "index has size %lld in dimension %zu, expected at most the %lld of self",
                         static_cast<long long>(gather.sizes[i]), i, static_cast<long long>(self_sizes[i]));
  gather.index = *indices;
  gather.index_strides = at_least_one(strides_of(*index));
  gather.self = self;
  gather.self_strides = at_least_one(strides_of(*self));
  gather.step = gather.self_strides[dim];
  gather.self_strides[dim] = 0;
  gather.dim_size = self_sizes[dim];
  gather.out = out;
  return run_any(context, gather, "index");
}

// index_select.out(self, dim, index, out)
Status index_select_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  const Tensor *index = arguments.tensor(2, "index");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  if (index->rank() > 1)
    return make_status(StatusCode::kInvalidArgument, "index has rank %zu, expected at most 1", index->rank());
  Result<Indices> indices = Indices::of(*index, "index");
  if (!indices.ok())
    return indices.status();
  // A scalar has one element to select, and stays a scalar.
  if (self->rank() == 0 && index->numel() != 1)
    return make_status(StatusCode::kInvalidArgument, "index has %zu elements, expected one for a scalar",
                       index->numel());
  Gather gather;
  gather.index = *indices;
  gather.sizes = at_least_one(sizes_of(*self));
  gather.dim_size = gather.sizes[dim];
  gather.sizes[dim] = static_cast<int64_t>(index->numel());
  XNNIR_RETURN_IF_ERROR(resize_output(*out, self->rank() == 0 ? Dims() : gather.sizes));
  for (size_t i = 0; i < gather.sizes.size(); ++i)
    gather.index_strides.append(i == dim ? 1 : 0);
  gather.self = self;
  gather.self_strides = at_least_one(strides_of(*self));
  gather.step = gather.self_strides[dim];
  gather.self_strides[dim] = 0;
  gather.out = out;
  return run_any(context, gather, "index");
}

const KernelRegistration kEmbedding("aten::embedding.out", embedding_out);
const KernelRegistration kGather("aten::gather.out", gather_out);
const KernelRegistration kIndexSelect("aten::index_select.out", index_select_out);

} // namespace

} // namespace xnnir
