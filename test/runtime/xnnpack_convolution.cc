// Convolutions against plain loops, on generated shapes, paddings, strides, dilations and groups.
#include "delegate_runner.h"

namespace xnnir::test {
namespace {

// What all three kinds share: [N, H, W, C] input, and how a filter element is found.
struct Case {
  Conv conv;
  uint32_t batch = 1, height = 1, width = 1;

  uint32_t input_channels() const { return conv.groups * conv.group_input_channels; }
  uint32_t output_channels() const { return conv.groups * conv.group_output_channels; }
  uint32_t window_height() const { return (conv.kernel_height - 1) * conv.dilation_height + 1; }
  uint32_t window_width() const { return (conv.kernel_width - 1) * conv.dilation_width + 1; }
  Dims input_dims() const { return {batch, height, width, input_channels()}; }
  Dims output_dims() const {
    return {batch, (height + conv.top + conv.bottom - window_height()) / conv.stride_height + 1,
            (width + conv.left + conv.right - window_width()) / conv.stride_width + 1, output_channels()};
  }
  Dims deconv_output_dims() const {
    return {batch,
            (height - 1) * conv.stride_height + conv.adjustment_height + window_height() - conv.top -
                conv.bottom,
            (width - 1) * conv.stride_width + conv.adjustment_width + window_width() - conv.left - conv.right,
            output_channels()};
  }
  Dims filter_dims() const {
    return {output_channels(), conv.kernel_height, conv.kernel_width, conv.group_input_channels};
  }
};

Case random_case(Random &random) {
  Case c;
  c.conv.kernel_height = random.pick(1, 4);
  c.conv.kernel_width = random.pick(1, 4);
  c.conv.dilation_height = random.pick(1, 2);
  c.conv.dilation_width = random.pick(1, 2);
  c.conv.stride_height = random.pick(1, 3);
  c.conv.stride_width = random.pick(1, 3);
  c.conv.top = random.pick(0, c.conv.kernel_height - 1);
  c.conv.bottom = random.pick(0, c.conv.kernel_height - 1);
  c.conv.left = random.pick(0, c.conv.kernel_width - 1);
  c.conv.right = random.pick(0, c.conv.kernel_width - 1);
  c.conv.groups = random.pick(1, 3);
  c.conv.group_input_channels = random.pick(1, 9);
  c.conv.group_output_channels = random.pick(1, 50);
  c.batch = random.pick(1, 2);
  c.height = c.window_height() + random.pick(0, 6);
  c.width = c.window_width() + random.pick(0, 6);
  return c;
}

size_t at(const Dims &dims, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return ((size_t{a} * dims[1] + b) * dims[2] + c) * dims[3] + d;
}

// `depthwise`: the filter is [1, KH, KW, OC].
std::vector<float> convolve(const Case &c, const std::vector<float> &x, const std::vector<float> &w,
                            const std::vector<float> &bias, bool depthwise, Bounds bounds) {
  const Dims in = c.input_dims();
  const Dims out = c.output_dims();
  const Dims filter =
      depthwise ? Dims{1, c.conv.kernel_height, c.conv.kernel_width, c.output_channels()} : c.filter_dims();
  std::vector<float> y(count(out));
  for (uint32_t n = 0; n < out[0]; ++n)
    for (uint32_t oy = 0; oy < out[1]; ++oy)
      for (uint32_t ox = 0; ox < out[2]; ++ox)
        for (uint32_t oc = 0; oc < out[3]; ++oc) {
          const uint32_t group = oc / c.conv.group_output_channels;
          double sum = bias.empty() ? 0.0 : bias[oc];
          for (uint32_t ky = 0; ky < c.conv.kernel_height; ++ky)
            for (uint32_t kx = 0; kx < c.conv.kernel_width; ++kx) {
              const int64_t iy =
                  int64_t{oy} * c.conv.stride_height + ky * c.conv.dilation_height - c.conv.top;
              const int64_t ix = int64_t{ox} * c.conv.stride_width + kx * c.conv.dilation_width - c.conv.left;
              if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2])
                continue;
              for (uint32_t ic = 0; ic < c.conv.group_input_channels; ++ic)
                sum += double{x[at(in, n, static_cast<uint32_t>(iy), static_cast<uint32_t>(ix),
                                   group * c.conv.group_input_channels + ic)]} *
                       w[depthwise ? at(filter, 0, ky, kx, oc) : at(filter, oc, ky, kx, ic)];
            }
          y[at(out, n, oy, ox, oc)] = std::clamp(static_cast<float>(sum), bounds.min, bounds.max);
        }
  return y;
}

