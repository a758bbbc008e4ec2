// What a file may ask for, as far as its caller limits that.
#include <gmock/gmock.h>

#include "delegate_samples.h"
#include "file_samples.h"
#include "format/data_file.h"

namespace xnnir::test {
namespace {

using testing::HasSubstr;

Status load_and_run(const std::vector<uint8_t> &file, const Limits &limits) {
  ProgramOptions options;
  options.num_threads = 1;
  options.limits = limits;
  Result<Program> program = Program::load_buffer(Span<const uint8_t>(file), nullptr, options);
  if (!program.ok())
    return program.status();
  Result<Method> method = program->load_method("forward");
  if (!method.ok())
    return method.status();
  std::vector<std::vector<float>> data;
  for (const ValueMeta &meta : method->metadata().inputs) {
    data.emplace_back(meta.tensor.nbytes / sizeof(float), 0.5f);
    XNNIR_RETURN_IF_ERROR(method->set_input(
        data.size() - 1, over(data.back(), meta.tensor.sizes, ScalarType::kFloat, meta.tensor.dim_order)));
  }
  return method->execute();
}

// The smallest limit with which the file runs; below it there has to be a refusal that names the limit.
size_t smallest(const std::vector<uint8_t> &file, size_t Limits::*field, const char *name) {
  size_t low = 0;
  size_t high = size_t{1} << 20;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    Limits limits;
    limits.*field = middle;
    const Status status = load_and_run(file, limits);
    if (status.ok()) {
      high = middle;
      continue;
    }
    EXPECT_EQ(status.code(), StatusCode::kOutOfResources) << status.message();
    EXPECT_THAT(status.message(), HasSubstr(name));
    low = middle + 1;
  }
  return low;
}

TEST(Limits, ArenasAndOutputs) {
  ProgramBuilder builder;
  fill(builder);
  // An arena of 64 bytes; the outputs are in it and in the file.
  EXPECT_EQ(smallest(builder.build(), &Limits::max_tensor_bytes, "max_tensor_bytes"), 64u);
}

TEST(Limits, TensorsThatGrow) {
  // Arena of 256 bytes, and at most 8 rows of two int64 that nonzero() takes: 128.
  EXPECT_EQ(smallest(control_flow_program(), &Limits::max_tensor_bytes, "max_tensor_bytes"), 256u);
  ProgramBuilder builder;
  const int32_t input = builder.tensor({{100}});
  const int32_t places = builder.tensor({{100, 1}, {}, 4, 2});
  builder.kernel_call("aten::nonzero", "out", {input, places, places});
  builder.inputs = {input};
  builder.outputs = {places};
  EXPECT_EQ(smallest(builder.build(), &Limits::max_tensor_bytes, "max_tensor_bytes"), 800u);
}

TEST(Limits, TestCases) {
  // Each call has eight values.
  const size_t few = smallest(bundled_file(1), &Limits::max_table_bytes, "max_table_bytes");
  const size_t many = smallest(bundled_file(500), &Limits::max_table_bytes, "max_table_bytes");
  EXPECT_GT(many, 499 * 8 * sizeof(Value));
  EXPECT_LT(few, 20000u);
}

TEST(Limits, DataFiles) {
  const std::vector<uint8_t> file = data_file(100);
  Limits limits;
  auto entries = read_data_file(Span<const uint8_t>(file), limits);
  ASSERT_TRUE(entries.ok()) << entries.status().message();
  EXPECT_EQ(entries->size(), 100u);
  limits.max_table_bytes = 100 * sizeof(std::string);
  const Status status = read_data_file(Span<const uint8_t>(file), limits).status();
  EXPECT_EQ(status.code(), StatusCode::kOutOfResources);
  EXPECT_THAT(status.message(), HasSubstr("max_table_bytes"));
}

TEST(Limits, Delegates) {
  for (const Sample sample : kSamples) {
    BlobBuilder blob(Constants::kBehindFlatbuffer);
    sample(blob);
    const std::vector<uint8_t> file = delegate_program(blob.finish(), blob.backend);
    const size_t bytes = smallest(file, &Limits::max_tensor_bytes, "max_tensor_bytes");
    EXPECT_GT(bytes, 500u);
    EXPECT_LT(bytes, 8000u);
  }
}

TEST(Limits, ShapesThatDelegatesTakeWhenTheyRun) {
  BlobBuilder blob;
  const auto x = blob.input({2, 8});
  const auto y = blob.output({2, 8});
  blob.unary(XNodeUnion::XNNAbs, x, y);
  const std::vector<uint8_t> bytes = blob.finish();
  BackendInitContext context;
  context.named_data = &blob.named_data;
  context.max_bytes = 256;
  auto delegate = find_backend("XnnpackBackend")->init(context, bytes);
  ASSERT_TRUE(delegate.ok()) << delegate.status().message();
  for (const uint32_t rows : {2u, 5u, 4u}) {
    Argument in({rows, 8});
    Argument out({rows, 8});
    const Status status = run(**delegate, {&in, &out});
    EXPECT_EQ(status.ok(), rows <= 4) << status.message();
    if (!status.ok())
      EXPECT_EQ(status.code(), StatusCode::kOutOfResources);
  }
}

// Lists can be shared: a short file then stands for long tables.
TEST(Limits, TablesThatShareTheirLists) {
  flatbuffers::FlatBufferBuilder fbb;
  const std::vector<int32_t> numbers(100'000, 0);
  const auto list = fbb.CreateVector(numbers);
  const auto call = pte::CreateKernelCall(fbb, 0, list).Union();
  const auto instruction = pte::CreateInstruction(fbb, pte::InstructionArguments::KernelCall, call);
  const std::vector<flatbuffers::Offset<pte::Instruction>> instructions(2'000, instruction);
  const std::vector<flatbuffers::Offset<pte::Chain>> chains = {
      pte::CreateChainDirect(fbb, nullptr, nullptr, &instructions)};
  const std::vector<flatbuffers::Offset<pte::EValue>> values = {
      pte::CreateEValue(fbb, pte::KernelTypes::Null, pte::CreateNull(fbb).Union())};
  const std::vector<flatbuffers::Offset<pte::Operator>> operators = {
      pte::CreateOperatorDirect(fbb, "a", "b")};
  const std::vector<flatbuffers::Offset<pte::ExecutionPlan>> plans = {
      pte::CreateExecutionPlanDirect(fbb, "forward", 0, &values, nullptr, nullptr, &chains, &operators)};
  fbb.Finish(pte::CreateProgramDirect(fbb, 0, &plans), pte::ProgramIdentifier());
  const std::vector<uint8_t> file(fbb.GetBufferPointer(), fbb.GetBufferPointer() + fbb.GetSize());
  ASSERT_LT(file.size(), 500'000u);
  Limits limits;
  limits.max_table_bytes = size_t{64} << 20;
  const Status status = load_and_run(file, limits);
  EXPECT_EQ(status.code(), StatusCode::kOutOfResources);
  EXPECT_THAT(status.message(), HasSubstr("max_table_bytes"));
}

TEST(Limits, Tables) {
  ProgramBuilder builder;
  fill(builder);
  const size_t bytes = smallest(builder.build(), &Limits::max_table_bytes, "max_table_bytes");
  EXPECT_GT(bytes, 1000u);
  EXPECT_LT(bytes, 20'000u);
}

} // namespace
} // namespace xnnir::test
