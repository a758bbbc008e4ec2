// Matrix products against plain loops.
#include "delegate_runner.h"

namespace xnnir::test {
namespace {

constexpr uint32_t kTranspose = 1;

// [rows, inner] times [inner, columns], or times [columns, inner] where `transposed`.
std::vector<float> product(const float *a, const float *b, size_t rows, size_t inner, size_t columns,
                           bool transposed) {
  std::vector<float> y(rows * columns);
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (size_t k = 0; k < inner; ++k)
        sum += double{a[i * inner + k]} * b[transposed ? j * inner + k : k * columns + j];
      y[i * columns + j] = static_cast<float>(sum);
    }
  return y;
}

// A filter is [output channels, input channels]; with XNN_FLAG_TRANSPOSE_WEIGHTS the other way round. Filter
// and bias are constants or inputs.
TEST(FullyConnected, MatchesLoopsForConstantAndVaryingWeights) {
  Random random(41);
  for (int round = 0; round < 80; ++round) {
    Dims in = random.dims(random.pick(1, 4), 5);
    const uint32_t inner = in.back() = random.pick(1, 40);
    const uint32_t channels = random.pick(1, 40);
    Dims out = in;
    out.back() = channels;
    const bool by_rows = random.pick(0, 1) == 0;
    const bool varying_filter = random.pick(0, 2) == 0;
    const bool varying_bias = random.pick(0, 2) == 0;
    const Bounds bounds = random.pick(0, 1) == 0 ? Bounds{} : Bounds{-0.5f, 0.5f};
    const Dims filter_dims = by_rows ? Dims{channels, inner} : Dims{inner, channels};
    const auto x = random.reals(count(in));
    const auto w = random.reals(count(filter_dims));
    const auto bias = random.reals(channels);

    BlobBuilder blob;
    const auto in_id = blob.input(in);
    const auto filter = varying_filter ? blob.input(filter_dims) : blob.constant(filter_dims, w);
    const auto bias_id = varying_bias ? blob.input({channels}) : blob.constant({channels}, bias);
    const auto out_id = blob.output(out);
    blob.fully_connected(in_id, filter, bias_id, out_id, bounds, by_rows ? 0 : kTranspose);
    Argument input(in, x);
    Argument filter_arg(filter_dims, w);
    Argument bias_arg({channels}, bias);
    Argument output(out);
    std::vector<Value *> values = {input.value()};
    if (varying_filter)
      values.push_back(filter_arg.value());
    if (varying_bias)
      values.push_back(bias_arg.value());
    values.push_back(output.value());
    auto delegate = blob.load();
    ASSERT_TRUE(delegate.ok()) << delegate.status().message();
    const Status status = (*delegate)->execute(values);
    ASSERT_TRUE(status.ok()) << status.message();

    auto expected = product(x.data(), w.data(), x.size() / inner, inner, channels, by_rows);
    for (size_t i = 0; i < expected.size(); ++i)
      expected[i] = std::clamp(expected[i] + bias[i % channels], bounds.min, bounds.max);
    expect_close(output.read(), expected);
  }
}

TEST(BatchMatrixMultiply, BroadcastsBatches) {
  Random random(42);
  for (int round = 0; round < 60; ++round) {
    const uint32_t batch = random.pick(1, 4), m = random.pick(1, 9), k = random.pick(1, 20),
                   n = random.pick(1, 20);
    const bool transposed = random.pick(0, 1) == 0;
    const uint32_t batch_b = random.pick(0, 1) == 0 ? batch : 1;
    const bool static_b = random.pick(0, 1) == 0;
    const Dims a_dims = {batch, m, k};
    const Dims b_dims = transposed ? Dims{batch_b, n, k} : Dims{batch_b, k, n};
    const Dims out = {batch, m, n};
    const auto a = random.reals(count(a_dims));
    const auto b = random.reals(count(b_dims));
    BlobBuilder blob;
    const auto a_id = blob.input(a_dims);
    const auto b_id = static_b ? blob.constant(b_dims, b) : blob.input(b_dims);
    const auto out_id = blob.output(out);
    blob.binary(XNodeUnion::XNNBatchMatrixMultiply, a_id, b_id, out_id, {}, transposed ? kTranspose : 0);
    Argument a_arg(a_dims, a);
    Argument b_arg(b_dims, b);
    Argument output(out);
    if (static_b)
      ASSERT_TRUE(load_and_run(blob, {&a_arg, &output}));
    else
      ASSERT_TRUE(load_and_run(blob, {&a_arg, &b_arg, &output}));
    std::vector<float> expected;
    for (uint32_t i = 0; i < batch; ++i) {
      const auto part = product(&a[i * m * k], &b[batch_b == 1 ? 0 : i * k * n], m, k, n, transposed);
      expected.insert(expected.end(), part.begin(), part.end());
    }
    expect_close(output.read(), expected);
  }
}

} // namespace
} // namespace xnnir::test