std::vector<float> deconvolve(const Case &c, const std::vector<float> &x, const std::vector<float> &w,
                              const std::vector<float> &bias) {
  const Dims in = c.input_dims();
  const Dims out = c.deconv_output_dims();
  const Dims filter = c.filter_dims();
  std::vector<double> sums(count(out));
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] = bias[i % out[3]];
  for (uint32_t n = 0; n < in[0]; ++n)
    for (uint32_t iy = 0; iy < in[1]; ++iy)
      for (uint32_t ix = 0; ix < in[2]; ++ix)
        for (uint32_t ky = 0; ky < c.conv.kernel_height; ++ky)
          for (uint32_t kx = 0; kx < c.conv.kernel_width; ++kx) {
            const int64_t oy = int64_t{iy} * c.conv.stride_height + ky * c.conv.dilation_height - c.conv.top;
            const int64_t ox = int64_t{ix} * c.conv.stride_width + kx * c.conv.dilation_width - c.conv.left;
            if (oy < 0 || oy >= out[1] || ox < 0 || ox >= out[2])
              continue;
            for (uint32_t oc = 0; oc < out[3]; ++oc)
              for (uint32_t ic = 0; ic < c.conv.group_input_channels; ++ic)
                sums[at(out, n, static_cast<uint32_t>(oy), static_cast<uint32_t>(ox), oc)] +=
                    double{x[at(in, n, iy, ix,
                                oc / c.conv.group_output_channels * c.conv.group_input_channels + ic)]} *
                    w[at(filter, oc, ky, kx, ic)];
          }
  return std::vector<float>(sums.begin(), sums.end());
}

TEST(Convolution, MatchesLoops) {
  Random random(11);
  for (int round = 0; round < 60; ++round) {
    const Case c = random_case(random);
    const auto x = random.reals(count(c.input_dims()));
    const auto w = random.reals(count(c.filter_dims()));
    const auto bias = random.pick(0, 3) == 0 ? std::vector<float>() : random.reals(c.output_channels());
    const Bounds bounds = random.pick(0, 1) == 0 ? Bounds{} : Bounds{-0.25f, 1.0f};
    BlobBuilder blob(round % 3 == 0
                         ? Constants::kNamed
                         : (round % 3 == 1 ? Constants::kBehindFlatbuffer : Constants::kInFlatbuffer));
    const auto in = blob.input(c.input_dims());
    const auto filter = blob.constant(c.filter_dims(), w);
    const auto b = bias.empty() ? kNone : blob.constant({c.output_channels()}, bias);
    const auto out = blob.output(c.output_dims());
    blob.conv(XNodeUnion::XNNConv2d, c.conv, in, filter, b, out, bounds);
    Argument input(c.input_dims(), x);
    Argument output(c.output_dims());
    ASSERT_TRUE(load_and_run(blob, {&input, &output})) << "round " << round;
    expect_close(output.read(), convolve(c, x, w, bias, false, bounds));
  }
}

TEST(DepthwiseConvolution, MatchesLoops) {
  Random random(12);
  for (int round = 0; round < 60; ++round) {
    Case c = random_case(random);
    // The sizes that most networks have.
    if (const uint32_t size = random.pick(0, 2) * 2 + 1; size > 1) {
      c.conv.kernel_height = c.conv.kernel_width = size;
      c.height = c.window_height() + random.pick(0, 6);
      c.width = c.window_width() + random.pick(0, 6);
    }
    c.conv.groups = random.pick(1, 40);
    c.conv.group_input_channels = 1;
    c.conv.group_output_channels = random.pick(1, 2);
    const Dims filter_dims = {1, c.conv.kernel_height, c.conv.kernel_width, c.output_channels()};
    const auto x = random.reals(count(c.input_dims()));
    const auto w = random.reals(count(filter_dims));
    const auto bias = random.reals(c.output_channels());
    BlobBuilder blob;
    const auto in = blob.input(c.input_dims());
    const auto filter = blob.constant(filter_dims, w);
    const auto b = blob.constant({c.output_channels()}, bias);
    const auto out = blob.output(c.output_dims());
    blob.conv(XNodeUnion::XNNDepthwiseConv2d, c.conv, in, filter, b, out, {0.0f, 6.0f});
    Argument input(c.input_dims(), x);
    Argument output(c.output_dims());
    ASSERT_TRUE(load_and_run(blob, {&input, &output})) << "round " << round;
    expect_close(output.read(), convolve(c, x, w, bias, true, {0.0f, 6.0f}));
  }
}

TEST(TransposedConvolution, MatchesLoops) {
  Random random(13);
  for (int round = 0; round < 60; ++round) {
    Case c = random_case(random);
    c.conv.adjustment_height = random.pick(0, c.conv.stride_height - 1);
    c.conv.adjustment_width = random.pick(0, c.conv.stride_width - 1);
    const auto x = random.reals(count(c.input_dims()));
    const auto w = random.reals(count(c.filter_dims()));
    const auto bias = random.reals(c.output_channels());
    BlobBuilder blob;
    const auto in = blob.input(c.input_dims());
    const auto filter = blob.constant(c.filter_dims(), w);
    const auto b = blob.constant({c.output_channels()}, bias);
    const auto out = blob.output(c.deconv_output_dims());
    blob.conv(XNodeUnion::XNNConvTranspose2d, c.conv, in, filter, b, out);
    Argument input(c.input_dims(), x);
    Argument output(c.deconv_output_dims());
    ASSERT_TRUE(load_and_run(blob, {&input, &output})) << "round " << round;
    expect_close(output.read(), deconvolve(c, x, w, bias));
  }
}

