// aten::repeat.out and aten::repeat_interleave.Tensor_out.
#include <limits>

#include "core/overflow.h"
#include "kernels/dense.h"
#include "kernels/indices.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// repeat.out(self, repeats, out): dimensions that repeats has more are put in front.
Status repeat_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims repeats = arguments.int_list(1, "repeats");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  if (repeats.size() < self->rank())
    return make_status(StatusCode::kInvalidArgument, "repeats has %zu entries, expected at least %zu",
                       repeats.size(), self->rank());
  const size_t added = repeats.size() - self->rank();
  Dims sizes;
  for (size_t i = 0; i < repeats.size(); ++i) {
    const int64_t size = i < added ? 1 : self->sizes()[i - added];
    int64_t repeated = 0;
    if (repeats[i] < 0 || mul_overflow(size, repeats[i], &repeated))
      return make_status(StatusCode::kInvalidArgument, "repeats[%zu] is %lld, expected 0 or more", i,
                         static_cast<long long>(repeats[i]));
    sizes.append(repeated);
  }
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  if (out->numel() == 0)
    return {};

  // Each dimension is two, the repetitions around the elements, where it has both.
  const Dims self_strides = strides_of(*self);
  const Dims out_strides = strides_of(*out);
  Dims copied;
  Dims from;
  Dims to;
  const auto append = [&](int64_t size, int64_t in, int64_t at) {
    if (size == 1)
      return true;
    if (copied.size() == kMaxTensorRank)
      return false;
    copied.append(size);
    from.append(in);
    to.append(at);
    return true;
  };
  for (size_t i = 0; i < repeats.size(); ++i) {
    const int64_t size = i < added ? 1 : self->sizes()[i - added];
    if (!append(repeats[i], 0, size * out_strides[i]) ||
        !append(size, i < added ? 0 : self_strides[i - added], out_strides[i]))
      return make_status(StatusCode::kNotSupported,
                         "self and repeats have more than %zu dimensions that are not 1", kMaxTensorRank);
  }
  strided_copy(context.threads(), element_size(self->dtype()), copied, self->data(), from, out->data(), to);
  return {};
}

// repeat_interleave.Tensor_out(repeats, output_size, out): each i, repeats[i] times.
Status repeat_interleave_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *repeats = arguments.tensor(0, "repeats");
  const std::optional<int64_t> output_size = arguments.optional_integer(1, "output_size");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*repeats, *out));
  if (repeats->rank() != 1)
    return make_status(StatusCode::kInvalidArgument, "repeats has rank %zu, expected 1", repeats->rank());
  Result<Indices> counts = Indices::of(*repeats, "repeats");
  if (!counts.ok())
    return counts.status();
  const int64_t length = repeats->sizes()[0];
  // Their own copy: `out` may lie in the memory of `repeats`.
  Scratch<int64_t> own;
  XNNIR_RETURN_IF_ERROR(own.allocate(static_cast<size_t>(length)));
  int64_t total = 0;
  for (int64_t i = 0; i < length; ++i) {
    const int64_t count = own[static_cast<size_t>(i)] = (*counts)[i];
    if (count < 0 || count > std::numeric_limits<int32_t>::max() - total)
      return make_status(
          StatusCode::kInvalidArgument, "repeats[%lld] is %lld, expected 0 or more, and a sum of at most %d",
          static_cast<long long>(i), static_cast<long long>(count), std::numeric_limits<int32_t>::max());
    total += count;
  }
  if (output_size && *output_size != total)
    return make_status(StatusCode::kInvalidArgument, "output_size is %lld, but repeats add up to %lld",
                       static_cast<long long>(*output_size), static_cast<long long>(total));
  Dims sizes;
  sizes.append(total);
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  size_t next = 0;
  for (int64_t i = 0; i < length; ++i)
    for (int64_t end = own[static_cast<size_t>(i)]; end > 0; --end, ++next) {
      if (out->dtype() == ScalarType::kLong)
        out->data_as<int64_t>()[next] = i;
      else
        out->data_as<int32_t>()[next] = static_cast<int32_t>(i);
    }
  return {};
}

const KernelRegistration kRepeat("aten::repeat.out", repeat_out);
const KernelRegistration kRepeatInterleave("aten::repeat_interleave.Tensor_out", repeat_interleave_out);

} // namespace

} // namespace xnnir
