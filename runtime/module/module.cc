#include "xnnir/module.h"

#include <cstring>

#include "core/memory.h"
#include "core/no_throw.h"

namespace xnnir {

namespace {

Result<Tensor> make_view(const void *data, ScalarType dtype, const std::vector<int32_t> &sizes,
                         std::vector<uint8_t> dim_order) {
  if (dim_order.empty())
    for (size_t i = 0; i < sizes.size(); ++i)
      dim_order.push_back(static_cast<uint8_t>(i));
  Result<Tensor> tensor =
      Tensor::make(dtype, Span<const int32_t>(sizes), Span<const uint8_t>(dim_order), ShapeDynamism::kStatic);
  if (tensor.ok())
    tensor->set_read_only_data(data, tensor->nbytes());
  return tensor;
}

// Memory for an output, aligned and with room for the largest shape.
Result<std::shared_ptr<void>> allocate(size_t nbytes, void *&data) {
  AlignedBuffer buffer = AlignedBuffer::allocate(nbytes);
  if (buffer.data() == nullptr)
    return make_status(StatusCode::kMemoryAllocationFailed, "an output needs %zu bytes", nbytes);
  data = buffer.data();
  return buffer.share();
}

// However a call ends, the method must not keep pointers into memory of its outputs' owners.
struct OutputGuard {
  explicit OutputGuard(Method &method) : method(method) {}
  ~OutputGuard() {
    for (size_t i = 0; i < method.metadata().outputs.size(); ++i)
      static_cast<void>(method.set_output(i, nullptr, 0));
  }
  Method &method;
};

} // namespace

TensorView::TensorView(const void *data, ScalarType dtype, std::vector<int32_t> sizes,
                       std::vector<uint8_t> dim_order)
    : tensor_(make_view(data, dtype, sizes, std::move(dim_order))) {}

Result<Module> Module::load(const Source &source, const ModuleOptions &options) {
  return without_exceptions("load a module", [&]() -> Result<Module> {
    Result<Program> program = Program::load(source, options);
    if (!program.ok())
      return program.status();
    return Module(std::move(*program), options.profile);
  });
}

Result<Method *> Module::find(const std::string &method) {
  const auto position = methods_.find(method);
  if (position != methods_.end())
    return &position->second;
  MethodOptions options;
  options.profile = profile_;
  Result<Method> loaded = program_.load_method(method, options);
  if (!loaded.ok())
    return loaded.status();
  return &methods_.emplace(method, std::move(*loaded)).first->second;
}

Result<std::vector<Output>> Module::execute(const std::string &method,
                                            const std::vector<TensorView> &inputs) {
  return without_exceptions("execute a method", [&]() -> Result<std::vector<Output>> {
    std::vector<Value> values;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Result<Tensor> &tensor = inputs[i].tensor();
      if (!tensor.ok())
        return Status(tensor.status().code(),
                      "input " + std::to_string(i) + ": " + tensor.status().message());
      values.push_back(tensor.value());
    }
    return execute(method, Span<const Value>(values));
  });
}

Result<std::vector<Output>> Module::execute(const std::string &name, Span<const Value> inputs) {
  return without_exceptions("execute a method", [&]() -> Result<std::vector<Output>> {
    Result<Method *> found = find(name);
    if (!found.ok())
      return found.status();
    Method &method = **found;
    XNNIR_RETURN_IF_ERROR(method.set_inputs(inputs));

    const std::vector<ValueMeta> &outputs = method.metadata().outputs;
    std::vector<std::shared_ptr<void>> memory(outputs.size());
    std::vector<void *> data(outputs.size(), nullptr);
    const OutputGuard guard(method);
    for (size_t i = 0; i < outputs.size(); ++i) {
      // What an unbounded output needs is known when it is there.
      if (outputs[i].kind != "tensor" || outputs[i].tensor.dynamism == ShapeDynamism::kDynamicUnbound)
        continue;
      Result<std::shared_ptr<void>> block = allocate(outputs[i].tensor.nbytes, data[i]);
      if (!block.ok())
        return block.status();
      memory[i] = std::move(*block);
      XNNIR_RETURN_IF_ERROR(method.set_output(i, data[i], outputs[i].tensor.nbytes, kOverReadBytes));
    }
    XNNIR_RETURN_IF_ERROR(method.execute());

    std::vector<Output> results;
    for (size_t i = 0; i < outputs.size(); ++i) {
      Value value = method.output(i);
      if (auto *tensor = std::get_if<Tensor>(&value)) {
        if (data[i] == nullptr) {
          Result<std::shared_ptr<void>> block = allocate(tensor->nbytes(), data[i]);
          if (!block.ok())
            return block.status();
          memory[i] = std::move(*block);
          if (tensor->data() != nullptr)
            std::memcpy(data[i], tensor->data(), tensor->nbytes());
        }
        tensor->set_data(data[i], tensor->nbytes());
      }
      results.emplace_back(std::move(value), std::move(memory[i]));
    }
    return results;
  });
}

void Module::reset(const std::string &method) {
  const auto position = methods_.find(method);
  if (position != methods_.end())
    position->second.reset();
}

std::vector<ProfileEvent> Module::profile_events(const std::string &method) const {
  const auto position = methods_.find(method);
  return position == methods_.end() ? std::vector<ProfileEvent>() : position->second.profile_events();
}

} // namespace xnnir
