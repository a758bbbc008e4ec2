#include "backends/xnnpack/profile.h"

namespace xnnir {
namespace {

size_t count_operators(xnn_runtime_t runtime) {
  size_t count = 0;
  size_t needed = 0;
  const xnn_status status =
      xnn_get_runtime_profiling_info(runtime, xnn_profile_info_num_operators, sizeof count, &count, &needed);
  return status == xnn_status_success ? count : 0;
}

// "Convolution (NHWC, F32) IGEMM" and so on: one string after the other, each with its terminator.
std::vector<std::string> operator_names(xnn_runtime_t runtime, size_t count) {
  std::vector<std::string> names;
  size_t needed = 0;
  xnn_get_runtime_profiling_info(runtime, xnn_profile_info_operator_name, 0, nullptr, &needed);
  std::vector<char> text(needed);
  if (needed == 0 || xnn_get_runtime_profiling_info(runtime, xnn_profile_info_operator_name, text.size(),
                                                    text.data(), &needed) != xnn_status_success)
    return std::vector<std::string>(count);
  for (size_t begin = 0; begin < text.size(); begin += names.back().size() + 1)
    names.emplace_back(&text[begin]);
  names.resize(count);
  return names;
}

} // namespace

Profile::Profile(const DelegateGraph &graph, xnn_runtime_t runtime) {
  const size_t count = count_operators(runtime);
  const std::vector<std::string> names = operator_names(runtime, count);
  // On some machines XNNPACK adds operators of its own (packing of activations); then names alone are
  // certain.
  const bool one_each = count == graph.nodes.size();
  for (size_t i = 0; i < count; ++i) {
    ProfileEvent event;
    event.name = names[i];
    event.node = static_cast<int32_t>(one_each ? graph.nodes[i].position : i);
    if (one_each)
      event.location = graph.location(graph.nodes[i]);
    operators_.push_back(std::move(event));
  }
}

std::vector<ProfileEvent> Profile::events(xnn_runtime_t runtime) const {
  std::vector<ProfileEvent> events = operators_;
  std::vector<uint64_t> microseconds(events.size());
  size_t needed = 0;
  if (events.empty() || xnn_get_runtime_profiling_info(runtime, xnn_profile_info_operator_timing,
                                                       microseconds.size() * sizeof(uint64_t),
                                                       microseconds.data(), &needed) != xnn_status_success)
    return {};
  for (size_t i = 0; i < events.size(); ++i)
    events[i].nanoseconds = microseconds[i] * 1000;
  return events;
}

} // namespace xnnir
