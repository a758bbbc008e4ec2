// Quantised nodes against real arithmetic on the numbers that the codes stand for.
#include <xnnpack.h>

#include "delegate_runner.h"

namespace xnnir::test {
namespace {

constexpr auto kQCInt8 = XNNDatatype::xnn_datatype_qcint8;
constexpr auto kQCInt32 = XNNDatatype::xnn_datatype_qcint32;
constexpr auto kQCInt4 = XNNDatatype::xnn_datatype_qcint4;
constexpr auto kQInt32 = XNNDatatype::xnn_datatype_qint32;
constexpr auto kQBInt4 = XNNDatatype::xnn_datatype_qbint4;

Coding qint32(float scale) { return {kQInt32, scale, 0, {}, 0, {}, 0, 0}; }

double real(int8_t code, float scale, int32_t zero_point) { return (double{1} * code - zero_point) * scale; }

// Rounding is XNNPACK's own affair, so one step either way is right.
void expect_within_a_step(const std::vector<int8_t> &got, const std::vector<double> &expected, float scale,
                          int32_t zero_point) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    const double code = std::clamp(expected[i] / scale + zero_point, -128.0, 127.0);
    ASSERT_NEAR(got[i], code, 1.01) << "at " << i;
  }
}

TEST(Convert, QuantisesAndBack) {
  Random random(51);
  for (int round = 0; round < 20; ++round) {
    const Dims dims = random.dims(random.pick(1, 4), 9);
    const float scale = random.real(0.005f, 0.1f);
    const int32_t zero_point = static_cast<int32_t>(random.pick(0, 40)) - 20;
    const auto x = random.reals(count(dims), -50 * scale, 50 * scale);
    BlobBuilder blob;
    const auto in = blob.input(dims);
    const auto middle = blob.value(dims, qint8(scale, zero_point));
    const auto out = blob.output(dims);
    blob.unary(XNodeUnion::XNNConvert, in, middle);
    blob.unary(XNodeUnion::XNNConvert, middle, out);
    Argument input(dims, x);
    Argument output(dims);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    expect_close(output.read(), x, 0.0f, 0.501f * scale);
  }
}

TEST(QuantisedBinary, AddsSubtractsAndMultiplies) {
  Random random(52);
  for (const XNodeUnion kind : {XNodeUnion::XNNAdd, XNodeUnion::XNNSubtract, XNodeUnion::XNNMultiply})
    for (int round = 0; round < 20; ++round) {
      const Dims dims = random.dims(random.pick(1, 4), 9);
      const float a_scale = random.real(0.01f, 0.05f), b_scale = random.real(0.01f, 0.05f),
                  y_scale = random.real(0.02f, 0.08f);
      const bool bounded = random.pick(0, 1) == 0;
      const auto a = random.bytes(count(dims)), b = random.bytes(count(dims));
      BlobBuilder blob;
      const auto a_id = blob.input(dims, qint8(a_scale, 3));
      const auto b_id = blob.input(dims, qint8(b_scale, -5));
      const auto out = blob.output(dims, qint8(y_scale, 7));
      blob.binary(kind, a_id, b_id, out, bounded ? Bounds{0.0f, 2.0f} : Bounds{});
      Argument a_arg(dims, a, ScalarType::kChar);
      Argument b_arg(dims, b, ScalarType::kChar);
      Argument output(dims, ScalarType::kChar);
      ASSERT_TRUE(load_and_run(blob, {&a_arg, &b_arg, &output}));
      std::vector<double> expected;
      for (size_t i = 0; i < a.size(); ++i) {
        const double left = real(a[i], a_scale, 3), right = real(b[i], b_scale, -5);
        double y = kind == XNodeUnion::XNNMultiply
                       ? left * right
                       : (kind == XNodeUnion::XNNAdd ? left + right : left - right);
        if (bounded)
          y = std::clamp(y, 0.0, 2.0);
        expected.push_back(y);
      }
      expect_within_a_step(output.read<int8_t>(), expected, y_scale, 7);
    }
}

