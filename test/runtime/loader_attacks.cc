// What loaders of this format have got wrong, as far as is published: advisories of ExecuTorch
// (CVE-2025-30402, -30404, -30405, -54949 to -54952 and their kin) name sizes that overflow, indices out of
// range, and reads beyond buffers. Each kind is tried here at every place of a file that could have it.
#include <gmock/gmock.h>

#include "delegate_samples.h"
#include "program_samples.h"

namespace xnnir::test {
namespace {

using testing::HasSubstr;

void expect_refused(const std::vector<uint8_t> &file, const char *message,
                    StatusCode code = StatusCode::kInvalidProgram) {
  const Result<Program> program = load(file);
  ASSERT_FALSE(program.ok()) << message;
  EXPECT_EQ(program.status().code(), code) << program.status().message();
  EXPECT_THAT(program.status().message(), HasSubstr(message));
}

template <typename Change> std::vector<uint8_t> changed(Change change) {
  ProgramBuilder builder;
  fill(builder);
  change(builder);
  return builder.build();
}

void put_u64(std::vector<uint8_t> &file, size_t offset, uint64_t number) {
  std::memcpy(file.data() + offset, &number, sizeof(number));
}

// Sums and products that wrap around: sizes of tensors (CVE-2025-30404, -30405, -54949).
TEST(LoaderAttacks, ElementCountsThatOverflow) {
  for (const std::vector<int32_t> &sizes : {std::vector<int32_t>{1 << 16, 1 << 16, 1 << 16, 1 << 16},
                                            {INT32_MAX, INT32_MAX, INT32_MAX},
                                            // 2^62 elements, whose bytes are 2^64.
                                            {1 << 30, 1 << 30, 4}})
    expect_refused(changed([&](ProgramBuilder &it) { it.tensor({sizes}); }), "have a product beyond");
  // A size of zero makes it no smaller: later resizes would multiply the others.
  expect_refused(changed([](ProgramBuilder &it) {
                   it.tensor({{0, INT32_MAX, INT32_MAX, INT32_MAX}});
                 }),
                 "have a product beyond");
  expect_refused(changed([](ProgramBuilder &it) { it.tensor({{-1, -1}}); }), "sizes[0] is -1");
}

// Offset and size of a place, each in range, whose sum wraps around to before the arena.
TEST(LoaderAttacks, PlacesThatWrapAround) {
  for (const uint64_t offset : {UINT64_MAX - 3, UINT64_MAX - 23, uint64_t{1} << 63, uint64_t{64}})
    expect_refused(changed([&](ProgramBuilder &it) {
                     it.tensor({{2, 3}, {}, 6, 0, offset});
                   }),
                   "allocation_info.memory_offset");
  expect_refused(changed([](ProgramBuilder &it) {
                   it.arenas = {0, INT64_MIN};
                 }),
                 "non_const_buffer_sizes[1]");
}

// The header's sizes and offsets (CVE-2025-54951): parts that begin inside and end outside of the file.
TEST(LoaderAttacks, HeadersThatLeadOutside) {
  const std::vector<uint8_t> good = changed([](ProgramBuilder &) {});
  for (const size_t field : {16, 24, 32})
    for (const uint64_t number :
         {UINT64_MAX, UINT64_MAX - 127, uint64_t{1} << 63, uint64_t{good.size()} + 1}) {
      std::vector<uint8_t> file = good;
      put_u64(file, field, number);
      expect_refused(file, "extended header");
    }
  for (const uint32_t root : {0u, 3u, 0x7fffffffu, 0xffffffffu, static_cast<uint32_t>(good.size())}) {
    std::vector<uint8_t> file = good;
    std::memcpy(file.data(), &root, sizeof(root));
    expect_refused(file, "flatbuffer");
  }
}

// A program whose segments, and tables of offsets into them, are as given.
std::vector<uint8_t> with_segments(const std::vector<std::pair<uint64_t, uint64_t>> &segments,
                                   const std::vector<uint64_t> &constants, uint32_t constant_segment,
                                   const std::vector<uint32_t> &named) {
  flatbuffers::FlatBufferBuilder fbb;
  std::vector<flatbuffers::Offset<pte::DataSegment>> tables;
  for (const auto &[offset, size] : segments)
    tables.push_back(pte::CreateDataSegment(fbb, offset, size));
  std::vector<flatbuffers::Offset<pte::NamedData>> names;
  for (const uint32_t index : named)
    names.push_back(pte::CreateNamedDataDirect(fbb, "weights", index));
  std::vector<flatbuffers::Offset<pte::ExecutionPlan>> plans = {
      pte::CreateExecutionPlanDirect(fbb, "forward")};
  fbb.Finish(pte::CreateProgramDirect(fbb, 0, &plans, nullptr, nullptr, &tables,
                                      pte::CreateSubsegmentOffsetsDirect(fbb, constant_segment, &constants),
                                      nullptr, &names),
             pte::ProgramIdentifier());
  return {fbb.GetBufferPointer(), fbb.GetBufferPointer() + fbb.GetSize()};
}

TEST(LoaderAttacks, SegmentsThatLeadOutside) {
  // No header, so there are no bytes of segments at all.
  expect_refused(with_segments({{0, 1}}, {0}, 0, {}), "segments[0] has offset 0 and size 1");
  expect_refused(with_segments({{UINT64_MAX, 1}}, {0}, 0, {}), "segments[0]");
  expect_refused(with_segments({{UINT64_MAX - 7, 8}}, {0}, 0, {}), "segments[0]");
  expect_refused(with_segments({{0, UINT64_MAX}}, {0}, 0, {}), "segments[0]");
  expect_refused(with_segments({{0, 0}}, {0, 1}, 0, {}), "constant_segment.offsets[1] is 1");
  expect_refused(with_segments({{0, 0}}, {0, UINT64_MAX}, 0, {}), "constant_segment.offsets[1]");
  expect_refused(with_segments({{0, 0}}, {0, 0}, 1, {}), "segment_index is 1");
  expect_refused(with_segments({{0, 0}}, {0}, 0, {1}), "named_data[0].segment_index is 1");
  expect_refused(with_segments({{0, 0}}, {0}, 0, {UINT32_MAX}), "named_data[0].segment_index");
}

// Indices into tables (CVE-2025-54950): one too far, negative, and so large that they overflow.
TEST(LoaderAttacks, IndicesOutOfRange) {
  for (const int32_t index : {-1, 1 << 20, INT32_MAX, INT32_MIN}) {
    const auto refused = [&](auto change, const char *message) { expect_refused(changed(change), message); };
    refused([&](ProgramBuilder &it) { it.inputs = {index}; }, "inputs[0]");
    refused([&](ProgramBuilder &it) { it.outputs = {index}; }, "outputs[0]");
    refused([&](ProgramBuilder &it) { it.raw_kernel_call(index, {}); }, "op_index");
    refused([&](ProgramBuilder &it) { it.raw_kernel_call(0, {index}); }, "args[0]");
    refused([&](ProgramBuilder &it) { it.delegate_call(index, {}); }, "delegate_index");
    refused([&](ProgramBuilder &it) { it.move(index, 0); }, "move_from");
    refused([&](ProgramBuilder &it) { it.move(0, index); }, "move_to");
    refused([&](ProgramBuilder &it) { it.jump_false(index, 0); }, "cond_value_index");
    refused([&](ProgramBuilder &it) { it.jump_false(0, index); }, "destination_instruction");
    refused([&](ProgramBuilder &it) { it.free(index); }, "value_index");
    refused([&](ProgramBuilder &it) { it.raw_int_list({index}); }, "items[0]");
    refused([&](ProgramBuilder &it) { it.tensor_list({index}); }, "items[0]");
    const auto wide = static_cast<uint32_t>(index);
    refused(
        [&](ProgramBuilder &it) {
          it.tensor({{1}, {}, 6, 0, std::nullopt, 1, wide});
        },
        "data_buffer_idx");
    refused([&](ProgramBuilder &it) { it.tensor({{1}, {}, 6, 0, 0, 1, wide}); }, "data_buffer_idx");
    refused([&](ProgramBuilder &it) { it.tensor({{1}, {}, 6, 0, 0, wide}); }, "memory_id");
    refused([&](ProgramBuilder &it) { it.delegate("X", wide); }, "processed.index");
  }
  // Cut to 32 bits these are indices of values.
  for (const int64_t index : {int64_t{1} << 32, INT64_MIN, INT64_MAX})
    expect_refused(changed([&](ProgramBuilder &it) { it.raw_int_list({index}); }), "items[0]");
}

// Constants and initial states that end outside of their segment.
TEST(LoaderAttacks, ConstantsThatAreTooShort) {
  expect_refused(changed([](ProgramBuilder &it) {
                   it.tensor({{7}, {}, 6, 0, std::nullopt, 1, 1});
                 }),
                 "needs 28 bytes, but the segment has 24");
  expect_refused(changed([](ProgramBuilder &it) {
                   const uint32_t state = it.initial_state("abc", 3);
                   it.tensor({{4}, {}, 6, 0, 0, 1, state});
                 }),
                 "needs 16 bytes, but the segment has 3");
}

// The delegate's header and tables are a file of their own.
TEST(LoaderAttacks, DelegatesThatLeadOutside) {
  BlobBuilder blob(Constants::kBehindFlatbuffer);
  make_sample(blob);
  const std::vector<uint8_t> good = blob.finish();
  for (const size_t field : {10, 14, 18})
    for (const uint32_t number : {0xffffffffu, 0x7fffffffu, static_cast<uint32_t>(good.size()) + 1}) {
      std::vector<uint8_t> bytes = good;
      std::memcpy(&bytes[field], &number, sizeof(number));
      const auto delegate = blob.load(bytes);
      ASSERT_FALSE(delegate.ok()) << field;
      EXPECT_EQ(delegate.status().code(), StatusCode::kInvalidProgram);
    }
  for (const uint64_t size : {UINT64_MAX, uint64_t{good.size()}}) {
    std::vector<uint8_t> bytes = good;
    std::memcpy(&bytes[22], &size, sizeof(size));
    EXPECT_FALSE(blob.load(bytes).ok());
  }
}

// Products of windows and outputs that wrap around to few.
TEST(LoaderAttacks, WindowsThatOverflow) {
  BlobBuilder blob;
  const auto x = blob.input({1, (1u << 19) + (1u << 13) - 1, (1u << 19) + (1u << 13) - 1, 1});
  const auto y = blob.output({1, 1u << 13, 1u << 13, 1});
  Pool pool;
  pool.height = pool.width = 1u << 19;
  blob.pool(XNodeUnion::XNNMaxPooling2d, pool, x, y);
  const auto delegate = blob.load();
  ASSERT_FALSE(delegate.ok());
  EXPECT_THAT(delegate.status().message(),
              testing::AnyOf(HasSubstr("are too many"), HasSubstr("do not fit in memory")));
}

// A constant, and an input that the caller lent, are not written, whatever instructions say.
TEST(LoaderAttacks, WritesToWhatIsReadOnly) {
  ProgramBuilder builder;
  fill(builder);
  const int32_t constant = builder.tensor({{2, 3}, {}, 6, 0, std::nullopt, 1, 1});
  builder.kernel_call("aten::clone", "out", {builder.inputs[0], builder.none(), constant, constant});
  const std::vector<uint8_t> file = builder.build();
  Method method = load_forward(file);
  std::vector<float> data(6, 1.0f);
  ASSERT_TRUE(method.set_input(0, over(data, {2, 3})).ok());
  const Status status = method.execute();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("instruction 2 (aten::clone.out)"));
}

} // namespace
} // namespace xnnir::test
