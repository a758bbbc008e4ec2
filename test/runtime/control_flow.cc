// Methods with loops, branches, and tensors whose sizes nothing bounds.
#include <gmock/gmock.h>

#include "program_builder.h"
#include "xnnir/kernel.h"
#include "xnnir/module.h"

namespace xnnir::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// out = the numbers 0, 1, … below `count`, of any count.
Status iota(KernelContext &, Span<Value *> args) {
  const auto count = static_cast<int32_t>(std::get<int64_t>(*args[0]));
  Tensor &out = std::get<Tensor>(*args[1]);
  XNNIR_RETURN_IF_ERROR(out.resize(Span<const int32_t>(&count, 1)));
  for (int32_t i = 0; i < count; ++i)
    out.data_as<float>()[i] = static_cast<float>(i);
  return {};
}

// out = self + 1
Status plus_one(KernelContext &, Span<Value *> args) {
  const Tensor &self = std::get<Tensor>(*args[0]);
  Tensor &out = std::get<Tensor>(*args[1]);
  XNNIR_RETURN_IF_ERROR(out.resize(self.sizes()));
  for (size_t i = 0; i < self.numel(); ++i)
    out.data_as<float>()[i] = self.data_as<float>()[i] + 1;
  return {};
}

const KernelRegistration kIota("test::iota", iota);
const KernelRegistration kPlusOne("test::plus_one", plus_one);

constexpr int8_t kFloat = static_cast<int8_t>(ScalarType::kFloat);
constexpr int8_t kBound = static_cast<int8_t>(ShapeDynamism::kDynamicBound);
constexpr int8_t kUnbound = static_cast<int8_t>(ShapeDynamism::kDynamicUnbound);

Status run(Method &method) {
  Status status = method.execute();
  EXPECT_TRUE(status.ok()) << status.message();
  return status;
}

// torch.map(lambda row: row + 1, input) as ExecuTorch emits it: a loop over rows, stacked by et_copy_index.
// The counter is reset by no instruction.
struct MapProgram {
  MapProgram() {
    builder.arenas = {0, 256};
    const int32_t input = builder.tensor({{4, 2}, {}, kFloat, kBound, 0});
    const int32_t row = builder.tensor({{2}, {}, kFloat, 0, 64});
    const int32_t sum = builder.tensor({{2}, {}, kFloat, 0, 128});
    const int32_t output = builder.tensor({{4, 2}, {}, kFloat, kBound, 192});
    const int32_t zero = builder.integer(0);
    const int32_t one = builder.integer(1);
    const int32_t index = builder.integer(0);
    const int32_t rows = builder.integer(0);
    const int32_t done = builder.boolean(false);
    builder.kernel_call("aten::sym_size", "int", {input, zero, rows});
    builder.kernel_call("aten::select_copy", "int_out", {input, zero, index, row, row});
    builder.kernel_call("test::plus_one", "", {row, sum, sum});
    builder.kernel_call("executorch_prim::et_copy_index", "tensor", {output, sum, index});
    builder.kernel_call("executorch_prim::add", "Scalar", {index, one, index});
    builder.kernel_call("executorch_prim::eq", "Scalar", {index, rows, done});
    builder.jump_false(done, 1);
    builder.inputs = {input};
    builder.outputs = {output, index};
  }
  ProgramBuilder builder;
};

TEST(ControlFlow, LoopsOverRows) {
  MapProgram program;
  const std::vector<uint8_t> file = program.builder.build();
  Method method = load_forward(file);
  std::vector<float> data = {1, 2, 3, 4, 5, 6, 7, 8};
  for (const int32_t rows : {4, 1, 3}) {
    ASSERT_TRUE(method.set_input(0, over(data, {rows, 2})).ok());
    // Each run starts anew: the counter too, though nothing in the file resets it.
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(run(method).ok());
      std::vector<float> expected(data.begin(), data.begin() + 2 * rows);
      for (float &number : expected)
        number += 1;
      EXPECT_EQ(floats(method.output(0)), expected);
      EXPECT_EQ(std::get<int64_t>(method.output(1)), rows);
    }
  }
}