// Per tensor and per channel, with bias, over 1x1 windows and wider ones.
TEST(QuantisedConvolution, MatchesRealArithmetic) {
  Random random(53);
  for (int round = 0; round < 40; ++round) {
    const bool per_channel_weights = round % 2 == 0;
    Conv conv;
    conv.kernel_height = conv.kernel_width = random.pick(1, 3);
    conv.top = conv.left = conv.bottom = conv.right = conv.kernel_height / 2;
    conv.group_input_channels = random.pick(1, 20);
    conv.group_output_channels = random.pick(1, 20);
    const uint32_t ic = conv.group_input_channels, oc = conv.group_output_channels, k = conv.kernel_height;
    const uint32_t height = random.pick(3, 6), width = random.pick(3, 6);
    const uint32_t out_height = height + 2 * conv.top - k + 1, out_width = width + 2 * conv.left - k + 1;
    const Dims in = {1, height, width, ic}, out = {1, out_height, out_width, oc}, filter = {oc, k, k, ic};
    const float x_scale = 0.02f, y_scale = 0.1f;
    const int32_t x_zero = static_cast<int32_t>(random.pick(0, 20)) - 10, y_zero = -3;
    std::vector<float> w_scales(oc), bias_scales(oc);
    for (uint32_t i = 0; i < oc; ++i) {
      w_scales[i] = per_channel_weights || i == 0 ? random.real(0.002f, 0.02f) : w_scales[0];
      bias_scales[i] = w_scales[i] * x_scale;
    }
    const auto x = random.bytes(count(in));
    const auto w = random.bytes(count(filter), -127, 127);
    std::vector<int32_t> bias(oc);
    for (int32_t &number : bias)
      number = static_cast<int32_t>(random.pick(0, 2000)) - 1000;

    BlobBuilder blob;
    const auto in_id = blob.input(in, qint8(x_scale, x_zero));
    const auto w_id = blob.constant(
        filter, w, per_channel_weights ? per_channel(kQCInt8, w_scales, 0) : qint8(w_scales[0], 0));
    const auto b_id = blob.constant(
        {oc}, bias, per_channel_weights ? per_channel(kQCInt32, bias_scales, 0) : qint32(bias_scales[0]));
    const auto out_id = blob.output(out, qint8(y_scale, y_zero));
    blob.conv(XNodeUnion::XNNConv2d, conv, in_id, w_id, b_id, out_id);
    Argument input(in, x, ScalarType::kChar);
    Argument output(out, ScalarType::kChar);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));

    std::vector<double> expected;
    for (uint32_t oy = 0; oy < out_height; ++oy)
      for (uint32_t ox = 0; ox < out_width; ++ox)
        for (uint32_t o = 0; o < oc; ++o) {
          double sum = bias[o] * double{bias_scales[o]};
          for (uint32_t ky = 0; ky < k; ++ky)
            for (uint32_t kx = 0; kx < k; ++kx) {
              const int iy = static_cast<int>(oy + ky) - static_cast<int>(conv.top);
              const int ix = static_cast<int>(ox + kx) - static_cast<int>(conv.left);
              if (iy < 0 || ix < 0 || iy >= static_cast<int>(height) || ix >= static_cast<int>(width))
                continue;
              for (uint32_t i = 0; i < ic; ++i)
                sum += real(x[(static_cast<size_t>(iy) * width + static_cast<size_t>(ix)) * ic + i], x_scale,
                            x_zero) *
                       real(w[((size_t{o} * k + ky) * k + kx) * ic + i], w_scales[o], 0);
            }
          expected.push_back(sum);
        }
    expect_within_a_step(output.read<int8_t>(), expected, y_scale, y_zero);
  }
}

// Weights of a fully connected node, as numbers and as the blob stores them.
struct Weights {
  std::vector<float> numbers;
  uint32_t id = 0;
};

Weights eight_bit(BlobBuilder &blob, Random &random, uint32_t oc, uint32_t ic) {
  Weights weights;
  std::vector<float> scales(oc);
  for (float &scale : scales)
    scale = random.real(0.002f, 0.02f);
  const auto codes = random.bytes(size_t{oc} * ic, -127, 127);
  for (size_t i = 0; i < codes.size(); ++i)
    weights.numbers.push_back(static_cast<float>(codes[i]) * scales[i / ic]);
  weights.id = blob.constant({oc, ic}, codes, per_channel(kQCInt8, scales, 0));
  return weights;
}

// Two numbers a byte, the first in the low half, each number + 8; rows padded to whole bytes.
std::vector<uint8_t> pack_four_bit(const std::vector<int8_t> &codes, uint32_t oc, uint32_t ic) {
  std::vector<uint8_t> packed;
  for (uint32_t o = 0; o < oc; ++o)
    for (uint32_t i = 0; i < ic; i += 2) {
      const int low = codes[size_t{o} * ic + i] + 8;
      const int high = i + 1 < ic ? codes[size_t{o} * ic + i + 1] + 8 : 8;
      packed.push_back(static_cast<uint8_t>(low | high << 4));
    }
  return packed;
}

