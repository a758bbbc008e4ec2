// aten::constant_pad_nd.out.
#include <algorithm>
#include <cstring>

#include "kernels/dtype_switch.h"
#include "kernels/scalar.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

void fill(Tensor &out, const Scalar &value) {
  const size_t bytes = element_size(out.dtype());
  uint8_t *data = out.data_as<uint8_t>();
  const Status known = dtype_switch(AllTypes{}, out.dtype(), "out", [&](auto tag) {
    write_element(value.to<typename decltype(tag)::type>(), data);
  });
  // Quantised elements: the number is the code.
  if (!known.ok())
    store_scalar(out.dtype(), value.to<double>(), data);
  // Doubling what is filled already makes long copies of it.
  size_t filled = bytes;
  while (filled < out.nbytes()) {
    const size_t count = std::min(filled, out.nbytes() - filled);
    std::memcpy(data + filled, data, count);
    filled += count;
  }
}

// constant_pad_nd.out(self, pad, value, out). `pad` has a before and an after for each dimension, the last
// one first; negative ones take elements away.
Status constant_pad_nd_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims pad = arguments.int_list(1, "pad");
  const Scalar value = arguments.scalar_value(2, "value");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  const size_t rank = self->rank();
  if (pad.size() % 2 != 0 || pad.size() / 2 > rank)
    return make_status(StatusCode::kInvalidArgument,
                       "pad has %zu entries, expected two for each of at most %zu dimensions", pad.size(),
                       rank);

  Dims sizes = sizes_of(*self);
  Dims copied = sizes;
  const Dims in_strides = strides_of(*self);
  Dims out_start = sizes;
  int64_t in_offset = 0;
  for (size_t i = 0; i < rank; ++i) {
    const size_t pair = 2 * (rank - 1 - i);
    const int64_t before = pair < pad.size() ? pad[pair] : 0;
    const int64_t after = pair < pad.size() ? pad[pair + 1] : 0;
    constexpr int64_t kLimit = int64_t{1} << 32;
    if (before < -kLimit || before > kLimit || after < -kLimit || after > kLimit ||
        sizes[i] + before + after < 0)
      return make_status(
          StatusCode::kInvalidArgument, "pad of %lld and %lld leaves no valid size in dimension %zu of %lld",
          static_cast<long long>(before), static_cast<long long>(after), i, static_cast<long long>(sizes[i]));
    in_offset += std::max<int64_t>(-before, 0) * in_strides[i];
    out_start[i] = std::max<int64_t>(before, 0);
    copied[i] = std::max<int64_t>(sizes[i] + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0), 0);
    sizes[i] += before + after;
  }
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  if (out->numel() == 0)
    return {};

  fill(*out, value);
  const Dims out_strides = strides_of(*out);
  int64_t out_offset = 0;
  for (size_t i = 0; i < rank; ++i) {
    if (copied[i] == 0)
      return {};
    out_offset += out_start[i] * out_strides[i];
  }
  const size_t bytes = element_size(self->dtype());
  strided_copy(context.threads(), bytes, copied,
               self->data_as<uint8_t>() + static_cast<size_t>(in_offset) * bytes, in_strides,
               out->data_as<uint8_t>() + static_cast<size_t>(out_offset) * bytes, out_strides);
  return {};
}

const KernelRegistration kConstantPad("aten::constant_pad_nd.out", constant_pad_nd_out);

} // namespace

} // namespace xnnir
