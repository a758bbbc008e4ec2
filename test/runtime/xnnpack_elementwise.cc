// Unary and binary nodes against the same functions of <cmath>.
#include <functional>

#include "delegate_runner.h"

namespace xnnir::test {
namespace {

struct UnaryCase {
  const char *name;
  XNodeUnion kind;
  float low, high;
  std::function<float(float)> reference;
};

void PrintTo(const UnaryCase &unary, std::ostream *out) { *out << unary.name; }

class UnaryTest : public testing::TestWithParam<UnaryCase> {};

TEST_P(UnaryTest, MatchesReferenceOnAnyShape) {
  const UnaryCase &unary = GetParam();
  Random random(1);
  for (int round = 0; round < 20; ++round) {
    const Dims dims = random.dims(random.pick(1, 6), 5);
    const std::vector<float> x = random.reals(count(dims), unary.low, unary.high);
    BlobBuilder blob;
    const auto in = blob.input(dims);
    const auto out = blob.output(dims);
    if (unary.kind == XNodeUnion::XNNELU || unary.kind == XNodeUnion::XNNLeakyReLU)
      blob.slope(unary.kind, 0.25f, in, out);
    else
      blob.unary(unary.kind, in, out, unary.kind == XNodeUnion::XNNClamp ? Bounds{-0.5f, 0.75f} : Bounds{});
    Argument input(dims, x);
    Argument output(dims);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    std::vector<float> expected;
    for (float number : x)
      expected.push_back(unary.reference(number));
    expect_close(output.read(), expected, 2e-4f, 2e-5f);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, UnaryTest,
    testing::Values(UnaryCase{"abs", XNodeUnion::XNNAbs, -2, 2, [](float x) { return std::fabs(x); }},
                    UnaryCase{"bankers_rounding", XNodeUnion::XNNBankersRounding, -9, 9,
                              [](float x) { return std::nearbyint(x); }},
                    UnaryCase{"ceiling", XNodeUnion::XNNCeiling, -9, 9, [](float x) { return std::ceil(x); }},
                    UnaryCase{"clamp", XNodeUnion::XNNClamp, -2, 2,
                              [](float x) { return std::clamp(x, -0.5f, 0.75f); }},
                    UnaryCase{"copy", XNodeUnion::XNNCopy, -2, 2, [](float x) { return x; }},
                    UnaryCase{"cos", XNodeUnion::XNNCos, -3, 3, [](float x) { return std::cos(x); }},
                    UnaryCase{"elu", XNodeUnion::XNNELU, -3, 3,
                              [](float x) { return x < 0 ? 0.25f * std::expm1(x) : x; }},
                    UnaryCase{"exp", XNodeUnion::XNNExp, -3, 3, [](float x) { return std::exp(x); }},
                    UnaryCase{"floor", XNodeUnion::XNNFloor, -9, 9, [](float x) { return std::floor(x); }},
                    UnaryCase{"gelu", XNodeUnion::XNNGelu, -3, 3,
                              [](float x) { return 0.5f * x * (1.0f + std::erf(x / std::sqrt(2.0f))); }},
                    UnaryCase{"hardswish", XNodeUnion::XNNHardswish, -5, 5,
                              [](float x) { return x * std::clamp(x + 3.0f, 0.0f, 6.0f) / 6.0f; }},
                    UnaryCase{"leaky_relu", XNodeUnion::XNNLeakyReLU, -2, 2,
                              [](float x) { return x < 0 ? 0.25f * x : x; }},
                    UnaryCase{"log", XNodeUnion::XNNLog, 0.1f, 9, [](float x) { return std::log(x); }},
                    UnaryCase{"negate", XNodeUnion::XNNNegate, -2, 2, [](float x) { return -x; }},
                    UnaryCase{"rsqrt", XNodeUnion::XNNReciprocalSquareRoot, 0.1f, 9,
                              [](float x) { return 1.0f / std::sqrt(x); }},
                    UnaryCase{"sigmoid", XNodeUnion::XNNSigmoid, -5, 5,
                              [](float x) { return 1.0f / (1.0f + std::exp(-x)); }},
                    UnaryCase{"sign", XNodeUnion::XNNSign, -2, 2,
                              [](float x) { return static_cast<float>((x > 0) - (x < 0)); }},
                    UnaryCase{"sin", XNodeUnion::XNNSin, -3, 3, [](float x) { return std::sin(x); }},
                    UnaryCase{"sqrt", XNodeUnion::XNNSquareRoot, 0, 9, [](float x) { return std::sqrt(x); }},
                    UnaryCase{"square", XNodeUnion::XNNSquare, -3, 3, [](float x) { return x * x; }},
                    UnaryCase{"tanh", XNodeUnion::XNNTanh, -3, 3, [](float x) { return std::tanh(x); }}),
    [](const auto &info) { return std::string(info.param.name); });

// x * sigmoid(x) is one operator where nothing else reads the sigmoid.
TEST(SiLU, MatchesReferenceWhoeverReadsTheSigmoid) {
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    const Dims dims = {random.pick(1, 5), random.pick(1, 700)};
    const std::vector<float> x = random.reals(count(dims), -9.0f, 9.0f);
    const bool is_read = random.pick(0, 1) == 0;
    BlobBuilder blob;
    const auto in = blob.input(dims);
    const auto gate = is_read ? blob.output(dims) : blob.value(dims);
    const auto out = blob.output(dims);
    blob.unary(XNodeUnion::XNNSigmoid, in, gate);
    if (random.pick(0, 1) == 0)
      blob.binary(XNodeUnion::XNNMultiply, in, gate, out);
    else
      blob.binary(XNodeUnion::XNNMultiply, gate, in, out);
    Argument input(dims, x);
    Argument sigmoid(dims);
    Argument output(dims);
    ASSERT_TRUE(is_read ? load_and_run(blob, {&input, &sigmoid, &output})
                        : load_and_run(blob, {&input, &output}));
    std::vector<float> gates;
    std::vector<float> expected;
    for (float number : x) {
      gates.push_back(1.0f / (1.0f + std::exp(-number)));
      expected.push_back(number * gates.back());
    }
    expect_close(output.read(), expected, 2e-4f, 2e-5f);
    if (is_read)
      expect_close(sigmoid.read(), gates, 2e-4f, 2e-5f);
  }
}

struct BinaryCase {
  const char *name;
  XNodeUnion kind;
  std::function<float(float, float)> reference;
};

void PrintTo(const BinaryCase &binary, std::ostream *out) { *out << binary.name; }

class BinaryTest : public testing::TestWithParam<BinaryCase> {};

// Element `index` of the broadcast result comes from this element of an operand.
size_t broadcast_index(size_t index, const Dims &result, const Dims &operand) {
  size_t source = 0;
  size_t stride = 1;
  for (size_t i = 1; i <= result.size(); ++i) {
    const size_t size = result[result.size() - i];
    if (i <= operand.size()) {
      const size_t own = operand[operand.size() - i];
      source += own == 1 ? 0 : index % size * stride;
      stride *= own;
    }
    index /= size;
  }
  return source;
}

TEST_P(BinaryTest, BroadcastsAndBounds) {
  const BinaryCase &binary = GetParam();
  Random random(2);
  for (int round = 0; round < 30; ++round) {
    const Dims result = random.dims(random.pick(1, 6), 4);
    Dims a_dims = result;
    Dims b_dims = result;
    for (size_t i = 0; i < result.size(); ++i)
      if (random.pick(0, 3) == 0)
        (random.pick(0, 1) == 0 ? a_dims : b_dims)[i] = 1;
    if (random.pick(0, 1) == 0)
      b_dims.erase(b_dims.begin(), b_dims.begin() + random.pick(0, static_cast<uint32_t>(b_dims.size()) - 1));
    Dims broadcast = a_dims;
    for (size_t i = 1; i <= b_dims.size(); ++i)
      broadcast[broadcast.size() - i] = std::max(a_dims[a_dims.size() - i], b_dims[b_dims.size() - i]);

    const bool bounded = random.pick(0, 1) == 0 && binary.kind != XNodeUnion::XNNMaximum &&
                         binary.kind != XNodeUnion::XNNMinimum && binary.kind != XNodeUnion::XNNPReLU &&
                         binary.kind < XNodeUnion::XNNSquaredDifference;
    const std::vector<float> a =
        random.reals(count(a_dims), binary.kind == XNodeUnion::XNNPow ? 0.1f : -2.0f, 2);
    const std::vector<float> b = random.reals(count(b_dims), 0.5f, 2);
    const bool static_b = random.pick(0, 1) == 0;
    BlobBuilder blob;
    const auto in_a = blob.input(a_dims);
    const auto in_b = static_b ? blob.constant(b_dims, b) : blob.input(b_dims);
    const auto out = blob.output(broadcast);
    blob.binary(binary.kind, in_a, in_b, out, bounded ? Bounds{0.0f, 1.5f} : Bounds{});
    Argument arg_a(a_dims, a);
    Argument arg_b(b_dims, b);
    Argument output(broadcast);
    if (static_b)
      ASSERT_TRUE(load_and_run(blob, {&arg_a, &output}));
    else
      ASSERT_TRUE(load_and_run(blob, {&arg_a, &arg_b, &output}));

    std::vector<float> expected(count(broadcast));
    for (size_t i = 0; i < expected.size(); ++i) {
      expected[i] = binary.reference(a[broadcast_index(i, broadcast, a_dims)],
                                     b[broadcast_index(i, broadcast, b_dims)]);
      if (bounded)
        expected[i] = std::clamp(expected[i], 0.0f, 1.5f);
    }
    expect_close(output.read(), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BinaryTest,
    testing::Values(
        BinaryCase{"add", XNodeUnion::XNNAdd, std::plus<float>()},
        BinaryCase{"atan2", XNodeUnion::XNNAtan2, [](float a, float b) { return std::atan2(a, b); }},
        BinaryCase{"copysign", XNodeUnion::XNNCopysign, [](float a, float b) { return std::copysign(a, b); }},
        BinaryCase{"divide", XNodeUnion::XNNDiv, std::divides<float>()},
        BinaryCase{"maximum", XNodeUnion::XNNMaximum, [](float a, float b) { return std::max(a, b); }},
        BinaryCase{"minimum", XNodeUnion::XNNMinimum, [](float a, float b) { return std::min(a, b); }},
        BinaryCase{"modulus", XNodeUnion::XNNModulus, [](float a, float b) { return std::fmod(a, b); }},
        BinaryCase{"multiply", XNodeUnion::XNNMultiply, std::multiplies<float>()},
        BinaryCase{"pow", XNodeUnion::XNNPow, [](float a, float b) { return std::pow(a, b); }},
        BinaryCase{"prelu", XNodeUnion::XNNPReLU, [](float a, float b) { return a < 0 ? a * b : a; }},
        BinaryCase{"squared_difference", XNodeUnion::XNNSquaredDifference,
                   [](float a, float b) { return (a - b) * (a - b); }},
        BinaryCase{"subtract", XNodeUnion::XNNSubtract, std::minus<float>()}),
    [](const auto &info) { return std::string(info.param.name); });

TEST(Softmax, NormalisesTheLastDimension) {
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    const Dims dims = random.dims(random.pick(1, 4), 9);
    const std::vector<float> x = random.reals(count(dims), -4, 4);
    BlobBuilder blob;
    const auto in = blob.input(dims);
    const auto out = blob.output(dims);
    blob.unary(XNodeUnion::XNNSoftmax, in, out);
    Argument input(dims, x);
    Argument output(dims);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    std::vector<float> expected(x.size());
    const size_t row = dims.back();
    for (size_t i = 0; i < x.size(); i += row) {
      double sum = 0;
      for (size_t j = 0; j < row; ++j)
        sum += std::exp(static_cast<double>(x[i + j]));
      for (size_t j = 0; j < row; ++j)
        expected[i + j] = static_cast<float>(std::exp(static_cast<double>(x[i + j])) / sum);
    }
    expect_close(output.read(), expected);
  }
}

} // namespace
} // namespace xnnir::test
