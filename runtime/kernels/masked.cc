// aten::masked_select.out, aten::masked_scatter.out and aten::nonzero.out: elements where a mask is true, in
// logical order. How many those are is known when they are counted.
#include "kernels/dense.h"
#include "kernels/dtype_switch.h"
#include "kernels/strided_loop.h"

namespace xnnir {

namespace {

// The sizes to which `a` and `b` broadcast.
Result<Dims> broadcast(const Dims &a, const Dims &b) {
  Dims sizes = a.size() >= b.size() ? a : b;
  const Dims &shorter = a.size() >= b.size() ? b : a;
  const size_t added = sizes.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    int64_t &size = sizes[added + i];
    if (size != shorter[i] && size != 1 && shorter[i] != 1)
      return make_status(StatusCode::kInvalidArgument,
                         "self and mask have sizes %lld and %lld in one dimension and do not broadcast",
                         static_cast<long long>(size), static_cast<long long>(shorter[i]));
    size = size == 1 ? shorter[i] : size;
  }
  return sizes;
}

Dims strides_for(const Tensor &tensor, const Dims &sizes) {
  return broadcast_strides(sizes_of(tensor), strides_of(tensor), sizes.size());
}

Status expect_mask(const Tensor &mask) {
  if (mask.dtype() != ScalarType::kBool && mask.dtype() != ScalarType::kByte)
    return make_status(StatusCode::kInvalidType, "mask has dtype %s, expected bool", to_string(mask.dtype()));
  return {};
}

// Calls visit with the offset in the second operand of each element that the mask, the first, has.
template <typename Visit>
void for_each_true(const StridedLoop<2> &loop, const uint8_t *mask, const Visit &visit) {
  loop.for_each_row([&](const auto &offsets) {
    for (int64_t i = 0; i < loop.row_size(); ++i)
      if (mask[offsets[0] + i * loop.row_stride(0)] != 0)
        visit(offsets[1] + i * loop.row_stride(1));
  });
}

// masked_select.out(self, mask, out)
Status masked_select_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *mask = arguments.tensor(1, "mask");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_mask(*mask));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  Result<Dims> sizes = broadcast(sizes_of(*self), sizes_of(*mask));
  if (!sizes.ok())
    return sizes.status();
  const StridedLoop<2> loop(*sizes, {strides_for(*mask, *sizes), strides_for(*self, *sizes)});
  const auto *flags = mask->data_as<uint8_t>();
  int64_t count = 0;
  for_each_true(loop, flags, [&](int64_t) { ++count; });
  Dims length;
  length.append(count);
  XNNIR_RETURN_IF_ERROR(resize_output(*out, length));
  with_element_bytes(element_size(self->dtype()), [&](auto bytes) {
    constexpr auto kBytes = static_cast<int64_t>(decltype(bytes)::value);
    const auto *from = self->data_as<uint8_t>();
    auto *to = out->data_as<uint8_t>();
    // The count is a bound: what is written may lie in the memory of the mask.
    const uint8_t *end = to + count * kBytes;
    for_each_true(loop, flags, [&](int64_t offset) {
      if (to == end)
        return;
      std::memcpy(to, from + offset * kBytes, kBytes);
      to += kBytes;
    });
  });
  return {};
}

// masked_scatter.out(self, mask, source, out): the elements of `source`, in order, where the mask is true.
Status masked_scatter_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const Tensor *mask = arguments.tensor(1, "mask");
  const Tensor *source = arguments.tensor(2, "source");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_mask(*mask));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*source, *out));
  if (!is_contiguous(*source))
    return make_status(StatusCode::kNotSupported, "source must be contiguous, but its dim_order is permuted");
  Result<Dims> sizes = broadcast(sizes_of(*self), sizes_of(*mask));
  if (!sizes.ok())
    return sizes.status();
  XNNIR_RETURN_IF_ERROR(resize_output(*out, *sizes));
  strided_copy(context.threads(), element_size(self->dtype()), *sizes, self->data(),
               strides_for(*self, *sizes), out->data(), strides_of(*out));
  const StridedLoop<2> loop(*sizes, {strides_for(*mask, *sizes), strides_of(*out)});
  bool enough = true;
  with_element_bytes(element_size(self->dtype()), [&](auto bytes) {
    constexpr auto kBytes = static_cast<int64_t>(decltype(bytes)::value);
    const auto *from = source->data_as<uint8_t>();
    const uint8_t *end = from + source->nbytes();
    auto *to = out->data_as<uint8_t>();
    for_each_true(loop, mask->data_as<uint8_t>(), [&](int64_t offset) {
      enough = enough && from != end;
      if (!enough)
        return;
      std::memcpy(to + offset * kBytes, from, kBytes);
      from += kBytes;
    });
  });
  if (!enough)
    return make_status(StatusCode::kInvalidArgument,
                       "source has %zu elements, fewer than the places where mask is true", source->numel());
  return {};
}

// The logical indices of elements that are not zero, a row each.
template <typename T> Status write_nonzero(const Tensor &self, Tensor &out) {
  const Dims sizes = sizes_of(self);
  Dims linear_strides = sizes;
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    linear_strides[i] = stride;
    stride *= std::max<int64_t>(sizes[i], 1);
  }
  const StridedLoop<2> loop(sizes, {strides_of(self), linear_strides});
  const auto *data = self.data_as<uint8_t>();
  const auto for_each = [&](auto visit) {
    if (self.numel() == 0)
      return;
    loop.for_each_row([&](const auto &offsets) {
      for (int64_t i = 0; i < loop.row_size(); ++i) {
        const int64_t offset = offsets[0] + i * loop.row_stride(0);
        if (element_cast<bool>(read_element<T>(data + offset * static_cast<int64_t>(sizeof(T)))))
          visit(offsets[1] + i * loop.row_stride(1));
      }
    });
  };
  int64_t count = 0;
  for_each([&](int64_t) { ++count; });
  Dims out_sizes;
  out_sizes.append(count);
  out_sizes.append(static_cast<int64_t>(sizes.size()));
  XNNIR_RETURN_IF_ERROR(resize_output(out, out_sizes));
  const Dims out_strides = strides_of(out);
  auto *rows = out.data_as<int64_t>();
  int64_t row = 0;
  for_each([&](int64_t linear) {
    if (row == count)
      return;
    for (size_t i = 0; i < sizes.size(); ++i)
      rows[row * out_strides[0] + static_cast<int64_t>(i) * out_strides[1]] =
          linear / linear_strides[i] % sizes[i];
    ++row;
  });
  return {};
}

// nonzero.out(self, out)
Status nonzero_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  const Tensor *self = arguments.tensor(0, "self");
  Tensor *out = arguments.output(1);
  if (!arguments.ok())
    return arguments.status();
  if (out->dtype() != ScalarType::kLong)
    return make_status(StatusCode::kInvalidType, "out has dtype %s, expected int64", to_string(out->dtype()));
  return dtype_switch(AllTypes{}, self->dtype(), "self",
                      [&](auto tag) { return write_nonzero<typename decltype(tag)::type>(*self, *out); });
}

const KernelRegistration kMaskedSelect("aten::masked_select.out", masked_select_out);
const KernelRegistration kMaskedScatter("aten::masked_scatter.out", masked_scatter_out);
const KernelRegistration kNonzero("aten::nonzero.out", nonzero_out);

} // namespace

} // namespace xnnir
