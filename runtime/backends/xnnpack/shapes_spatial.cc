// Convolutions, pools and resizing: inputs are [N, H, W, C].
#include <algorithm>

#include "backends/xnnpack/shapes.h"
#include "core/overflow.h"

namespace xnnir {
namespace {

// XNNPACK keeps a pointer for each element of each window; more of them than this is no model but a broken
// file.
constexpr uint64_t kMaxIndirection = uint64_t{1} << 32;

// Where size_t has 32 bits, more channels than it counts are none that a tensor could have.
size_t channel_count(uint32_t groups, uint32_t group_channels) {
  return static_cast<size_t>(std::min<uint64_t>(uint64_t{groups} * group_channels, SIZE_MAX));
}

uint64_t effective(uint32_t kernel, uint32_t dilation) { return (uint64_t{kernel} - 1) * dilation + 1; }

// How many windows fit. False when none does.
bool count_windows(uint64_t input, uint64_t before, uint64_t after, uint64_t window, uint64_t stride,
                   size_t *count) {
  const uint64_t padded = input + before + after;
  if (padded < window)
    return false;
  *count = static_cast<size_t>((padded - window) / stride + 1);
  return true;
}

Status check_indirection(const ShapeInference &inference, const Shape &output, HeightWidth kernel) {
  const uint64_t limit = std::min<uint64_t>(
      {kMaxIndirection, inference.max_bytes() / sizeof(void *), SIZE_MAX / sizeof(void *)});
  // Neither product overflows: output sizes have at most 2^62 elements, kernels 2^40.
  const uint64_t window = uint64_t{kernel.height} * kernel.width;
  if (uint64_t{output[1]} * output[2] > limit / window)
    return inference.refuse("windows of " + std::to_string(kernel.height) + "x" +
                            std::to_string(kernel.width) + " for output " + to_string(output) +
                            " are too many");
  return {};
}

Status check_channels(const ShapeInference &inference, const Shape &expected_filter) {
  const auto &params = inference.params<ConvParams>();
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, 4));
  const size_t input_channels = channel_count(params.groups, params.group_input_channels);
  if (inference.input(0)[3] != input_channels)
    return inference.refuse("input is " + to_string(inference.input(0)) + ", expected " +
                            std::to_string(input_channels) + " channels");
  if (inference.input(1) != expected_filter)
    return inference.refuse("filter is " + to_string(inference.input(1)) + ", expected " +
                            to_string(expected_filter));
  const Shape bias{1, {channel_count(params.groups, params.group_output_channels)}};
  if (inference.input_count() > 2 && inference.input(2) != bias)
    return inference.refuse("bias is " + to_string(inference.input(2)) + ", expected " + to_string(bias));
  return {};
}

Status infer_windows(const ShapeInference &inference, size_t channels) {
  const auto &params = inference.params<ConvParams>();
  const Shape &input = inference.input(0);
  Shape output{4, {input[0], 0, 0, channels}};
  const bool fits = count_windows(input[1], params.padding.top, params.padding.bottom,
                                  effective(params.kernel.height, params.dilation.height),
                                  params.subsampling.height, &output[1]) &&
                    count_windows(input[2], params.padding.left, params.padding.right,
                                  effective(params.kernel.width, params.dilation.width),
                                  params.subsampling.width, &output[2]);
  if (!fits)
    return inference.refuse("input is " + to_string(input) +
                            ", smaller than the kernel even with its padding");
  XNNIR_RETURN_IF_ERROR(check_indirection(inference, output, params.kernel));
  return inference.output(output);
}

// Length of a transposed convolution's output. False when its padding leaves nothing.
bool deconvolved(uint64_t input, uint64_t stride, uint64_t adjustment, uint64_t window, uint64_t padding,
                 size_t *length) {
  uint64_t full = 0;
  if (mul_overflow(stride, input - 1, &full))
    return false;
  full += adjustment + window;
  if (full <= padding || full > UINT32_MAX)
    return false;
  *length = static_cast<size_t>(full - padding);
  return true;
}

} // namespace

