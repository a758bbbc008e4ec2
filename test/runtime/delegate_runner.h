// Runs delegates on tensors made in a test, and makes random numbers for them.
#pragma once

#include <algorithm>

#include "blob_builder.h"

namespace xnnir::test {

// A tensor that owns its memory, as a delegate's argument.
class Argument {
public:
  explicit Argument(const Dims &sizes, ScalarType dtype = ScalarType::kFloat,
                    std::vector<uint8_t> dim_order = {}, ShapeDynamism dynamism = ShapeDynamism::kStatic) {
    std::vector<int32_t> signed_sizes(sizes.begin(), sizes.end());
    if (dim_order.empty())
      for (size_t i = 0; i < sizes.size(); ++i)
        dim_order.push_back(static_cast<uint8_t>(i));
    Result<Tensor> made = Tensor::make(dtype, signed_sizes, dim_order, dynamism);
    EXPECT_TRUE(made.ok()) << made.status().message();
    memory_.resize(made->nbytes());
    made->set_data(memory_.data(), memory_.size());
    value_ = *made;
  }
  template <typename T>
  Argument(const Dims &sizes, const std::vector<T> &data, ScalarType dtype = ScalarType::kFloat,
           std::vector<uint8_t> dim_order = {}, ShapeDynamism dynamism = ShapeDynamism::kStatic)
      : Argument(sizes, dtype, std::move(dim_order), dynamism) {
    if (const size_t bytes = std::min(memory_.size(), data.size() * sizeof(T)); bytes > 0)
      std::memcpy(memory_.data(), data.data(), bytes);
  }
  Argument(Argument &&) = default;

  Value *value() { return &value_; }
  Tensor &tensor() { return std::get<Tensor>(value_); }
  template <typename T = float> std::vector<T> read() {
    const T *data = tensor().data_as<const T>();
    return std::vector<T>(data, data + tensor().numel());
  }

private:
  std::vector<uint8_t> memory_;
  Value value_;
};

inline Status run(Delegate &delegate, std::initializer_list<Argument *> arguments) {
  std::vector<Value *> values;
  for (Argument *argument : arguments)
    values.push_back(argument->value());
  return delegate.execute(values);
}

// Loads the blob, runs it once, and expects both to succeed. False after a failure.
inline bool load_and_run(BlobBuilder &blob, std::initializer_list<Argument *> arguments) {
  Result<std::unique_ptr<Delegate>> delegate = blob.load();
  EXPECT_TRUE(delegate.ok()) << delegate.status().message();
  if (!delegate.ok())
    return false;
  const Status status = run(**delegate, arguments);
  EXPECT_TRUE(status.ok()) << status.message();
  return status.ok();
}

// Numbers for tests; the same in every run.
class Random {
public:
  explicit Random(uint32_t seed) : engine_(seed) {}

  uint32_t pick(uint32_t low, uint32_t high) {
    return std::uniform_int_distribution<uint32_t>(low, high)(engine_);
  }
  float real(float low, float high) { return std::uniform_real_distribution<float>(low, high)(engine_); }
  std::vector<float> reals(size_t n, float low = -1.0f, float high = 1.0f) {
    std::vector<float> numbers(n);
    for (float &number : numbers)
      number = real(low, high);
    return numbers;
  }
  std::vector<int8_t> bytes(size_t n, int low = -128, int high = 127) {
    std::vector<int8_t> numbers(n);
    for (int8_t &number : numbers)
      number = static_cast<int8_t>(std::uniform_int_distribution<int>(low, high)(engine_));
    return numbers;
  }
  Dims dims(size_t rank, uint32_t largest) {
    Dims dims(rank);
    for (uint32_t &size : dims)
      size = pick(1, largest);
    return dims;
  }

private:
  std::mt19937 engine_;
};

// Each number within `relative` of the larger magnitude, or `absolute`.
inline void expect_close(const std::vector<float> &got, const std::vector<float> &expected,
                         float relative = 1e-4f, float absolute = 1e-5f) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got[i], expected[i], std::max(absolute, relative * std::fabs(expected[i]))) << "at " << i;
}

} // namespace xnnir::test
