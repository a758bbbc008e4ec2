// Files that are wrong are refused, with the field named, and never crash.
#include <functional>
#include <random>

#include <gmock/gmock.h>

#include "program_samples.h"

namespace xnnir::test {

namespace {

using testing::HasSubstr;

std::vector<uint8_t> good_file() {
  ProgramBuilder builder;
  fill(builder);
  return builder.build();
}

// Runs whatever loads: a file may be damaged where nobody can tell, and then must at least not crash.
void exercise(const std::vector<uint8_t> &file) {
  Result<Program> program = load(file);
  if (!program.ok()) {
    EXPECT_NE(program.status().message(), "");
    return;
  }
  for (const std::string &name : program->method_names()) {
    Result<Method> method = program->load_method(name);
    if (!method.ok())
      continue;
    std::vector<float> data(64, 1.0f);
    for (size_t i = 0; i < method->metadata().inputs.size(); ++i)
      static_cast<void>(method->set_input(i, over(data, {2, 3})));
    static_cast<void>(method->execute());
  }
}

TEST(ProgramRefusals, GoodFileRuns) {
  const std::vector<uint8_t> file = good_file();
  Method method = load_forward(file);
  std::vector<float> data = {1, 2, 3, 4, 5, 6};
  ASSERT_TRUE(method.set_input(0, over(data, {2, 3})).ok());
  const Status status = method.execute();
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(floats(method.output(0)), (std::vector<float>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(floats(method.output(1)), (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(ProgramRefusals, EveryTruncation) {
  const std::vector<uint8_t> file = good_file();
  for (size_t length = 0; length < file.size(); ++length) {
    const std::vector<uint8_t> cut(file.begin(), file.begin() + static_cast<ptrdiff_t>(length));
    const Result<Program> program = load(cut);
    ASSERT_FALSE(program.ok()) << "of " << file.size() << " bytes the first " << length
                               << " were taken for a program";
    EXPECT_EQ(program.status().code(), StatusCode::kInvalidProgram) << program.status().message();
  }
}

TEST(ProgramRefusals, EveryBitFlipped) {
  const std::vector<uint8_t> file = good_file();
  for (size_t i = 0; i < file.size(); ++i)
    for (const uint8_t bits : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
      std::vector<uint8_t> damaged = file;
      damaged[i] ^= bits;
      exercise(damaged);
    }
}

// Numbers that overflow when added or multiplied, where a damaged file could have them.
TEST(ProgramRefusals, EveryWordExtreme) {
  const std::vector<uint8_t> file = good_file();
  for (size_t i = 0; i + 8 <= file.size(); i += 4)
    for (const uint64_t number : {0xffffffffffffffffull, 0x7fffffffffffffffull, 0x8000000000000000ull,
                                  0x7fffffffull, 0x80000000ull, 0x100000000ull}) {
      std::vector<uint8_t> damaged = file;
      std::memcpy(damaged.data() + i, &number, 8);
      exercise(damaged);
      damaged = file;
      std::memcpy(damaged.data() + i, &number, 4);
      exercise(damaged);
    }
}

struct Refusal {
  const char *what;
  std::function<void(ProgramBuilder &)> change;
  const char *message;
};

TEST(ProgramRefusals, NamesTheField) {
  const std::vector<Refusal> refusals = {
      {"version", [](ProgramBuilder &it) { it.version = 7; }, "version is 7, expected 0"},
      {"name", [](ProgramBuilder &it) { it.name = ""; }, "execution_plan[0].name is missing"},
      {"input", [](ProgramBuilder &it) { it.inputs = {99}; },
       "execution_plan[0].inputs[0] is 99, expected the index"},
      {"output",
       [](ProgramBuilder &it) {
         it.outputs = {0, -1};
       },
       "execution_plan[0].outputs[1] is -1"},
      {"arena",
       [](ProgramBuilder &it) {
         it.arenas = {0, -5};
       },
       "execution_plan[0].non_const_buffer_sizes[1] is -5"},
      {"small arena",
       [](ProgramBuilder &it) {
         it.arenas = {0, 24};
       },
       ".tensor.allocation_info.memory_offset is 32, and with the tensor's 24 bytes that is beyond the 24 "
       "bytes"},
      {"no arena", [](ProgramBuilder &it) { it.arenas = {0}; },
       "allocation_info.memory_id is 1, expected 1 to 0"},
      {"arena zero",
       [](ProgramBuilder &it) {
         it.tensor({{1}, {}, 6, 0, 0, 0});
       },
       "allocation_info.memory_id is 0"},
      {"far offset",
       [](ProgramBuilder &it) {
         it.tensor({{1}, {}, 6, 0, 0xfffffffffffffffcull});
       },
       "allocation_info.memory_offset is 18446744073709551612"},
      {"odd offset",
       [](ProgramBuilder &it) {
         it.tensor({{1}, {}, 6, 0, 6});
       },
       "not aligned to the tensor's 4-byte"},
      {"negative size",
       [](ProgramBuilder &it) {
         it.tensor({{2, -3}});
       },
       ".tensor.sizes[1] is -3, expected 0 or more"},
      {"huge",
       [](ProgramBuilder &it) {
         it.tensor({{1 << 30, 1 << 30, 1 << 30}});
       },
       "have a product beyond"},
      {"bytes overflow",
       [](ProgramBuilder &it) {
         it.tensor({{1 << 30, 1 << 30, 4}, {}, 7});
       },
       "have a product beyond"},
      {"rank", [](ProgramBuilder &it) { it.tensor({std::vector<int32_t>(17, 1)}); },
       "sizes has 17 dimensions"},
      {"dim order",
       [](ProgramBuilder &it) {
         it.tensor({{1, 2, 3, 4}, {0, 7, 2, 3}});
       },
       ".tensor.dim_order[1] is 7, expected a permutation of 0..3"},
      {"dim order twice",
       [](ProgramBuilder &it) {
         it.tensor({{1, 2}, {1, 1}});
       },
       "dim_order[1] is 1, expected a perm"},
      {"dim order length",
       [](ProgramBuilder &it) {
         it.tensor({{1, 2}, {0}});
       },
       "dim_order has 1 entries, expected 2"},
      {"dtype",
       [](ProgramBuilder &it) {
         it.tensor({{1}, {}, 99});
       },
       "scalar_type is 99"},
      {"dynamism",
       [](ProgramBuilder &it) {
         it.tensor({{1}, {}, 6, 3});
       },
       "shape_dynamism is 3"},
      {"storage offset",
       [](ProgramBuilder &it) {
         it.tensor({{1}, {}, 6, 0, std::nullopt, 1, 0, 5});
       },
       "storage_offset is 5, expected 0"},
      {"constant",
       [](ProgramBuilder &it) {
         it.tensor({{1}, {}, 6, 0, std::nullopt, 1, 9});
       },
       "data_buffer_idx is 9, but constant_segment.offsets has 2 entries"},
      {"constant size",
       [](ProgramBuilder &it) {
         it.tensor({{7}, {}, 6, 0, std::nullopt, 1, 1});
       },
       "constant 1 is at byte 0 of its segment and needs 28 bytes, but the segment has 24"},
      {"initial state",
       [](ProgramBuilder &it) {
         it.tensor({{1}, {}, 6, 0, 0, 1, 3});
       },
       "data_buffer_idx is 3, but mutable_data_segments[0].offsets has 1 entries"},
      {"int list",
       [](ProgramBuilder &it) {
         it.raw_int_list({0, 1 << 20});
       },
       ".items[1] is 1048576, expected the index"},
      {"int list of tensors", [](ProgramBuilder &it) { it.raw_int_list({0}); },
       "a value of kind tensor, expected int"},
      {"tensor list", [](ProgramBuilder &it) { it.tensor_list({-1}); },
       ".items[0] is -1, expected the index"},
      {"argument", [](ProgramBuilder &it) { it.kernel_call("a", "b", {77}); },
       "chains[0].instructions[2].args[0] is 77, expected the index of one of"},
      {"operator", [](ProgramBuilder &it) { it.raw_kernel_call(5, {}); },
       "op_index is 5, expected the index of one of 2"},
      {"operator name", [](ProgramBuilder &it) { it.op("", "out"); }, "operators[2].name is missing"},
      {"delegate", [](ProgramBuilder &it) { it.delegate_call(0, {}); },
       "delegate_index is 0, expected the index of one"},
      {"delegate data", [](ProgramBuilder &it) { it.delegate("X", 8); },
       "delegates[0].processed.index is 8, but the program has 2 segments"},
      {"move", [](ProgramBuilder &it) { it.move(0, 50); }, "move_to is 50"},
      {"jump", [](ProgramBuilder &it) { it.jump_false(0, 9); },
       "destination_instruction is 9, expected 0 to 3"},
      {"free", [](ProgramBuilder &it) { it.free(-4); }, "value_index is -4"},
  };
  for (const Refusal &refusal : refusals) {
    ProgramBuilder builder;
    fill(builder);
    refusal.change(builder);
    const Result<Program> program = load(builder.build());
    ASSERT_FALSE(program.ok()) << refusal.what;
    EXPECT_EQ(program.status().code(), StatusCode::kInvalidProgram) << refusal.what;
    EXPECT_THAT(program.status().message(), HasSubstr(refusal.message)) << refusal.what;
  }
}

TEST(ProgramRefusals, HeaderNamesTheField) {
  struct Change {
    size_t offset;
    uint64_t number;
    const char *message;
  };
  for (const Change &change : {Change{16, 1u << 20, "program_size is 1048576, but the file has only"},
                               Change{16, 20, "program_size is 20, expected 40 to"},
                               Change{24, 1u << 20, "segment_base_offset is 1048576, expected"},
                               Change{24, 8, "segment_base_offset is 8, expected"},
                               Change{32, 1u << 20, "segment_data_size is 1048576"}}) {
    std::vector<uint8_t> file = good_file();
    std::memcpy(file.data() + change.offset, &change.number, 8);
    const Result<Program> program = load(file);
    ASSERT_FALSE(program.ok()) << change.message;
    EXPECT_THAT(program.status().message(), HasSubstr(change.message));
  }
}

// Files of before version 1.0 had a header without the segments' size, and small ones no header.
TEST(ProgramRefusals, ShorterHeadersAreRead) {
  std::vector<uint8_t> file = good_file();
  const uint32_t length = 24;
  std::memcpy(file.data() + 12, &length, 4);
  std::memset(file.data() + 32, 0, 8);
  EXPECT_TRUE(load(file).ok());

  flatbuffers::FlatBufferBuilder fbb;
  std::vector<flatbuffers::Offset<pte::ExecutionPlan>> plans = {
      pte::CreateExecutionPlanDirect(fbb, "forward")};
  fbb.Finish(pte::CreateProgramDirect(fbb, 0, &plans), pte::ProgramIdentifier());
  const Result<Program> program = load({fbb.GetBufferPointer(), fbb.GetBufferPointer() + fbb.GetSize()});
  EXPECT_TRUE(program.ok()) << program.status().message();
}

TEST(ProgramRefusals, NumberOfThreads) {
  const std::vector<uint8_t> file = good_file();
  ProgramOptions options;
  options.num_threads = 100000;
  const Result<Program> program = Program::load_buffer(Span<const uint8_t>(file), nullptr, options);
  ASSERT_FALSE(program.ok());
  EXPECT_THAT(program.status().message(), HasSubstr("number of threads is 100000, expected 1 to 1024"));
}

TEST(ProgramRefusals, WhatCannotBeMapped) {
  const Result<Program> missing = Program::load_file("/no/such/file.pte");
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.status().message(), HasSubstr("/no/such/file.pte"));
  EXPECT_EQ(Program::load_file("/").status().code(), StatusCode::kAccessFailed);
}

} // namespace

} // namespace xnnir::test
