// quantized_decomposed::choose_qparams, choose_qparams_symmetric, choose_qparams_per_token and
// choose_qparams_per_token_asymmetric: scales and zero points for numbers that are there, as PyTorch computes
// them (torch/ao/quantization/fx/_decomposed.py, and determine_qparams in torch/ao/quantization/utils.py).
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/dense.h"
#include "kernels/dtype_switch.h"
#include "kernels/parallel.h"

namespace xnnir {

namespace {

// The range of some numbers, with zero in it. NaN makes both ends NaN.
struct Range {
  float least = 0;
  float most = 0;
};

Range range_of(const float *numbers, size_t count) {
  Range range;
  for (size_t i = 0; i < count; ++i) {
    const float x = numbers[i];
    if (x != x)
      return {x, x};
    range.least = std::min(range.least, x);
    range.most = std::max(range.most, x);
  }
  return range;
}

// Calls visit(tag) with the type that PyTorch rounds results to.
template <typename Visit> Status with_step(const Tensor &input, const Visit &visit) {
  return dtype_switch(TypeList<float, Half, BFloat16>{}, input.dtype(), "input", visit);
}
template <typename Step> float rounded(float value) { return widen(element_cast<Step>(value)); }

struct Parameters {
  float scale = 1;
  float zero_point = 0;
};

// A scale for all numbers, and the zero point next to what would be exact.
template <typename Step> Parameters affine(const Range &range, int64_t low, int64_t high, float eps) {
  const float width = rounded<Step>(range.most - range.least);
  const float scale = std::max(rounded<Step>(width / static_cast<float>(high - low)), eps);
  const float zero = static_cast<float>(low) - std::nearbyint(range.least / scale);
  return {scale, std::min(std::max(zero, static_cast<float>(low)), static_cast<float>(high))};
}

template <typename Step>
Parameters symmetric(const Range &range, int64_t low, int64_t high, float eps, bool is_unsigned) {
  const float largest = std::max(-range.least, range.most);
  const double half = static_cast<double>(high - low) / 2;
  return {std::max(rounded<Step>(largest / static_cast<float>(half)), eps), is_unsigned ? 128.0f : 0.0f};
}

// int8, and each step in the type of the input: of two zero points the one with the smaller error.
template <typename Step> Parameters affine_of_token(const Range &range) {
  const float width = rounded<Step>(range.most - range.least);
  const float scale =
      std::max(rounded<Step>(width / 255.0f), rounded<Step>(std::numeric_limits<float>::epsilon()));
  const float least = rounded<Step>(range.least / scale), most = rounded<Step>(range.most / scale);
  const float from_least = rounded<Step>(-128.0f + least), from_most = rounded<Step>(127.0f + most);
  const float zero = rounded<Step>(from_least + from_most) > 0 ? rounded<Step>(-128.0f - least)
                                                               : rounded<Step>(127.0f - most);
  return {scale, std::nearbyint(std::min(std::max(zero, -128.0f), 127.0f))};
}

// Scales of half are float, so that they do not overflow.
template <typename Step> Parameters symmetric_of_token(const Range &range) {
  using Wide = std::conditional_t<std::is_same_v<Step, BFloat16>, BFloat16, float>;
  const float largest = std::max(rounded<Wide>(std::max(-range.least, range.most)), rounded<Wide>(1e-5f));
  return {rounded<Wide>(largest / 127.0f), 0.0f};
}

// Writes what `choose` gives for each row of `length` numbers.
template <typename Choose>
Status write(KernelContext &context, const Tensor &input, size_t rows, size_t length, const Dims &sizes,
             Tensor &scale_out, Tensor &zero_point_out, const Choose &choose) {
  DenseInput<float> in;
  DenseOutput<double> scales;
  DenseOutput<int64_t> zero_points;
  XNNIR_RETURN_IF_ERROR(in.read(context, input));
  XNNIR_RETURN_IF_ERROR(resize_output(scale_out, sizes));
  XNNIR_RETURN_IF_ERROR(resize_output(zero_point_out, sizes));
  XNNIR_RETURN_IF_ERROR(scales.prepare(scale_out));
  XNNIR_RETURN_IF_ERROR(zero_points.prepare(zero_point_out));
  parallel_for(context.threads(), rows, length, [&](size_t start, size_t count) {
    for (size_t row = start; row < start + count; ++row) {
      const Range range = range_of(in.data() + row * length, length);
      const Parameters parameters = choose(range);
      scales.data()[row] = static_cast<double>(parameters.scale);
      zero_points.data()[row] = range.least == range.least ? static_cast<int64_t>(parameters.zero_point) : 0;
    }
  });
  XNNIR_RETURN_IF_ERROR(scales.store(context));
  return zero_points.store(context);
}

// choose_qparams(input, quant_min, quant_max, eps, dtype, scale_out, zero_point_out)
template <bool kSymmetric> Status choose_qparams_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 7, 2);
  const Tensor *input = arguments.tensor(0, "input");
  const int64_t low = arguments.integer(1, "quant_min");
  const int64_t high = arguments.integer(2, "quant_max");
  const auto eps = static_cast<float>(arguments.scalar(3, "eps"));
  const std::optional<ScalarType> dtype = arguments.optional_dtype(4, "dtype");
  Tensor *scale_out = arguments.output(5);
  Tensor *zero_point_out = arguments.output(6);
  if (!arguments.ok())
    return arguments.status();
  constexpr int64_t kLimit = int64_t{1} << 32;
  if (low >= high || low < -kLimit || high > kLimit)
    return make_status(StatusCode::kInvalidArgument,
                       "quant_min and quant_max are %lld and %lld, expected a range",
                       static_cast<long long>(low), static_cast<long long>(high));
  if (input->numel() == 0)
    return make_status(StatusCode::kInvalidArgument, "input has no elements, expected some");
  Dims one;
  one.append(1);
  return with_step(*input, [&](auto tag) -> Status {
    using Step = typename decltype(tag)::type;
    return write(context, *input, 1, input->numel(), one, *scale_out, *zero_point_out,
                 [&](const Range &range) {
                   return kSymmetric ? symmetric<Step>(range, low, high, eps, dtype == ScalarType::kByte)
                                     : affine<Step>(range, low, high, eps);
                 });
  });
}

