// What the fuzz targets share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "xnnir/program.h"

namespace xnnir::fuzz {

// So little that whatever an input asks for is done at once. What is larger is refused, which is tested so.
inline Limits small_limits() {
  Limits limits;
  limits.max_table_bytes = size_t{16} << 20;
  limits.max_tensor_bytes = size_t{64} << 10;
  return limits;
}

// A finding: a call that fails has to say why.
inline void expect_message(const Status &status) {
  if (!status.ok() && status.message().empty())
    std::abort();
}

// Memory of exactly so many bytes, for a sanitizer to see each byte too far, filled with small numbers of
// the dtype.
class Block {
public:
  Block(size_t bytes, ScalarType dtype)
      : memory_(static_cast<uint8_t *>(std::malloc(bytes > 0 ? bytes : 1))) {
    if (memory_ == nullptr)
      std::abort();
    const size_t size = element_size(dtype);
    for (size_t at = 0; at + size <= bytes; at += size) {
      const auto number = static_cast<int64_t>(at / size % 3);
      const float real = 0.5f * static_cast<float>(number);
      std::memset(memory_.get() + at, 0, size);
      if (dtype == ScalarType::kFloat)
        std::memcpy(memory_.get() + at, &real, size);
      else if (dtype == ScalarType::kHalf || dtype == ScalarType::kBFloat16)
        memory_.get()[at + 1] = number == 0 ? 0 : 0x3c;
      else if (dtype == ScalarType::kDouble)
        memory_.get()[at + 7] = number == 0 ? 0 : 0x3f;
      else
        memory_.get()[at] = static_cast<uint8_t>(dtype == ScalarType::kBool ? number % 2 : number);
    }
  }
  uint8_t *data() const { return memory_.get(); }

private:
  struct Free {
    void operator()(uint8_t *memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
};

// An input as the metadata describes it. False for what is too large to try.
inline bool make_input(const ValueMeta &meta, std::vector<Block> &blocks, Value &value) {
  if (meta.kind == "int")
    value = int64_t{0};
  else if (meta.kind == "bool")
    value = false;
  else if (meta.kind == "double")
    value = 0.0;
  else if (meta.kind == "string")
    value = std::string();
  if (meta.kind != "tensor")
    return true;
  if (meta.tensor.nbytes > small_limits().max_tensor_bytes)
    return false;
  Result<Tensor> tensor =
      Tensor::make(meta.tensor.dtype, meta.tensor.sizes, meta.tensor.dim_order, ShapeDynamism::kStatic);
  if (!tensor.ok())
    std::abort();
  blocks.emplace_back(tensor->nbytes(), tensor->dtype());
  tensor->set_read_only_data(blocks.back().data(), tensor->nbytes());
  value = *tensor;
  return true;
}

inline volatile uint8_t sink = 0;

// Reads every byte of the outputs, which must be there.
inline void read_outputs(const Method &method) {
  for (size_t i = 0; i < method.metadata().outputs.size(); ++i)
    if (const auto *tensor = std::get_if<Tensor>(&method.output(i));
        tensor != nullptr && tensor->data() != nullptr)
      for (size_t at = 0; at < tensor->nbytes(); ++at)
        sink = tensor->data_as<uint8_t>()[at];
}

// Loads a program with small limits, and runs all its methods.
inline void run_program(const uint8_t *data, size_t size) {
  ProgramOptions options;
  options.num_threads = 1;
  options.limits = small_limits();
  Result<Program> program = Program::load_buffer({data, size}, nullptr, options);
  expect_message(program.status());
  if (!program.ok())
    return;
  for (const std::string &name : program->method_names()) {
    MethodOptions method_options;
    method_options.max_instructions = 64;
    Result<Method> method = program->load_method(name, method_options);
    expect_message(method.status());
    if (!method.ok())
      continue;
    std::vector<Block> blocks;
    std::vector<Value> inputs(method->metadata().inputs.size());
    bool small = true;
    for (size_t i = 0; i < inputs.size(); ++i)
      small = small && make_input(method->metadata().inputs[i], blocks, inputs[i]);
    if (!small)
      continue;
    expect_message(method->set_inputs(inputs));
    // Twice: the second run meets what the first left.
    for (int run = 0; run < 2; ++run) {
      const Status status = method->execute();
      expect_message(status);
      if (status.ok())
        read_outputs(*method);
    }
    method->reset();
  }
}

} // namespace xnnir::fuzz
