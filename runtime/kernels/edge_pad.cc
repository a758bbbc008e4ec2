// aten::reflection_pad1d to 3d and replication_pad1d to 3d.
#include <cstring>

#include "kernels/dense.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// The input element that output `at` (counted from the input's first) shows.
int64_t reflected(int64_t at, int64_t size) {
  if (at < 0)
    at = -at;
  return at < size ? at : 2 * (size - 1) - at;
}
int64_t replicated(int64_t at, int64_t size) { return std::min(std::max<int64_t>(at, 0), size - 1); }

template <size_t kBytes>
void gather_row(const uint8_t *in, int64_t in_stride, const int64_t *places, uint8_t *out, int64_t out_stride,
                size_t count) {
  for (size_t i = 0; i < count; ++i)
    std::memcpy(out + static_cast<int64_t>(i) * out_stride, in + places[i] * in_stride, kBytes);
}

using GatherRow = void (*)(const uint8_t *, int64_t, const int64_t *, uint8_t *, int64_t, size_t);

GatherRow gather_function(size_t bytes) {
  switch (bytes) {
  case 1:
    return gather_row<1>;
  case 2:
    return gather_row<2>;
  case 4:
    return gather_row<4>;
  default:
    return gather_row<8>;
  }
}

// reflection_pad2d.out(self, padding, out): `padding` is (left, right, top, bottom, ...), of the last
// dimension first; negative entries crop.
template <size_t kSpatial, bool kReflects> Status pad_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims padding = arguments.int_list(1, "padding");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  const size_t rank = self->rank();
  if (rank != kSpatial + 1 && rank != kSpatial + 2)
    return make_status(StatusCode::kInvalidArgument, "self has rank %zu, expected %zu or %zu", rank,
                       kSpatial + 1, kSpatial + 2);
  if (padding.size() != 2 * kSpatial)
    return make_status(StatusCode::kInvalidArgument, "padding has %zu entries, expected %zu", padding.size(),
                       2 * kSpatial);
  Dims sizes = sizes_of(*self);
  for (size_t i = 0; i < kSpatial; ++i) {
    const size_t dim = rank - 1 - i;
    const int64_t size = sizes[dim];
    const int64_t before = padding[2 * i];
    const int64_t after = padding[2 * i + 1];
    constexpr int64_t kLimit = int64_t{1} << 31;
    if (size == 0 || before > kLimit || before < -kLimit || after > kLimit || after < -kLimit ||
        size + before + after < 0 || (kReflects && (before >= size || after >= size)))
      return make_status(
          StatusCode::kInvalidArgument, "padding of %lld and %lld does not suit dimension %zu of size %lld",
          static_cast<long long>(before), static_cast<long long>(after), dim, static_cast<long long>(size));
    sizes[dim] = size + before + after;
  }
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  if (out->numel() == 0)
    return {};
  // Where each output element of a spatial dimension comes from; tables are only made for sizes that fit the
  // output.
  Scratch<int64_t> places[kSpatial];
  for (size_t i = 0; i < kSpatial; ++i) {
    const int64_t size = self->sizes()[rank - 1 - i];
    const int64_t count = sizes[rank - 1 - i];
    XNNIR_RETURN_IF_ERROR(places[i].allocate(static_cast<size_t>(count)));
    for (int64_t k = 0; k < count; ++k)
      places[i][static_cast<size_t>(k)] =
          kReflects ? reflected(k - padding[2 * i], size) : replicated(k - padding[2 * i], size);
  }
  const Dims in_strides = strides_of(*self);
  const Dims out_strides = strides_of(*out);
  const int64_t bytes = static_cast<int64_t>(element_size(self->dtype()));
  const GatherRow gather = gather_function(static_cast<size_t>(bytes));
  const size_t width = static_cast<size_t>(sizes[rank - 1]);
  parallel_for(context.threads(), out->numel() / width, width, [&](size_t start, size_t count) {
    for (size_t row = start; row < start + count; ++row) {
      int64_t from = 0;
      int64_t to = 0;
      size_t rest = row;
      for (size_t dim = rank - 1; dim-- > 0;) {
        const size_t index = rest % static_cast<size_t>(sizes[dim]);
        rest /= static_cast<size_t>(sizes[dim]);
        const size_t spatial = rank - 1 - dim;
        from += (spatial < kSpatial ? places[spatial][index] : static_cast<int64_t>(index)) * in_strides[dim];
        to += static_cast<int64_t>(index) * out_strides[dim];
      }
      gather(self->data_as<uint8_t>() + from * bytes, in_strides[rank - 1] * bytes, places[0].data(),
             out->data_as<uint8_t>() + to * bytes, out_strides[rank - 1] * bytes, width);
    }
  });
  return {};
}

const KernelRegistration kReflection1d("aten::reflection_pad1d.out", pad_out<1, true>);
const KernelRegistration kReflection2d("aten::reflection_pad2d.out", pad_out<2, true>);
const KernelRegistration kReflection3d("aten::reflection_pad3d.out", pad_out<3, true>);
const KernelRegistration kReplication1d("aten::replication_pad1d.out", pad_out<1, false>);
const KernelRegistration kReplication2d("aten::replication_pad2d.out", pad_out<2, false>);
const KernelRegistration kReplication3d("aten::replication_pad3d.out", pad_out<3, false>);

} // namespace

} // namespace xnnir
