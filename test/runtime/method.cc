// Methods: instructions, inputs and outputs in the caller's memory, and calls that do not fit.
#include <gmock/gmock.h>

#include "guarded_pages.h"
#include "program_builder.h"
#include "xnnir/backend.h"
#include "xnnir/kernel.h"
#include "xnnir/module.h"

namespace xnnir::test {

namespace {

using testing::HasSubstr;

// Kernels that tests can tell apart: out = self + 1, and self += 1 in place.
Status add_one(KernelContext &, Span<Value *> args) {
  const Tensor &self = std::get<Tensor>(*args[0]);
  Tensor &out = std::get<Tensor>(*args[1]);
  XNNIR_RETURN_IF_ERROR(out.resize(self.sizes()));
  for (size_t i = 0; i < self.numel(); ++i)
    out.data_as<float>()[i] = self.data_as<float>()[i] + 1;
  return {};
}
Status add_one_in_place(KernelContext &, Span<Value *> args) {
  Tensor &self = std::get<Tensor>(*args[0]);
  if (self.read_only())
    return make_status(StatusCode::kInvalidProgram, "self must not be written");
  for (size_t i = 0; i < self.numel(); ++i)
    self.data_as<float>()[i] += 1;
  return {};
}
Status fail(KernelContext &, Span<Value *>) { return make_status(StatusCode::kInternal, "it broke"); }
const KernelRegistration kAddOne("test::add_one.out", add_one);
const KernelRegistration kAddOneInPlace("test::add_one_.out", add_one_in_place);
const KernelRegistration kFail("test::fail.out", fail);

// One kernel from an input to an output; both planned or neither.
std::vector<uint8_t> add_one_file(bool planned, int8_t dynamism = 0) {
  ProgramBuilder builder;
  builder.arenas = {0, 64};
  TensorSpec spec{{2, 3}, {}, 6, dynamism};
  spec.offset = planned ? std::optional<uint64_t>(0) : std::nullopt;
  const int32_t input = builder.tensor(spec);
  spec.offset = planned ? std::optional<uint64_t>(32) : std::nullopt;
  const int32_t output = builder.tensor(spec);
  builder.kernel_call("test::add_one", "out", {input, output, output});
  builder.inputs = {input};
  builder.outputs = {output};
  return builder.build();
}

std::string error(const Status &status) {
  EXPECT_FALSE(status.ok());
  return status.message();
}

TEST(Method, ReadsInputsAndWritesOutputsInPlace) {
  for (const bool planned : {false, true}) {
    const std::vector<uint8_t> file = add_one_file(planned);
    Method method = load_forward(file);
    EXPECT_EQ(method.metadata().inputs[0].tensor.is_memory_planned, planned);
    std::vector<float> input = {1, 2, 3, 4, 5, 6};
    std::vector<float> output(6);
    ASSERT_TRUE(method.set_input(0, over(input, {2, 3})).ok());
    ASSERT_TRUE(method.set_output(0, output.data(), 24, 128).ok());
    ASSERT_TRUE(method.execute().ok());
    EXPECT_EQ(output, (std::vector<float>{2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(std::get<Tensor>(method.output(0)).data(), output.data());
    // The pointer was kept, not the bytes.
    input[0] = 10;
    ASSERT_TRUE(method.execute().ok());
    EXPECT_EQ(output[0], 11);
    // Back to the method's own memory.
    ASSERT_TRUE(method.set_output(0, nullptr, 0).ok());
    input[0] = 20;
    ASSERT_TRUE(method.execute().ok());
    EXPECT_EQ(output[0], 11);
    EXPECT_EQ(floats(method.output(0))[0], 21);
  }
}

// The planned view of the input has the input's place, and no instruction makes it: the input must be copied
// there.
TEST(Method, ElidedViewOfAnInput) {
  ProgramBuilder builder;
  builder.arenas = {0, 64};
  const int32_t input = builder.tensor({{2, 3}, {}, 6, 0, 0});
  const int32_t view = builder.tensor({{6}, {}, 6, 0, 0});
  const int32_t output = builder.tensor({{6}, {}, 6, 0, 32});
  builder.kernel_call("test::add_one", "out", {view, output, output});
  builder.inputs = {input};
  builder.outputs = {output};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  std::vector<float> data = {1, 2, 3, 4, 5, 6};
  ASSERT_TRUE(method.set_input(0, over(data, {2, 3})).ok());
  ASSERT_TRUE(method.execute().ok());
  EXPECT_EQ(floats(method.output(0)), (std::vector<float>{2, 3, 4, 5, 6, 7}));
}

// The input's place is used again, so its copy is gone when the method runs a second time.
TEST(Method, CopiedInputsStayForTheNextRun) {
  ProgramBuilder builder;
  builder.arenas = {0, 64};
  const int32_t input = builder.tensor({{2, 3}, {}, 6, 0, 0});
  const int32_t view = builder.tensor({{6}, {}, 6, 0, 0});
  const int32_t middle = builder.tensor({{6}, {}, 6, 0, 32});
  const int32_t last = builder.tensor({{6}, {}, 6, 0, 0});
  builder.kernel_call("test::add_one", "out", {view, middle, middle});
  builder.kernel_call("test::add_one", "out", {middle, last, last});
  builder.inputs = {input};
  builder.outputs = {last};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  std::vector<float> data = {1, 2, 3, 4, 5, 6};
  ASSERT_TRUE(method.set_input(0, over(data, {2, 3})).ok());
  for (int run = 0; run < 3; ++run) {
    ASSERT_TRUE(method.execute().ok());
    EXPECT_EQ(floats(method.output(0)), (std::vector<float>{3, 4, 5, 6, 7, 8})) << run;
  }
}

// The other way round: the output is a view of what the kernel wrote, and both are outputs.
TEST(Method, ElidedViewAsOutput) {
  ProgramBuilder builder;
  builder.arenas = {0, 64};
  const int32_t input = builder.tensor({{2, 3}, {}, 6, 0, 0});
  const int32_t written = builder.tensor({{2, 3}, {}, 6, 0, 32});
  const int32_t view = builder.tensor({{6}, {}, 6, 0, 32});
  builder.kernel_call("test::add_one", "out", {input, written, written});
  builder.inputs = {input};
  builder.outputs = {view, written, written};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  std::vector<float> data = {1, 2, 3, 4, 5, 6};
  std::vector<float> outputs[3] = {std::vector<float>(6), std::vector<float>(6), std::vector<float>(6)};
  ASSERT_TRUE(method.set_input(0, over(data, {2, 3})).ok());
  for (size_t i = 0; i < 3; ++i)
    ASSERT_TRUE(method.set_output(i, outputs[i].data(), 24).ok());
  ASSERT_TRUE(method.execute().ok());
  for (const std::vector<float> &output : outputs)
    EXPECT_EQ(output, (std::vector<float>{2, 3, 4, 5, 6, 7}));
}

// Memory that is used again later is no view: the input may stay with the caller, and must not be
// overwritten.
TEST(Method, PlaceUsedAgain) {
  ProgramBuilder builder;
  builder.arenas = {0, 64};
  const int32_t input = builder.tensor({{2, 3}, {}, 6, 0, 0});
  const int32_t middle = builder.tensor({{2, 3}, {}, 6, 0, 32});
  const int32_t output = builder.tensor({{2, 3}, {}, 6, 0, 0});
  builder.kernel_call("test::add_one", "out", {input, middle, middle});
  builder.kernel_call("test::add_one", "out", {middle, output, output});
  builder.inputs = {input};
  builder.outputs = {output};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  std::vector<float> data = {1, 2, 3, 4, 5, 6};
  ASSERT_TRUE(method.set_input(0, over(data, {2, 3})).ok());
  for (int run = 0; run < 2; ++run) {
    ASSERT_TRUE(method.execute().ok());
    EXPECT_EQ(floats(method.output(0)), (std::vector<float>{3, 4, 5, 6, 7, 8}));
  }
  EXPECT_EQ(data[0], 1);
}

TEST(Method, InputThatIsWrittenStaysTheCallers) {
  for (const bool planned : {false, true}) {
    ProgramBuilder builder;
    builder.arenas = {0, 64};
    TensorSpec spec{{2}};
    spec.offset = planned ? std::optional<uint64_t>(0) : std::nullopt;
    const int32_t input = builder.tensor(spec);
    builder.kernel_call("test::add_one_", "out", {input, input});
    builder.inputs = {input};
    builder.outputs = {input};
    const std::vector<uint8_t> file = builder.build();
    Method method = load_forward(file);
    std::vector<float> data = {1, 2};
    std::vector<float> output(2);
    ASSERT_TRUE(method.set_input(0, over(data, {2})).ok());
    ASSERT_TRUE(method.set_output(0, output.data(), 8).ok());
    const Status status = method.execute();
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(output, (std::vector<float>{2, 3}));
    EXPECT_EQ(data, (std::vector<float>{1, 2}));
  }
}

TEST(Method, InitialStateIsKeptBetweenRuns) {
  ProgramBuilder builder;
  builder.arenas = {0, 64};
  const float start[] = {5, 6};
  const int32_t state = builder.tensor({{2}, {}, 6, 0, 0, 1, builder.initial_state(start, sizeof(start))});
  builder.kernel_call("test::add_one_", "out", {state, state});
  builder.outputs = {state};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  ASSERT_TRUE(method.execute().ok());
  ASSERT_TRUE(method.execute().ok());
  EXPECT_EQ(floats(method.output(0)), (std::vector<float>{7, 8}));
  // Another load starts anew: the file has not changed.
  Method again = load_forward(file);
  ASSERT_TRUE(again.execute().ok());
  EXPECT_EQ(floats(again.output(0)), (std::vector<float>{6, 7}));
}

TEST(Method, ConstantsAreNotWritten) {
  ProgramBuilder builder;
  builder.arenas = {0, 16};
  const float numbers[] = {1, 2};
  const int32_t constant =
      builder.tensor({{2}, {}, 6, 0, std::nullopt, 1, builder.constant(numbers, sizeof(numbers))});
  const int32_t size = builder.int_list({2});
  const int32_t input = builder.tensor({{2}, {}, 6, 0, 0});
  builder.kernel_call("aten::view_copy", "out", {input, size, constant, constant});
  builder.outputs = {constant};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  const Status status = method.execute();
  EXPECT_EQ(status.code(), StatusCode::kInvalidProgram);
  EXPECT_THAT(error(status), HasSubstr("out is a constant or an input, which must not be written"));
}

// if (condition) out = x + 1 else out = x, by jumps, and the same in two chains.
TEST(Method, JumpsMovesAndFrees) {
  for (const bool condition : {true, false}) {
    ProgramBuilder builder;
    builder.arenas = {0, 64};
    const int32_t input = builder.tensor({{1}});
    const int32_t flag = builder.boolean(condition);
    const int32_t never = builder.boolean(false);
    const int32_t sum = builder.tensor({{1}, {}, 6, 0, 0});
    const int32_t output = builder.tensor({{1}});
    builder.next_chain();
    builder.jump_false(flag, 4);
    builder.kernel_call("test::add_one", "out", {input, sum, sum});
    builder.move(sum, output);
    builder.jump_false(never, 5);
    builder.move(input, output);
    builder.free(sum);
    builder.inputs = {input};
    builder.outputs = {output};
    const std::vector<uint8_t> file = builder.build();
    MethodOptions options;
    options.profile = true;
    Method method = load_forward(file, options);
    std::vector<float> data = {41};
    std::vector<float> result(1);
    ASSERT_TRUE(method.set_input(0, over(data, {1})).ok());
    ASSERT_TRUE(method.set_output(0, result.data(), 4).ok());
    const Status status = method.execute();
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(result[0], condition ? 42 : 41);
    EXPECT_EQ(method.profile_events().back().name, "free");
  }
}

TEST(Method, DynamicShapes) {
  const std::vector<uint8_t> file = add_one_file(true, 1);
  Method method = load_forward(file);
  std::vector<float> data = {1, 2, 3, 4, 5, 6};
  for (const std::vector<int32_t> &sizes :
       std::vector<std::vector<int32_t>>{{1, 2}, {2, 3}, {2, 1}, {0, 3}}) {
    ASSERT_TRUE(method.set_input(0, over(data, sizes)).ok());
    ASSERT_TRUE(method.execute().ok());
    const Tensor &output = std::get<Tensor>(method.output(0));
    EXPECT_EQ(std::vector<int32_t>(output.sizes().begin(), output.sizes().end()), sizes);
  }
  EXPECT_THAT(error(method.set_input(0, over(data, {3, 2}))),
              HasSubstr("input 0 has shape [3, 2], expected at most [2, 3]"));
}

TEST(Method, RefusesCallsThatDoNotFit) {
  const std::vector<uint8_t> file = add_one_file(true);
  Method method = load_forward(file);
  EXPECT_THAT(error(method.execute()), HasSubstr("input 0 of method 'forward' is not set"));
  std::vector<float> data(6);
  std::vector<int32_t> ints(6);
  EXPECT_THAT(error(method.set_input(1, over(data, {2, 3}))), HasSubstr("input 1 does not exist"));
  EXPECT_THAT(error(method.set_input(0, over(ints, {2, 3}, ScalarType::kInt))),
              HasSubstr("input 0 has dtype int32, expected float32"));
  EXPECT_THAT(error(method.set_input(0, over(data, {6}))),
              HasSubstr("input 0 has shape [6] of rank 1, expected rank 2"));
  EXPECT_THAT(error(method.set_input(0, over(data, {3, 2}))), HasSubstr("has shape [3, 2], expected [2, 3]"));
  EXPECT_THAT(error(method.set_input(0, over(data, {2, 3}, ScalarType::kFloat, {1, 0}))),
              HasSubstr("input 0 has dim_order [1, 0], expected [0, 1]"));
  EXPECT_THAT(error(method.set_input(0, int64_t{3})), HasSubstr("input 0 is of kind int, expected tensor"));
  EXPECT_THAT(error(method.set_inputs({})), HasSubstr("0 inputs were given, but method 'forward' takes 1"));
  EXPECT_THAT(error(method.set_output(0, data.data(), 20)),
              HasSubstr("output 0 was given 20 bytes, expected at least 24"));
  EXPECT_THAT(error(method.set_output(4, data.data(), 24)), HasSubstr("output 4 does not exist"));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(method.output(9)));
}

TEST(Method, NumbersAreFixed) {
  ProgramBuilder builder;
  builder.inputs = {builder.integer(3), builder.boolean(true), builder.real(0.5), builder.none()};
  builder.outputs = {builder.inputs[0]};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  EXPECT_TRUE(method.set_inputs(std::vector<Value>{int64_t{3}, true, 0.5, std::monostate()}).ok());
  EXPECT_THAT(error(method.set_input(0, int64_t{4})),
              HasSubstr("input 0 is 4, but the method was exported with 3"));
  EXPECT_THAT(error(method.set_input(1, false)),
              HasSubstr("input 1 is false, but the method was exported with true"));
  ASSERT_TRUE(method.execute().ok());
  EXPECT_EQ(std::get<int64_t>(method.output(0)), 3);
}

TEST(Method, NamesWhatIsMissing) {
  ProgramBuilder builder;
  builder.kernel_call("my::first", "out", {});
  builder.kernel_call("my::second", "", {});
  builder.kernel_call("test::fail", "out", {});
  const std::vector<uint8_t> file = builder.build();
  Result<Program> program = load(file);
  ASSERT_TRUE(program.ok());
  const Status status = program->load_method("forward").status();
  EXPECT_EQ(status.code(), StatusCode::kOperatorMissing);
  EXPECT_THAT(error(status),
              HasSubstr("needs 2 operators that no linked library has, of 3 that it uses: my::first.out, "
                        "my::second;"));
  const Status unknown = program->load_method("backward").status();
  EXPECT_EQ(unknown.code(), StatusCode::kNotFound);
  EXPECT_EQ(unknown.message(), "the program has no method 'backward' (it has: forward)");

  ProgramBuilder delegated;
  delegated.delegate("SomeBackend", 0);
  const std::vector<uint8_t> delegated_file = delegated.build();
  const Status backend = load(delegated_file)->load_method("forward").status();
  EXPECT_EQ(backend.code(), StatusCode::kNotFound);
  EXPECT_THAT(error(backend), HasSubstr("needs backend 'SomeBackend', which is not registered"));
}

TEST(Method, SaysWhichInstructionFailed) {
  ProgramBuilder builder;
  builder.kernel_call("test::fail", "out", {});
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  const Status status = method.execute();
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_EQ(status.message(), "instruction 0 (test::fail.out): it broke");
}

// A program's bytes may stand just before memory that is not mapped.
TEST(Method, BufferAtTheEndOfAPage) {
  const std::vector<uint8_t> file = add_one_file(true);
  const GuardedPages pages(file.size());
  ASSERT_TRUE(pages.ok());
  uint8_t *start = pages.last(file.size());
  std::memcpy(start, file.data(), file.size());
  Result<Program> program = Program::load_buffer(Span<const uint8_t>(start, file.size()), nullptr);
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_TRUE(program->load_method("forward").ok());
}

TEST(Method, ProgramOutlivesItsHandle) {
  auto file = std::make_shared<std::vector<uint8_t>>(add_one_file(false));
  const std::weak_ptr<std::vector<uint8_t>> watch = file;
  {
    Result<Method> method = Program::load_buffer(Span<const uint8_t>(*file), file)->load_method("forward");
    file.reset();
    ASSERT_TRUE(method.ok());
    std::vector<float> data(6);
    ASSERT_TRUE(method->set_input(0, over(data, {2, 3})).ok());
    EXPECT_TRUE(method->execute().ok());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Module, ForwardGivesTensorsThatOwnTheirMemory) {
  const std::vector<uint8_t> file = add_one_file(true);
  const std::string path = testing::TempDir() + "xnnir_module_test.pte";
  std::FILE *out = std::fopen(path.c_str(), "wb");
  ASSERT_EQ(std::fwrite(file.data(), 1, file.size(), out), file.size());
  std::fclose(out);

  Result<Module> module = Module::load(path);
  ASSERT_TRUE(module.ok()) << module.status().message();
  std::vector<float> data = {1, 2, 3, 4, 5, 6};
  auto first = module->forward({TensorView(data.data(), {2, 3})});
  ASSERT_TRUE(first.ok()) << first.status().message();
  data[0] = 9;
  auto second = module->forward({TensorView(data.data(), {2, 3})});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*first)[0].data<float>()[0], 2);
  EXPECT_EQ((*second)[0].data<float>()[0], 10);
  EXPECT_EQ((*first)[0].data<int32_t>(), nullptr);
  EXPECT_THAT(error(module->forward({TensorView(data.data(), {-2, 3})}).status()),
              HasSubstr("input 0: sizes[0] is -2"));
  EXPECT_THAT(error(module->execute("nope", std::vector<TensorView>()).status()),
              HasSubstr("no method 'nope'"));
  std::remove(path.c_str());
}

} // namespace

} // namespace xnnir::test
