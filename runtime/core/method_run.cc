// The instruction loop.
#include "core/method_state.h"
#include "core/no_throw.h"

namespace xnnir {

namespace {

// Memory that nothing has provided is refused here once, so that no delegate meets a null pointer.
Status check_data(const std::vector<Value *> &args) {
  for (size_t i = 0; i < args.size(); ++i) {
    const auto *tensor = std::get_if<Tensor>(args[i]);
    if (tensor != nullptr && tensor->data() == nullptr && tensor->numel() > 0)
      return make_status(StatusCode::kInvalidState, "argument %zu is a tensor that no memory was given to",
                         i);
  }
  return {};
}

// Conditions are bools, or tensors of one bool.
Result<bool> condition_of(const Value &value) {
  if (const auto *flag = std::get_if<bool>(&value))
    return *flag;
  const auto *tensor = std::get_if<Tensor>(&value);
  if (tensor != nullptr && tensor->dtype() == ScalarType::kBool && tensor->numel() == 1 &&
      tensor->data() != nullptr)
    return *tensor->data_as<uint8_t>() != 0;
  return make_status(StatusCode::kInvalidType,
                     "the condition is of kind %s, expected bool or a tensor of one bool", kind_of(value));
}

} // namespace

Status Method::execute() {
  return without_exceptions("execute a method", [&] { return state_->execute(); });
}

Status Method::State::execute() {
  for (size_t i = 0; i < input_set.size(); ++i)
    if (!input_set[i])
      return make_status(StatusCode::kInvalidState, "input %zu of method '%s' is not set", i,
                         plan->name.c_str());
  XNNIR_RETURN_IF_ERROR(check_linked_sizes());
  XNNIR_RETURN_IF_ERROR(program->threads->check_process());
  for (const auto &[slot, value] : initial_values)
    values[slot] = value;
  // What runs before this one did with the place of an input, they may.
  for (size_t i = 0; i < input_sources.size(); ++i) {
    if (input_sources[i].is_used)
      copy_input(i);
    input_sources[i].is_used = input_sources[i].nbytes > 0;
  }
  attach_outputs();
  XNNIR_RETURN_IF_ERROR(run());
  return collect_outputs();
}

Status Method::State::run() {
  begin_profile();
  size_t number = 0;
  uint64_t left = options.max_instructions;
  while (number < steps.size()) {
    const Step &step = steps[number];
    if (left-- == 0)
      return failed_step(number,
                         make_status(StatusCode::kOutOfResources,
                                     "the method has run %llu instructions, the most that "
                                     "MethodOptions::max_instructions allows: a loop in it may not end",
                                     static_cast<unsigned long long>(options.max_instructions)));
    if (step.kind == InstructionKind::kJumpFalse) {
      Result<bool> condition = condition_of(values[step.index]);
      if (!condition.ok())
        return failed_step(number, condition.status());
      number = *condition ? number + 1 : step.target;
      continue;
    }
    const Status status = step_events.empty() ? run_step(number) : run_profiled_step(number);
    if (!status.ok())
      return failed_step(number, status);
    ++number;
  }
  return {};
}

Status Method::State::run_step(size_t number) {
  Step &step = steps[number];
  switch (step.kind) {
  case InstructionKind::kDelegateCall:
    XNNIR_RETURN_IF_ERROR(check_data(step.args));
    return step.delegate->execute(step.args);
  case InstructionKind::kKernelCall: {
    KernelContext context(values, program->threads->handle(), step.kernel.user_data);
    return step.kernel.function(context, step.args);
  }
  case InstructionKind::kMove:
    values[step.target] = values[step.index];
    return {};
  case InstructionKind::kFree:
    // Tensors with a place in an arena keep it.
    if (auto *tensor = std::get_if<Tensor>(&values[step.index]))
      tensor->release();
    return {};
  case InstructionKind::kJumpFalse:
    break;
  }
  return make_status(StatusCode::kInternal, "the instruction is of an unknown kind");
}

Status Method::State::failed_step(size_t number, const Status &status) const {
  const Step &step = steps[number];
  std::string what = "instruction " + std::to_string(number);
  if (step.kind == InstructionKind::kKernelCall)
    what += " (" + plan->operators[step.index] + ")";
  if (step.kind == InstructionKind::kDelegateCall)
    what += " (" + plan->delegates[step.index].backend_id + ", delegate " + std::to_string(step.index) + ")";
  if (number < plan->locations.size() && !plan->locations[number].empty())
    what += " at " + plan->locations[number];
  return Status(status.code(), what + ": " + status.message());
}

} // namespace xnnir
