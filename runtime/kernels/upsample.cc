// The upsamplings: aten::upsample_nearest1d to 3d, _upsample_nearest_exact1d to 3d, upsample_linear1d,
// bilinear2d, trilinear3d and bicubic2d, and the antialiased ones.
#include <limits>

#include "kernels/resample.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

constexpr size_t kMaxSpatialDims = 3;

struct Call {
  const Tensor *self = nullptr;
  size_t spatial = 0;
  Interpolation interpolation = Interpolation::kNearest;
  bool align_corners = false;
  int64_t output[kMaxSpatialDims] = {};
  std::optional<double> scales[kMaxSpatialDims];
  Tensor *out = nullptr;
};

template <typename T> Status run(KernelContext &context, const Call &call, const Dims &sizes) {
  const size_t rank = call.self->rank();
  DenseInput<T> in;
  DenseOutput<T> out;
  XNNIR_RETURN_IF_ERROR(in.read(context, *call.self));
  Dims current = sizes_of(*call.self);
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, sizes));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  if (call.out->numel() == 0)
    return {};
  // From the innermost dimension outwards, through two buffers in turn; the last result is the output.
  Scratch<T> buffers[2];
  const T *from = in.data();
  for (size_t step = 0; step < call.spatial; ++step) {
    const size_t axis = call.spatial - 1 - step;
    const size_t dim = rank - call.spatial + axis;
    const ResampleAxis resampled = {current[dim], call.output[axis], call.scales[axis], call.align_corners};
    size_t outer = 1;
    size_t inner = 1;
    for (size_t i = 0; i < rank; ++i)
      if (i != dim)
        (i < dim ? outer : inner) *= static_cast<size_t>(current[i]);
    current[dim] = call.output[axis];
    int64_t all[kMaxTensorRank];
    for (size_t i = 0; i < rank; ++i)
      all[i] = current[i];
    Result<size_t> count = checked_product({all, rank});
    if (!count.ok())
      return count.status();
    Taps<T> taps;
    XNNIR_RETURN_IF_ERROR(make_taps(resampled, call.interpolation, taps));
    T *to = out.data();
    if (step + 1 < call.spatial) {
      XNNIR_RETURN_IF_ERROR(buffers[step % 2].allocate(*count));
      to = buffers[step % 2].data();
    }
    resample(context.threads(), outer, resampled, inner, taps, from, to);
    from = to;
  }
  return out.store(context);
}

Status upsample(KernelContext &context, const Call &call) {
  const size_t rank = call.self->rank();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.self, *call.out));
  if (rank != call.spatial + 2)
    return make_status(StatusCode::kInvalidArgument, "self has rank %zu, expected %zu", rank,
                       call.spatial + 2);
  Dims sizes = sizes_of(*call.self);
  for (size_t i = 0; i < call.spatial; ++i) {
    if (sizes[2 + i] == 0)
      return make_status(StatusCode::kInvalidArgument,
                         "self has size 0 in dimension %zu, expected at least 1", 2 + i);
    if (call.output[i] < 1 || call.output[i] > std::numeric_limits<int32_t>::max())
      return make_status(StatusCode::kInvalidArgument, "output_size[%zu] is %lld, expected 1 to %d", i,
                         static_cast<long long>(call.output[i]), std::numeric_limits<int32_t>::max());
    sizes[2 + i] = call.output[i];
  }
  const auto visit = [&](auto type) { return run<decltype(type)>(context, call, sizes); };
  // Integers cannot be mixed.
  if (call.interpolation == Interpolation::kNearest || call.interpolation == Interpolation::kNearestExact)
    return with_real_type(call.self->dtype(), "self", visit);
  return with_floating_type(call.self->dtype(), "self", visit);
}

constexpr bool has_corners(Interpolation interpolation) {
  return interpolation != Interpolation::kNearest && interpolation != Interpolation::kNearestExact;
}

// upsample_nearest2d.out(self, output_size, scales_h?, scales_w?, out); those that are not nearest have
// align_corners behind output_size.
template <size_t kSpatial, Interpolation kInterpolation>
Status upsample_out(KernelContext &context, Span<Value *> args) {
  constexpr size_t kScales = has_corners(kInterpolation) ? 3 : 2;
  Arguments arguments(context, args, kScales + kSpatial + 2);
  Call call;
  call.spatial = kSpatial;
  call.interpolation = kInterpolation;
  call.self = arguments.tensor(0, "self");
  const Dims sizes = arguments.int_list(1, "output_size");
  call.align_corners = has_corners(kInterpolation) && arguments.boolean(2, "align_corners");
  for (size_t i = 0; i < kSpatial; ++i)
    call.scales[i] = arguments.optional_number(kScales + i, "scales");
  call.out = arguments.output(kScales + kSpatial);
  if (!arguments.ok())
    return arguments.status();
  if (sizes.size() != kSpatial)
    return make_status(StatusCode::kInvalidArgument, "output_size has %zu entries, expected %zu",
                       sizes.size(), kSpatial);
  for (size_t i = 0; i < kSpatial; ++i)
    call.output[i] = sizes[i];
  return upsample(context, call);
}

