// What a run leaves behind for those who ask where its time went.
#include <algorithm>

#include "core/method_state.h"

namespace xnnir {

namespace {

using Clock = std::chrono::steady_clock;

uint64_t nanoseconds_of(Clock::duration duration) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count());
}

// The value that an out-variant returns is an argument twice, and lists name others of the table.
uint64_t bytes_of(const std::vector<Value *> &args, const std::vector<Value> &table) {
  std::vector<const Value *> tensors;
  const auto add = [&](const Value &value) {
    if (std::holds_alternative<Tensor>(value))
      tensors.push_back(&value);
  };
  const auto add_all = [&](const std::vector<int32_t> &slots) {
    for (const int32_t slot : slots)
      if (slot >= 0)
        add(table[static_cast<size_t>(slot)]);
  };
  for (const Value *arg : args) {
    add(*arg);
    if (const auto *list = std::get_if<TensorList>(arg))
      add_all(list->values);
    else if (const auto *optional = std::get_if<OptionalTensorList>(arg))
      add_all(optional->values);
  }
  std::sort(tensors.begin(), tensors.end());
  tensors.erase(std::unique(tensors.begin(), tensors.end()), tensors.end());
  uint64_t bytes = 0;
  for (const Value *tensor : tensors)
    bytes += std::get<Tensor>(*tensor).nbytes();
  return bytes;
}

} // namespace

void Method::State::prepare_profile() {
  const ProfileHooks &hooks = options.profile_hooks;
  if (!options.profile && hooks.begin == nullptr && hooks.end == nullptr)
    return;
  for (size_t number = 0; number < steps.size(); ++number) {
    const Step &step = steps[number];
    ProfileEvent event;
    event.instruction = static_cast<int32_t>(number);
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
    step_events.push_back(std::move(event));
  }
}

void Method::State::begin_profile() {
  events.clear();
  spans.clear();
  event_ranges.assign(options.profile ? steps.size() : 0, {});
  if (!step_events.empty())
    start = Clock::now();
}

Status Method::State::run_profiled_step(size_t number) {
  ProfileEvent &event = step_events[number];
  const ProfileHooks &hooks = options.profile_hooks;
  event.nanoseconds = 0;
  event.bytes = 0;
  if (hooks.begin != nullptr)
    hooks.begin(hooks.context, event);
  const Clock::time_point begin = Clock::now();
  XNNIR_RETURN_IF_ERROR(run_step(number));
  event.nanoseconds = nanoseconds_of(Clock::now() - begin);
  event.bytes = bytes_of(steps[number].args, values);
  if (hooks.end != nullptr)
    hooks.end(hooks.context, event);
  if (options.profile)
    record(event, nanoseconds_of(begin - start));
  return {};
}

void Method::State::record(const ProfileEvent &event, uint64_t start_nanoseconds) {
  const size_t number = static_cast<size_t>(event.instruction);
  const Step &step = steps[number];
  std::vector<ProfileEvent> nodes;
  if (step.kind == InstructionKind::kDelegateCall)
    nodes = step.delegate->profile_events();
  EventRange &range = event_ranges[number];
  const bool first = range.count == 0;
  if (first) {
    range = {events.size(), 1 + nodes.size()};
    events.push_back(event);
    for (const ProfileEvent &node : nodes) {
      events.push_back(node);
      events.back().instruction = event.instruction;
    }
  }
  // Nodes are the same each time; a backend that does otherwise has its first ones kept.
  nodes.resize(range.count - 1);
  uint64_t node_bytes = 0;
  for (const ProfileEvent &node : nodes)
    node_bytes += node.bytes;
  ProfileEvent &sum = events[range.first];
  const uint64_t bytes = node_bytes > 0 ? node_bytes : event.bytes;
  if (first) {
    sum.bytes = bytes;
  } else {
    sum.nanoseconds += event.nanoseconds;
    sum.bytes += bytes;
    ++sum.count;
  }
  add_span(range.first, start_nanoseconds, event.nanoseconds);
  uint64_t offset = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const ProfileEvent &node = nodes[i];
    if (!first) {
      ProfileEvent &node_sum = events[range.first + 1 + i];
      node_sum.nanoseconds += node.nanoseconds;
      node_sum.bytes += node.bytes;
      ++node_sum.count;
    }
    // Rounding must not put a node behind the end of its delegate.
    const uint64_t length = std::min(node.nanoseconds, event.nanoseconds - offset);
    add_span(range.first + 1 + i, start_nanoseconds + offset, length);
    offset += length;
  }
}

void Method::State::add_span(size_t event, uint64_t start_nanoseconds, uint64_t nanoseconds) {
  if (spans.size() < kMaxProfileSpans)
    spans.push_back({event, start_nanoseconds, nanoseconds});
}

} // namespace xnnir