Status infer_conv(const ShapeInference &inference) {
  const auto &params = inference.params<ConvParams>();
  const size_t channels = channel_count(params.groups, params.group_output_channels);
  XNNIR_RETURN_IF_ERROR(check_channels(
      inference, {4, {channels, params.kernel.height, params.kernel.width, params.group_input_channels}}));
  return infer_windows(inference, channels);
}

Status infer_depthwise_conv(const ShapeInference &inference) {
  const auto &params = inference.params<ConvParams>();
  const size_t channels = channel_count(params.groups, params.group_output_channels);
  XNNIR_RETURN_IF_ERROR(
      check_channels(inference, {4, {1, params.kernel.height, params.kernel.width, channels}}));
  return infer_windows(inference, channels);
}

Status infer_deconv(const ShapeInference &inference) {
  const auto &params = inference.params<ConvParams>();
  const size_t channels = channel_count(params.groups, params.group_output_channels);
  XNNIR_RETURN_IF_ERROR(check_channels(
      inference, {4, {channels, params.kernel.height, params.kernel.width, params.group_input_channels}}));
  const Shape &input = inference.input(0);
  Shape output{4, {input[0], 0, 0, channels}};
  const bool fits = input[1] != 0 && input[2] != 0 &&
                    deconvolved(input[1], params.subsampling.height, params.adjustment.height,
                                effective(params.kernel.height, params.dilation.height),
                                uint64_t{params.padding.top} + params.padding.bottom, &output[1]) &&
                    deconvolved(input[2], params.subsampling.width, params.adjustment.width,
                                effective(params.kernel.width, params.dilation.width),
                                uint64_t{params.padding.left} + params.padding.right, &output[2]);
  if (!fits)
    return inference.refuse("input is " + to_string(input) + ", for which padding leaves no output");
  XNNIR_RETURN_IF_ERROR(check_indirection(inference, output, params.kernel));
  return inference.output(output);
}

Status infer_pool(const ShapeInference &inference) {
  const auto &params = inference.params<PoolParams>();
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, 4));
  const Shape &input = inference.input(0);
  const uint64_t height = effective(params.pooling.height, params.dilation.height);
  const uint64_t width = effective(params.pooling.width, params.dilation.width);
  // A window that sees nothing but padding has no maximum and no average.
  if (params.padding.top >= height || params.padding.bottom >= height || params.padding.left >= width ||
      params.padding.right >= width)
    return inference.refuse("padding is not smaller than the window");
  Shape output{4, {input[0], 0, 0, input[3]}};
  if (!count_windows(input[1], params.padding.top, params.padding.bottom, height, params.stride.height,
                     &output[1]) ||
      !count_windows(input[2], params.padding.left, params.padding.right, width, params.stride.width,
                     &output[2]))
    return inference.refuse("input is " + to_string(input) +
                            ", smaller than the window even with its padding");
  XNNIR_RETURN_IF_ERROR(check_indirection(inference, output, params.pooling));
  return inference.output(output);
}

Status infer_argmax_pool(const ShapeInference &inference) {
  const auto &params = inference.params<PoolParams>();
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, 4));
  const Padding2d &padding = params.padding;
  if ((padding.top | padding.right | padding.bottom | padding.left) != 0)
    return inference.refuse("padding is not 0");
  const Shape &input = inference.input(0);
  const Shape output{4,
                     {input[0], input[1] / params.pooling.height, input[2] / params.pooling.width, input[3]}};
  if (output[1] == 0 || output[2] == 0)
    return inference.refuse("input is " + to_string(input) + ", smaller than the window");
  XNNIR_RETURN_IF_ERROR(check_indirection(inference, output, params.pooling));
  return inference.output(output);
}

Status infer_global_average_pool(const ShapeInference &inference) {
  constexpr uint32_t kKeepDims = 0x40;
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, 4));
  const Shape &input = inference.input(0);
  if ((inference.node().flags & kKeepDims) != 0)
    return inference.output({4, {input[0], 1, 1, input[3]}});
  return inference.output({2, {input[0], input[3]}});
}

Status infer_resize(const ShapeInference &inference) {
  const auto &params = inference.params<ResizeParams>();
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, 4));
  const Shape &input = inference.input(0);
  return inference.output({4, {input[0], params.new_height, params.new_width, input[3]}});
}

} // namespace xnnir