// choose_qparams_per_token(input, dtype, scale_out, zero_point_out): one of each for each place of all but
// the last dimension.
template <bool kSymmetric> Status choose_qparams_per_token_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4, 2);
  const Tensor *input = arguments.tensor(0, "input");
  const std::optional<ScalarType> dtype = arguments.optional_dtype(1, "dtype");
  Tensor *scale_out = arguments.output(2);
  Tensor *zero_point_out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  if (dtype != ScalarType::kChar)
    return make_status(StatusCode::kNotSupported, "dtype is %s, expected int8",
                       dtype ? to_string(*dtype) : "None");
  if (input->rank() == 0)
    return make_status(StatusCode::kInvalidArgument,
                       "input has no dimension, expected one that is quantised");
  Dims sizes;
  size_t rows = 1;
  for (size_t dim = 0; dim + 1 < input->rank(); ++dim) {
    sizes.append(input->sizes()[dim]);
    rows *= static_cast<size_t>(input->sizes()[dim]);
  }
  sizes.append(1);
  const auto length = static_cast<size_t>(input->sizes()[input->rank() - 1]);
  if (length == 0 && rows > 0)
    return make_status(StatusCode::kInvalidArgument,
                       "the last dimension of input has no elements, expected some");
  return with_step(*input, [&](auto tag) -> Status {
    using Step = typename decltype(tag)::type;
    return write(context, *input, rows, length, sizes, *scale_out, *zero_point_out, [](const Range &range) {
      return kSymmetric ? symmetric_of_token<Step>(range) : affine_of_token<Step>(range);
    });
  });
}

const KernelRegistration kAffine("quantized_decomposed::choose_qparams.Tensor_out",
                                 choose_qparams_out<false>);
const KernelRegistration kSymmetric("quantized_decomposed::choose_qparams_symmetric.Tensor_out",
                                    choose_qparams_out<true>);
const KernelRegistration kToken("quantized_decomposed::choose_qparams_per_token_asymmetric.out",
                                choose_qparams_per_token_out<false>);
const KernelRegistration kSymmetricToken("quantized_decomposed::choose_qparams_per_token.out",
                                         choose_qparams_per_token_out<true>);

} // namespace

} // namespace xnnir
