// Writes .pte programs, right or wrong, for tests.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "xnnir/program.h"
#include "xnnir_schema/program_generated.h"

namespace xnnir::test {

namespace pte = schema::program;

struct TensorSpec {
  std::vector<int32_t> sizes;
  // Contiguous when empty.
  std::vector<uint8_t> dim_order = {};
  int8_t dtype = static_cast<int8_t>(ScalarType::kFloat);
  int8_t dynamism = 0;
  // A place in memory_id 1, or another.
  std::optional<uint64_t> offset = std::nullopt;
  uint32_t memory_id = 1;
  // Index of a constant, or of an initial state where there is a place.
  uint32_t data = 0;
  int32_t storage_offset = 0;
};

// One method, "forward" unless renamed, in one chain unless next_chain() is called.
class ProgramBuilder {
public:
  int32_t value(pte::KernelTypes kind, flatbuffers::Offset<void> table) {
    values_.push_back(pte::CreateEValue(fbb_, kind, table));
    return static_cast<int32_t>(values_.size()) - 1;
  }
  int32_t none() { return value(pte::KernelTypes::Null, pte::CreateNull(fbb_).Union()); }
  int32_t integer(int64_t number) {
    return value(pte::KernelTypes::Int, pte::CreateInt(fbb_, number).Union());
  }
  int32_t boolean(bool flag) { return value(pte::KernelTypes::Bool, pte::CreateBool(fbb_, flag).Union()); }
  int32_t real(double number) {
    return value(pte::KernelTypes::Double, pte::CreateDouble(fbb_, number).Union());
  }
  int32_t int_list(const std::vector<int64_t> &numbers) {
    std::vector<int64_t> items;
    for (const int64_t number : numbers)
      items.push_back(integer(number));
    return raw_int_list(items);
  }
  int32_t raw_int_list(const std::vector<int64_t> &items) {
    return value(pte::KernelTypes::IntList, pte::CreateIntListDirect(fbb_, &items).Union());
  }
  int32_t tensor_list(const std::vector<int32_t> &items) {
    return value(pte::KernelTypes::TensorList, pte::CreateTensorListDirect(fbb_, &items).Union());
  }
  int32_t tensor(const TensorSpec &spec) {
    std::vector<uint8_t> order = spec.dim_order;
    if (order.empty())
      for (size_t i = 0; i < spec.sizes.size(); ++i)
        order.push_back(static_cast<uint8_t>(i));
    flatbuffers::Offset<pte::AllocationDetails> allocation;
    if (spec.offset)
      allocation = pte::CreateAllocationDetails(fbb_, spec.memory_id, static_cast<uint32_t>(*spec.offset),
                                                static_cast<uint32_t>(*spec.offset >> 32));
    return value(pte::KernelTypes::Tensor,
                 pte::CreateTensorDirect(fbb_, static_cast<pte::ScalarType>(spec.dtype), spec.storage_offset,
                                         &spec.sizes, &order, false, spec.data, allocation, 0,
                                         static_cast<pte::TensorShapeDynamism>(spec.dynamism))
                     .Union());
  }

  // Returns the index that tensors refer to.
  uint32_t constant(const void *data, size_t size) {
    return append(constant_data_, constant_offsets_, data, size);
  }
  uint32_t initial_state(const void *data, size_t size) {
    return append(state_data_, state_offsets_, data, size);
  }

  int32_t op(const std::string &name, const std::string &overload) {
    operators_.push_back(pte::CreateOperatorDirect(fbb_, name.c_str(), overload.c_str()));
    return static_cast<int32_t>(operators_.size()) - 1;
  }
  void kernel_call(const std::string &name, const std::string &overload, const std::vector<int32_t> &args) {
    raw_kernel_call(op(name, overload), args);
  }
  void raw_kernel_call(int32_t op_index, const std::vector<int32_t> &args) {
    instruction(pte::InstructionArguments::KernelCall,
                pte::CreateKernelCallDirect(fbb_, op_index, &args).Union());
  }
  void delegate_call(int32_t index, const std::vector<int32_t> &args) {
    instruction(pte::InstructionArguments::DelegateCall,
                pte::CreateDelegateCallDirect(fbb_, index, &args).Union());
  }
  void move(int32_t from, int32_t to) {
    instruction(pte::InstructionArguments::MoveCall, pte::CreateMoveCall(fbb_, from, to).Union());
  }
  void jump_false(int32_t condition, int32_t destination) {
    instruction(pte::InstructionArguments::JumpFalseCall,
                pte::CreateJumpFalseCall(fbb_, condition, destination).Union());
  }
  void free(int32_t index) {
    instruction(pte::InstructionArguments::FreeCall, pte::CreateFreeCall(fbb_, index).Union());
  }
  void instruction(pte::InstructionArguments kind, flatbuffers::Offset<void> arguments) {
    instructions_.push_back(pte::CreateInstruction(fbb_, kind, arguments));
  }
  void delegate(const std::string &id, uint32_t segment_index) {
    delegates_.push_back(pte::CreateBackendDelegateDirect(
        fbb_, id.c_str(),
        pte::CreateBackendDelegateDataReference(fbb_, pte::DataLocation::SEGMENT, segment_index)));
  }
  void next_chain() {
    chains_.push_back(pte::CreateChainDirect(fbb_, nullptr, nullptr, &instructions_));
    instructions_.clear();
  }

