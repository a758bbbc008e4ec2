// The short way to run a program: load a file, call its methods with memory of your own, get tensors that own
// theirs.
//
//     auto module = xnnir::Module::load("model.pte");
//     auto outputs = module->forward({xnnir::TensorView(pixels.data(), {1, 3, 224, 224})});
//     const float *logits = outputs.value()[0].data<float>();
//
// Each call that can fail returns a Result: test ok() and read status().message(). Method (program.h) is the
// way to run without any allocation.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "xnnir/program.h"
#include "xnnir/value.h"

namespace xnnir {

// The dtype of tensors of a C++ type.
template <typename T> constexpr ScalarType scalar_type_of() {
  if constexpr (std::is_same_v<T, uint8_t>)
    return ScalarType::kByte;
  else if constexpr (std::is_same_v<T, int8_t>)
    return ScalarType::kChar;
  else if constexpr (std::is_same_v<T, int16_t>)
    return ScalarType::kShort;
  else if constexpr (std::is_same_v<T, int32_t>)
    return ScalarType::kInt;
  else if constexpr (std::is_same_v<T, int64_t>)
    return ScalarType::kLong;
  else if constexpr (std::is_same_v<T, float>)
    return ScalarType::kFloat;
  else if constexpr (std::is_same_v<T, double>)
    return ScalarType::kDouble;
  else {
    static_assert(std::is_same_v<T, bool>, "no dtype has this element type; name the dtype");
    return ScalarType::kBool;
  }
}

// The caller's memory as a tensor: dense, and contiguous unless `dim_order` says otherwise ({0, 2, 3, 1} is
// channels-last). Sizes are logical, as PyTorch has them. What is wrong with them is said by the call that
// takes it.
class TensorView {
public:
  TensorView(const void *data, ScalarType dtype, std::vector<int32_t> sizes,
             std::vector<uint8_t> dim_order = {});
  template <typename T>
  TensorView(const T *data, std::initializer_list<int32_t> sizes,
             std::initializer_list<uint8_t> dim_order = {})
      : TensorView(data, scalar_type_of<T>(), sizes, dim_order) {}
  template <typename T>
  TensorView(const T *data, std::vector<int32_t> sizes, std::vector<uint8_t> dim_order = {})
      : TensorView(data, scalar_type_of<T>(), std::move(sizes), std::move(dim_order)) {}

  const Result<Tensor> &tensor() const { return tensor_; }

private:
  Result<Tensor> tensor_;
};

// An output. Tensors keep their memory as long as a copy of the output lives.
class Output {
public:
  Output(Value value, std::shared_ptr<void> memory) : value_(std::move(value)), memory_(std::move(memory)) {}

  const Value &value() const { return value_; }
  // Null when the output is no tensor.
  const Tensor *tensor() const { return std::get_if<Tensor>(&value_); }
  // Null when the output is no tensor of that element type.
  template <typename T> const T *data() const {
    const Tensor *it = tensor();
    return it != nullptr && it->dtype() == scalar_type_of<T>() ? it->data_as<T>() : nullptr;
  }

private:
  Value value_;
  std::shared_ptr<void> memory_;
};

// Number of threads, .ptd files and the file of packed weights are among the program's options.
struct ModuleOptions : ProgramOptions {
  // Time every instruction, and every node inside the delegates.
  bool profile = false;
};

// Loads methods when they are first called. Used by one thread at a time.
class Module {
public:
  static Result<Module> load(const Source &source, const ModuleOptions &options = {});
  static Result<Module> load(const std::string &path, const ModuleOptions &options = {}) {
    return load(Source::file(path), options);
  }

  Result<std::vector<Output>> forward(const std::vector<TensorView> &inputs) {
    return execute("forward", inputs);
  }
  Result<std::vector<Output>> execute(const std::string &method, const std::vector<TensorView> &inputs);
  // For inputs that are numbers.
  Result<std::vector<Output>> execute(const std::string &method, Span<const Value> inputs);

  // Gives the buffers of a method the numbers that they had at first. Does nothing for one that never ran.
  void reset(const std::string &method);

  std::vector<std::string> method_names() const { return program_.method_names(); }
  Result<MethodMeta> metadata(const std::string &method) const { return program_.metadata(method); }
  // What came of ModuleOptions::packed_cache_path in the loads of methods until now.
  PackedCacheInfo packed_cache_info() const { return program_.packed_cache_info(); }
  // Of the method's last run; empty without ModuleOptions::profile.
  std::vector<ProfileEvent> profile_events(const std::string &method) const;

private:
  Module(Program program, bool profile) : program_(std::move(program)), profile_(profile) {}
  Result<Method *> find(const std::string &method);

  Program program_;
  bool profile_;
  std::map<std::string, Method> methods_;
};

} // namespace xnnir