Weights four_bit(BlobBuilder &blob, Random &random, uint32_t oc, uint32_t ic) {
  Weights weights;
  std::vector<float> scales(oc);
  for (float &scale : scales)
    scale = random.real(0.02f, 0.2f);
  const auto codes = random.bytes(size_t{oc} * ic, -8, 7);
  for (size_t i = 0; i < codes.size(); ++i)
    weights.numbers.push_back(static_cast<float>(codes[i]) * scales[i / ic]);
  weights.id = blob.constant({oc, ic}, pack_four_bit(codes, oc, ic), per_channel(kQCInt4, scales, 0));
  return weights;
}

Weights blocks_of_four_bit(BlobBuilder &blob, Random &random, uint32_t oc, uint32_t ic, uint32_t block) {
  Weights weights;
  std::vector<uint16_t> scales;
  std::vector<float> scale_numbers;
  for (uint32_t i = 0; i < oc * (ic / block); ++i) {
    const float scale = random.real(0.02f, 0.2f);
    uint32_t bits = 0;
    std::memcpy(&bits, &scale, sizeof bits);
    bits &= 0xFFFF0000;
    scales.push_back(static_cast<uint16_t>(bits >> 16));
    float cut = 0;
    std::memcpy(&cut, &bits, sizeof cut);
    scale_numbers.push_back(cut);
  }
  const auto codes = random.bytes(size_t{oc} * ic, -8, 7);
  for (size_t i = 0; i < codes.size(); ++i)
    weights.numbers.push_back(static_cast<float>(codes[i]) * scale_numbers[i / block]);
  weights.id = blob.constant({oc, ic}, pack_four_bit(codes, oc, ic),
                             {kQBInt4, 0.0f, 0, {}, 0, scales, static_cast<int32_t>(block), 0});
  return weights;
}

// Rows of x are coded in 8 bits when the graph runs, so each number is off by at most half a step of its row.
void expect_product_of_rounded_rows(const std::vector<float> &got, const std::vector<float> &x,
                                    const std::vector<float> &w, uint32_t oc, uint32_t ic, float row_steps) {
  for (size_t row = 0; row < x.size() / ic; ++row) {
    float low = 0, high = 0;
    for (uint32_t i = 0; i < ic; ++i) {
      low = std::min(low, x[row * ic + i]);
      high = std::max(high, x[row * ic + i]);
    }
    const double step = row_steps * (high - low) / 255.0;
    for (uint32_t o = 0; o < oc; ++o) {
      double sum = 0, weight = 0;
      for (uint32_t i = 0; i < ic; ++i) {
        sum += double{x[row * ic + i]} * w[size_t{o} * ic + i];
        weight += std::fabs(w[size_t{o} * ic + i]);
      }
      ASSERT_NEAR(got[row * oc + o], sum, step * weight + 1e-4 * weight) << "row " << row << " channel " << o;
    }
  }
}

enum class Format { kEight, kFour, kBlocks };

class DynamicFullyConnected : public testing::TestWithParam<Format> {};

