// Pools, reductions and resizing against plain loops.
#include "delegate_runner.h"

namespace xnnir::test {
namespace {

struct Case {
  Pool pool;
  Dims in;

  uint32_t window_height() const { return (pool.height - 1) * pool.dilation_height + 1; }
  uint32_t window_width() const { return (pool.width - 1) * pool.dilation_width + 1; }
  Dims out() const {
    return {in[0], (in[1] + pool.top + pool.bottom - window_height()) / pool.stride_height + 1,
            (in[2] + pool.left + pool.right - window_width()) / pool.stride_width + 1, in[3]};
  }
};

Case random_case(Random &random, bool dilated) {
  Case c;
  c.pool.height = random.pick(1, 5);
  c.pool.width = random.pick(c.pool.height == 1 ? 2 : 1, 5);
  c.pool.dilation_height = dilated ? random.pick(1, 2) : 1;
  c.pool.dilation_width = dilated ? random.pick(1, 2) : 1;
  c.pool.stride_height = random.pick(1, c.pool.height);
  c.pool.stride_width = random.pick(1, c.pool.width);
  c.pool.top = random.pick(0, c.pool.height - 1);
  c.pool.bottom = random.pick(0, c.pool.height - 1);
  c.pool.left = random.pick(0, c.pool.width - 1);
  c.pool.right = random.pick(0, c.pool.width - 1);
  c.in = {random.pick(1, 2), c.window_height() + random.pick(0, 6), c.window_width() + random.pick(0, 6),
          random.pick(1, 40)};
  return c;
}

size_t at(const Dims &dims, int64_t a, int64_t b, int64_t c, int64_t d) {
  return static_cast<size_t>(((a * dims[1] + b) * dims[2] + c) * dims[3] + d);
}

// Average pooling leaves the padding out of the count.
std::vector<float> pooled(const Case &c, const std::vector<float> &x, bool average) {
  const Dims out = c.out();
  std::vector<float> y(count(out));
  for (uint32_t n = 0; n < out[0]; ++n)
    for (uint32_t oy = 0; oy < out[1]; ++oy)
      for (uint32_t ox = 0; ox < out[2]; ++ox)
        for (uint32_t ch = 0; ch < out[3]; ++ch) {
          float best = -INFINITY;
          double sum = 0;
          int seen = 0;
          for (uint32_t ky = 0; ky < c.pool.height; ++ky)
            for (uint32_t kx = 0; kx < c.pool.width; ++kx) {
              const int64_t iy =
                  int64_t{oy} * c.pool.stride_height + ky * c.pool.dilation_height - c.pool.top;
              const int64_t ix = int64_t{ox} * c.pool.stride_width + kx * c.pool.dilation_width - c.pool.left;
              if (iy < 0 || iy >= c.in[1] || ix < 0 || ix >= c.in[2])
                continue;
              const float number = x[at(c.in, n, iy, ix, ch)];
              best = std::max(best, number);
              sum += number;
              ++seen;
            }
          y[at(out, n, oy, ox, ch)] = average ? static_cast<float>(sum / seen) : best;
        }
  return y;
}

TEST(MaxPooling, MatchesLoops) {
  Random random(21);
  for (int round = 0; round < 60; ++round) {
    Case c = random_case(random, false);
    const auto x = random.reals(count(c.in));
    BlobBuilder blob;
    const auto in = blob.input(c.in);
    const auto out = blob.output(c.out());
    blob.pool(XNodeUnion::XNNMaxPooling2d, c.pool, in, out);
    Argument input(c.in, x);
    Argument output(c.out());
    ASSERT_TRUE(load_and_run(blob, {&input, &output})) << "round " << round;
    expect_close(output.read(), pooled(c, x, false));
  }
}

TEST(MaxPooling, TakesDilation) {
  Random random(22);
  for (int round = 0; round < 40; ++round) {
    Case c = random_case(random, true);
    // With dilation, a window may step over the input altogether; that has no maximum.
    c.pool.top = c.pool.bottom = c.pool.left = c.pool.right = 0;
    const auto x = random.reals(count(c.in));
    BlobBuilder blob;
    const auto in = blob.input(c.in);
    const auto out = blob.output(c.out());
    blob.pool(XNodeUnion::XNNMaxPooling2d, c.pool, in, out);
    Argument input(c.in, x);
    Argument output(c.out());
    ASSERT_TRUE(load_and_run(blob, {&input, &output})) << "round " << round;
    expect_close(output.read(), pooled(c, x, false));
  }
}

TEST(AveragePooling, MatchesLoops) {
  Random random(23);
  for (int round = 0; round < 60; ++round) {
    Case c = random_case(random, false);
    const auto x = random.reals(count(c.in));
    BlobBuilder blob;
    const auto in = blob.input(c.in);
    const auto out = blob.output(c.out());
    blob.pool(XNodeUnion::XNNAvgPooling2d, c.pool, in, out);
    Argument input(c.in, x);
    Argument output(c.out());
    ASSERT_TRUE(load_and_run(blob, {&input, &output})) << "round " << round;
    expect_close(output.read(), pooled(c, x, true));
  }
}

TEST(ArgMaxPooling, WidensIndicesToInt64) {
  Random random(24);
  for (const ScalarType index_type : {ScalarType::kLong, ScalarType::kInt})
    for (int round = 0; round < 20; ++round) {
      Case c;
      c.pool.height = c.pool.stride_height = random.pick(1, 4);
      c.pool.width = c.pool.stride_width = random.pick(2, 4);
      c.in = {random.pick(1, 2), c.pool.height * random.pick(1, 3), c.pool.width * random.pick(1, 3),
              random.pick(1, 9)};
      const auto x = random.reals(count(c.in));
      BlobBuilder blob;
      const auto in = blob.input(c.in);
      const auto value = blob.output(c.out());
      const auto index = blob.output(c.out());
      blob.argmax_pool(c.pool.height, c.pool.width, in, value, index);
      Argument input(c.in, x);
      Argument values(c.out());
      Argument indices(c.out(), index_type);
      ASSERT_TRUE(load_and_run(blob, {&input, &values, &indices}));
      expect_close(values.read(), pooled(c, x, false));
      const Dims out = c.out();
      std::vector<int64_t> got;
      if (index_type == ScalarType::kLong)
        got = indices.read<int64_t>();
      else
        for (int32_t number : indices.read<int32_t>())
          got.push_back(number);
      for (uint32_t n = 0; n < out[0]; ++n)
        for (uint32_t oy = 0; oy < out[1]; ++oy)
          for (uint32_t ox = 0; ox < out[2]; ++ox)
            for (uint32_t ch = 0; ch < out[3]; ++ch) {
              const int64_t k = got[at(out, n, oy, ox, ch)];
              ASSERT_GE(k, 0);
              ASSERT_LT(k, c.pool.height * c.pool.width);
              // XNNPACK numbers the elements of a window down its columns.
              const int64_t iy = int64_t{oy} * c.pool.height + k % c.pool.height;
              const int64_t ix = int64_t{ox} * c.pool.width + k / c.pool.height;
              ASSERT_EQ(x[at(c.in, n, iy, ix, ch)], values.read()[at(out, n, oy, ox, ch)]);
            }
    }
}

TEST(GlobalAveragePooling, AveragesHeightAndWidth) {
  Random random(25);
  for (int round = 0; round < 30; ++round) {
    const Dims in = {random.pick(1, 3), random.pick(1, 9), random.pick(1, 9), random.pick(1, 40)};
    const bool keep = random.pick(0, 1) == 0;
    const Bounds bounds = random.pick(0, 1) == 0 ? Bounds{} : Bounds{0.0f, 0.1f};
    const Dims out = keep ? Dims{in[0], 1, 1, in[3]} : Dims{in[0], in[3]};
    const auto x = random.reals(count(in));
    BlobBuilder blob;
    const auto in_id = blob.input(in);
    const auto out_id = blob.output(out);
    blob.unary(XNodeUnion::XNNGlobalAvgPooling2d, in_id, out_id, bounds, keep ? 0x40 : 0);
    Argument input(in, x);
    Argument output(out);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    std::vector<float> expected(count(out));
    for (uint32_t n = 0; n < in[0]; ++n)
      for (uint32_t ch = 0; ch < in[3]; ++ch) {
        double sum = 0;
        for (uint32_t i = 0; i < in[1]; ++i)
          for (uint32_t j = 0; j < in[2]; ++j)
            sum += x[at(in, n, i, j, ch)];
        expected[n * in[3] + ch] =
            std::clamp(static_cast<float>(sum / (in[1] * in[2])), bounds.min, bounds.max);
      }
    expect_close(output.read(), expected);
  }
}

// Source coordinates as torch.nn.functional.interpolate has them.
TEST(StaticReduce, MatchesLoopsOverAnyAxes) {
  Random random(27);
  constexpr uint32_t kKeepDims = 0x40;
  for (int round = 0; round < 60; ++round) {
    const Dims in = random.dims(random.pick(1, 6), 5);
    Dims axes;
    Dims kept = in;
    Dims dropped;
    for (uint32_t axis = 0; axis < in.size(); ++axis)
      if (random.pick(0, 1) == 0 || (axes.empty() && axis + 1 == in.size())) {
        axes.push_back(axis);
        kept[axis] = 1;
      } else {
        dropped.push_back(in[axis]);
      }
    const bool keeps = random.pick(0, 1) == 0;
    const bool is_mean = random.pick(0, 1) == 0;
    const Dims out = keeps ? kept : dropped;
    const auto x = random.reals(count(in));
    BlobBuilder blob;
    const auto in_id = blob.input(in);
    const auto out_id = blob.output(out);
    blob.reduce(is_mean ? fb::XNNReduceOperator::mean : fb::XNNReduceOperator::sum, axes, in_id, out_id,
                keeps ? kKeepDims : 0);
    Argument input(in, x);
    Argument output(out);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    std::vector<double> sums(count(out));
    for (size_t i = 0; i < x.size(); ++i) {
      size_t rest = i;
      size_t place = 0;
      size_t stride = 1;
      for (size_t axis = in.size(); axis-- > 0;) {
        place += kept[axis] == 1 ? 0 : rest % in[axis] * stride;
        stride *= kept[axis];
        rest /= in[axis];
      }
      sums[place] += static_cast<double>(x[i]);
    }
    std::vector<float> expected;
    for (double sum : sums)
      expected.push_back(static_cast<float>(
          is_mean ? sum * static_cast<double>(sums.size()) / static_cast<double>(x.size()) : sum));
    expect_close(output.read(), expected);
  }
}

TEST(ResizeBilinear, MatchesLoopsWithAndWithoutAlignedCorners) {
  Random random(26);
  constexpr uint32_t kAlignCorners = 8;
  for (int round = 0; round < 40; ++round) {
    const Dims in = {random.pick(1, 2), random.pick(2, 6), random.pick(2, 6), random.pick(1, 9)};
    const Dims out = {in[0], random.pick(2, 9), random.pick(2, 9), in[3]};
    const bool aligned = round % 2 == 0;
    const auto x = random.reals(count(in));
    BlobBuilder blob;
    const auto in_id = blob.input(in);
    const auto out_id = blob.output(out);
    blob.resize(out[1], out[2], in_id, out_id, aligned ? kAlignCorners : 0);
    Argument input(in, x);
    Argument output(out);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    const auto source = [aligned](uint32_t o, uint32_t from, uint32_t to) {
      const double position = aligned ? static_cast<double>(o) * (from - 1) / (to - 1)
                                      : (o + 0.5) * static_cast<double>(from) / to - 0.5;
      return std::clamp(position, 0.0, from - 1.0);
    };
    std::vector<float> expected(count(out));
    for (uint32_t n = 0; n < out[0]; ++n)
      for (uint32_t oy = 0; oy < out[1]; ++oy)
        for (uint32_t ox = 0; ox < out[2]; ++ox)
          for (uint32_t ch = 0; ch < out[3]; ++ch) {
            const double sy = source(oy, in[1], out[1]);
            const double sx = source(ox, in[2], out[2]);
            const auto y0 = static_cast<uint32_t>(sy), x0 = static_cast<uint32_t>(sx);
            const uint32_t y1 = std::min(y0 + 1, in[1] - 1), x1 = std::min(x0 + 1, in[2] - 1);
            const double fy = sy - y0, fx = sx - x0;
            expected[at(out, n, oy, ox, ch)] = static_cast<float>(
                (x[at(in, n, y0, x0, ch)] * (1 - fx) + x[at(in, n, y0, x1, ch)] * fx) * (1 - fy) +
                (x[at(in, n, y1, x0, ch)] * (1 - fx) + x[at(in, n, y1, x1, ch)] * fx) * fy);
          }
    expect_close(output.read(), expected, 1e-3f, 1e-4f);
  }
}

} // namespace
} // namespace xnnir::test
