// From a checked plan to a method that can run.
#include <algorithm>
#include <set>
#include <string>

#include "core/method_state.h"

namespace xnnir {

namespace {

std::string join(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

} // namespace

// Gives every tensor that has a place its memory, and mutable ones their initial state.
Status Method::State::place_tensors() {
  for (size_t i = 0; i < plan->arena_sizes.size(); ++i) {
    XNNIR_RETURN_IF_ERROR(take_memory("arena", i + 1, plan->arena_sizes[i]));
    arenas.push_back(AlignedBuffer::allocate(plan->arena_sizes[i]));
    if (arenas.back().data() == nullptr)
      return make_status(
          StatusCode::kMemoryAllocationFailed,
          "method '%s' needs an arena of %zu bytes (non_const_buffer_sizes[%zu]), more than there is",
          plan->name.c_str(), plan->arena_sizes[i], i + 1);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    auto *tensor = std::get_if<Tensor>(&values[i]);
    if (tensor == nullptr)
      continue;
    const TensorMemory &memory = plan->memory[i];
    switch (memory.kind) {
    case TensorMemory::Kind::kNone:
      // The file could plan no place for it, as nothing bounds its size.
      if (tensor->dynamism() == ShapeDynamism::kDynamicUnbound)
        XNNIR_RETURN_IF_ERROR(tensor->make_growable(program->options.limits.max_tensor_bytes));
      break;
    case TensorMemory::Kind::kConstant:
      tensor->set_read_only_data(memory.data.data(), memory.data.size());
      break;
    case TensorMemory::Kind::kPlanned: {
      uint8_t *data = arenas[memory.arena].data() + memory.offset;
      tensor->set_data(data, tensor->nbytes(), kOverReadBytes);
      std::copy(memory.data.begin(), memory.data.end(), data);
      break;
    }
    case TensorMemory::Kind::kExternal: {
      Result<Span<const uint8_t>> data = program->get(memory.key);
      if (!data.ok())
        return make_status(
            StatusCode::kInvalidExternalData,
            "values[%zu] of method '%s' is kept outside the program under the name '%s', and no data of "
            "that name was given%s",
            i, plan->name.c_str(), memory.key.c_str(),
            program->options.data.empty() ? ": name the .ptd file that it was saved with" : "");
      const NamedBytes *entry = program->find_external(memory.key);
      if (entry != nullptr && entry->is_tensor &&
          (entry->dtype != tensor->dtype() || !std::equal(entry->sizes.begin(), entry->sizes.end(),
                                                          tensor->sizes().begin(), tensor->sizes().end())))
        return make_status(StatusCode::kInvalidExternalData,
                           "named data '%s' is a tensor of another dtype or shape than values[%zu] of method "
                           "'%s'",
                           memory.key.c_str(), i, plan->name.c_str());
      if (data->size() < tensor->nbytes())
        return make_status(StatusCode::kInvalidExternalData,
                           "named data '%s' has %zu bytes, but values[%zu] needs %zu", memory.key.c_str(),
                           data->size(), i, tensor->nbytes());
      tensor->set_read_only_data(data->data(), data->size());
      break;
    }
    }
  }
  return {};
}

Status Method::State::init_delegates() {
  for (size_t i = 0; i < plan->delegates.size(); ++i) {
    const DelegatePlan &delegate = plan->delegates[i];
    Backend *backend = find_backend(delegate.backend_id);
    if (backend == nullptr)
      return make_status(
          StatusCode::kNotFound,
          "method '%s' needs backend '%s', which is not registered (registered: %s); link its library, "
          "whole",
          plan->name.c_str(), delegate.backend_id.c_str(), join(registered_backend_ids()).c_str());
    if (!backend->is_available())
      return make_status(StatusCode::kNotFound,
                         "method '%s' needs backend '%s', which this machine does not support",
                         plan->name.c_str(), delegate.backend_id.c_str());
    BackendInitContext context;
    context.named_data = program.get();
    context.state = program->backend_state(backend);
    context.sources = program.get();
    context.threads = program->threads->handle();
    context.method_name = plan->name;
    context.delegate_index = i;
    context.profile = options.profile;
    context.max_bytes = program->options.limits.max_tensor_bytes;
    Result<std::unique_ptr<Delegate>> made = backend->init(context, delegate.processed);
    if (!made.ok())
      return Status(made.status().code(), "delegates[" + std::to_string(i) + "] of method '" + plan->name +
                                              "' (" + delegate.backend_id + "): " + made.status().message());
    delegates.push_back(std::move(*made));
  }
  return {};
}

Status Method::State::resolve_steps() {
  std::set<std::string> missing;
  std::set<std::string> used;
  for (const InstructionPlan &instruction : plan->instructions) {
    Step step;
    step.kind = instruction.kind;
    step.index = static_cast<size_t>(instruction.index);
    step.target = static_cast<size_t>(instruction.target);
    for (const int32_t arg : instruction.args)
      step.args.push_back(&values[static_cast<size_t>(arg)]);
    if (step.kind == InstructionKind::kKernelCall) {
      const std::string &name = plan->operators[step.index];
      used.insert(name);
      step.kernel = find_kernel(name);
      if (step.kernel.function == nullptr)
        missing.insert(name);
    }
    steps.push_back(std::move(step));
  }
  if (missing.empty())
    return {};
  return make_status(
      StatusCode::kOperatorMissing,
      "method '%s' needs %zu operators that no linked library has, of %zu that it uses: %s; delegate "
      "them when lowering, or register kernels for them",
      plan->name.c_str(), missing.size(), used.size(),
      join(std::vector<std::string>(missing.begin(), missing.end())).c_str());
}

Status Method::State::take_memory(const char *what, size_t index, size_t bytes) {
  const size_t limit = program->options.limits.max_tensor_bytes;
  if (bytes > limit || memory_taken > limit - bytes)
    return make_status(
        StatusCode::kOutOfResources,
        "%s %zu of method '%s' needs %zu bytes, and with those the method exceeds the %zu that "
        "Limits::max_tensor_bytes allows",
        what, index, plan->name.c_str(), bytes, limit);
  memory_taken += bytes;
  return {};
}

Status Method::State::give_memory(Tensor &tensor, const char *what, size_t index) {
  XNNIR_RETURN_IF_ERROR(take_memory(what, index, tensor.nbytes()));
  buffers.push_back(AlignedBuffer::allocate(tensor.nbytes()));
  if (buffers.back().data() == nullptr)
    return make_status(StatusCode::kMemoryAllocationFailed, "%s %zu of method '%s' needs %zu bytes", what,
                       index, plan->name.c_str(), tensor.nbytes());
  tensor.set_data(buffers.back().data(), tensor.nbytes(), kOverReadBytes);
  return {};
}

bool Method::State::is_delegate_argument(int32_t value) const {
  for (const InstructionPlan &instruction : plan->instructions)
    if (instruction.kind == InstructionKind::kDelegateCall &&
        std::count(instruction.args.begin(), instruction.args.end(), value) > 0)
      return std::count(plan->inputs.begin(), plan->inputs.end(), value) == 0;
  return false;
}

// Decides which inputs and outputs are shared with the caller, and gives outputs without a place some memory.
Status Method::State::bind() {
  std::vector<size_t> delegate_inputs;
  for (const auto &delegate : delegates)
    delegate_inputs.push_back(delegate->num_inputs());
  bindings = plan_bindings(*plan, delegate_inputs);

  input_set.assign(plan->inputs.size(), false);
  input_sources.assign(plan->inputs.size(), {});
  input_data.assign(plan->inputs.size(), nullptr);
  input_capacity.assign(plan->inputs.size(), 0);
  for (size_t i = 0; i < plan->inputs.size(); ++i) {
    auto *tensor = std::get_if<Tensor>(&values[static_cast<size_t>(plan->inputs[i])]);
    if (tensor == nullptr || bindings.share_input[i])
      continue;
    if (tensor->read_only())
      return make_status(StatusCode::kInvalidProgram, "inputs[%zu] of method '%s' is a constant", i,
                         plan->name.c_str());
    // An input that an instruction writes, without a place in the file's plan.
    if (tensor->data() == nullptr)
      XNNIR_RETURN_IF_ERROR(give_memory(*tensor, "input", i));
    input_data[i] = tensor->data();
    input_capacity[i] = tensor->capacity();
  }

  outputs.resize(plan->outputs.size());
  for (size_t i = 0; i < plan->outputs.size(); ++i) {
    auto *tensor = std::get_if<Tensor>(&values[static_cast<size_t>(plan->outputs[i])]);
    if (tensor == nullptr)
      continue;
    // Also where it is not shared because a backend does not say what its delegate writes.
    if (tensor->data() == nullptr &&
        (bindings.share_output[i] || (!tensor->growable() && is_delegate_argument(plan->outputs[i]))))
      XNNIR_RETURN_IF_ERROR(give_memory(*tensor, "output", i));
    if (!bindings.share_output[i])
      continue;
    outputs[i].own_data = tensor->data();
    outputs[i].own_capacity = tensor->capacity();
  }
  save_initial_values();
  link_sizes();
  return {};
}

// Numbers that kernels compute stand last among their arguments. Tensors keep their memory, but for results
// of moves and views: in the next run that may be memory which the caller has freed.
void Method::State::save_initial_values() {
  const auto keeps_memory = [](const Value &value) {
    return !std::holds_alternative<int64_t>(value) && !std::holds_alternative<bool>(value) &&
           !std::holds_alternative<double>(value) && !std::holds_alternative<std::monostate>(value);
  };
  for (const InstructionPlan &instruction : plan->instructions) {
    if (instruction.kind == InstructionKind::kMove) {
      const size_t slot = static_cast<size_t>(instruction.target);
      initial_values.emplace(slot, values[slot]);
    } else if (instruction.kind == InstructionKind::kKernelCall && !instruction.args.empty()) {
      const size_t slot = static_cast<size_t>(instruction.args.back());
      const std::string &name = plan->operators[static_cast<size_t>(instruction.index)];
      if (!keeps_memory(values[slot]) || name == "executorch_prim::et_view.default")
        initial_values.emplace(slot, values[slot]);
    }
  }
}

} // namespace xnnir
