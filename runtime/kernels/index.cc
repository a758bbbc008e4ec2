// aten::index.Tensor_out, aten::index_put.out and aten::index_put_.
#include "kernels/index.h"

#include "core/overflow.h"
#include "kernels/combine.h"
#include "kernels/dtype_switch.h"
#include "kernels/indices.h"

namespace xnnir {

Dims IndexedElements::contiguous_strides(const Dims &sizes) {
  Dims strides = sizes;
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(sizes[i], 1);
  }
  return strides;
}

Status IndexedElements::read(KernelContext &context, Arguments &arguments, size_t index, const Tensor &self) {
  size_t dim = 0;
  const size_t length = arguments.optional_list_size(index, "indices");
  for (size_t i = 0; i < length; ++i) {
    const Tensor *tensor = arguments.optional_list_item(index, i, "indices");
    if (!arguments.ok())
      return arguments.status();
    const bool is_mask =
        tensor != nullptr && (tensor->dtype() == ScalarType::kBool || tensor->dtype() == ScalarType::kByte);
    const size_t taken = is_mask ? tensor->rank() : 1;
    if (taken == 0)
      return make_status(StatusCode::kNotSupported, "indices[%zu] is a mask of rank 0, expected 1 or more",
                         i);
    if (taken > self.rank() - dim)
      return make_status(StatusCode::kInvalidArgument,
                         "indices are for more dimensions than the %zu that self has", self.rank());
    if (is_mask) {
      XNNIR_RETURN_IF_ERROR(read_mask(*tensor, self, dim));
    } else if (tensor != nullptr) {
      Result<Indices> checked = Indices::of(*tensor, "indices");
      if (!checked.ok())
        return checked.status();
      indices_[count_++] = {dim, sizes_of(*tensor), strides_of(*tensor), tensor, 0};
    }
    dim += taken;
  }
  if (!arguments.ok())
    return arguments.status();
  if (count_ == 0)
    return make_status(StatusCode::kInvalidArgument, "indices has no tensor, expected one or more");
  XNNIR_RETURN_IF_ERROR(find_sizes(self));
  return find_offsets(context, self);
}

// A mask becomes the indices of its true elements, in logical order.
Status IndexedElements::read_mask(const Tensor &mask, const Tensor &self, size_t dim) {
  for (size_t i = 0; i < mask.rank(); ++i)
    if (mask.sizes()[i] != self.sizes()[dim + i])
      return make_status(StatusCode::kInvalidArgument,
                         "a mask among indices has size %d in dimension %zu, expected %d as self has",
                         mask.sizes()[i], i, self.sizes()[dim + i]);
  const Dims sizes = sizes_of(mask);
  const Dims contiguous = contiguous_strides(sizes);
  const StridedLoop<2> loop(sizes, {strides_of(mask), contiguous});
  const auto *flags = mask.data_as<uint8_t>();
  const auto for_each_true = [&](auto visit) {
    loop.for_each_row([&](const auto &offsets) {
      for (int64_t i = 0; i < loop.row_size(); ++i)
        if (flags[offsets[0] + i * loop.row_stride(0)] != 0)
          visit(offsets[1] + i * loop.row_stride(1));
    });
  };
  size_t count = 0;
  if (mask.numel() > 0)
    for_each_true([&](int64_t) { ++count; });
  for (size_t i = 0; i < mask.rank(); ++i) {
    Scratch<int64_t> &places = mask_places_[count_];
    XNNIR_RETURN_IF_ERROR(places.allocate(count));
    std::fill_n(places.data(), count, 0);
    size_t next = 0;
    if (count > 0)
      for_each_true([&](int64_t linear) {
        if (next < count)
          places[next++] = linear / contiguous[i] % sizes[i];
      });
    Dims length;
    length.append(static_cast<int64_t>(count));
    Dims step;
    step.append(1);
    indices_[count_] = {dim + i, length, step, nullptr, count_};
    ++count_;
  }
  return {};
}

