// aten::pixel_shuffle, pixel_unshuffle and channel_shuffle: copies between views of more dimensions.
#include <limits>

#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// The leading dimensions, and the last three: channels, height, width.
Status check_planes(const Tensor &self, const Tensor &out) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  if (self.rank() < 3 || self.rank() + 3 > kMaxTensorRank)
    return make_status(StatusCode::kInvalidArgument, "self has rank %zu, expected 3 to %zu", self.rank(),
                       kMaxTensorRank - 3);
  return {};
}

Status check_factor(int64_t factor, const char *name) {
  if (factor < 1 || factor > std::numeric_limits<int16_t>::max())
    return make_status(StatusCode::kInvalidArgument, "%s is %lld, expected 1 to %d", name,
                       static_cast<long long>(factor), std::numeric_limits<int16_t>::max());
  return {};
}

// Sizes and strides of [..., c, r, r, h, w]: of the tensor with few channels (`large`), and of that with many
// (`small`).
void split(const Tensor &large, const Tensor &small, int64_t factor, Dims &sizes, Dims &large_strides,
           Dims &small_strides) {
  const Dims of_large = strides_of(large);
  const Dims of_small = strides_of(small);
  const size_t rank = large.rank();
  for (size_t i = 0; i + 3 < rank; ++i) {
    sizes.append(large.sizes()[i]);
    large_strides.append(of_large[i]);
    small_strides.append(of_small[i]);
  }
  const int64_t channel = of_small[rank - 3];
  const struct {
    int64_t size;
    int64_t large;
    int64_t small;
  } dims[] = {{large.sizes()[rank - 3], of_large[rank - 3], channel * factor * factor},
              {factor, of_large[rank - 2], channel * factor},
              {factor, of_large[rank - 1], channel},
              {small.sizes()[rank - 2], of_large[rank - 2] * factor, of_small[rank - 2]},
              {small.sizes()[rank - 1], of_large[rank - 1] * factor, of_small[rank - 1]}};
  for (const auto &dim : dims) {
    sizes.append(dim.size);
    large_strides.append(dim.large);
    small_strides.append(dim.small);
  }
}

// pixel_shuffle.out(self, upscale_factor, out): [..., c r r, h, w] to [..., c, h r, w r].
Status pixel_shuffle_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const int64_t factor = arguments.integer(1, "upscale_factor");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_planes(*self, *out));
  XNNIR_RETURN_IF_ERROR(check_factor(factor, "upscale_factor"));
  const size_t rank = self->rank();
  Dims sizes = sizes_of(*self);
  if (sizes[rank - 3] % (factor * factor) != 0)
    return make_status(StatusCode::kInvalidArgument, "self has %lld channels, expected a multiple of %lld",
                       static_cast<long long>(sizes[rank - 3]), static_cast<long long>(factor * factor));
  sizes[rank - 3] /= factor * factor;
  sizes[rank - 2] *= factor;
  sizes[rank - 1] *= factor;
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  Dims dims, large, small;
  split(*out, *self, factor, dims, large, small);
  strided_copy(context.threads(), element_size(self->dtype()), dims, self->data(), small, out->data(), large);
  return {};
}

// pixel_unshuffle.out(self, downscale_factor, out): the other way.
Status pixel_unshuffle_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const int64_t factor = arguments.integer(1, "downscale_factor");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_planes(*self, *out));
  XNNIR_RETURN_IF_ERROR(check_factor(factor, "downscale_factor"));
  const size_t rank = self->rank();
  Dims sizes = sizes_of(*self);
  if (sizes[rank - 2] % factor != 0 || sizes[rank - 1] % factor != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "self has planes of %lld by %lld, expected multiples of %lld",
                       static_cast<long long>(sizes[rank - 2]), static_cast<long long>(sizes[rank - 1]),
                       static_cast<long long>(factor));
  sizes[rank - 3] *= factor * factor;
  sizes[rank - 2] /= factor;
  sizes[rank - 1] /= factor;
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  Dims dims, large, small;
  split(*self, *out, factor, dims, large, small);
  strided_copy(context.threads(), element_size(self->dtype()), dims, self->data(), large, out->data(), small);
  return {};
}

// channel_shuffle.out(self, groups, out): channels [g, c / g] become [c / g, g].
Status channel_shuffle_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const int64_t groups = arguments.integer(1, "groups");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_planes(*self, *out));
  const int64_t channels = self->sizes()[1];
  if (groups < 1 || channels % groups != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "groups is %lld, expected a divisor of the %lld channels",
                       static_cast<long long>(groups), static_cast<long long>(channels));
  const Dims sizes = sizes_of(*self);
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  const Dims from = strides_of(*self);
  const Dims to = strides_of(*out);
  Dims dims, in_strides, out_strides;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (i == 1) {
      dims.append(groups);
      in_strides.append(from[1] * (channels / groups));
      out_strides.append(to[1]);
    }
    dims.append(i == 1 ? channels / groups : sizes[i]);
    in_strides.append(from[i]);
    out_strides.append(i == 1 ? to[1] * groups : to[i]);
  }
  strided_copy(context.threads(), element_size(self->dtype()), dims, self->data(), in_strides, out->data(),
               out_strides);
  return {};
}

const KernelRegistration kPixelShuffle("aten::pixel_shuffle.out", pixel_shuffle_out);
const KernelRegistration kPixelUnshuffle("aten::pixel_unshuffle.out", pixel_unshuffle_out);
const KernelRegistration kChannelShuffle("aten::channel_shuffle.out", channel_shuffle_out);

} // namespace

} // namespace xnnir
