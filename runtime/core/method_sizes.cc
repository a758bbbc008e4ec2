// Whether inputs have sizes that the method was made for, where the file says more than bounds.
#include <algorithm>
#include <map>

#include "core/method_state.h"

namespace xnnir {

namespace {

std::string range_of(const InputSize &size) {
  std::string text = std::to_string(size.smallest) + " to " + std::to_string(size.largest);
  if (size.scale > 1)
    text += ", a multiple of " + std::to_string(size.scale) +
            (size.offset == 0 ? "" : " plus " + std::to_string(size.offset));
  return text;
}

std::string name_of(const InputSize &size) {
  const std::string input = "input " + std::to_string(size.input);
  return size.dimension < 0 ? input : "dimension " + std::to_string(size.dimension) + " of " + input;
}

} // namespace

// Each size that shares a symbol with an earlier one, and that one.
void Method::State::link_sizes() {
  std::map<int64_t, size_t> first;
  for (size_t i = 0; i < plan->input_sizes.size(); ++i) {
    const auto [position, is_new] = first.emplace(plan->input_sizes[i].symbol, i);
    if (!is_new)
      size_links.emplace_back(position->second, i);
  }
}

bool Method::State::is_free_number(size_t input) const {
  return std::any_of(plan->input_sizes.begin(), plan->input_sizes.end(),
                     [&](const InputSize &size) { return size.input == input && size.dimension < 0; });
}

int64_t Method::State::size_of(const InputSize &size, const Value &value) {
  if (const auto *number = std::get_if<int64_t>(&value))
    return *number;
  const auto *tensor = std::get_if<Tensor>(&value);
  const size_t dimension = static_cast<size_t>(size.dimension);
  return tensor != nullptr && dimension < tensor->rank() ? tensor->sizes()[dimension] : 0;
}

Status Method::State::check_sizes(size_t index, const Value &given) const {
  for (const InputSize &size : plan->input_sizes) {
    if (size.input != index)
      continue;
    const int64_t got = size_of(size, given);
    if (got < size.smallest || got > size.largest || (got - size.offset) % size.scale != 0)
      return make_status(StatusCode::kNotSupported, "%s is %lld, expected %s", name_of(size).c_str(),
                         static_cast<long long>(got), range_of(size).c_str());
  }
  return {};
}

Status Method::State::check_linked_sizes() const {
  for (const auto &[a, b] : size_links) {
    const InputSize &left = plan->input_sizes[a];
    const InputSize &right = plan->input_sizes[b];
    const int64_t left_size = size_of(left, values[static_cast<size_t>(plan->inputs[left.input])]);
    const int64_t right_size = size_of(right, values[static_cast<size_t>(plan->inputs[right.input])]);
    const int64_t expected = (left_size - left.offset) / left.scale * right.scale + right.offset;
    if (right_size != expected)
      return make_status(StatusCode::kInvalidArgument,
                         "%s is %lld, expected %lld, because %s is %lld: the method was exported for inputs "
                         "whose sizes go together",
                         name_of(right).c_str(), static_cast<long long>(right_size),
                         static_cast<long long>(expected), name_of(left).c_str(),
                         static_cast<long long>(left_size));
  }
  return {};
}

} // namespace xnnir
