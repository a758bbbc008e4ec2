#include "kernels/cast_copy.h"

#include <algorithm>

namespace xnnir {

namespace {

template <typename T> void copy_block(const void *, const void *const *inputs, void *output, size_t count) {
  std::memcpy(output, inputs[0], count * sizeof(T));
}

} // namespace

Status cast_copy(KernelContext &context, const ElementwiseInput &self, Tensor &out) {
  if (self.dtype == out.dtype()) {
    XNNIR_RETURN_IF_ERROR(resize_output(out, self.sizes));
    strided_copy(context.threads(), element_size(out.dtype()), self.sizes, self.data, self.strides,
                 out.data(), strides_of(out));
    return {};
  }
  ElementwiseInput input = self;
  // int64 has no room for the largest uint64.
  const bool is_wide = self.dtype == ScalarType::kUInt64 && is_floating(out.dtype());
  input.as = is_wide ? ScalarType::kDouble : self.dtype == ScalarType::kBool ? ScalarType::kByte : self.dtype;
  ElementwiseLoop loop = {copy_block<int64_t>, nullptr, block_type(*input.as), out.dtype()};
  if (loop.output == BlockType::kFloat)
    loop.function = copy_block<float>;
  return run_elementwise(context, loop, {&input, 1}, out);
}

Result<ElementwiseInput> expand_input(const Tensor &source, const Dims &sizes) {
  ElementwiseInput input(&source);
  if (source.rank() > sizes.size())
    return make_status(StatusCode::kInvalidArgument, "src has rank %zu, expected at most %zu", source.rank(),
                       sizes.size());
  const size_t added = sizes.size() - source.rank();
  Dims strides;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t size = i < added ? 1 : source.sizes()[i - added];
    if (size != sizes[i] && size != 1)
      return make_status(StatusCode::kInvalidArgument,
                         "src has size %lld in dimension %zu of self, expected %lld or 1",
                         static_cast<long long>(size), i, static_cast<long long>(sizes[i]));
    strides.append(size == 1 ? 0 : input.strides[i - added]);
  }
  input.sizes = sizes;
  input.strides = strides;
  return input;
}

void fill_elements(Tensor &out, const Scalar &value) {
  if (out.numel() == 0)
    return;
  const ScalarInput number(value, out.dtype());
  auto *bytes = out.data_as<uint8_t>();
  size_t done = element_size(out.dtype());
  std::memcpy(bytes, number.tensor()->data(), done);
  // What is filled doubles, to a piece that stays in cache.
  for (size_t piece = done; done < out.nbytes(); done += piece) {
    piece = std::min({done, out.nbytes() - done, size_t{16384}});
    std::memcpy(bytes + done, bytes, piece);
  }
}

} // namespace xnnir