// upsample_nearest2d.vec_out(input, output_size?, scale_factors?, out), upsample_bilinear2d.vec_out(input,
// output_size?, align_corners, scale_factors?, out): one of the two is given.
template <Interpolation kInterpolation> Status upsample_vec_out(KernelContext &context, Span<Value *> args) {
  constexpr size_t kSpatial = 2;
  constexpr size_t kFactors = has_corners(kInterpolation) ? 3 : 2;
  Arguments arguments(context, args, kFactors + 3);
  Call call;
  call.spatial = kSpatial;
  call.interpolation = kInterpolation;
  call.self = arguments.tensor(0, "input");
  const std::optional<Dims> sizes = arguments.optional_int_list(1, "output_size");
  call.align_corners = has_corners(kInterpolation) && arguments.boolean(2, "align_corners");
  const DoubleList *factors = arguments.optional_double_list(kFactors, "scale_factors");
  call.out = arguments.output(kFactors + 1);
  if (!arguments.ok())
    return arguments.status();
  if (call.self->rank() != kSpatial + 2)
    return make_status(StatusCode::kInvalidArgument, "input has rank %zu, expected %zu", call.self->rank(),
                       kSpatial + 2);
  if (sizes.has_value() == (factors != nullptr) ||
      (sizes.has_value() ? sizes->size() : factors->size()) != kSpatial)
    return make_status(StatusCode::kInvalidArgument,
                       "expected output_size or scale_factors, one of them, with %zu entries", kSpatial);
  for (size_t i = 0; i < kSpatial; ++i) {
    if (sizes.has_value()) {
      call.output[i] = (*sizes)[i];
      continue;
    }
    const double size = (*factors)[i] * static_cast<double>(call.self->sizes()[2 + i]);
    if (!(size >= 1 && size <= static_cast<double>(std::numeric_limits<int32_t>::max())))
      return make_status(StatusCode::kInvalidArgument, "scale_factors[%zu] is %g, which gives a size of %g",
                         i, (*factors)[i], size);
    call.output[i] = static_cast<int64_t>(size);
    call.scales[i] = (*factors)[i];
  }
  return upsample(context, call);
}

using I = Interpolation;
const KernelRegistration kNearest1d("aten::upsample_nearest1d.out", upsample_out<1, I::kNearest>);
const KernelRegistration kNearest2d("aten::upsample_nearest2d.out", upsample_out<2, I::kNearest>);
const KernelRegistration kNearest3d("aten::upsample_nearest3d.out", upsample_out<3, I::kNearest>);
const KernelRegistration kNearestVec("aten::upsample_nearest2d.vec_out", upsample_vec_out<I::kNearest>);
const KernelRegistration kExact1d("aten::_upsample_nearest_exact1d.out", upsample_out<1, I::kNearestExact>);
const KernelRegistration kExact2d("aten::_upsample_nearest_exact2d.out", upsample_out<2, I::kNearestExact>);
const KernelRegistration kExact3d("aten::_upsample_nearest_exact3d.out", upsample_out<3, I::kNearestExact>);
const KernelRegistration kLinear1d("aten::upsample_linear1d.out", upsample_out<1, I::kLinear>);
const KernelRegistration kBilinear("aten::upsample_bilinear2d.out", upsample_out<2, I::kLinear>);
const KernelRegistration kBilinearVec("aten::upsample_bilinear2d.vec_out", upsample_vec_out<I::kLinear>);
const KernelRegistration kTrilinear("aten::upsample_trilinear3d.out", upsample_out<3, I::kLinear>);
const KernelRegistration kBicubic("aten::upsample_bicubic2d.out", upsample_out<2, I::kCubic>);
const KernelRegistration kBilinearAa("aten::_upsample_bilinear2d_aa.out",
                                     upsample_out<2, I::kLinearAntialias>);
const KernelRegistration kBicubicAa("aten::_upsample_bicubic2d_aa.out", upsample_out<2, I::kCubicAntialias>);

} // namespace

} // namespace xnnir