Status IndexedElements::find_sizes(const Tensor &self) {
  size_t rank = 0;
  for (size_t k = 0; k < count_; ++k)
    rank = std::max(rank, indices_[k].sizes.size());
  for (size_t i = 0; i < rank; ++i)
    point_sizes_.append(1);
  for (size_t k = 0; k < count_; ++k) {
    const Dims &sizes = indices_[k].sizes;
    for (size_t i = 0; i < sizes.size(); ++i) {
      int64_t &size = point_sizes_[rank - sizes.size() + i];
      if (size == 1)
        size = sizes[i];
      else if (sizes[i] != 1 && sizes[i] != size)
        return make_status(
            StatusCode::kInvalidArgument,
            "tensors in indices have sizes %lld and %lld in one dimension and do not broadcast",
            static_cast<long long>(size), static_cast<long long>(sizes[i]));
    }
  }

  const Dims strides = strides_of(self);
  size_t next = 0;
  for (size_t i = 0; i < self.rank(); ++i) {
    if (next < count_ && indices_[next].dim == i) {
      ++next;
      continue;
    }
    block_sizes_.append(self.sizes()[i]);
    block_strides_.append(strides[i]);
    block_numel_ *= static_cast<size_t>(self.sizes()[i]);
  }
  if (rank + block_sizes_.size() > kMaxTensorRank)
    return make_status(StatusCode::kNotSupported, "the result has rank %zu, expected at most %zu",
                       rank + block_sizes_.size(), kMaxTensorRank);
  const bool neighbours = indices_[count_ - 1].dim - indices_[0].dim + 1 == count_;
  position_ = neighbours ? indices_[0].dim : 0;
  for (size_t i = 0; i < position_; ++i)
    result_sizes_.append(block_sizes_[i]);
  for (size_t i = 0; i < rank; ++i)
    result_sizes_.append(point_sizes_[i]);
  for (size_t i = position_; i < block_sizes_.size(); ++i)
    result_sizes_.append(block_sizes_[i]);
  return {};
}

Status IndexedElements::find_offsets(KernelContext &context, const Tensor &self) {
  int64_t count = 1;
  for (size_t i = 0; i < point_sizes_.size(); ++i)
    if (mul_overflow(count, point_sizes_[i], &count))
      return make_status(StatusCode::kInvalidArgument,
                         "indices broadcast to more elements than there can be");
  offset_count_ = static_cast<size_t>(count);
  XNNIR_RETURN_IF_ERROR(offsets_.allocate(offset_count_));
  std::fill_n(offsets_.data(), offset_count_, 0);
  const Dims strides = strides_of(self);
  for (size_t k = 0; k < count_ && offset_count_ > 0; ++k) {
    const Index &index = indices_[k];
    const int64_t step = strides[index.dim];
    const StridedLoop<2> loop(point_sizes_,
                              {contiguous_strides(point_sizes_),
                               broadcast_strides(index.sizes, index.strides, point_sizes_.size())});
    IndexCheck check(self.sizes()[index.dim]);
    const auto add = [&](const auto &elements) {
      loop.parallel_rows(context.threads(), 2, [&](const auto &offsets) {
        for (int64_t i = 0; i < loop.row_size(); ++i) {
          int64_t element = elements[offsets[1] + i * loop.row_stride(1)];
          if (!check.accepts_from_end(element))
            return;
          offsets_.data()[offsets[0] + i * loop.row_stride(0)] += element * step;
        }
      });
    };
    if (index.tensor == nullptr) {
      add(mask_places_[index.mask].data());
    } else {
      Result<Indices> elements = Indices::of(*index.tensor, "indices");
      if (!elements.ok())
        return elements.status();
      add(*elements);
    }
    XNNIR_RETURN_IF_ERROR(check.status("indices"));
  }
  return {};
}

// The strides of the points' dimensions, and of the block's, out of those of the result.
std::pair<Dims, Dims> IndexedElements::split(const Dims &result_strides) const {
  Dims points;
  Dims block;
  for (size_t i = 0; i < result_strides.size(); ++i) {
    const bool is_point = i >= position_ && i < position_ + point_sizes_.size();
    (is_point ? points : block).append(result_strides[i]);
  }
  return {points, block};
}

namespace {

// index.Tensor_out(self, indices, out)
Status index_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  IndexedElements elements;
  XNNIR_RETURN_IF_ERROR(elements.read(context, arguments, 1, *self));
  XNNIR_RETURN_IF_ERROR(resize_output(*out, elements.result_sizes()));
  if (out->numel() == 0)
    return {};
  with_element_bytes(element_size(self->dtype()), [&](auto bytes) {
    constexpr size_t kBytes = decltype(bytes)::value;
    const auto *from = self->data_as<uint8_t>();
    auto *to = out->data_as<uint8_t>();
    elements.for_each_row(context.threads(), strides_of(*out),
                          [&](int64_t in, int64_t at, int64_t count, int64_t in_step, int64_t step) {
                            copy_row<kBytes>(from + in * static_cast<int64_t>(kBytes), in_step,
                                             to + at * static_cast<int64_t>(kBytes), step, count);
                          });
  });
  return {};
}

