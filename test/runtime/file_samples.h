// Small files around programs: a .bpte file, a .ptd file.
#pragma once

#include <vector>

#include "program_samples.h"
#include "xnnir_schema/bundled_program_generated.h"
#include "xnnir_schema/flat_tensor_generated.h"

namespace xnnir::test {

// A program with `cases` calls of its method, each with a tensor, an int, a bool and a double.
inline std::vector<uint8_t> bundled_file(int cases) {
  namespace fb = schema::bundled_program;
  ProgramBuilder program;
  fill(program);
  const std::vector<uint8_t> bytes = program.build();
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<fb::BundledMethodTestCase>> calls;
  for (int i = 0; i < cases; ++i) {
    const std::vector<int32_t> sizes = {2, 1};
    const std::vector<uint8_t> order = {0, 1};
    builder.ForceVectorAlignment(8, 1, 16);
    const std::vector<uint8_t> numbers(8, 0);
    const auto data = builder.CreateVector(numbers);
    const auto tensor = fb::CreateTensor(builder, static_cast<int8_t>(ScalarType::kFloat),
                                         builder.CreateVector(sizes), data, builder.CreateVector(order));
    std::vector<flatbuffers::Offset<fb::Value>> values = {
        fb::CreateValue(builder, fb::ValueUnion::Tensor, tensor.Union()),
        fb::CreateValue(builder, fb::ValueUnion::Int, fb::CreateInt(builder, 3).Union()),
        fb::CreateValue(builder, fb::ValueUnion::Bool, fb::CreateBool(builder, true).Union()),
        fb::CreateValue(builder, fb::ValueUnion::Double, fb::CreateDouble(builder, 0.5).Union())};
    const auto inputs = builder.CreateVector(values);
    calls.push_back(fb::CreateBundledMethodTestCase(builder, inputs, inputs));
  }
  const std::vector<flatbuffers::Offset<fb::BundledMethodTestSuite>> suites = {
      fb::CreateBundledMethodTestSuite(builder, builder.CreateString("forward"),
                                       builder.CreateVector(calls))};
  const auto list = builder.CreateVector(suites);
  builder.ForceVectorAlignment(bytes.size(), 1, 32);
  const auto whole = builder.CreateVector(bytes);
  fb::FinishBundledProgramBuffer(builder, fb::CreateBundledProgram(builder, 0, list, whole));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

// `entries` tensors of two floats each, which share their bytes. The segments are at the end.
inline std::vector<uint8_t> data_file(int entries) {
  namespace fb = schema::flat_tensor;
  constexpr size_t kHead = 8;
  constexpr size_t kHeader = 40;
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<fb::NamedData>> named;
  for (int i = 0; i < entries; ++i) {
    const std::vector<int32_t> sizes = {2};
    const std::vector<uint8_t> order = {0};
    named.push_back(fb::CreateNamedData(
        builder, builder.CreateString("weight" + std::to_string(i)), 0,
        fb::CreateTensorLayout(builder, static_cast<int8_t>(ScalarType::kFloat), builder.CreateVector(sizes),
                               builder.CreateVector(order))));
  }
  const std::vector<flatbuffers::Offset<fb::DataSegment>> segments = {fb::CreateDataSegment(builder, 0, 8)};
  const auto segment_list = builder.CreateVector(segments);
  fb::FinishFlatTensorBuffer(builder,
                             fb::CreateFlatTensor(builder, 0, segment_list, builder.CreateVector(named)));
  const uint8_t *flatbuffer = builder.GetBufferPointer();
  std::vector<uint8_t> file(flatbuffer, flatbuffer + builder.GetSize());
  // The header comes between the identifier and the rest, so the root is that much further.
  file.insert(file.begin() + kHead, kHeader, 0);
  uint32_t root;
  std::memcpy(&root, file.data(), sizeof(root));
  root += kHeader;
  std::memcpy(file.data(), &root, sizeof(root));
  std::memcpy(file.data() + kHead, "FH01", 4);
  const uint32_t length = kHeader;
  const uint64_t numbers[] = {0, file.size(), (file.size() + 15) / 16 * 16, 8};
  std::memcpy(file.data() + kHead + 4, &length, sizeof(length));
  std::memcpy(file.data() + kHead + 8, numbers, sizeof(numbers));
  file.resize(numbers[2] + 8);
  return file;
}

} // namespace xnnir::test
