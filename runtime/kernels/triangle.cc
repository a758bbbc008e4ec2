// aten::tril.out and aten::triu.out: matrices with zeros above or below a diagonal.
#include <algorithm>

#include "kernels/strided_loop.h"

namespace xnnir {

namespace {

// Copies the elements of each row whose column is at most (kLower), or at least, the row's number + diagonal.
template <bool kLower, size_t kBytes>
void copy_triangles(pthreadpool *threads, const Tensor &self, int64_t diagonal, const Tensor &out) {
  const Dims sizes = sizes_of(self);
  const Dims self_strides = strides_of(self);
  const Dims out_strides = strides_of(out);
  const size_t rank = sizes.size();
  const int64_t columns = sizes[rank - 1];
  // The loop goes over rows; the offset in the third operand is the row's number.
  Dims rows;
  std::array<Dims, 3> strides;
  for (size_t i = 0; i + 1 < rank; ++i) {
    rows.append(sizes[i]);
    strides[0].append(self_strides[i]);
    strides[1].append(out_strides[i]);
    strides[2].append(i + 2 == rank ? 1 : 0);
  }
  const StridedLoop<3> loop(rows, strides);
  const int64_t in_step = self_strides[rank - 1];
  const int64_t out_step = out_strides[rank - 1];
  constexpr auto kSize = static_cast<int64_t>(kBytes);
  const uint8_t zero[kBytes] = {};
  loop.parallel_rows(threads, static_cast<size_t>(columns), [&](const auto &offsets) {
    for (int64_t i = 0; i < loop.row_size(); ++i) {
      const uint8_t *in = self.data_as<uint8_t>() + (offsets[0] + i * loop.row_stride(0)) * kSize;
      uint8_t *to = out.data_as<uint8_t>() + (offsets[1] + i * loop.row_stride(1)) * kSize;
      const int64_t row = offsets[2] + i * loop.row_stride(2);
      const int64_t border = std::clamp<int64_t>(row + diagonal + (kLower ? 1 : 0), 0, columns);
      const int64_t kept = kLower ? 0 : border;
      const int64_t cleared = kLower ? border : 0;
      copy_row<kBytes>(in + kept * in_step * kSize, in_step, to + kept * out_step * kSize, out_step,
                       kLower ? border : columns - border);
      copy_row<kBytes>(zero, 0, to + cleared * out_step * kSize, out_step,
                       kLower ? columns - border : border);
    }
  });
}

// tril.out(self, diagonal, out), triu.out(self, diagonal, out)
template <bool kLower> Status triangle_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  int64_t diagonal = arguments.integer(1, "diagonal");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  if (self->rank() < 2)
    return make_status(StatusCode::kInvalidArgument, "self has rank %zu, expected 2 or more", self->rank());
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes_of(*self)));
  if (out->numel() == 0)
    return {};
  // Sizes have 31 bits; sums with them must not overflow.
  diagonal = std::clamp(diagonal, -(int64_t{1} << 32), int64_t{1} << 32);
  with_element_bytes(element_size(self->dtype()), [&](auto bytes) {
    copy_triangles<kLower, decltype(bytes)::value>(context.threads(), *self, diagonal, *out);
  });
  return {};
}

const KernelRegistration kTril("aten::tril.out", triangle_out<true>);
const KernelRegistration kTriu("aten::triu.out", triangle_out<false>);

} // namespace

} // namespace xnnir