TEST(ControlFlow, ProfilesLoopsByInstruction) {
  MapProgram program;
  const std::vector<uint8_t> file = program.builder.build();
  MethodOptions options;
  options.profile = true;
  Method method = load_forward(file, options);
  std::vector<float> data = {1, 2, 3, 4, 5, 6, 7, 8};
  ASSERT_TRUE(method.set_input(0, over(data, {4, 2})).ok());
  ASSERT_TRUE(run(method).ok());
  std::vector<int32_t> instructions;
  for (const ProfileEvent &event : method.profile_events())
    instructions.push_back(event.instruction);
  EXPECT_THAT(instructions, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(ControlFlow, StopsLoopsThatDoNotEnd) {
  MapProgram program;
  const std::vector<uint8_t> file = program.builder.build();
  std::vector<float> data = {1, 2, 3, 4, 5, 6, 7, 8};
  // One instruction before the loop, six in each of four rounds.
  for (const uint64_t limit : {25, 24, 0}) {
    MethodOptions options;
    options.max_instructions = limit;
    Method method = load_forward(file, options);
    ASSERT_TRUE(method.set_input(0, over(data, {4, 2})).ok());
    const Status status = method.execute();
    EXPECT_EQ(status.ok(), limit == 25);
    if (limit == 25)
      continue;
    EXPECT_EQ(status.code(), StatusCode::kOutOfResources);
    EXPECT_THAT(status.message(), HasSubstr("has run " + std::to_string(limit) + " instructions"));
    // A run with fewer rounds still works: the one that failed has left nothing behind.
    if (limit == 24) {
      ASSERT_TRUE(method.set_input(0, over(data, {1, 2})).ok());
      ASSERT_TRUE(run(method).ok());
      EXPECT_EQ(floats(method.output(0)), (std::vector<float>{2, 3}));
    }
  }

  ProgramBuilder forever;
  forever.jump_false(forever.boolean(false), 0);
  const std::vector<uint8_t> forever_file = forever.build();
  EXPECT_EQ(load_forward(forever_file).execute().code(), StatusCode::kOutOfResources);
}

// Sizes come from data: the tensors have no place in an arena, and the file frees one of them.
TEST(ControlFlow, TensorsWithoutABound) {
  ProgramBuilder builder;
  const int32_t count = builder.integer(0);
  const int32_t input = builder.tensor({{}, {}, static_cast<int8_t>(ScalarType::kLong)});
  const int32_t numbers = builder.tensor({{1}, {}, kFloat, kUnbound});
  const int32_t sums = builder.tensor({{1}, {}, kFloat, kUnbound});
  const int32_t length = builder.integer(0);
  builder.kernel_call("aten::_local_scalar_dense", "", {input, count});
  builder.kernel_call("test::iota", "", {count, numbers, numbers});
  builder.kernel_call("test::plus_one", "", {numbers, sums, sums});
  builder.free(numbers);
  builder.kernel_call("aten::sym_numel", "", {numbers, length});
  builder.inputs = {input};
  builder.outputs = {sums, length};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  std::vector<float> room(5000);
  for (const int64_t size : {3, 0, 5000, 1}) {
    std::vector<int64_t> data = {size};
    ASSERT_TRUE(method.set_input(0, over(data, {}, ScalarType::kLong)).ok());
    ASSERT_TRUE(method.set_output(0, room.data(), 4 * room.size()).ok());
    ASSERT_TRUE(run(method).ok());
    std::vector<float> expected;
    for (int64_t i = 0; i < size; ++i)
      expected.push_back(static_cast<float>(i + 1));
    EXPECT_EQ(floats(method.output(0)), expected);
    EXPECT_EQ(std::vector<float>(room.begin(), room.begin() + size), expected);
    EXPECT_EQ(std::get<int64_t>(method.output(1)), 0);
  }
  std::vector<int64_t> data = {3};
  ASSERT_TRUE(method.set_input(0, over(data, {}, ScalarType::kLong)).ok());
  ASSERT_TRUE(method.set_output(0, room.data(), 8).ok());
  EXPECT_THAT(method.execute().message(), HasSubstr("output 0 needs 12 bytes, but was given 8"));
}

// A copy of the value keeps memory that its source gives up or exchanges for more.
TEST(ControlFlow, MovedTensorKeepsItsMemory) {
  ProgramBuilder builder;
  const int32_t few = builder.integer(3);
  const int32_t many = builder.integer(100000);
  const int32_t numbers = builder.tensor({{1}, {}, kFloat, kUnbound});
  const int32_t kept = builder.tensor({{1}, {}, kFloat, kUnbound});
  const int32_t view = builder.tensor({{1, 3}, {}, kFloat, kUnbound});
  builder.kernel_call("test::iota", "", {few, numbers, numbers});
  builder.move(numbers, kept);
  builder.kernel_call("executorch_prim::et_view", "default", {numbers, builder.int_list({1, 3}), view});
  builder.kernel_call("test::iota", "", {many, numbers, numbers});
  builder.free(numbers);
  builder.outputs = {kept, view};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(run(method).ok());
    EXPECT_EQ(floats(method.output(0)), (std::vector<float>{0, 1, 2}));
    EXPECT_EQ(floats(method.output(1)), (std::vector<float>{0, 1, 2}));
  }
}

// What a move or a view put into a slot in one run is not there in the next: it may be an input's memory that
// the caller has freed since.
TEST(ControlFlow, RunsBeginWithTheFilesValues) {
  ProgramBuilder builder;
  builder.arenas = {0, 64};
  const int32_t input = builder.tensor({{2}});
  const int32_t moved = builder.tensor({{2}, {}, kFloat, 0, 0});
  const int32_t view = builder.tensor({{2}, {}, kFloat, 0, 16});
  const int32_t outputs[] = {builder.tensor({{2}, {}, kFloat, 0, 32}),
                             builder.tensor({{2}, {}, kFloat, 0, 48})};
  builder.kernel_call("test::plus_one", "", {moved, outputs[0], outputs[0]});
  builder.kernel_call("test::plus_one", "", {view, outputs[1], outputs[1]});
  builder.kernel_call("executorch_prim::et_view", "default", {input, builder.int_list({2}), view});
  builder.move(input, moved);
  builder.inputs = {input};
  builder.outputs = {outputs[0], outputs[1]};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  for (int i = 0; i < 3; ++i) {
    auto data = std::make_unique<std::vector<float>>(2, 7.0f);
    ASSERT_TRUE(method.set_input(0, over(*data, {2})).ok());
    if (i == 1)
      ASSERT_TRUE(run(method).ok());
    ASSERT_TRUE(run(method).ok());
    EXPECT_EQ(floats(method.output(0)), (std::vector<float>{1, 1}));
    EXPECT_EQ(floats(method.output(1)), (std::vector<float>{1, 1}));
  }
}

// An instruction that replaces an input does so for one run.
TEST(ControlFlow, InputsStaySet) {
  ProgramBuilder builder;
  builder.arenas = {0, 64};
  const int32_t input = builder.tensor({{2}});
  const int32_t sum = builder.tensor({{2}, {}, kFloat, 0, 0});
  const int32_t output = builder.tensor({{2}, {}, kFloat, 0, 32});
  builder.kernel_call("test::plus_one", "", {input, sum, sum});
  builder.move(sum, input);
  builder.kernel_call("test::plus_one", "", {input, output, output});
  builder.inputs = {input};
  builder.outputs = {output};
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  std::vector<float> data = {1, 2};
  ASSERT_TRUE(method.set_input(0, over(data, {2})).ok());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(run(method).ok());
    EXPECT_EQ(floats(method.output(0)), (std::vector<float>{3, 4}));
  }
}

TEST(ControlFlow, ModuleGivesOutputsWithoutABound) {
  ProgramBuilder builder;
  const int32_t count = builder.integer(1000);
  const int32_t numbers = builder.tensor({{1}, {}, kFloat, kUnbound});
  builder.kernel_call("test::iota", "", {count, numbers, numbers});
  builder.outputs = {numbers};
  const std::vector<uint8_t> file = builder.build();
  const std::string path = testing::TempDir() + "xnnir_unbounded_test.pte";
  std::FILE *out = std::fopen(path.c_str(), "wb");
  ASSERT_EQ(std::fwrite(file.data(), 1, file.size(), out), file.size());
  std::fclose(out);
  Result<Module> module = Module::load(path);
  ASSERT_TRUE(module.ok()) << module.status().message();
  auto outputs = module->forward({});
  ASSERT_TRUE(outputs.ok()) << outputs.status().message();
  ASSERT_EQ((*outputs)[0].tensor()->numel(), 1000u);
  EXPECT_EQ((*outputs)[0].data<float>()[999], 999);
  std::remove(path.c_str());
}

} // namespace

} // namespace xnnir::test
