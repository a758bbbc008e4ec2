// The instruction loop.
#include <chrono>

#include "core/method_state.h"

namespace xnnir {

namespace {

using Clock = std::chrono::steady_clock;

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
  State &state = *state_;
  for (size_t i = 0; i < state.input_set.size(); ++i)
    if (!state.input_set[i])
      return make_status(StatusCode::kInvalidState, "input %zu of method '%s' is not set", i,
                         state.plan->name.c_str());
  XNNIR_RETURN_IF_ERROR(state.check_linked_sizes());
  XNNIR_RETURN_IF_ERROR(state.program->threads->check_process());
  for (const auto &[slot, value] : state.initial_values)
    state.values[slot] = value;
  state.attach_outputs();
  XNNIR_RETURN_IF_ERROR(state.run());
  return state.collect_outputs();
}

Status Method::State::run() {
  events.clear();
  event_ranges.assign(options.profile ? steps.size() : 0, {});
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
    if (!options.profile) {
      const Status status = run_step(number);
      if (!status.ok())
        return failed_step(number, status);
    } else {
      const Clock::time_point start = Clock::now();
      const Status status = run_step(number);
      const Clock::duration elapsed = Clock::now() - start;
      if (!status.ok())
        return failed_step(number, status);
      record(number,
             static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count()));
    }
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
    KernelContext context(values, program->threads->handle());
    return step.kernel(context, step.args);
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

void Method::State::record(size_t number, uint64_t nanoseconds) {
  const Step &step = steps[number];
  std::vector<ProfileEvent> nodes;
  if (step.kind == InstructionKind::kDelegateCall)
    nodes = step.delegate->profile_events();
  EventRange &range = event_ranges[number];
  if (range.count > 0) {
    // Nodes are the same each time; a backend that does otherwise has its first ones kept.
    events[range.first].nanoseconds += nanoseconds;
    for (size_t i = 0; i < nodes.size() && i + 1 < range.count; ++i)
      events[range.first + 1 + i].nanoseconds += nodes[i].nanoseconds;
    return;
  }
  range = {events.size(), 1 + nodes.size()};
  ProfileEvent event;
  event.instruction = static_cast<int32_t>(number);
  event.nanoseconds = nanoseconds;
  if (number < plan->locations.size())
    event.location = plan->locations[number];
  switch (step.kind) {
  case InstructionKind::kKernelCall:
    event.name = plan->operators[step.index];
    break;
  case InstructionKind::kDelegateCall:
    event.name = plan->delegates[step.index].backend_id;
    break;
  default:
    event.name = step.kind == InstructionKind::kMove ? "move" : "free";
    break;
  }
  events.push_back(std::move(event));
  for (ProfileEvent &node : nodes) {
    node.instruction = static_cast<int32_t>(number);
    events.push_back(std::move(node));
  }
}

} // namespace xnnir