  std::string name = "forward";
  std::vector<int32_t> inputs;
  std::vector<int32_t> outputs;
  // Entry 0 is reserved.
  std::vector<int64_t> arenas = {0};
  uint32_t version = 0;

  std::vector<uint8_t> build() {
    next_chain();
    std::vector<flatbuffers::Offset<pte::ExecutionPlan>> plans = {
        pte::CreateExecutionPlanDirect(fbb_, name.empty() ? nullptr : name.c_str(), 0, &values_, &inputs,
                                       &outputs, &chains_, &operators_, &delegates_, &arenas)};
    std::vector<flatbuffers::Offset<pte::DataSegment>> segments = {
        pte::CreateDataSegment(fbb_, 0, constant_data_.size()),
        pte::CreateDataSegment(fbb_, constant_data_.size(), state_data_.size())};
    const auto constants = pte::CreateSubsegmentOffsetsDirect(fbb_, 0, &constant_offsets_);
    std::vector<flatbuffers::Offset<pte::SubsegmentOffsets>> states = {
        pte::CreateSubsegmentOffsetsDirect(fbb_, 1, &state_offsets_)};
    fbb_.Finish(
        pte::CreateProgramDirect(fbb_, version, &plans, nullptr, nullptr, &segments, constants, &states),
        pte::ProgramIdentifier());
    return with_header(
        std::vector<uint8_t>(fbb_.GetBufferPointer(), fbb_.GetBufferPointer() + fbb_.GetSize()));
  }

private:
  static constexpr size_t kHeaderOffset = 8;
  static constexpr size_t kHeaderLength = 32;
  static constexpr size_t kSegmentAlignment = 128;

  static uint32_t append(std::vector<uint8_t> &segment, std::vector<uint64_t> &offsets, const void *data,
                         size_t size) {
    segment.resize((segment.size() + 15) / 16 * 16);
    offsets.push_back(segment.size());
    const auto *bytes = static_cast<const uint8_t *>(data);
    segment.insert(segment.end(), bytes, bytes + size);
    return static_cast<uint32_t>(offsets.size()) - 1;
  }

  template <typename T> static void put(std::vector<uint8_t> &file, size_t offset, T number) {
    std::memcpy(file.data() + offset, &number, sizeof(number));
  }

  // The header goes between the identifier and the tables, which the root offset then has to skip.
  std::vector<uint8_t> with_header(std::vector<uint8_t> file) const {
    file.insert(file.begin() + kHeaderOffset, kHeaderLength, 0);
    uint32_t root = 0;
    std::memcpy(&root, file.data(), sizeof(root));
    put(file, 0, root + static_cast<uint32_t>(kHeaderLength));
    const size_t program_size = file.size();
    const size_t base = (program_size + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment;
    std::memcpy(file.data() + kHeaderOffset, "eh00", 4);
    put(file, 12, static_cast<uint32_t>(kHeaderLength));
    put(file, 16, static_cast<uint64_t>(program_size));
    put(file, 24, static_cast<uint64_t>(base));
    put(file, 32, static_cast<uint64_t>(constant_data_.size() + state_data_.size()));
    file.resize(base);
    file.insert(file.end(), constant_data_.begin(), constant_data_.end());
    file.insert(file.end(), state_data_.begin(), state_data_.end());
    return file;
  }

  flatbuffers::FlatBufferBuilder fbb_;
  std::vector<flatbuffers::Offset<pte::EValue>> values_;
  std::vector<flatbuffers::Offset<pte::Operator>> operators_;
  std::vector<flatbuffers::Offset<pte::Instruction>> instructions_;
  std::vector<flatbuffers::Offset<pte::Chain>> chains_;
  std::vector<flatbuffers::Offset<pte::BackendDelegate>> delegates_;
  std::vector<uint8_t> constant_data_;
  std::vector<uint8_t> state_data_;
  std::vector<uint64_t> constant_offsets_ = {0};
  std::vector<uint64_t> state_offsets_ = {0};
};

inline Result<Program> load(const std::vector<uint8_t> &file) {
  ProgramOptions options;
  options.num_threads = 1;
  return Program::load_buffer(Span<const uint8_t>(file), nullptr, options);
}

// Loads "forward" of a file that must stay alive, and expects that to work.
inline Method load_forward(const std::vector<uint8_t> &file, const MethodOptions &options = {}) {
  Result<Program> program = load(file);
  EXPECT_TRUE(program.ok()) << program.status().message();
  Result<Method> method = program->load_method("forward", options);
  EXPECT_TRUE(method.ok()) << method.status().message();
  return std::move(*method);
}

// A contiguous tensor over the caller's numbers.
template <typename T>
Value over(std::vector<T> &data, std::vector<int32_t> sizes, ScalarType dtype = ScalarType::kFloat,
           std::vector<uint8_t> dim_order = {}) {
  if (dim_order.empty())
    for (size_t i = 0; i < sizes.size(); ++i)
      dim_order.push_back(static_cast<uint8_t>(i));
  Result<Tensor> tensor =
      Tensor::make(dtype, Span<const int32_t>(sizes), Span<const uint8_t>(dim_order), ShapeDynamism::kStatic);
  EXPECT_TRUE(tensor.ok()) << tensor.status().message();
  tensor->set_data(data.data(), data.size() * sizeof(T));
  return *tensor;
}

inline std::vector<float> floats(const Value &value) {
  const Tensor &tensor = std::get<Tensor>(value);
  return {tensor.data_as<float>(), tensor.data_as<float>() + tensor.numel()};
}

} // namespace xnnir::test