// Places that are named twice get the last element, or the sum, in logical order: so on one thread.
template <typename T>
void accumulate(const IndexedElements &elements, const Dims &strides, const uint8_t *values, uint8_t *self) {
  constexpr auto kBytes = static_cast<int64_t>(sizeof(T));
  elements.for_each_row(nullptr, strides,
                        [&](int64_t at, int64_t in, int64_t count, int64_t step, int64_t in_step) {
                          for (int64_t i = 0; i < count; ++i) {
                            uint8_t *place = self + (at + i * step) * kBytes;
                            const T value = read_element<T>(values + (in + i * in_step) * kBytes);
                            write_element(combine(Reduction::kSum, read_element<T>(place), value), place);
                          }
                        });
}

Status put(KernelContext &context, Arguments &arguments, const Tensor &values, bool sum, Tensor &self) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(values, self));
  IndexedElements elements;
  XNNIR_RETURN_IF_ERROR(elements.read(context, arguments, 1, self));
  const Dims &sizes = elements.result_sizes();
  const Dims value_sizes = sizes_of(values);
  for (size_t i = 0; i < value_sizes.size(); ++i) {
    const bool fits =
        i < sizes.size() && (value_sizes[value_sizes.size() - 1 - i] == 1 ||
                             value_sizes[value_sizes.size() - 1 - i] == sizes[sizes.size() - 1 - i]);
    if (!fits && (i < sizes.size() || value_sizes[value_sizes.size() - 1 - i] != 1))
      return make_status(
          StatusCode::kInvalidArgument,
          "values does not broadcast to the elements that indices name: dimension %zu from the "
          "end has size %lld",
          i + 1, static_cast<long long>(value_sizes[value_sizes.size() - 1 - i]));
  }
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] == 0)
      return {};
  // Sizes of 1 in front of the result's do not count.
  Dims used_sizes;
  Dims used_strides;
  const Dims value_strides = strides_of(values);
  for (size_t i = value_sizes.size() - std::min(value_sizes.size(), sizes.size()); i < value_sizes.size();
       ++i) {
    used_sizes.append(value_sizes[i]);
    used_strides.append(value_strides[i]);
  }
  const Dims strides = broadcast_strides(used_sizes, used_strides, sizes.size());
  const auto *from = values.data_as<uint8_t>();
  auto *to = self.data_as<uint8_t>();
  if (sum)
    return dtype_switch(RealAndBoolTypes{}, self.dtype(), "self", [&](auto tag) {
      accumulate<typename decltype(tag)::type>(elements, strides, from, to);
    });
  with_element_bytes(element_size(self.dtype()), [&](auto bytes) {
    constexpr size_t kBytes = decltype(bytes)::value;
    elements.for_each_row(nullptr, strides,
                          [&](int64_t at, int64_t in, int64_t count, int64_t step, int64_t in_step) {
                            copy_row<kBytes>(from + in * static_cast<int64_t>(kBytes), in_step,
                                             to + at * static_cast<int64_t>(kBytes), step, count);
                          });
  });
  return {};
}

// index_put.out(self, indices, values, accumulate, out)
Status index_put_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *values = arguments.tensor(2, "values");
  const bool sum = arguments.boolean(3, "accumulate");
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes_of(*self)));
  strided_copy(context.threads(), element_size(self->dtype()), sizes_of(*self), self->data(),
               strides_of(*self), out->data(), strides_of(*out));
  return put(context, arguments, *values, sum, *out);
}

// index_put_(self, indices, values, accumulate)
Status index_put_in_place(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  Tensor *self = arguments.output(0);
  const Tensor *values = arguments.tensor(2, "values");
  const bool sum = arguments.boolean(3, "accumulate");
  return arguments.ok() ? put(context, arguments, *values, sum, *self) : arguments.status();
}

const KernelRegistration kIndex("aten::index.Tensor_out", index_out);
const KernelRegistration kIndexPut("aten::index_put.out", index_put_out);
const KernelRegistration kIndexPutInPlace("aten::index_put_", index_put_in_place);

} // namespace

} // namespace xnnir
