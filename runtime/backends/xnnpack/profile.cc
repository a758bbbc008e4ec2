#include "backends/xnnpack/profile.h"

#include <set>
#include <utility>

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

// A value that is an input twice is read once.
uint64_t bytes_of(const DelegateGraph &graph, const DelegateNode &node, const std::vector<Shape> &shapes) {
  std::set<uint32_t> values(node.inputs.begin(), node.inputs.end());
  values.insert(node.outputs.begin(), node.outputs.end());
  uint64_t sum = 0;
  for (const uint32_t value : values) {
    size_t bytes = 0;
    if (count_bytes(shapes[value], graph.values[value].datatype, &bytes))
      sum += bytes;
  }
  return sum;
}

} // namespace

Profile::Profile(const DelegateGraph &graph, xnn_runtime_t runtime) {
  const size_t count = count_operators(runtime);
  const std::vector<std::string> names = operator_names(runtime, count);
  // On some machines XNNPACK adds operators of its own (packing of activations); then names alone are
  // certain.
  one_each_ = count == graph.nodes.size();
  std::vector<std::string> locations;
  if (one_each_)
    locations = graph.node_locations();
  for (size_t i = 0; i < count; ++i) {
    ProfileEvent event;
    event.name = names[i];
    event.node = static_cast<int32_t>(one_each_ ? graph.nodes[i].position : i);
    if (one_each_)
      event.location = std::move(locations[i]);
    operators_.push_back(std::move(event));
  }
}

std::vector<ProfileEvent> Profile::events(xnn_runtime_t runtime, const DelegateGraph &graph,
                                          const std::vector<Shape> &shapes) const {
  std::vector<ProfileEvent> events = operators_;
  std::vector<uint64_t> microseconds(events.size());
  size_t needed = 0;
  if (events.empty() || xnn_get_runtime_profiling_info(runtime, xnn_profile_info_operator_timing,
                                                       microseconds.size() * sizeof(uint64_t),
                                                       microseconds.data(), &needed) != xnn_status_success)
    return {};
  for (size_t i = 0; i < events.size(); ++i)
    events[i].nanoseconds = microseconds[i] * 1000;
  for (size_t i = 0; one_each_ && i < events.size(); ++i)
    events[i].bytes = bytes_of(graph, graph.nodes[i], shapes);
  return events;
}

} // namespace xnnir