TEST_P(DynamicFullyConnected, StaysWithinTheRoundingOfItsRows) {
  Random random(54);
  for (int round = 0; round < 30; ++round) {
    // Some other numbers of rows are refused on some machines: see the next test.
    const uint32_t rows_count = round % 5 == 0 ? 1 : random.pick(4, 14), oc = random.pick(1, 40);
    const uint32_t ic = GetParam() == Format::kBlocks ? 32 * random.pick(1, 4) : 2 * random.pick(1, 40);
    BlobBuilder blob;
    const auto in = blob.input({rows_count, ic});
    const auto quantized = blob.value({rows_count, ic}, rows(1));
    const Weights w = GetParam() == Format::kEight  ? eight_bit(blob, random, oc, ic)
                      : GetParam() == Format::kFour ? four_bit(blob, random, oc, ic)
                                                    : blocks_of_four_bit(blob, random, oc, ic, 32);
    const auto out = blob.output({rows_count, oc});
    blob.unary(XNodeUnion::XNNConvert, in, quantized);
    blob.fully_connected(quantized, w.id, kNone, out);
    const auto x = random.reals(size_t{rows_count} * ic, -3, 3);
    Argument input({rows_count, ic}, x);
    Argument output({rows_count, oc});
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    expect_product_of_rounded_rows(output.read(), x, w.numbers, oc, ic, 0.51f);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, DynamicFullyConnected,
                         testing::Values(Format::kEight, Format::kFour, Format::kBlocks));

// The last tile of a kernel reads parameters for all its rows, also where there are fewer (dynamic_rows.h).
// With an XNNPACK that provides too few, the delegate refuses those sizes; the one that is built here
// provides enough.
TEST(DynamicFullyConnectedOfAnyRows, IsRightOrRefused) {
  Random random(57);
  for (const bool blocks : {false, true})
    for (uint32_t rows_count = 1; rows_count <= 50; ++rows_count) {
      const uint32_t oc = 9, ic = 64;
      BlobBuilder blob;
      const auto in = blob.input({rows_count, ic});
      const auto quantized = blob.value({rows_count, ic}, rows(1));
      const Weights w =
          blocks ? blocks_of_four_bit(blob, random, oc, ic, 32) : four_bit(blob, random, oc, ic);
      const auto out = blob.output({rows_count, oc});
      blob.unary(XNodeUnion::XNNConvert, in, quantized);
      blob.fully_connected(quantized, w.id, kNone, out);
      auto delegate = blob.load();
      ASSERT_TRUE(delegate.ok()) << delegate.status().message();
      const auto x = random.reals(size_t{rows_count} * ic, -3, 3);
      Argument input({rows_count, ic}, x);
      Argument output({rows_count, oc});
      const Status status = run(**delegate, {&input, &output});
      if (status.ok()) {
        expect_product_of_rounded_rows(output.read(), x, w.numbers, oc, ic, 0.51f);
        continue;
      }
      EXPECT_EQ(status.code(), StatusCode::kNotSupported) << status.message();
#if XNN_EXTRA_QUANTIZATION_PARAMS >= 13
      FAIL() << rows_count << ": " << status.message();
#endif
      EXPECT_TRUE(rows_count > 1 && rows_count % 14 >= 1 && rows_count % 14 <= 3) << rows_count;
    }
}

// fp32 activations with narrow weights: no rounding but that of fp32.
TEST(WeightOnlyFullyConnected, IsExact) {
  Random random(55);
  for (int round = 0; round < 30; ++round) {
    const uint32_t rows_count = random.pick(1, 5), oc = random.pick(1, 40), ic = 2 * random.pick(1, 40);
    BlobBuilder blob;
    const auto in = blob.input({rows_count, ic});
    const Weights w = round % 2 == 0 ? eight_bit(blob, random, oc, ic) : four_bit(blob, random, oc, ic);
    const auto out = blob.output({rows_count, oc});
    blob.fully_connected(in, w.id, kNone, out);
    const auto x = random.reals(size_t{rows_count} * ic, -3, 3);
    Argument input({rows_count, ic}, x);
    Argument output({rows_count, oc});
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    expect_product_of_rounded_rows(output.read(), x, w.numbers, oc, ic, 0.0f);
  }
}

// Old blobs mark the input instead of having a Convert node.
TEST(LegacyDynamicQuantisation, ConvertsTheMarkedInput) {
  Random random(56);
  const uint32_t rows_count = 3, oc = 9, ic = 24;
  BlobBuilder blob(Constants::kInFlatbuffer);
  const auto in = blob.legacy_dynamic_input({rows_count, ic});
  const Weights w = eight_bit(blob, random, oc, ic);
  const auto out = blob.output({rows_count, oc});
  blob.fully_connected(in, w.id, kNone, out);
  const auto x = random.reals(size_t{rows_count} * ic, -3, 3);
  Argument input({rows_count, ic}, x);
  Argument output({rows_count, oc});
  ASSERT_TRUE(load_and_run(blob, {&input, &output}));
  expect_product_of_rounded_rows(output.read(), x, w.numbers, oc, ic, 0.51f);
}

TEST(QuantisedMovement, RefusesToRecode) {
  BlobBuilder blob;
  const auto in = blob.input({2, 3}, qint8(0.5f, 0));
  const auto out = blob.output({3, 2}, qint8(0.25f, 0));
  blob.transpose({1, 0}, in, out);
  const auto delegate = blob.load();
  ASSERT_FALSE(delegate.ok());
  EXPECT_NE(delegate.status().message().find("xnodes[0] (StaticTranspose)"), std::string::npos)
      << delegate.status().message();
}

} // namespace
} // namespace xnnir::test
