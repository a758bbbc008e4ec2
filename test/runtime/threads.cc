// Programs used from several threads: one method each, whatever else the others load, run and destroy. What
// ThreadSanitizer says of this is part of the test.
#include <atomic>
#include <thread>

#include "delegate_samples.h"
#include "program_samples.h"

namespace xnnir::test {
namespace {

constexpr int kThreads = 4;
constexpr int kRuns = 20;

// A delegate with weights, then kernels that split their work over the pool.
std::vector<uint8_t> make_file() {
  BlobBuilder blob(Constants::kBehindFlatbuffer);
  make_sample(blob);
  const std::vector<uint8_t> bytes = blob.finish();
  ProgramBuilder builder;
  builder.constant(bytes.data(), bytes.size());
  builder.delegate("XnnpackBackend", 0);
  builder.arenas = {0, 16 + (1 << 20)};
  const int32_t x = builder.tensor({{1, 4, 4, 3}});
  const int32_t extra = builder.tensor({{1, 2, 2, 4}});
  const int32_t large = builder.tensor({{512, 512}, {}, 6, 0, 16});
  const int32_t image = builder.tensor({{512, 512}});
  const int32_t y = builder.tensor({{1, 3}, {}, 6, 0, 0});
  const int32_t one = builder.integer(1);
  const int32_t order = builder.int_list({1, 0});
  const int32_t turned = builder.tensor({{512, 512}});
  builder.delegate_call(0, {x, extra, y});
  builder.kernel_call("aten::add", "out", {image, image, one, large, large});
  builder.kernel_call("aten::permute_copy", "out", {large, order, turned, turned});
  builder.inputs = {x, extra, image};
  builder.outputs = {y, turned};
  return builder.build();
}

struct Inputs {
  explicit Inputs(float number) : x(48, number), extra(16, 1.0f), image(512 * 512, number) {
    image[1] = 7.0f;
  }
  std::vector<float> x;
  std::vector<float> extra;
  std::vector<float> image;
};

// Status of one run, whose outputs go to `outputs`.
Status run(Method &method, Inputs &inputs, std::vector<float> &outputs) {
  XNNIR_RETURN_IF_ERROR(method.set_input(0, over(inputs.x, {1, 4, 4, 3})));
  XNNIR_RETURN_IF_ERROR(method.set_input(1, over(inputs.extra, {1, 2, 2, 4})));
  XNNIR_RETURN_IF_ERROR(method.set_input(2, over(inputs.image, {512, 512})));
  XNNIR_RETURN_IF_ERROR(method.execute());
  outputs = floats(method.output(0));
  const std::vector<float> turned = floats(method.output(1));
  outputs.insert(outputs.end(), turned.begin(), turned.end());
  return {};
}

Program load_with_threads(const std::vector<uint8_t> &file, size_t threads) {
  ProgramOptions options;
  options.num_threads = threads;
  Result<Program> program = Program::load_buffer(Span<const uint8_t>(file), nullptr, options);
  EXPECT_TRUE(program.ok()) << program.status().message();
  return *program;
}

template <typename Body> void on_threads(Body body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back(body, t);
  for (std::thread &thread : threads)
    thread.join();
}

class Threads : public testing::TestWithParam<size_t> {};

// What each thread has to get, from a run by itself.
std::vector<float> expected_of(const Program &program, int thread) {
  Result<Method> method = program.load_method("forward");
  EXPECT_TRUE(method.ok()) << method.status().message();
  Inputs inputs(0.25f * static_cast<float>(thread));
  std::vector<float> outputs;
  EXPECT_TRUE(run(*method, inputs, outputs).ok());
  return outputs;
}

TEST_P(Threads, OneProgramAMethodEach) {
  const std::vector<uint8_t> file = make_file();
  const Program program = load_with_threads(file, GetParam());
  std::vector<std::vector<float>> expected;
  for (int t = 0; t < kThreads; ++t)
    expected.push_back(expected_of(program, t));
  std::atomic<int> good = 0;
  on_threads([&](int t) {
    Result<Method> method = program.load_method("forward");
    Inputs inputs(0.25f * static_cast<float>(t));
    std::vector<float> outputs;
    for (int i = 0; i < kRuns && method.ok(); ++i)
      good += run(*method, inputs, outputs).ok() && outputs == expected[static_cast<size_t>(t)];
  });
  EXPECT_EQ(good, kThreads * kRuns);
}

TEST_P(Threads, LoadAndDestroyWhileOthersRun) {
  const std::vector<uint8_t> file = make_file();
  const std::vector<float> expected = expected_of(load_with_threads(file, GetParam()), 1);
  std::atomic<int> good = 0;
  on_threads([&](int t) {
    Inputs inputs(0.25f);
    std::vector<float> outputs;
    for (int i = 0; i < kRuns; ++i) {
      // Other numbers of threads make and end pools of their own.
      const Program program = load_with_threads(file, GetParam() + static_cast<size_t>((t + i) % 2));
      Result<Method> method = program.load_method("forward");
      Result<MethodMeta> meta = program.metadata("forward");
      good += method.ok() && meta.ok() && run(*method, inputs, outputs).ok() && outputs == expected;
    }
  });
  EXPECT_EQ(good, kThreads * kRuns);
}

// The last method to go takes the program, and its pool, with it.
TEST_P(Threads, MethodsOutliveTheirProgramOnOtherThreads) {
  const std::vector<uint8_t> file = make_file();
  const std::vector<float> expected = expected_of(load_with_threads(file, GetParam()), 1);
  std::vector<Method> methods;
  {
    const Program program = load_with_threads(file, GetParam());
    for (int t = 0; t < kThreads; ++t) {
      Result<Method> method = program.load_method("forward");
      ASSERT_TRUE(method.ok());
      methods.push_back(std::move(*method));
    }
  }
  std::atomic<int> good = 0;
  on_threads([&](int t) {
    Method method = std::move(methods[static_cast<size_t>(t)]);
    Inputs inputs(0.25f);
    std::vector<float> outputs;
    good += run(method, inputs, outputs).ok() && outputs == expected;
  });
  EXPECT_EQ(good, kThreads);
}

INSTANTIATE_TEST_SUITE_P(, Threads, testing::Values(1, 2));

} // namespace
} // namespace xnnir::test