// A Clamp after a convolution becomes its bounds. XNNPACK's own folding overwrites paddings when the lower
// bound is above 0, so such bounds are in the list.
TEST(Convolution, TakesUpAClampThatFollows) {
  Random random(14);
  for (const Bounds bounds : {Bounds{0.0f, 6.0f}, Bounds{0.25f, 0.5f}, Bounds{-0.5f, -0.25f}}) {
    for (int round = 0; round < 10; ++round) {
      const Case c = random_case(random);
      const auto x = random.reals(count(c.input_dims()));
      const auto w = random.reals(count(c.filter_dims()));
      BlobBuilder blob;
      const auto in = blob.input(c.input_dims());
      const auto filter = blob.constant(c.filter_dims(), w);
      const auto middle = blob.value(c.output_dims());
      const auto out = blob.output(c.output_dims());
      blob.conv(XNodeUnion::XNNConv2d, c.conv, in, filter, kNone, middle);
      blob.unary(XNodeUnion::XNNClamp, middle, out, bounds);
      Argument input(c.input_dims(), x);
      Argument output(c.output_dims());
      ASSERT_TRUE(load_and_run(blob, {&input, &output}));
      expect_close(output.read(), convolve(c, x, w, {}, false, bounds));
    }
  }
}

// Two clamps in a row: the second decides where the first leaves its range.
TEST(Clamp, FoldsIntoAClampBeforeIt) {
  const std::vector<float> x = {-3, -1, 0, 0.5f, 1, 3};
  for (const Bounds second : {Bounds{0.25f, 4.0f}, Bounds{2.0f, 4.0f}, Bounds{-9.0f, -5.0f}}) {
    BlobBuilder blob;
    const auto in = blob.input({6});
    const auto middle = blob.value({6});
    const auto out = blob.output({6});
    blob.unary(XNodeUnion::XNNClamp, in, middle, {-1.0f, 1.0f});
    blob.unary(XNodeUnion::XNNClamp, middle, out, second);
    Result<std::unique_ptr<Delegate>> delegate = blob.load();
    // Bounds that have become one number are more than XNNPACK takes; that is refused, never answered
    // wrongly.
    if (!delegate.ok()) {
      EXPECT_NE(delegate.status().message().find("Clamp"), std::string::npos) << delegate.status().message();
      continue;
    }
    Argument input({6}, x);
    Argument output({6});
    ASSERT_TRUE(run(**delegate, {&input, &output}).ok());
    std::vector<float> expected;
    for (float number : x)
      expected.push_back(std::clamp(std::clamp(number, -1.0f, 1.0f), second.min, second.max));
    expect_close(output.read(), expected);
  }
}

// Zero padding of height and width becomes padding of the convolution; other values, and padding of channels,
// stay.
TEST(ConstantPad, IsTakenUpByTheConvolutionOnlyWhereThatChangesNothing) {
  Random random(15);
  for (int round = 0; round < 30; ++round) {
    const bool zero = round % 2 == 0;
    Case c = random_case(random);
    c.conv.groups = 1;
    const uint32_t top = random.pick(0, 2), bottom = random.pick(0, 2), left = random.pick(0, 2),
                   right = random.pick(0, 2), extra = round % 3 == 0 ? 1 : 0;
    const uint32_t channels = c.conv.group_input_channels;
    c.conv.group_input_channels += extra;
    const Dims small = {c.batch, c.height, c.width, channels};
    c.height += top + bottom;
    c.width += left + right;
    const float fill = zero ? 0.0f : 0.5f;
    const auto x = random.reals(count(small));
    const auto w = random.reals(count(c.filter_dims()));
    std::vector<float> padded(count(c.input_dims()), fill);
    for (uint32_t n = 0; n < small[0]; ++n)
      for (uint32_t i = 0; i < small[1]; ++i)
        for (uint32_t j = 0; j < small[2]; ++j)
          for (uint32_t k = 0; k < small[3]; ++k)
            padded[at(c.input_dims(), n, i + top, j + left, k)] = x[at(small, n, i, j, k)];
    BlobBuilder blob;
    const auto in = blob.input(small);
    const auto middle = blob.value(c.input_dims());
    const auto filter = blob.constant(c.filter_dims(), w);
    const auto out = blob.output(c.output_dims());
    blob.pad({0, top, left, 0}, {0, bottom, right, extra}, fill, in, middle);
    blob.conv(XNodeUnion::XNNConv2d, c.conv, middle, filter, kNone, out);
    Argument input(small, x);
    Argument output(c.output_dims());
    ASSERT_TRUE(load_and_run(blob, {&input, &output})) << "round " << round;
    expect_close(output.read(), convolve(c, padded, w, {}, false, {}));
  }
}

} // namespace
} // namespace xnnir::test
